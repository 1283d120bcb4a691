// SPDX-License-Identifier: GPL-2.0
/*
 * wprof_pb_query(): collects threads, CPUs, slices and latencies from the
 * packets of a trace; see query.h for who understands what. One thread.
 */
#include "lib/perfetto/query.h"

#include <zlib.h>

#include "lib/perfetto/fields.h"

/* What a compressed packet may become; Perfetto's are below 512 KiB. */
#define INFLATED_MAX MIB(16)

void *query_array__add(struct query_array *array, size_t size)
{
	u8 *item;

	if (array->nr == array->cap) {
		size_t cap = array->cap ? 2 * array->cap : 64;
		void *items = reallocarray(array->items, cap, size);

		if (!items)
			return NULL;
		array->items = items;
		array->cap = cap;
	}
	item = (u8 *)array->items + array->nr++ * size;
	return memset(item, 0, size);
}

int query__cpu(struct query *q, u64 cpu, u32 *ret_index)
{
	const u64 *known = map__get(&q->cpu_of_number, cpu);
	struct query_cpu *new;

	if (known) {
		*ret_index = (u32)*known;
		return 0;
	}
	if (cpu >= WPROF_PB_CPUS_MAX)
		return -ERANGE;
	new = query_array__add(&q->cpus, sizeof(*new));
	if (!new || map__put(&q->cpu_of_number, cpu, q->cpus.nr - 1))
		return -ENOMEM;
	new->pub = (struct wprof_pb_cpu){ .cpu = (unsigned int)cpu,
					  .node = -1,
					  .llc = -1 };
	*ret_index = (u32)(q->cpus.nr - 1);
	return 0;
}

int query__thread(struct query *q, int tid, u32 *ret_index)
{
	const u64 *known = map__get(&q->thread_of_tid, (u32)tid);
	struct query_thread *new;

	if (known) {
		*ret_index = (u32)*known;
		return 0;
	}
	new = query_array__add(&q->threads, sizeof(*new));
	if (!new || map__put(&q->thread_of_tid, (u32)tid, q->threads.nr - 1))
		return -ENOMEM;
	new->pub.tid = tid;
	new->idle = tid <= 0; /* wprof numbers CPUs' idle tasks downwards */
	*ret_index = (u32)(q->threads.nr - 1);
	return 0;
}

int query__slice(struct query *q, u32 cpu, u32 thread, u64 start_ns, u64 end_ns)
{
	struct query_thread *t = query__thread_at(q, thread);
	struct query_cpu *c = query__cpu_at(q, cpu);
	struct wprof_pb_slice *slice;

	if (end_ns < start_ns) {
		q->pb.nr_unmatched++;
		return 0;
	}
	if (t->idle) {
		c->pub.idle_ns += end_ns - start_ns;
		return 0;
	}
	slice = query_array__add(&q->slices, sizeof(*slice));
	if (!slice)
		return -ENOMEM;
	*slice = (struct wprof_pb_slice){ start_ns, end_ns, cpu, thread };
	c->pub.nr_slices++;
	c->pub.run_ns += end_ns - start_ns;
	t->pub.nr_slices++;
	t->pub.run_ns += end_ns - start_ns;
	if (!q->pb.first_ns || start_ns < q->pb.first_ns)
		q->pb.first_ns = start_ns;
	q->pb.last_ns = KT_MAX(q->pb.last_ns, end_ns);
	return 0;
}

int query__latency(struct query *q, u32 thread, u64 ns)
{
	u64 *item = query_array__add(&q->latencies, sizeof(*item));

	if (!item)
		return -ENOMEM;
	*item = ns;
	query__thread_at(q, thread)->pub.nr_wakeups++;
	return 0;
}

void query__name(char dst[WPROF_PB_NAME_MAX], const struct pb_field *text)
{
	size_t len = KT_MIN(text->len, (size_t)WPROF_PB_NAME_MAX - 1);

	for (size_t i = 0; i < len; i++)
		dst[i] = text->data[i] < 0x20 || text->data[i] == 0x7f
				 ? '?'
				 : (char)text->data[i];
	dst[len] = '\0';
}

int query__process(struct query *q, int pid, const struct pb_field *name)
{
	struct query_process *new =
		query_array__add(&q->processes, sizeof(*new));

	if (!new)
		return -ENOMEM;
	query__name(new->name, name);
	return map__put(&q->process_names, (u32)pid, q->processes.nr - 1);
}

/* --- packets -------------------------------------------------------------- */

static void take_config(struct query *q, const struct pb_field *field)
{
	struct pb_in in = pb_in__of(field);
	struct pb_field f;

	while (pb_in__next(&in, &f) > 0)
		if (f.number == CONFIG_UNIQUE_SESSION_NAME &&
		    f.type == PB_BYTES)
			query__name(q->pb.writer, &f);
}

