// SPDX-License-Identifier: GPL-2.0
/*
 * Output queue of a non-blocking descriptor. Used by the supervisor for its
 * sockets and by the agent for programs' standard input; one thread each.
 */
#include "vmm/softkvm/outq.h"

#include <ktstr/wire.h>

void outq__init(struct outq *q, size_t limit)
{
	*q = (struct outq){ .limit = limit };
}

void outq__fini(struct outq *q)
{
	free(q->buf);
	*q = (struct outq){ 0 };
}

static int outq__reserve(struct outq *q, size_t len)
{
	size_t want;
	u8 *buf;

	if (len > q->limit - q->len)
		return -ENOBUFS;
	if (q->head + q->len + len <= q->cap)
		return 0;
	if (q->len)
		memmove(q->buf, q->buf + q->head, q->len);
	q->head = 0;
	if (q->len + len <= q->cap)
		return 0;
	want = KT_MAX(q->cap * 2, KT_ALIGN_UP(q->len + len, (size_t)4096));
	buf = realloc(q->buf, want);
	if (!buf)
		return -ENOMEM;
	q->buf = buf;
	q->cap = want;
	return 0;
}

int outq__add(struct outq *q, const void *data, size_t len)
{
	int err = len ? outq__reserve(q, len) : 0;

	if (err || !len)
		return err;
	memcpy(q->buf + q->head + q->len, data, len);
	q->len += len;
	return 0;
}

int outq__add_record(struct outq *q, u32 type, const void *payload, size_t len)
{
	u8 hdr[WIRE_HDR_SIZE];
	int err;

	if (len > WIRE_MAX_PAYLOAD)
		return -EMSGSIZE;
	err = outq__reserve(q, sizeof(hdr) + len);
	if (err)
		return err;
	wire__header(hdr, type, payload, (u32)len);
	outq__add(q, hdr, sizeof(hdr));
	return outq__add(q, payload, len);
}

int outq__flush(struct outq *q, int fd, size_t *ret_written)
{
	size_t written = 0;
	int err = 0;

	while (q->len) {
		ssize_t n = write(fd, q->buf + q->head, q->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = errno == EAGAIN ? 0 : -errno;
			break;
		}
		q->head += (size_t)n;
		q->len -= (size_t)n;
		written += (size_t)n;
	}
	if (!q->len)
		q->head = 0;
	if (ret_written)
		*ret_written = written;
	return err;
}
