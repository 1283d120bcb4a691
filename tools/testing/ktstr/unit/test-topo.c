// SPDX-License-Identifier: GPL-2.0
/* The topology model: every rule's message, maps, labels, presets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ktstr/topo.h>

static void refused(const struct topology *t, const char *message)
{
	struct kt_diag diag = { 0 };

	assert_int_equal(topo__validate(t, &diag), -EINVAL);
	assert_string_equal(diag.msg, message);
	assert_int_equal(topo__validate(t, NULL), -EINVAL);
}

static void axes_have_limits(void **state)
{
	(void)state;
	refused(&TOPO_EVEN(0, 1, 1, 1),
		"topology: numa_nodes is 0, it is 1 to 64");
	refused(&TOPO_EVEN(65, 65, 1, 1),
		"topology: numa_nodes is 65, it is 1 to 64");
	refused(&TOPO_EVEN(1, 0, 1, 1), "topology: llcs is 0, it is 1 to 512");
	refused(&TOPO_EVEN(1, 1, 0, 1), "topology: cores is 0, it is 1 to 512");
	refused(&TOPO_EVEN(1, 1, 1, 0),
		"topology: threads is 0, it is 1 to 512");
	refused(&TOPO_EVEN(1, 1, 1, UINT32_MAX),
		"topology: threads is 4294967295, it is 1 to 512");
	refused(&TOPO_EVEN(1, 512, 512, 512),
		"topology: llcs 512 x cores 512 x threads 512 are 134217728 "
		"CPUs, the limit is 512");
	refused(&TOPO_EVEN(1, 27, 19, 1),
		"topology: llcs 27 x cores 19 x threads 1 are 513 CPUs, the "
		"limit is 512");
	assert_int_equal(topo__validate(&TOPO_EVEN(64, 64, 4, 2), NULL), 0);
}

static void llcs_are_spread_evenly(void **state)
{
	struct topology t = TOPO_EVEN(2, 3, 1, 1);

	(void)state;
	refused(&t, "topology: llcs is 3, it must be a multiple of numa_nodes "
		    "2; or give the nodes one by one");
	t.llcs = 4;
	t.nr_nodes = 2;
	refused(&t, "topology: nr_nodes is 2 without nodes");
}

/* Two nodes with one LLC each and 64 MiB, changed by @row for node 1. */
static void node_refused(struct topo_node row, const char *message)
{
	const struct topo_node nodes[] = { { 1, 64, 0, 0, { 0 } }, row };
	const struct topology t = { .numa_nodes = 2,
				    .llcs = 2,
				    .cores = 1,
				    .threads = 1,
				    .nodes = nodes,
				    .nr_nodes = 2 };

	refused(&t, message);
}

static void explicit_nodes_have_limits(void **state)
{
	(void)state;
	node_refused((struct topo_node){ 0 },
		     "topology: nodes[1] has llcs 0 and memory_mib 0, a node "
		     "has at least one");
	node_refused((struct topo_node){ .llcs = 1, .memory_mib = 15 },
		     "topology: nodes[1].memory_mib is 15, it is 0 or 16 to "
		     "4294967295");
	node_refused((struct topo_node){ .llcs = 1, .memory_mib = 1ULL << 32 },
		     "topology: nodes[1].memory_mib is 4294967296, it is 0 or "
		     "16 to 4294967295");
	node_refused((struct topo_node){ .llcs = 1, .latency_ns = 2501 },
		     "topology: nodes[1].latency_ns is 2501, the limit is "
		     "2500");
	node_refused((struct topo_node){ .llcs = 1, .bandwidth_mbs = 6553401 },
		     "topology: nodes[1].bandwidth_mbs is 6553401, the limit "
		     "is 6553400");
	node_refused((struct topo_node){ .llcs = 2, .memory_mib = 64 },
		     "topology: the nodes' llcs add up to 3, they must add up "
		     "to llcs 2");
	node_refused((struct topo_node){ .llcs = UINT32_MAX, .memory_mib = 64 },
		     "topology: the nodes' llcs add up to 4294967296, they "
		     "must add up to llcs 2");
}

