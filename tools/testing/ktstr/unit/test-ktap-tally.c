// SPDX-License-Identifier: GPL-2.0
/* Following somebody else's TAP stream. */
#include <ktstr/ktap.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char stream[] = "TAP version 13\n"
			     "# ok this is a comment\n"
			     "1..4\n"
			     "ok 1 a.b #  time=3ms\n"
			     "  ok 1 nested\n"
			     "not ok 2 a.c\n"
			     "\n"
			     "okay is no result\n"
			     "ok 3 a.d # SKIP why\n"
			     "not ok";

static void check(const struct ktap_tally *tally)
{
	assert_true(tally->begun);
	assert_int_equal(tally->results, 3);
	assert_true(tally->midline);
}

/* Wherever the stream is cut into pieces, the sum is the same. */
static void test_any_split(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < sizeof(stream); cut++) {
		struct ktap_tally tally = { 0 };

		ktap_tally__feed(&tally, stream, cut);
		ktap_tally__feed(&tally, stream + cut,
				 sizeof(stream) - 1 - cut);
		check(&tally);
	}
}

static void test_nothing_begun(void **state)
{
	struct ktap_tally tally = { 0 };

	(void)state;
	ktap_tally__feed(&tally, "hello\n", 6);
	assert_false(tally.begun);
	assert_false(tally.midline);
	assert_int_equal(tally.results, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_split),
		cmocka_unit_test(test_nothing_begun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
