/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine's work when it is not a test of this project's harness: any
 * program, or a shell. Says what goes into the ramdisk, what is executed with
 * which arguments, environment and directory, and where its output goes. A
 * session is given one in its configuration; session__run_test() then runs it.
 *
 * The program sees itself at the path it has on the host, in the directory the
 * caller is in. Not thread-safe; one per session.
 */
#ifndef KTSTR_WORKLOAD_H
#define KTSTR_WORKLOAD_H

#include <ktstr/diag.h>

struct vm;
struct workload;

/** workload__new - an empty one; Return: 0 or -ENOMEM */
int workload__new(struct workload **ret_workload);
void workload__free(struct workload *w);
DEFINE_FREE(workload, struct workload *, workload__free(_T))

/**
 * workload__program - run @argv[0] with @argv, byte for byte; once per workload
 *
 * Found like a shell finds it (PATH when the name has no slash). An ELF
 * program's libraries are packed with it, a script's interpreter (and what
 * "env" would start), to a depth of four.
 * Return: 0, -ENOENT, -EACCES (not executable), -ENOEXEC (wrong architecture,
 * neither program nor script), -EINVAL (lies where the guest mounts a file
 * system of its own), each with a message.
 */
int workload__program(struct workload *w, int argc, char *const *argv,
		      struct kt_diag *diag);

/**
 * workload__include - also pack @spec below /include-files
 * @spec: a name without slash: a file here, else of PATH; a path to a file: it
 *        is packed under its last component; a directory: all regular files
 *        below it, under its last component
 *
 * Directories that hold an executable are put in front of the guest's PATH.
 * Return: 0, or -errno with a message. That two files want one name is found
 * when the ramdisk is built.
 */
int workload__include(struct workload *w, const char *spec,
		      struct kt_diag *diag);

/** struct workload_term - the terminal of an interactive shell */
struct workload_term {
	const char *term,
		*colorterm;	 /* NULL or what is unusable: "linux", "" */
	unsigned int cols, rows; /* 0: unknown */
};

/**
 * workload__shell - run a busybox shell
 * @cmd: text for sh -c, or NULL: interactive, on @term and the console
 * Return: 0, or -ENOENT saying which package has busybox.
 */
int workload__shell(struct workload *w, const char *cmd,
		    const struct workload_term *term, struct kt_diag *diag);

/**
 * struct workload_io - where the guest's bytes go; members may be NULL
 *
 * All but @started are called on vCPU threads, one at a time per stream, and
 * must not block for long.
 */
struct workload_io {
	/* What the program writes to fd 1 or 2. */
	void (*output)(void *ctx, int fd, const void *buf, size_t len);
	/* Terminal output of an interactive shell. */
	void (*console)(void *ctx, const void *buf, size_t len);
	/* The kernel's console, as it comes. */
	void (*kernel_log)(void *ctx, const void *buf, size_t len);
	/* The machine is about to run; NULL when it has, before it goes. */
	void (*started)(void *ctx, struct vm *vm);
	int input_fd; /* bytes for the terminal, or -1 */
	void *ctx;
};

/** workload__set_io - copy @io; without it output is a report's comment */
void workload__set_io(struct workload *w, const struct workload_io *io);

/** workload__name - last component of the program's path, fit for a report */
const char *workload__name(const struct workload *w);

#endif /* KTSTR_WORKLOAD_H */
