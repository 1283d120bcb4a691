// SPDX-License-Identifier: GPL-2.0
/*
 * Budget, plan and windows; see plan.h. Called by reserve.c. Pure.
 */
#include "vmm/host/plan.h"

#include <limits.h>

int host_cap__parse(const char *what, const char *text, unsigned int *ret_cap,
		    struct kt_diag *diag)
{
	unsigned int cap = 0;

	for (const char *p = text ? text : ""; *p; p++) {
		if (*p >= '0' && *p <= '9' && cap <= CPUSET_MAX)
			cap = cap * 10 + (unsigned int)(*p - '0');
		else
			cap = UINT_MAX;
	}
	if (text && *text && (!cap || cap > CPUSET_MAX))
		return diag__fail(diag, -EINVAL,
				  "%s='%s' is no number of CPUs from 1 to %u",
				  what, text, CPUSET_MAX);
	*ret_cap = cap;
	return 0;
}

int host_budget__target(const struct host_budget *b, unsigned int nr_allowed,
			unsigned int *ret_target, struct kt_diag *diag)
{
	unsigned int share = (nr_allowed * HOST_BUDGET_PERCENT + 99) / 100;
	unsigned int target = KT_MAX(KT_MAX(b->vcpus, share), 1u);

	if (b->cap > nr_allowed)
		return diag__fail(
			diag, -EINVAL,
			"a cap of %u CPUs (--cpu-cap, KTSTR_CPU_CAP): "
			"this process is allowed %u; lower it",
			b->cap, nr_allowed);
	if (b->budget)
		target = b->budget;
	if (b->cap)
		target = b->cap;
	*ret_target = KT_MIN(target, nr_allowed);
	return 0;
}

/* What the plan looks at of each LLC. */
struct llc_view {
	unsigned int llc, node; /* node: index */
	unsigned int cpus;	/* allowed */
	unsigned int holders;
	bool avoid;
};

/* Held ones first, most holders before fewer, then by number. */
static int by_rank(const void *a, const void *b)
{
	const struct llc_view *x = a, *y = b;

	if (x->avoid != y->avoid)
		return x->avoid ? 1 : -1;
	if (x->holders != y->holders)
		return x->holders > y->holders ? -1 : 1;
	return x->llc < y->llc ? -1 : 1;
}

static unsigned int rank_llcs(const struct host_view *view,
			      const unsigned int *holders,
			      struct llc_view *llcs)
{
	unsigned int nr = 0;

	for (unsigned int llc = 0; llc < view->topo.nr_llcs; llc++) {
		struct cpuset cpus;

		host_view__llc_cpus(view, llc, &cpus);
		llcs[nr] = (struct llc_view){
			.llc = llc,
			.node = host_topology__node_of_llc(&view->topo, llc),
			.cpus = cpuset__count(&cpus),
			.holders = holders ? holders[llc] : 0,
		};
		llcs[nr].avoid = llcs[nr].holders == HOST_HOLDERS_AVOID;
		nr += llcs[nr].cpus > 0;
	}
	qsort(llcs, nr, sizeof(*llcs), by_rank);
	return nr;
}

/* The nearest node to @from that is not @done; ties go to the lower one. */
static unsigned int nearest(const struct host_topology *host, unsigned int from,
			    const struct cpuset *done)
{
	unsigned int best = host->nr_nodes, best_distance = UINT_MAX;

	for (unsigned int node = 0; node < host->nr_nodes; node++) {
		unsigned int d = host->distance[from * host->nr_nodes + node];

		if (cpuset__has(done, node) || d >= best_distance)
			continue;
		best = node;
		best_distance = d;
	}
	return best;
}

/*
 * Node by node, from the best LLC's outwards, until there are @target CPUs.
 * Return: how many there are.
 */
static unsigned int pick_llcs(const struct host_view *view,
			      const struct llc_view *llcs, unsigned int nr,
			      unsigned int target, bool avoid,
			      struct cpuset *ret_llcs)
{
	unsigned int got = 0, seed = llcs[0].node, node = seed;
	struct cpuset done = { 0 };

	for (unsigned int n = 0; n < view->topo.nr_nodes && got < target; n++) {
		/* Its own node first, also where distances are odd. */
		if (n)
			node = nearest(&view->topo, seed, &done);
		cpuset__add(&done, node);
		for (unsigned int i = 0; i < nr && got < target; i++) {
			if (llcs[i].node != node || llcs[i].avoid != avoid)
				continue;
			cpuset__add(ret_llcs, llcs[i].llc);
			got += llcs[i].cpus;
		}
	}
	return got;
}

/* LLCs upwards, in each its CPUs upwards, until there are @target. */
static void take_cpus(const struct host_view *view, const struct cpuset *llcs,
		      unsigned int target, struct cpuset *ret_cpus)
{
	unsigned int llc, cpu, nr = 0;

	cpuset__for_each(llc, llcs)
	{
		struct cpuset cpus;

		host_view__llc_cpus(view, llc, &cpus);
		cpuset__for_each(cpu, &cpus)
		{
			if (nr == target)
				return;
			cpuset__add(ret_cpus, cpu);
			nr++;
		}
	}
}

int host_plan__make(const struct host_view *view, const unsigned int *holders,
		    unsigned int target, struct host_plan *ret_plan,
		    struct kt_diag *diag)
{
	struct llc_view *llcs __free(ptr) =
		calloc(view->topo.nr_llcs, sizeof(*llcs));
	struct host_plan plan = { 0 };
	unsigned int nr, got;

	if (!llcs)
		return diag__fail(diag, -ENOMEM, "out of memory");
	nr = rank_llcs(view, holders, llcs);
	if (!nr)
		return diag__fail(diag, -EINVAL,
				  "none of the host's %u LLCs has a CPU that "
				  "this process is allowed",
				  view->topo.nr_llcs);
	got = pick_llcs(view, llcs, nr, target, false, &plan.llcs);
	if (got < target)
		pick_llcs(view, llcs, nr, target - got, true, &plan.llcs);
	take_cpus(view, &plan.llcs, target, &plan.cpus);
	host_view__nodes_of(view, &plan.cpus, &plan.mems);
	*ret_plan = plan;
	return 0;
}

bool host_plan__window(const struct host_view *view, unsigned int at,
		       unsigned int count, struct host_plan *ret_plan)
{
	struct host_plan plan = { 0 };
	unsigned int cpu, i = 0;

	if (!count || at > view->nr_allowed || count > view->nr_allowed - at)
		return false;
	cpuset__for_each(cpu, &view->allowed)
	{
		if (i >= at && i < at + count)
			cpuset__add(&plan.cpus, cpu);
		i++;
	}
	host_view__llcs_of(view, &plan.cpus, &plan.llcs);
	host_view__nodes_of(view, &plan.cpus, &plan.mems);
	*ret_plan = plan;
	return true;
}
