// SPDX-License-Identifier: GPL-2.0
/* The `ktstr` command: finds the subcommand and gets out of its way. */
#include "tools/ktstr/cmd.h"
#include "tools/ktstr/generate.h"

#include <ktstr/fd.h>
#include <ktstr/result.h>
#include <ktstr/test-topology.h>
#include <ktstr/workload-file.h>

#include "guest/guest.h"
#include "vmm/softkvm.h"

/* Of a matrix of distances, mostly. */
#define MACHINE_TEXT_MAX KIB(64)

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

/* In a guest: what runs here would be about another machine than it thinks. */
static void check_machine(struct guest_result *result)
{
	char *text __free(ptr) = NULL;
	struct kt_diag diag = { 0 };
	int err = fd__read_file("/" GUEST_MACHINE_NAME, MACHINE_TEXT_MAX, &text,
				NULL);

	if (!err)
		err = test_topology__check("/sys", text, &diag);
	if (!err)
		return;
	result->refused = true;
	result->exit_code = KTSTR_EXIT_TOPOLOGY_MISMATCH;
	snprintf(result->reason, sizeof(result->reason), "%s",
		 diag__text(&diag, err));
}

int main(int argc, char **argv)
{
	/* No tests of its own. */
	static const struct guest_ops guest = { .check_machine =
							check_machine };
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
