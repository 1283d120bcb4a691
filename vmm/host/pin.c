// SPDX-License-Identifier: GPL-2.0
/*
 * Pinning: which LLC of the host stands for which of the machine, and which CPU
 * for which vCPU; see plan.h. Called by reserve.c. Pure.
 */
#include "vmm/host/plan.h"

static unsigned int usable_cpus(const struct host_view *view, unsigned int llc)
{
	struct cpuset cpus;

	host_view__llc_cpus(view, llc, &cpus);
	return cpuset__count(&cpus);
}

unsigned int host_pins__slots(const struct host_view *view,
			      const struct topology *t)
{
	return KT_MAX(view->topo.nr_llcs / t->llcs, 1u);
}

static int too_small(struct kt_diag *diag, const char *what, unsigned int wants,
		     unsigned int has)
{
	return diag__fail(diag, -ERANGE,
			  "performance mode needs %u %s, this process has %u; "
			  "take a smaller topology or no_perf_mode",
			  wants, what, has);
}

static int check_size(const struct host_view *view, const struct topology *t,
		      struct kt_diag *diag)
{
	if (view->nr_allowed < topo__nr_cpus(t) + 1)
		return too_small(diag, "CPUs (one besides the machine's)",
				 topo__nr_cpus(t) + 1, view->nr_allowed);
	if (view->topo.nr_llcs < t->llcs)
		return too_small(diag, "LLCs", t->llcs, view->topo.nr_llcs);
	return 0;
}

/* Whole LLCs are taken, so that nobody else is in a cache of ours. */
static int check_llcs(const struct host_view *view, const struct topology *t,
		      const unsigned int *order, struct kt_diag *diag)
{
	unsigned int nr = 1; /* the service CPU */

	for (unsigned int llc = 0; llc < t->llcs; llc++)
		nr += usable_cpus(view, order[llc]);
	if (nr > view->nr_allowed)
		return too_small(diag, "CPUs (whole LLCs, and one besides)", nr,
				 view->nr_allowed);
	return 0;
}

/* --- which LLC ------------------------------------------------------------ */

/* LLCs of host node @node: their number, and the @i-th. */
static unsigned int node_llcs(const struct host_view *view, unsigned int node,
			      unsigned int i, unsigned int *ret_llc)
{
	unsigned int nr = 0;

	for (unsigned int llc = 0; llc < view->topo.nr_llcs; llc++) {
		if (host_topology__node_of_llc(&view->topo, llc) != node)
			continue;
		if (nr == i)
			*ret_llc = llc;
		nr++;
	}
	return nr;
}

/* Nodes of the machine that have CPUs, and the most LLCs that one has. */
static unsigned int cpu_nodes(const struct topology *t, unsigned int *ret_most)
{
	unsigned int nr = 0;

	*ret_most = 0;
	for (unsigned int node = 0; node < t->numa_nodes; node++) {
		unsigned int llcs = topo__llcs_of_node(t, node).nr;

		nr += llcs > 0;
		*ret_most = KT_MAX(*ret_most, llcs);
	}
	return nr;
}

/* The @want-th host node with at least @llcs LLCs; returns how many there are
 */
static unsigned int eligible(const struct host_view *view, unsigned int llcs,
			     unsigned int want, unsigned int *ret_node)
{
	unsigned int nr = 0, unused;

	for (unsigned int node = 0; node < view->topo.nr_nodes; node++) {
		if (node_llcs(view, node, UINT32_MAX, &unused) < llcs)
			continue;
		if (nr == want)
			*ret_node = node;
		nr++;
	}
	return nr;
}

/*
 * A host node for each node of the machine. A node's places are gone through
 * before other nodes are, so that places which can be apart are.
 */
static void order_by_node(const struct host_view *view,
			  const struct topology *t, unsigned int slot,
			  unsigned int nodes, unsigned int nr_eligible,
			  unsigned int most, unsigned int *order)
{
	unsigned int g = 0;

	for (unsigned int node = 0; node < t->numa_nodes; node++) {
		struct topo_range llcs = topo__llcs_of_node(t, node);
		unsigned int home = 0, nr, unused, places;

		if (!llcs.nr)
			continue;
		eligible(view, most, g, &home);
		places = node_llcs(view, home, UINT32_MAX, &unused) / most;
		eligible(view, most,
			 (g++ + slot / places * nodes) % nr_eligible, &home);
		nr = node_llcs(view, home, UINT32_MAX, &unused);
		for (unsigned int i = 0; i < llcs.nr; i++)
			node_llcs(view, home, (slot % places * most + i) % nr,
				  &order[llcs.first + i]);
	}
}