static u64 buffer_lost(const struct pb_field *field)
{
	struct pb_in in = pb_in__of(field);
	struct pb_field f;
	u64 lost = 0;

	while (pb_in__next(&in, &f) > 0)
		if (f.type == PB_VARINT &&
		    (f.number == BUFFER_PACKET_LOSS ||
		     f.number == BUFFER_CHUNKS_OVERWRITTEN ||
		     f.number == BUFFER_CHUNKS_DISCARDED))
			lost += f.value;
	return lost;
}

/* Statistics count from the start: the last ones are the result. */
static void take_stats(struct query *q, const struct pb_field *field)
{
	struct pb_in in = pb_in__of(field);
	struct pb_field f;
	u64 lost = 0;

	while (pb_in__next(&in, &f) > 0)
		if (f.number == STATS_BUFFER && f.type == PB_BYTES)
			lost += buffer_lost(&f);
	q->pb.lost_events = lost;
	q->pb.complete = true;
}

/* TracePackets in a TracePacket; not deeper than that. */
static int take_compressed(struct query *q, const struct pb_field *field)
{
	u8 *buf __free(ptr) = NULL;
	uLongf len = INFLATED_MAX;
	struct pb_field f;
	struct pb_in in;
	int err = 0;

	if (q->nested)
		return 0;
	buf = malloc(len);
	if (!buf)
		return -ENOMEM;
	if (uncompress(buf, &len, field->data, field->len) != Z_OK)
		return -EBADMSG;
	in = (struct pb_in){ buf, buf + len };
	q->nested = true;
	while (!err && (err = pb_in__next(&in, &f)) > 0) {
		err = 0;
		if (f.number == TRACE_PACKET && f.type == PB_BYTES)
			err = query__packet(q, 0, pb_in__of(&f));
	}
	q->nested = false;
	return err;
}

/* Of a packet, what its payload needs to be understood. */
struct packet_head {
	u64 ts_ns, sequence;
};

static int take_payload(struct query *q, const struct packet_head *head,
			const struct pb_field *f)
{
	switch (f->number) {
	case PACKET_TRACK_EVENT:
		return query_track__event(q, head->sequence, head->ts_ns, f);
	case PACKET_TRACK_DESCRIPTOR:
		return query_track__descriptor(q, f);
	case PACKET_FTRACE_EVENTS:
		return query_ftrace__bundle(q, f);
	case PACKET_PROCESS_TREE:
		return query_ftrace__tree(q, f);
	case PACKET_COMPRESSED:
		return take_compressed(q, f);
	case PACKET_CLOCK_SNAPSHOT:
		q->pb.nr_clock_snapshots++;
		return 0;
	case PACKET_TRACE_CONFIG:
		take_config(q, f);
		return 0;
	case PACKET_TRACE_STATS:
		take_stats(q, f);
		return 0;
	case PACKET_FTRACE_STATS:
		query_ftrace__stats(q, f);
		return 0;
	default:
		return 0;
	}
}

/* Interned data first: the same packet may refer to it. */
static int take_head(struct query *q, struct pb_in packet,
		     struct packet_head *ret_head)
{
	struct pb_in in = packet;
	struct pb_field f;
	int err = 0;

	while (pb_in__next(&in, &f) > 0) {
		if (f.number == PACKET_TIMESTAMP && f.type == PB_VARINT)
			ret_head->ts_ns = f.value;
		if (f.number == PACKET_SEQUENCE_ID && f.type == PB_VARINT)
			ret_head->sequence = f.value;
	}
	in = packet;
	while (!err && pb_in__next(&in, &f) > 0)
		if (f.number == PACKET_INTERNED_DATA && f.type == PB_BYTES)
			err = query_track__interned(q, ret_head->sequence, &f);
	return err;
}

int query__packet(void *ctx, u64 offset, struct pb_in packet)
{
	struct packet_head head = { 0 };
	struct query *q = ctx;
	struct pb_field f;
	int err = take_head(q, packet, &head);

	(void)offset;
	q->pb.nr_packets++;
	while (!err && pb_in__next(&packet, &f) > 0)
		if (f.type == PB_BYTES)
			err = take_payload(q, &head, &f);
	return err;
}

/* --- the result ----------------------------------------------------------- */

static int by_cpu_and_start(const void *a, const void *b)
{
	const struct wprof_pb_slice *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return x->end_ns < y->end_ns ? -1 : x->end_ns > y->end_ns;
}