static void memory_side_caches_have_limits(void **state)
{
	struct topo_node n = { .llcs = 1, .memory_mib = 64 };

	(void)state;
	n.cache = (struct topo_mem_cache){ 64, 3, 0, 64 };
	node_refused(n, "topology: nodes[1].cache.assoc is 3, it is 0 to 2");
	n.cache = (struct topo_mem_cache){ 64, 0, 3, 64 };
	node_refused(n, "topology: nodes[1].cache.policy is 3, it is 0 to 2");
	n.cache = (struct topo_mem_cache){ 64, 0, 0, 48 };
	node_refused(n, "topology: nodes[1].cache.line_bytes is 48, it is a "
			"power of two from 1 to 32768");
	n.cache = (struct topo_mem_cache){ 64, 0, 0, 0 };
	node_refused(n, "topology: nodes[1].cache.line_bytes is 0, it is a "
			"power of two from 1 to 32768");
	n.cache = (struct topo_mem_cache){ 1ULL << 54, 0, 0, 64 };
	node_refused(n, "topology: nodes[1].cache.size_kib is "
			"18014398509481984, the limit is 18014398509481983");
}

static void node_lists_fit_the_machine(void **state)
{
	static const struct topo_node gap[] = { { .llcs = 1, .memory_mib = 64 },
						{ .memory_mib = 64 },
						{ .llcs = 1 } };
	static const struct topo_node dry[] = { { .llcs = 1 }, { .llcs = 1 } };
	struct topology t = { .numa_nodes = 3,
			      .llcs = 2,
			      .cores = 1,
			      .threads = 1,
			      .nodes = gap,
			      .nr_nodes = 3 };

	(void)state;
	refused(&t, "topology: nodes[2] has llcs 1 after nodes[1] without; "
		    "nodes without CPUs come last, Linux numbers them so");
	t.nr_nodes = 2;
	refused(&t, "topology: nr_nodes is 2, it must equal numa_nodes 3");
	t.numa_nodes = 2;
	t.nodes = dry;
	refused(&t, "topology: memory_mib is 0 in all 2 nodes, one needs some");
}

static void distances_are_a_metric(void **state)
{
	u8 d[] = { 10, 21, 21, 10 };
	struct topology t = { .numa_nodes = 2,
			      .llcs = 2,
			      .cores = 1,
			      .threads = 1,
			      .distances = d,
			      .nr_distances = 4 };

	(void)state;
	assert_int_equal(topo__validate(&t, NULL), 0);
	assert_int_equal(topo__distance(&t, 0, 1), 21);
	d[3] = 11;
	refused(&t, "topology: distance of node 1 to itself is 11, it must be "
		    "10");
	d[3] = 10;
	d[1] = d[2] = 10;
	refused(&t, "topology: distance of node 0 to node 1 is 10, it must be "
		    "11 to 255");
	d[1] = 255;
	d[2] = 254;
	refused(&t, "topology: distance of node 0 to node 1 is 255, but 254 "
		    "the other way; both must be equal");
	t.nr_distances = 3;
	refused(&t, "topology: nr_distances is 3, it must be 4 (numa_nodes 2 "
		    "squared; 0 without distances)");
	t.distances = NULL;
	refused(&t, "topology: nr_distances is 3, it must be 0 (numa_nodes 2 "
		    "squared; 0 without distances)");
}

