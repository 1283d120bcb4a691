/* SPDX-License-Identifier: GPL-2.0 */
/* The test's side of the fork in run.c. */
#ifndef GUEST_CHILD_H
#define GUEST_CHILD_H

#include "guest/guest.h"

/**
 * child__main - become the test child and run the test
 * @out_fd: write ends for stdout and stderr
 *
 * New session, default signal handling, nothing open above 2.
 */
void child__main(const struct guest_ops *ops, int argc, char **argv,
		 const int out_fd[2], struct guest_result *result)
	__attribute__((noreturn));

/** child__reset_signals - default handling of all, none blocked */
void child__reset_signals(void);

#endif /* GUEST_CHILD_H */
