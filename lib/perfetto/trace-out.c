// SPDX-License-Identifier: GPL-2.0
/* See trace-out.h. For the tracer; one thread per trace. */
#include "lib/perfetto/trace-out.h"

#include <fcntl.h>

#include <ktstr/fd.h>

#include "lib/perfetto/map.h"
#include "lib/perfetto/pb-out.h"
#include "lib/perfetto/walk.h"

#define BUFFER_BYTES KIB(256)
/* No packet of ours is longer; statistics of many rings are the longest. */
#define PACKET_ROOM KIB(64)
#define SEQUENCE 1u
#define NEW_NAMES_MAX 2u

struct trace_out {
	int fd, err;
	char *path;
	u64 flushed; /* bytes */
	u64 last_ns; /* of events */
	struct pb_out pb;
	struct map names; /* hash of an event's name: its iid */
	/* Names the packet in the making is the first to use. */
	const char *new_name[NEW_NAMES_MAX];
	u64 new_iid[NEW_NAMES_MAX];
	unsigned int nr_new;
};

static const char *const categories[CAT_NR] = {
	[CAT_ONCPU] = "ONCPU",	   [CAT_RUNNABLE] = "RUNNABLE",
	[CAT_CPU] = "CPU",	   [CAT_IDLE] = "IDLE",
	[CAT_WAKING] = "WAKING",   [CAT_WAKEUP_NEW] = "WAKEUP_NEW",
	[CAT_HARDIRQ] = "HARDIRQ", [CAT_SOFTIRQ] = "SOFTIRQ",
	[CAT_WQ] = "WQ",	   [CAT_TRACER] = "KTPROF",
};

/* Those that wprof has too are called as wprof calls them. */
static const char *const annotations[ANNK_NR] = {
	[ANNK_CPU] = "cpu",
	[ANNK_NUMA_NODE] = "numa_node",
	[ANNK_LLC] = "llc",
	[ANNK_PRIO] = "prio",
	[ANNK_TID] = "tid",
	[ANNK_STATE] = "state",
	[ANNK_WAKING_DELAY_US] = "waking_delay_us",
	[ANNK_WAKING_DELAY_NS] = "waking_delay_ns",
	[ANNK_WAKING_BY_TID] = "waking_by_tid",
	[ANNK_WAKING_CPU] = "waking_cpu",
	[ANNK_WAKING_TARGET] = "waking_target",
	[ANNK_WAKING_TARGET_TID] = "waking_target_tid",
	[ANNK_IRQ] = "irq",
	[ANNK_FILL] = "fill",
};

int trace_out__open(const char *path, struct trace_out **ret_out,
		    struct kt_diag *diag)
{
	struct trace_out *out __free(trace_out) = calloc(1, sizeof(*out));

	if (!out)
		return -ENOMEM;
	out->fd = -1;
	out->path = strdup(path);
	out->pb.cap = BUFFER_BYTES;
	out->pb.buf = malloc(out->pb.cap);
	if (!out->path || !out->pb.buf)
		return -ENOMEM;
	out->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (out->fd < 0)
		return diag__fail(diag, -errno, "cannot write the trace %s: %s",
				  path, strerror(errno));
	*ret_out = no_free_ptr(out);
	return 0;
}

void trace_out__free(struct trace_out *out)
{
	if (!out)
		return;
	if (out->fd >= 0)
		close(out->fd);
	map__fini(&out->names);
	free(out->pb.buf);
	free(out->path);
	free(out);
}

u64 trace_out__bytes(const struct trace_out *out)
{
	return out->flushed + out->pb.len;
}

static void flush(struct trace_out *out)
{
	int err = out->err;

	if (!err)
		err = fd__write_all(out->fd, out->pb.buf, out->pb.len);
	out->err = err;
	out->flushed += out->pb.len;
	out->pb.len = 0;
}

/* --- packets -------------------------------------------------------------- */

static size_t packet__begin(struct trace_out *out, unsigned int flags)
{
	size_t mark = pb_out__begin(&out->pb, TRACE_PACKET);

	pb_out__u64(&out->pb, PACKET_SEQUENCE_ID, SEQUENCE);
	pb_out__u64(&out->pb, PACKET_SEQUENCE_FLAGS, flags);
	return mark;
}

static void put_entry(struct pb_out *pb, unsigned int table, u64 iid,
		      const char *text)
{
	size_t mark = pb_out__begin(pb, table);

	pb_out__u64(pb, INTERNED_IID, iid);
	pb_out__str(pb, INTERNED_TEXT, text);
	pb_out__end(pb, mark);
}

