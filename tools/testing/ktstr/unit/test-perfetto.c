// SPDX-License-Identifier: GPL-2.0
/*
 * Traces: written from events by the tracer's pure half, then read back by
 * walker and query; cut, broken and foreign ones.
 */
#include "lib/perfetto/sched-trace.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <zlib.h>

#include <cmocka.h>
#include <ktstr/fd.h>
#include <ktstr/wprof-pb.h>

#include "lib/perfetto/pb-in.h"
#include "lib/perfetto/pb-out.h"
#include "tools/testing/ktstr/unit/scratch.h"

#define MS NSEC_PER_MSEC

static const struct sched_task idle = { .comm = "swapper/0" };
static const struct sched_task ping = { 11, 10, 120, "ping" };
static const struct sched_task pong = { 12, 10, 120, "pong" };
static const struct sched_task boss = { 10, 10, 120, "boss" };

static const struct sched_place places[] = {
	{ 0, 0 }, { 0, 0 }, { 1, 1 }, { -1, -1 }
};

struct fixture {
	char dir[SCRATCH_PATH_MAX], path[SCRATCH_PATH_MAX + 8];
	struct trace_out *out;
	struct sched_trace *st;
};

static int setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	scratch__make(fx->dir);
	snprintf(fx->path, sizeof(fx->path), "%s/t.pb", fx->dir);
	*state = fx;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fx = *state;

	sched_trace__free(fx->st);
	trace_out__free(fx->out);
	scratch__remove(fx->dir);
	free(fx);
	return 0;
}

static void start(struct fixture *fx)
{
	static const struct trace_clocks clocks = { 3 * MS, MS, 2 * MS };

	assert_int_equal(trace_out__open(fx->path, &fx->out, NULL), 0);
	trace_out__start(fx->out, &clocks);
	assert_int_equal(sched_trace__new(fx->out, places, 4, MS, &fx->st), 0);
}

static void gone(u32 pid, char name[SCHED_COMM_LEN])
{
	snprintf(name, SCHED_COMM_LEN, "gone-%u", pid);
}

static void finish(struct fixture *fx, u64 end_ns, u64 lost)
{
	const struct trace_ring rings[] = { { 4096, 100, 0 },
					    { 4096, 200, lost } };

	assert_int_equal(sched_trace__finish(fx->st, end_ns, gone), 0);
	assert_int_equal(trace_out__close(fx->out, rings, 2, NULL), 0);
}

/* ping wakes pong on CPU 2; CPU 0 was running ping when we came. */
static void ping_pong(struct fixture *fx)
{
	start(fx);
	sched_trace__running(fx->st, 2 * MS, 0, &ping);
	sched_trace__running(fx->st, 2 * MS, 2, &idle);
	sched_trace__waking(fx->st, 3 * MS, 0, &ping, &pong, false);
	sched_trace__switch(fx->st, 4 * MS, 2, &idle, 0, &pong);
	sched_trace__switch(fx->st, 6 * MS, 0, &ping, 1, &idle);
	sched_trace__waking(
		fx->st, 7 * MS, 2, &(struct sched_task){ .tid = 12, .pid = 10 },
		&(struct sched_task){ .tid = 11, .pid = 10 }, false);
	/* it will not come to run */
	sched_trace__waking(fx->st, 7 * MS, 2, &pong,
			    &(struct sched_task){ .tid = 21, .pid = 21 }, true);
	sched_trace__switch(fx->st, 9 * MS, 0, &idle, 0, &ping);
	sched_trace__switch(fx->st, 10 * MS, 2, &pong, 0, &boss);
	finish(fx, 12 * MS, 7);
}

