/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel log's tail as text. */
#ifndef GUEST_DMESG_H
#define GUEST_DMESG_H

#include <ktstr/base.h>

#define DMESG_MAX (256u << 10)

/**
 * dmesg__read - newest DMESG_MAX bytes of the kernel log, oldest line first
 * @ret_buf: owned by the caller, free(); lines "[    1.234567] text\n"
 *
 * One system call for all of it: /dev/kmsg would take one per line.
 * Return: 0, or -errno (-EPERM without CAP_SYSLOG).
 */
int dmesg__read(char **ret_buf, size_t *ret_len);

/**
 * dmesg__strip_levels - remove the "<6>" in front of each line, in place
 * Return: the new length.
 */
size_t dmesg__strip_levels(char *buf, size_t len);

#endif /* GUEST_DMESG_H */
