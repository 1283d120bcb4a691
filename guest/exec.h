/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest whose work is some program, not a test of ours: what the file
 * /workload says, and how the test child becomes that program.
 */
#ifndef GUEST_EXEC_H
#define GUEST_EXEC_H

#include <ktstr/workload-file.h>

#include "guest/guest.h"
#include "guest/params.h"

#define EXEC_FILE "/" GUEST_WORKLOAD_NAME

/** struct exec_workload - strings point into the text that was parsed */
struct exec_workload {
	char *cwd;
	char *path;
	char **argv; /* NULL-terminated, and the same allocation as: */
	char **envp; /* NULL-terminated */
};

/**
 * exec__parse - take the file's text apart
 * @text: @len bytes, kept by @ret_workload
 * Return: 0, -EINVAL with a message, or -ENOMEM. Release with
 * exec__fini().
 */
int exec__parse(char *text, size_t len, struct exec_workload *ret_workload,
		struct kt_diag *diag);
void exec__fini(struct exec_workload *workload);

/** struct exec_ctx - context of the two below */
struct exec_ctx {
	const struct exec_workload *workload;
	const struct guest_params *params;
};

/**
 * exec__program - run_test of GUEST_EXEC: become the program
 *
 * Returns only when that failed, with the reason in @result.
 */
void exec__program(void *ctx, int argc, char **argv,
		   struct guest_result *result);

/**
 * exec__shell - run_test of GUEST_SHELL: run the program on a pseudo
 * terminal and relay it to /dev/hvc0 until it ends; its status is the result
 */
void exec__shell(void *ctx, int argc, char **argv, struct guest_result *result);

#endif /* GUEST_EXEC_H */
