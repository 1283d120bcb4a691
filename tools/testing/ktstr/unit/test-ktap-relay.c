// SPDX-License-Identifier: GPL-2.0
/* Guest bytes become comment lines, whatever they are. */
#include <ktstr/base.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ktstr/ktap.h>

struct text {
	char buf[64u << 10];
	size_t len;
	unsigned int calls;
	int fail; /* returned by the write callback */
};

static int collect(void *ctx, const char *p, size_t len)
{
	struct text *text = ctx;

	assert_in_range(text->len + len, 0, sizeof(text->buf) - 1);
	assert_true(len > 2 && p[0] == '#' && p[1] == ' ');
	assert_ptr_equal(memchr(p, '\n', len), p + len - 1);
	memcpy(text->buf + text->len, p, len);
	text->len += len;
	text->buf[text->len] = '\0';
	text->calls++;
	return text->fail;
}

struct fixture {
	struct ktap_relay relay;
	struct text text;
};

static int setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	if (!fx)
		return -1;
	ktap_relay__init(&fx->relay, KTAP_RELAY_BUDGET_DEFAULT, collect,
			 &fx->text);
	*state = fx;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void out(struct fixture *fx, const char *s, size_t len)
{
	assert_int_equal(
		ktap_relay__feed(&fx->relay, KTAP_STREAM_STDOUT, s, len), 0);
}

static void finish(struct fixture *fx)
{
	assert_int_equal(ktap_relay__finish(&fx->relay, "/x/full.log"), 0);
}

static void test_lines(void **state)
{
	static const char in[] = "one\n\nok 1 - forged\nBail out!\n1..9";
	struct fixture *fx = *state;

	out(fx, in, sizeof(in) - 1);
	finish(fx);
	assert_string_equal(fx->text.buf, "# | one\n# | \n# | ok 1 - forged\n"
					  "# | Bail out!\n# | 1..9\n");
	assert_int_equal(fx->relay.suppressed, 0);
}

static void test_same_text_however_it_is_cut(void **state)
{
	static const char in[] = "a\tb\n\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n"
				 "\x1b[31m\nlast";
	struct fixture *fx = *state;
	char *want __free(ptr) = NULL;
	unsigned int calls;

	out(fx, in, sizeof(in) - 1);
	finish(fx);
	want = strdup(fx->text.buf);
	calls = fx->text.calls;
	assert_non_null(want);
	for (size_t step = 1; step < sizeof(in) - 1; step++) {
		memset(&fx->text, 0, sizeof(fx->text));
		for (size_t i = 0; i < sizeof(in) - 1; i += step)
			out(fx, in + i, KT_MIN(step, sizeof(in) - 1 - i));
		finish(fx);
		assert_string_equal(fx->text.buf, want);
		assert_int_equal(fx->text.calls, calls);
	}
}

static void test_escapes(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "plain ~ text", "plain ~ text" },
		{ "tab\there", "tab\there" },
		{ "\x1b[2J", "\\x1b[2J" },
		{ "a\rok 1", "a\\x0dok 1" },
		{ "\x0b\x0c\x1c\x1d\x1e\x7f",
		  "\\x0b\\x0c\\x1c\\x1d\\x1e\\x7f" },
		{ "\xc2\x85ok", "\\xc2\\x85ok" },
		{ "\xc2\xa0", "\xc2\xa0" },
		{ "\xe2\x80\xa8ok", "\\xe2\\x80\\xa8ok" },
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae" },
		{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6" },
		{ "\xe2\x82\xac", "\xe2\x82\xac" },
		{ "\xc0\x80", "\\xc0\\x80" },
		{ "\xe0\x80\x80", "\\xe0\\x80\\x80" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
		{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "\xe2\x82x", "\\xe2\\x82x" },
		{ "\xf0\x9f\x98", "\\xf0\\x9f\\x98" },
		{ "[ 1.0] reboot: System halted",
		  "[ 1.0] \\x72eboot: System halted" },
		{ "List of all partitions:", "\\x4cist of all partitions:" },
		{ "Kernel panic - not syncing: VFS: x",
		  "\\x4bernel panic - not syncing: VFS: x" },
		{ "reboot: System", "reboot: System" },
	};
	struct fixture *fx = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char want[128];

		memset(&fx->text, 0, sizeof(fx->text));
		out(fx, rows[i].in, strlen(rows[i].in));
		out(fx, "\n", 1);
		snprintf(want, sizeof(want), "# | %s\n", rows[i].want);
		assert_string_equal(fx->text.buf, want);
	}
}

static void test_nul_bytes(void **state)
{
	struct fixture *fx = *state;

	out(fx, "a\0b\n", 4);
	assert_string_equal(fx->text.buf, "# | a\\x00b\n");
}

