// SPDX-License-Identifier: GPL-2.0
/* A tracer's arguments, to the kernel command line and back. */
#include <ktstr/wprof.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

/* @text split, joined, found on a command line and taken apart again. */
static void round_trip(const char *text, const char *const *want)
{
	struct wprof_config there = { 0 }, back = { 0 };
	struct kt_diag diag = { 0 };
	char *word, *cmdline;
	unsigned int nr = 0;

	while (want[nr])
		nr++;
	assert_int_equal(wprof_config__init(&there, "/t", text, &diag), 0);
	assert_string_equal(there.host_path, "/t");
	assert_int_equal(wprof_config__word(&there, &word, &diag), 0);
	assert_true(asprintf(&cmdline, "quiet KTSTR_GUEST=1 x=\"a b\" %s\n",
			     word) > 0);
	assert_int_equal(wprof_config__parse(&back, cmdline, &diag), 0);
	assert_int_equal(there.nr_args, nr);
	assert_int_equal(back.nr_args, nr);
	for (unsigned int i = 0; i < nr; i++) {
		assert_string_equal(there.args[i], want[i]);
		assert_string_equal(back.args[i], want[i]);
	}
	assert_null(there.args[nr]);
	assert_null(back.args[nr]);
	free(word);
	free(cmdline);
	wprof_config__fini(&there);
	wprof_config__fini(&back);
}

static void test_defaults(void **state)
{
	static const char *const want[] = { "-d",
					    "500",
					    "-e",
					    "sched",
					    "--ringbuf-size=256000",
					    "--ringbuf-cnt=8",
					    NULL };

	(void)state;
	round_trip(NULL, want);
	round_trip("", want);
	round_trip(" \t\n", want);
}

static void test_odd_ones(void **state)
{
	static const char *const want[] = {
		"-x=\"a",	 "--b='c", "d'", "\\", "$HOME", "%d",
		"\xc3\xa9",	 "\x80",   "--", "=",  "-",	"\"",
		"KTSTR_GUEST=0", NULL
	};
	static const char *const one[] = { "a", NULL };

	(void)state;
	round_trip("-x=\"a --b='c d' \\ $HOME %d \xc3\xa9 \x80 -- = - \" "
		   "KTSTR_GUEST=0",
		   want);
	round_trip("  a\t", one);
}

/* The separator has no other meaning, and no other byte has its. */
static void test_every_byte(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		const char text[] = { 'a', (char)c, 'b', '\0' };
		const char *const whole[] = { text, NULL };
		const char *const two[] = { "a", "b", NULL };
		struct wprof_config cfg = { 0 };
		struct kt_diag diag = { 0 };
		bool blank = c == ' ' || (c >= '\t' && c <= '\r');

		if (blank)
			round_trip(text, two);
		else if (c > ' ' && c != 0x7f)
			round_trip(text, whole);
		else
			assert_int_equal(
				wprof_config__init(&cfg, "", text, &diag),
				-EINVAL);
		if (diag.msg[0])
			assert_non_null(strstr(diag.msg, "at offset 1"));
	}
}

static void test_vector_with_a_barrier(void **state)
{
	static char good[] = "good", blank[] = "a b", sep[] = "a\x1f";
	char *bad[] = { blank, sep };
	struct kt_diag diag = { 0 };
	char *word = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char *args[] = { good, bad[i], NULL };
		struct wprof_config cfg = { .args = args, .nr_args = 2 };

		assert_int_equal(wprof_config__word(&cfg, &word, &diag),
				 -EINVAL);
		assert_null(word);
	}
}

/* Empty ones cannot be written with blanks between them, but they travel. */
static void test_empty_arguments_travel(void **state)
{
	static char a[] = "a", none[] = "";
	char *args[] = { none, a, none, none, NULL };
	struct wprof_config cfg = { .args = args, .nr_args = 4 }, back = { 0 };
	struct kt_diag diag = { 0 };
	char *word;

	(void)state;
	assert_int_equal(wprof_config__word(&cfg, &word, &diag), 0);
	assert_string_equal(word, "KTSTR_WPROF_ARGS=\x1f"
				  "a\x1f\x1f");
	assert_int_equal(wprof_config__parse(&back, word, &diag), 0);
	assert_int_equal(back.nr_args, 4);
	for (unsigned int i = 0; i < 4; i++)
		assert_string_equal(back.args[i], args[i]);
	wprof_config__fini(&back);
	free(word);
}