static void test_round_trip(void **state)
{
	struct wprof_pb *pb __free(wprof_pb) = NULL;
	struct fixture *fx = *state;
	const struct wprof_pb_thread *t;
	struct stat st;

	ping_pong(fx);
	assert_int_equal(wprof_pb__check_valid(fx->path, NULL), 0);
	assert_int_equal(stat(fx->path, &st), 0);
	assert_true(st.st_size >= TRACE_OUT_MIN_BYTES);
	assert_int_equal(wprof_pb_query(fx->path, &pb, NULL), 0);
	assert_string_equal(pb->writer, "ktprof");
	assert_true(pb->complete);
	assert_int_equal(pb->bytes, st.st_size);
	assert_int_equal(pb->lost_events, 7);
	assert_int_equal(pb->nr_unmatched, 0);
	assert_int_equal(pb->nr_flows, 3);
	assert_int_equal(pb->nr_cpus, 3); /* of CPU 3 nothing is known */
	assert_int_equal(wprof_pb__cpu(pb, 0)->nr_slices, 2);
	assert_int_equal(wprof_pb__cpu(pb, 2)->nr_slices, 2);
	/* ping had been running since the start, at 1 ms */
	assert_int_equal(wprof_pb__cpu(pb, 0)->run_ns, (5 + 3) * MS);
	assert_int_equal(wprof_pb__cpu(pb, 0)->idle_ns, 3 * MS);
	assert_int_equal(wprof_pb__cpu(pb, 2)->idle_ns, 3 * MS);
	assert_int_equal(wprof_pb__cpu(pb, 2)->node, 1);
	assert_int_equal(wprof_pb__cpu(pb, 2)->llc, 1);
	assert_null(wprof_pb__cpu(pb, 3));
	assert_int_equal(pb->nr_threads, 4);
	t = wprof_pb__thread(pb, 21);
	assert_string_equal(t->name, "gone-21");
	assert_string_equal(t->process, "gone-21");
	assert_int_equal(t->nr_slices, 0);
	t = wprof_pb__thread(pb, 12);
	assert_string_equal(t->name, "pong");
	assert_string_equal(t->process, "boss");
	assert_int_equal(t->run_ns, 6 * MS);
	assert_ptr_equal(wprof_pb__thread_named(pb, "pong"), t);
	assert_ptr_equal(pb->threads, wprof_pb__thread(pb, 11));
	assert_int_equal(wprof_pb__latency_ns(pb, 0), 1 * MS);
	assert_int_equal(wprof_pb__latency_ns(pb, 50), 1 * MS);
	assert_int_equal(wprof_pb__latency_ns(pb, 51), 2 * MS);
	assert_int_equal(wprof_pb__latency_ns(pb, 100), 2 * MS);
	assert_null(wprof_pb__thread(pb, 13));
	assert_null(wprof_pb__thread_named(pb, "swapper/0"));
}

static char *slurp(const char *path, size_t *ret_len)
{
	char *buf;

	assert_int_equal(fd__read_file(path, MIB(1), &buf, ret_len), 0);
	return buf;
}

static void dump(const char *path, const void *buf, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd__write_all(fd, buf, len), 0);
	close(fd);
}

/* Of a trace of ours every truncation is found, at any byte. */
static void test_cut_anywhere(void **state)
{
	struct fixture *fx = *state;
	char *buf __free(ptr) = NULL;
	struct kt_diag diag;
	size_t len;

	ping_pong(fx);
	buf = slurp(fx->path, &len);
	for (size_t cut = 0; cut < len; cut++) {
		struct wprof_pb *pb = NULL;

		assert_int_equal(truncate(fx->path, 0), 0);
		dump(fx->path, buf, cut);
		diag.msg[0] = '\0';
		assert_int_equal(wprof_pb__check_valid(fx->path, &diag),
				 -ENODATA);
		if (cut)
			assert_non_null(strstr(diag.msg, "offset"));
		if (cut % 97 == 0)
			assert_int_equal(wprof_pb_query(fx->path, &pb, NULL),
					 -ENODATA);
		assert_null(pb);
	}
}

