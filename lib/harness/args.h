/* SPDX-License-Identifier: GPL-2.0 */
/* The arguments of a test program: ours, and the harness's filters. */
#ifndef LIB_HARNESS_ARGS_H
#define LIB_HARNESS_ARGS_H

#include <ktstr/diag.h>

enum list_form { LIST_NONE, LIST_NAMES, LIST_TAGS, LIST_LONG };

/** enum ignored_mode - what happens to tests with .ignore */
enum ignored_mode {
	IGNORED_NAMED, /* run where -t or -r names them, else skip */
	IGNORED_RUN,
	IGNORED_SKIP, /* skip even those that are named */
};

struct args {
	/* What the harness gets: argv[0], then pairs of filter and name. */
	int argc;
	char **argv;

	const char *kernel;
	enum list_form list;
	enum ignored_mode ignored;
	bool check;
	bool help;
};

/**
 * args__parse - take a command line apart
 * @argv: argv[@argc] is NULL; reordered
 *
 * Not reentrant: uses getopt. The strings stay @argv's.
 * Return: 0, -ENOMEM, or -EINVAL with what is wrong.
 */
int args__parse(int argc, char **argv, struct args *ret_args,
		struct kt_diag *diag);
void args__fini(struct args *args);
DEFINE_FREE(args, struct args, args__fini(&_T))

/** args__help - the text of --help about our own options */
extern const char args__help[];

#endif /* LIB_HARNESS_ARGS_H */