static int by_value(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int by_number(const void *a, const void *b)
{
	const struct wprof_pb_cpu *x = a, *y = b;

	return x->cpu < y->cpu ? -1 : x->cpu > y->cpu;
}

static int by_run_time(const void *a, const void *b)
{
	const struct wprof_pb_thread *x = a, *y = b;

	if (x->run_ns != y->run_ns)
		return x->run_ns > y->run_ns ? -1 : 1;
	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

static void sort(void *items, size_t nr, size_t size,
		 int (*compare)(const void *, const void *))
{
	if (nr)
		qsort(items, nr, size, compare);
}

/* Slices are those of @cpus' and @threads' places after sorting. */
static int renumber(struct query *q, const struct wprof_pb_thread *threads)
{
	struct wprof_pb_slice *slices = q->slices.items;
	struct map place = { 0 };
	int err = 0;

	for (size_t i = 0; i < q->pb.nr_threads && !err; i++)
		err = map__put(&place, (u32)threads[i].tid, i);
	for (size_t i = 0; i < q->slices.nr && !err; i++) {
		struct query_thread *t = query__thread_at(q, slices[i].thread);

		slices[i].cpu = query__cpu_at(q, slices[i].cpu)->pub.cpu;
		slices[i].thread = (u32)*map__get(&place, (u32)t->pub.tid);
	}
	map__fini(&place);
	return err;
}

static void count_overlaps(const struct query *q, struct wprof_pb_cpu *cpus)
{
	const struct wprof_pb_slice *slices = q->slices.items;
	struct wprof_pb_cpu *cpu = cpus;
	u64 end_ns = 0;

	for (size_t i = 0; i < q->slices.nr; i++) {
		bool first = !i || slices[i].cpu != slices[i - 1].cpu;

		while (cpu->cpu != slices[i].cpu)
			cpu++;
		if (!first && slices[i].start_ns < end_ns)
			cpu->nr_overlap++;
		end_ns = first ? slices[i].end_ns
			       : KT_MAX(end_ns, slices[i].end_ns);
	}
}

/* Threads that are not a CPU's idle task, with their processes' names. */
static struct wprof_pb_thread *copy_threads(struct query *q)
{
	struct wprof_pb_thread *to = calloc(q->threads.nr + 1, sizeof(*to));
	const struct query_process *names = q->processes.items;

	for (u32 i = 0; to && i < q->threads.nr; i++) {
		struct query_thread *t = query__thread_at(q, i);
		const u64 *name = map__get(&q->process_names, (u32)t->pub.pid);

		if (t->idle)
			continue;
		if (name && t->pub.pid)
			memcpy(t->pub.process, names[*name].name,
			       sizeof(t->pub.process));
		to[q->pb.nr_threads++] = t->pub;
	}
	return to;
}

static int finish(struct query *q)
{
	struct wprof_pb_thread *threads = copy_threads(q);
	struct wprof_pb_cpu *cpus = calloc(q->cpus.nr + 1, sizeof(*cpus));
	int err;

	q->pb.threads = threads;
	q->pb.cpus = cpus;
	if (!threads || !cpus)
		return -ENOMEM;
	for (u32 i = 0; i < q->cpus.nr; i++)
		cpus[i] = query__cpu_at(q, i)->pub;
	sort(threads, q->pb.nr_threads, sizeof(*threads), by_run_time);
	sort(cpus, q->cpus.nr, sizeof(*cpus), by_number);
	err = renumber(q, threads);
	if (err)
		return err;
	sort(q->slices.items, q->slices.nr, sizeof(struct wprof_pb_slice),
	     by_cpu_and_start);
	sort(q->latencies.items, q->latencies.nr, sizeof(u64), by_value);
	count_overlaps(q, cpus);
	if (q->ftrace_lost_end > q->ftrace_lost_start)
		q->pb.lost_events += q->ftrace_lost_end - q->ftrace_lost_start;
	q->pb.nr_cpus = q->cpus.nr;
	q->pb.nr_tracks = q->tracks.nr;
	q->pb.nr_slices = q->slices.nr;
	q->pb.slices = no_free_ptr(q->slices.items);
	q->pb.nr_latencies = q->latencies.nr;
	q->pb.latencies_ns = no_free_ptr(q->latencies.items);
	return 0;
}

static void query__fini(struct query *q)
{
	map__fini(&q->cpu_of_number);
	map__fini(&q->thread_of_tid);
	map__fini(&q->track_of_uuid);
	map__fini(&q->words);
	map__fini(&q->process_names);
	free(q->cpus.items);
	free(q->threads.items);
	free(q->tracks.items);
	free(q->slices.items);
	free(q->latencies.items);
	free(q->processes.items);
}

int wprof_pb_query(const char *path, struct wprof_pb **ret_pb,
		   struct kt_diag *diag)
{
	struct query q = { 0 };
	struct trace_walk walk = { .fn = query__packet, .ctx = &q };
	struct wprof_pb *pb __free(wprof_pb) = calloc(1, sizeof(*pb));
	int err = pb ? trace_walk__file(path, &walk, diag) : -ENOMEM;

	if (!err)
		err = query_track__finish(&q);
	if (!err)
		err = finish(&q);
	q.pb.bytes = walk.size;
	if (pb)
		*pb = q.pb;
	query__fini(&q);
	if (err)
		return diag__fail(diag, err, "%s: %s", path, strerror(-err));
	*ret_pb = no_free_ptr(pb);
	return 0;
}
