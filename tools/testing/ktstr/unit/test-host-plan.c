// SPDX-License-Identifier: GPL-2.0
/*
 * Budget, plan, windows and pinning, on hosts that are made up: written as
 * sysfs trees where the shape matters, random ones where rules hold for all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>

#include "fake-host.h"
#include "scratch.h"
#include "vmm/host/plan.h"

/* Two nodes of two LLCs of four CPUs. */
static const struct fake_host two_nodes = {
	.online = "0-15",
	.llc = { "0-3", "4-7", "8-11", "12-15" },
	.node = { "0-7", "8-15" },
	.distance = { "10 20", "20 10" },
};

struct tree {
	char root[SCRATCH_PATH_MAX];
	struct host_view view;
};

static int setup(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	scratch__make(t->root);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct tree *t = *state;

	host_view__fini(&t->view);
	scratch__remove(t->root);
	free(t);
	return 0;
}

/* --- caps and budgets ------------------------------------------------------
 */

static void caps_are_numbers(void **state)
{
	static const char *const bad[] = {
		"0",  "x",   "-1",   " 4",
		"4 ", "0x4", "8193", "99999999999999999999",
	};
	struct kt_diag diag = { 0 };
	unsigned int cap = 7;

	(void)state;
	assert_int_equal(host_cap__parse("V", NULL, &cap, &diag), 0);
	assert_int_equal(cap, 0);
	cap = 7;
	assert_int_equal(host_cap__parse("V", "", &cap, &diag), 0);
	assert_int_equal(cap, 0);
	assert_int_equal(host_cap__parse("V", "8192", &cap, &diag), 0);
	assert_int_equal(cap, 8192);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		diag = (struct kt_diag){ 0 };
		assert_int_equal(host_cap__parse("V", bad[i], &cap, &diag),
				 -EINVAL);
		assert_non_null(strstr(diag.msg, "V='"));
		assert_non_null(strstr(diag.msg, bad[i]));
		assert_non_null(strstr(diag.msg, "1 to 8192"));
	}
	assert_int_equal(cap, 8192);
}

static unsigned int target(unsigned int cap, unsigned int budget,
			   unsigned int vcpus, unsigned int allowed)
{
	const struct host_budget b = { .cap = cap,
				       .budget = budget,
				       .vcpus = vcpus };
	unsigned int n;

	return host_budget__target(&b, allowed, &n, NULL) ? UINT_MAX : n;
}

static void targets_follow_the_order_of_words(void **state)
{
	(void)state;
	/* 30 %, rounded up, never nothing */
	assert_int_equal(target(0, 0, 0, 1), 1);
	assert_int_equal(target(0, 0, 0, 3), 1);
	assert_int_equal(target(0, 0, 0, 4), 2);
	assert_int_equal(target(0, 0, 0, 10), 3);
	assert_int_equal(target(0, 0, 0, 64), 20);
	/* a CPU each where that is more, and no more than there are */
	assert_int_equal(target(0, 0, 32, 64), 32);
	assert_int_equal(target(0, 0, 100, 64), 64);
	/* the test's word, cut to what there is; then the user's */
	assert_int_equal(target(0, 2, 32, 64), 2);
	assert_int_equal(target(0, 100, 32, 64), 64);
	assert_int_equal(target(5, 2, 32, 64), 5);
	assert_int_equal(target(64, 2, 32, 64), 64);
	assert_int_equal(target(65, 2, 32, 64), UINT_MAX);
}

static void cap_above_the_allowed_names_both(void **state)
{
	const struct host_budget b = { .cap = 9 };
	struct kt_diag diag = { 0 };
	unsigned int n;

	(void)state;
	assert_int_equal(host_budget__target(&b, 8, &n, &diag), -EINVAL);
	assert_non_null(strstr(diag.msg, "cap of 9 CPUs"));
	assert_non_null(strstr(diag.msg, "KTSTR_CPU_CAP"));
	assert_non_null(strstr(diag.msg, "allowed 8"));
}

/* --- plans -----------------------------------------------------------------
 */

static void plan(struct tree *t, const unsigned int *holders, unsigned int nr,
		 const char *llcs, const char *cpus, const char *mems)
{
	struct host_plan p;

	assert_int_equal(host_plan__make(&t->view, holders, nr, &p, NULL), 0);
	assert_list(&p.llcs, llcs);
	assert_list(&p.cpus, cpus);
	assert_list(&p.mems, mems);
}

