// SPDX-License-Identifier: GPL-2.0
/*
 * The host as this process may use it; see view.h. Reads files, keeps no state.
 */
#include "vmm/host/view.h"

#include <sched.h>

int host_allowed(const struct host_system *sys, struct cpuset *ret_cpus,
		 struct kt_diag *diag)
{
	struct cpuset cpus = { 0 };

	if (sys->allowed) {
		*ret_cpus = *sys->allowed;
		return 0;
	}
	/* Words of 64 bits, the lowest first: cpu_set_t on our targets. */
	if (sched_getaffinity(0, sizeof(cpus.word),
			      (cpu_set_t *)(void *)cpus.word))
		return diag__fail(diag, -errno, "sched_getaffinity: %s",
				  strerror(errno));
	*ret_cpus = cpus;
	return 0;
}

int host_view__read(const struct host_system *sys, struct host_view *ret_view,
		    struct kt_diag *diag)
{
	struct host_view view __free(host_view) = { 0 };
	struct cpuset online = { 0 };
	char list[64];
	int err = host_allowed(sys, &view.allowed, diag);

	if (!err)
		err = host_topology__read(sys->sysfs, &view.topo, diag);
	if (err)
		return err;
	for (unsigned int i = 0; i < view.topo.nr_cpus; i++)
		cpuset__add(&online, view.topo.cpu[i].cpu);
	if (cpulist__print(&view.allowed, list, sizeof(list)))
		snprintf(list, sizeof(list), "many");
	cpuset__and(&view.allowed, &online);
	view.nr_allowed = cpuset__count(&view.allowed);
	if (!view.nr_allowed)
		return diag__fail(diag, -EINVAL,
				  "CPUs allowed to this process (%s): none of "
				  "them is online; look at taskset -p and "
				  "cpuset.cpus of its cgroup",
				  *list ? list : "none");
	*ret_view = view;
	view = (struct host_view){ 0 };
	return 0;
}

void host_view__fini(struct host_view *view)
{
	host_topology__fini(&view->topo);
}

void host_view__llc_cpus(const struct host_view *view, unsigned int llc,
			 struct cpuset *ret_cpus)
{
	*ret_cpus = (struct cpuset){ 0 };
	for (unsigned int i = 0; i < view->topo.nr_cpus; i++)
		if (view->topo.cpu[i].llc == llc &&
		    cpuset__has(&view->allowed, view->topo.cpu[i].cpu))
			cpuset__add(ret_cpus, view->topo.cpu[i].cpu);
}

const struct host_cpu *host_view__cpu(const struct host_view *view,
				      unsigned int cpu)
{
	unsigned int lo = 0, hi = view->topo.nr_cpus;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (view->topo.cpu[mid].cpu < cpu)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < view->topo.nr_cpus && view->topo.cpu[lo].cpu == cpu
		       ? &view->topo.cpu[lo]
		       : NULL;
}

void host_view__llcs_of(const struct host_view *view, const struct cpuset *cpus,
			struct cpuset *ret_llcs)
{
	*ret_llcs = (struct cpuset){ 0 };
	for (unsigned int i = 0; i < view->topo.nr_cpus; i++)
		if (cpuset__has(cpus, view->topo.cpu[i].cpu))
			cpuset__add(ret_llcs, view->topo.cpu[i].llc);
}

void host_view__nodes_of(const struct host_view *view,
			 const struct cpuset *cpus, struct cpuset *ret_ids)
{
	*ret_ids = (struct cpuset){ 0 };
	for (unsigned int i = 0; i < view->topo.nr_cpus; i++)
		if (cpuset__has(cpus, view->topo.cpu[i].cpu))
			cpuset__add(ret_ids,
				    view->topo.node[view->topo.cpu[i].node].id);
}
