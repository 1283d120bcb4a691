// SPDX-License-Identifier: GPL-2.0
/* The wire's rules one by one: framing, sending, resynchronising, judging. */
#include <ktstr/base.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include <ktstr/fd.h>
#include <ktstr/wire.h>

#define MAX_SEEN 64

struct seen {
	unsigned int nr;
	struct {
		u32 type, len;
		bool crc_ok;
		u8 head[64];
	} rec[MAX_SEEN];
	u64 payload_bytes;
};

static void note(void *ctx, const struct wire_record *rec)
{
	struct seen *seen = ctx;

	assert_in_range(seen->nr, 0, MAX_SEEN - 1);
	seen->rec[seen->nr].type = rec->type;
	seen->rec[seen->nr].len = rec->len;
	seen->rec[seen->nr].crc_ok = rec->crc_ok;
	memcpy(seen->rec[seen->nr].head, rec->payload,
	       KT_MIN(rec->len, (u32)sizeof(seen->rec[0].head)));
	seen->payload_bytes += rec->len;
	seen->nr++;
}

static size_t put(u8 *to, u32 type, const void *payload, u32 len)
{
	wire__header(to, type, payload, len);
	if (len)
		memcpy(to + WIRE_HDR_SIZE, payload, len);
	return WIRE_HDR_SIZE + len;
}

/* A header whose length field says @len while nothing stands behind it. */
static void put_bare(u8 *to, u32 type, u32 len)
{
	wire__header(to, type, NULL, 0);
	for (int i = 0; i < 4; i++)
		to[4 + i] = (u8)(len >> (8 * i));
}

static void feed(struct wire_asm *wa, struct seen *seen, const void *p,
		 size_t len)
{
	assert_int_equal(wire_asm__feed(wa, p, len, note, seen), 0);
}

static void test_header_layout(void **state)
{
	static const u8 want[WIRE_HDR_SIZE] = {
		'T', 'U', 'O', 'S', 9, 0, 0, 0, 0x26, 0x39, 0xf4, 0xcb,
	};
	u8 hdr[WIRE_HDR_SIZE];

	(void)state;
	/* 0xcbf43926 is CRC-32's published check value. */
	wire__header(hdr, MSG_STDOUT, "123456789", 9);
	assert_memory_equal(hdr, want, sizeof(want));
	assert_int_equal(MSG_STDOUT, 0x534f5554);
}

static void test_every_split(void **state)
{
	u8 buf[256];
	size_t len = 0;

	(void)state;
	len += put(buf + len, MSG_SYS_RDY, NULL, 0);
	len += put(buf + len, MSG_STDOUT, "hello", 5);
	len += put(buf + len, MSG_EXIT, "\1\0\0\0", 4);
	len += put(buf + len, MSG_SCENARIO_START, NULL, 0);
	for (size_t a = 0; a <= len; a++) {
		for (size_t b = a; b <= len; b++) {
			struct seen seen = { 0 };
			struct wire_asm wa;

			wire_asm__init(&wa);
			feed(&wa, &seen, buf, a);
			feed(&wa, &seen, buf + a, b - a);
			feed(&wa, &seen, buf + b, len - b);
			assert_int_equal(seen.nr, 4);
			assert_int_equal(seen.rec[1].type, MSG_STDOUT);
			assert_int_equal(seen.rec[1].len, 5);
			assert_memory_equal(seen.rec[1].head, "hello", 5);
			assert_int_equal(seen.rec[3].type, MSG_SCENARIO_START);
			assert_int_equal(wa.stats.records, 4);
			assert_int_equal(wa.stats.bad_crc, 0);
			assert_int_equal(wire_asm__residual(&wa), 0);
			wire_asm__fini(&wa);
		}
	}
}

static void test_byte_at_a_time(void **state)
{
	u8 buf[64];
	size_t len = put(buf, MSG_STDERR, "abc", 3);
	struct seen seen = { 0 };
	struct wire_asm wa;

	(void)state;
	wire_asm__init(&wa);
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(seen.nr, 0);
		assert_int_equal(wire_asm__residual(&wa), i);
		feed(&wa, &seen, buf + i, 1);
	}
	assert_int_equal(seen.nr, 1);
	assert_int_equal(wire_asm__residual(&wa), 0);
	wire_asm__fini(&wa);
}

