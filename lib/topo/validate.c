// SPDX-License-Identifier: GPL-2.0
/*
 * What makes a topology a machine. One function per rule group, each rule
 * with a message that names field, value and limit. Called wherever a topology
 * comes from a user: attributes, command lines. Pure, any thread.
 */
#include <ktstr/topo.h>

static int check_axes(const struct topology *t, struct kt_diag *diag)
{
	const struct {
		const char *name;
		unsigned int value, max;
	} axes[] = {
		{ "numa_nodes", t->numa_nodes, TOPO_MAX_NODES },
		{ "llcs", t->llcs, TOPO_MAX_CPUS },
		{ "cores", t->cores, TOPO_MAX_CPUS },
		{ "threads", t->threads, TOPO_MAX_CPUS },
	};
	u64 cpus;

	for (size_t i = 0; i < ARRAY_SIZE(axes); i++)
		if (axes[i].value < 1 || axes[i].value > axes[i].max)
			return diag__fail(diag, -EINVAL,
					  "topology: %s is %u, it is 1 to %u",
					  axes[i].name, axes[i].value,
					  axes[i].max);
	/* Each at most 512: no product of three wraps 64 bits. */
	cpus = (u64)t->llcs * t->cores * t->threads;
	if (cpus > TOPO_MAX_CPUS)
		return diag__fail(diag, -EINVAL,
				  "topology: llcs %u x cores %u x threads %u "
				  "are %llu CPUs, the limit is %u",
				  t->llcs, t->cores, t->threads,
				  (unsigned long long)cpus, TOPO_MAX_CPUS);
	return 0;
}

static int check_even(const struct topology *t, struct kt_diag *diag)
{
	if (t->nr_nodes)
		return diag__fail(diag, -EINVAL,
				  "topology: nr_nodes is %u without nodes",
				  t->nr_nodes);
	if (t->llcs % t->numa_nodes)
		return diag__fail(diag, -EINVAL,
				  "topology: llcs is %u, it must be a multiple "
				  "of numa_nodes %u; or give the nodes one by "
				  "one",
				  t->llcs, t->numa_nodes);
	return 0;
}

static int check_mem_cache(const struct topo_mem_cache *c, unsigned int i,
			   struct kt_diag *diag)
{
	if (!c->size_kib)
		return 0;
	if ((unsigned int)c->assoc >= TOPO_CACHE_ASSOC_NR)
		return diag__fail(diag, -EINVAL,
				  "topology: nodes[%u].cache.assoc is %u, it "
				  "is 0 to %u",
				  i, (unsigned int)c->assoc,
				  TOPO_CACHE_ASSOC_NR - 1);
	if ((unsigned int)c->policy >= TOPO_CACHE_POLICY_NR)
		return diag__fail(diag, -EINVAL,
				  "topology: nodes[%u].cache.policy is %u, it "
				  "is 0 to %u",
				  i, (unsigned int)c->policy,
				  TOPO_CACHE_POLICY_NR - 1);
	if (!c->line_bytes || c->line_bytes > 32768 ||
	    c->line_bytes & (c->line_bytes - 1))
		return diag__fail(diag, -EINVAL,
				  "topology: nodes[%u].cache.line_bytes is %u, "
				  "it is a power of two from 1 to 32768",
				  i, c->line_bytes);
	if (c->size_kib > UINT64_MAX >> 10)
		return diag__fail(diag, -EINVAL,
				  "topology: nodes[%u].cache.size_kib is %llu, "
				  "the limit is %llu",
				  i, (unsigned long long)c->size_kib,
				  (unsigned long long)(UINT64_MAX >> 10));
	return 0;
}

static int check_node(const struct topology *t, unsigned int i,
		      struct kt_diag *diag)
{
	const struct topo_node *n = &t->nodes[i];

	if (!n->llcs && !n->memory_mib)
		return diag__fail(diag, -EINVAL,
				  "topology: nodes[%u] has llcs 0 and "
				  "memory_mib 0, a node has at least one",
				  i);
	if (n->memory_mib &&
	    (n->memory_mib < TOPO_NODE_MIN_MIB || n->memory_mib > UINT32_MAX))
		return diag__fail(diag, -EINVAL,
				  "topology: nodes[%u].memory_mib is %llu, it "
				  "is 0 or %u to %u",
				  i, (unsigned long long)n->memory_mib,
				  TOPO_NODE_MIN_MIB, UINT32_MAX);
	if (n->latency_ns > TOPO_MAX_LATENCY_NS)
		return diag__fail(diag, -EINVAL,
				  "topology: nodes[%u].latency_ns is %u, the "
				  "limit is %u",
				  i, n->latency_ns, TOPO_MAX_LATENCY_NS);
	if (n->bandwidth_mbs > TOPO_MAX_BANDWIDTH_MBS)
		return diag__fail(diag, -EINVAL,
				  "topology: nodes[%u].bandwidth_mbs is %u, "
				  "the limit is %u",
				  i, n->bandwidth_mbs, TOPO_MAX_BANDWIDTH_MBS);
	if (i && n->llcs && !t->nodes[i - 1].llcs)
		return diag__fail(diag, -EINVAL,
				  "topology: nodes[%u] has llcs %u after "
				  "nodes[%u] without; nodes without CPUs come "
				  "last, Linux numbers them so",
				  i, n->llcs, i - 1);
	return check_mem_cache(&n->cache, i, diag);
}

