/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One failure, one message. Code below the command line never prints: it
 * returns -errno and, where it knows more than the number says, leaves one
 * line in the caller's struct kt_diag: what failed, the value, the limit and
 * the remedy. The fixed buffer keeps allocation off the error path.
 */
#ifndef KTSTR_DIAG_H
#define KTSTR_DIAG_H

#include <ktstr/base.h>

struct kt_diag {
	char msg[1024];
};

/**
 * diag__fail - record why an operation failed and return its error
 * @diag: destination, may be NULL (the message is then dropped)
 * @err:  negative errno to return
 * @fmt:  printf format of one line without newline: what, value, remedy
 *
 * A message already present is kept, because the innermost layer knows most.
 * Return: @err.
 */
int diag__fail(struct kt_diag *diag, int err, const char *fmt, ...)
	__printf_like(3, 4);

/**
 * diag__context - put "fmt: " in front of the message that is already there
 * @diag: may be NULL
 * @err:  negative errno to return; also spelled out when there is no message
 *
 * Return: @err.
 */
int diag__context(struct kt_diag *diag, int err, const char *fmt, ...)
	__printf_like(3, 4);

/** diag__text - the message, or strerror(-@err) when nothing was recorded */
const char *diag__text(const struct kt_diag *diag, int err);

#endif /* KTSTR_DIAG_H */
