/* SPDX-License-Identifier: GPL-2.0 */
/* `ktstr vm`: running a machine with its console on stdin and stdout. */
#ifndef TOOLS_KTSTR_VM_CONSOLE_H
#define TOOLS_KTSTR_VM_CONSOLE_H

#include "vmm/vm.h"

struct vm_console_opts {
	bool stats;	  /* print statistics to stderr at the end */
	const char *mark; /* and those when this text came out; or NULL */
	bool escape;	  /* stdin is a terminal elsewhere: Ctrl-A x leaves */
};

/**
 * vm_console__run - build a machine, relay its console until it ends
 * @cfg: sinks of COM1 and HVC0 and the input are filled in here
 *
 * Once per process: takes stdin, the signals that end a program, and leaves
 * threads that live until exit. A terminal is raw meanwhile.
 * Return: exit status of the command.
 */
int vm_console__run(struct vm_config *cfg, const struct vm_console_opts *opts);

/**
 * vm_console__raw_tty - make stdin raw until exit
 * Return: whether it is a terminal and is raw now.
 */
bool vm_console__raw_tty(void);

#endif /* TOOLS_KTSTR_VM_CONSOLE_H */