static void test_too_many(void **state)
{
	char text[2 * WPROF_ARGS_MAX + 3], word[sizeof(text) + 32];
	struct wprof_config cfg = { 0 };
	struct kt_diag diag = { 0 };

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 1; i < sizeof(text); i += 2)
		text[i] = ' ';
	text[2 * WPROF_ARGS_MAX - 1] = '\0';
	assert_int_equal(wprof_config__init(&cfg, "", text, &diag), 0);
	assert_int_equal(cfg.nr_args, WPROF_ARGS_MAX);
	wprof_config__fini(&cfg);
	text[2 * WPROF_ARGS_MAX - 1] = ' ';
	text[2 * WPROF_ARGS_MAX + 1] = '\0';
	assert_int_equal(wprof_config__init(&cfg, "", text, &diag), -E2BIG);
	assert_null(cfg.args);
	for (char *p = text; *p; p++)
		*p = *p == ' ' ? WPROF_ARGS_SEP : *p;
	snprintf(word, sizeof(word), "KTSTR_WPROF_ARGS=%s", text);
	diag.msg[0] = '\0';
	assert_int_equal(wprof_config__parse(&cfg, word, &diag), -E2BIG);
	assert_null(cfg.args);
}

static void test_finding_the_word(void **state)
{
	static const struct {
		const char *cmdline;
		int err;
		unsigned int nr;
		const char *first;
	} cases[] = {
		{ "", -ENOENT, 0, NULL },
		{ "quiet XKTSTR_WPROF_ARGS=a", -ENOENT, 0, NULL },
		{ "KTSTR_WPROF_ARGS", -ENOENT, 0, NULL },
		{ "KTSTR_WPROF_ARGS=", 0, 0, NULL },
		{ "a KTSTR_WPROF_ARGS=x y\n", 0, 1, "x" },
		{ "KTSTR_WPROF_ARGS=x\x1fy KTSTR_WPROF_ARGS=z", 0, 1, "z" },
		/* Quotes are the kernel's business, not this word's. */
		{ "k=\"a KTSTR_WPROF_ARGS=x b\"", 0, 1, "x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct wprof_config cfg = { 0 };
		struct kt_diag diag = { 0 };

		assert_int_equal(
			wprof_config__parse(&cfg, cases[i].cmdline, &diag),
			cases[i].err);
		assert_int_equal(cfg.nr_args, cases[i].nr);
		if (cases[i].first)
			assert_string_equal(cfg.args[0], cases[i].first);
		wprof_config__fini(&cfg);
	}
}

static void test_duration(void **state)
{
	static const struct {
		const char *text;
		u64 ms;
	} cases[] = {
		{ WPROF_DEFAULT_ARGS, 500 },
		{ "-d 7", 7 },
		{ "-d7", 7 },
		{ "--duration 7", 7 },
		{ "--duration=7", 7 },
		{ "-d 7 -d 9", 9 },
		{ "-d 7 -d x", 0 },
		{ "-d -7", 0 },
		{ "-d 7s", 0 },
		{ "-d", 0 },
		{ "-e sched", 0 },
		{ "-- -d 7", 0 },
		{ "--durations=7", 0 },
		{ "-d 99999999999999999999", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct wprof_config cfg = { 0 };

		assert_int_equal(
			wprof_config__init(&cfg, "", cases[i].text, NULL), 0);
		assert_int_equal(wprof_args__duration_ms(cfg.args, cfg.nr_args),
				 cases[i].ms);
		wprof_config__fini(&cfg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_odd_ones),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_vector_with_a_barrier),
		cmocka_unit_test(test_empty_arguments_travel),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_finding_the_word),
		cmocka_unit_test(test_duration),
	};

	return cmocka_run_group_tests_name("wprof-args", tests, NULL, NULL);
}
