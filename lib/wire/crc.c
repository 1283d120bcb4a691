// SPDX-License-Identifier: GPL-2.0
/*
 * CRC-32 of records. Small ones are zlib's. For large ones zlib's tables are
 * what costs under softkvm, where every guest instruction is emulated, and
 * carry-less multiplication (libdeflate) costs even more there: 95 and 83 MB/s
 * in a guest that folds 480 MB/s as below; on hardware this is a little faster
 * than zlib. One thread per struct wire_crc.
 *
 * A CRC is a remainder of polynomials, so adding multiples of the generator
 * does not change it. With y = x^64, 1 + y^2215 + y^2866 + y^3006 is such a
 * multiple: the first word of a message may be taken away if it is added to
 * (XORed with) those 140, 791 and 3006 words later. What remains of a message
 * that is continued with 3006 words of zero are these 3006 words; zlib takes
 * their remainder, from which the continuation is divided out.
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

/* Fold words [@from, @to) of the ring; @p has the first of them. */
static inline void fold(u64 *held, const u8 *p, s32 from, s32 to, s32 near,
			s32 far)
{
	for (s32 i = from; i < to; i++, p += sizeof(u64)) {
		u64 word = get_word(p) ^ held[i];

		held[i] = word;
		held[i + near] ^= word;
		held[i + far] ^= word;
	}
}

/* As many words as are there, at most to where the ring's layout changes. */
static s32 fold_some(struct wire_crc *c, const u8 *p, size_t words)
{
	static const struct {
		s32 end, near, far;
	} parts[] = {
		{ ALL - LAG_2, LAG_1, LAG_2 },
		{ ALL - LAG_1, LAG_1, LAG_2 - ALL },
		{ ALL, LAG_1 - ALL, LAG_2 - ALL },
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

u32 wire_crc__value(const struct wire_crc *c)
{
	const size_t head = c->pos * sizeof(u64), all = sizeof(c->held);
	/* zlib inverts at both ends: this starts it with a state of 0. */
	uLong crc = 0xffffffff;

	crc = crc32_z(crc, (const u8 *)c->held + head, all - head);
	crc = crc32_z(crc, (const u8 *)c->held, head);
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
