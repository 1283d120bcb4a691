// SPDX-License-Identifier: GPL-2.0
/* What test bodies ask of their machine, and its comparison with what was
 * declared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>

#include <ktstr/test-topology.h>

#include "scratch.h"

/* What a kernel that got it all right sees of @t with @mib of memory. */
static struct test_topology see(const struct topology *t, u64 mib)
{
	struct host_topology s = { .nr_cpus = topo__nr_cpus(t),
				   .nr_llcs = t->llcs,
				   .nr_nodes = t->numa_nodes };

	s.cpu = calloc(s.nr_cpus, sizeof(*s.cpu));
	s.node = calloc(s.nr_nodes, sizeof(*s.node));
	s.distance = calloc(s.nr_nodes, s.nr_nodes);
	assert_true(s.cpu && s.node && s.distance);
	for (unsigned int i = 0; i < s.nr_cpus; i++)
		s.cpu[i] = (struct host_cpu){
			.cpu = i,
			.core = i - topo__thread_of_cpu(t, i),
			.llc = topo__llc_of_cpu(t, i),
			.node = topo__node_of_cpu(t, i),
		};
	for (unsigned int n = 0; n < s.nr_nodes; n++) {
		u64 node_mib = topo__node_memory_mib(t, n, mib);

		s.node[n].id = n;
		/* The kernel keeps a sixteenth. */
		s.node[n].memory_kib = (node_mib - node_mib / 16) << 10;
		for (unsigned int to = 0; to < s.nr_nodes; to++)
			s.distance[n * s.nr_nodes + to] =
				(u8)topo__distance(t, n, to);
	}
	return (struct test_topology){ .seen = s, .sysfs = "/nowhere" };
}

static void assert_set(const struct cpuset *set, const char *want)
{
	char got[256];

	assert_int_equal(cpulist__print(set, got, sizeof(got)), 0);
	assert_string_equal(got, want);
}

static void questions_about_cpus(void **state)
{
	const struct topology declared = TOPO_EVEN(2, 4, 2, 2);
	struct test_topology t __free(test_topology) = see(&declared, 1024);
	struct cpuset set, nodes, sets[8];

	(void)state;
	assert_int_equal(test_topology__nr_cpus(&t), 16);
	assert_int_equal(test_topology__nr_llcs(&t), 4);
	assert_int_equal(test_topology__nr_nodes(&t), 2);
	test_topology__all_cpus(&t, &set);
	assert_set(&set, "0-15");
	test_topology__usable_cpus(&t, &set);
	assert_set(&set, "0-14");
	test_topology__cpus_of_llc(&t, 1, &set);
	assert_set(&set, "4-7");
	test_topology__nodes_of_cpuset(&t, &set, &nodes);
	assert_set(&nodes, "0");
	test_topology__cpus_of_llc(&t, 4, &set);
	assert_set(&set, "");
	test_topology__cpus_of_node(&t, 1, &set);
	assert_set(&set, "8-15");
	cpuset__add(&set, 3);
	test_topology__nodes_of_cpuset(&t, &set, &nodes);
	assert_set(&nodes, "0-1");
	test_topology__cpus_of_node(&t, 2, &set);
	assert_set(&set, "");
	assert_int_equal(test_topology__llc_of_cpu(&t, 9), 2);
	assert_int_equal(test_topology__llc_of_cpu(&t, 16), UINT_MAX);
	assert_int_equal(test_topology__node_of_cpu(&t, 9), 1);
	assert_int_equal(test_topology__node_of_cpu(&t, 16), UINT_MAX);
	assert_int_equal(test_topology__split_by_llc(&t, sets, 8), 4);
	assert_set(&sets[0], "0-3");
	assert_set(&sets[3], "12-15");
	assert_int_equal(test_topology__split_by_llc(&t, sets, 3), 3);
}

