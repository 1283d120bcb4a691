// SPDX-License-Identifier: GPL-2.0
/* One line of somebody's TAP: what it is and what it says about a test. */
#include "lib/runner/tapline.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct tap_line parse(const char *text)
{
	struct tap_line line;

	tap_line__parse(text, strlen(text), &line);
	return line;
}

static const struct {
	const char *text;
	enum tap_kind kind;
	u32 number;
	const char *name, *directive;
} lines[] = {
	{ "ok 1 a.b", TAP_RESULT, 1, "a.b", "" },
	{ "not ok 22 - a.b  # TIMEOUT", TAP_RESULT, 22, "a.b", "TIMEOUT" },
	{ "ok 1 a.b #  time=412ms", TAP_RESULT, 1, "a.b", "time=412ms" },
	{ "ok 1 # SKIP no name", TAP_RESULT, 1, "", "SKIP no name" },
	{ "ok 1", TAP_RESULT, 1, "", "" },
	{ "ok 1 a#b", TAP_RESULT, 1, "a#b", "" },
	{ "ok 1 a # b # c\r", TAP_RESULT, 1, "a", "b # c" },
	{ "ok 4294967295 a", TAP_RESULT, 4294967295u, "a", "" },
	{ "ok 4294967296 a", TAP_OTHER, 0, "", "" },
	{ "ok a", TAP_OTHER, 0, "", "" },
	{ "ok 1a", TAP_OTHER, 0, "", "" },
	{ "okay 1 a", TAP_OTHER, 0, "", "" },
	{ "ok1 a", TAP_OTHER, 0, "", "" },
	{ " ok 1 indented", TAP_OTHER, 0, "", "" },
	{ "not  ok 1 a", TAP_OTHER, 0, "", "" },
	{ "not", TAP_OTHER, 0, "", "" },
	{ "", TAP_OTHER, 0, "", "" },
	{ "   ", TAP_OTHER, 0, "", "" },
	{ "1..12", TAP_PLAN, 12, "", "" },
	{ "1..0 # SKIP why", TAP_PLAN, 0, "", "SKIP why" },
	{ "1..8 cpus online", TAP_OTHER, 0, "", "" },
	{ "1..", TAP_OTHER, 0, "", "" },
	{ "2..3", TAP_OTHER, 0, "", "" },
	{ "TAP version 13", TAP_VERSION, 0, "", "" },
	{ "KTAP version 1", TAP_VERSION, 0, "", "" },
	{ "# ok 1 a", TAP_DIAG, 0, "", "" },
	{ "#", TAP_DIAG, 0, "", "" },
	{ "Bail out!", TAP_OTHER, 0, "", "" },
};

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct tap_line line = parse(lines[i].text);

		if (line.kind != lines[i].kind)
			fail_msg("'%s' is taken for kind %d", lines[i].text,
				 (int)line.kind);
		if (line.kind != TAP_RESULT && line.kind != TAP_PLAN)
			continue;
		assert_int_equal(line.number, lines[i].number);
		assert_int_equal(line.name_len, strlen(lines[i].name));
		assert_memory_equal(line.name, lines[i].name, line.name_len);
		assert_int_equal(line.directive_len,
				 strlen(lines[i].directive));
		assert_memory_equal(line.directive, lines[i].directive,
				    line.directive_len);
	}
}

static const struct {
	const char *text;
	enum ktstr_outcome outcome;
} outcomes[] = {
	{ "ok 1 a", KTSTR_PASS },
	{ "ok 1 a # time=3ms", KTSTR_PASS },
	{ "ok 1 a # SKIP x", KTSTR_SKIP },
	{ "ok 1 a # XFAIL x", KTSTR_XFAIL },
	{ "ok 1 a # XPASS x", KTSTR_XPASS },
	{ "ok 1 a # whatever x", KTSTR_PASS },
	/* what cannot be both is not good */
	{ "ok 1 a # ERROR guest_panic", KTSTR_GUEST_PANIC },
	{ "ok 1 a # TIMEOUT", KTSTR_TIMEOUT },
	{ "ok 1 a # ERROR whatever", KTSTR_FAIL },
	{ "not ok 1 a # SKIP x", KTSTR_FAIL },
	{ "not ok 1 a # XFAIL x", KTSTR_FAIL },
	{ "not ok 1 a # pass", KTSTR_FAIL },
	{ "not ok 1 a", KTSTR_FAIL },
	{ "not ok 1 a # time=3ms", KTSTR_FAIL },
	{ "not ok 1 a #  ERROR torn_result", KTSTR_TORN_RESULT },
	{ "not ok 1 a # ERROR: oom", KTSTR_OOM },
	{ "not ok 1 a # ERROR", KTSTR_FAIL },
	{ "not ok 1 a # ERROR pass", KTSTR_FAIL },
	{ "not ok 1 a # ERROR skip", KTSTR_FAIL },
	{ "not ok 1 a # post_vm_fail", KTSTR_POST_VM_FAIL },
	{ "not ok 1 a # inconclusive why", KTSTR_INCONCLUSIVE },
	{ "not ok 1 a # error x", KTSTR_FAIL },
};

static void test_outcomes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
		struct tap_line line = parse(outcomes[i].text);
		enum ktstr_outcome got = tap_line__outcome(&line);

		if (got != outcomes[i].outcome)
			fail_msg("'%s' is %s", outcomes[i].text,
				 ktstr_outcome__name(got));
	}
}

/* Each infrastructure outcome survives being printed and read. */
static void test_every_name(void **state)
{
	(void)state;
	for (int i = 0; i < KTSTR_OUTCOME_NR; i++) {
		enum ktstr_outcome outcome = (enum ktstr_outcome)i;
		struct tap_line line;
		char text[128];

		if (!ktstr_outcome__is_infra(outcome))
			continue;
		snprintf(text, sizeof(text), "not ok 1 a #  ERROR %s",
			 ktstr_outcome__name(outcome));
		line = parse(text);
		assert_int_equal(tap_line__outcome(&line), outcome);
	}
}

static void test_time(void **state)
{
	struct tap_line line = parse("ok 1 a # x time=412ms y");
	u64 ms = 0;

	(void)state;
	assert_true(tap_line__time_ms(&line, &ms));
	assert_int_equal(ms, 412);
	line = parse("ok 1 a # time=412s");
	assert_false(tap_line__time_ms(&line, &ms));
	line = parse("ok 1 a # time=ms");
	assert_false(tap_line__time_ms(&line, &ms));
	line = parse("ok 1 a # time=99999999999999999999ms");
	assert_false(tap_line__time_ms(&line, &ms));
	line = parse("ok 1 time=3ms");
	assert_false(tap_line__time_ms(&line, &ms));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_every_name),
		cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests_name("runner-tapline", tests, NULL, NULL);
}
