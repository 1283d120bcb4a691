// SPDX-License-Identifier: GPL-2.0
/* The `ktstr` command: finds the subcommand and gets out of its way. */
#include "tools/ktstr/cmd.h"
#include "tools/ktstr/generate.h"

#include "guest/guest.h"
#include "vmm/softkvm.h"

static void usage(FILE *to)
{
	fprintf(to, "Usage: ktstr COMMAND [OPTION...]\n\nCommands:\n");
	for (const struct command *const *cmd = commands; *cmd; cmd++)
		fprintf(to, "  %-10s %s\n", (*cmd)->name, (*cmd)->summary);
	fprintf(to, "\n`ktstr COMMAND --help` explains one command, ktstr(1) "
		    "all of them.\n");
}

static int run_command(const struct command *cmd, int argc, char **argv)
{
	char *name __free(ptr) = NULL;

	argp_err_exit_status = CMD_USAGE;
	if (asprintf(&name, "ktstr %s", cmd->name) < 0)
		return CMD_INFRA;
	argv[0] = name;
	return cmd->fn(argc, argv);
}

/* What was printed and did not arrive is no success. */
static int finish(int status)
{
	if ((!fflush(stdout) && !ferror(stdout)) || status != CMD_OK)
		return status;
	fprintf(stderr, "ktstr: standard output: %s\n", strerror(errno));
	return CMD_INFRA;
}

int main(int argc, char **argv)
{
	static const struct guest_ops guest; /* no tests of its own */
	const struct command *cmd;
	int status;

	if (guest__is_init())
		return guest__init(&guest);
	if (softkvm__main(argc, argv, &status))
		return status;
	if (argc < 2) {
		usage(stderr);
		return CMD_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		usage(stdout);
		return finish(CMD_OK);
	}
	/* For the Makefile; no part of what users rely on. */
	if (!strcmp(argv[1], "--generate") && argc == 3)
		return finish(generate(stdout, argv[2]));
	cmd = cmd__find(argv[1]);
	if (cmd)
		return finish(run_command(cmd, argc - 1, argv + 1));
	fprintf(stderr, "ktstr: no command '%s'; `ktstr --help` lists them\n",
		argv[1]);
	return CMD_USAGE;
}