static void test_bad_crc_is_delivered_marked(void **state)
{
	u8 buf[128];
	size_t one = put(buf, MSG_EXIT, "\0\0\0\0", 4);
	size_t len = one + put(buf + one, MSG_STDOUT, "x", 1);
	struct seen seen = { 0 };
	struct wire_asm wa;

	(void)state;
	buf[one - 1] ^= 1;
	wire_asm__init(&wa);
	feed(&wa, &seen, buf, len);
	assert_int_equal(seen.nr, 2);
	assert_false(seen.rec[0].crc_ok);
	assert_int_equal(seen.rec[0].type, MSG_EXIT);
	assert_true(seen.rec[1].crc_ok);
	assert_int_equal(wa.stats.bad_crc, 1);
	wire_asm__fini(&wa);
}

static void test_empty_payload_with_wrong_crc(void **state)
{
	u8 buf[WIRE_HDR_SIZE];
	struct seen seen = { 0 };
	struct wire_asm wa;

	(void)state;
	put(buf, MSG_SYS_RDY, NULL, 0);
	buf[8] = 1;
	wire_asm__init(&wa);
	feed(&wa, &seen, buf, sizeof(buf));
	assert_int_equal(seen.nr, 1);
	assert_false(seen.rec[0].crc_ok);
	wire_asm__fini(&wa);
}

static void test_nonzero_pad_is_counted_only(void **state)
{
	u8 buf[64];
	size_t len = put(buf, MSG_STDOUT, "ok", 2);
	struct seen seen = { 0 };
	struct wire_asm wa;

	(void)state;
	buf[15] = 0x80;
	wire_asm__init(&wa);
	feed(&wa, &seen, buf, len);
	assert_int_equal(seen.nr, 1);
	assert_true(seen.rec[0].crc_ok);
	assert_int_equal(wa.stats.nonzero_pad, 1);
	wire_asm__fini(&wa);
}

static void test_unknown_type_is_delivered(void **state)
{
	u8 buf[64];
	size_t len = put(buf, WIRE_TAG('N', 'E', 'W', '1'), "later", 5);
	struct seen seen = { 0 };
	struct wire_asm wa;

	(void)state;
	len += put(buf + len, MSG_SYS_RDY, NULL, 0);
	wire_asm__init(&wa);
	feed(&wa, &seen, buf, len);
	assert_int_equal(seen.nr, 2);
	assert_int_equal(seen.rec[1].type, MSG_SYS_RDY);
	wire_asm__fini(&wa);
}

/* The cap itself is legal, held in one piece and delivered once complete. */
static void test_payload_of_the_cap(void **state)
{
	u8 *big __free(ptr) = calloc(1, WIRE_HDR_SIZE + WIRE_MAX_PAYLOAD);
	struct seen seen = { 0 };
	struct wire_asm wa;
	size_t half = WIRE_MAX_PAYLOAD / 2;

	(void)state;
	assert_non_null(big);
	wire__header(big, MSG_STDOUT, big + WIRE_HDR_SIZE, WIRE_MAX_PAYLOAD);
	wire_asm__init(&wa);
	feed(&wa, &seen, big, half);
	assert_int_equal(seen.nr, 0);
	feed(&wa, &seen, big + half, WIRE_HDR_SIZE + WIRE_MAX_PAYLOAD - half);
	assert_int_equal(seen.nr, 1);
	assert_true(seen.rec[0].crc_ok);
	assert_int_equal(seen.rec[0].len, WIRE_MAX_PAYLOAD);
	wire_asm__fini(&wa);
}