static void small_machines_keep_no_cpu_back(void **state)
{
	static const char *const want[] = { "0", "0-1", "0-1", "0-2" };

	(void)state;
	for (unsigned int cpus = 1; cpus <= ARRAY_SIZE(want); cpus++) {
		const struct topology declared = TOPO_EVEN(1, 1, cpus, 1);
		struct test_topology t __free(test_topology) =
			see(&declared, 256);
		struct cpuset set;

		test_topology__usable_cpus(&t, &set);
		assert_set(&set, want[cpus - 1]);
	}
}

/* 10 CPUs; the sets worked out by hand. */
static void cpusets_overlap(void **state)
{
	static const struct {
		unsigned int nr;
		double fraction;
		const char *want[4];
	} rows[] = {
		{ 2, 0, { "0-4", "5-9" } },
		{ 2, 0.5, { "0-4", "2-6" } },	      /* 5, 3 shared */
		{ 3, 0.34, { "0-2", "1-3", "2-4" } }, /* 3, 2 shared */
		{ 3, 0.3, { "0-2", "2-4", "4-6" } },  /* 3, 1 shared */
		{ 2, 1, { "0-4", "1-5" } },	      /* stride at least 1 */
		{ 2, 7, { "0-4", "1-5" } },
		{ 2, -1, { "0-4", "5-9" } },
		{ 4, 0, { "0-1", "2-3", "4-5", "6-7" } },
	};
	const struct topology declared = TOPO_EVEN(1, 1, 10, 1);
	struct test_topology t __free(test_topology) = see(&declared, 256);
	struct cpuset sets[12];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		test_topology__overlapping_cpusets(&t, rows[i].nr,
						   rows[i].fraction, sets);
		for (unsigned int k = 0; k < rows[i].nr; k++)
			assert_set(&sets[k], rows[i].want[k]);
	}
	/* More sets than CPUs: one each, and around again. */
	test_topology__overlapping_cpusets(&t, 12, 0, sets);
	assert_set(&sets[9], "9");
	assert_set(&sets[11], "1");
	test_topology__overlapping_cpusets(&t, 0, 0.5, sets);
	t.seen.nr_cpus = 0;
	test_topology__overlapping_cpusets(&t, 1, 0.5, sets);
	assert_set(&sets[0], "");
}

static void questions_about_nodes(void **state)
{
	static const struct topo_node nodes[] = {
		{ .llcs = 1, .memory_mib = 512 },
		{ .memory_mib = 256 },
	};
	static const u8 distances[] = { 10, 17, 17, 10 };
	const struct topology declared = {
		.numa_nodes = 2,
		.llcs = 1,
		.cores = 2,
		.threads = 1,
		.nodes = nodes,
		.nr_nodes = 2,
		.distances = distances,
		.nr_distances = 4,
	};
	struct test_topology t __free(test_topology) = see(&declared, 768);
	struct test_node_memory m = { .free_kib = 77 };
	char root[SCRATCH_PATH_MAX];

	(void)state;
	assert_false(test_topology__is_memory_only(&t, 0));
	assert_true(test_topology__is_memory_only(&t, 1));
	assert_false(test_topology__is_memory_only(&t, 2));
	assert_int_equal(test_topology__distance(&t, 0, 0), 10);
	assert_int_equal(test_topology__distance(&t, 1, 0), 17);
	assert_int_equal(test_topology__distance(&t, 1, 2), 255);
	assert_int_equal(test_topology__node_memory(&t, 0, &m), -ENOENT);
	assert_int_equal(test_topology__node_memory(&t, 2, &m), -ENOENT);
	assert_int_equal(m.free_kib, 77);
	scratch__make(root);
	scratch__shell(root,
		       "mkdir -p devices/system/node/node1; printf '%%s\\n' "
		       "'Node 1 MemTotal:     4000 kB' "
		       "'Node 1 MemFree:      1500 kB' "
		       "'Node 1 MemUsed:      9999 kB' "
		       ">devices/system/node/node1/meminfo");
	t.sysfs = root;
	assert_int_equal(test_topology__node_memory(&t, 1, &m), 0);
	assert_int_equal(m.total_kib, 4000);
	assert_int_equal(m.free_kib, 1500);
	assert_int_equal(m.used_kib, 2500);
	scratch__remove(root);
}

