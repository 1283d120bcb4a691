// SPDX-License-Identifier: GPL-2.0
/* The `ktstr` command: finds the subcommand and gets out of its way. */
#include "tools/ktstr/cmd.h"

#include <argp.h>

#include <ktstr/base.h>

#include "vmm/softkvm.h"

static const struct {
	const char *name;
	int (*fn)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{ "accel", cmd_accel, "measure /dev/kvm and say what would be used" },
	{ "softkvm", cmd_softkvm,
	  "manage the machine that replaces missing KVM" },
	{ "vm", cmd_vm, "boot a kernel in our VMM and relay its console" },
	{ NULL, NULL, NULL }, /* a row arrives together with its command */
};

static void usage(FILE *to)
{
	fprintf(to, "Usage: ktstr COMMAND [OPTION...]\n\nCommands:\n");
	for (size_t i = 0; commands[i].name; i++)
		fprintf(to, "  %-10s %s\n", commands[i].name,
			commands[i].summary);
	fprintf(to, "\n`ktstr COMMAND --help` explains one command.\n");
}

int main(int argc, char **argv)
{
	int status;

	if (softkvm__main(argc, argv, &status))
		return status;
	if (argc < 2) {
		usage(stderr);
		return CMD_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		usage(stdout);
		return CMD_OK;
	}
	argp_err_exit_status = CMD_USAGE;
	for (size_t i = 0; commands[i].name; i++) {
		char *name __free(ptr) = NULL;

		if (strcmp(argv[1], commands[i].name))
			continue;
		if (asprintf(&name, "ktstr %s", argv[1]) < 0)
			return CMD_INFRA;
		argv[1] = name;
		return commands[i].fn(argc - 1, argv + 1);
	}
	fprintf(stderr, "ktstr: no command '%s'; `ktstr --help` lists them\n",
		argv[1]);
	return CMD_USAGE;
}
