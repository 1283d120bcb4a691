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

/**
 * child__stdio - read /dev/null, write to @out_fd, keep nothing else open
 * Return: 0 or -errno.
 */
int child__stdio(const int out_fd[2]);

#endif /* GUEST_CHILD_H */
