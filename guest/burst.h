/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A buffer for output that comes in bursts. Its pages stay where they are and
 * the host is told which they are, so what is in it need not be copied into
 * the console driver's buffers of 32 KiB, with an exit for each.
 */
#ifndef GUEST_BURST_H
#define GUEST_BURST_H

#include <ktstr/wire.h>

#define BURST_SIZE (256u << 10)
#define BURST_PAGES (BURST_SIZE / MSG_PAGE_SIZE)

/** struct burst - {0} is one that was not set up */
struct burst {
	u8 *buf; /* BURST_SIZE bytes, or NULL */
	bool tried;
	u64 entry[BURST_PAGES]; /* of /proc/self/pagemap */
	struct {
		struct msg_pages head;
		u64 run[BURST_PAGES];
	} msg;
};

/**
 * burst__setup - make the buffer, the first time it is called
 *
 * Lasts until the process ends; a child does not get it. Without the right to
 * see where pages are, or the memory, @b->buf stays NULL.
 */
void burst__setup(struct burst *b);

/**
 * burst__message - a MSG_PAGES payload for the first @len bytes of the buffer
 * @type: of the record that they are the payload of
 * Return: length of the payload at @b->msg.
 */
size_t burst__message(struct burst *b, u32 type, size_t len);

#endif /* GUEST_BURST_H */