static void plans_fill_a_node_first(void **state)
{
	struct tree *t = *state;
	const unsigned int on_3[] = { 0, 0, 0, 1 };
	const unsigned int more_on_1[] = { 1, 2, 0, 0 };
	const unsigned int alone_on_0[] = { HOST_HOLDERS_AVOID, 0, 0, 0 };

	fake_host__view(&two_nodes, t->root, NULL, &t->view);
	plan(t, NULL, 1, "0", "0", "0");
	plan(t, NULL, 4, "0", "0-3", "0");
	plan(t, NULL, 6, "0-1", "0-5", "0");
	plan(t, NULL, 9, "0-2", "0-8", "0-1");
	plan(t, NULL, 16, "0-3", "0-15", "0-1");
	plan(t, NULL, 99, "0-3", "0-15", "0-1");
	/* where somebody is already; then that node; then the other */
	plan(t, on_3, 2, "3", "12-13", "1");
	plan(t, on_3, 6, "2-3", "8-13", "1");
	plan(t, on_3, 10, "0,2-3", "0-3,8-13", "0-1");
	plan(t, more_on_1, 1, "1", "4", "0");
	plan(t, more_on_1, 6, "0-1", "0-5", "0");
	/* who wants to be alone is asked last */
	plan(t, alone_on_0, 6, "1-2", "4-9", "0-1");
	plan(t, alone_on_0, 13, "0-3", "0-12", "0-1");
}

static void nearer_nodes_come_first(void **state)
{
	static const struct fake_host host = {
		.online = "0-7",
		.llc = { "0-1", "2-3", "4-5", "6-7" },
		.node = { "0-1", "2-3", "4-5", "6-7" },
		.distance = { "10 40 20 20", "40 10 20 20", "20 20 10 255",
			      "20 20 255 10" },
	};
	const unsigned int on_1[] = { 0, 3, 0, 0 };
	const unsigned int on_2[] = { 0, 0, 1, 0 };
	struct tree *t = *state;

	fake_host__view(&host, t->root, NULL, &t->view);
	plan(t, NULL, 4, "0,2", "0-1,4-5", "0,2");
	plan(t, NULL, 6, "0,2-3", "0-1,4-7", "0,2-3");
	plan(t, on_1, 4, "1-2", "2-5", "1-2");
	/* 255 is unreachable: last */
	plan(t, on_2, 6, "0-2", "0-5", "0-2");
}

static void plans_keep_to_the_allowed(void **state)
{
	struct tree *t = *state;
	struct host_plan p;

	fake_host__view(&two_nodes, t->root, "3,9-10,14,99", &t->view);
	assert_int_equal(t->view.nr_allowed, 4);
	plan(t, NULL, 1, "0", "3", "0");
	plan(t, NULL, 2, "0,2", "3,9", "0-1");
	plan(t, NULL, 4, "0,2-3", "3,9-10,14", "0-1");
	assert_true(host_plan__window(&t->view, 1, 2, &p));
	assert_list(&p.cpus, "9-10");
	assert_list(&p.llcs, "2");
	assert_true(host_plan__window(&t->view, 0, 4, &p));
	assert_list(&p.llcs, "0,2-3");
	assert_list(&p.mems, "0-1");
	assert_false(host_plan__window(&t->view, 0, 5, &p));
	assert_false(host_plan__window(&t->view, 1, 4, &p));
	assert_false(host_plan__window(&t->view, 5, 1, &p));
	assert_false(host_plan__window(&t->view, UINT_MAX, 1, &p));
	assert_false(host_plan__window(&t->view, 0, 0, &p));
}

static void nothing_allowed_is_an_error(void **state)
{
	struct cpuset set = fake_host__set("99-100");
	struct tree *t = *state;
	const struct host_system sys = { .sysfs = t->root, .allowed = &set };
	struct kt_diag diag = { 0 };

	fake_host__write(&two_nodes, t->root);
	assert_int_equal(host_view__read(&sys, &t->view, &diag), -EINVAL);
	assert_non_null(strstr(diag.msg, "99-100"));
	assert_non_null(strstr(diag.msg, "taskset"));
}

static void one_cpu_and_no_numa(void **state)
{
	static const struct fake_host host = { .online = "0" };
	const struct topology one = TOPO_EVEN(1, 1, 1, 1);
	struct host_pins pins = { 0 };
	struct kt_diag diag = { 0 };
	struct tree *t = *state;
	struct host_plan p;

	fake_host__view(&host, t->root, NULL, &t->view);
	plan(t, NULL, 1, "0", "0", "0");
	assert_true(host_plan__window(&t->view, 0, 1, &p));
	assert_int_equal(host_pins__make(&t->view, &one, 0, &pins, &diag),
			 -ERANGE);
	assert_non_null(strstr(diag.msg, "needs 2 CPUs"));
	assert_non_null(strstr(diag.msg, "has 1"));
}

