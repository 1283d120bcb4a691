// SPDX-License-Identifier: GPL-2.0
/* CPU sets and lists: what parses, what is refused, round trips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ktstr/cpulist.h>

static void parses(const char *text, const char *again)
{
	struct kt_diag diag = { 0 };
	static char buf[CPULIST_SIZE];
	struct cpuset set;

	if (cpulist__parse(text, &set, &diag))
		fail_msg("'%s': %s", text, diag.msg);
	assert_int_equal(cpulist__print(&set, buf, sizeof(buf)), 0);
	assert_string_equal(buf, again);
	assert_int_equal(cpulist__parse_lenient(text, &set), 0);
	assert_int_equal(cpulist__print(&set, buf, sizeof(buf)), 0);
	assert_string_equal(buf, again);
}

static void lists_that_parse(void **state)
{
	(void)state;
	parses("", "");
	parses("\n", "");
	parses("0", "0");
	parses("0-3\n", "0-3");
	parses("3,1,2", "1-3");
	parses(" 5 , 7-7 ,, 6,", "5-7");
	parses("0-1,0,1,8", "0-1,8");
	parses("0063-00064", "63-64");
	parses("8191", "8191");
	parses("0-8191", "0-8191");
	parses("60-70,128", "60-70,128");
}

static void lists_that_do_not(void **state)
{
	static const struct {
		const char *text, *named, *rest;
	} bad[] = {
		{ "a", "'a'", "" },
		{ "1,2x,3", "'2x'", "1,3" },
		{ "3-1", "'3-1'", "" },
		{ "4, 5-,6", "'5-'", "4,6" },
		{ "-5", "'-5'", "" },
		{ "1 2", "'1 2'", "" },
		{ "8192", "'8192'", "" },
		{ "0-8192,9", "'0-8192'", "9" },
		{ "99999999999999999999,3", "'99999999999999999999'", "3" },
		{ "0-31:2/4", "'0-31:2/4'", "" },
		{ "1--3", "'1--3'", "" },
		{ "+1", "'+1'", "" },
	};
	static char buf[CPULIST_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct cpuset set = { .word = { 42 } };
		struct kt_diag diag = { 0 };

		assert_int_equal(cpulist__parse(bad[i].text, &set, &diag),
				 -EINVAL);
		if (!strstr(diag.msg, bad[i].named))
			fail_msg("%s: %s", bad[i].text, diag.msg);
		assert_int_equal(set.word[0], 42);
		assert_int_equal(cpulist__parse_lenient(bad[i].text, &set), 1);
		assert_int_equal(cpulist__print(&set, buf, sizeof(buf)), 0);
		assert_string_equal(buf, bad[i].rest);
	}
}

static void long_garbage_is_cut(void **state)
{
	char text[4096];
	struct kt_diag diag = { 0 };
	struct cpuset set;

	(void)state;
	memset(text, 'z', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(cpulist__parse(text, &set, &diag), -EINVAL);
	assert_true(strlen(diag.msg) < 200);
}

static void longest_list_fits(void **state)
{
	static char buf[CPULIST_SIZE];
	char small[8];
	struct cpuset set = { 0 }, again;

	(void)state;
	for (unsigned int i = 0; i < CPUSET_MAX; i += 2)
		cpuset__add(&set, i);
	assert_int_equal(cpuset__count(&set), CPUSET_MAX / 2);
	assert_int_equal(cpulist__print(&set, buf, sizeof(buf)), 0);
	assert_int_equal(cpulist__parse(buf, &again, NULL), 0);
	assert_true(cpuset__equal(&set, &again));
	for (size_t size = 1; size < sizeof(small); size++) {
		memset(small, 'x', sizeof(small));
		assert_int_equal(cpulist__print(&set, small, size), -ENOSPC);
		assert_string_equal(small, "");
	}
	assert_int_equal(cpulist__print(&set, small, 0), -ENOSPC);
}

static void random_sets_round_trip(void **state)
{
	unsigned int seed = 7;
	static char buf[CPULIST_SIZE];

	(void)state;
	for (unsigned int i = 0; i < 500; i++) {
		struct cpuset set = { 0 }, again;
		unsigned int runs = (unsigned int)rand_r(&seed) % 40, n = 0;
		unsigned int cpu, last = 0;

		for (unsigned int k = 0; k < runs; k++)
			cpuset__add_range(
				&set, (unsigned int)rand_r(&seed) % CPUSET_MAX,
				(unsigned int)rand_r(&seed) % 200);
		assert_int_equal(cpulist__print(&set, buf, sizeof(buf)), 0);
		assert_int_equal(cpulist__parse(buf, &again, NULL), 0);
		assert_true(cpuset__equal(&set, &again));
		cpuset__for_each(cpu, &set)
		{
			assert_true(cpuset__has(&set, cpu));
			assert_true(!n || cpu > last);
			last = cpu;
			n++;
		}
		assert_int_equal(n, cpuset__count(&set));
	}
}

static void members_beyond_the_end(void **state)
{
	struct cpuset set = { 0 }, low = { 0 };

	(void)state;
	cpuset__add(&set, CPUSET_MAX);
	cpuset__add(&set, UINT32_MAX);
	cpuset__add_range(&set, CPUSET_MAX - 1, 10);
	assert_int_equal(cpuset__count(&set), 1);
	assert_false(cpuset__has(&set, CPUSET_MAX));
	assert_int_equal(cpuset__next(&set, 0), CPUSET_MAX - 1);
	assert_int_equal(cpuset__next(&set, CPUSET_MAX), CPUSET_MAX);
	cpuset__add_range(&low, 0, 64);
	cpuset__and(&set, &low);
	assert_int_equal(cpuset__count(&set), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_that_parse),
		cmocka_unit_test(lists_that_do_not),
		cmocka_unit_test(long_garbage_is_cut),
		cmocka_unit_test(longest_list_fits),
		cmocka_unit_test(random_sets_round_trip),
		cmocka_unit_test(members_beyond_the_end),
	};

	return cmocka_run_group_tests_name("cpulist", tests, NULL, NULL);
}
