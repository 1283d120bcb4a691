// SPDX-License-Identifier: GPL-2.0
/* Numbers on the command line, for every subcommand that takes some. */
#include "tools/ktstr/cmd.h"

#include <argp.h>

#include <ktstr/base.h>

unsigned int cmd__number(struct argp_state *state, const char *arg,
			 const char *what)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(arg, &end, 10);
	if (errno || end == arg || *end || *arg == '-' || v > UINT32_MAX)
		argp_error(state, "%s '%s' is not a number from 0 to %u", what,
			   arg, UINT32_MAX);
	return (unsigned int)v;
}