/* --- pinning ---------------------------------------------------------------
 */

static void pin(struct tree *t, const char *label, unsigned int slot,
		const char *cpus, const char *llcs, unsigned int service)
{
	struct host_pins pins __free(host_pins) = { 0 };
	struct kt_diag diag = { 0 };
	struct topology topo;
	char text[256];
	size_t len = 0;

	assert_int_equal(topo__parse_label(label, &topo, NULL), 0);
	if (host_pins__make(&t->view, &topo, slot, &pins, &diag))
		fail_msg("%s: %s", label, diag.msg);
	for (unsigned int i = 0; i < topo__nr_cpus(&topo); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u",
					i ? "," : "", pins.cpu[i]);
	assert_string_equal(text, cpus);
	assert_list(&pins.llcs, llcs);
	assert_int_equal(pins.service_cpu, service);
}

static void llcs_stand_for_llcs(void **state)
{
	struct tree *t = *state;

	fake_host__view(&two_nodes, t->root, NULL, &t->view);
	pin(t, "1n1l2c1t", 0, "0,1", "0", 2);
	pin(t, "1n1l2c1t", 3, "12,13", "3", 0);
	pin(t, "1n2l3c1t", 1, "8,9,10,12,13,14", "2-3", 0);
	pin(t, "1n3l2c1t", 0, "0,1,4,5,8,9", "0-2", 2);
	/* a node each, in all places */
	pin(t, "2n2l1c1t", 0, "0,8", "0,2", 1);
	pin(t, "2n2l1c1t", 1, "4,12", "1,3", 0);
}

static void nodes_spread_over_nodes(void **state)
{
	static const struct fake_host host = {
		.online = "0-11",
		.llc = { "0-1", "2-3", "4-5", "6-7", "8-9", "10-11" },
		.node = { "0-1", "2-5", "6-9", "10-11" },
	};
	const struct topology t2 = TOPO_EVEN(2, 4, 1, 1);
	struct host_pins pins __free(host_pins) = { 0 };
	struct tree *t = *state;

	fake_host__view(&host, t->root, NULL, &t->view);
	/* only nodes 1 and 2 have two LLCs */
	pin(t, "2n4l1c1t", 0, "2,4,6,8", "1-4", 0);
	/* too few such nodes: LLCs as they come */
	pin(t, "3n3l1c1t", 0, "0,2,6", "0-1,3", 1);
	assert_int_equal(host_pins__make(&t->view, &t2, 0, &pins, NULL), 0);
	assert_list(&pins.mems[0], "1");
	assert_list(&pins.mems[1], "2");
}

static void memory_only_nodes_are_not_bound(void **state)
{
	static const struct topo_node nodes[] = {
		{ .llcs = 1, .memory_mib = 256 },
		{ .llcs = 0, .memory_mib = 256 },
		{ .llcs = 2, .memory_mib = 256 },
	};
	struct topology topo = TOPO_EVEN(3, 3, 1, 1);
	struct host_pins pins __free(host_pins) = { 0 };
	struct tree *t = *state;

	topo.nodes = nodes;
	topo.nr_nodes = 3;
	fake_host__view(&two_nodes, t->root, NULL, &t->view);
	assert_int_equal(host_pins__make(&t->view, &topo, 0, &pins, NULL), 0);
	assert_list(&pins.mems[0], "0");
	assert_list(&pins.mems[1], "");
	assert_list(&pins.mems[2], "1");
	assert_int_equal(pins.cpu[0], 0);
	assert_int_equal(pins.cpu[1], 8);
	assert_int_equal(pins.cpu[2], 12);
}

/* Servers count first threads of all cores before the second ones. */
static void siblings_stand_for_siblings(void **state)
{
	static const struct fake_host host = {
		.online = "0-11",
		.llc = { "0-3,6-9", "4-5,10-11" },
		.core = { "0,6", "1,7", "2,8", "3,9", "4,10", "5,11" },
	};
	struct tree *t = *state;

	fake_host__view(&host, t->root, NULL, &t->view);
	pin(t, "1n1l2c2t", 0, "0,6,1,7", "0", 2);
	pin(t, "1n1l4c1t", 0, "0,1,2,3", "0", 4);
	pin(t, "1n1l1c2t", 1, "4,10", "1", 0);
}

