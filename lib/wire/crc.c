// SPDX-License-Identifier: GPL-2.0
/*
 * CRC-32 of records. Small ones are zlib's. For large ones zlib's tables are
 * what costs under softkvm, where every guest instruction is emulated, and
 * carry-less multiplication (libdeflate) costs even more there: 95 and 83 MB/s
 * in a guest that does 1200 MB/s as below; on hardware this is a little faster
 * than zlib. One thread per struct wire_crc.
 *
 * A CRC is a remainder of polynomials, so adding multiples of the generator
 * does not change it. With y = x^64, 1 + y^2215 + y^2866 + y^3006 is such a
 * multiple: a word of the message may be taken away if it is added to (XORed
 * with) those 140, 791 and 3006 words later. Each word has then had all that
 * is added to it when its turn comes: the words 140, 791 and 3006 before it,
 * as they were when they were taken away. The last 3006 of these are kept.
 * What remains of a message that is continued with 3006 words of zero are
 * these 3006 words; zlib takes their remainder, from which the continuation is
 * divided out.
 */
#include <ktstr/wire.h>

#include <zlib.h>

#define LAG_1 140
#define LAG_2 791
#define ALL ((s32)WIRE_CRC_WORDS)
_Static_assert(ALL == 3006, "the polynomial's degree");

/* x^(-64 * 3006) modulo the generator, bits reflected as CRC-32 has them. */
#define DIVISOR 0x9e299a8bu
#define GENERATOR 0xedb88320u

/* Less does not repay what the end costs. */
#define FOLD_MIN KIB(192)

static u64 get_word(const u8 *p)
{
	u64 word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/*
 * Take words [@from, @to) of the ring away; @p has them. What is @near and @far
 * is too far away to be written by the same turn of the loop, whose length is
 * what emulators like: four loads and one store for a word, and little else.
 */
static inline void fold(u64 *ring, const u8 *p, s32 from, s32 to, s32 near,
			s32 far)
{
	s32 i = from;

#define FOLD(n)                                             \
	(ring[i + (n)] ^= get_word(p + (n) * sizeof(u64)) ^ \
			  ring[i + (n) + near] ^ ring[i + (n) + far])
	for (; i + 4 <= to; i += 4, p += 4 * sizeof(u64)) {
		FOLD(0);
		FOLD(1);
		FOLD(2);
		FOLD(3);
	}
	for (; i < to; i++, p += sizeof(u64))
		FOLD(0);
#undef FOLD
}

/* As many words as are there, at most to where the ring's layout changes. */
static s32 fold_some(struct wire_crc *c, const u8 *p, size_t words)
{
	static const struct {
		s32 end, near, far;
	} parts[] = {
		{ LAG_1, ALL - LAG_1, ALL - LAG_2 },
		{ LAG_2, -LAG_1, ALL - LAG_2 },
		{ ALL, -LAG_1, -LAG_2 },
	};
	s32 pos = (s32)c->pos;
	size_t i = 0;
	s32 n;

	while (pos >= parts[i].end)
		i++;
	n = (s32)KT_MIN(words, (size_t)(parts[i].end - pos));
	fold(c->held, p, pos, pos + n, parts[i].near, parts[i].far);
	c->pos = pos + n == ALL ? 0 : (u32)(pos + n);
	return n;
}

void wire_crc__init(struct wire_crc *c, u32 crc)
{
	memset(c, 0, sizeof(*c));
	/* The state so far is what the message begins with. */
	c->held[0] = (u32)~crc;
}

/* Bytes that do not make a word yet. */
static size_t take_tail(struct wire_crc *c, const u8 *p, size_t len)
{
	size_t n = KT_MIN(sizeof(c->tail) - c->nr_tail, len);

	memcpy(c->tail + c->nr_tail, p, n);
	c->nr_tail += (u32)n;
	if (c->nr_tail == sizeof(c->tail)) {
		fold_some(c, c->tail, 1);
		c->nr_tail = 0;
	}
	return n;
}

void wire_crc__add(struct wire_crc *c, const void *buf, size_t len)
{
	const u8 *p = buf, *end = p + len;

	if (c->nr_tail && len)
		p += take_tail(c, p, len);
	while (!c->nr_tail && (size_t)(end - p) >= sizeof(u64))
		p += sizeof(u64) *
		     (size_t)fold_some(c, p, (size_t)(end - p) / sizeof(u64));
	if (p < end)
		take_tail(c, p, (size_t)(end - p));
}

/* Product of two polynomials modulo the generator, bits reflected. */
static u32 multiply(u32 a, u32 b)
{
	u32 product = 0;

	for (u32 bit = 1u << 31; bit; bit >>= 1) {
		if (a & bit)
			product ^= b;
		b = b & 1 ? b >> 1 ^ GENERATOR : b >> 1;
	}
	return product;
}

/* What word @i of those that remain has from @lag words before it. */
static u64 held_word(const struct wire_crc *c, s32 i, s32 lag)
{
	return i < lag ? c->held[((s32)c->pos + i - lag + ALL) % ALL] : 0;
}

u32 wire_crc__value(const struct wire_crc *c)
{
	/* zlib inverts at both ends: this starts it with a state of 0. */
	uLong crc = 0xffffffff;
	u64 part[ALL / 6];

	for (s32 i = 0; i < ALL; i++) {
		s32 n = i % (s32)ARRAY_SIZE(part);

		part[n] = held_word(c, i, ALL) ^ held_word(c, i, LAG_1) ^
			  held_word(c, i, LAG_2);
		if (n == (s32)ARRAY_SIZE(part) - 1)
			crc = crc32_z(crc, (const u8 *)part, sizeof(part));
	}
	return (u32)crc32_z(~multiply(DIVISOR, ~(u32)crc), c->tail, c->nr_tail);
}

u32 wire__crc32(u32 crc, const void *buf, size_t len)
{
	struct wire_crc *c __free(ptr) = NULL;

	if (len >= FOLD_MIN)
		c = malloc(sizeof(*c));
	if (!c)
		return len ? (u32)crc32_z(crc, buf, len) : crc;
	wire_crc__init(c, crc);
	wire_crc__add(c, buf, len);
	return wire_crc__value(c);
}
