/* SPDX-License-Identifier: GPL-2.0 */
/* Where this process's pages lie in the machine's memory, for MSG_PAGES. */
#ifndef GUEST_PAGES_H
#define GUEST_PAGES_H

#include <ktstr/wire.h>

/**
 * pages__find - entries of /proc/self/pagemap
 * @pagemap_fd: of that file
 * @at: address of the first of @nr pages
 * Return: 0, -errno; entries may still say that a page is not there.
 */
int pages__find(int pagemap_fd, const void *at, u32 nr, u64 *ret_entry);

/**
 * pages__runs - physical pages, as MSG_PAGES has them
 * @entry: of /proc/PID/pagemap
 * @run: room for @nr
 * Return: number of runs, 0 when a page is not there or not to be known.
 */
u32 pages__runs(const u64 *entry, u32 nr, u64 *run);

#endif /* GUEST_PAGES_H */