static void refuse(struct tree *t, const char *label, unsigned int slot,
		   const char *words)
{
	struct host_pins pins = { 0 };
	struct kt_diag diag = { 0 };
	struct topology topo;

	assert_int_equal(topo__parse_label(label, &topo, NULL), 0);
	assert_int_equal(host_pins__make(&t->view, &topo, slot, &pins, &diag),
			 -ERANGE);
	if (!strstr(diag.msg, words))
		fail_msg("'%s' lacks '%s'", diag.msg, words);
	assert_null(pins.cpu);
}

static void too_small_hosts_say_what_is_missing(void **state)
{
	static const struct fake_host host = {
		.online = "0-7",
		.llc = { "0-4", "5-7" },
	};
	struct tree *t = *state;

	fake_host__view(&host, t->root, NULL, &t->view);
	refuse(t, "1n1l8c1t", 0, "9 CPUs (one besides the machine's)");
	refuse(t, "1n3l1c1t", 0, "3 LLCs, this process has 2");
	refuse(t, "1n2l1c1t", 0, "9 CPUs (whole LLCs, and one besides)");
	refuse(t, "1n1l4c1t", 1, "4 CPUs in an LLC, LLC 1 has 3");
	pin(t, "1n1l5c1t", 0, "0,1,2,3,4", "0", 5);
}

/* --- rules that hold for all ------------------------------------------------
 */

static unsigned int below(unsigned int n)
{
	return (unsigned int)random() % n;
}

/* LLCs of 1 to 6 CPUs, in 1 to 4 nodes, any distances, any CPUs allowed. */
static void random_host(struct host_view *view)
{
	struct host_topology *t = &view->topo;

	*view = (struct host_view){ 0 };
	t->nr_nodes = 1 + below(4);
	t->nr_llcs = t->nr_nodes + below(8);
	t->cpu = calloc(t->nr_llcs * 6, sizeof(*t->cpu));
	t->node = calloc(t->nr_nodes, sizeof(*t->node));
	t->distance = calloc(t->nr_nodes * t->nr_nodes, 1);
	assert_true(t->cpu && t->node && t->distance);
	for (unsigned int i = 0; i < t->nr_nodes; i++)
		t->node[i].id = 2 * i;
	for (unsigned int i = 0; i < t->nr_nodes * t->nr_nodes; i++)
		t->distance[i] = (u8)(10 + below(246));
	for (unsigned int llc = 0, at = 0; llc < t->nr_llcs; llc++)
		for (unsigned int n = 1 + below(6); n; n--) {
			t->cpu[t->nr_cpus++] = (struct host_cpu){
				.cpu = at,
				.core = at & ~1u,
				.llc = llc,
				.node = llc * t->nr_nodes / t->nr_llcs,
			};
			at += 1 + (below(8) == 0);
		}
	for (unsigned int i = 0; i < t->nr_cpus; i++)
		if (below(8) || i == 0)
			cpuset__add(&view->allowed, t->cpu[i].cpu);
	view->nr_allowed = cpuset__count(&view->allowed);
}

static unsigned int held(const struct host_view *view, unsigned int llc)
{
	struct cpuset cpus;

	host_view__llc_cpus(view, llc, &cpus);
	return cpuset__count(&cpus);
}

static void check_plan(const struct host_view *view,
		       const unsigned int *holders, unsigned int want)
{
	struct cpuset inside, expect;
	struct host_plan p;
	unsigned int llc, got = 0, other;
	struct host_plan again;

	assert_int_equal(host_plan__make(view, holders, want, &p, NULL), 0);
	assert_int_equal(cpuset__count(&p.cpus),
			 KT_MIN(want, view->nr_allowed));
	inside = p.cpus;
	cpuset__and(&inside, &view->allowed);
	assert_true(cpuset__equal(&inside, &p.cpus));
	/* Locked, though the lower ones may have had CPUs enough. */
	host_view__llcs_of(view, &p.cpus, &expect);
	inside = expect;
	cpuset__and(&inside, &p.llcs);
	assert_true(cpuset__equal(&expect, &inside));
	host_view__nodes_of(view, &p.cpus, &expect);
	assert_true(cpuset__equal(&expect, &p.mems));
	cpuset__for_each(llc, &p.llcs)
	{
		got += held(view, llc);
		/* In a node, nobody's LLC is taken before somebody's. */
		for (other = 0; other < view->topo.nr_llcs; other++)
			if (!cpuset__has(&p.llcs, other) && held(view, other) &&
			    host_topology__node_of_llc(&view->topo, other) ==
				    host_topology__node_of_llc(&view->topo,
							       llc))
				assert_true(holders[other] <= holders[llc]);
	}
	assert_true(got >= KT_MIN(want, view->nr_allowed));
	/* The same question has the same answer. */
	assert_int_equal(host_plan__make(view, holders, want, &again, NULL), 0);
	assert_memory_equal(&p, &again, sizeof(p));
}

