// SPDX-License-Identifier: GPL-2.0
/*
 * gzip, xz, zstd and lz4-legacy to memory, with a limit on what comes out.
 * Called by kimage (kernel payloads) and initramfs (modules). No state.
 */
#include "vmm/kimage/decompress.h"

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define LZ4_LEGACY_MAGIC 0x184c2102u
#define LZ4_LEGACY_CHUNK MIB(8) /* lib/lz4, LEGACY_BLOCKSIZE */
#define XZ_MEMLIMIT MIB(256)
#define FIRST_GUESS 4 /* expansion of a kernel module, about */

/** struct sink - growing output */
struct sink {
	u8 *buf;
	size_t len; /* written */
	size_t cap;
	size_t max;
};

static int sink__grow(struct sink *s, size_t cap)
{
	void *bigger;

	if (cap > s->max)
		cap = s->max;
	if (cap <= s->cap)
		return -EFBIG;
	bigger = realloc(s->buf, cap);
	if (!bigger)
		return -ENOMEM;
	s->buf = bigger;
	s->cap = cap;
	return 0;
}

static int sink__double(struct sink *s)
{
	return sink__grow(s, s->cap * 2);
}

static int expand_gzip(const void *in, size_t len, struct sink *s)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in };
	int zret, err = 0;

	if (len > UINT32_MAX)
		return -EFBIG;
	z.avail_in = (uInt)len;
	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return -ENOMEM;
	do {
		uInt room;

		if (s->len == s->cap) {
			err = sink__double(s);
			if (err)
				break;
		}
		room = (uInt)KT_MIN(s->cap - s->len, (size_t)UINT32_MAX / 2);
		z.next_out = s->buf + s->len;
		z.avail_out = room;
		zret = inflate(&z, Z_NO_FLUSH);
		s->len += room - z.avail_out;
		/* Input used up with room left over: truncated. */
		if (zret != Z_OK && zret != Z_STREAM_END &&
		    !(zret == Z_BUF_ERROR && !z.avail_out))
			err = zret == Z_MEM_ERROR ? -ENOMEM : -EINVAL;
	} while (!err && zret != Z_STREAM_END);
	inflateEnd(&z);
	return err;
}

static int expand_xz(const void *in, size_t len, struct sink *s)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_ret zret;
	int err = 0;

	if (lzma_stream_decoder(&z, XZ_MEMLIMIT, 0) != LZMA_OK)
		return -ENOMEM;
	z.next_in = in;
	z.avail_in = len;
	do {
		if (s->len == s->cap) {
			err = sink__double(s);
			if (err)
				break;
		}
		z.next_out = s->buf + s->len;
		z.avail_out = s->cap - s->len;
		zret = lzma_code(&z, LZMA_RUN);
		s->len = s->cap - z.avail_out;
		if (zret == LZMA_MEM_ERROR || zret == LZMA_MEMLIMIT_ERROR)
			err = -ENOMEM;
		else if (zret != LZMA_OK && zret != LZMA_STREAM_END &&
			 !(zret == LZMA_BUF_ERROR && !z.avail_out))
			err = -EINVAL;
	} while (!err && zret != LZMA_STREAM_END);
	lzma_end(&z);
	return err;
}

/*
 * In one go, which needs no window beside the output. Frames made from a pipe
 * do not tell their size: double until it fits.
 */
static int expand_zstd(const void *in, size_t len, struct sink *s)
{
	size_t frame = ZSTD_findFrameCompressedSize(in, len);
	unsigned long long size;
	int err = 0;

	if (ZSTD_isError(frame))
		return -EINVAL;
	size = ZSTD_getFrameContentSize(in, frame);
	if (size == ZSTD_CONTENTSIZE_ERROR)
		return -EINVAL;
	if (size != ZSTD_CONTENTSIZE_UNKNOWN) {
		if (size > s->max)
			return -EFBIG;
		if (size > s->cap)
			err = sink__grow(s, size);
	}
	while (!err) {
		size_t got = ZSTD_decompress(s->buf, s->cap, in, frame);

		if (!ZSTD_isError(got)) {
			s->len = got;
			return 0;
		}
		if (ZSTD_getErrorCode(got) != ZSTD_error_dstSize_tooSmall)
			return -EINVAL;
		err = sink__double(s);
	}
	return err;
}

