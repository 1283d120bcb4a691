/* SPDX-License-Identifier: GPL-2.0 */
/* Between the parts of `ktstr test`: its command line and what it does. */
#ifndef TOOLS_KTSTR_CMD_TEST_H
#define TOOLS_KTSTR_CMD_TEST_H

#include <ktstr/diag.h>

#define TEST_WORDS_MAX 256u
#define TEST_KERNELS_MAX 32u

struct word_list {
	const char *words[TEST_WORDS_MAX];
	unsigned int nr;
};

/** struct test_args - the command line; strings are argv's */
struct test_args {
	const char *programs; /* directory */
	struct word_list selection, tags, kernels, excluded;
	const char *accel, *cpu_cap;
	const char *output;
	unsigned int jobs, retries;
	unsigned int shard, shards; /* 1-based; shards 0: not sharded */
	bool timeout_given;
	u64 timeout_s;
	bool no_perf, list, fail_fast, summary, json, bisect;
};

/** test_args__parse - Return: 0, or an exit status as from cmd__parse() */
int test_args__parse(struct test_args *args, int argc, char **argv);

/** cmd_test - `ktstr test' */
int cmd_test(int argc, char **argv);

#endif /* TOOLS_KTSTR_CMD_TEST_H */
