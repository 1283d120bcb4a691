// SPDX-License-Identifier: GPL-2.0
/* Traces: the rules of transport and reassembly, names, first check. */
#include <ktstr/wprof.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <limits.h>

#include <ktstr/fd.h>

#include "scratch.h"

#define CAP 4u

/* --- both ways of reassembly, as one ------------------------------------- */

struct sink {
	u8 data[MIB(17)];
	size_t len;
	int fail_at; /* write that fails, 0: none */
};

static int sink__write(void *ctx, const void *buf, size_t len)
{
	struct sink *sink = ctx;

	if (sink->fail_at && !--sink->fail_at)
		return -ENOSPC;
	assert_true(len <= sizeof(sink->data) - sink->len);
	memcpy(sink->data + sink->len, buf, len);
	sink->len += len;
	return 0;
}

static int feed(const struct wprof_entry *e, size_t nr, struct sink *sink)
{
	struct wprof_stream st = { .write = sink__write, .ctx = sink };

	for (size_t i = 0; i < nr; i++)
		wprof_stream__record(&st, &e[i]);
	assert_int_equal(st.bytes, sink->len);
	return wprof_stream__result(&st);
}

/* What @e carries, which both must say. */
static int join(const struct wprof_entry *e, size_t nr, u8 **ret, size_t *len)
{
	struct sink *sink = calloc(1, sizeof(*sink));
	int err = wprof__reassemble(e, nr, ret, len);

	assert_non_null(sink);
	assert_int_equal(feed(e, nr, sink), err);
	if (!err) {
		assert_int_equal(sink->len, *len);
		assert_memory_equal(sink->data, *ret, *len);
	}
	free(sink);
	return err;
}

static void yields(const struct wprof_entry *e, size_t nr, const void *want,
		   size_t want_len)
{
	u8 *trace = NULL;
	size_t len = 0;

	assert_int_equal(join(e, nr, &trace, &len), 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(trace, want, want_len);
	free(trace);
}

static void yields_none(const struct wprof_entry *e, size_t nr, int err)
{
	u8 *trace = NULL;
	size_t len = 0;

	assert_int_equal(join(e, nr, &trace, &len), err);
	assert_null(trace);
}

#define BYTES(...) ((const u8[]){ __VA_ARGS__ })
#define ENTRY(kind, good, ...)                     \
	{                                          \
		.type = (kind), .crc_ok = (good),  \
		.payload = BYTES(__VA_ARGS__),     \
		.len = sizeof(BYTES(__VA_ARGS__)), \
	}
#define CHUNK(...) ENTRY(MSG_WPROF_TRACE_CHUNK, true, __VA_ARGS__)
#define TORN_CHUNK(...) ENTRY(MSG_WPROF_TRACE_CHUNK, false, __VA_ARGS__)
#define LAST(...) ENTRY(MSG_WPROF_TRACE, true, __VA_ARGS__)
#define TORN_LAST(...) ENTRY(MSG_WPROF_TRACE, false, __VA_ARGS__)
#define FOREIGN(good, ...) ENTRY(MSG_STDOUT, good, __VA_ARGS__)
#define YIELDS(entries, ...)                                     \
	yields(entries, ARRAY_SIZE(entries), BYTES(__VA_ARGS__), \
	       sizeof(BYTES(__VA_ARGS__)))
#define NONE(entries, err) yields_none(entries, ARRAY_SIZE(entries), err)

/* --- frames --------------------------------------------------------------- */

static size_t cut(const u8 *buf, u64 len, u32 cap, struct wprof_entry *e,
		  size_t max)
{
	struct wprof_frame f = { 0 };
	size_t nr = 0;

	while (wprof_frame__next(len, cap, &f)) {
		assert_true(nr < max);
		e[nr++] = (struct wprof_entry){ .type = f.type,
						.crc_ok = true,
						.payload = buf + f.off,
						.len = f.len };
	}
	return nr;
}

static void test_all_frames_but_the_last_are_chunks(void **state)
{
	const u8 buf[10] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct wprof_entry e[4];

	(void)state;
	assert_int_equal(cut(buf, sizeof(buf), CAP, e, 4), 3);
	assert_int_equal(e[0].type, MSG_WPROF_TRACE_CHUNK);
	assert_int_equal(e[1].type, MSG_WPROF_TRACE_CHUNK);
	assert_int_equal(e[2].type, MSG_WPROF_TRACE);
	assert_int_equal(e[0].len, 4);
	assert_int_equal(e[1].len, 4);
	assert_int_equal(e[2].len, 2);
	assert_ptr_equal(e[1].payload, buf + 4);
	assert_ptr_equal(e[2].payload, buf + 8);
}

static void test_what_fits_is_one_last_frame(void **state)
{
	const u8 buf[CAP] = { 1, 2, 3, 4 };
	struct wprof_entry e[2];

	(void)state;
	assert_int_equal(cut(buf, CAP, CAP, e, 2), 1);
	assert_int_equal(e[0].type, MSG_WPROF_TRACE);
	assert_int_equal(e[0].len, CAP);
	assert_int_equal(cut(buf, 0, CAP, e, 2), 1);
	assert_int_equal(e[0].type, MSG_WPROF_TRACE);
	assert_int_equal(e[0].len, 0);
}

static void test_round_trip(void **state)
{
	static const size_t lens[] = { 0, 1, 3, 4, 5, 8, 9, 100 };
	struct wprof_entry e[32];
	u8 buf[100];

	(void)state;
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (u8)(i % 251);
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		size_t nr = cut(buf, lens[i], CAP, e, ARRAY_SIZE(e));

		if (lens[i])
			yields(e, nr, buf, lens[i]);
		else
			yields_none(e, nr, -ENOENT);
	}
}