static u32 get_le32(const u8 *p)
{
	return (u32)p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

static int expand_lz4_chunk(const u8 *in, u32 len, struct sink *s)
{
	size_t room;
	int got, err = 0;

	if (s->cap - s->len < LZ4_LEGACY_CHUNK)
		err = sink__grow(s,
				 KT_MAX(s->len + LZ4_LEGACY_CHUNK, s->cap * 2));
	/* At the limit, what is left may still be enough. */
	if (err && err != -EFBIG)
		return err;
	room = KT_MIN(s->cap - s->len, (size_t)LZ4_LEGACY_CHUNK);
	got = LZ4_decompress_safe((const char *)in, (char *)s->buf + s->len,
				  (int)len, (int)room);
	if (got < 0)
		return room < LZ4_LEGACY_CHUNK ? -EFBIG : -EINVAL;
	s->len += (size_t)got;
	return 0;
}

static int expand_lz4(const void *in, size_t len, struct sink *s)
{
	const u8 *p = in, *end = p + len;

	p += sizeof(u32); /* the magic, seen by the caller */
	/* Chunks to the end, or to four last bytes: the kernel's size. */
	while (end - p > 4) {
		u32 chunk = get_le32(p);
		int err;

		p += sizeof(u32);
		if (chunk == LZ4_LEGACY_MAGIC)
			continue;
		if (chunk > end - p || chunk > LZ4_COMPRESSBOUND(MIB(8)))
			return -EINVAL;
		err = expand_lz4_chunk(p, chunk, s);
		if (err)
			return err;
		p += chunk;
	}
	return end == p || end - p == 4 ? 0 : -EINVAL;
}

static const struct compression_desc {
	const char *name;
	u8 magic[6];
	u8 magic_len;
	int (*expand)(const void *in, size_t len, struct sink *s);
} descs[COMPRESSION_NR] = {
	[COMPRESSION_NONE] = { "unknown compression", { 0 }, 0, NULL },
	[COMPRESSION_GZIP] = { "gzip", { 0x1f, 0x8b }, 2, expand_gzip },
	[COMPRESSION_XZ] = { "xz",
			     { 0xfd, '7', 'z', 'X', 'Z', 0 },
			     6,
			     expand_xz },
	[COMPRESSION_ZSTD] = { "zstd",
			       { 0x28, 0xb5, 0x2f, 0xfd },
			       4,
			       expand_zstd },
	[COMPRESSION_LZ4] = { "lz4",
			      { 0x02, 0x21, 0x4c, 0x18 },
			      4,
			      expand_lz4 },
	[COMPRESSION_BZIP2] = { "bzip2", { 'B', 'Z', 'h' }, 3, NULL },
	[COMPRESSION_LZMA] = { "lzma", { 0x5d, 0, 0 }, 3, NULL },
	[COMPRESSION_LZO] = { "lzo",
			      { 0x89, 'L', 'Z', 'O', 0, 0x0d },
			      6,
			      NULL },
};

enum compression compression__detect(const void *buf, size_t len)
{
	for (unsigned int i = 1; i < COMPRESSION_NR; i++)
		if (len >= descs[i].magic_len &&
		    !memcmp(buf, descs[i].magic, descs[i].magic_len))
			return i;
	return COMPRESSION_NONE;
}

const char *compression__name(enum compression type)
{
	return type < COMPRESSION_NR ? descs[type].name : "invalid";
}

int compression__expand(const void *in, size_t len, size_t hint, size_t max,
			void **ret_buf, size_t *ret_len, struct kt_diag *diag)
{
	enum compression type = compression__detect(in, len);
	struct sink s = { .max = max };
	int err;

	if (!descs[type].expand)
		return diag__fail(diag, -EOPNOTSUPP,
				  "%s: can only expand gzip, xz, zstd and lz4",
				  compression__name(type));
	err = sink__grow(&s, hint ? hint : len * FIRST_GUESS + 4096);
	if (!err)
		err = descs[type].expand(in, len, &s);
	if (!err) {
		*ret_buf = s.buf;
		*ret_len = s.len;
		return 0;
	}
	free(s.buf);
	if (err == -EFBIG)
		return diag__fail(diag, err,
				  "%s data expands to more than %zu bytes",
				  compression__name(type), max);
	if (err == -EINVAL)
		return diag__fail(diag, err, "%s data is damaged or truncated",
				  compression__name(type));
	return diag__fail(diag, err, "cannot expand %s data: %s",
			  compression__name(type), strerror(-err));
}