static int check_nodes(const struct topology *t, struct kt_diag *diag)
{
	u64 llcs = 0;
	int err = 0;

	if (t->nr_nodes != t->numa_nodes)
		return diag__fail(diag, -EINVAL,
				  "topology: nr_nodes is %u, it must equal "
				  "numa_nodes %u",
				  t->nr_nodes, t->numa_nodes);
	for (unsigned int i = 0; !err && i < t->nr_nodes; i++) {
		err = check_node(t, i, diag);
		llcs += t->nodes[i].llcs;
	}
	if (err)
		return err;
	if (llcs != t->llcs)
		return diag__fail(diag, -EINVAL,
				  "topology: the nodes' llcs add up to %llu, "
				  "they must add up to llcs %u",
				  (unsigned long long)llcs, t->llcs);
	if (!topo__nodes_memory_mib(t))
		return diag__fail(diag, -EINVAL,
				  "topology: memory_mib is 0 in all %u nodes, "
				  "one needs some",
				  t->nr_nodes);
	return 0;
}

static int check_distance(const struct topology *t, unsigned int a,
			  unsigned int b, struct kt_diag *diag)
{
	unsigned int there = topo__distance(t, a, b);
	unsigned int back = topo__distance(t, b, a);

	if (a == b && there != TOPO_DISTANCE_LOCAL)
		return diag__fail(diag, -EINVAL,
				  "topology: distance of node %u to itself is "
				  "%u, it must be %u",
				  a, there, TOPO_DISTANCE_LOCAL);
	if (a != b && there <= TOPO_DISTANCE_LOCAL)
		return diag__fail(diag, -EINVAL,
				  "topology: distance of node %u to node %u is "
				  "%u, it must be %u to 255",
				  a, b, there, TOPO_DISTANCE_LOCAL + 1);
	if (there != back)
		return diag__fail(
			diag, -EINVAL,
			"topology: distance of node %u to node %u is "
			"%u, but %u the other way; both must be equal",
			a, b, there, back);
	return 0;
}

static int check_distances(const struct topology *t, struct kt_diag *diag)
{
	unsigned int want = t->distances ? t->numa_nodes * t->numa_nodes : 0;

	if (t->nr_distances != want)
		return diag__fail(
			diag, -EINVAL,
			"topology: nr_distances is %u, it must be %u "
			"(numa_nodes %u squared; 0 without distances)",
			t->nr_distances, want, t->numa_nodes);
	for (unsigned int a = 0; t->distances && a < t->numa_nodes; a++)
		for (unsigned int b = 0; b < t->numa_nodes; b++) {
			int err = check_distance(t, a, b, diag);

			if (err)
				return err;
		}
	return 0;
}

int topo__validate(const struct topology *t, struct kt_diag *diag)
{
	int err = check_axes(t, diag);

	if (!err)
		err = t->nodes ? check_nodes(t, diag) : check_even(t, diag);
	if (!err)
		err = check_distances(t, diag);
	return err;
}

int topo__check_memory(const struct topology *t, u64 total_mib,
		       struct kt_diag *diag)
{
	u64 sum = topo__nodes_memory_mib(t);

	if (t->nodes && sum != total_mib)
		return diag__fail(diag, -EINVAL,
				  "topology: the nodes' memory_mib add up to "
				  "%llu, the machine has %llu MiB",
				  (unsigned long long)sum,
				  (unsigned long long)total_mib);
	if (!t->nodes && total_mib / t->numa_nodes < TOPO_NODE_MIN_MIB)
		return diag__fail(diag, -EINVAL,
				  "memory of %llu MiB for %u NUMA nodes: each "
				  "needs %u MiB",
				  (unsigned long long)total_mib, t->numa_nodes,
				  TOPO_NODE_MIN_MIB);
	return 0;
}
