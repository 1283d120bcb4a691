// SPDX-License-Identifier: GPL-2.0
/* The attributes that give a machine its shape: forms, inheritance, rules. */
#include "lib/session/session-internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* KTSTR_ATTR_UNSAID is there to be overridden; the harness's macros say so. */
#pragma GCC diagnostic ignored "-Woverride-init"

#define SAID(...) (&(const struct ktstr_attr){ KTSTR_ATTR_UNSAID, __VA_ARGS__ })

#define TWO_NODES                                     \
	KTSTR_NODES({ .llcs = 2, .memory_mib = 256 }, \
		    { .llcs = 1, .memory_mib = 128 })

/* Up to three layers, from the fixture's to the test's. */
struct layers {
	const struct ktstr_attr *layer[3];
};

static int resolve(const struct layers *l, struct ktstr_attr *ret,
		   struct kt_diag *diag)
{
	return ktstr_attr__resolve(l->layer, ARRAY_SIZE(l->layer), ret, diag);
}

static void assert_label(const struct ktstr_attr *attr, const char *want)
{
	struct topology t = ktstr_attr__topology(attr);
	char label[TOPO_LABEL_SIZE];

	assert_int_equal(ktstr_attr__check("f.t", attr, NULL), 0);
	topo__label(&t, label);
	assert_string_equal(label, want);
	assert_int_equal(attr->cpus, topo__nr_cpus(&t));
}

