// SPDX-License-Identifier: GPL-2.0
/* See acpi-machine.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "acpi-machine.h"

int acpi_machine__setup(void **state)
{
	*state = calloc(1, sizeof(struct acpi_machine));
	assert_non_null(*state);
	return 0;
}

int acpi_machine__teardown(void **state)
{
	free(*state);
	return 0;
}

void acpi_machine__build(struct acpi_machine *f, const struct topology *t,
			 u64 mib)
{
	const struct acpi_params p = { .topo = t,
				       .gm = &f->gm,
				       .lapic_addr = 0xfee00000,
				       .ioapic_addr = 0xfec00000 };
	struct kt_diag diag = { 0 };

	if (topo__validate(t, &diag) || topo__check_memory(t, mib, &diag))
		fail_msg("%s", diag.msg);
	gmem__layout(&f->gm, MIB(mib));
	gmem__split(&f->gm, t);
	assert_int_equal(acpi__build(&p, ACPI_MACHINE_GPA, f->buf,
				     sizeof(f->buf), &f->len, NULL),
			 0);
	acpi_read__tables(&f->read, f->buf, f->len, ACPI_MACHINE_GPA);
}

static const struct topo_node uneven_nodes[] = {
	{ .llcs = 3, .memory_mib = 2048 },
	{ .llcs = 1, .memory_mib = 512 },
};
static const u8 uneven_distances[] = { 10, 31, 31, 10 };

/* Memory behind a link with a cache before it, and CPUs without memory. */
static const struct topo_node cxl_nodes[] = {
	{ .llcs = 1, .memory_mib = 1024, .latency_ns = 80 },
	{ .llcs = 1 },
	{ .memory_mib = 4096,
	  .bandwidth_mbs = 9000,
	  .cache = { 65536, TOPO_CACHE_DIRECT_MAPPED, TOPO_CACHE_WRITE_BACK,
		     64 } },
};
static const u8 cxl_distances[] = { 10, 16, 40, 16, 10, 28, 40, 28, 10 };

/* Affinity is written for a node that is written down, also when alone. */
static const struct topo_node single_nodes[] = {
	{ .llcs = 2, .memory_mib = 64 },
};

/* The largest and slowest that validation lets through stay in 16 bits. */
static const struct topo_node extreme_nodes[] = {
	{ .llcs = 1, .memory_mib = 64, .latency_ns = 2500 },
	{ .memory_mib = 64, .bandwidth_mbs = 6553400 },
	{ .memory_mib = 64, .latency_ns = 2500, .bandwidth_mbs = 1 },
};
static const u8 extreme_distances[] = {
	10, 11, 255, 11, 10, 255, 255, 255, 10
};

const struct odd_machine odd_machines[NR_ODD_MACHINES] = {
	{ "one-cpu", TOPO_EVEN(1, 1, 1, 1), 256 },
	{ "smt-only", TOPO_EVEN(1, 1, 1, 2), 256 },
	{ "512-cpus", TOPO_EVEN(1, 512, 1, 1), 32768 },
	{ "uneven",
	  { .numa_nodes = 2,
	    .llcs = 4,
	    .cores = 2,
	    .threads = 1,
	    .nodes = uneven_nodes,
	    .nr_nodes = 2,
	    .distances = uneven_distances,
	    .nr_distances = 4 },
	  2560 },
	{ "cxl",
	  { .numa_nodes = 3,
	    .llcs = 2,
	    .cores = 1,
	    .threads = 2,
	    .nodes = cxl_nodes,
	    .nr_nodes = 3,
	    .distances = cxl_distances,
	    .nr_distances = 9 },
	  5120 },
	/* 5 GiB and a bit: node 1 is cut by the gap, the last has the rest */
	{ "around-the-gap", TOPO_EVEN(3, 3, 3, 1), 5 * 1024 + 2 },
	{ "single-node",
	  { .numa_nodes = 1,
	    .llcs = 2,
	    .cores = 1,
	    .threads = 1,
	    .nodes = single_nodes,
	    .nr_nodes = 1 },
	  64 },
	{ "extremes",
	  { .numa_nodes = 3,
	    .llcs = 1,
	    .cores = 1,
	    .threads = 1,
	    .nodes = extreme_nodes,
	    .nr_nodes = 3,
	    .distances = extreme_distances,
	    .nr_distances = 9 },
	  192 },
};

static unsigned int below(unsigned int *seed, unsigned int n)
{
	return (unsigned int)rand_r(seed) % n;
}

static void make_node(unsigned int *seed, bool has_cpus, struct topo_node *n)
{
	*n = (struct topo_node){ .llcs = has_cpus ? 1 + below(seed, 3) : 0 };
	if (!n->llcs || below(seed, 4))
		n->memory_mib = 16 + below(seed, 3000);
	if (below(seed, 2)) {
		n->latency_ns = 1 + below(seed, TOPO_MAX_LATENCY_NS);
		n->bandwidth_mbs = 1 + below(seed, TOPO_MAX_BANDWIDTH_MBS);
	}
	if (n->memory_mib && !below(seed, 3))
		n->cache = (struct topo_mem_cache){
			.size_kib = 1 + below(seed, 1u << 20),
			.assoc = below(seed, TOPO_CACHE_ASSOC_NR),
			.policy = below(seed, TOPO_CACHE_POLICY_NR),
			.line_bytes = 1u << below(seed, 16),
		};
}

bool random_machine__make(unsigned int *seed, struct random_machine *m)
{
	unsigned int n = 1 + below(seed, 8), with_cpus = 1 + below(seed, n);

	*m = (struct random_machine){
		.t = { .numa_nodes = n,
		       .cores = 1 + below(seed, 20),
		       .threads = 1 + below(seed, 3),
		       .nodes = m->node,
		       .nr_nodes = n,
		       .distances = m->distance,
		       .nr_distances = n * n },
	};
	for (unsigned int i = 0; i < n; i++) {
		make_node(seed, i < with_cpus, &m->node[i]);
		m->t.llcs += m->node[i].llcs;
		m->mib += m->node[i].memory_mib;
		for (unsigned int k = 0; k <= i; k++)
			m->distance[i * n + k] = m->distance[k * n + i] =
				i == k ? 10 : (u8)(11 + below(seed, 245));
	}
	return !topo__validate(&m->t, NULL) &&
	       !topo__check_memory(&m->t, m->mib, NULL);
}
