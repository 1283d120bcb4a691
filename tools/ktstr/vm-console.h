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

/*
 * The pieces of it, for a machine that somebody else runs: open, machine,
 * write, machine(NULL) before it is freed, close. Once per process.
 */

/**
 * vm_console__open - start relaying stdin into a pipe; catch signals
 * @escape: Ctrl-A x stops the machine also when stdin is no terminal
 * @ret_input_fd: the pipe's end for the machine
 *
 * A terminal is raw until vm_console__close() or exit.
 * Return: 0 or -errno.
 */
int vm_console__open(bool escape, int *ret_input_fd);

/** vm_console__machine - @vm is what a signal or the user's Ctrl-A x stops */
void vm_console__machine(struct vm *vm);

/** vm_console__write - on a vCPU thread: all of it, unless the machine ends */
void vm_console__write(int fd, const void *buf, size_t len);

void vm_console__close(void);

/** vm_console__quit - did the user leave? */
bool vm_console__quit(void);

/** vm_console__signal - the signal that stopped the machine, or 0 */
int vm_console__signal(void);

/**
 * vm_console__raw_tty - make stdin raw until exit
 * Return: whether it is a terminal and is raw now.
 */
bool vm_console__raw_tty(void);

#endif /* TOOLS_KTSTR_VM_CONSOLE_H */