/* A large buffer is there for large records, is no larger, and then gone. */
static void test_large_buffer_is_kept_for_large_records(void **state)
{
	const size_t size = WIRE_HDR_SIZE + WIRE_MAX_PAYLOAD;
	u8 *big __free(ptr) = calloc(1, size);
	struct seen seen = { 0 };
	const u8 *buf = NULL;
	struct wire_asm wa;
	u8 small[64];

	(void)state;
	assert_non_null(big);
	wire__header(big, MSG_STDOUT, big + WIRE_HDR_SIZE, WIRE_MAX_PAYLOAD);
	wire_asm__init(&wa);
	for (unsigned int i = 0; i < 3; i++) {
		feed(&wa, &seen, big, size - 1);
		feed(&wa, &seen, big + size - 1, 1);
		assert_int_equal(seen.nr, i + 1);
		assert_int_equal(wa.cap, size);
		assert_ptr_equal(wa.buf, buf ? buf : wa.buf);
		buf = wa.buf;
	}
	feed(&wa, &seen, small, put(small, MSG_STDOUT, "x", 1));
	assert_null(wa.buf);
	/* What is thrown away was no record. */
	put_bare(big, MSG_STDOUT, WIRE_MAX_PAYLOAD + 1);
	feed(&wa, &seen, big, size);
	assert_int_equal(wa.cap, size);
	feed(&wa, &seen, small, 1);
	assert_int_equal(wa.stats.resyncs, 1);
	assert_null(wa.buf);
	wire_asm__fini(&wa);
}

/*
 * One byte above the cap: judged when its last byte arrives, and then all that
 * is at hand goes with it; the next feed starts afresh.
 */
static void test_cap_is_judged_late(void **state)
{
	u32 over = WIRE_MAX_PAYLOAD + 1;
	u8 *big __free(ptr) = calloc(1, 2 * WIRE_HDR_SIZE + over);
	struct seen seen = { 0 };
	struct wire_asm wa;
	u8 good[64];
	size_t good_len = put(good, MSG_STDOUT, "back", 4);

	(void)state;
	assert_non_null(big);
	put_bare(big, MSG_STDOUT, over);
	put(big + WIRE_HDR_SIZE + over, MSG_SYS_RDY, NULL, 0);
	wire_asm__init(&wa);
	feed(&wa, &seen, big, WIRE_HDR_SIZE + over - 1);
	assert_int_equal(wa.stats.resyncs, 0);
	assert_int_equal(wire_asm__residual(&wa), WIRE_HDR_SIZE + over - 1);
	feed(&wa, &seen, big + WIRE_HDR_SIZE + over - 1, 1 + WIRE_HDR_SIZE);
	assert_int_equal(wa.stats.resyncs, 1);
	assert_int_equal(wa.stats.dropped_bytes, 2 * WIRE_HDR_SIZE + over);
	assert_int_equal(wire_asm__residual(&wa), 0);
	assert_int_equal(seen.nr, 0);

	feed(&wa, &seen, good, good_len);
	assert_int_equal(seen.nr, 1);
	assert_memory_equal(seen.rec[0].head, "back", 4);
	wire_asm__fini(&wa);
}

/* The same in one feed, where nothing has been held before. */
static void test_oversize_in_one_feed(void **state)
{
	u32 over = WIRE_MAX_PAYLOAD + 1;
	u8 *big __free(ptr) = calloc(1, 2 * WIRE_HDR_SIZE + over);
	struct seen seen = { 0 };
	struct wire_asm wa;

	(void)state;
	assert_non_null(big);
	put(big, MSG_SYS_RDY, NULL, 0);
	put_bare(big + WIRE_HDR_SIZE, MSG_STDOUT, over);
	wire_asm__init(&wa);
	feed(&wa, &seen, big, 2 * WIRE_HDR_SIZE + over);
	assert_int_equal(seen.nr, 1);
	assert_int_equal(wa.stats.resyncs, 1);
	assert_int_equal(wa.stats.dropped_bytes, WIRE_HDR_SIZE + over);
	assert_null(wa.buf);
	wire_asm__fini(&wa);
}

static void test_residual_cap(void **state)
{
	u8 *chunk __free(ptr) = calloc(1, 1u << 20);
	struct seen seen = { 0 };
	struct wire_asm wa;
	u8 hdr[WIRE_HDR_SIZE];

	(void)state;
	assert_non_null(chunk);
	put_bare(hdr, MSG_STDOUT, 0xffffffff);
	wire_asm__init(&wa);
	feed(&wa, &seen, hdr, sizeof(hdr));
	for (unsigned int i = 0; i < 31; i++)
		feed(&wa, &seen, chunk, 1u << 20);
	feed(&wa, &seen, chunk, (1u << 20) - WIRE_HDR_SIZE);
	/* Exactly at the limit: still held. */
	assert_int_equal(wire_asm__residual(&wa), WIRE_MAX_RESIDUAL);
	assert_int_equal(wa.stats.resyncs, 0);
	feed(&wa, &seen, chunk, 1);
	assert_int_equal(wire_asm__residual(&wa), 0);
	assert_int_equal(wa.stats.resyncs, 1);
	assert_int_equal(wa.stats.dropped_bytes, WIRE_MAX_RESIDUAL + 1);
	assert_int_equal(seen.nr, 0);
	wire_asm__fini(&wa);
}

