/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is to be run: programs, their tests, which of them are selected, in
 * which kernels, in which shard; and what became of each. Filled by
 * listing.c, worked off by runner.c, read by everything that reports.
 * One thread.
 */
#ifndef LIB_RUNNER_TESTPLAN_H
#define LIB_RUNNER_TESTPLAN_H

#include <ktstr/diag.h>
#include <ktstr/outcome.h>

#include "lib/runner/textbuf.h"

/** struct plan_attempt - one try at one test */
struct plan_attempt {
	enum ktstr_outcome outcome;
	u64 time_ms;
	char *directive;     /* as printed, without time=; "" = none */
	char *log;	     /* the program's lines, a path; NULL = none kept */
	char *fingerprint;   /* of its crash; NULL = none was reported */
	struct textbuf text; /* its lines, printable, each with '\n' */
	bool printed;	     /* those lines are on standard output already */
	bool not_booted;     /* the guest never came up */
};

/** struct plan_test - one result that the report will have */
struct plan_test {
	unsigned int program;
	unsigned int kernel; /* index of runner_config.kernels */
	char *name;	     /* the program's name for it */
	char *label;	     /* reported: name, or name.kernel_... */
	char *tags;	     /* between spaces: " slow host_only "; "" */
	u64 expect_ms;	     /* from an earlier run; 0 = unknown */
	bool picked;
	bool named; /* exactly, so that it runs although tagged "ignore" */
	bool done;  /* the last attempt is its result */
	unsigned int nr_attempts;
	struct plan_attempt *attempts;
};

/** struct plan_program - one executable and where its results stand */
struct plan_program {
	char *name; /* base name */
	char *path;
	unsigned int nr_tests, nr_done;
	unsigned int nr_running; /* processes of it */
	int exit_status;	 /* worst: 128 + N for a signal */
	bool timed_out;
	u64 limit_s;
	u64 time_ms;		    /* of its processes, added up */
	enum ktstr_outcome outcome; /* worst of its tests and processes */
	struct textbuf tail;	    /* lines behind its last result */
};

struct testplan {
	struct plan_program *programs;
	unsigned int nr_programs;
	struct plan_test *tests; /* those of one program stand together */
	unsigned int nr_tests;
};

/**
 * testplan__add_program - @ret_index is its number
 * Return: 0 or -ENOMEM.
 */
int testplan__add_program(struct testplan *plan, const char *name,
			  const char *path, unsigned int *ret_index);

/**
 * testplan__add_listing - tests of a program from the text of its --list
 * @program: the last one added
 * @text: lines "NAME [TAG[ ,]...]"; NUL-terminated
 *
 * Return: 0, -ENOMEM, or -EINVAL with a message: a name that is empty, too
 * long, given twice or made of other than letters, digits and "_.-".
 */
int testplan__add_listing(struct testplan *plan, unsigned int program,
			  const char *text, struct kt_diag *diag);

/** struct plan_selection - what a user asks for */
struct plan_selection {
	/* Program, PROGRAM:TEST, TEST, or glob over either; none = all. */
	const char *const *words;
	unsigned int nr_words;
	const char *const *tags; /* a test needs one of them; none = any */
	unsigned int nr_tags;
	/*
	 * Ignored tests on presets count as all others. Without it they are
	 * there only for who names them: by a word, by the tag "preset", or by
	 * a glob part by part, in which a * stops at dots.
	 */
	bool spares;
};

/**
 * testplan__select - keep what is asked for, forget the rest
 * Return: 0, or -ENOENT with a message that names the word or tag that
 * nothing answers to.
 */
int testplan__select(struct testplan *plan,
		     const struct plan_selection *selection,
		     struct kt_diag *diag);

/** testplan__keep_picked - forget tests that are not @picked; clears the mark
 */
void testplan__keep_picked(struct testplan *plan);

/**
 * testplan__kernels - one result per test and kernel
 * @labels: last name part for each kernel; @nr of 0 and 1 change no name.
 *	    Tests tagged host_only run once and keep their name.
 * Return: 0 or -ENOMEM.
 */
int testplan__kernels(struct testplan *plan, const char *const *labels,
		      unsigned int nr);

/**
 * testplan__shard - keep part @part of @parts (1-based)
 *
 * Depends on nothing but the plan's order; the parts are disjoint and
 * together everything, and their sizes differ by at most one test.
 */
void testplan__shard(struct testplan *plan, unsigned int part,
		     unsigned int parts);

/**
 * testplan__test_attempt - begin another attempt at a test
 * Return: it, zeroed, or NULL without memory. Earlier pointers are void.
 */
struct plan_attempt *testplan__test_attempt(struct plan_test *test);

/** testplan_test__last - the latest attempt; NULL when there was none */
struct plan_attempt *testplan_test__last(const struct plan_test *test);

/** testplan_test__is_good - an outcome that needs no retry and fails no run */
bool testplan_test__is_good(enum ktstr_outcome outcome);

/** testplan_test__flaky - good at last, after an attempt that was not */
bool testplan_test__flaky(const struct plan_test *test);

/** testplan_test__has_tag - exact word */
bool testplan_test__has_tag(const struct plan_test *test, const char *tag);

/** testplan_test__ignored - reported as a skip without being run */
bool testplan_test__ignored(const struct plan_test *test);

/** testplan__worst - the outcome a run or program with both ends as */
enum ktstr_outcome testplan__worst(enum ktstr_outcome a, enum ktstr_outcome b);

/** testplan__fini - free; {0} is an empty plan */
void testplan__fini(struct testplan *plan);
DEFINE_FREE(testplan, struct testplan *, if (_T) testplan__fini(_T))

#endif /* LIB_RUNNER_TESTPLAN_H */
