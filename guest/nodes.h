/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Device nodes for last words: they open whatever else failed, an early mount
 * of /dev among it. Async-signal-safe.
 */
#ifndef GUEST_NODES_H
#define GUEST_NODES_H

/** nodes__com2 - COM2, raw, blocking; Return: descriptor or -errno */
int nodes__com2(void);

/** nodes__kmsg - the kernel log, to write to; Return: descriptor or -errno */
int nodes__kmsg(void);

#endif /* GUEST_NODES_H */