static void packet__end(struct trace_out *out, size_t packet)
{
	struct pb_out *pb = &out->pb;

	if (out->nr_new) {
		size_t mark = pb_out__begin(pb, PACKET_INTERNED_DATA);

		for (unsigned int i = 0; i < out->nr_new; i++)
			put_entry(pb, INTERNED_NAMES, out->new_iid[i],
				  out->new_name[i]);
		pb_out__end(pb, mark);
		out->nr_new = 0;
	}
	pb_out__end(pb, packet);
	if (pb->overflow && !out->err)
		out->err = -EMSGSIZE;
	if (pb->cap - pb->len < PACKET_ROOM)
		flush(out);
}

/* FNV-1a; a trace has some hundred names, 64 bits keep them apart. */
static u64 hash_text(const char *text)
{
	u64 hash = 0xcbf29ce484222325ull;

	for (; *text; text++)
		hash = (hash ^ (u8)*text) * 0x100000001b3ull;
	return hash;
}

static u64 intern(struct trace_out *out, const char *text)
{
	u64 hash = hash_text(text), iid = out->names.used + 1;
	const u64 *known = map__get(&out->names, hash);

	if (known)
		return *known;
	if (map__put(&out->names, hash, iid) && !out->err)
		out->err = -ENOMEM;
	out->new_name[out->nr_new] = text;
	out->new_iid[out->nr_new++] = iid;
	return iid;
}

/* --- the start ------------------------------------------------------------ */

static void put_tables(struct pb_out *pb)
{
	size_t mark = pb_out__begin(pb, PACKET_INTERNED_DATA);

	for (unsigned int i = 1; i < CAT_NR; i++)
		put_entry(pb, INTERNED_CATEGORIES, i, categories[i]);
	for (unsigned int i = 1; i < ANNK_NR; i++)
		put_entry(pb, INTERNED_ANN_NAMES, i, annotations[i]);
	pb_out__end(pb, mark);
}

static void put_clock(struct pb_out *pb, unsigned int id, u64 ns)
{
	size_t mark = pb_out__begin(pb, SNAPSHOT_CLOCKS);

	pb_out__u64(pb, CLOCK_ID, id);
	pb_out__u64(pb, CLOCK_TIMESTAMP, ns);
	pb_out__end(pb, mark);
}

void trace_out__start(struct trace_out *out, const struct trace_clocks *clocks)
{
	struct pb_out *pb = &out->pb;
	size_t packet, mark;

	packet = packet__begin(out, SEQ_INCREMENTAL_STATE_CLEARED);
	pb_out__u64(pb, PACKET_FIRST_ON_SEQUENCE, true);
	mark = pb_out__begin(pb, PACKET_TRACE_CONFIG);
	pb_out__str(pb, CONFIG_UNIQUE_SESSION_NAME, TRACE_SESSION_NAME);
	pb_out__end(pb, mark);
	mark = pb_out__begin(pb, PACKET_DEFAULTS);
	pb_out__u64(pb, DEFAULTS_TIMESTAMP_CLOCK_ID, CLOCK_ID_MONOTONIC);
	pb_out__end(pb, mark);
	put_tables(pb);
	packet__end(out, packet);

	packet = packet__begin(out, SEQ_NEEDS_INCREMENTAL_STATE);
	pb_out__u64(pb, PACKET_TIMESTAMP, clocks->monotonic_ns);
	mark = pb_out__begin(pb, PACKET_CLOCK_SNAPSHOT);
	put_clock(pb, CLOCK_ID_REALTIME, clocks->realtime_ns);
	put_clock(pb, CLOCK_ID_MONOTONIC, clocks->monotonic_ns);
	put_clock(pb, CLOCK_ID_BOOTTIME, clocks->boottime_ns);
	pb_out__u64(pb, SNAPSHOT_PRIMARY, CLOCK_ID_MONOTONIC);
	pb_out__end(pb, mark);
	packet__end(out, packet);
}

/* --- tracks and events ---------------------------------------------------- */

static void put_process(struct pb_out *pb, const struct trace_track *track)
{
	size_t mark = pb_out__begin(pb, TRACK_PROCESS);

	pb_out__u64(pb, PROCESS_PID, track->pid);
	pb_out__str(pb, PROCESS_NAME, track->comm);
	pb_out__end(pb, mark);
}

static void put_thread(struct pb_out *pb, const struct trace_track *track)
{
	size_t mark = pb_out__begin(pb, TRACK_THREAD);

	pb_out__u64(pb, THREAD_PID, track->pid);
	pb_out__u64(pb, THREAD_TID, track->tid);
	if (track->comm[0])
		pb_out__str(pb, THREAD_NAME, track->comm);
	pb_out__end(pb, mark);
}

