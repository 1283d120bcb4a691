/* SPDX-License-Identifier: GPL-2.0 */
/* `ktstr locks --hold`: reserve CPUs as a machine would, without a machine. */
#ifndef TOOLS_KTSTR_LOCKS_HOLD_H
#define TOOLS_KTSTR_LOCKS_HOLD_H

#include "vmm/host/reserve.h"

/**
 * locks_hold__mode - the mode called @name
 * Return: 0 or -EINVAL.
 */
int locks_hold__mode(const char *name, enum host_mode *ret_mode);

/**
 * locks_hold - reserve, say what, wait for the end of standard input
 * Return: exit status: 0, CMD_FAIL when others have it, LOCKS_HOLD_SMALL when
 * the host is too small, CMD_INFRA.
 */
#define LOCKS_HOLD_SMALL 3
int locks_hold(const struct host_system *sys, const struct host_request *req);

#endif /* TOOLS_KTSTR_LOCKS_HOLD_H */
