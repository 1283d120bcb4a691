// SPDX-License-Identifier: GPL-2.0
/*
 * The host-capacity rule for tests on presets. Read once by main(), asked in
 * the forked child of each test.
 */
#include "lib/harness/capacity.h"

#include <ktstr/host-topology.h>

#include <sched.h>

static unsigned int usable_cpus(void)
{
	cpu_set_t *set = CPU_ALLOC(CPUSET_MAX);
	size_t size = CPU_ALLOC_SIZE(CPUSET_MAX);
	unsigned int nr = 1;

	if (set && !sched_getaffinity(0, size, set))
		nr = (unsigned int)CPU_COUNT_S(size, set);
	CPU_FREE(set);
	return nr;
}

void capacity__init(struct capacity *cap, const char *sysfs, bool emulated)
{
	struct host_topology host __free(host_topology) = { 0 };
	const char *no_perf = getenv("KTSTR_NO_PERF_MODE");
	unsigned int cpus = usable_cpus();

	*cap = (struct capacity){
		.unlimited = emulated,
		.relaxed = no_perf && *no_perf,
		.no_skip = getenv("KTSTR_NO_SKIP_MODE") != NULL,
		.host = { .cpus = cpus, .llcs = 1, .cpus_per_llc = cpus },
	};
	if (emulated || host_topology__read(sysfs, &host, NULL))
		return;
	cap->host = host_topology__capacity(&host);
	cap->host.cpus = KT_MIN(cap->host.cpus, cpus);
}

bool capacity__refuses(const struct capacity *cap,
		       const struct ktstr_attr *attr, FILE *report)
{
	struct topology t = ktstr_attr__topology(attr);
	char label[TOPO_LABEL_SIZE];
	const char *why;

	if (cap->unlimited)
		return false;
	why = topo_capacity__refusal(&cap->host, &t,
				     !cap->relaxed && !attr->no_perf_mode);
	if (!why)
		return false;
	topo__label(&t, label);
	fprintf(report, "# %s: %s, %u CPUs in %u LLCs of up to %u%s\n", label,
		why, cap->host.cpus, cap->host.llcs, cap->host.cpus_per_llc,
		cap->relaxed ? ""
			     : " (with KTSTR_NO_PERF_MODE=1 only CPUs count)");
	return true;
}