static void assert_differs(const struct test_topology *t,
			   const struct topology *declared, const char *text)
{
	struct kt_diag diag = { 0 };

	assert_int_equal(test_topology__compare(t, declared, 1024, &diag),
			 -ENODEV);
	if (!strstr(diag.msg, text))
		fail_msg("'%s' has no '%s'", diag.msg, text);
}

static void the_same_machine_compares_equal(void **state)
{
	(void)state;
	for (size_t i = 0; i < TOPO_NR_PRESETS; i++) {
		const struct topology *declared = &topo_presets[i].topology;
		u64 mib = topo__memory_mib(declared, 1024);
		struct test_topology t __free(test_topology) =
			see(declared, mib);
		struct kt_diag diag = { 0 };

		if (test_topology__compare(&t, declared, mib, &diag))
			fail_msg("%s: %s", topo_presets[i].name, diag.msg);
	}
}

static void every_difference_is_told(void **state)
{
	const struct topology declared = TOPO_EVEN(2, 4, 2, 2);
	struct test_topology t __free(test_topology) = see(&declared, 1024);
	struct host_topology *s = &t.seen;
	struct topology other = declared;

	(void)state;
	other.cores = 3;
	assert_differs(&t, &other,
		       "online CPUs: the kernel sees 16, declared is 24");
	other = TOPO_EVEN(1, 4, 2, 2);
	assert_differs(&t, &other,
		       "NUMA nodes: the kernel sees 2, declared "
		       "is 1 (CONFIG_NUMA");
	other = TOPO_EVEN(2, 8, 1, 2);
	assert_differs(&t, &other, "LLCs: the kernel sees 4, declared is 8");
	other = TOPO_EVEN(2, 4, 4, 1);
	assert_differs(&t, &other,
		       "first CPU of CPU 1's core: the kernel sees "
		       "0, declared is 1");
	s->cpu[5].cpu = 50;
	assert_differs(&t, &declared, "number of the 6. CPU");
	s->cpu[5].cpu = 5;
	s->cpu[5].llc = 0;
	assert_differs(&t, &declared,
		       "LLC of CPU 5: the kernel sees 0, "
		       "declared is 1");
	s->cpu[5].llc = 1;
	s->cpu[15].node = 0;
	assert_differs(&t, &declared, "node of CPU 15: the kernel sees 0");
	s->cpu[15].node = 1;
	s->node[1].id = 2;
	assert_differs(&t, &declared, "node of CPU 8: the kernel sees 2");
	s->node[1].id = 1;
	s->distance[1] = 21;
	assert_differs(&t, &declared,
		       "distance of node 0 to node 1: the "
		       "kernel sees 21, declared is 20");
	s->distance[1] = 20;
	s->node[1].memory_kib = 0;
	assert_differs(&t, &declared,
		       "MiB of node 1: the kernel sees 0, "
		       "declared is 512");
	s->node[1].memory_kib = 513 << 10;
	assert_differs(&t, &declared, "MiB of node 1: the kernel sees 513");
	s->node[1].memory_kib = 191 << 10;
	assert_differs(&t, &declared, "MiB of node 1: the kernel sees 191");
	s->node[1].memory_kib = 192 << 10;
	assert_int_equal(test_topology__compare(&t, &declared, 1024, NULL), 0);
}

/* Then sysfs has no nodes, and the reader makes up one without memory. */
static void a_kernel_without_numa_is_fine_with_one_node(void **state)
{
	const struct topology declared = TOPO_EVEN(1, 1, 2, 1);
	struct test_topology t __free(test_topology) = see(&declared, 512);

	(void)state;
	t.seen.node[0].memory_kib = 0;
	assert_int_equal(test_topology__compare(&t, &declared, 512, NULL), 0);
}

/* --- as text ---------------------------------------------------------------
 */

/* What the made-up sysfs in @root shows, from the text of @t. */
static int check_text(const char *root, const struct topology *t, u64 mib,
		      struct kt_diag *diag)
{
	char *text __free(ptr) = NULL;

