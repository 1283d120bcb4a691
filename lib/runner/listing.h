/* SPDX-License-Identifier: GPL-2.0 */
/* Finding out which programs there are and which tests they have. */
#ifndef LIB_RUNNER_LISTING_H
#define LIB_RUNNER_LISTING_H

#include "lib/runner/testplan.h"

/* Programs that are asked put tags behind the names when this is "tags". */
#define RUNNER_LIST_ENV "KTSTR_LIST"

struct listing_config {
	const char *dir;
	/* Base names that are no part of the suite. */
	const char *const *exclude;
	unsigned int nr_exclude;
};

/**
 * listing__read - fill @plan from `PROGRAM --list` of each executable in a
 * directory, in the order of their names
 *
 * Several programs are asked at once, each for at most 10 s.
 * Return: 0, -ENOENT when there is no program, or -errno; the message names
 * the program and what it printed on standard error.
 */
int listing__read(const struct listing_config *cfg, struct testplan *plan,
		  struct kt_diag *diag);

#endif /* LIB_RUNNER_LISTING_H */