static void test_at_the_real_cap(void **state)
{
	const size_t cap = WIRE_MAX_PAYLOAD;
	u8 *buf = malloc(cap + 1);
	struct wprof_entry e[3];

	(void)state;
	assert_int_equal(cap, MIB(16));
	assert_non_null(buf);
	memset(buf, 0xcd, cap);
	buf[cap] = 0xee;
	assert_int_equal(cut(buf, cap, (u32)cap, e, 3), 1);
	assert_int_equal(e[0].type, MSG_WPROF_TRACE);
	yields(e, 1, buf, cap);
	assert_int_equal(cut(buf, cap + 1, (u32)cap, e, 3), 2);
	assert_int_equal(e[0].type, MSG_WPROF_TRACE_CHUNK);
	assert_int_equal(e[0].len, cap);
	assert_int_equal(e[1].type, MSG_WPROF_TRACE);
	assert_int_equal(e[1].len, 1);
	assert_int_equal(*(const u8 *)e[1].payload, 0xee);
	yields(e, 2, buf, cap + 1);
	free(buf);
}

/* --- reassembly ----------------------------------------------------------- */

static void test_bad_checksum_is_none(void **state)
{
	const struct wprof_entry chunk[] = { TORN_CHUNK(1, 2, 3), LAST(4, 5) };
	const struct wprof_entry last[] = { CHUNK(1, 2, 3), TORN_LAST(4, 5) };
	const struct wprof_entry middle[] = { CHUNK(1, 2), TORN_CHUNK(3, 4),
					      CHUNK(5, 6), LAST(7, 8) };

	(void)state;
	NONE(chunk, -EBADMSG);
	NONE(last, -EBADMSG);
	NONE(middle, -EBADMSG);
}

static void test_no_last_frame_is_none(void **state)
{
	const struct wprof_entry chunks[] = { CHUNK(1, 2, 3) };
	const struct wprof_entry foreign[] = { FOREIGN(true, 1, 2, 3) };

	(void)state;
	NONE(chunks, -ENODATA);
	NONE(foreign, -ENODATA);
	yields_none(NULL, 0, -ENODATA);
}

static void test_empty_is_none(void **state)
{
	const struct wprof_entry none[] = {
		{ .type = MSG_WPROF_TRACE, .crc_ok = true },
	};
	const struct wprof_entry chunk[] = {
		{ .type = MSG_WPROF_TRACE_CHUNK, .crc_ok = true },
		{ .type = MSG_WPROF_TRACE, .crc_ok = true },
	};

	(void)state;
	NONE(none, -ENOENT);
	NONE(chunk, -ENOENT);
}

static void test_foreign_records_are_passed_over(void **state)
{
	const struct wprof_entry bad[] = { FOREIGN(false, 9, 9, 9),
					   LAST(4, 5) };
	const struct wprof_entry between[] = { CHUNK(1, 2), FOREIGN(true, 9, 9),
					       CHUNK(3, 4), FOREIGN(false, 9),
					       LAST(5) };
	const struct wprof_entry unknown[] = {
		ENTRY(WIRE_TAG('W', 'P', 'R', 'X'), false, 7), CHUNK(1), LAST(2)
	};

	(void)state;
	YIELDS(bad, 4, 5);
	YIELDS(between, 1, 2, 3, 4, 5);
	YIELDS(unknown, 1, 2);
}

static void test_first_last_frame_ends_it(void **state)
{
	const struct wprof_entry twice[] = { CHUNK(1), LAST(2), LAST(3) };
	const struct wprof_entry more[] = { CHUNK(1), LAST(2), CHUNK(3) };
	const struct wprof_entry torn[] = { CHUNK(1), LAST(2), TORN_CHUNK(3),
					    TORN_LAST(4) };
	const struct wprof_entry empty[] = {
		{ .type = MSG_WPROF_TRACE, .crc_ok = true }, LAST(3)
	};

	(void)state;
	YIELDS(twice, 1, 2);
	YIELDS(more, 1, 2);
	YIELDS(torn, 1, 2);
	NONE(empty, -ENOENT);
}

