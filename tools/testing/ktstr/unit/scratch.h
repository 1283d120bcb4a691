/* SPDX-License-Identifier: GPL-2.0 */
/* A directory for one test, and a shell in it. Failures fail the test. */
#ifndef UNIT_SCRATCH_H
#define UNIT_SCRATCH_H

#define SCRATCH_PATH_MAX 64

/** scratch__make - create an empty directory and write its path to @root */
void scratch__make(char root[SCRATCH_PATH_MAX]);

/** scratch__remove - remove it with everything in it */
void scratch__remove(const char *root);

/**
 * scratch__shell - run a command in @root; it must succeed
 * Return: its stdout and stderr, at most 64 KiB, until the next call.
 */
char *scratch__shell(const char *root, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** scratch__entries - how many a directory has, "." and ".." among them */
unsigned int scratch__entries(const char *path);

#endif /* UNIT_SCRATCH_H */
