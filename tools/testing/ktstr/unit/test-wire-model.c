// SPDX-License-Identifier: GPL-2.0
/*
 * The assembler against a model that is too simple to be wrong: keep all
 * bytes, parse from the front after every feed. Random records, corruption
 * and splits from a seed (KTSTR_SEED= repeats a failure).
 */
#include <ktstr/base.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <zlib.h>

#include <ktstr/wire.h>

#define ROUNDS 150

static u64 rng_state;

static u32 rnd(u32 below)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return (u32)((rng_state >> 16) % below);
}

struct digest {
	u64 hash;
	u64 records;
};

static void digest_add(struct digest *dg, u32 type, u32 len, bool crc_ok,
		       const u8 *payload)
{
	u32 head[4] = { (u32)dg->hash, type, len, crc_ok };
	uLong crc = crc32(0, (const Bytef *)head, sizeof(head));

	if (len)
		crc = crc32(crc, payload, len);
	dg->hash = crc;
	dg->records++;
}

static void on_record(void *ctx, const struct wire_record *rec)
{
	digest_add(ctx, rec->type, rec->len, rec->crc_ok, rec->payload);
}

struct model {
	u8 *buf;
	size_t len;
	struct wire_stats stats;
	struct digest dg;
};

static u32 le32(const u8 *p)
{
	return p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

static void model_drop(struct model *md)
{
	md->stats.resyncs++;
	md->stats.dropped_bytes += md->len;
	md->len = 0;
}

static void model_feed(struct model *md, const u8 *data, size_t len)
{
	md->buf = realloc(md->buf, md->len + len + 1);
	assert_non_null(md->buf);
	memcpy(md->buf + md->len, data, len);
	md->len += len;
	while (md->len >= WIRE_HDR_SIZE) {
		u64 size = (u64)WIRE_HDR_SIZE + le32(md->buf + 4);
		u32 plen = le32(md->buf + 4);
		bool ok;

		if (md->len < size)
			break;
		if (plen > WIRE_MAX_PAYLOAD) {
			model_drop(md);
			return;
		}
		ok = crc32(crc32(0, NULL, 0), md->buf + WIRE_HDR_SIZE, plen) ==
		     le32(md->buf + 8);
		digest_add(&md->dg, le32(md->buf), plen, ok,
			   md->buf + WIRE_HDR_SIZE);
		md->stats.records++;
		md->stats.bad_crc += !ok;
		md->stats.nonzero_pad += le32(md->buf + 12) != 0;
		md->len -= size;
		memmove(md->buf, md->buf + size, md->len);
	}
	if (md->len > WIRE_MAX_RESIDUAL)
		model_drop(md);
}

/* A stream of records; now and then one is huge or a length is a lie. */
static u8 *make_stream(size_t *ret_len)
{
	bool huge = rnd(50) == 0;
	unsigned int nr = 1 + rnd(huge ? 6 : 40);
	size_t cap = (size_t)nr * (4096 + WIRE_HDR_SIZE) + (huge ? MIB(40) : 0);
	u8 *buf = calloc(1, cap);
	size_t len = 0;

	assert_non_null(buf);
	for (unsigned int i = 0; i < nr; i++) {
		u32 plen = rnd(4) ? rnd(64) : rnd(4096);
		u8 *payload = buf + len + WIRE_HDR_SIZE;

		if (huge && i == nr / 2)
			plen = (u32)MIB(16) + rnd((u32)MIB(20));
		else
			for (u32 j = 0; j < plen; j++)
				payload[j] = (u8)rnd(256);
		wire__header(buf + len, rnd(0xffffffff), payload, plen);
		len += WIRE_HDR_SIZE + plen;
	}
	for (u32 i = rnd(3) ? 0 : rnd(8); i; i--) {
		u32 at = rnd((u32)KT_MIN(len, (size_t)65536));

		buf[at] ^= (u8)(1 + rnd(255));
	}
	*ret_len = len;
	return buf;
}

static size_t next_split(size_t left)
{
	u32 max = rnd(3) == 0 ? 4 : rnd(2) ? 300 : 1u << 24;
	size_t part = (left > MIB(1) ? MIB(1) : 0) + rnd(max);

	return KT_MIN(left, part);
}

static void compare(const struct wire_asm *wa, const struct digest *dg,
		    const struct model *md)
{
	assert_int_equal(wire_asm__residual(wa), md->len);
	assert_memory_equal(&wa->stats, &md->stats, sizeof(md->stats));
	assert_int_equal(dg->records, md->dg.records);
	assert_int_equal(dg->hash, md->dg.hash);
	assert_in_range(wa->cap, 0, WIRE_MAX_RESIDUAL);
}

static void one_round(void)
{
	struct model md = { 0 };
	struct digest dg = { 0 };
	struct wire_asm wa;
	size_t len, off = 0;
	u8 *buf = make_stream(&len);

	wire_asm__init(&wa);
	while (off < len) {
		size_t part = next_split(len - off);
		/* A copy of exact size, so that overreads are seen. */
		u8 *copy = malloc(part ? part : 1);

		assert_non_null(copy);
		memcpy(copy, buf + off, part);
		assert_int_equal(
			wire_asm__feed(&wa, copy, part, on_record, &dg), 0);
		model_feed(&md, copy, part);
		free(copy);
		off += part;
		compare(&wa, &dg, &md);
	}
	wire_asm__fini(&wa);
	free(md.buf);
	free(buf);
}

static void test_against_model(void **state)
{
	const char *env = getenv("KTSTR_SEED");
	u64 seed = env ? strtoull(env, NULL, 0) : 0x9e3779b97f4a7c15ULL;

	(void)state;
	print_message("# KTSTR_SEED=%#llx\n", (unsigned long long)seed);
	rng_state = seed ? seed : 1;
	for (unsigned int i = 0; i < ROUNDS; i++)
		one_round();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
	};

	return cmocka_run_group_tests_name("wire-model", tests, NULL, NULL);
}
