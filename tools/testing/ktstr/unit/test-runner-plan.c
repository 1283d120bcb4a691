// SPDX-License-Identifier: GPL-2.0
/* What is planned: listings, selections, shards, kernels, labels, limits. */
#include "lib/runner/durations.h"
#include "lib/runner/label.h"
#include "lib/runner/settings.h"
#include "lib/runner/share.h"
#include "lib/runner/status.h"
#include "lib/runner/testplan.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void make(struct testplan *plan, const char *name, const char *listing)
{
	struct kt_diag diag = { 0 };
	unsigned int index;

	assert_int_equal(testplan__add_program(plan, name, "/x", &index), 0);
	assert_int_equal(testplan__add_listing(plan, index, listing, &diag), 0);
}

static void two_programs(struct testplan *plan)
{
	make(plan, "alpha", "f.a slow\nf.b\thost_only,net\nf.c\n");
	make(plan, "beta", "f.a\ng.a net\n");
}

/* The plan as "program:label program:label". */
static const char *show(const struct testplan *plan, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < plan->nr_tests; i++) {
		const struct plan_test *test = &plan->tests[i];

		assert_true(test->program < plan->nr_programs);
		n += (size_t)snprintf(
			buf + n, size - n, "%s%s:%s", n ? " " : "",
			plan->programs[test->program].name, test->label);
		assert_true(n < size);
	}
	return buf;
}

static void check_select(const char *const *words, unsigned int nr_words,
			 const char *const *tags, unsigned int nr_tags,
			 const char *want)
{
	struct plan_selection selection = { words, nr_words, tags, nr_tags,
					    false };
	struct testplan plan = { 0 };
	struct kt_diag diag = { 0 };
	char buf[256];
	int err;

	two_programs(&plan);
	err = testplan__select(&plan, &selection, &diag);
	assert_int_equal(err, want ? 0 : -ENOENT);
	if (want)
		assert_string_equal(show(&plan, buf, sizeof(buf)), want);
	else
		assert_true(diag.msg[0]);
	testplan__fini(&plan);
}

#define SELECT(want, ...)                                              \
	do {                                                           \
		const char *const words[] = { __VA_ARGS__ };           \
		check_select(words, ARRAY_SIZE(words), NULL, 0, want); \
	} while (0)

static void test_select(void **state)
{
	const char *const net[] = { "net" }, *const both[] = { "slow", "net" };
	const char *const none[] = { "ne" }, *const odd[] = { "host_only net" };

	(void)state;
	check_select(NULL, 0, NULL, 0,
		     "alpha:f.a alpha:f.b alpha:f.c beta:f.a beta:g.a");
	SELECT("alpha:f.a alpha:f.b alpha:f.c", "alpha");
	SELECT("alpha:f.a beta:f.a", "f.a");
	SELECT("beta:f.a", "beta:f.a");
	SELECT("alpha:f.c beta:g.a", "g.a", "f.c");
	SELECT("alpha:f.a alpha:f.b alpha:f.c", "alpha", "alpha:f.a");
	SELECT("alpha:f.a beta:f.a beta:g.a", "*.a");
	SELECT("beta:f.a beta:g.a", "b*:*");
	SELECT("alpha:f.b alpha:f.c", "f.[bc]");
	SELECT(NULL, "gamma");
	SELECT(NULL, "alpha", "gamma");
	SELECT(NULL, "alpha:g.a");
	SELECT(NULL, "z*");
	SELECT(NULL, "f");
	check_select(NULL, 0, net, 1, "alpha:f.b beta:g.a");
	check_select(NULL, 0, both, 2, "alpha:f.a alpha:f.b beta:g.a");
	check_select(NULL, 0, none, 1, NULL);
	check_select(NULL, 0, odd, 1, NULL);
}

/* f.a on two presets; of those one is run like everything else. */
static void check_presets(const struct plan_selection *selection,
			  const char *want, unsigned int named)
{
	struct testplan plan = { 0 };
	struct kt_diag diag = { 0 };
	char buf[256];

	make(&plan, "p",
	     "f.a slow\nf.numa2-4llc.a\tslow preset ignore\n"
	     "f.tiny-1llc.a\tslow preset\ng.a ignore\n");
	assert_int_equal(testplan__select(&plan, selection, &diag),
			 want ? 0 : -ENOENT);
	for (unsigned int i = 0; want && i < plan.nr_tests; i++)
		named -= plan.tests[i].named;
	if (want) {
		assert_string_equal(show(&plan, buf, sizeof(buf)), want);
		assert_int_equal(named, 0);
	}
	testplan__fini(&plan);
}