void trace_out__track(struct trace_out *out, const struct trace_track *track)
{
	size_t packet = packet__begin(out, SEQ_NEEDS_INCREMENTAL_STATE);
	struct pb_out *pb = &out->pb;
	size_t mark = pb_out__begin(pb, PACKET_TRACK_DESCRIPTOR);

	pb_out__u64(pb, TRACK_UUID, track->uuid);
	if (track->parent)
		pb_out__u64(pb, TRACK_PARENT_UUID, track->parent);
	if (track->name)
		pb_out__str(pb, TRACK_NAME, track->name);
	if (track->tid)
		put_thread(pb, track);
	else if (track->pid)
		put_process(pb, track);
	if (track->ordered)
		pb_out__u64(pb, TRACK_CHILD_ORDERING, ORDERING_EXPLICIT);
	if (track->rank)
		pb_out__u64(pb, TRACK_RANK, track->rank);
	pb_out__end(pb, mark);
	packet__end(out, packet);
}

static void put_ann(struct pb_out *pb, const struct trace_ann *ann)
{
	size_t mark = pb_out__begin(pb, EVENT_ANNOTATIONS);

	pb_out__u64(pb, ANN_NAME_IID, ann->key);
	if (ann->text)
		pb_out__str(pb, ANN_STRING, ann->text);
	else if (ann->real > 0)
		pb_out__double(pb, ANN_DOUBLE, ann->real);
	else
		pb_out__u64(pb, ANN_UINT, ann->value);
	pb_out__end(pb, mark);
}

void trace_out__event(struct trace_out *out, const struct trace_event *ev)
{
	size_t packet = packet__begin(out, SEQ_NEEDS_INCREMENTAL_STATE);
	struct pb_out *pb = &out->pb;
	size_t mark;

	out->last_ns = KT_MAX(out->last_ns, ev->ts_ns);
	pb_out__u64(pb, PACKET_TIMESTAMP, ev->ts_ns);
	mark = pb_out__begin(pb, PACKET_TRACK_EVENT);
	pb_out__u64(pb, EVENT_TYPE, ev->type);
	pb_out__u64(pb, EVENT_TRACK_UUID, ev->track);
	if (ev->category)
		pb_out__u64(pb, EVENT_CATEGORY_IIDS, ev->category);
	if (ev->name)
		pb_out__u64(pb, EVENT_NAME_IID, intern(out, ev->name));
	if (ev->flow)
		pb_out__fixed64(pb, EVENT_FLOW_IDS, ev->flow);
	if (ev->end_flow)
		pb_out__fixed64(pb, EVENT_TERMINATING_FLOW_IDS, ev->end_flow);
	for (unsigned int i = 0; i < ev->nr_anns; i++)
		put_ann(pb, &ev->anns[i]);
	pb_out__end(pb, mark);
	packet__end(out, packet);
}

/* --- the end -------------------------------------------------------------- */

/* A machine where nothing happened has a short trace; readers want a page. */
static void fill_up(struct trace_out *out)
{
	char text[TRACE_OUT_MIN_BYTES + 1];
	u64 bytes = trace_out__bytes(out);
	struct trace_event ev = { .ts_ns = out->last_ns,
				  .type = TYPE_INSTANT,
				  .category = CAT_TRACER,
				  .name = "quiet",
				  .anns = { { .key = ANNK_FILL,
					      .text = text } },
				  .nr_anns = 1 };

	if (bytes >= TRACE_OUT_MIN_BYTES)
		return;
	memset(text, '.', sizeof(text));
	text[TRACE_OUT_MIN_BYTES - bytes] = '\0';
	trace_out__event(out, &ev);
}

static void put_ring(struct pb_out *pb, const struct trace_ring *ring)
{
	size_t mark = pb_out__begin(pb, STATS_BUFFER);

	pb_out__u64(pb, BUFFER_SIZE, ring->bytes);
	pb_out__u64(pb, BUFFER_BYTES_WRITTEN, ring->bytes_written);
	pb_out__u64(pb, BUFFER_PACKET_LOSS, ring->lost_events);
	pb_out__end(pb, mark);
}

int trace_out__close(struct trace_out *out, const struct trace_ring *rings,
		     unsigned int nr_rings, struct kt_diag *diag)
{
	struct pb_out *pb = &out->pb;
	size_t packet, mark;
	int fd;

	fill_up(out);
	packet = packet__begin(out, SEQ_NEEDS_INCREMENTAL_STATE);
	mark = pb_out__begin(pb, PACKET_TRACE_STATS);
	for (unsigned int i = 0; i < nr_rings; i++)
		put_ring(pb, &rings[i]);
	pb_out__u64(pb, STATS_FINAL_FLUSH, FINAL_FLUSH_SUCCEEDED);
	pb_out__end(pb, mark);
	packet__end(out, packet);
	flush(out);
	/* Some file systems have the bad news only now. */
	fd = no_free_fd(out->fd);
	if (close(fd) && !out->err)
		out->err = -errno;
	if (out->err)
		return diag__fail(diag, out->err,
				  "writing the trace %s failed after %llu "
				  "bytes: %s",
				  out->path, (unsigned long long)out->flushed,
				  strerror(-out->err));
	return 0;
}
