// SPDX-License-Identifier: GPL-2.0
/*
 * Bounded byte queue between the host and a device's receive side. Called by
 * the serial port and the virtio console, under their locks.
 */
#include "vmm/dev/backlog.h"

_Static_assert((BACKLOG_SIZE & (BACKLOG_SIZE - 1)) == 0, "index masking");

int backlog__put(struct backlog *b, const void *buf, size_t len)
{
	u32 tail = (b->head + b->nr) & (BACKLOG_SIZE - 1), first;

	if (len > BACKLOG_SIZE - b->nr)
		return -ENOSPC;
	first = KT_MIN((u32)len, BACKLOG_SIZE - tail);
	memcpy(b->ring + tail, buf, first);
	memcpy(b->ring, (const u8 *)buf + first, len - first);
	b->nr += (u32)len;
	return 0;
}

u32 backlog__get(struct backlog *b, void *buf, u32 len)
{
	u32 first;

	len = KT_MIN(len, b->nr);
	first = KT_MIN(len, BACKLOG_SIZE - b->head);
	memcpy(buf, b->ring + b->head, first);
	memcpy((u8 *)buf + first, b->ring, len - first);
	b->head = (b->head + len) & (BACKLOG_SIZE - 1);
	b->nr -= len;
	return len;
}

void backlog__clear(struct backlog *b)
{
	b->head = 0;
	b->nr = 0;
}