/* @order: the host's LLC for each of the machine's; none comes twice. */
static void order_llcs(const struct host_view *view, const struct topology *t,
		       unsigned int slot, unsigned int *order)
{
	unsigned int most, unused, nr_eligible;
	unsigned int nodes = cpu_nodes(t, &most);

	nr_eligible = eligible(view, most, UINT32_MAX, &unused);
	if (nodes > 1 && nr_eligible >= nodes) {
		order_by_node(view, t, slot, nodes, nr_eligible, most, order);
		return;
	}
	for (unsigned int i = 0; i < t->llcs; i++)
		order[i] = (i + slot * t->llcs) % view->topo.nr_llcs;
}

/* --- which CPU ------------------------------------------------------------ */

static int by_core(const void *a, const void *b)
{
	const struct host_cpu *const *x = a, *const *y = b;

	if ((*x)->core != (*y)->core)
		return (*x)->core < (*y)->core ? -1 : 1;
	return (*x)->cpu < (*y)->cpu ? -1 : 1;
}

/*
 * CPUs of host LLC @llc for the vCPUs from @first on, in their order; where the
 * machine has siblings, siblings of the host next to each other.
 */
static int pin_llc(const struct host_view *view, const struct topology *t,
		   unsigned int llc, unsigned int first, struct host_pins *pins,
		   struct kt_diag *diag)
{
	const struct host_cpu **list __free(ptr) =
		calloc(view->topo.nr_cpus, sizeof(*list));
	unsigned int nr = 0, want = topo__cpus_per_llc(t);

	if (!list)
		return diag__fail(diag, -ENOMEM, "out of memory");
	for (unsigned int i = 0; i < view->topo.nr_cpus; i++)
		if (view->topo.cpu[i].llc == llc &&
		    cpuset__has(&view->allowed, view->topo.cpu[i].cpu))
			list[nr++] = &view->topo.cpu[i];
	if (nr < want)
		return diag__fail(diag, -ERANGE,
				  "performance mode needs %u CPUs in an LLC, "
				  "LLC %u has %u that this process is allowed; "
				  "take a smaller topology or no_perf_mode",
				  want, llc, nr);
	if (t->threads > 1)
		qsort(list, nr, sizeof(*list), by_core);
	for (unsigned int i = 0; i < want; i++)
		pins->cpu[first + i] = list[i]->cpu;
	cpuset__add(&pins->llcs, llc);
	return 0;
}

static int pick_service_cpu(const struct host_view *view, unsigned int nr_vcpus,
			    struct host_pins *pins, struct kt_diag *diag)
{
	struct cpuset used = { 0 };
	unsigned int cpu;

	for (unsigned int i = 0; i < nr_vcpus; i++)
		cpuset__add(&used, pins->cpu[i]);
	cpuset__for_each(cpu, &view->allowed)
	{
		if (cpuset__has(&used, cpu))
			continue;
		pins->service_cpu = cpu;
		return 0;
	}
	return too_small(diag, "CPUs (one besides the machine's)", nr_vcpus + 1,
			 view->nr_allowed);
}

/* Where a node's vCPUs are, its memory shall be. */
static void bind_nodes(const struct host_view *view, const struct topology *t,
		       struct host_pins *pins)
{
	for (unsigned int node = 0; node < t->numa_nodes; node++) {
		struct topo_range cpus = topo__cpus_of_node(t, node);
		struct cpuset pinned = { 0 };

		for (unsigned int i = 0; i < cpus.nr; i++)
			cpuset__add(&pinned, pins->cpu[cpus.first + i]);
		host_view__nodes_of(view, &pinned, &pins->mems[node]);
	}
}

int host_pins__make(const struct host_view *view, const struct topology *t,
		    unsigned int slot, struct host_pins *ret_pins,
		    struct kt_diag *diag)
{
	struct host_pins pins __free(host_pins) = { 0 };
	unsigned int *order __free(ptr) = calloc(t->llcs, sizeof(*order));
	unsigned int nr = topo__nr_cpus(t);
	int err = check_size(view, t, diag);

	if (err)
		return err;
	pins.cpu = calloc(nr, sizeof(*pins.cpu));
	pins.mems = calloc(t->numa_nodes, sizeof(*pins.mems));
	if (!order || !pins.cpu || !pins.mems)
		return diag__fail(diag, -ENOMEM, "out of memory");
	order_llcs(view, t, slot, order);
	err = check_llcs(view, t, order, diag);
	for (unsigned int llc = 0; !err && llc < t->llcs; llc++)
		err = pin_llc(view, t, order[llc],
			      topo__cpus_of_llc(t, llc).first, &pins, diag);
	if (!err)
		err = pick_service_cpu(view, nr, &pins, diag);
	if (err)
		return err;
	bind_nodes(view, t, &pins);
	*ret_pins = pins;
	pins = (struct host_pins){ 0 };
	return 0;
}

void host_pins__fini(struct host_pins *pins)
{
	free(pins->cpu);
	free(pins->mems);
	*pins = (struct host_pins){ 0 };
}