#define PRESETS(want, named, ...)                                     \
	do {                                                          \
		const char *const words[] = { __VA_ARGS__ };          \
		const struct plan_selection selection = {             \
			.words = words, .nr_words = ARRAY_SIZE(words) \
		};                                                    \
		check_presets(&selection, want, named);               \
	} while (0)

static void test_select_presets(void **state)
{
	const char *const slow[] = { "slow" }, *const preset[] = { "preset" };
	const char *const program[] = { "p" };

	(void)state;
	check_presets(&(struct plan_selection){ 0 },
		      "p:f.a p:f.tiny-1llc.a p:g.a", 0);
	check_presets(&(struct plan_selection){ .spares = true },
		      "p:f.a p:f.numa2-4llc.a p:f.tiny-1llc.a p:g.a", 0);
	check_presets(&(struct plan_selection){ .words = program,
						.nr_words = 1,
						.spares = true },
		      "p:f.a p:f.numa2-4llc.a p:f.tiny-1llc.a p:g.a", 0);
	check_presets(&(struct plan_selection){ .tags = slow, .nr_tags = 1 },
		      "p:f.a p:f.tiny-1llc.a", 0);
	check_presets(&(struct plan_selection){ .tags = preset, .nr_tags = 1 },
		      "p:f.numa2-4llc.a p:f.tiny-1llc.a", 1);
	PRESETS("p:f.a p:f.tiny-1llc.a p:g.a", 0, "p");
	PRESETS("p:f.numa2-4llc.a", 1, "f.numa2-4llc.a");
	PRESETS("p:f.numa2-4llc.a", 1, "p:f.numa2-4llc.a");
	PRESETS("p:f.a p:f.tiny-1llc.a", 0, "f.*");
	PRESETS("p:f.a p:f.tiny-1llc.a p:g.a", 0, "p:*");
	PRESETS("p:f.numa2-4llc.a p:f.tiny-1llc.a", 1, "f.*.a");
	PRESETS("p:f.numa2-4llc.a", 1, "*.numa2-*.*");
	PRESETS("p:f.numa2-4llc.a", 1, "p:f.numa?-*.a");
	PRESETS(NULL, 0, "*numa2*");
}

static void test_bad_listings(void **state)
{
	static const char *const bad[] = {
		"../x\n",     "a/b\n",	  "-r\n", ".hidden\n",
		"a b\na c\n", "\x1b[m\n", "#\n",
	};
	char longer[300];

	(void)state;
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	for (size_t i = 0; i <= ARRAY_SIZE(bad); i++) {
		struct testplan plan = { 0 };
		struct kt_diag diag = { 0 };
		unsigned int index;

		testplan__add_program(&plan, "p", "/p", &index);
		assert_int_equal(testplan__add_listing(
					 &plan, index,
					 i < ARRAY_SIZE(bad) ? bad[i] : longer,
					 &diag),
				 -EINVAL);
		assert_non_null(strstr(diag.msg, "/p --list"));
		testplan__fini(&plan);
	}
}

/* Any selection, any number of parts: disjoint, complete, balanced. */
static void test_shards(void **state)
{
	(void)state;
	for (unsigned int parts = 1; parts < 8; parts++) {
		unsigned int seen[5] = { 0 }, most = 0, least = 5;

		for (unsigned int part = 1; part <= parts; part++) {
			struct testplan plan = { 0 };
			char all[256], one[256];
			const char *at = all;

			two_programs(&plan);
			show(&plan, all, sizeof(all));
			testplan__shard(&plan, part, parts);
			most = KT_MAX(most, plan.nr_tests);
			least = KT_MIN(least, plan.nr_tests);
			show(&plan, one, sizeof(one));
			for (unsigned int i = 0; i < 5; i++) {
				int len = (int)strcspn(at, " ");
				char name[64];

				snprintf(name, sizeof(name), "%.*s", len, at);
				seen[i] += strstr(one, name) != NULL;
				at += len + !!at[len];
			}
			testplan__fini(&plan);
		}
		for (unsigned int i = 0; i < 5; i++)
			assert_int_equal(seen[i], 1);
		assert_true(most - least <= 1);
	}
}

