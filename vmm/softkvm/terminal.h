/* SPDX-License-Identifier: GPL-2.0 */
/* Which of a program's streams arrive at a terminal outside; see terminal.c. */
#ifndef VMM_SOFTKVM_TERMINAL_H
#define VMM_SOFTKVM_TERMINAL_H

#include <ktstr/base.h>

/* Two numbers of 64 bits, a colon, a space. */
#define TERMINAL_NAME_SIZE 48u

/**
 * terminal__mark - the variable for a program's environment
 * @out, @err: the client's standard output, error is a terminal
 * Return: a constant, NULL when neither is.
 */
const char *terminal__mark(bool out, bool err);

/** terminal__name - in the program's process: from the mark to names */
void terminal__name(void);

#endif /* VMM_SOFTKVM_TERMINAL_H */
