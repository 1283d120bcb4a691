/* SPDX-License-Identifier: GPL-2.0 */
/*
 * State of wprof_pb_query() while it reads: what query-track.c and
 * query-ftrace.c understand of a packet ends in the functions of query.c.
 */
#ifndef LIB_PERFETTO_QUERY_H
#define LIB_PERFETTO_QUERY_H

#include "lib/perfetto/map.h"
#include "lib/perfetto/walk.h"

/* A growing array. */
struct query_array {
	void *items;
	size_t nr, cap;
};

/** query_array__add - room for one more of @size bytes, zeroed; or NULL */
void *query_array__add(struct query_array *array, size_t size);

/** struct query_cpu - a CPU and what runs there, as ftrace tells it */
struct query_cpu {
	struct wprof_pb_cpu pub;
	bool running;
	u32 thread;
	u64 since_ns;
};

/** struct query_thread - a thread, and its wakeup that is not answered yet */
struct query_thread {
	struct wprof_pb_thread pub;
	bool idle; /* a CPU's idle task: its slices are the CPU's idle time */
	u64 waking_ns;
};

#define QUERY_DEPTH 64u /* of nested slices that are told apart */
#define QUERY_NONE (~(u32)0)

/** struct query_track - a track of TrackEvents */
struct query_track {
	u64 uuid, parent;
	char name[WPROF_PB_NAME_MAX];
	u32 thread;	    /* or QUERY_NONE */
	unsigned int depth; /* of open slices */
	u64 oncpu;	    /* which of them are ONCPU, bit by depth */
	u64 idle;	    /* or IDLE */
	unsigned int cpu;   /* of the open ONCPU slice */
	u64 oncpu_since_ns, idle_since_ns;
};

/* Words with a meaning, inline or interned. */
enum query_word {
	WORD_OTHER,
	WORD_ONCPU,    /* category */
	WORD_IDLE,     /* category */
	WORD_CPU,      /* annotation */
	WORD_DELAY_US, /* annotation, waking_delay_us */
	WORD_DELAY_NS, /* annotation, waking_delay_ns */
};

struct query {
	struct wprof_pb pb; /* counters; arrays are filled in at the end */
	struct query_array cpus, threads, tracks, slices, latencies;
	struct map cpu_of_number, thread_of_tid, track_of_uuid;
	struct map words;	  /* interned, by sequence, kind and iid */
	struct map process_names; /* by pid: index in @processes */
	struct query_array processes;
	u64 ftrace_lost_start, ftrace_lost_end;
	bool nested; /* inside a compressed packet */
};

struct query_process {
	char name[WPROF_PB_NAME_MAX];
};

/** query__packet - all of a packet; struct trace_walk's fn */
int query__packet(void *ctx, u64 offset, struct pb_in packet);

/* --- what is found; each returns 0 or -ENOMEM ---------------------------- */

/** query__cpu - index of CPU @cpu, -ERANGE when nobody has that many */
int query__cpu(struct query *q, u64 cpu, u32 *ret_index);
int query__thread(struct query *q, int tid, u32 *ret_index);
int query__slice(struct query *q, u32 cpu, u32 thread, u64 start_ns,
		 u64 end_ns);
int query__latency(struct query *q, u32 thread, u64 ns);
int query__process(struct query *q, int pid, const struct pb_field *name);
/** query__name - copy what a file calls a thing, made printable */
void query__name(char dst[WPROF_PB_NAME_MAX], const struct pb_field *text);

static inline struct query_cpu *query__cpu_at(struct query *q, u32 i)
{
	return (struct query_cpu *)q->cpus.items + i;
}

static inline struct query_thread *query__thread_at(struct query *q, u32 i)
{
	return (struct query_thread *)q->threads.items + i;
}

/* --- the kinds of packets ------------------------------------------------ */

int query_track__descriptor(struct query *q, const struct pb_field *field);
int query_track__interned(struct query *q, u64 sequence,
			  const struct pb_field *field);
int query_track__event(struct query *q, u64 sequence, u64 ts_ns,
		       const struct pb_field *field);
/** query_track__finish - slices that are still open, CPUs' place */
int query_track__finish(struct query *q);

int query_ftrace__bundle(struct query *q, const struct pb_field *field);
int query_ftrace__tree(struct query *q, const struct pb_field *field);
void query_ftrace__stats(struct query *q, const struct pb_field *field);

#endif /* LIB_PERFETTO_QUERY_H */