static void check_pins(const struct host_view *view, const struct topology *t,
		       unsigned int slot)
{
	struct host_pins pins __free(host_pins) = { 0 };
	struct cpuset seen = { 0 }, llcs = { 0 };
	struct kt_diag diag = { 0 };
	int err = host_pins__make(view, t, slot, &pins, &diag);

	if (err) {
		assert_int_equal(err, -ERANGE);
		assert_true(diag.msg[0]);
		return;
	}
	for (unsigned int i = 0; i < topo__nr_cpus(t); i++) {
		const struct host_cpu *c = host_view__cpu(view, pins.cpu[i]);
		unsigned int first =
			topo__cpus_of_llc(t, topo__llc_of_cpu(t, i)).first;

		assert_non_null(c);
		assert_true(cpuset__has(&view->allowed, c->cpu));
		assert_false(cpuset__has(&seen, c->cpu));
		cpuset__add(&seen, c->cpu);
		/* One LLC of the host, the same for all of the LLC. */
		assert_int_equal(c->llc,
				 host_view__cpu(view, pins.cpu[first])->llc);
		cpuset__add(&llcs, c->llc);
		assert_true(cpuset__has(&pins.mems[topo__node_of_cpu(t, i)],
					view->topo.node[c->node].id));
	}
	assert_int_equal(cpuset__count(&llcs), t->llcs);
	assert_true(cpuset__equal(&llcs, &pins.llcs));
	assert_true(cpuset__has(&view->allowed, pins.service_cpu));
	assert_false(cpuset__has(&seen, pins.service_cpu));
}

static void check_windows(const struct host_view *view)
{
	struct host_plan p;

	assert_false(host_plan__window(view, 0, view->nr_allowed + 1, &p));
	assert_true(host_plan__window(view, 0, view->nr_allowed, &p));
	assert_true(cpuset__equal(&p.cpus, &view->allowed));
}

static void rules_hold_on_any_host(void **state)
{
	struct host_view *view = calloc(1, sizeof(*view));
	unsigned int seed = (unsigned int)getpid();

	(void)state;
	assert_non_null(view);
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int round = 0; round < 2000; round++) {
		unsigned int holders[16];
		unsigned int nodes = 1 + below(3);
		struct topology t = TOPO_EVEN(nodes, nodes * (1 + below(3)),
					      1 + below(3), 1 + below(2));

		random_host(view);
		for (unsigned int i = 0; i < ARRAY_SIZE(holders); i++)
			holders[i] = below(2) ? 0 : below(4);
		check_plan(view, holders, 1 + below(view->nr_allowed + 3));
		for (unsigned int s = 0; s < host_pins__slots(view, &t); s++)
			check_pins(view, &t, s);
		check_windows(view);
		host_view__fini(view);
	}
	free(view);
}

/* Places that are tried one after the other do not meet. */
static void places_are_disjoint(void **state)
{
	struct tree *t = *state;
	const struct topology topo = TOPO_EVEN(1, 2, 2, 1);
	struct cpuset taken = { 0 };

	fake_host__view(&two_nodes, t->root, NULL, &t->view);
	assert_int_equal(host_pins__slots(&t->view, &topo), 2);
	for (unsigned int s = 0; s < 2; s++) {
		struct host_pins pins __free(host_pins) = { 0 };
		struct cpuset both = taken;

		assert_int_equal(
			host_pins__make(&t->view, &topo, s, &pins, NULL), 0);
		cpuset__and(&both, &pins.llcs);
		assert_int_equal(cpuset__count(&both), 0);
		cpuset__or(&taken, &pins.llcs);
	}
	assert_list(&taken, "0-3");
}

#define ON_A_HOST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caps_are_numbers),
		cmocka_unit_test(targets_follow_the_order_of_words),
		cmocka_unit_test(cap_above_the_allowed_names_both),
		ON_A_HOST(plans_fill_a_node_first),
		ON_A_HOST(nearer_nodes_come_first),
		ON_A_HOST(plans_keep_to_the_allowed),
		ON_A_HOST(nothing_allowed_is_an_error),
		ON_A_HOST(one_cpu_and_no_numa),
		ON_A_HOST(llcs_stand_for_llcs),
		ON_A_HOST(nodes_spread_over_nodes),
		ON_A_HOST(memory_only_nodes_are_not_bound),
		ON_A_HOST(siblings_stand_for_siblings),
		ON_A_HOST(too_small_hosts_say_what_is_missing),
		ON_A_HOST(places_are_disjoint),
		cmocka_unit_test(rules_hold_on_any_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
