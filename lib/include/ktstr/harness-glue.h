/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between ktstr/harness.h, which is compiled into each test program, and
 * lib/harness, which is not.
 */
#ifndef KTSTR_HARNESS_GLUE_H
#define KTSTR_HARNESS_GLUE_H

#include <ktstr/result.h>

struct session;

/** struct ktstr_harness_ops - what the library asks of the program's lists */
struct ktstr_harness_ops {
	/* KSFT_PASS when the arguments are valid, else the exit status. */
	int (*check_args)(int argc, char **argv);
	/* Tests the arguments select, and whether one needs a machine. */
	unsigned int (*count)(int argc, char **argv, bool *ret_need_vm);
	/* Call @fn with the name of each selected test, in running order. */
	void (*each)(int argc, char **argv,
		     void (*fn)(void *ctx, const char *name), void *ctx);
	/* An attribute naming no test: write its name, return false. */
	bool (*check_attrs)(char *buf, size_t size);
	/* Make selected tests boot machines in @s. */
	void (*arm)(struct session *s);
	/* The harness's own main: prints, exits. */
	int (*run)(int argc, char **argv);
	/* Guest: run one test; Return: KSFT code. */
	int (*run_one)(const char *name, char *reason, size_t reason_size);
};

/** ktstr_harness__main - main() of a test program, in whatever role */
int ktstr_harness__main(int argc, char **argv,
			const struct ktstr_harness_ops *ops);

/**
 * ktstr_harness__run_vm - run one test in a machine; called in the forked
 * child that the harness made for the test, which dies with the program
 * Return: KSFT code, with the text after the directive in @reason.
 */
int ktstr_harness__run_vm(struct session *s, const char *name,
			  const struct ktstr_attr *attr, char *reason,
			  size_t reason_size);

/** ktstr_harness__budget_s - harness timeout for a test with @attr */
unsigned int ktstr_harness__budget_s(const struct session *s,
				     const struct ktstr_attr *attr);

#endif /* KTSTR_HARNESS_GLUE_H */
