/* SPDX-License-Identifier: GPL-2.0 */
/* What `ktstr --generate KIND` prints: files made from the command table. */
#ifndef TOOLS_KTSTR_GENERATE_H
#define TOOLS_KTSTR_GENERATE_H

#include "tools/ktstr/cmd.h"

/**
 * generate - print the file called @kind
 * Return: exit status; CMD_USAGE with a message on stderr if there is none.
 */
int generate(FILE *to, const char *kind);

void generate_man(FILE *to);
void generate_man_run_tests(FILE *to);
void generate_completion(FILE *to);

/* What run_tests.sh has beyond `ktstr test`, whose wrapper it is. */
extern const struct argp_option run_tests_options[];
extern const char run_tests_description[];
extern const struct cmd_note run_tests_examples[];

typedef void (*option_fn)(void *ctx, const struct argp_option *opt);

/**
 * option__each - every documented option and heading, also of argp's children
 */
void option__each(const struct argp *argp, option_fn fn, void *ctx);

/** option__is_heading - its doc stands above a group of options */
bool option__is_heading(const struct argp_option *opt);

/** option__has_short - its key is also a letter */
bool option__has_short(const struct argp_option *opt);

#endif /* TOOLS_KTSTR_GENERATE_H */
