/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A finished run as files for other programs. Pure: data in, text out; all
 * three tell the same about each test.
 */
#ifndef LIB_RUNNER_RESULTS_H
#define LIB_RUNNER_RESULTS_H

#include "lib/runner/runner.h"

/** struct results - what is told; borrowed */
struct results {
	const struct testplan *plan; /* all tests done */
	const struct runner_result *run;
	const char
		*kernel; /* that all tests ran in, NULL = not one or unknown */
	int exit_status;
};

/**
 * typedef results_fn - make the text of a file
 * @ret_text: NUL-terminated, the caller's to free()
 * Return: 0 or -ENOMEM.
 */
typedef int (*results_fn)(const struct results *res, char **ret_text,
			  size_t *ret_len);

/** results__ktap - nested KTAP: a subtest per program */
int results__ktap(const struct results *res, char **ret_text, size_t *ret_len);

/**
 * results__json - the groups and cases that `kunit.py parse --json` makes of
 * results__ktap()'s text, and more fields in each
 */
int results__json(const struct results *res, char **ret_text, size_t *ret_len);

/** results__junit - JUnit XML: a suite per program */
int results__junit(const struct results *res, char **ret_text, size_t *ret_len);

#endif /* LIB_RUNNER_RESULTS_H */
