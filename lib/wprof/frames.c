// SPDX-License-Identifier: GPL-2.0
/*
 * From one file to frames in the guest, and back on the host. The rules of
 * reassembly stand twice: for records that lie in memory, plainly, and for
 * records that arrive; a property test holds them together. Pure.
 */
#include <ktstr/wprof.h>

bool wprof_frame__next(u64 total, u32 cap, struct wprof_frame *frame)
{
	u64 off = frame->off + frame->len;
	u64 left = total - KT_MIN(off, total);

	if (frame->type == MSG_WPROF_TRACE)
		return false;
	frame->off = off;
	frame->len = (u32)KT_MIN(left, (u64)cap);
	frame->type = left > cap ? MSG_WPROF_TRACE_CHUNK : MSG_WPROF_TRACE;
	return true;
}

/* --- records in memory --------------------------------------------------- */

/* How many entries the trace ends after, and its size. */
static int measure(const struct wprof_entry *entries, size_t nr, size_t *ret_nr,
		   size_t *ret_len)
{
	*ret_len = 0;
	for (size_t i = 0; i < nr; i++) {
		if (!wprof_stream__takes(entries[i].type))
			continue;
		if (!entries[i].crc_ok)
			return -EBADMSG;
		*ret_len += entries[i].len;
		*ret_nr = i + 1;
		if (entries[i].type == MSG_WPROF_TRACE)
			return *ret_len ? 0 : -ENOENT;
	}
	return -ENODATA;
}

int wprof__reassemble(const struct wprof_entry *entries, size_t nr,
		      u8 **ret_trace, size_t *ret_len)
{
	size_t used = 0, len = 0, at = 0;
	int err = measure(entries, nr, &used, &len);
	u8 *trace;

	if (err)
		return err;
	trace = malloc(len);
	if (!trace)
		return -ENOMEM;
	for (size_t i = 0; i < used; i++) {
		if (!wprof_stream__takes(entries[i].type) || !entries[i].len)
			continue;
		memcpy(trace + at, entries[i].payload, entries[i].len);
		at += entries[i].len;
	}
	*ret_trace = trace;
	*ret_len = len;
	return 0;
}

/* --- records that arrive ------------------------------------------------- */

bool wprof_stream__takes(u32 type)
{
	return type == MSG_WPROF_TRACE_CHUNK || type == MSG_WPROF_TRACE;
}

static void end(struct wprof_stream *st, int err)
{
	st->state = WPROF_STREAM_ENDED;
	st->err = err;
}

void wprof_stream__piece(struct wprof_stream *st, const void *buf, size_t len)
{
	int err;

	if (st->state == WPROF_STREAM_ENDED || !len)
		return;
	err = st->write(st->ctx, buf, len);
	if (err)
		end(st, err);
	else
		st->bytes += len;
}

void wprof_stream__end(struct wprof_stream *st, u32 type, bool crc_ok)
{
	if (st->state == WPROF_STREAM_ENDED)
		return;
	if (!crc_ok)
		end(st, -EBADMSG);
	else if (type == MSG_WPROF_TRACE)
		end(st, 0);
}

void wprof_stream__record(struct wprof_stream *st, const struct wprof_entry *e)
{
	if (!wprof_stream__takes(e->type))
		return;
	if (e->crc_ok)
		wprof_stream__piece(st, e->payload, e->len);
	wprof_stream__end(st, e->type, e->crc_ok);
}

int wprof_stream__result(const struct wprof_stream *st)
{
	if (st->state != WPROF_STREAM_ENDED)
		return -ENODATA;
	if (st->err)
		return st->err;
	return st->bytes ? 0 : -ENOENT;
}