	*diag = (struct kt_diag){ 0 };
	assert_int_equal(test_topology__declare(t, mib, &text), 0);
	return test_topology__check(root, text, diag);
}

static void declarations_travel_as_text(void **state)
{
	static const struct topo_node nodes[] = {
		{ .llcs = 1, .memory_mib = 512 },
		{ .memory_mib = 256 },
	};
	static const u8 distances[] = { 10, 17, 17, 10 };
	static const u8 farther[] = { 10, 18, 18, 10 };
	const struct topo_node smaller[] = { nodes[0], { .memory_mib = 128 } };
	struct topology t = { 2, 1, 2, 1, nodes, 2, distances, 4 };
	char root[SCRATCH_PATH_MAX];
	struct kt_diag diag;

	(void)state;
	scratch__make(root);
	scratch__shell(root,
		       "mkdir -p devices/system && cd devices/system && "
		       "mkdir -p node/node0 node/node1 && echo 0-1 "
		       "| tee node/online node/node0/cpulist >/dev/null && "
		       "echo >node/node1/cpulist && "
		       "echo '10 17' >node/node0/distance && "
		       "echo '17 10' >node/node1/distance && "
		       "echo 'Node 0 MemTotal: 500000 kB' >node/node0/meminfo "
		       "&& echo 'Node 1 MemTotal: 250000 kB' "
		       ">node/node1/meminfo && for c in cpu0 cpu1; do "
		       "mkdir -p cpu/$c/cache/index0; "
		       "echo 3 >cpu/$c/cache/index0/level; "
		       "echo 0-1 >cpu/$c/cache/index0/shared_cpu_list; done; "
		       "echo 0-1 >cpu/online");
	assert_int_equal(check_text(root, &t, 768, &diag), 0);
	t.distances = farther;
	assert_int_equal(check_text(root, &t, 768, &diag), -ENODEV);
	assert_non_null(strstr(diag.msg, "sees 17, declared is 18"));
	t.distances = distances;
	t.nodes = smaller;
	assert_int_equal(check_text(root, &t, 640, &diag), -ENODEV);
	assert_non_null(strstr(diag.msg, "MiB of node 1"));
	t = TOPO_EVEN(1, 1, 3, 1);
	assert_int_equal(check_text(root, &t, 768, &diag), -ENODEV);
	assert_non_null(strstr(diag.msg, "sees 2, declared is 3"));
	t = TOPO_EVEN(1, 1, 2, 1);
	assert_int_equal(check_text("/no/sys", &t, 768, &diag), -ENOENT);
	scratch__remove(root);
}

static void texts_that_declare_nothing(void **state)
{
	static const char *const texts[] = {
		"",
		"1n1l2c1t\n512\n10",
		"1n1l2c\n512\n10\n",
		"1n1l2c1t\nmuch\n10\n",
		"1n1l2c1t\n512\n10,20\n",
		"9999n1l2c1t\n512\n10\n",
		"2n1l2c1t\n512\n10,20/20,10\nllcs=1,memory=9\n",
		"2n1l2c1t\n512\n10,20/20,10\nllcs=1\nllcs=x\n",
		"2n1l2c1t\n512\n10,20/21,10\nllcs=1,memory=256\n"
		"llcs=0,memory=256\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char *text __free(ptr) = strdup(texts[i]);
		struct kt_diag diag = { 0 };

		assert_non_null(text);
		assert_int_equal(test_topology__check("/sys", text, &diag),
				 -EINVAL);
		assert_true(diag.msg[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions_about_cpus),
		cmocka_unit_test(small_machines_keep_no_cpu_back),
		cmocka_unit_test(cpusets_overlap),
		cmocka_unit_test(questions_about_nodes),
		cmocka_unit_test(the_same_machine_compares_equal),
		cmocka_unit_test(every_difference_is_told),
		cmocka_unit_test(a_kernel_without_numa_is_fine_with_one_node),
		cmocka_unit_test(declarations_travel_as_text),
		cmocka_unit_test(texts_that_declare_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