static void test_says_where(void **state)
{
	static const u8 trace[] = { 0x0a, 2, 0x50, 1, 0x0a, 9, 0x50, 1 };
	static const u8 wrong_tag[] = { 0x0a, 2, 0x50, 1, 0x12, 0 };
	static const u8 bad_field[] = { 0x0a, 2, 0x50, 1, 0x0a, 2, 0x07, 1 };
	struct fixture *fx = *state;
	struct kt_diag diag = { 0 };

	dump(fx->path, trace, sizeof(trace));
	assert_int_equal(wprof_pb__check_valid(fx->path, &diag), -ENODATA);
	assert_non_null(strstr(diag.msg, "packet 1 at offset 4"));
	assert_non_null(strstr(diag.msg, "has 9 bytes, 2 are there"));
	dump(fx->path, wrong_tag, sizeof(wrong_tag));
	diag.msg[0] = '\0';
	assert_int_equal(wprof_pb__check_valid(fx->path, &diag), -EBADMSG);
	assert_non_null(strstr(diag.msg, "offset 4: byte 0x12"));
	dump(fx->path, bad_field, sizeof(bad_field));
	diag.msg[0] = '\0';
	assert_int_equal(wprof_pb__check_valid(fx->path, &diag), -EBADMSG);
	assert_non_null(strstr(diag.msg, "packet 1 at offset 4"));
	dump(fx->path, trace, 4); /* somebody else's: nothing was promised */
	assert_int_equal(wprof_pb__check_valid(fx->path, NULL), 0);
}

static void test_no_file(void **state)
{
	struct fixture *fx = *state;
	struct kt_diag diag = { 0 };

	assert_int_equal(wprof_pb__check_valid(fx->path, &diag), -ENOENT);
	assert_non_null(strstr(diag.msg, fx->path));
	diag.msg[0] = '\0';
	assert_int_equal(wprof_pb__check_valid(fx->dir, &diag), -EINVAL);
	assert_non_null(strstr(diag.msg, "not a regular file"));
	dump(fx->path, "", 0);
	diag.msg[0] = '\0';
	assert_int_equal(wprof_pb__check_valid(fx->path, &diag), -ENODATA);
	assert_non_null(strstr(diag.msg, "empty"));
}

/* A length that would be 16 EiB, and a packet larger than the window. */
static void test_lengths(void **state)
{
	u8 huge[16] = { 0x0a };
	struct fixture *fx = *state;
	u8 *big __free(ptr) = calloc(1, MIB(1));
	struct pb_out out = { .buf = big, .cap = MIB(1) };
	size_t mark;

	memset(huge + 1, 0xff, 9);
	huge[10] = 1;
	dump(fx->path, huge, sizeof(huge));
	assert_int_equal(wprof_pb__check_valid(fx->path, NULL), -ENODATA);
	huge[10] = 0x7f; /* more than 64 bits */
	dump(fx->path, huge, sizeof(huge));
	assert_int_equal(wprof_pb__check_valid(fx->path, NULL), -EBADMSG);

	mark = pb_out__begin(&out, TRACE_PACKET);
	pb_out__bytes(&out, 36, big + KIB(500), KIB(400));
	pb_out__end(&out, mark);
	assert_false(out.overflow);
	dump(fx->path, out.buf, out.len);
	assert_int_equal(wprof_pb__check_valid(fx->path, NULL), 0);
	dump(fx->path, out.buf, out.len - 1);
	assert_int_equal(wprof_pb__check_valid(fx->path, NULL), -ENODATA);
}

static void test_full_disk(void **state)
{
	const struct trace_clocks clocks = { 1, 1, 1 };
	struct fixture *fx = *state;
	struct kt_diag diag = { 0 };

	assert_int_equal(trace_out__open("/nowhere/t.pb", &fx->out, &diag),
			 -ENOENT);
	assert_non_null(strstr(diag.msg, "/nowhere/t.pb"));
	diag.msg[0] = '\0';
	assert_int_equal(trace_out__open("/dev/full", &fx->out, NULL), 0);
	trace_out__start(fx->out, &clocks);
	assert_int_equal(trace_out__close(fx->out, NULL, 0, &diag), -ENOSPC);
	assert_non_null(strstr(diag.msg, "/dev/full"));
}