static void test_kernels(void **state)
{
	const char *const labels[] = { "kernel_a", "kernel_b" };
	struct testplan plan = { 0 };
	char buf[512];

	(void)state;
	two_programs(&plan);
	assert_int_equal(testplan__kernels(&plan, labels, 1), 0);
	assert_string_equal(show(&plan, buf, sizeof(buf)),
			    "alpha:f.a alpha:f.b alpha:f.c beta:f.a beta:g.a");
	assert_int_equal(testplan__kernels(&plan, labels, 2), 0);
	assert_string_equal(show(&plan, buf, sizeof(buf)),
			    "alpha:f.a.kernel_a alpha:f.a.kernel_b alpha:f.b "
			    "alpha:f.c.kernel_a alpha:f.c.kernel_b "
			    "beta:f.a.kernel_a beta:f.a.kernel_b "
			    "beta:g.a.kernel_a beta:g.a.kernel_b");
	assert_int_equal(plan.programs[0].nr_tests, 5);
	assert_string_equal(plan.tests[0].name, "f.a");
	assert_int_equal(plan.tests[1].kernel, 1);
	testplan__fini(&plan);
}

static void test_labels(void **state)
{
	static const struct {
		const char *spec, *label;
	} rows[] = {
		{ "6.12", "kernel_6_12" },
		{ "6.12.117+deb12-cloud-amd64",
		  "kernel_6_12_117_deb12_cloud_amd64" },
		{ "--A--b--", "kernel_a_b" },
		{ "", "kernel_unknown" },
		{ "___", "kernel_unknown" },
		{ "\xc3\xa4x", "kernel_x" },
	};
	char label[RUNNER_LABEL_MAX], other[RUNNER_LABEL_MAX];
	char longer[1000];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		runner_label__kernel(rows[i].spec, label);
		assert_string_equal(label, rows[i].label);
	}
	runner_label__kernel("/a/bzImage", label);
	runner_label__kernel("/b/bzImage", other);
	assert_memory_equal(label, "kernel_path_bzimage_", 20);
	assert_int_equal(strlen(label), 26);
	assert_string_not_equal(label, other);
	runner_label__kernel("/a/bzImage/", other);
	assert_memory_equal(other, "kernel_path_bzimage_", 20);
	memset(longer, 'A', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	runner_label__text(longer, label);
	assert_true(strlen(label) < RUNNER_LABEL_MAX);
	longer[0] = '/';
	runner_label__kernel(longer, label);
	assert_true(strlen(label) < RUNNER_LABEL_MAX);
	assert_int_equal(label[strlen(label) - 7], '_');
}

static void test_settings(void **state)
{
	struct kt_diag diag = { 0 };
	u64 s = 7;

	(void)state;
	assert_int_equal(settings__timeout("timeout=600\n", &s, &diag), 0);
	assert_int_equal(s, 600);
	assert_int_equal(
		settings__timeout("#timeout=1\nx=2\ntimeout=0 \r\n", &s, &diag),
		0);
	assert_int_equal(s, 0);
	assert_int_equal(settings__timeout("timeout=1\ntimeout=2", &s, &diag),
			 0);
	assert_int_equal(s, 2);
	assert_int_equal(settings__timeout("", &s, &diag), -ENOENT);
	assert_int_equal(settings__timeout(" timeout=1", &s, &diag), -ENOENT);
	assert_int_equal(settings__timeout("timeout=", &s, &diag), -EINVAL);
	assert_int_equal(settings__timeout("timeout=-1", &s, &diag), -EINVAL);
	assert_int_equal(settings__timeout("timeout=1e3", &s, &diag), -EINVAL);
	assert_int_equal(
		settings__timeout("timeout=99999999999999999999999", &s, &diag),
		-EINVAL);
	assert_int_equal(s, 2);
}

static struct plan_test *one_test(struct testplan *plan)
{
	make(plan, "p", "f.a\n");
	return &plan->tests[0];
}

