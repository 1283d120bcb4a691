/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The directory that a run leaves its files in. Nothing here stops a run: the
 * first error is kept and told at its end. One thread.
 */
#ifndef LIB_RUNNER_OUTDIR_H
#define LIB_RUNNER_OUTDIR_H

#include <ktstr/diag.h>

/** struct outdir - @fd is -1 when no directory was asked for */
struct outdir {
	char *path; /* absolute */
	int fd, lock_fd;
	int err; /* first thing that went wrong, explained in @why */
	struct kt_diag why;
};

#define OUTDIR_NONE                                             \
	{                                                       \
		.path = NULL, .fd = -1, .lock_fd = -1, .err = 0 \
	}

/**
 * outdir__open - create the directory and take it for this run
 *
 * Results of an earlier run are removed, so that nobody takes them for ours.
 * Return: 0 or -errno with a message; -EBUSY when another run has it, the
 * message names that run's process.
 */
int outdir__open(const char *path, struct outdir *ret_dir,
		 struct kt_diag *diag);

/**
 * outdir__create_log - open a file below, with its directories
 * @rel: relative path
 * Return: a descriptor, or -1; the reason is kept in @dir.
 */
int outdir__create_log(struct outdir *dir, const char *rel);

/** outdir__log - append to a log; an error is kept */
void outdir__log(struct outdir *dir, int fd, const char *text, size_t len);

/** outdir__rename_log - give a log another name; its directory exists */
void outdir__rename_log(struct outdir *dir, const char *from, const char *to);

/** outdir__publish - write a whole file: it appears complete or not at all */
void outdir__publish(struct outdir *dir, const char *name, const char *text,
		     size_t len);

/** outdir__close - give the directory back */
void outdir__close(struct outdir *dir);

#endif /* LIB_RUNNER_OUTDIR_H */
