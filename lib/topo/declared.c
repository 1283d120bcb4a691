// SPDX-License-Identifier: GPL-2.0
/*
 * Is a machine the one that was declared? Asked in every guest before its test
 * begins, so that no result is about another machine than the test says. Pure.
 */
#include <ktstr/test-topology.h>

#include <stdarg.h>

/* What differs, by the two numbers; @fmt says of what. */
static int differs(struct kt_diag *diag, const char *remedy, unsigned int seen,
		   unsigned int declared, const char *fmt, ...)
	__printf_like(5, 6);

static int differs(struct kt_diag *diag, const char *remedy, unsigned int seen,
		   unsigned int declared, const char *fmt, ...)
{
	char what[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return diag__fail(diag, -ENODEV,
			  "%s: the kernel sees %u, declared is %u (%s)", what,
			  seen, declared, remedy);
}

static const char cpus_remedy[] =
	"CONFIG_NR_CPUS, or maxcpus=, nr_cpus=, nosmp, nosmt?";
static const char nodes_remedy[] = "CONFIG_NUMA, CONFIG_ACPI_NUMA, or numa=?";
static const char tables_remedy[] = "our ACPI tables or CPUID are wrong";

static int compare_counts(const struct host_topology *seen,
			  const struct topology *declared, struct kt_diag *diag)
{
	unsigned int cpus = topo__nr_cpus(declared);

	if (seen->nr_cpus != cpus)
		return differs(diag, cpus_remedy, seen->nr_cpus, cpus,
			       "online CPUs");
	if (seen->nr_nodes != declared->numa_nodes)
		return differs(diag, nodes_remedy, seen->nr_nodes,
			       declared->numa_nodes, "NUMA nodes");
	if (seen->nr_llcs != declared->llcs)
		return differs(diag, tables_remedy, seen->nr_llcs,
			       declared->llcs, "LLCs");
	return 0;
}

static int compare_cpu(const struct host_topology *seen, unsigned int i,
		       const struct topology *declared, struct kt_diag *diag)
{
	const struct host_cpu *c = &seen->cpu[i];
	unsigned int core = i - topo__thread_of_cpu(declared, i);
	unsigned int llc = topo__llc_of_cpu(declared, i);
	unsigned int node = topo__node_of_cpu(declared, i);

	if (c->cpu != i)
		return differs(diag, cpus_remedy, c->cpu, i,
			       "number of the %u. CPU", i + 1);
	if (c->core != core)
		return differs(diag, tables_remedy, c->core, core,
			       "first CPU of CPU %u's core", i);
	if (c->llc != llc)
		return differs(diag, tables_remedy, c->llc, llc,
			       "LLC of CPU %u", i);
	if (seen->node[c->node].id != node)
		return differs(diag, nodes_remedy, seen->node[c->node].id, node,
			       "node of CPU %u", i);
	return 0;
}

/* Image, ramdisk and page structures take the kernel's share. */
static int compare_memory(const struct host_topology *seen, unsigned int node,
			  u64 declared_mib, struct kt_diag *diag)
{
	u64 mib = seen->node[node].memory_kib >> 10;
	u64 least = declared_mib / 2 > 64 ? declared_mib / 2 - 64 : 0;

	/* A kernel without NUMA does not say. */
	if (seen->nr_nodes == 1 && !seen->node[0].memory_kib)
		return 0;
	if (!declared_mib == !seen->node[node].memory_kib && mib >= least &&
	    mib <= declared_mib)
		return 0;
	return differs(diag, nodes_remedy, (unsigned int)mib,
		       (unsigned int)declared_mib, "MiB of node %u", node);
}

static int compare_node(const struct host_topology *seen, unsigned int node,
			const struct topology *declared, u64 memory_mib,
			struct kt_diag *diag)
{
	if (seen->node[node].id != node)
		return differs(diag, nodes_remedy, seen->node[node].id, node,
			       "number of the %u. node", node + 1);
	for (unsigned int to = 0; to < seen->nr_nodes; to++) {
		unsigned int got = seen->distance[node * seen->nr_nodes + to];
		unsigned int want = topo__distance(declared, node, to);

		if (got != want)
			return differs(diag, tables_remedy, got, want,
				       "distance of node %u to node %u", node,
				       to);
	}
	return compare_memory(seen, node,
			      topo__node_memory_mib(declared, node, memory_mib),
			      diag);
}

int test_topology__compare(const struct test_topology *t,
			   const struct topology *declared, u64 memory_mib,
			   struct kt_diag *diag)
{
	int err = compare_counts(&t->seen, declared, diag);

	for (unsigned int i = 0; !err && i < t->seen.nr_cpus; i++)
		err = compare_cpu(&t->seen, i, declared, diag);
	for (unsigned int i = 0; !err && i < t->seen.nr_nodes; i++)
		err = compare_node(&t->seen, i, declared, memory_mib, diag);
	return err;
}
