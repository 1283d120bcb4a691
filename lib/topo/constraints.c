// SPDX-License-Identifier: GPL-2.0
/*
 * Which topologies a test and a host accept. For whoever chooses presets to
 * run on. Pure, any thread.
 */
#include <ktstr/topo.h>

static int check_range(const char *what, unsigned int min, unsigned int max,
		       struct kt_diag *diag)
{
	if (min > max)
		return diag__fail(diag, -EINVAL,
				  "constraints: min_%s is %u, above max_%s %u",
				  what, min, what, max);
	return 0;
}

int topo_constraints__validate(const struct topo_constraints *c,
			       struct kt_diag *diag)
{
	int err = check_range("llcs", c->min_llcs, c->max_llcs, diag);

	if (!err)
		err = check_range("cpus", c->min_cpus, c->max_cpus, diag);
	if (!err)
		err = check_range("numa_nodes", c->min_numa_nodes,
				  c->max_numa_nodes, diag);
	return err;
}

const char *topo_constraints__refusal(const struct topo_constraints *c,
				      const struct topology *t)
{
	unsigned int cpus = topo__nr_cpus(t);
	const struct {
		bool refused;
		const char *why;
	} rules[] = {
		{ t->numa_nodes < c->min_numa_nodes, "too few NUMA nodes" },
		{ t->numa_nodes > c->max_numa_nodes, "too many NUMA nodes" },
		{ t->llcs < c->min_llcs, "too few LLCs" },
		{ t->llcs > c->max_llcs, "too many LLCs" },
		{ c->requires_smt && t->threads < 2, "no SMT" },
		{ cpus < c->min_cpus, "too few CPUs" },
		{ cpus > c->max_cpus, "too many CPUs" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].refused)
			return rules[i].why;
	return NULL;
}

const char *topo_capacity__refusal(const struct topo_capacity *cap,
				   const struct topology *t, bool pinned)
{
	if (topo__nr_cpus(t) > cap->cpus)
		return "more CPUs than the host has";
	if (pinned && t->llcs > cap->llcs)
		return "more LLCs than the host has";
	if (pinned && topo__cpus_per_llc(t) > cap->cpus_per_llc)
		return "more CPUs per LLC than the host has";
	return NULL;
}
