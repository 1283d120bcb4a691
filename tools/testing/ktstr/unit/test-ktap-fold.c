// SPDX-License-Identifier: GPL-2.0
/* Folding a program's TAP: what agrees with exit status 0, and what does not */
#include <ktstr/ktap-fold.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

/* NULL: agrees; else a part of why not. */
static const struct {
	const char *tap;
	const char *why;
} rows[] = {
	{ "", NULL },
	{ "hello\n", NULL },
	{ "not ok, I say\nBail out!\n", NULL },
	{ "TAP version 13\n1..2\nok 1 a\nok 2 b\n", NULL },
	{ "KTAP version 1\n1..1\nok 1 a", NULL },
	{ "1..1\nok 1\n", NULL },
	{ "TAP version 13\nok 1 a\n", NULL },
	{ "TAP version 13\r\n1..1\r\nok 1 a\r\n", NULL },
	{ "TAP version 13\n1..3\nok 1 a # SKIP\nnot ok 2 b # TO"
	  "DO later\n"
	  "not ok 3 c # XFAIL\n",
	  NULL },
	{ "TAP version 13\n1..0 # SKIP none of them\n", NULL },
	{ "TAP version 13\n1..1\n    not ok 1 deeper\nok 1 a\n", NULL },
	{ "TAP version 13\n1..1\n# not ok 1 comment\nok 1 a\n", NULL },
	{ "1..1\nok 1 a\nTAP version 13\n1..1\nok 1 b\n", NULL },
	{ "TAP version 13\n1..2\nok 1 a\nnot ok 2 b\n", "1 of its 2 tests" },
	{ "TAP version 13\nnot ok 1 a", "1 of its 1 tests" },
	{ "1..1\r\nnot ok 1\r\n", "1 of its 1 tests" },
	{ "1..1\nnot ok 1 a # TIMEOUT\n", "1 of its 1 tests" },
	{ "1..1\nnot ok 1 a # ERROR SKIP\n", "1 of its 1 tests" },
	{ "TAP version 13\n1..3\nok 1 a\n", "planned 3 tests and reported 1" },
	{ "1..1\nok 1 a\nok 2 b\n", "planned 1 tests and reported 2" },
	{ "TAP version 13\n1..1\nBail out! no\nok 1 a\n", "bailed out" },
	{ "1..99999999999999999999999\nok 1\n", "reported 1" },
	{ "1..18446744073709551615\n1..5\nok 1\n", "reported 1" },
};

static void check(const char *tap, size_t step, const char *want)
{
	struct ktap_fold fold = { 0 };
	char why[128] = "";
	bool agrees;

	for (size_t at = 0, len = strlen(tap); at < len; at += step)
		ktap_fold__feed(&fold, tap + at, KT_MIN(step, len - at));
	agrees = ktap_fold__agrees(&fold, why, sizeof(why));
	if (agrees != !want || (want && !strstr(why, want)))
		fail_msg("\"%s\": \"%s\" instead of \"%s\"", tap, why,
			 want ? want : "");
}

static void test_documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t step = 1; step < 100; step = step * 3 + 1)
			check(rows[i].tap, step, rows[i].why);
}

/* Lines longer than what is kept of them are still one line each. */
static void test_long_lines(void **state)
{
	static char tap[100000];
	size_t n = (size_t)sprintf(tap, "TAP version 13\n1..2\nnot ok 1 ");

	(void)state;
	memset(tap + n, 'x', 90000);
	strcpy(tap + n + 90000, " # SKIP\nok 2 b\n");
	/* The directive is out of sight, and what is unknown is no excuse. */
	check(tap, 4096, "1 of its 2 tests");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_long_lines),
	};

	return cmocka_run_group_tests_name("ktap-fold", tests, NULL, NULL);
}
