// SPDX-License-Identifier: GPL-2.0
/*
 * AML encoder. Section numbers are ACPI 6.5's. Used by dsdt.c at machine
 * construction; no state outside the caller's struct aml.
 */
#include "vmm/acpi/aml.h"

/* 20.2: opcodes */
#define ZERO_OP 0x00
#define ONE_OP 0x01
#define NAME_OP 0x08
#define BYTE_PREFIX 0x0a
#define WORD_PREFIX 0x0b
#define DWORD_PREFIX 0x0c
#define STRING_PREFIX 0x0d
#define QWORD_PREFIX 0x0e
#define SCOPE_OP 0x10
#define BUFFER_OP 0x11
#define PACKAGE_OP 0x12
#define EXT_OP_PREFIX 0x5b
#define DEVICE_OP 0x82

/* PkgLength takes one to four bytes; blocks are shifted into place. */
#define PKG_LENGTH_MAX 4

static void byte(struct aml *a, u8 b)
{
	if (a->len >= a->cap) {
		a->overflow = true;
		return;
	}
	a->buf[a->len++] = b;
}

void aml__bytes(struct aml *a, const void *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		byte(a, ((const u8 *)p)[i]);
}

void aml__name(struct aml *a, const char *seg)
{
	byte(a, NAME_OP);
	aml__bytes(a, seg, 4);
}

/* 20.2.3; little-endian like the host */
void aml__integer(struct aml *a, u64 v)
{
	if (v == 0) {
		byte(a, ZERO_OP);
	} else if (v == 1) {
		byte(a, ONE_OP);
	} else if (v <= UINT8_MAX) {
		byte(a, BYTE_PREFIX);
		aml__bytes(a, &v, 1);
	} else if (v <= UINT16_MAX) {
		byte(a, WORD_PREFIX);
		aml__bytes(a, &v, 2);
	} else if (v <= UINT32_MAX) {
		byte(a, DWORD_PREFIX);
		aml__bytes(a, &v, 4);
	} else {
		byte(a, QWORD_PREFIX);
		aml__bytes(a, &v, 8);
	}
}

void aml__string(struct aml *a, const char *s)
{
	byte(a, STRING_PREFIX);
	aml__bytes(a, s, strlen(s) + 1);
}

struct aml_block aml__open_scope(struct aml *a, const char *path)
{
	struct aml_block b;

	byte(a, SCOPE_OP);
	b.start = a->len;
	aml__bytes(a, path, strlen(path));
	return b;
}

struct aml_block aml__open_device(struct aml *a, const char *seg)
{
	struct aml_block b;

	byte(a, EXT_OP_PREFIX);
	byte(a, DEVICE_OP);
	b.start = a->len;
	aml__bytes(a, seg, 4);
	return b;
}

struct aml_block aml__open_package(struct aml *a, u8 count)
{
	struct aml_block b;

	byte(a, PACKAGE_OP);
	b.start = a->len;
	byte(a, count);
	return b;
}

/* 20.2.4: the length counts its own bytes. */
static size_t encode_pkg_length(size_t body, u8 out[PKG_LENGTH_MAX])
{
	size_t n = 1, total;

	if (body + 1 <= 0x3f) {
		out[0] = (u8)(body + 1);
		return 1;
	}
	while (body + n + 1 >= 1ULL << (4 + 8 * n))
		n++;
	total = body + n + 1;
	out[0] = (u8)(n << 6 | (total & 0xf));
	for (size_t i = 0; i < n; i++)
		out[1 + i] = (u8)(total >> (4 + 8 * i));
	return n + 1;
}

void aml__close(struct aml *a, struct aml_block b)
{
	u8 length[PKG_LENGTH_MAX];
	size_t body, n;

	/* After an overflow the buffer is worthless; keep it in bounds. */
	if (a->overflow)
		return;
	body = a->len - b.start;
	n = encode_pkg_length(body, length);
	if (a->len + n > a->cap) {
		a->overflow = true;
		return;
	}
	memmove(a->buf + b.start + n, a->buf + b.start, body);
	memcpy(a->buf + b.start, length, n);
	a->len += n;
}

/* 19.3.4: three 5-bit letters, four hex digits, most significant first */
void aml__eisaid(struct aml *a, const char *id)
{
	u32 v = 0;
	u8 be[4];

	for (int i = 0; i < 3; i++)
		v = v << 5 | ((u32)(id[i] - 0x40) & 0x1f);
	v = v << 16 | (u32)(strtoul(id + 3, NULL, 16) & 0xffff);
	for (int i = 0; i < 4; i++)
		be[i] = (u8)(v >> (24 - 8 * i));
	byte(a, DWORD_PREFIX);
	aml__bytes(a, be, sizeof(be));
}

static void res_bytes(struct aml_resources *r, const void *p, size_t len)
{
	/* Fixed, known descriptors: 128 bytes hold every device we have. */
	if (len > sizeof(r->buf) - r->len)
		return;
	memcpy(r->buf + r->len, p, len);
	r->len += len;
}

/* 6.4.2.5: I/O port descriptor, 16-bit decode, fixed place */
void aml_res__io(struct aml_resources *r, u16 base, u8 len)
{
	const u8 d[] = { 0x47,	   0x01,
			 (u8)base, (u8)(base >> 8),
			 (u8)base, (u8)(base >> 8),
			 1,	   len };

	res_bytes(r, d, sizeof(d));
}

/* 6.4.3.4: 32-bit fixed memory range, read-write */
void aml_res__memory32(struct aml_resources *r, u32 base, u32 len)
{
	const u8 head[] = { 0x86, 9, 0, 1 };

	res_bytes(r, head, sizeof(head));
	res_bytes(r, &base, sizeof(base));
	res_bytes(r, &len, sizeof(len));
}

/* 6.4.3.6: extended interrupt, consumer, active high, exclusive */
void aml_res__interrupt(struct aml_resources *r, u32 gsi, bool level)
{
	const u8 head[] = { 0x89, 6, 0, level ? 0x01 : 0x03, 1 };

	res_bytes(r, head, sizeof(head));
	res_bytes(r, &gsi, sizeof(gsi));
}

/* 20.2.3 DefBuffer, closed by an end tag without checksum (6.4.2.9) */
void aml__resources(struct aml *a, const struct aml_resources *r)
{
	static const u8 end_tag[] = { 0x79, 0x00 };
	struct aml_block b;

	byte(a, BUFFER_OP);
	b.start = a->len;
	aml__integer(a, r->len + sizeof(end_tag));
	aml__bytes(a, r->buf, r->len);
	aml__bytes(a, end_tag, sizeof(end_tag));
	aml__close(a, b);
}