static void test_announced_length_allocates_nothing(void **state)
{
	struct seen seen = { 0 };
	struct wire_asm wa;
	u8 hdr[WIRE_HDR_SIZE];

	(void)state;
	put_bare(hdr, MSG_STDOUT, 0xfffffff0);
	wire_asm__init(&wa);
	feed(&wa, &seen, hdr, sizeof(hdr));
	assert_in_range(wa.cap, 1, 4096);
	wire_asm__fini(&wa);
}

static void test_feed_nothing(void **state)
{
	struct seen seen = { 0 };
	struct wire_asm wa;

	(void)state;
	wire_asm__init(&wa);
	feed(&wa, &seen, NULL, 0);
	assert_int_equal(wire_asm__residual(&wa), 0);
	wire_asm__fini(&wa);
}

static void test_table(void **state)
{
	size_t nr;
	const struct msg_desc *tab = msg__table(&nr);

	(void)state;
	assert_in_range(nr, 9, 1000);
	for (size_t i = 0; i < nr; i++) {
		assert_ptr_equal(msg__find(tab[i].type), &tab[i]);
		assert_in_range(tab[i].min_len, 0, tab[i].max_len);
		assert_in_range(tab[i].max_len, 0, WIRE_MAX_PAYLOAD);
		assert_true(strlen(tab[i].help) > 0);
	}
	assert_null(msg__find(0));
	assert_string_equal(msg__find(MSG_DMESG)->name, "DMESG");
}

static void test_usable(void **state)
{
	static const u8 payload[4097];
	static const struct {
		struct wire_record rec;
		bool usable;
		struct wire_stats counts;
	} rows[] = {
		{ { MSG_EXIT, 4, true, payload }, true, { 0 } },
		{ { MSG_EXIT, 4, false, payload }, false, { 0 } },
		{ { MSG_EXIT, 3, true, payload }, false, { .malformed = 1 } },
		{ { MSG_EXIT, 5, true, payload }, false, { .malformed = 1 } },
		{ { MSG_SYS_RDY, 1, true, payload },
		  false,
		  { .malformed = 1 } },
		{ { MSG_STDOUT, 0, true, payload }, false, { .malformed = 1 } },
		{ { MSG_TEST_RESULT, 4096, true, payload }, true, { 0 } },
		{ { MSG_TEST_RESULT, 4097, true, payload },
		  false,
		  { .malformed = 1 } },
		{ { 0x41424344, 4, true, payload }, false, { .unknown = 1 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct wire_stats stats = { 0 };

		assert_int_equal(wire__usable(&stats, &rows[i].rec),
				 rows[i].usable);
		assert_memory_equal(&stats, &rows[i].counts, sizeof(stats));
	}
}

static void test_parse_test_result(void **state)
{
	struct {
		struct msg_test_result res;
		char reason[8];
	} msg = { .res = { .version = MSG_TEST_RESULT_VERSION,
			   .exit_code = 4,
			   .reason_len = 8 },
		  .reason = "no scx!" };
	struct wire_record rec = { .type = MSG_TEST_RESULT,
				   .len = sizeof(msg),
				   .crc_ok = true,
				   .payload = (const u8 *)&msg };
	struct msg_test_result res = { 0 };
	const char *reason = NULL;

	(void)state;
	assert_int_equal(msg__parse_test_result(&rec, &res, &reason), 0);
	assert_int_equal(res.exit_code, 4);
	assert_memory_equal(reason, "no scx!", 8);

	msg.res.reason_len = 9;
	assert_int_equal(msg__parse_test_result(&rec, &res, &reason), -EBADMSG);
	msg.res.reason_len = 0xffffffd8; /* 48 + this wraps to 8 */
	assert_int_equal(msg__parse_test_result(&rec, &res, &reason), -EBADMSG);
	msg.res.reason_len = 8;
	msg.res.version = 1;
	assert_int_equal(msg__parse_test_result(&rec, &res, &reason),
			 -EPROTONOSUPPORT);
	rec.len = sizeof(msg.res) - 1;
	assert_int_equal(msg__parse_test_result(&rec, &res, &reason), -EBADMSG);
	rec.len = sizeof(msg);
	rec.type = MSG_EXIT;
	assert_int_equal(msg__parse_test_result(&rec, &res, &reason), -EBADMSG);
}

struct drain {
	int fd;
	struct wire_asm wa;
	struct seen seen;
};

static void *drain_main(void *arg)
{
	struct drain *drain = arg;
	char buf[7000];
	ssize_t n;

	while ((n = read(drain->fd, buf, sizeof(buf))) > 0)
		feed(&drain->wa, &drain->seen, buf, (size_t)n);
	return NULL;
}

/* Through a small non-blocking socket, so that writes come up short. */
static void send_through_socket(const void *payload, size_t len,
				struct drain *drain)
{
	int sv[2], small = 4096;
	pthread_t thread;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv),
			 0);
	setsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	assert_int_equal(fcntl(sv[0], F_SETFL, O_NONBLOCK), 0);
	drain->fd = sv[1];
	wire_asm__init(&drain->wa);
	assert_int_equal(pthread_create(&thread, NULL, drain_main, drain), 0);
	assert_int_equal(wire__send(sv[0], MSG_STDOUT, payload, len), 0);
	close(sv[0]);
	pthread_join(thread, NULL);
	close(sv[1]);
	assert_int_equal(wire_asm__residual(&drain->wa), 0);
	assert_int_equal(drain->wa.stats.bad_crc, 0);
	wire_asm__fini(&drain->wa);
}