/* Nothing runs twice, even when the events between are missing. */
static void test_lost_switches(void **state)
{
	struct wprof_pb *pb __free(wprof_pb) = NULL;
	struct fixture *fx = *state;

	start(fx);
	sched_trace__switch(fx->st, 2 * MS, 0, &idle, 0, &ping);
	/* ping's end is lost */
	sched_trace__switch(fx->st, 4 * MS, 1, &idle, 0, &ping);
	sched_trace__switch(fx->st, 6 * MS, 0, &pong, 1, &boss);
	sched_trace__switch(fx->st, 7 * MS, 0, &ping, 1, &idle);
	assert_int_equal(sched_trace__lost_switches(fx->st), 2);
	/* of a CPU nobody has */
	assert_int_equal(
		sched_trace__switch(fx->st, 8 * MS, 99, &idle, 0, &pong), 0);
	finish(fx, 9 * MS, 0);
	assert_int_equal(wprof_pb_query(fx->path, &pb, NULL), 0);
	assert_int_equal(pb->nr_unmatched, 0);
	for (size_t i = 0; i < pb->nr_cpus; i++)
		assert_int_equal(pb->cpus[i].nr_overlap, 0);
	assert_true(wprof_pb__thread(pb, 11)->run_ns <= 8 * MS);
}

/* Woken while still on its way to sleep: the wait starts when it is off. */
static void test_early_wakeup(void **state)
{
	struct wprof_pb *pb __free(wprof_pb) = NULL;
	struct fixture *fx = *state;

	start(fx);
	sched_trace__switch(fx->st, 2 * MS, 0, &idle, 0, &ping);
	sched_trace__running(fx->st, 2 * MS, 1, &pong);
	sched_trace__waking(fx->st, 3 * MS, 1, &pong, &ping, false);
	sched_trace__switch(fx->st, 4 * MS, 0, &ping, 1, &idle);
	sched_trace__switch(fx->st, 6 * MS, 0, &idle, 0, &ping);
	/* woken, but it never slept: no wakeup to answer */
	sched_trace__waking(fx->st, 7 * MS, 1, &pong, &ping, false);
	sched_trace__switch(fx->st, 8 * MS, 0, &ping, 0, &boss);
	sched_trace__switch(fx->st, 9 * MS, 0, &boss, 1, &ping);
	finish(fx, 10 * MS, 0);
	assert_int_equal(wprof_pb_query(fx->path, &pb, NULL), 0);
	assert_int_equal(pb->nr_latencies, 1);
	assert_int_equal(pb->latencies_ns[0], 3 * MS);
}

static void test_irqs_and_work(void **state)
{
	struct wprof_pb *pb __free(wprof_pb) = NULL;
	struct fixture *fx = *state;

	start(fx);
	sched_trace__irq(fx->st, 2 * MS, 0, false, false, 5); /* its begin was
								 before us */
	sched_trace__irq(fx->st, 2 * MS, 0, true, true, 1);
	sched_trace__irq(fx->st, 3 * MS, 0, false, true, 5);
	sched_trace__irq(fx->st, 4 * MS, 0, false, false, 5);
	sched_trace__work(fx->st, 4 * MS, 0, &boss, true, "flush_work");
	sched_trace__work(fx->st, 5 * MS, 0, &boss, false, "");
	sched_trace__work(fx->st, 6 * MS, 0, &boss, true, "flush_work");
	finish(fx, 9 * MS, 0); /* softirq and work are still open */
	assert_int_equal(wprof_pb__check_valid(fx->path, NULL), 0);
	assert_int_equal(wprof_pb_query(fx->path, &pb, NULL), 0);
	assert_int_equal(pb->nr_unmatched, 0);
	assert_int_equal(pb->nr_track_events, 8 + 1); /* and the filler */
	assert_int_equal(pb->nr_slices, 0);
}

/* --- others' traces ------------------------------------------------------- */

static size_t put_switch(struct pb_out *out, u64 ts, int prev, int next,
			 const char *comm)
{
	size_t event = pb_out__begin(out, BUNDLE_EVENT);
	size_t sched;

	pb_out__u64(out, FTRACE_TIMESTAMP, ts);
	sched = pb_out__begin(out, FTRACE_SCHED_SWITCH);
	pb_out__u64(out, SWITCH_PREV_PID, (u64)prev);
	pb_out__u64(out, SWITCH_NEXT_PID, (u64)next);
	pb_out__str(out, SWITCH_NEXT_COMM, comm);
	pb_out__end(out, sched);
	pb_out__end(out, event);
	return 0;
}

