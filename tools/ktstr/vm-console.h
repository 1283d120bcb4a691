/* SPDX-License-Identifier: GPL-2.0 */
/* `ktstr vm`: running a machine with its console on stdin and stdout. */
#ifndef TOOLS_KTSTR_VM_CONSOLE_H
#define TOOLS_KTSTR_VM_CONSOLE_H

#include "vmm/vm.h"

/**
 * vm_console__run - build a machine, relay its console until it ends
 * @cfg: sinks of COM1 and HVC0 and the input are filled in here
 * @stats: print statistics to stderr at the end
 * @mark: with @stats: also those when this text first came out; may be NULL
 *
 * Once per process: takes stdin, the signals that end a program, and leaves
 * threads that live until exit. A terminal is raw meanwhile.
 * Return: exit status of the command.
 */
int vm_console__run(struct vm_config *cfg, bool stats, const char *mark);

#endif /* TOOLS_KTSTR_VM_CONSOLE_H */
