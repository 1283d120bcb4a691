/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bytes waiting for a descriptor that would block. Bounded: the owner decides
 * the limit and what to do with a peer that exceeds it.
 */
#ifndef VMM_SOFTKVM_OUTQ_H
#define VMM_SOFTKVM_OUTQ_H

#include <ktstr/base.h>

struct outq {
	u8 *buf;
	size_t head, len, cap, limit;
};

void outq__init(struct outq *q, size_t limit);
void outq__fini(struct outq *q);

/** outq__add - append bytes; Return: 0, -ENOBUFS (limit) or -ENOMEM */
int outq__add(struct outq *q, const void *data, size_t len);

/** outq__add_record - append a wire record, whole or not at all */
int outq__add_record(struct outq *q, u32 type, const void *payload, size_t len);

/**
 * outq__flush - write what @fd takes without blocking
 * @ret_written: bytes taken, may be NULL
 * Return: 0 (even when bytes remain) or -errno. SIGPIPE must be ignored.
 */
int outq__flush(struct outq *q, int fd, size_t *ret_written);

static inline bool outq__empty(const struct outq *q)
{
	return q->len == 0;
}

#endif /* VMM_SOFTKVM_OUTQ_H */
