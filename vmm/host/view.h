/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host as this process may use it: its topology, and which of its CPUs are
 * allowed. And whom to ask, so that tests can be another host.
 */
#ifndef VMM_HOST_VIEW_H
#define VMM_HOST_VIEW_H

#include <ktstr/host-topology.h>

#include "vmm/host/lockdir.h"

/** struct host_system - where the host is described */
struct host_system {
	const char *sysfs;    /* "/sys" */
	const char *proc;     /* "/proc" */
	const char *lock_dir; /* host_lockdir__path() */
	/* NULL: sched_getaffinity() */
	const struct cpuset *allowed;
	host_fstatfs_fn fstatfs_fn; /* NULL: fstatfs() */
};

/** struct host_view - @allowed is not empty and has online CPUs only */
struct host_view {
	struct host_topology topo;
	struct cpuset allowed;
	unsigned int nr_allowed;
};

/**
 * host_allowed - CPUs on which this thread may run, by affinity and cgroup
 * Return: 0, or -errno with a message.
 */
int host_allowed(const struct host_system *sys, struct cpuset *ret_cpus,
		 struct kt_diag *diag);

/**
 * host_view__read - look at the host
 * Return: 0 and a view to be released; -EINVAL when no allowed CPU is online;
 * or -errno with a message.
 */
int host_view__read(const struct host_system *sys, struct host_view *ret_view,
		    struct kt_diag *diag);
void host_view__fini(struct host_view *view);
DEFINE_FREE(host_view, struct host_view, host_view__fini(&_T))

/** host_view__llc_cpus - allowed CPUs of LLC @llc */
void host_view__llc_cpus(const struct host_view *view, unsigned int llc,
			 struct cpuset *ret_cpus);

/** host_view__cpu - of CPU number @cpu, which is online, or NULL */
const struct host_cpu *host_view__cpu(const struct host_view *view,
				      unsigned int cpu);

/** host_view__llcs_of - LLCs of @cpus */
void host_view__llcs_of(const struct host_view *view, const struct cpuset *cpus,
			struct cpuset *ret_llcs);

/** host_view__nodes_of - ids of the NUMA nodes of @cpus */
void host_view__nodes_of(const struct host_view *view,
			 const struct cpuset *cpus, struct cpuset *ret_ids);

#endif /* VMM_HOST_VIEW_H */
