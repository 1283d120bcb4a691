// SPDX-License-Identifier: GPL-2.0
/* The pure parts of a session: verdicts, dilation, buffers. */
#include "lib/session/session-internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Evidence of a run in which everything went well. */
static struct evidence good(void)
{
	return (struct evidence){
		.exit = VM_EXIT_POWEROFF,
		.have_result = true,
		.have_exit = true,
	};
}

static void test_pass_needs_everything(void **state)
{
	struct evidence ev = good();

	(void)state;
	assert_int_equal(verdict__judge(&ev), KTSTR_PASS);
	ev.have_exit = false;
	assert_int_equal(verdict__judge(&ev), KTSTR_TORN_RESULT);
	ev = good();
	ev.have_result = false;
	assert_int_equal(verdict__judge(&ev), KTSTR_TORN_RESULT);
	ev = good();
	ev.damaged = true;
	assert_int_equal(verdict__judge(&ev), KTSTR_TORN_RESULT);
	ev = good();
	ev.exit_code = 1;
	assert_int_equal(verdict__judge(&ev), KTSTR_TORN_RESULT);
}

/* A program's own status is part of what makes its pass one. */
static void test_workload_needs_its_status(void **state)
{
	struct evidence ev = good();

	(void)state;
	ev.is_workload = true;
	assert_int_equal(verdict__judge(&ev), KTSTR_TORN_RESULT);
	ev.have_program = true;
	assert_int_equal(verdict__judge(&ev), KTSTR_PASS);
	ev.result.exit_code = 1;
	ev.exit_code = 1;
	assert_int_equal(verdict__judge(&ev), KTSTR_FAIL);
}

static void test_exit_reasons(void **state)
{
	static const struct {
		enum vm_exit_reason exit;
		enum ktstr_outcome outcome;
	} cases[] = {
		{ VM_EXIT_POWEROFF, KTSTR_PASS },
		{ VM_EXIT_RESET, KTSTR_TORN_RESULT },
		{ VM_EXIT_PANIC, KTSTR_GUEST_PANIC },
		{ VM_EXIT_TRIPLE_FAULT, KTSTR_GUEST_PANIC },
		{ VM_EXIT_DEADLINE, KTSTR_TIMEOUT },
		{ VM_EXIT_STOPPED, KTSTR_TORN_RESULT },
		{ VM_EXIT_ERROR, KTSTR_VMM_ERROR },
	};

	(void)state;
	_Static_assert(ARRAY_SIZE(cases) == VM_EXIT_NR, "one case each");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct evidence ev = good();

		ev.exit = cases[i].exit;
		assert_int_equal(verdict__judge(&ev), cases[i].outcome);
	}
}

static void test_what_the_test_said(void **state)
{
	static const enum ktstr_outcome by_code[] = { KTSTR_PASS, KTSTR_FAIL,
						      KTSTR_XFAIL, KTSTR_XPASS,
						      KTSTR_SKIP };
	struct evidence ev;

	(void)state;
	for (int code = 0; code < (int)ARRAY_SIZE(by_code); code++) {
		ev = good();
		ev.result.exit_code = ev.exit_code = code;
		assert_int_equal(verdict__judge(&ev), by_code[code]);
		/* What passed against expectation must not print "ok". */
		assert_int_equal(ktstr_outcome__ksft_code(by_code[code]),
				 by_code[code] == KTSTR_XPASS ? 1 : code);
	}
	ev = good();
	ev.result.exit_code = ev.exit_code = -7;
	assert_int_equal(verdict__judge(&ev), KTSTR_FAIL);
	ev = good();
	ev.result.exit_code = ev.exit_code = KTSTR_EXIT_INCONCLUSIVE;
	assert_int_equal(verdict__judge(&ev), KTSTR_INCONCLUSIVE);
	ev.result.exit_code = ev.exit_code = KTSTR_EXIT_TOPOLOGY_MISMATCH;
	assert_int_equal(verdict__judge(&ev), KTSTR_TOPOLOGY_MISMATCH);
	ev = good();
	ev.result.term_signal = 11;
	assert_int_equal(verdict__judge(&ev), KTSTR_FAIL);
	ev = good();
	ev.result.timed_out = 1;
	assert_int_equal(verdict__judge(&ev), KTSTR_TIMEOUT);
	ev = good();
	ev.fatal = true;
	assert_int_equal(verdict__judge(&ev), KTSTR_GUEST_FATAL);
}

/* What came over COM2 is complete or torn, and never green. */
static void test_over_com2(void **state)
{
	struct evidence ev = good();

	(void)state;
	ev.over_com2 = true;
	assert_int_equal(verdict__judge(&ev), KTSTR_NO_BULK_PORT);
	assert_int_equal(verdict__test_said(&ev), KTSTR_PASS);
	ev.result.exit_code = ev.exit_code = 4;
	assert_int_equal(verdict__judge(&ev), KTSTR_NO_BULK_PORT);
	ev.have_exit = false;
	assert_int_equal(verdict__judge(&ev), KTSTR_TORN_RESULT);
	ev = good();
	ev.over_com2 = true;
	ev.splat = SPLAT_WARNING;
	assert_int_equal(verdict__judge(&ev), KTSTR_KERNEL_SPLAT);
}