static int bisect(enum ktstr_outcome outcome, bool not_booted, int sig)
{
	struct runner_result result = { .signal = sig };
	struct testplan plan = { 0 };
	struct plan_attempt *attempt = testplan__test_attempt(one_test(&plan));
	int status;

	assert_non_null(attempt);
	attempt->outcome = outcome;
	attempt->not_booted = not_booted;
	status = runner_status__bisect(&result, &plan);
	testplan__fini(&plan);
	return status;
}

static void test_bisect(void **state)
{
	(void)state;
	assert_int_equal(bisect(KTSTR_PASS, false, 0), 0);
	assert_int_equal(bisect(KTSTR_XFAIL, false, 0), 0);
	assert_int_equal(bisect(KTSTR_SKIP, false, 0), 125);
	assert_int_equal(bisect(KTSTR_FAIL, false, 0), 1);
	assert_int_equal(bisect(KTSTR_XPASS, false, 0), 1);
	assert_int_equal(bisect(KTSTR_GUEST_PANIC, false, 0), 1);
	assert_int_equal(bisect(KTSTR_GUEST_PANIC, true, 0), 125);
	assert_int_equal(bisect(KTSTR_TIMEOUT, true, 0), 125);
	assert_int_equal(bisect(KTSTR_SETUP_ERROR, false, 0), 125);
	assert_int_equal(bisect(KTSTR_VMM_ERROR, false, 0), 125);
	assert_int_equal(bisect(KTSTR_PASS, false, 2), 130);
}

static void test_exit(void **state)
{
	struct runner_result result = { 0 };

	(void)state;
	/* No outcome but good ones may ever lead to 0. */
	for (int i = 0; i < KTSTR_OUTCOME_NR; i++) {
		int status;

		result.worst = (enum ktstr_outcome)i;
		status = runner_status__exit(&result, true);
		assert_true((status == 0) ==
			    (i == KTSTR_PASS || i == KTSTR_XFAIL));
		assert_true(status < 125);
		assert_true(runner_status__exit(&result, false) != 0);
	}
	result.worst = KTSTR_PASS;
	result.out_err = -ENOSPC;
	assert_int_equal(runner_status__exit(&result, true), 125);
	result.signal = 15;
	assert_int_equal(runner_status__exit(&result, true), 143);
}

static void test_durations(void **state)
{
	char text[] = "beta:f.a 1500\nalpha:f.b 7\nalpha:f.a 0\ngarbage\n"
		      "alpha:f.c -3\nbeta:g.a 99999999999999999999999\n"
		      "alpha:f.c 12x\ntorn:line 5";
	char empty[] = "";
	struct testplan plan = { 0 };

	(void)state;
	two_programs(&plan);
	durations__apply(&plan, empty);
	durations__apply(&plan, text);
	assert_int_equal(plan.tests[0].expect_ms, 0);
	assert_int_equal(plan.tests[1].expect_ms, 7);
	assert_int_equal(plan.tests[2].expect_ms, 0);
	assert_int_equal(plan.tests[3].expect_ms, 1500);
	assert_int_equal(plan.tests[4].expect_ms, 0);
	testplan__fini(&plan);
}

/* Any set of processors: disjoint, complete, at least two each. */
static void test_shares(void **state)
{
	(void)state;
	for (unsigned int nr = 1; nr < 20; nr++) {
		for (unsigned int jobs = 1; jobs <= 8; jobs++) {
			cpu_set_t allowed, all, shares[8];

			CPU_ZERO(&allowed);
			CPU_ZERO(&all);
			for (unsigned int i = 0; i < nr; i++)
				CPU_SET(i * 3 + 1, &allowed);
			if (!runner_share__split(&allowed, jobs, shares)) {
				assert_true(nr / jobs < RUNNER_SHARE_MIN);
				continue;
			}
			for (unsigned int i = 0; i < jobs; i++) {
				cpu_set_t both;

				assert_true(CPU_COUNT(&shares[i]) >= 2);
				CPU_AND(&both, &all, &shares[i]);
				assert_int_equal(CPU_COUNT(&both), 0);
				CPU_OR(&all, &all, &shares[i]);
			}
			assert_true(CPU_EQUAL(&all, &allowed));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_select),
		cmocka_unit_test(test_select_presets),
		cmocka_unit_test(test_bad_listings),
		cmocka_unit_test(test_shards),
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_bisect),
		cmocka_unit_test(test_exit),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_shares),
	};

	return cmocka_run_group_tests_name("runner-plan", tests, NULL, NULL);
}
