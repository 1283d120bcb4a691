// SPDX-License-Identifier: GPL-2.0
/*
 * A trace from a guest's file through the wire to the host's, against a model
 * that knows what was done to it on the way. Random sizes, splits, foreign
 * records and corruption from a seed (KTSTR_SEED= repeats a failure).
 */
#include <ktstr/wprof.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define ROUNDS 3000u
#define TRACE_MAX 3000u
#define RECORDS_MAX 200u
#define STREAM_MAX (RECORDS_MAX * (WIRE_HDR_SIZE + TRACE_MAX))

static u64 rng_state;

static u32 rnd(u32 below)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return (u32)((rng_state >> 16) % below);
}

/* --- what is sent --------------------------------------------------------- */

struct sent {
	u8 stream[STREAM_MAX];
	size_t len;
	unsigned int nr;
	/* The model: what should come of it, and whether it still can. */
	u8 want[STREAM_MAX];
	size_t want_len;
	bool ended, none;
};

static void send(struct sent *s, u32 type, const u8 *payload, u32 len)
{
	bool own = type == MSG_WPROF_TRACE || type == MSG_WPROF_TRACE_CHUNK;
	bool torn = len && rnd(60) == 0;
	u8 *to = s->stream + s->len;

	if (s->nr++ == RECORDS_MAX)
		return;
	wire__header(to, type, payload, len);
	if (len)
		memcpy(to + WIRE_HDR_SIZE, payload, len);
	if (torn)
		to[WIRE_HDR_SIZE + rnd(len)] ^= (u8)(1 + rnd(255));
	s->len += WIRE_HDR_SIZE + len;
	if (!own || s->ended)
		return;
	s->none |= torn;
	s->ended = torn || type == MSG_WPROF_TRACE;
	if (len)
		memcpy(s->want + s->want_len, payload, len);
	s->want_len += len;
}

static void send_foreign(struct sent *s)
{
	static const u32 types[] = { MSG_STDOUT, MSG_DMESG, MSG_SYS_RDY,
				     WIRE_TAG('W', 'P', 'R', 'A'), 0 };
	u8 payload[32];
	u32 len = rnd(sizeof(payload));

	for (u32 i = 0; i < len; i++)
		payload[i] = (u8)rnd(256);
	send(s, types[rnd(ARRAY_SIZE(types))], payload, len);
}

/* A whole trace, or one whose end is missing. */
static void send_trace(struct sent *s)
{
	u32 len = rnd(8) ? rnd(TRACE_MAX) : 0;
	u32 cap = 1 + len / (1 + rnd(30)) + rnd(5);
	struct wprof_frame f = { 0 };
	bool cut = rnd(8) == 0;
	u8 *trace = malloc(len + 1);

	assert_non_null(trace);
	for (u32 i = 0; i < len; i++)
		trace[i] = (u8)rnd(256);
	while (wprof_frame__next(len, cap, &f)) {
		if (cut && rnd(3) == 0)
			break;
		while (rnd(3) == 0)
			send_foreign(s);
		send(s, f.type, trace + f.off, f.len);
	}
	free(trace);
}

/* --- what arrives --------------------------------------------------------- */

struct got {
	u8 data[STREAM_MAX];
	size_t len;
	struct wprof_stream stream;
	struct wprof_entry entry[RECORDS_MAX];
	size_t nr;
};

static int got__write(void *ctx, const void *buf, size_t len)
{
	struct got *got = ctx;

	memcpy(got->data + got->len, buf, len);
	got->len += len;
	return 0;
}

static void on_record(void *ctx, const struct wire_record *rec)
{
	struct got *got = ctx;
	struct wprof_entry *e = &got->entry[got->nr++];
	u8 *copy = malloc(rec->len + 1);

	assert_true(got->nr <= RECORDS_MAX);
	assert_non_null(copy);
	if (rec->len)
		memcpy(copy, rec->payload, rec->len);
	*e = (struct wprof_entry){ .type = rec->type,
				   .crc_ok = rec->crc_ok,
				   .payload = copy,
				   .len = rec->len };
	wprof_stream__record(&got->stream, e);
}

static void receive(const struct sent *s, struct got *got)
{
	struct wire_asm wa;
	size_t at = 0;

	wire_asm__init(&wa);
	while (at < s->len) {
		size_t any = rnd(4) ? 1 + rnd(100) : 1 + rnd(5000);
		size_t n = KT_MIN(any, s->len - at);

		assert_int_equal(
			wire_asm__feed(&wa, s->stream + at, n, on_record, got),
			0);
		at += n;
	}
	assert_int_equal(wire_asm__residual(&wa), 0);
	wire_asm__fini(&wa);
}

static void compare(const struct sent *s, const struct got *got)
{
	bool none = s->none || !s->ended || !s->want_len;
	u8 *trace = NULL;
	size_t len = 0;
	int err = wprof__reassemble(got->entry, got->nr, &trace, &len);

	assert_int_equal(err, wprof_stream__result(&got->stream));
	assert_int_equal(none, err != 0);
	if (s->none)
		assert_int_equal(err, -EBADMSG);
	if (none) {
		assert_null(trace);
		return;
	}
	assert_int_equal(len, s->want_len);
	assert_int_equal(got->len, s->want_len);
	assert_memory_equal(trace, s->want, len);
	assert_memory_equal(got->data, s->want, len);
	free(trace);
}

static void one_round(struct sent *s, struct got *got)
{
	memset(s, 0, sizeof(*s));
	got->len = got->nr = 0;
	got->stream = (struct wprof_stream){ .write = got__write, .ctx = got };
	do
		send_trace(s);
	while (rnd(4) == 0 && s->nr < RECORDS_MAX / 4);
	if (s->nr > RECORDS_MAX)
		return;
	receive(s, got);
	compare(s, got);
	for (size_t i = 0; i < got->nr; i++)
		free((void *)(uintptr_t)got->entry[i].payload);
}

static void test_against_model(void **state)
{
	const char *env = getenv("KTSTR_SEED");
	u64 seed = env ? strtoull(env, NULL, 0) : 0x9e3779b97f4a7c15ULL;
	struct sent *s = malloc(sizeof(*s));
	struct got *got = calloc(1, sizeof(*got));
	unsigned int landed = 0;

	(void)state;
	assert_non_null(s);
	assert_non_null(got);
	print_message("# KTSTR_SEED=%#llx\n", (unsigned long long)seed);
	rng_state = seed ? seed : 1;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		one_round(s, got);
		landed += !wprof_stream__result(&got->stream);
	}
	/* Both kinds of end have been there, often. */
	assert_in_range(landed, ROUNDS / 10, ROUNDS - ROUNDS / 10);
	free(s);
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
	};

	return cmocka_run_group_tests_name("wprof-model", tests, NULL, NULL);
}