static void memory_is_checked_against_nodes(void **state)
{
	static const struct topo_node nodes[] = {
		{ .llcs = 1, .memory_mib = 100 }, { .memory_mib = 300 }
	};
	struct topology t = { .numa_nodes = 2,
			      .llcs = 1,
			      .cores = 1,
			      .threads = 1,
			      .nodes = nodes,
			      .nr_nodes = 2 };
	struct kt_diag diag = { 0 };

	(void)state;
	assert_int_equal(topo__check_memory(&t, 400, NULL), 0);
	assert_int_equal(topo__check_memory(&t, 401, &diag), -EINVAL);
	assert_string_equal(diag.msg,
			    "topology: the nodes' memory_mib add up to 400, "
			    "the machine has 401 MiB");
	t = TOPO_EVEN(3, 3, 1, 1);
	diag.msg[0] = '\0';
	assert_int_equal(topo__check_memory(&t, 47, &diag), -EINVAL);
	assert_string_equal(diag.msg, "memory of 47 MiB for 3 NUMA nodes: "
				      "each needs 16 MiB");
	assert_int_equal(topo__check_memory(&t, 50, NULL), 0);
	assert_int_equal(topo__node_memory_mib(&t, 0, 50), 16);
	assert_int_equal(topo__node_memory_mib(&t, 1, 50), 16);
	assert_int_equal(topo__node_memory_mib(&t, 2, 50), 18);
}

static void memory_rule(void **state)
{
	(void)state;
	assert_int_equal(topo__memory_mib(&TOPO_EVEN(1, 1, 2, 1), 0), 256);
	assert_int_equal(topo__memory_mib(&TOPO_EVEN(1, 14, 9, 1), 2048), 8064);
	assert_int_equal(topo__memory_mib(&TOPO_EVEN(1, 1, 2, 1), 2048), 2048);
}

static void apic_ids_leave_gaps_for_odd_counts(void **state)
{
	static const u32 want[] = { 0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13 };
	const struct topology t = TOPO_EVEN(1, 2, 3, 2);

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++)
		assert_int_equal(topo__apic_id(&t, i), want[i]);
	assert_int_equal(topo__apic_bits(&t).core_shift, 1);
	assert_int_equal(topo__apic_bits(&t).llc_shift, 3);
	/* The largest preset by id: 14 LLCs of 9 cores of 2 threads. */
	assert_int_equal(topo__apic_id(&TOPO_EVEN(1, 14, 9, 2), 251),
			 13 << 5 | 8 << 1 | 1);
}

static void memory_only_nodes(void **state)
{
	static const struct topo_node nodes[] = {
		{ .llcs = 2, .memory_mib = 512 },
		{ .llcs = 1, .memory_mib = 256, .latency_ns = 90 },
		{ .memory_mib = 1024, .bandwidth_mbs = 9000 },
	};
	static const u8 d[] = { 10, 20, 40, 20, 10, 30, 40, 30, 10 };
	const struct topology t = { .numa_nodes = 3,
				    .llcs = 3,
				    .cores = 2,
				    .threads = 1,
				    .nodes = nodes,
				    .nr_nodes = 3,
				    .distances = d,
				    .nr_distances = 9 };

	(void)state;
	assert_int_equal(topo__validate(&t, NULL), 0);
	assert_true(topo__is_memory_only(&t, 2));
	assert_false(topo__is_memory_only(&t, 1));
	assert_int_equal(topo__cpus_of_node(&t, 1).first, 4);
	assert_int_equal(topo__cpus_of_node(&t, 1).nr, 2);
	assert_int_equal(topo__cpus_of_node(&t, 2).nr, 0);
	assert_int_equal(topo__initiator(&t, 2), 1); /* 30 is nearer */
	assert_int_equal(topo__initiator(&t, 0), 0);
	assert_int_equal(topo__latency_ns(&t, 0), 100);
	assert_int_equal(topo__latency_ns(&t, 1), 90);
	assert_int_equal(topo__latency_ns(&t, 2), 300);
	assert_int_equal(topo__bandwidth_mbs(&t, 0), 51200);
	assert_int_equal(topo__bandwidth_mbs(&t, 2), 9000);
	assert_int_equal(topo__nodes_memory_mib(&t), 1792);
}