/* perfetto: a bundle of events, a compact one, packets inside a packet. */
static void put_ftrace(struct pb_out *out)
{
	size_t packet = pb_out__begin(out, TRACE_PACKET);
	size_t bundle = pb_out__begin(out, PACKET_FTRACE_EVENTS), compact;
	static const u8 times[] = { 10, 5, 5 }, pids[] = { 7, 0, 7 };
	static const u8 wake_times[] = { 18 }, wake_pids[] = { 7 };

	pb_out__u64(out, BUNDLE_CPU, 3);
	put_switch(out, 100, 0, 7, "seven");
	put_switch(out, 130, 7, 0, "swapper/3");
	pb_out__end(out, bundle);
	pb_out__end(out, packet);
	packet = pb_out__begin(out, TRACE_PACKET);
	bundle = pb_out__begin(out, PACKET_FTRACE_EVENTS);
	pb_out__u64(out, BUNDLE_CPU, 1);
	compact = pb_out__begin(out, BUNDLE_COMPACT_SCHED);
	pb_out__bytes(out, COMPACT_SWITCH_TIMESTAMP, times, sizeof(times));
	pb_out__bytes(out, COMPACT_SWITCH_NEXT_PID, pids, sizeof(pids));
	pb_out__bytes(out, COMPACT_WAKING_TIMESTAMP, wake_times, 1);
	pb_out__bytes(out, COMPACT_WAKING_PID, wake_pids, 1);
	pb_out__end(out, compact);
	pb_out__end(out, bundle);
	pb_out__end(out, packet);
}

static void check_ftrace(const char *path)
{
	struct wprof_pb *pb __free(wprof_pb) = NULL;

	assert_int_equal(wprof_pb_query(path, &pb, NULL), 0);
	assert_int_equal(pb->nr_ftrace_events, 6);
	assert_int_equal(wprof_pb__cpu(pb, 3)->run_ns, 30);
	assert_int_equal(wprof_pb__cpu(pb, 1)->run_ns, 5);
	assert_int_equal(wprof_pb__cpu(pb, 1)->idle_ns, 5);
	assert_int_equal(wprof_pb__thread(pb, 7)->run_ns, 35);
	assert_string_equal(wprof_pb__thread(pb, 7)->name, "seven");
	assert_int_equal(pb->nr_latencies, 1);
	assert_int_equal(pb->latencies_ns[0], 2);
}

static void test_perfetto(void **state)
{
	struct fixture *fx = *state;
	u8 plain[512], packed[512], file[600];
	struct pb_out inner = { .buf = plain, .cap = sizeof(plain) };
	struct pb_out outer = { .buf = file, .cap = sizeof(file) };
	uLongf len = sizeof(packed);
	size_t mark;

	put_ftrace(&inner);
	assert_false(inner.overflow);
	dump(fx->path, plain, inner.len);
	check_ftrace(fx->path);
	assert_int_equal(compress(packed, &len, plain, inner.len), Z_OK);
	mark = pb_out__begin(&outer, TRACE_PACKET);
	pb_out__bytes(&outer, PACKET_COMPRESSED, packed, len);
	pb_out__end(&outer, mark);
	dump(fx->path, file, outer.len);
	check_ftrace(fx->path);
	packed[3] ^= 0x55;
	outer.len = 0;
	mark = pb_out__begin(&outer, TRACE_PACKET);
	pb_out__bytes(&outer, PACKET_COMPRESSED, packed, len);
	pb_out__end(&outer, mark);
	dump(fx->path, file, outer.len);
	assert_int_equal(
		wprof_pb_query(fx->path, &(struct wprof_pb *){ NULL }, NULL),
		-EBADMSG);
}

