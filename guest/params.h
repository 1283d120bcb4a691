/* SPDX-License-Identifier: GPL-2.0 */
/* What the host tells guest init: kernel command line words and /args. */
#ifndef GUEST_PARAMS_H
#define GUEST_PARAMS_H

#include <ktstr/diag.h>

#define PARAMS_CMDLINE_MAX 4096u /* COMMAND_LINE_SIZE is 2048 on x86 */
#define PARAMS_ARGS_MAX (64u << 10)
#define PARAMS_ARGC_MAX 256

#define PARAMS_TERM_MAX 64u

/** enum guest_mode - what the guest is for, KTSTR_MODE= */
enum guest_mode {
	GUEST_RUN,   /* run: one test of the program that is init */
	GUEST_EXEC,  /* exec: the program that /workload names */
	GUEST_SHELL, /* shell: the same on a terminal, hvc0 outside */
};

struct guest_params {
	enum guest_mode mode;
	u64 test_timeout_ns; /* KTSTR_TEST_TIMEOUT_MS; 0 = none */
	u64 wprof_grace_ns;  /* KTSTR_WPROF_GRACE_MS; ktstr/wprof.h */
	bool wprof_ready;    /* KTSTR_WPROF_READY: the tracer says when */
	/* Of the terminal on the host; 0 and "" when it did not say. */
	u16 cols, rows;
	char term[PARAMS_TERM_MAX], colorterm[PARAMS_TERM_MAX];
};

/**
 * params__has_guest_word - is KTSTR_GUEST=1 a word of @cmdline?
 *
 * Words are separated by white space outside double quotes, as the kernel
 * separates them.
 */
bool params__has_guest_word(const char *cmdline);

/**
 * params__parse_cmdline - read our keys; other words are not ours to judge
 *
 * KTSTR_MODE=run (default), exec or shell; KTSTR_TEST_TIMEOUT_MS=0..86400000;
 * KTSTR_WPROF_GRACE_MS the same; KTSTR_WPROF_READY=0 or 1; KTSTR_COLS and
 * KTSTR_ROWS=0..65535; KTSTR_TERM and KTSTR_COLORTERM of letters, digits and
 * "._+-". The last of several equal keys wins. Return: 0, or -EINVAL naming
 * word and allowed values.
 */
int params__parse_cmdline(const char *cmdline, struct guest_params *ret_params,
			  struct kt_diag *diag);

/**
 * params__parse_args - split /args into an argument vector
 * @text: @len bytes followed by a NUL; newlines become NULs in place
 * @argv: room for PARAMS_ARGC_MAX + 1 pointers; argv[0] becomes "init",
 *        argv[argc] NULL
 *
 * One argument per line, the last one with or without newline. An empty line
 * is an empty argument; an empty file is no argument.
 * Return: 0, -E2BIG, or -EINVAL for a NUL byte.
 */
int params__parse_args(char *text, size_t len, char **argv, int *ret_argc,
		       struct kt_diag *diag);

#endif /* GUEST_PARAMS_H */