static unsigned int pick(unsigned int *seed, unsigned int max)
{
	return (unsigned int)rand_r(seed) % max + 1;
}

/* A valid machine; every other one with explicit nodes, the last ones bare. */
static struct topology random_topology(unsigned int *seed,
				       struct topo_node nodes[TOPO_MAX_NODES])
{
	struct topology t = { .numa_nodes = pick(seed, 8) };
	unsigned int bare = 0, left;

	t.llcs = t.numa_nodes * pick(seed, 5);
	do {
		t.cores = pick(seed, 40);
		t.threads = pick(seed, 4);
	} while (topo__nr_cpus(&t) > TOPO_MAX_CPUS);
	if (rand_r(seed) & 1)
		return t;
	if (t.numa_nodes > 1)
		bare = pick(seed, t.numa_nodes) - 1;
	left = t.llcs;
	for (unsigned int i = 0; i < t.numa_nodes; i++) {
		unsigned int cpu_nodes = t.numa_nodes - bare;
		unsigned int n = 0;

		if (i + 1 < cpu_nodes)
			n = pick(seed, left - (cpu_nodes - i - 1));
		else if (i + 1 == cpu_nodes)
			n = left;
		left -= n;
		nodes[i] = (struct topo_node){ .llcs = n,
					       .memory_mib =
						       15 + pick(seed, 1000) };
	}
	t.nodes = nodes;
	t.nr_nodes = t.numa_nodes;
	return t;
}

/* Node, LLC and CPU maps agree with their inverses and leave nothing out. */
static void maps_are_partitions(const struct topology *t)
{
	unsigned int cpus = topo__nr_cpus(t), next_llc = 0, next_cpu = 0;

	for (unsigned int n = 0; n < t->numa_nodes; n++) {
		struct topo_range llcs = topo__llcs_of_node(t, n);
		struct topo_range own = topo__cpus_of_node(t, n);

		assert_int_equal(llcs.first, next_llc);
		assert_int_equal(own.first, next_cpu);
		assert_int_equal(own.nr, llcs.nr * topo__cpus_per_llc(t));
		for (unsigned int l = 0; l < llcs.nr; l++)
			assert_int_equal(topo__node_of_llc(t, next_llc + l), n);
		for (unsigned int c = 0; c < own.nr; c++)
			assert_int_equal(topo__node_of_cpu(t, next_cpu + c), n);
		next_llc += llcs.nr;
		next_cpu += own.nr;
	}
	assert_int_equal(next_llc, t->llcs);
	assert_int_equal(next_cpu, cpus);
	for (unsigned int c = 0; c < cpus; c++) {
		unsigned int llc = topo__llc_of_cpu(t, c);
		struct topo_range in = topo__cpus_of_llc(t, llc);

		assert_in_range(c, in.first, in.first + in.nr - 1);
		assert_int_equal((llc * t->cores + topo__core_of_cpu(t, c)) *
						 t->threads +
					 topo__thread_of_cpu(t, c),
				 c);
	}
}

static void apic_ids_ascend_and_invert(const struct topology *t)
{
	struct topo_apic_bits b = topo__apic_bits(t);

	for (unsigned int c = 0; c < topo__nr_cpus(t); c++) {
		u32 id = topo__apic_id(t, c);

		if (c)
			assert_true(id > topo__apic_id(t, c - 1));
		assert_int_equal(id >> b.llc_shift, topo__llc_of_cpu(t, c));
		assert_int_equal((id & ((1u << b.llc_shift) - 1)) >>
					 b.core_shift,
				 topo__core_of_cpu(t, c));
		assert_int_equal(id & ((1u << b.core_shift) - 1),
				 topo__thread_of_cpu(t, c));
	}
}

