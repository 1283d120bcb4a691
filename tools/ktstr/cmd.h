/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Subcommands of `ktstr` and what is said about them. `ktstr --help`,
 * `ktstr NAME --help`, ktstr(1), run_tests.sh(1) and the completion of bash are
 * made from the same rows. To add a command:
 *
 *   1. cmd-NAME.c defines `const struct command command_NAME`, its one row;
 *   2. COMMAND(NAME) in commands.def, in the order of the manual.
 *
 * That is all; tools/testing/ktstr/bats/cli.bats and docs.bats walk the rows.
 */
#ifndef TOOLS_KTSTR_CMD_H
#define TOOLS_KTSTR_CMD_H

#include <argp.h>

#include <ktstr/base.h>

/* Exit statuses shared by all subcommands. */
enum cmd_status {
	CMD_OK = 0,
	CMD_FAIL = 1,	 /* the thing asked for happened and failed */
	CMD_USAGE = 2,	 /* the command line was wrong */
	CMD_INFRA = 125, /* it could not be tried */
};

/**
 * struct cmd_note - a line of a list: "125", "it could not be tried"
 *
 * Lists end with a row whose @what is NULL. Rows with the same @what are
 * joined by "; "; a list of exit statuses is sorted by number.
 */
struct cmd_note {
	const char *what, *text;
};

/**
 * struct command - one subcommand
 * @name: as typed
 * @fn: runs it and returns the exit status; argv[0] is "ktstr NAME"
 * @summary: one line for `ktstr --help`, no capital, no full stop
 * @argp: options, parser, args_doc; its doc stays NULL, see cmd__parse()
 * @description: what it does. Here and in the other texts an empty line starts
 *	a paragraph, a line that starts with two spaces stays as it is, and
 *	`backquotes` become bold in the manual
 * @exits: what each exit status means
 * @env: names of variables it looks at, space between them; rows of env.def
 * @examples: @what is a command line, @text says what for; or NULL
 * @words: what completion offers for the positional arguments: words with a
 *	space between them, or one of the classes below; or NULL
 *
 * The argument's name in struct argp_option decides what completion offers
 * for an option: KERNEL cached kernels and files, FILE and PATH files, DIR
 * directories, TEST the suite's tests, "a|b|c" those words, another nothing.
 */
struct command {
	const char *name;
	int (*fn)(int argc, char **argv);
	const char *summary;
	const struct argp *argp;
	const char *description;
	const struct cmd_note *exits;
	const char *env;
	const struct cmd_note *examples;
	const char *words;
};

/* Classes for @words. */
#define CMD_WORDS_TEST "@test"	     /* names of the suite's tests */
#define CMD_WORDS_PROGRAM "@program" /* a program, then files */
#define CMD_WORDS_FILE "@file"

/* extern const struct command command_accel; and so on */
#define COMMAND(name) extern const struct command command_##name;
#include "tools/ktstr/commands.def"
#undef COMMAND

/** commands - all rows in the manual's order, then NULL */
extern const struct command *const commands[];

/** cmd__find - the command called @name, or NULL */
const struct command *cmd__find(const char *name);

/**
 * cmd__parse - argp_parse() with the row's texts in --help
 * @cmd: whose command line it is
 * @flags: ARGP_IN_ORDER and so on
 * @input: for the row's parser
 *
 * --help ends the process with 0, a wrong command line with CMD_USAGE.
 * Return: 0, or an exit status to return.
 */
int cmd__parse(const struct command *cmd, int argc, char **argv,
	       unsigned int flags, void *input);

/** cmd__number - @arg, of option @what, as a number; else argp_error() */
unsigned int cmd__number(struct argp_state *state, const char *arg,
			 const char *what);

#endif /* TOOLS_KTSTR_CMD_H */