static void each_dimension_is_inherited_alone(void **state)
{
	const struct {
		struct layers layers;
		const char *want;
	} rows[] = {
		{ { { NULL } }, "1n1l2c1t" },
		{ { { SAID(.llcs = 4) } }, "1n4l2c1t" },
		{ { { SAID(.llcs = 4), SAID(.cores = 3), SAID(.threads = 2) } },
		  "1n4l3c2t" },
		{ { { SAID(.llcs = 4, .cores = 1), SAID(.numa_nodes = 2),
		      SAID(.llcs = 6) } },
		  "2n6l1c1t" },
		/* The last form counts, and starts from the defaults. */
		{ { { SAID(.cpus = 6) } }, "1n1l6c1t" },
		{ { { SAID(.llcs = 4, .numa_nodes = 2), SAID(.cpus = 6) } },
		  "1n1l6c1t" },
		{ { { SAID(.cpus = 6), SAID(.llcs = 3) } }, "1n3l2c1t" },
		{ { { SAID(.cpus = 6), SAID(.cores = 3), SAID(.llcs = 2) } },
		  "1n2l3c1t" },
		{ { { SAID(.nodes = TWO_NODES), SAID(.cores = 1) } },
		  "2n3l1c1t" },
		{ { { SAID(.cpus = 6), SAID(.nodes = TWO_NODES) } },
		  "2n3l2c1t" },
		{ { { SAID(.nodes = TWO_NODES), SAID(.llcs = 2) } },
		  "1n2l2c1t" },
		{ { { SAID(.nodes = TWO_NODES), SAID(.cpus = 4) } },
		  "1n1l4c1t" },
		/* Distances belong to the nodes that they were said for. */
		{ { { SAID(.numa_nodes = 2, .llcs = 2,
			   .distances = KTSTR_DISTANCES(10, 30, 30, 10)),
		      SAID(.numa_nodes = 1) } },
		  "1n2l2c1t" },
		{ { { SAID(.numa_nodes = 2, .llcs = 2,
			   .distances = KTSTR_DISTANCES(10, 30, 30, 10)),
		      SAID(.cpus = 2) } },
		  "1n1l2c1t" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ktstr_attr attr;

		assert_int_equal(resolve(&rows[i].layers, &attr, NULL), 0);
		assert_label(&attr, rows[i].want);
	}
}

static void two_forms_at_once_are_refused(void **state)
{
	const struct {
		struct layers layers;
		const char *text;
	} rows[] = {
		{ { { SAID(.cpus = 4, .llcs = 2) } }, ".cpus = 4 and .llcs:" },
		{ { { SAID(.cpus = 4, .numa_nodes = 2) } },
		  ".cpus = 4 and .numa_nodes:" },
		{ { { SAID(.cpus = 4, .cores = 4) } },
		  ".cpus = 4 and .cores:" },
		{ { { SAID(.cpus = 4, .threads = 1) } },
		  ".cpus = 4 and .threads:" },
		{ { { SAID(.cpus = 4, .nodes = TWO_NODES) } },
		  ".cpus = 4 and .nodes:" },
		{ { { SAID(.cpus = 4, .distances = KTSTR_DISTANCES(10)) } },
		  ".cpus = 4 and .distances:" },
		{ { { NULL, SAID(.nodes = TWO_NODES, .llcs = 3) } },
		  ".nodes and .llcs: each of the 2 nodes" },
		{ { { SAID(.nodes = TWO_NODES, .numa_nodes = 2) } },
		  ".nodes and .numa_nodes:" },
		{ { { SAID(.nodes = TWO_NODES, .memory_mib = 384) } },
		  ".nodes and .memory_mib:" },
		{ { { SAID(.nodes = TWO_NODES), SAID(.memory_mib = 384) } },
		  ".memory_mib = 384: the inherited .nodes" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ktstr_attr attr;
		struct kt_diag diag = { 0 };

		assert_int_equal(resolve(&rows[i].layers, &attr, &diag),
				 -EINVAL);
		if (!strstr(diag.msg, rows[i].text))
			fail_msg("'%s' has no '%s'", diag.msg, rows[i].text);
	}
}

static void nodes_say_llcs_and_memory(void **state)
{
	const struct layers cxl = { {
		SAID(.cpus = 8, .memory_mib = 4096),
		SAID(.nodes = KTSTR_NODES(
			     { .llcs = 2, .memory_mib = 512 },
			     { .memory_mib = 300,
			       .latency_ns = 350,
			       .bandwidth_mbs = 10240,
			       .cache = { .size_kib = 1024,
					  .assoc = TOPO_CACHE_DIRECT_MAPPED,
					  .policy = TOPO_CACHE_WRITE_BACK,
					  .line_bytes = 64 } }),
		     .distances = KTSTR_DISTANCES(10, 17, 17, 10)),
	} };
	char *text = NULL;
	struct ktstr_attr attr;
	struct topology t;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(resolve(&cxl, &attr, NULL), 0);
	assert_label(&attr, "2n2l2c1t");
	assert_int_equal(attr.memory_mib, 812);
	assert_int_equal(attr__memory_mib(&attr), 812);
	t = ktstr_attr__topology(&attr);
	assert_true(topo__is_memory_only(&t, 1));
	assert_int_equal(topo__latency_ns(&t, 1), 350);
	assert_int_equal(topo__distance(&t, 0, 1), 17);
	ktstr_attr__print(&attr, f);
	fclose(f);
	assert_non_null(strstr(text, "\tcpus=4\tnuma_nodes=2\tllcs=2\tcores=2"
				     "\tthreads=1\tnodes=2l512m,"
				     "0l300m350ns10240mbs1024k"
				     "\tdistances=10,17,17,10"
				     "\tmemory_mib=812\t"));
	free(text);
}

static void bad_shapes_are_refused(void **state)
{
	const struct {
		const struct ktstr_attr *said;
		const char *text;
	} rows[] = {
		{ SAID(.cpus = 0), "f.t: .cpus = 0 is outside 1..512" },
		{ SAID(.cpus = 100000), ".cpus = 100000 is outside 1..512" },
		{ SAID(.numa_nodes = 0), ".numa_nodes = 0 is outside 1..64" },
		{ SAID(.numa_nodes = 65, .llcs = 65),
		  ".numa_nodes = 65 is outside 1..64" },
		{ SAID(.llcs = 0), ".llcs = 0 is outside 1..512" },
		{ SAID(.llcs = 513), ".llcs = 513 is outside 1..512" },
		{ SAID(.llcs = 2, .cores = 0), ".cores = 0 is outside 1..512" },
		{ SAID(.threads = 0), ".threads = 0 is outside 1..512" },
		{ SAID(.llcs = 16, .cores = 16, .threads = 4),
		  ".llcs = 16 times .cores = 16 times .threads = 4 are 1024 "
		  "CPUs, at most 512" },
		{ SAID(.llcs = 512, .cores = 512, .threads = 512),
		  "are 134217728 CPUs" },
		{ SAID(.llcs = 3, .numa_nodes = 2),
		  "f.t: topology: llcs is 3, it must be a multiple of "
		  "numa_nodes 2" },
		{ SAID(.numa_nodes = 32, .llcs = 32, .cores = 1,
		       .memory_mib = 256),
		  NULL }, /* 2048 MiB, because of 32 CPUs */
		{ SAID(.nodes = KTSTR_NODES({ .llcs = 1 })),
		  "memory_mib is 0 in all 1 nodes" },
		{ SAID(.nodes = KTSTR_NODES({ .llcs = 1, .memory_mib = 256 },
					    { .llcs = 0 })),
		  "nodes[1] has llcs 0 and memory_mib 0" },
		{ SAID(.nodes = KTSTR_NODES({ .memory_mib = 256 },
					    { .llcs = 1 })),
		  "nodes without CPUs come last" },
		{ SAID(.nodes = KTSTR_NODES({ .llcs = 1, .memory_mib = 255 })),
		  ".nodes: memory_mib of all nodes are 255, a machine with 2 "
		  "CPUs needs 256" },
		{ SAID(.nodes = KTSTR_NODES({ .llcs = 600, .memory_mib = 9 })),
		  "llcs is 600, it is 1 to 512" },
		{ SAID(.numa_nodes = 2, .llcs = 2,
		       .distances = KTSTR_DISTANCES(10, 20, 20)),
		  "nr_distances is 3, it must be 4" },
		{ SAID(.numa_nodes = 2, .llcs = 2,
		       .distances = KTSTR_DISTANCES(10, 20, 21, 10)),
		  "20, but 21 the other way" },
		{ SAID(.numa_nodes = 2, .llcs = 2,
		       .distances = KTSTR_DISTANCES(11, 20, 20, 10)),
		  "distance of node 0 to itself is 11" },
		{ SAID(.min_llcs = 3, .max_llcs = 2),
		  "f.t: constraints: min_llcs is 3, above max_llcs 2" },
		{ SAID(.max_cpus = 0), "min_cpus is 1, above max_cpus 0" },
		{ SAID(.min_numa_nodes = 2),
		  "min_numa_nodes is 2, above max_numa_nodes 1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct layers layers = { { rows[i].said } };
		struct kt_diag diag = { 0 };
		struct ktstr_attr attr;
		int err;

		assert_int_equal(resolve(&layers, &attr, NULL), 0);
		err = ktstr_attr__check("f.t", &attr, &diag);
		if (err != (rows[i].text ? -EINVAL : 0) ||
		    (rows[i].text && !strstr(diag.msg, rows[i].text)))
			fail_msg("row %zu: %d '%s' has no '%s'", i, err,
				 diag.msg, rows[i].text);
	}
}

/* Two places say them: what a test gets, and what others start from. */
static void constraints_have_one_default(void **state)
{
	const struct topo_constraints want = TOPO_CONSTRAINTS_DEFAULT;
	struct topo_constraints got;
	struct ktstr_attr attr;

	(void)state;
	assert_int_equal(ktstr_attr__resolve(NULL, 0, &attr, NULL), 0);
	got = ktstr_attr__constraints(&attr);
	assert_memory_equal(&got, &want,
			    offsetof(struct topo_constraints, requires_smt));
	assert_int_equal(got.requires_smt, want.requires_smt);
	attr.requires_smt = true;
	assert_true(ktstr_attr__constraints(&attr).requires_smt);
}

static void presets_replace_any_shape(void **state)
{
	const struct layers layers = { { SAID(.nodes = TWO_NODES) } };
	struct ktstr_attr attr;

	(void)state;
	assert_int_equal(resolve(&layers, &attr, NULL), 0);
	for (size_t i = 0; i < TOPO_NR_PRESETS; i++) {
		char label[TOPO_LABEL_SIZE];

		topo__label(&topo_presets[i].topology, label);
		ktstr_attr__set_topology(&attr, &topo_presets[i].topology);
		assert_label(&attr, label);
		assert_int_equal(attr__memory_mib(&attr),
				 KT_MAX(64 * attr.cpus, 384u));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_dimension_is_inherited_alone),
		cmocka_unit_test(two_forms_at_once_are_refused),
		cmocka_unit_test(nodes_say_llcs_and_memory),
		cmocka_unit_test(bad_shapes_are_refused),
		cmocka_unit_test(constraints_have_one_default),
		cmocka_unit_test(presets_replace_any_shape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
