// SPDX-License-Identifier: GPL-2.0
/* Guest init's two inputs: kernel command line and /args. */
#include <ktstr/base.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include "guest/params.h"

static void test_guest_word(void **state)
{
	static const struct {
		const char *cmdline;
		bool is;
	} rows[] = {
		{ "KTSTR_GUEST=1", true },
		{ "quiet KTSTR_GUEST=1\n", true },
		{ "a\tKTSTR_GUEST=1 b", true },
		{ "", false },
		{ " \n", false },
		{ "KTSTR_GUEST=10", false },
		{ "KTSTR_GUEST=0", false },
		{ "xKTSTR_GUEST=1", false },
		{ "foo=\"a KTSTR_GUEST=1 b\"", false },
		{ "foo=\"a\" KTSTR_GUEST=1", true },
		{ "foo=\"never closed KTSTR_GUEST=1", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(params__has_guest_word(rows[i].cmdline),
				 rows[i].is);
}

static void test_mode_and_terminal(void **state)
{
	struct guest_params params = { 0 };

	(void)state;
	assert_int_equal(params__parse_cmdline("quiet", &params, NULL), 0);
	assert_int_equal(params.mode, GUEST_RUN);
	assert_int_equal(
		params__parse_cmdline("KTSTR_MODE=exec", &params, NULL), 0);
	assert_int_equal(params.mode, GUEST_EXEC);
	assert_int_equal(
		params__parse_cmdline("KTSTR_MODE=exec KTSTR_MODE=shell "
				      "KTSTR_TERM=xterm-256color "
				      "KTSTR_COLORTERM=truecolor KTSTR_COLS=80 "
				      "KTSTR_ROWS=65535",
				      &params, NULL),
		0);
	assert_int_equal(params.mode, GUEST_SHELL);
	assert_string_equal(params.term, "xterm-256color");
	assert_string_equal(params.colorterm, "truecolor");
	assert_int_equal(params.cols, 80);
	assert_int_equal(params.rows, 65535);
}

static void test_keys(void **state)
{
	static const struct {
		const char *cmdline;
		u64 ns;
	} rows[] = {
		{ "", 0 },
		{ "quiet KTSTR_MODE=run panic=-1", 0 },
		{ "KTSTR_TEST_TIMEOUT_MS=1500", 1500000000 },
		{ "KTSTR_TEST_TIMEOUT_MS=0", 0 },
		{ "KTSTR_TEST_TIMEOUT_MS=1 KTSTR_TEST_TIMEOUT_MS=2", 2000000 },
		{ "KTSTR_TEST_TIMEOUT_MS=86400000", 86400ull * NSEC_PER_SEC },
		{ "KTSTR_UNKNOWN=x", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct guest_params params = { .test_timeout_ns = 7 };
		struct kt_diag diag = { 0 };

		assert_int_equal(
			params__parse_cmdline(rows[i].cmdline, &params, &diag),
			0);
		assert_int_equal(params.test_timeout_ns, rows[i].ns);
	}
}

static void test_bad_keys(void **state)
{
	static const struct {
		const char *cmdline, *names;
	} rows[] = {
		{ "a KTSTR_MODE=shel b", "KTSTR_MODE=shel: " },
		{ "KTSTR_COLS=65536", "KTSTR_COLS=65536: " },
		{ "KTSTR_ROWS=-1", "KTSTR_ROWS=-1: " },
		{ "KTSTR_TERM=a;b", "KTSTR_TERM=a;b: " },
		{ "KTSTR_COLORTERM=a/b", "KTSTR_COLORTERM=a/b: " },
		{ "KTSTR_MODE=", "KTSTR_MODE=: " },
		{ "KTSTR_MODE=runner", "KTSTR_MODE=runner: " },
		{ "KTSTR_TEST_TIMEOUT_MS=", "0 to 86400000" },
		{ "KTSTR_TEST_TIMEOUT_MS=-1", "=-1: " },
		{ "KTSTR_TEST_TIMEOUT_MS=5s", "=5s: " },
		{ "KTSTR_TEST_TIMEOUT_MS=86400001", "86400001: " },
		{ "KTSTR_TEST_TIMEOUT_MS=99999999999999999999999", "9999: " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct guest_params params = { .test_timeout_ns = 7 };
		struct kt_diag diag = { 0 };

		assert_int_equal(
			params__parse_cmdline(rows[i].cmdline, &params, &diag),
			-EINVAL);
		assert_non_null(strstr(diag.msg, rows[i].names));
		assert_int_equal(params.test_timeout_ns, 7);
	}
}

static void check_args(const char *in, int argc, const char *joined)
{
	char *argv[PARAMS_ARGC_MAX + 1], *text __free(ptr) = strdup(in);
	char got[256] = "";
	int nr = -1;

	assert_int_equal(params__parse_args(text, strlen(in), argv, &nr, NULL),
			 0);
	assert_int_equal(nr, argc);
	assert_string_equal(argv[0], "init");
	assert_null(argv[nr]);
	for (int i = 1; i < nr; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "<%s>",
			 argv[i]);
	assert_string_equal(got, joined);
}

static void test_args(void **state)
{
	(void)state;
	check_args("", 1, "");
	check_args("-r\nfix.var.test\n", 3, "<-r><fix.var.test>");
	check_args("-r\nlast", 3, "<-r><last>");
	check_args("\n", 2, "<>");
	check_args("a b\n\nc\n", 4, "<a b><><c>");
}

static void test_bad_args(void **state)
{
	char *argv[PARAMS_ARGC_MAX + 1], nul[] = "a\0b";
	char lines[2 * PARAMS_ARGC_MAX + 1];
	struct kt_diag diag = { 0 };
	int nr = 5;

	(void)state;
	assert_int_equal(params__parse_args(nul, 3, argv, &nr, &diag), -EINVAL);
	assert_string_equal(diag.msg, "/args: has a NUL byte");
	assert_int_equal(nr, 5);

	diag.msg[0] = '\0';
	for (int i = 0; i < PARAMS_ARGC_MAX; i++)
		memcpy(lines + 2 * i, "x\n", 2);
	lines[sizeof(lines) - 1] = '\0';
	assert_int_equal(params__parse_args(lines, 2 * (PARAMS_ARGC_MAX - 1),
					    argv, &nr, &diag),
			 0);
	assert_int_equal(nr, PARAMS_ARGC_MAX);
	assert_null(argv[nr]);
	for (int i = 0; i < PARAMS_ARGC_MAX; i++)
		memcpy(lines + 2 * i, "x\n", 2);
	assert_int_equal(params__parse_args(lines, 2 * PARAMS_ARGC_MAX, argv,
					    &nr, &diag),
			 -E2BIG);
	assert_string_equal(diag.msg, "/args: more than 255 lines");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest_word),
		cmocka_unit_test(test_mode_and_terminal),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_bad_keys),
		cmocka_unit_test(test_args),
		cmocka_unit_test(test_bad_args),
	};

	return cmocka_run_group_tests_name("guest-params", tests, NULL, NULL);
}