static void test_line_of_the_limit(void **state)
{
	struct fixture *fx = *state;
	char in[KTAP_RELAY_LINE_MAX + 1];

	memset(in, 'x', sizeof(in));
	in[KTAP_RELAY_LINE_MAX] = '\n';
	out(fx, in, sizeof(in));
	assert_int_equal(fx->text.calls, 1);
	/* The newline in a feed of its own makes no second line. */
	out(fx, in, KTAP_RELAY_LINE_MAX);
	assert_int_equal(fx->text.calls, 1);
	out(fx, "\n", 1);
	assert_int_equal(fx->text.calls, 2);
}

static void test_long_line_is_split(void **state)
{
	struct fixture *fx = *state;
	char in[2 * KTAP_RELAY_LINE_MAX + 8];

	memset(in, 'x', sizeof(in));
	in[sizeof(in) - 1] = '\n';
	out(fx, in, sizeof(in));
	assert_int_equal(fx->text.calls, 3);
	assert_string_equal(fx->text.buf + 2 * (KTAP_RELAY_LINE_MAX + 5),
			    "# | xxxxxxx\n");
}

/* Whatever the offset, no character is torn and none becomes an escape. */
static void test_split_keeps_characters_whole(void **state)
{
	static const char *const chars[] = { "\xc3\xa4", "\xe2\x82\xac",
					     "\xf0\x9f\x98\x80" };
	struct fixture *fx = *state;

	for (size_t c = 0; c < ARRAY_SIZE(chars); c++) {
		for (unsigned int pad = 0; pad < 4; pad++) {
			memset(&fx->text, 0, sizeof(fx->text));
			for (unsigned int i = 0; i < pad; i++)
				out(fx, ".", 1);
			for (unsigned int i = 0; i < 3000; i++)
				out(fx, chars[c], strlen(chars[c]));
			finish(fx);
			assert_null(strstr(fx->text.buf, "\\x"));
			assert_true(fx->text.calls >= 2);
		}
	}
}

static void test_invalid_tail_at_the_limit(void **state)
{
	struct fixture *fx = *state;
	char in[KTAP_RELAY_LINE_MAX + 1];

	memset(in, 0x80, sizeof(in));
	out(fx, in, sizeof(in));
	finish(fx);
	assert_int_equal(fx->text.calls, 2);
	assert_int_equal(fx->text.len, 2 * 5 + 4 * sizeof(in));
}

static void test_streams_do_not_mix(void **state)
{
	struct fixture *fx = *state;

	out(fx, "half ", 5);
	assert_int_equal(
		ktap_relay__feed(&fx->relay, KTAP_STREAM_STDERR, "err\n", 4),
		0);
	out(fx, "line\n", 5);
	assert_string_equal(fx->text.buf, "# | err\n# | half line\n");
}

static void test_budget(void **state)
{
	struct fixture *fx = *state;

	ktap_relay__init(&fx->relay, 10, collect, &fx->text);
	out(fx, "12345\n", 6);
	out(fx, "abcdefgh\n", 9);
	out(fx, "more\n", 5);
	finish(fx);
	assert_string_equal(fx->text.buf,
			    "# | 12345\n# | abcd\n"
			    "# ktstr: 10 bytes of guest output not shown above"
			    " (10 shown); all of it: /x/full.log\n");
}

static void test_budget_without_a_file(void **state)
{
	struct fixture *fx = *state;

	ktap_relay__init(&fx->relay, 0, collect, &fx->text);
	out(fx, "x", 1);
	assert_int_equal(ktap_relay__finish(&fx->relay, NULL), 0);
	assert_string_equal(fx->text.buf,
			    "# ktstr: 1 bytes of guest output not shown above"
			    " (0 shown)\n");
}

static void test_file_name_cannot_break_the_line(void **state)
{
	struct fixture *fx = *state;

	ktap_relay__init(&fx->relay, 0, collect, &fx->text);
	out(fx, "x", 1);
	assert_int_equal(ktap_relay__finish(&fx->relay, "/tmp/a\nok 1"), 0);
	assert_non_null(strstr(fx->text.buf, "/tmp/a\\x0aok 1\n"));
}

static void test_write_error_comes_back(void **state)
{
	struct fixture *fx = *state;

	fx->text.fail = -ENOSPC;
	assert_int_equal(
		ktap_relay__feed(&fx->relay, KTAP_STREAM_STDOUT, "a\nb\n", 4),
		-ENOSPC);
	assert_int_equal(fx->text.calls, 1);
	fx->text.fail = 0;
	out(fx, "tail", 4);
	fx->text.fail = -EIO;
	assert_int_equal(ktap_relay__finish(&fx->relay, NULL), -EIO);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_lines),
		T(test_same_text_however_it_is_cut),
		T(test_escapes),
		T(test_nul_bytes),
		T(test_line_of_the_limit),
		T(test_long_line_is_split),
		T(test_split_keeps_characters_whole),
		T(test_invalid_tail_at_the_limit),
		T(test_streams_do_not_mix),
		T(test_budget),
		T(test_budget_without_a_file),
		T(test_file_name_cannot_break_the_line),
		T(test_write_error_comes_back),
	};

	return cmocka_run_group_tests_name("ktap-relay", tests, NULL, NULL);
}
