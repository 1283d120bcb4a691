// SPDX-License-Identifier: GPL-2.0
/*
 * COM2 of a hostile guest. First byte: how the rest is cut. However it is cut
 * the same bytes and lines come out, and lines have no line break in them.
 */
#include <ktstr/wire.h>

#include <zlib.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

struct sum {
	u64 bytes, lines;
	u32 crc;
};

static void take_bytes(void *ctx, const u8 *data, size_t len)
{
	struct sum *sum = ctx;

	if (len > WIRE_TEXT_BYTES)
		__builtin_trap();
	sum->bytes += len;
	sum->crc = (u32)crc32(sum->crc, data, (uInt)len);
}

static void take_text(void *ctx, const char *line, size_t len)
{
	struct sum *sum = ctx;

	if (!len || memchr(line, '\n', len) || memchr(line, '\r', len))
		__builtin_trap();
	sum->lines++;
	sum->crc = (u32)crc32(sum->crc, (const u8 *)line, (uInt)len);
}

static const struct wire_text_ops ops = { take_bytes, take_text };

static struct sum feed(const u8 *data, size_t len, size_t step)
{
	struct wire_text wt = { 0 };
	struct sum sum = { 0 };

	for (size_t off = 0; off < len; off += step)
		wire_text__feed(&wt, data + off, KT_MIN(step, len - off), &ops,
				&sum);
	wire_text__finish(&wt, &ops, &sum);
	return sum;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct sum whole, cut;

	if (len < 2)
		return 0;
	whole = feed(data + 1, len - 1, len);
	cut = feed(data + 1, len - 1, 1 + (size_t)data[0]);
	if (memcmp(&whole, &cut, sizeof(whole)))
		__builtin_trap();
	return 0;
}