static void random_topologies(void **state)
{
	unsigned int seed = 20261121;

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		struct topo_node nodes[TOPO_MAX_NODES];
		struct topology t = random_topology(&seed, nodes), again;
		struct kt_diag diag = { 0 };
		char label[TOPO_LABEL_SIZE], label2[TOPO_LABEL_SIZE];

		if (topo__validate(&t, &diag))
			fail_msg("topology %u: %s", i, diag.msg);
		maps_are_partitions(&t);
		apic_ids_ascend_and_invert(&t);
		topo__label(&t, label);
		assert_int_equal(topo__parse_label(label, &again, NULL), 0);
		topo__label(&again, label2);
		assert_string_equal(label, label2);
		assert_int_equal(again.numa_nodes, t.numa_nodes);
		assert_int_equal(again.llcs, t.llcs);
		assert_int_equal(again.cores, t.cores);
		assert_int_equal(again.threads, t.threads);
	}
}

static void bad_labels_say_where(void **state)
{
	static const struct {
		const char *label, *message;
	} bad[] = {
		{ "", "column 1 the number of NUMA nodes and 'n'" },
		{ "2", "column 1 the number of NUMA nodes and 'n'" },
		{ "2n", "column 3 the number of LLCs and 'l'" },
		{ "2n4l4t", "column 5 the number of cores per LLC and 'c'" },
		{ "2n4l4c", "column 7 the number of threads per core and 't'" },
		{ "2n4l4c2", "column 7 the number of threads per core" },
		{ "2n4l4c2tx", "nothing may follow column 8" },
		{ "02n4l4c2t", "column 1" },
		{ "0n4l4c2t", "column 1" },
		{ "1n10000l4c2t", "column 3" },
		{ "1n-1l4c2t", "column 3" },
		{ " 1n1l4c2t", "column 1" },
		{ "3n4l4c2t",
		  "llcs is 4, it must be a multiple of numa_nodes 3" },
		{ "1n999l9c2t", "llcs is 999, it is 1 to 512" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct topology t = TOPO_EVEN(7, 7, 7, 7);
		struct kt_diag diag = { 0 };

		assert_int_equal(topo__parse_label(bad[i].label, &t, &diag),
				 -EINVAL);
		if (!strstr(diag.msg, bad[i].message))
			fail_msg("%s: %s", bad[i].label, diag.msg);
		assert_int_equal(t.llcs, 7); /* untouched */
	}
}

static void presets_are_valid_and_found(void **state)
{
	struct topology t;
	struct kt_diag diag = { 0 };

	(void)state;
	for (size_t i = 0; i < TOPO_NR_PRESETS; i++) {
		const struct topo_preset *p = &topo_presets[i];

		assert_int_equal(topo__validate(&p->topology, NULL), 0);
		assert_ptr_equal(topo_preset__find(p->name), p);
	}
	assert_int_equal(topo__parse("numa4-12llc", &t, NULL), 0);
	assert_int_equal(t.numa_nodes, 4);
	assert_int_equal(topo__nr_cpus(&t), 192);
	assert_int_equal(topo__parse("1n2l3c4t", &t, NULL), 0);
	assert_int_equal(t.threads, 4);
	assert_int_equal(topo__parse("smt-9llc", &t, &diag), -EINVAL);
	assert_non_null(strstr(diag.msg, "'smt-9llc' is no preset"));
	assert_null(topo_preset__find(""));
}

static void constraints_filter_presets(void **state)
{
	struct topo_constraints c = TOPO_CONSTRAINTS_DEFAULT;
	unsigned int accepted = 0;
	struct kt_diag diag = { 0 };

	(void)state;
	for (size_t i = 0; i < TOPO_NR_PRESETS; i++)
		accepted += !topo_constraints__refusal(
			&c, &topo_presets[i].topology);
	/* Without NUMA (5), over 12 LLCs (4). */
	assert_int_equal(accepted, 15);
	c.requires_smt = true;
	assert_string_equal(
		topo_constraints__refusal(
			&c, &topo_preset__find("tiny-1llc")->topology),
		"no SMT");
	c.min_llcs = 3;
	assert_string_equal(
		topo_constraints__refusal(
			&c, &topo_preset__find("smt-2llc")->topology),
		"too few LLCs");
	assert_null(topo_constraints__refusal(
		&c, &topo_preset__find("smt-3llc")->topology));
	c.min_llcs = 13;
	assert_int_equal(topo_constraints__validate(&c, &diag), -EINVAL);
	assert_string_equal(diag.msg,
			    "constraints: min_llcs is 13, above max_llcs 12");
	c = (struct topo_constraints)TOPO_CONSTRAINTS_DEFAULT;
	assert_int_equal(topo_constraints__validate(&c, NULL), 0);
	c.min_cpus = 193;
	assert_int_equal(topo_constraints__validate(&c, NULL), -EINVAL);
	c.min_cpus = 1;
	c.max_numa_nodes = 0;
	assert_int_equal(topo_constraints__validate(&c, NULL), -EINVAL);
}

static void each_constraint_refuses(void **state)
{
	const struct topology t = TOPO_EVEN(2, 4, 4, 1); /* 16 CPUs */
	const struct topo_constraints ok = { 4, 4, 16, 16, 2, 2, false };
	const struct {
		struct topo_constraints c;
		const char *why;
	} rows[] = {
		{ { 5, 9, 16, 16, 2, 2, false }, "too few LLCs" },
		{ { 1, 3, 16, 16, 2, 2, false }, "too many LLCs" },
		{ { 4, 4, 17, 99, 2, 2, false }, "too few CPUs" },
		{ { 4, 4, 1, 15, 2, 2, false }, "too many CPUs" },
		{ { 4, 4, 16, 16, 3, 4, false }, "too few NUMA nodes" },
		{ { 4, 4, 16, 16, 1, 1, false }, "too many NUMA nodes" },
		{ { 4, 4, 16, 16, 2, 2, true }, "no SMT" },
	};

	(void)state;
	assert_null(topo_constraints__refusal(&ok, &t));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(topo_constraints__refusal(&rows[i].c, &t),
				    rows[i].why);
}

static void host_capacity_refuses(void **state)
{
	const struct topology t = TOPO_EVEN(1, 2, 4, 2);

	(void)state;
	assert_null(topo_capacity__refusal(&(struct topo_capacity){ 16, 1, 1 },
					   &t, false));
	assert_null(topo_capacity__refusal(&(struct topo_capacity){ 16, 2, 8 },
					   &t, true));
	assert_string_equal(
		topo_capacity__refusal(&(struct topo_capacity){ 15, 2, 8 }, &t,
				       false),
		"more CPUs than the host has");
	assert_string_equal(
		topo_capacity__refusal(&(struct topo_capacity){ 16, 1, 16 }, &t,
				       true),
		"more LLCs than the host has");
	assert_string_equal(
		topo_capacity__refusal(&(struct topo_capacity){ 16, 4, 4 }, &t,
				       true),
		"more CPUs per LLC than the host has");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(axes_have_limits),
		cmocka_unit_test(llcs_are_spread_evenly),
		cmocka_unit_test(explicit_nodes_have_limits),
		cmocka_unit_test(memory_side_caches_have_limits),
		cmocka_unit_test(node_lists_fit_the_machine),
		cmocka_unit_test(distances_are_a_metric),
		cmocka_unit_test(memory_is_checked_against_nodes),
		cmocka_unit_test(memory_rule),
		cmocka_unit_test(apic_ids_leave_gaps_for_odd_counts),
		cmocka_unit_test(memory_only_nodes),
		cmocka_unit_test(random_topologies),
		cmocka_unit_test(bad_labels_say_where),
		cmocka_unit_test(presets_are_valid_and_found),
		cmocka_unit_test(constraints_filter_presets),
		cmocka_unit_test(each_constraint_refuses),
		cmocka_unit_test(host_capacity_refuses),
	};

	return cmocka_run_group_tests_name("topo", tests, NULL, NULL);
}
