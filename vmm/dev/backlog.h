/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Host bytes that wait until the guest takes them: a bounded byte queue.
 * Zeroed memory is an empty queue; the owner's lock protects it.
 */
#ifndef VMM_DEV_BACKLOG_H
#define VMM_DEV_BACKLOG_H

#include <ktstr/base.h>

#define BACKLOG_SIZE 65536u /* what vm__send() promises; a power of two */

struct backlog {
	u32 head; /* of the oldest byte, below BACKLOG_SIZE */
	u32 nr;
	u8 ring[BACKLOG_SIZE];
};

/** backlog__put - append all of @buf; 0, or -ENOSPC with nothing taken */
int backlog__put(struct backlog *b, const void *buf, size_t len);
/** backlog__get - move up to @len oldest bytes to @buf; returns how many */
u32 backlog__get(struct backlog *b, void *buf, u32 len);
/** backlog__clear - drop everything */
void backlog__clear(struct backlog *b);

#endif /* VMM_DEV_BACKLOG_H */
