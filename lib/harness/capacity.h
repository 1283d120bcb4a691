/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this host can hold of the presets: on one that is too small the numbers
 * that a scheduler test measures would be about the host's own scheduler.
 */
#ifndef LIB_HARNESS_CAPACITY_H
#define LIB_HARNESS_CAPACITY_H

#include <ktstr/attr.h>

/* Constant, because some CI systems make it part of the test's name. */
#define HOST_TOPOLOGY_INSUFFICIENT "host topology insufficient"

struct capacity {
	bool unlimited;
	bool relaxed; /* KTSTR_NO_PERF_MODE: only CPUs count */
	bool no_skip; /* KTSTR_NO_SKIP_MODE: too small is an error */
	struct topo_capacity host;
};

/**
 * capacity__init - look at the host, as far as this process may use it
 * @sysfs: normally "/sys"; where it cannot be read the CPUs share one LLC
 * @emulated: softkvm: whatever is asked for shares one emulated CPU, and
 *	results are about what happens, not about how fast
 */
void capacity__init(struct capacity *cap, const char *sysfs, bool emulated);

/**
 * capacity__refuses - is the host too small for @attr's machine?
 * @report: gets a "# " line that says why it is
 */
bool capacity__refuses(const struct capacity *cap,
		       const struct ktstr_attr *attr, FILE *report);

#endif /* LIB_HARNESS_CAPACITY_H */
