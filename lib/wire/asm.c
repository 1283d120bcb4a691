// SPDX-License-Identifier: GPL-2.0
/*
 * The receiving half of the wire: bytes in, records out. The host feeds it
 * with whatever the guest wrote, so every field is an attack until checked.
 * One assembler belongs to one thread at a time; no global state.
 *
 * Records that lie whole inside one feed are delivered in place. At most one
 * unfinished record is held in wa->buf, and the buffer grows with the bytes
 * that arrived, never with the length that was announced.
 */
#include <ktstr/wire.h>

/*
 * A buffer this small is kept between records. A larger one is kept only from
 * one record that needed it to the next, because to grow it again is to have
 * all of its pages made again.
 */
#define KEEP_CAP (64u << 10)
#define FIRST_CAP 4096u
/* What holds the longest record, so that a trace's frames take no more. */
#define RECORD_CAP (WIRE_HDR_SIZE + WIRE_MAX_PAYLOAD)

void wire_asm__init(struct wire_asm *wa)
{
	*wa = (struct wire_asm){ 0 };
}

void wire_asm__fini(struct wire_asm *wa)
{
	free(wa->buf);
	*wa = (struct wire_asm){ 0 };
}

size_t wire_asm__residual(const struct wire_asm *wa)
{
	return wa->len;
}

static u32 get_le32(const u8 *p)
{
	return (u32)p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

static u64 record_size(const u8 *hdr)
{
	return (u64)WIRE_HDR_SIZE + get_le32(hdr + 4);
}

static void drop_held(struct wire_asm *wa, size_t extra)
{
	wa->stats.resyncs++;
	wa->stats.dropped_bytes += wa->len + extra;
	wa->len = 0;
	wa->peak = 0;
}

/* Nothing is held: was the buffer of use to what was? */
static void recycle(struct wire_asm *wa)
{
	bool used = wa->peak > wa->cap / 2;

	if (wa->len)
		return;
	wa->peak = 0;
	if (used || wa->cap <= KEEP_CAP)
		return;
	free(wa->buf);
	wa->buf = NULL;
	wa->cap = 0;
}

static size_t grown(size_t cap, size_t want)
{
	if (want > RECORD_CAP)
		return WIRE_MAX_RESIDUAL;
	cap = KT_MAX(cap, (size_t)FIRST_CAP);
	while (cap < want)
		cap *= 2;
	return KT_MIN(cap, (size_t)RECORD_CAP);
}

static int hold(struct wire_asm *wa, const u8 *data, size_t len)
{
	size_t want = wa->len + len;

	if (!len)
		return 0;
	if (want > wa->cap) {
		size_t cap = grown(wa->cap, want);
		u8 *buf = realloc(wa->buf, cap);

		if (!buf)
			return -ENOMEM;
		wa->buf = buf;
		wa->cap = cap;
	}
	memcpy(wa->buf + wa->len, data, len);
	wa->len = want;
	wa->peak = KT_MAX(wa->peak, want);
	return 0;
}

/* @p holds one whole record whose length is within the cap. */
static void deliver(struct wire_asm *wa, const u8 *p, wire_record_fn fn,
		    void *ctx)
{
	struct wire_record rec = {
		.type = get_le32(p),
		.len = get_le32(p + 4),
		.payload = p + WIRE_HDR_SIZE,
	};
	u32 crc = rec.len ? wire__crc32(0, rec.payload, rec.len) : 0;

	rec.crc_ok = crc == get_le32(p + 8);
	wa->stats.records++;
	wa->stats.bad_crc += !rec.crc_ok;
	wa->stats.nonzero_pad += get_le32(p + 12) != 0;
	fn(ctx, &rec);
}

/*
 * Deliver the whole records at the front of [@p, @p + @len).
 * Return: bytes used up; *ret_lost is set when a complete record was longer
 * than the cap, which means that the stream is not what it seemed.
 */
static size_t deliver_whole(struct wire_asm *wa, const u8 *p, size_t len,
			    wire_record_fn fn, void *ctx, bool *ret_lost)
{
	size_t used = 0;

	while (len - used >= WIRE_HDR_SIZE) {
		u64 size = record_size(p + used);

		if (len - used < size)
			break;
		if (size - WIRE_HDR_SIZE > WIRE_MAX_PAYLOAD) {
			*ret_lost = true;
			break;
		}
		deliver(wa, p + used, fn, ctx);
		used += size;
	}
	return used;
}

/* Bytes that the held record still needs for its next step. */
static u64 missing(const struct wire_asm *wa)
{
	if (wa->len < WIRE_HDR_SIZE)
		return WIRE_HDR_SIZE - wa->len;
	return record_size(wa->buf) - wa->len;
}

/*
 * Finish the held record from the front of @data; *ret_used bytes of it were
 * taken. Data is left over only when nothing is held any more or when
 * everything is to be dropped.
 */
static int finish_held(struct wire_asm *wa, const u8 *data, size_t len,
		       wire_record_fn fn, void *ctx, size_t *ret_used,
		       bool *ret_lost)
{
	size_t used = 0;
	int err = 0;

	while (wa->len && used < len && !*ret_lost && !err) {
		size_t part = (size_t)KT_MIN(missing(wa), (u64)(len - used));

		/*
		 * Only a length above the cap leads here, and it would be
		 * thrown away whether or not the rest has arrived.
		 */
		if (wa->len + part > WIRE_MAX_RESIDUAL) {
			*ret_lost = true;
			break;
		}
		err = hold(wa, data + used, part);
		if (err)
			break;
		used += part;
		if (deliver_whole(wa, wa->buf, wa->len, fn, ctx, ret_lost))
			wa->len = 0;
	}
	*ret_used = used;
	return err;
}

int wire_asm__feed(struct wire_asm *wa, const void *data, size_t len,
		   wire_record_fn fn, void *ctx)
{
	const u8 *p = data;
	bool lost = false;
	size_t used;
	int err;

	if (!len)
		return 0;
	err = finish_held(wa, p, len, fn, ctx, &used, &lost);
	if (!err && !lost && !wa->len)
		used += deliver_whole(wa, p + used, len - used, fn, ctx, &lost);
	p += used;
	len -= used;
	lost |= len > WIRE_MAX_RESIDUAL;
	if (!err && !lost)
		err = hold(wa, p, len);
	if (err || lost)
		drop_held(wa, len);
	recycle(wa);
	return err;
}
