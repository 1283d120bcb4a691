// SPDX-License-Identifier: GPL-2.0
/* See pb-out.h. For the trace writer; one thread per buffer. */
#include "lib/perfetto/pb-out.h"

#include "lib/perfetto/pb-wire.h"

static void put(struct pb_out *out, const void *data, size_t len)
{
	if (out->overflow || len > out->cap - out->len) {
		out->overflow = true;
		return;
	}
	memcpy(out->buf + out->len, data, len);
	out->len += len;
}

static size_t varint_bytes(u64 v, u8 buf[PB_VARINT_MAX])
{
	size_t n = 0;

	while (v >= 0x80) {
		buf[n++] = (u8)(v | 0x80);
		v >>= 7;
	}
	buf[n++] = (u8)v;
	return n;
}

void pb_out__varint(struct pb_out *out, u64 v)
{
	u8 buf[PB_VARINT_MAX];
	size_t n = varint_bytes(v, buf);

	put(out, buf, n);
}

static void put_tag(struct pb_out *out, unsigned int field,
		    enum pb_wire_type type)
{
	pb_out__varint(out, (u64)field << 3 | type);
}

void pb_out__u64(struct pb_out *out, unsigned int field, u64 v)
{
	put_tag(out, field, PB_VARINT);
	pb_out__varint(out, v);
}

void pb_out__fixed64(struct pb_out *out, unsigned int field, u64 v)
{
	u8 buf[8];

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (u8)(v >> (8 * i));
	put_tag(out, field, PB_FIXED64);
	put(out, buf, sizeof(buf));
}

void pb_out__double(struct pb_out *out, unsigned int field, double v)
{
	u64 bits;

	memcpy(&bits, &v, sizeof(bits));
	pb_out__fixed64(out, field, bits);
}

void pb_out__bytes(struct pb_out *out, unsigned int field, const void *data,
		   size_t len)
{
	put_tag(out, field, PB_BYTES);
	pb_out__varint(out, len);
	put(out, data, len);
}

void pb_out__str(struct pb_out *out, unsigned int field, const char *text)
{
	pb_out__bytes(out, field, text, strlen(text));
}

/* One byte is kept for the length, which is enough for nearly all. */
size_t pb_out__begin(struct pb_out *out, unsigned int field)
{
	put_tag(out, field, PB_BYTES);
	put(out, "", 1);
	return out->len;
}

void pb_out__end(struct pb_out *out, size_t mark)
{
	size_t len = out->len - mark, n;
	u8 buf[PB_VARINT_MAX];

	if (out->overflow)
		return;
	n = varint_bytes(len, buf);
	if (n - 1 > out->cap - out->len) {
		out->overflow = true;
		return;
	}
	memmove(out->buf + mark + n - 1, out->buf + mark, len);
	memcpy(out->buf + mark - 1, buf, n);
	out->len += n - 1;
}
