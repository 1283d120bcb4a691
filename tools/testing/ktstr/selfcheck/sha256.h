/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SHA-256 (FIPS 180-4) for fake-tracer.c, which is alone in its guest: no
 * other program, no library but the C library.
 */
#ifndef SELFCHECK_SHA256_H
#define SELFCHECK_SHA256_H

#include <ktstr/base.h>

#include <endian.h>

#define SHA256_BYTES 32u

struct sha256 {
	u32 state[8];
	u64 len;
	u8 block[64];
};

static inline void sha256__init(struct sha256 *s)
{
	static const u32 start[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372,
				      0xa54ff53a, 0x510e527f, 0x9b05688c,
				      0x1f83d9ab, 0x5be0cd19 };

	memcpy(s->state, start, sizeof(start));
	s->len = 0;
}

static inline u32 sha256__rotr(u32 x, unsigned int n)
{
	return x >> n | x << (32 - n);
}

static inline void sha256__schedule(const u8 *p, u32 w[64])
{
	for (int i = 0; i < 16; i++, p += 4)
		w[i] = (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 |
		       p[3];
	for (int i = 16; i < 64; i++) {
		u32 a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] +
		       (sha256__rotr(a, 7) ^ sha256__rotr(a, 18) ^ a >> 3) +
		       (sha256__rotr(b, 17) ^ sha256__rotr(b, 19) ^ b >> 10);
	}
}

static inline void sha256__block(struct sha256 *s, const u8 *p)
{
	static const u32 k[64] = {
		0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b,
		0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
		0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7,
		0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
		0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152,
		0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
		0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
		0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
		0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
		0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
		0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
		0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
		0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
	};
	u32 w[64], v[8];

	sha256__schedule(p, w);
	memcpy(v, s->state, sizeof(v));
	for (int i = 0; i < 64; i++) {
		u32 s1 = sha256__rotr(v[4], 6) ^ sha256__rotr(v[4], 11) ^
			 sha256__rotr(v[4], 25);
		u32 s0 = sha256__rotr(v[0], 2) ^ sha256__rotr(v[0], 13) ^
			 sha256__rotr(v[0], 22);
		u32 t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] +
			 w[i];
		u32 t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		s->state[i] += v[i];
}

static inline void sha256__add(struct sha256 *s, const void *buf, size_t len)
{
	const u8 *p = buf;

	while (len) {
		size_t at = s->len % 64, n = KT_MIN(64 - at, len);

		if (n == 64) {
			sha256__block(s, p);
		} else {
			memcpy(s->block + at, p, n);
			if (at + n == 64)
				sha256__block(s, s->block);
		}
		s->len += n;
		p += n;
		len -= n;
	}
}

/** sha256__hex - the sum of what was added; ends @s */
static inline void sha256__hex(struct sha256 *s, char hex[2 * SHA256_BYTES + 1])
{
	static const u8 pad[64] = { 0x80 };
	u64 bits = htobe64(s->len * 8);

	sha256__add(s, pad, 1 + (119 - s->len % 64) % 64);
	sha256__add(s, &bits, sizeof(bits));
	for (int i = 0; i < 8; i++)
		snprintf(hex + 8 * i, 9, "%08x", s->state[i]);
}

#endif /* SELFCHECK_SHA256_H */
