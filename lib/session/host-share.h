/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A test's share of the host: what the user allows (environment), what the test
 * wants (attributes), and what follows where the host cannot give it: a skip
 * with a constant reason, an error, or a line in the report.
 */
#ifndef LIB_SESSION_HOST_SHARE_H
#define LIB_SESSION_HOST_SHARE_H

#include <ktstr/attr.h>

#include "vmm/host/reserve.h"
#include "vmm/vm.h"

#define HOST_CPU_CAP_ENV "KTSTR_CPU_CAP"
#define HOST_NO_PERF_ENV "KTSTR_NO_PERF_MODE"
#define HOST_BYPASS_ENV "KTSTR_BYPASS_LLC_LOCKS"
#define HOST_CONTENTION_ENV "KTSTR_CONTENTION_BYPASS"
#define HOST_NO_SKIP_ENV "KTSTR_NO_SKIP_MODE"
#define HOST_PERF_ONLY_ENV "KTSTR_PERF_ONLY"

/* Reasons of skips: constant, because they become part of a test's name. */
#define HOST_SKIP_SMALL "host topology insufficient"
#define HOST_SKIP_BUSY "host resources busy"
#define HOST_SKIP_NO_PERF "performance mode is off"
#define HOST_SKIP_PERF_ONLY "not a performance test"

/* vCPUs for each CPU: from here on a test is skipped, not stretched. */
#define HOST_OVERCOMMIT_MAX 6.0

/** struct host_rules - what the user says; same for all of a run's tests */
struct host_rules {
	struct host_system sys;
	/*
	 * In softkvm: its one CPU is emulated and its locks would be nobody
	 * else's to see, so nothing is reserved and nothing is too small.
	 */
	bool emulated;
	bool no_perf, no_locks, no_skip, perf_only;
	bool not_skip_busy; /* where others have the CPUs, run without them */
	bool dir_said;	    /* the lock directory is the user's choice */
	unsigned int cap;
	unsigned int nr_allowed; /* 0: the kernel does not say */
};

/**
 * host_rules__read - from the environment
 * Return: 0, or -EINVAL naming variable, value and limit.
 */
int host_rules__read(bool emulated, struct host_rules *ret_rules,
		     struct kt_diag *diag);

/**
 * host_rules__overcommit - vCPUs for each CPU that @attr's machine may use,
 * at least 1
 */
double host_rules__overcommit(const struct host_rules *rules,
			      const struct ktstr_attr *attr);

/** host_rules__mode - how @attr's machine shares the host */
enum host_mode host_rules__mode(const struct host_rules *rules,
				const struct ktstr_attr *attr);

/** struct host_share - what one machine got; must not move */
struct host_share {
	struct host_reservation r;
	struct vm_placement placement;
	const struct vm_placement *use; /* &placement, or NULL: anywhere */
	FILE *report;			/* gets the machine's warnings */
};

/**
 * host_share__get - reserve what @attr's machine with @topo needs
 * @ret_skip: set instead of failing when the test is to be skipped, with why
 *	in @diag
 *
 * What is given up instead is said in @report, as "# host: " lines.
 * Return: 0, or -errno with a message when the user's words cannot be followed.
 */
int host_share__get(const struct host_rules *rules,
		    const struct ktstr_attr *attr, const struct topology *topo,
		    FILE *report, struct host_share *share,
		    const char **ret_skip, struct kt_diag *diag);
void host_share__put(struct host_share *share);

#endif /* LIB_SESSION_HOST_SHARE_H */