static void put_wprof_event(struct pb_out *out, u64 ts, u64 type,
			    const char *delay)
{
	size_t packet = pb_out__begin(out, TRACE_PACKET), event, ann;

	pb_out__u64(out, PACKET_TIMESTAMP, ts);
	event = pb_out__begin(out, PACKET_TRACK_EVENT);
	pb_out__u64(out, EVENT_TYPE, type);
	pb_out__u64(out, EVENT_TRACK_UUID, 77);
	pb_out__str(out, EVENT_CATEGORIES, "ONCPU");
	ann = pb_out__begin(out, EVENT_ANNOTATIONS);
	pb_out__str(out, ANN_NAME, "cpu");
	pb_out__u64(out, ANN_INT, 2);
	pb_out__end(out, ann);
	if (delay) {
		ann = pb_out__begin(out, EVENT_ANNOTATIONS);
		pb_out__str(out, ANN_NAME, delay);
		pb_out__double(out, ANN_DOUBLE, 1.5);
		pb_out__end(out, ann);
	}
	pb_out__end(out, event);
	pb_out__end(out, packet);
}

/* wprof: inline words, delays in microseconds, one left open at the end. */
static void test_wprof(void **state)
{
	struct wprof_pb *pb __free(wprof_pb) = NULL;
	struct fixture *fx = *state;
	u8 file[600];
	struct pb_out out = { .buf = file, .cap = sizeof(file) };
	size_t packet = pb_out__begin(&out, TRACE_PACKET);
	size_t track = pb_out__begin(&out, PACKET_TRACK_DESCRIPTOR), thread;

	pb_out__u64(&out, TRACK_UUID, 77);
	thread = pb_out__begin(&out, TRACK_THREAD);
	pb_out__u64(&out, THREAD_TID, 5);
	pb_out__str(&out, THREAD_NAME, "five\n");
	pb_out__end(&out, thread);
	pb_out__end(&out, track);
	pb_out__end(&out, packet);
	put_wprof_event(&out, 1000, TYPE_SLICE_END, NULL);
	put_wprof_event(&out, 2000, TYPE_SLICE_BEGIN, "waking_delay_us");
	put_wprof_event(&out, 2500, TYPE_SLICE_END, NULL);
	put_wprof_event(&out, 2600, TYPE_SLICE_BEGIN, NULL);
	dump(fx->path, file, out.len);
	assert_int_equal(wprof_pb_query(fx->path, &pb, NULL), 0);
	assert_int_equal(pb->nr_unmatched, 1);
	assert_string_equal(wprof_pb__thread(pb, 5)->name, "five?");
	assert_int_equal(wprof_pb__thread(pb, 5)->run_ns, 500);
	assert_int_equal(pb->latencies_ns[0], 1500);
	assert_false(pb->complete);
}

static void test_varints(void **state)
{
	static const u64 values[] = { 0, 1, 127, 128, 300, ~(u64)0 };
	u8 buf[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct pb_out out = { .buf = buf, .cap = sizeof(buf) };
		struct pb_in in = { buf, buf };
		u64 back;

		pb_out__varint(&out, values[i]);
		in.end = buf + out.len;
		assert_int_equal(pb_in__varint(&in, &back), 0);
		assert_true(back == values[i]);
		assert_ptr_equal(in.p, in.end);
		in = (struct pb_in){ buf, buf + out.len - 1 };
		assert_int_equal(pb_in__varint(&in, &back), -EBADMSG);
	}
}

/* What has no room is not half written, and does not go unnoticed. */
static void test_overflow(void **state)
{
	u8 buf[200];

	(void)state;
	for (size_t cap = 0; cap < 150; cap++) {
		struct pb_out out = { .buf = buf, .cap = cap };
		size_t mark = pb_out__begin(&out, 1);
		u8 text[140] = { 0 };

		pb_out__bytes(&out, 2, text, sizeof(text));
		pb_out__end(&out, mark);
		assert_int_equal(out.overflow, cap < 1 + 2 + 3 + 140);
		assert_true(out.len <= cap);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_cut_anywhere, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_says_where, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_no_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lengths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_lost_switches, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_early_wakeup, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_irqs_and_work, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_perfetto, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wprof, setup, teardown),
		cmocka_unit_test(test_varints),
		cmocka_unit_test(test_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