static void test_disk_full(void **state)
{
	const struct wprof_entry e[] = { CHUNK(1, 2), CHUNK(3), LAST(4) };
	struct sink *sink = calloc(1, sizeof(*sink));

	(void)state;
	assert_non_null(sink);
	sink->fail_at = 2;
	assert_int_equal(feed(e, ARRAY_SIZE(e), sink), -ENOSPC);
	assert_int_equal(sink->len, 2);
	free(sink);
}

/* A payload that was written before its checksum was known. */
static void test_pieces(void **state)
{
	struct sink *sink = calloc(1, sizeof(*sink));
	struct wprof_stream st = { .write = sink__write, .ctx = sink };

	(void)state;
	assert_non_null(sink);
	wprof_stream__piece(&st, "ab", 2);
	wprof_stream__piece(&st, "", 0);
	wprof_stream__piece(&st, "c", 1);
	wprof_stream__end(&st, MSG_WPROF_TRACE_CHUNK, true);
	assert_int_equal(wprof_stream__result(&st), -ENODATA);
	wprof_stream__piece(&st, "d", 1);
	wprof_stream__end(&st, MSG_WPROF_TRACE, false);
	assert_int_equal(wprof_stream__result(&st), -EBADMSG);
	wprof_stream__piece(&st, "e", 1);
	wprof_stream__end(&st, MSG_WPROF_TRACE, true);
	assert_int_equal(wprof_stream__result(&st), -EBADMSG);
	assert_int_equal(sink->len, 4);
	assert_memory_equal(sink->data, "abcd", 4);
	free(sink);
}

/* --- memory, names -------------------------------------------------------- */

static void test_memory_floor(void **state)
{
	(void)state;
	assert_int_equal(wprof__memory_mib(512, true), 2048);
	assert_int_equal(wprof__memory_mib(2047, true), 2048);
	assert_int_equal(wprof__memory_mib(2048, true), 2048);
	assert_int_equal(wprof__memory_mib(8064, true), 8064);
	assert_int_equal(wprof__memory_mib(512, false), 512);
	assert_int_equal(wprof__memory_mib(0, true), 2048);
}

static void test_variant_hash(void **state)
{
	const char *const flags[] = { "llc", "steal", NULL };
	const char *const sysctls[] = {
		"sysctl.kernel.sched_cfs_bandwidth_slice_us=1000", NULL
	};
	const char *const kargs[] = { "nosmt", NULL };
	const char *const ab[] = { "a", "b", NULL }, *const ba[] = { "b", "a",
								     NULL };
	struct wprof_variant v = { .topology = "1n2l4c1t",
				   .scheduler = "scx-ktstr",
				   .work_type = "CpuSpin",
				   .flags = flags,
				   .sysctls = sysctls,
				   .kargs = kargs };
	u64 known, other;

	(void)state;
	assert_int_equal(wprof_variant__hash(&v, &known), 0);
	assert_true(known == 0xbc0f38005915a09fULL);
	v.payload = "";
	assert_int_equal(wprof_variant__hash(&v, &other), 0);
	assert_true(other == known);
	v.payload = "fio";
	assert_int_equal(wprof_variant__hash(&v, &other), 0);
	assert_true(other != known);
	/* The order in which sysctls and kargs were said is nothing. */
	v.sysctls = v.kargs = ab;
	assert_int_equal(wprof_variant__hash(&v, &known), 0);
	v.sysctls = v.kargs = ba;
	assert_int_equal(wprof_variant__hash(&v, &other), 0);
	assert_true(other == known);
}

/* Of an independent implementation, over 0, 1, 2, ...; keys 0. */
static void test_siphash(void **state)
{
	static const u64 want[] = {
		0xd1fba762150c532cULL, /* 0 bytes */
		0x68a914128e01e473ULL, /* 1 bytes */
		0x2f098ab0c751325aULL, /* 7 bytes */
		0xead411e67ebe2eeaULL, /* 8 bytes */
		0x75927f9d95124362ULL, /* 9 bytes */
		0x8972188433a5c5b7ULL, /* 16 bytes */
		0x385d3e39e5f37359ULL, /* 63 bytes */
	};

	static const size_t lens[] = { 0, 1, 7, 8, 9, 16, 63 };
	u8 buf[64];

	(void)state;
	for (u8 i = 0; i < sizeof(buf); i++)
		buf[i] = i;
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++)
		assert_true(siphash13(buf, lens[i]) == want[i]);
	assert_true(siphash13("a", 1) != siphash13("a\0", 2));
}