static void test_send_splits(void **state)
{
	size_t len = (size_t)WIRE_MAX_PAYLOAD + 5;
	u8 *payload __free(ptr) = malloc(len);
	struct drain drain = { 0 };

	(void)state;
	assert_non_null(payload);
	for (size_t i = 0; i < len; i++)
		payload[i] = (u8)(i * 31 + (i >> 12));
	send_through_socket(payload, len, &drain);
	assert_int_equal(drain.seen.nr, 2);
	assert_int_equal(drain.seen.rec[0].len, WIRE_MAX_PAYLOAD);
	assert_int_equal(drain.seen.rec[1].len, 5);
	assert_memory_equal(drain.seen.rec[1].head, payload + WIRE_MAX_PAYLOAD,
			    5);
}

static void test_send_empty(void **state)
{
	struct drain drain = { 0 };

	(void)state;
	send_through_socket(NULL, 0, &drain);
	assert_int_equal(drain.seen.nr, 1);
	assert_int_equal(drain.seen.rec[0].len, 0);
}

static void test_send_to_nobody(void **state)
{
	int sv[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv),
			 0);
	close(sv[1]);
	assert_int_equal(wire__send(sv[0], MSG_SYS_RDY, NULL, 0), -EPIPE);
	close(sv[0]);
	assert_int_equal(wire__send(-1, MSG_SYS_RDY, NULL, 0), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_layout),
		cmocka_unit_test(test_every_split),
		cmocka_unit_test(test_byte_at_a_time),
		cmocka_unit_test(test_bad_crc_is_delivered_marked),
		cmocka_unit_test(test_empty_payload_with_wrong_crc),
		cmocka_unit_test(test_nonzero_pad_is_counted_only),
		cmocka_unit_test(test_unknown_type_is_delivered),
		cmocka_unit_test(test_payload_of_the_cap),
		cmocka_unit_test(test_large_buffer_is_kept_for_large_records),
		cmocka_unit_test(test_cap_is_judged_late),
		cmocka_unit_test(test_oversize_in_one_feed),
		cmocka_unit_test(test_residual_cap),
		cmocka_unit_test(test_announced_length_allocates_nothing),
		cmocka_unit_test(test_feed_nothing),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_usable),
		cmocka_unit_test(test_parse_test_result),
		cmocka_unit_test(test_send_splits),
		cmocka_unit_test(test_send_empty),
		cmocka_unit_test(test_send_to_nobody),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
