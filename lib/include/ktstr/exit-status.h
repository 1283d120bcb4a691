/* SPDX-License-Identifier: GPL-2.0 */
/* A program's end as one number, as shells have it (POSIX sh, "Exit Status").
 */
#ifndef KTSTR_EXIT_STATUS_H
#define KTSTR_EXIT_STATUS_H

#include <sys/wait.h>

/* Of a program that there is but cannot be executed, and of one there is not.
 */
#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND 127

/**
 * exit_status - of a program that has ended
 * @status: as waitpid(2) gives it
 * Return: its own, or 128 and the signal that killed it.
 */
static inline int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

#endif /* KTSTR_EXIT_STATUS_H */
