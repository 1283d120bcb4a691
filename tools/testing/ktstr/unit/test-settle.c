// SPDX-License-Identifier: GPL-2.0
/* What host callbacks, budgets and expectations make of an outcome. */
#include "lib/session/settle.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#define FAILS                                   \
	{                                       \
		.err = -EPROTO, .why = { "no" } \
	}
#define SKIPS                                                    \
	{                                                        \
		.err = KTSTR_POST_VM_SKIP, .why = { "not here" } \
	}

static const struct host_findings nothing;
static const struct host_findings post_fails = { .post = FAILS };
static const struct host_findings post_skips = { .post = SKIPS };
static const struct host_findings always_fails = { .always = FAILS };
static const struct host_findings always_skips = { .always = SKIPS };
static const struct host_findings both_fail = { .post = FAILS,
						.always = FAILS };
static const struct host_findings over_budget = { .over_budget = true };

static void outcomes_settle(void **state)
{
	static const struct ktstr_attr plain,
		xfail = { .expect_fail = true },
		lax = { .allow_inconclusive = true };
	static const struct {
		const struct ktstr_attr *attr;
		enum ktstr_outcome said;
		const struct host_findings *found;
		enum ktstr_outcome want;
	} cases[] = {
		{ &plain, KTSTR_PASS, &nothing, KTSTR_PASS },
		{ &plain, KTSTR_PASS, &post_fails, KTSTR_POST_VM_FAIL },
		{ &plain, KTSTR_PASS, &post_skips, KTSTR_SKIP },
		{ &plain, KTSTR_PASS, &always_fails, KTSTR_POST_VM_FAIL },
		{ &plain, KTSTR_PASS, &always_skips, KTSTR_SKIP },
		{ &plain, KTSTR_PASS, &over_budget, KTSTR_POST_VM_FAIL },
		{ &plain, KTSTR_SKIP, &always_fails, KTSTR_POST_VM_FAIL },
		{ &plain, KTSTR_FAIL, &nothing, KTSTR_FAIL },
		{ &plain, KTSTR_FAIL, &always_fails, KTSTR_FAIL },
		{ &plain, KTSTR_FAIL, &always_skips, KTSTR_FAIL },
		{ &plain, KTSTR_INCONCLUSIVE, &nothing, KTSTR_INCONCLUSIVE },
		{ &plain, KTSTR_INCONCLUSIVE, &always_fails,
		  KTSTR_POST_VM_FAIL },

		{ &xfail, KTSTR_PASS, &nothing, KTSTR_XPASS },
		{ &xfail, KTSTR_FAIL, &nothing, KTSTR_XFAIL },
		{ &xfail, KTSTR_SKIP, &nothing, KTSTR_SKIP },
		{ &xfail, KTSTR_INCONCLUSIVE, &nothing, KTSTR_INCONCLUSIVE },
		{ &xfail, KTSTR_PASS, &post_fails, KTSTR_XFAIL },
		{ &xfail, KTSTR_PASS, &post_skips, KTSTR_SKIP },
		/* No expectation turns these round. */
		{ &xfail, KTSTR_FAIL, &always_fails, KTSTR_POST_VM_FAIL },
		{ &xfail, KTSTR_PASS, &both_fail, KTSTR_POST_VM_FAIL },
		{ &xfail, KTSTR_FAIL, &over_budget, KTSTR_POST_VM_FAIL },

		{ &lax, KTSTR_INCONCLUSIVE, &nothing, KTSTR_SKIP },
		{ &lax, KTSTR_INCONCLUSIVE, &always_fails, KTSTR_POST_VM_FAIL },
		{ &lax, KTSTR_PASS, &nothing, KTSTR_PASS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum ktstr_outcome got = settle__outcome(
			cases[i].attr, cases[i].said, cases[i].found);

		if (got != cases[i].want)
			fail_msg("case %zu: %s instead of %s", i,
				 ktstr_outcome__name(got),
				 ktstr_outcome__name(cases[i].want));
	}
}

/* Whatever was expected: a dead guest is a dead guest. */
static void infra_stays(void **state)
{
	static const struct ktstr_attr attr = { .expect_fail = true,
						.allow_inconclusive = true };
	static const struct host_findings *const all[] = {
		&nothing,      &post_fails, &post_skips, &always_fails,
		&always_skips, &both_fail,  &over_budget
	};

	(void)state;
	for (int o = 0; o < KTSTR_OUTCOME_NR; o++) {
		if (!ktstr_outcome__is_infra(o) || o == KTSTR_INCONCLUSIVE)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(all); i++)
			assert_int_equal(settle__outcome(&attr, o, all[i]), o);
	}
}