/* A complaint of the kernel is worse than anything the test says. */
static void test_splats(void **state)
{
	static const int codes[] = { 0, 1, 2, 4 };
	struct evidence ev;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		ev = good();
		ev.splat = SPLAT_WARNING;
		ev.exit_code = ev.result.exit_code = codes[i];
		assert_int_equal(verdict__judge(&ev), KTSTR_KERNEL_SPLAT);
		ev.splat = SPLAT_OOM;
		assert_int_equal(verdict__judge(&ev), KTSTR_OOM);
	}
	ev = good();
	ev.splat = SPLAT_LOCKUP;
	ev.exit = VM_EXIT_DEADLINE;
	assert_int_equal(verdict__judge(&ev), KTSTR_KERNEL_SPLAT);
	ev.splat = SPLAT_OOPS;
	ev.exit = VM_EXIT_PANIC;
	assert_int_equal(verdict__judge(&ev), KTSTR_GUEST_PANIC);
	ev.oom_panic = true;
	assert_int_equal(verdict__judge(&ev), KTSTR_OOM);
}

/* No infrastructure outcome may look like a pass or a skip to the harness. */
static void test_infra_is_never_green(void **state)
{
	(void)state;
	for (int o = 0; o < KTSTR_OUTCOME_NR; o++) {
		const char *name = ktstr_outcome__name(o);

		assert_string_not_equal(name, "unknown");
		assert_int_equal(ktstr_outcome__find(name, strlen(name)), o);
		assert_int_equal(ktstr_outcome__exit_status(o) == 0,
				 o == KTSTR_PASS || o == KTSTR_XFAIL);
		assert_in_range(ktstr_outcome__exit_status(o), 0, 124);
		if (ktstr_outcome__is_infra(o))
			assert_int_equal(ktstr_outcome__ksft_code(o), 1);
		/* An exit status names one infrastructure outcome. */
		for (int p = 0; p < o; p++)
			if (ktstr_outcome__is_infra(o))
				assert_int_not_equal(
					ktstr_outcome__exit_status(o),
					ktstr_outcome__exit_status(p));
	}
	assert_int_equal(ktstr_outcome__find("pas", 3), KTSTR_OUTCOME_NR);
	assert_int_equal(ktstr_outcome__exit_status(KTSTR_OUTCOME_NR), 125);
	assert_true(ktstr_outcome__is_infra(KTSTR_OUTCOME_NR));
	assert_int_equal(ktstr_outcome__ksft_code(KTSTR_OUTCOME_NR), 1);
}

static void test_sanitize(void **state)
{
	char out[16];

	(void)state;
	verdict__sanitize(out, sizeof(out), "a # SKIP\x1b[0m\n");
	assert_string_equal(out, "a ? SKIP?[0m");
	verdict__sanitize(out, 4, "abcdef");
	assert_string_equal(out, "abc");
	verdict__sanitize(out, sizeof(out), " \n\n");
	assert_string_equal(out, "");
}

static void test_dilation(void **state)
{
	(void)state;
	assert_true(session__dilate(4000) == 1.0);
	assert_true(session__dilate(1000) == 2.0);
	assert_true(session__dilate(1) == 6.0);
	assert_true(session__dilate(0) == 6.0);
}

static void test_keepbuf_head_and_tail(void **state)
{
	struct keepbuf head, tail;

	(void)state;
	keepbuf__init(&head, 4, false);
	keepbuf__init(&tail, 4, true);
	assert_string_equal(keepbuf__text(&head), "");
	for (char c = 'a'; c <= 'z'; c++) {
		keepbuf__add(&head, &c, 1);
		keepbuf__add(&tail, &c, 1);
	}
	assert_string_equal(keepbuf__text(&head), "abcd");
	assert_string_equal(keepbuf__text(&tail), "wxyz");
	assert_int_equal(head.total, 26);
	keepbuf__add(&tail, "0123456789", 10);
	assert_string_equal(keepbuf__text(&tail), "6789");
	keepbuf__fini(&head);
	keepbuf__fini(&tail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pass_needs_everything),
		cmocka_unit_test(test_workload_needs_its_status),
		cmocka_unit_test(test_exit_reasons),
		cmocka_unit_test(test_what_the_test_said),
		cmocka_unit_test(test_splats),
		cmocka_unit_test(test_over_com2),
		cmocka_unit_test(test_infra_is_never_green),
		cmocka_unit_test(test_sanitize),
		cmocka_unit_test(test_dilation),
		cmocka_unit_test(test_keepbuf_head_and_tail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
