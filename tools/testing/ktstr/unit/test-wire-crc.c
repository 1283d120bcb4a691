// SPDX-License-Identifier: GPL-2.0
/* wire__crc32() and its parts against zlib's crc32(). */
#include <ktstr/base.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <zlib.h>

#include <ktstr/wire.h>

static u64 rng_state = 0x9e3779b97f4a7c15ULL;

static u32 rnd(u32 below)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return (u32)((rng_state >> 16) % below);
}

static u8 *random_bytes(size_t len)
{
	u8 *buf = malloc(len);

	assert_non_null(buf);
	for (size_t i = 0; i < len; i++)
		buf[i] = (u8)rnd(256);
	return buf;
}

static void test_known_value(void **state)
{
	(void)state;
	assert_int_equal(wire__crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(wire__crc32(0, NULL, 0), 0);
	assert_int_equal(wire__crc32(0x1234, NULL, 0), 0x1234);
}

/* Around the length where the method changes, at any alignment. */
static void test_whole(void **state)
{
	const size_t max = MIB(1);
	u8 *buf = random_bytes(max);

	(void)state;
	for (unsigned int i = 0; i < 300; i++) {
		size_t off = rnd(64);
		size_t len =
			i % 3 ? KIB(192) - 40 + rnd(80) : rnd((u32)(max - off));
		u32 start = i % 2 ? rnd(0xffffffff) : 0;

		assert_int_equal(wire__crc32(start, buf + off, len),
				 crc32(start, buf + off, (uInt)len));
	}
	free(buf);
}

static void test_pieces(void **state)
{
	const size_t max = KIB(300);
	struct wire_crc *crc = malloc(sizeof(*crc));
	u8 *buf = random_bytes(max);

	(void)state;
	assert_non_null(crc);
	for (unsigned int i = 0; i < 200; i++) {
		size_t len = i < 20 ? i : rnd((u32)max), at = 0;
		u32 start = i % 2 ? rnd(0xffffffff) : 0;
		u32 piece = 1 + rnd(i % 4 ? 20 : 50000);

		wire_crc__init(crc, start);
		while (at < len) {
			size_t any = rnd(piece + 1);
			size_t n = KT_MIN(any, len - at);

			wire_crc__add(crc, buf + at, n);
			at += n;
			/* Asking does not change the answer. */
			if (rnd(50) == 0)
				assert_int_equal(wire_crc__value(crc),
						 crc32(start, buf, (uInt)at));
		}
		assert_int_equal(wire_crc__value(crc),
				 len ? crc32(start, buf, (uInt)len) : start);
	}
	free(buf);
	free(crc);
}

static void test_a_bit_counts(void **state)
{
	const size_t len = KIB(256);
	u8 *buf = random_bytes(len);
	u32 good = wire__crc32(0, buf, len);

	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		size_t at = rnd((u32)len);
		u8 bit = (u8)(1u << rnd(8));

		buf[at] ^= bit;
		assert_int_not_equal(wire__crc32(0, buf, len), good);
		buf[at] ^= bit;
	}
	assert_int_equal(wire__crc32(0, buf, len), good);
	free(buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_value),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_a_bit_counts),
	};

	return cmocka_run_group_tests_name("wire-crc", tests, NULL, NULL);
}
