/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Subcommands of `ktstr`. To add one: write cmd-NAME.c with cmd_NAME(), add a
 * row to the table in main.c, a page to Documentation/ and a case to
 * tools/testing/ktstr/bats/cli.bats.
 */
#ifndef TOOLS_KTSTR_CMD_H
#define TOOLS_KTSTR_CMD_H

/* Exit statuses shared by all subcommands. */
enum cmd_status {
	CMD_OK = 0,
	CMD_FAIL = 1,	 /* the thing asked for happened and failed */
	CMD_USAGE = 2,	 /* the command line was wrong */
	CMD_INFRA = 125, /* it could not be tried */
};

/* argv[0] is "ktstr NAME"; parsing is argp's, so --help comes for free. */
int cmd_accel(int argc, char **argv);
int cmd_softkvm(int argc, char **argv);
int cmd_vm(int argc, char **argv);

#endif /* TOOLS_KTSTR_CMD_H */
