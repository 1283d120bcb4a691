/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process of the runner: its output on pipes, its end on a descriptor, its
 * death tied to ours, and what it leaves behind findable. One thread.
 */
#ifndef LIB_RUNNER_CHILD_H
#define LIB_RUNNER_CHILD_H

#include <sched.h>
#include <sys/types.h>

#include <ktstr/diag.h>

/* Marks every process of one child, whatever it does: its own environment. */
#define RUNNER_CHILD_ENV "KTSTR_RUNNER_CHILD"

/** struct runner_child - all descriptors are -1 and @pid 0 when there is none
 */
struct runner_child {
	pid_t pid;
	int pidfd;  /* readable when it ended */
	int out_fd; /* its standard output, non-blocking */
	int err_fd;
	u64 mark; /* value of RUNNER_CHILD_ENV */
};

#define RUNNER_CHILD_NONE                                         \
	{                                                         \
		.pid = 0, .pidfd = -1, .out_fd = -1, .err_fd = -1 \
	}

struct runner_child_config {
	const char *path;
	const char *const *argv; /* NULL at the end */
	/* "NAME=VALUE" over our own environment; "NAME" alone takes it away */
	const char *const *env;
	unsigned int nr_env;
	const cpu_set_t *cpus; /* NULL: ours */
};

/**
 * runner_child__start - run a program in a process group of its own
 *
 * Standard input is /dev/null. It is killed when this process dies.
 * Return: 0, or -errno with a message; a program that cannot be executed is
 * such an error.
 */
int runner_child__start(const struct runner_child_config *cfg,
			struct runner_child *ret_child, struct kt_diag *diag);

/** runner_child__kill - SIGKILL to its process group */
void runner_child__kill(const struct runner_child *child);

/**
 * runner_child__reap - take the status of one that ended, kill what it left
 *
 * Processes that outlived it and that carry its mark are killed, except
 * softkvm, which serves others. Descriptors are closed.
 * Return: exit status, 128 + N after signal N.
 */
int runner_child__reap(struct runner_child *child);

/** runner_child__forget - close the descriptors of one that will not end */
void runner_child__forget(struct runner_child *child);

/**
 * runner_child__adopt - become the parent of orphaned descendants
 * Needed once per process for runner_child__reap() to find them.
 */
void runner_child__adopt(void);

#endif /* LIB_RUNNER_CHILD_H */