static void test_paths(void **state)
{
	struct kt_diag diag = { 0 };
	char path[64];

	(void)state;
	assert_int_equal(wprof__path("/d", "f.t", 0xab, WPROF_FILE_PRIMARY,
				     path, sizeof(path), &diag),
			 0);
	assert_string_equal(path, "/d/f.t-00000000000000ab.wprof.pb");
	assert_int_equal(wprof__path("/d", "f.t", ~0ULL, WPROF_FILE_REPRO, path,
				     sizeof(path), &diag),
			 0);
	assert_string_equal(path, "/d/f.t-ffffffffffffffff.repro.wprof.pb");
	assert_int_equal(wprof__path("/d", NULL, 1, WPROF_FILE_PRIMARY, path,
				     sizeof(path), &diag),
			 -EINVAL);
	assert_non_null(strstr(diag.msg, "no test name"));
	diag.msg[0] = '\0';
	assert_int_equal(wprof__path("", "f.t", 1, WPROF_FILE_PRIMARY, path,
				     sizeof(path), &diag),
			 -EINVAL);
	assert_non_null(strstr(diag.msg, "no artifact directory"));
	assert_int_equal(wprof__path("/d", "f.t", 1, WPROF_FILE_PRIMARY, path,
				     32, &diag),
			 -ENAMETOOLONG);
}

/* --- the first check ------------------------------------------------------ */

static void check_file(const void *buf, size_t len, int want, const char *says)
{
	char dir[SCRATCH_PATH_MAX], path[SCRATCH_PATH_MAX + 8];
	struct kt_diag diag = { 0 };
	FILE *f;

	scratch__make(dir);
	snprintf(path, sizeof(path), "%s/t.pb", dir);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(buf, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(wprof__check_shape(path, &diag), want);
	if (says)
		assert_non_null(strstr(diag.msg, says));
	if (says)
		assert_non_null(strstr(diag.msg, path));
	scratch__remove(dir);
}

static void test_shape(void **state)
{
	u8 buf[WPROF_PB_MIN_BYTES] = { PERFETTO_TRACE_PACKETS_TAG };

	(void)state;
	check_file(buf, sizeof(buf), 0, NULL);
	check_file(buf, sizeof(buf) - 1, -ENODATA, "only 4095 bytes");
	check_file(buf, 0, -ENODATA, "only 0 bytes");
	buf[0] = 0x0b;
	check_file(buf, sizeof(buf), -EBADMSG, "begins with byte 0x0b");
}

static void test_missing_names_the_chain(void **state)
{
	static const char *const hops[] = {
		"/no/such/file.pb",	".wprof = true",
		"KTSTR_WPROF_PATH",	"/bin/wprof",
		"KTSTR_WPROF_ARGS=",	"guest/wprof.c",
		"WPROF_TRACE_CHUNK",	"lib/wprof",
		"lib/session/capture.c"
	};
	struct kt_diag diag = { 0 };

	(void)state;
	assert_int_equal(wprof__check_shape("/no/such/file.pb", &diag),
			 -ENOENT);
	for (size_t i = 0; i < ARRAY_SIZE(hops); i++)
		assert_non_null(strstr(diag.msg, hops[i]));
	diag.msg[0] = '\0';
	assert_int_equal(wprof__check_shape("/", &diag), -ENOENT);
	assert_non_null(strstr(diag.msg, "missing at /"));
}

static void test_outcomes_have_names(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < WPROF_OUTCOME_NR; i++) {
		assert_string_not_equal(
			wprof_outcome__name((enum wprof_outcome)i), "unknown");
		assert_true(*wprof_outcome__help((enum wprof_outcome)i));
		for (unsigned int k = 0; k < i; k++)
			assert_string_not_equal(
				wprof_outcome__name((enum wprof_outcome)i),
				wprof_outcome__name((enum wprof_outcome)k));
	}
	assert_string_equal(wprof_outcome__name(WPROF_OUTCOME_NR), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_frames_but_the_last_are_chunks),
		cmocka_unit_test(test_what_fits_is_one_last_frame),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_at_the_real_cap),
		cmocka_unit_test(test_bad_checksum_is_none),
		cmocka_unit_test(test_no_last_frame_is_none),
		cmocka_unit_test(test_empty_is_none),
		cmocka_unit_test(test_foreign_records_are_passed_over),
		cmocka_unit_test(test_first_last_frame_ends_it),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_memory_floor),
		cmocka_unit_test(test_variant_hash),
		cmocka_unit_test(test_siphash),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_missing_names_the_chain),
		cmocka_unit_test(test_outcomes_have_names),
	};

	return cmocka_run_group_tests_name("wprof", tests, NULL, NULL);
}
