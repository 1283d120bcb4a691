// SPDX-License-Identifier: GPL-2.0
/* Records as lines of text, among other text, whole and damaged. */
#include <ktstr/wire.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct got {
	u8 bytes[4096];
	size_t len;
	char text[4096];
};

static void take_bytes(void *ctx, const u8 *data, size_t len)
{
	struct got *got = ctx;

	assert_in_range(got->len + len, 0, sizeof(got->bytes));
	memcpy(got->bytes + got->len, data, len);
	got->len += len;
}

static void take_text(void *ctx, const char *line, size_t len)
{
	struct got *got = ctx;

	assert_in_range(len, 1, 1024);
	strncat(got->text, line,
		KT_MIN(len, sizeof(got->text) - 2 - strlen(got->text)));
	strcat(got->text, "\n");
}

static const struct wire_text_ops ops = { take_bytes, take_text };

/* Everything at once, then byte by byte: the same. */
static u64 feed(struct got *got, const char *data, size_t len, size_t step)
{
	struct wire_text wt = { 0 };

	memset(got, 0, sizeof(*got));
	for (size_t off = 0; off < len; off += step)
		wire_text__feed(&wt, data + off, KT_MIN(step, len - off), &ops,
				got);
	wire_text__finish(&wt, &ops, got);
	return wt.bad_lines;
}

static void test_round_trip(void **state)
{
	char stream[4096], line[WIRE_TEXT_LINE_MAX];
	u8 payload[700];
	struct got got;
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (u8)(i * 7);
	at += (size_t)sprintf(stream, "KTSTR_FALLBACK: why\nhalf a line");
	for (size_t off = 0; off < sizeof(payload); off += WIRE_TEXT_BYTES) {
		size_t n =
			KT_MIN(sizeof(payload) - off, (size_t)WIRE_TEXT_BYTES);
		size_t len = wire_text__line(payload + off, n, line);

		assert_in_range(len, 1, sizeof(line));
		memcpy(stream + at, line, len);
		at += len;
	}
	at += (size_t)sprintf(stream + at, "end");
	for (size_t step = 1; step <= at; step += step) {
		assert_int_equal(feed(&got, stream, at, step), 0);
		assert_int_equal(got.len, sizeof(payload));
		assert_memory_equal(got.bytes, payload, sizeof(payload));
		assert_string_equal(got.text,
				    "KTSTR_FALLBACK: why\nhalf a line\nend\n");
	}
}

/* Damage is counted; what is damaged is no byte of the stream. */
static void test_damage(void **state)
{
	static const char *const bad[] = {
		"KTSTR_REC 0",	"KTSTR_REC 0g",	  "KTSTR_REC 00 11",
		"KTSTR_REC 0A", "x KTSTR_REC zz",
	};
	static char big[3000] = "KTSTR_REC ";
	struct got got;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(feed(&got, bad[i], strlen(bad[i]), 3), 1);
		assert_int_equal(got.len, 0);
	}
	/* Longer than init ever makes them. */
	memset(big + 10, '0', sizeof(big) - 11);
	assert_in_range(feed(&got, big, strlen(big), 100), 1, 3);
	assert_int_equal(got.len, 0);
	assert_int_equal(feed(&got, "KTSTR_REC ", 10, 1), 0);
	assert_int_equal(feed(&got, "x KTSTR_REC 41", 14, 1), 0);
	assert_int_equal(got.len, 1);
	assert_int_equal(got.bytes[0], 'A');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