static void text_names_each_hook(void **state)
{
	struct host_findings found = both_fail;
	char text[2200];

	(void)state;
	settle__text(&found, text, sizeof(text));
	assert_string_equal(text, "post_vm: no; post_vm_unconditional: no");
	settle__text(&post_fails, text, sizeof(text));
	assert_string_equal(text, "post_vm: no");
	settle__text(&always_fails, text, sizeof(text));
	assert_string_equal(text, "post_vm_unconditional: no");
	settle__text(&post_skips, text, sizeof(text));
	assert_string_equal(text, "");
	/* Without a message there is the error's. */
	found = (struct host_findings){ .post = { .err = -ENOENT } };
	settle__text(&found, text, sizeof(text));
	assert_string_equal(text, "post_vm: No such file or directory");
	snprintf(found.post.why.msg, sizeof(found.post.why.msg),
		 "a\nok 1 forged # SKIP\x1b");
	settle__text(&found, text, sizeof(text));
	assert_string_equal(text, "post_vm: a ok 1 forged ? SKIP?");
	settle__text(&both_fail, text, 12);
	assert_string_equal(text, "post_vm: no");
}

static void reasons_are_constant(void **state)
{
	static const struct {
		enum ktstr_outcome outcome, guest;
		const struct host_findings *found;
		const char *said, *want;
		int ksft_code;
	} cases[] = {
		{ KTSTR_PASS, KTSTR_PASS, &nothing, "x", "time=12ms", 0 },
		{ KTSTR_FAIL, KTSTR_FAIL, &nothing, "x", "time=12ms", 1 },
		{ KTSTR_XFAIL, KTSTR_FAIL, &nothing, "x", "expected to fail",
		  2 },
		{ KTSTR_XPASS, KTSTR_PASS, &nothing, "", "XPASS time=12ms", 1 },
		{ KTSTR_POST_VM_FAIL, KTSTR_PASS, &post_fails, "",
		  "post_vm_fail time=12ms", 1 },
		{ KTSTR_SKIP, KTSTR_SKIP, &nothing, "no # PSI\n", "no ? PSI",
		  4 },
		{ KTSTR_SKIP, KTSTR_SKIP, &nothing, "", "no reason given", 4 },
		{ KTSTR_SKIP, KTSTR_PASS, &post_skips, "", "not here", 4 },
		{ KTSTR_SKIP, KTSTR_PASS, &always_skips, "", "not here", 4 },
		{ KTSTR_SKIP, KTSTR_INCONCLUSIVE, &nothing, "42 of 43",
		  "inconclusive", 4 },
		{ KTSTR_INCONCLUSIVE, KTSTR_INCONCLUSIVE, &nothing, "42 of 43",
		  "ERROR inconclusive", 1 },
		{ KTSTR_TIMEOUT, KTSTR_TIMEOUT, &nothing, "", "ERROR timeout",
		  1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct session_verdict v = { .outcome = cases[i].outcome };

		settle__reason(&v, cases[i].said, cases[i].guest,
			       cases[i].found, 12 * NSEC_PER_MSEC);
		assert_string_equal(v.reason, cases[i].want);
		assert_int_equal(v.ksft_code, cases[i].ksft_code);
	}
}

static void host_tests_settle_too(void **state)
{
	const struct ktstr_attr xfail = { .expect_fail = true };
	const struct ktstr_attr plain = { 0 };
	struct session_verdict v;

	(void)state;
	session__judge_host(&plain, 0, "", 0, &v);
	assert_int_equal(v.outcome, KTSTR_PASS);
	session__judge_host(&xfail, 1, "", 0, &v);
	assert_int_equal(v.outcome, KTSTR_XFAIL);
	session__judge_host(&plain, KTSTR_EXIT_INCONCLUSIVE, "hm", 0, &v);
	assert_string_equal(v.reason, "ERROR inconclusive");
	session__judge_host(&plain, 4, "why", 0, &v);
	assert_string_equal(v.reason, "why");
	session__judge_host(&plain, 77, "", 0, &v);
	assert_int_equal(v.outcome, KTSTR_FAIL);
}

/* --- callbacks in their process ------------------------------------------ */

static int passes(const struct ktstr_vm_result *res, struct kt_diag *diag)
{
	(void)res;
	(void)diag;
	return 0;
}

static int refuses(const struct ktstr_vm_result *res, struct kt_diag *diag)
{
	return diag__fail(diag, -EPROTO, "no to %s", res->test_name);
}

static int skips(const struct ktstr_vm_result *res, struct kt_diag *diag)
{
	(void)res;
	return ktstr_post_vm_skip(diag, "no PSI");
}

static int returns_seven(const struct ktstr_vm_result *res,
			 struct kt_diag *diag)
{
	(void)res;
	(void)diag;
	return 7;
}

static int crashes(const struct ktstr_vm_result *res, struct kt_diag *diag)
{
	(void)res;
	(void)diag;
	raise(SIGKILL);
	return 0;
}

static int leaves(const struct ktstr_vm_result *res, struct kt_diag *diag)
{
	(void)res;
	(void)diag;
	_exit(0);
}

static int hangs(const struct ktstr_vm_result *res, struct kt_diag *diag)
{
	(void)res;
	(void)diag;
	sleep(3600);
	return 0;
}

static void callbacks_are_contained(void **state)
{
	static const struct {
		ktstr_post_vm_fn fn;
		int err;
		const char *text;
	} cases[] = {
		{ passes, 0, "" },
		{ refuses, -EPROTO, "no to f.t" },
		{ skips, KTSTR_POST_VM_SKIP, "no PSI" },
		{ returns_seven, -EINVAL, "returned 7" },
		{ crashes, -EFAULT, "killed by signal 9" },
		{ leaves, -ECHILD, "exited with status 0 instead" },
	};
	const struct ktstr_vm_result res = { .test_name = "f.t" };
	struct hook_result r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		postvm__call(cases[i].fn, &res, 10000, &r);
		assert_int_equal(r.err, cases[i].err);
		assert_non_null(strstr(r.why.msg, cases[i].text));
	}
	postvm__call(hangs, &res, 30, &r);
	assert_int_equal(r.err, -ETIMEDOUT);
	assert_non_null(strstr(r.why.msg, "within 30 ms"));
}

static void hooks_have_time(void **state)
{
	struct ktstr_attr attr = { 0 };

	(void)state;
	assert_int_equal(postvm__timeout_ms(&attr, 2), 0);
	attr.post_vm = passes;
	assert_int_equal(postvm__timeout_ms(&attr, 2), 60000);
	attr.post_vm_unconditional = passes;
	assert_int_equal(postvm__timeout_ms(&attr, 1), 60000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outcomes_settle),
		cmocka_unit_test(infra_stays),
		cmocka_unit_test(text_names_each_hook),
		cmocka_unit_test(reasons_are_constant),
		cmocka_unit_test(host_tests_settle_too),
		cmocka_unit_test(callbacks_are_contained),
		cmocka_unit_test(hooks_have_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
