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
void generate_completion(FILE *to);

typedef void (*option_fn)(void *ctx, const struct argp_option *opt);

/** option__each - every documented option, those of argp's children too */
void option__each(const struct argp *argp, option_fn fn, void *ctx);

/** option__has_short - its key is also a letter */
bool option__has_short(const struct argp_option *opt);

#endif /* TOOLS_KTSTR_GENERATE_H */
