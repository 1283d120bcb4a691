/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between ktstr/harness.h, which is compiled into each test program, and
 * lib/harness, which is not. Nothing here is for test authors.
 */
#ifndef KTSTR_HARNESS_GLUE_H
#define KTSTR_HARNESS_GLUE_H

#include <ktstr/attr.h>

/**
 * struct ktstr_attr_decl - one KTSTR_*_ATTR() of the program
 * @variant: NULL: every variant of the fixture
 * @test: NULL: every test of the fixture
 */
struct ktstr_attr_decl {
	const char *fixture;
	const char *variant;
	const char *test;
	struct ktstr_attr attr;
	struct ktstr_attr_decl *next;
};

/**
 * struct ktstr_test_ref - one test as the harness's lists have it
 * @variant: "" when the fixture has none
 * @timeout_s: TEST_F_TIMEOUT()'s, 0 when the test did not say any
 * @xfail: XFAIL_ADD() names it
 */
struct ktstr_test_ref {
	const char *fixture;
	const char *variant;
	const char *test;
	unsigned int timeout_s;
	bool xfail;
};

/** struct ktstr_harness_ops - what the library asks of the program's lists */
struct ktstr_harness_ops {
	/* The harness's own explanation of its flags, to stderr. */
	void (*usage)(char *argv0);
	/* @fn for each test that the filters in @argv select, running order */
	void (*each)(int argc, char **argv,
		     void (*fn)(void *ctx, const struct ktstr_test_ref *ref),
		     void *ctx);
	/* Head of the list of declarations. */
	const struct ktstr_attr_decl *(*decls)(void);
	/* From now on tests go through ktstr_harness__run_test(@run, ...). */
	void (*arm)(void *run);
	/* The harness's own main: prints, exits. */
	int (*run)(int argc, char **argv);
	/*
	 * Run the body of one test in a child and wait for it. Return: KSFT
	 * code or KTSTR_EXIT_INCONCLUSIVE.
	 */
	int (*run_one)(const char *name, unsigned int duration_s, char *reason,
		       size_t reason_size);
};

/** ktstr_harness__main - main() of a test program, in whatever role */
int ktstr_harness__main(int argc, char **argv,
			const struct ktstr_harness_ops *ops);

/**
 * ktstr_harness__run_test - run one test as its attributes say; called in the
 * forked child that the harness made for the test
 * @run: as given to ops->arm()
 * @reason: memory shared with the harness, so that it has something to say
 *          when this process does not return
 *
 * Return: KSFT code, with the text after the directive in @reason.
 */
int ktstr_harness__run_test(void *run, const char *name, char *reason,
			    size_t reason_size);

/** ktstr_harness__timeout_s - harness timeout for a test, above all of ours */
unsigned int ktstr_harness__timeout_s(void *run, const char *name);

#endif /* KTSTR_HARNESS_GLUE_H */
