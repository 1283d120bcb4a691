/* SPDX-License-Identifier: GPL-2.0 */
/* Starting processes: children that die with us, and one that does not. */
#ifndef VMM_SOFTKVM_SPAWN_H
#define VMM_SOFTKVM_SPAWN_H

#include <sys/types.h>

#include <ktstr/diag.h>

struct sk_spawn {
	char *const *argv; /* argv[0] is the program's path unless @path */
	const char *path;
	const int *keep_fds; /* stay open under their numbers */
	unsigned int nr_keep_fds;
	bool user_namespace; /* capabilities over our own uid and gid only */
};

/**
 * sk_spawn__child - start a child that is killed when the calling thread ends
 *
 * Standard input is /dev/null, output and error are the caller's, all other
 * descriptors are closed, signals are at their defaults.
 * Return: 0, or -errno of what failed before or in exec.
 */
int sk_spawn__child(const struct sk_spawn *spawn, pid_t *ret_pid,
		    struct kt_diag *diag);

/**
 * sk_spawn__daemon - start a process in a session of its own that outlives us
 * @log_fd: becomes its standard output and error
 */
int sk_spawn__daemon(const struct sk_spawn *spawn, int log_fd,
		     struct kt_diag *diag);

#endif /* VMM_SOFTKVM_SPAWN_H */
