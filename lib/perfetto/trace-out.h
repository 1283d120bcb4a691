/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A Perfetto trace being written: one packet sequence with its clocks, interned
 * strings, track descriptors, events and closing statistics. What a trace of
 * scheduling says is sched-trace.h's business. One thread.
 *
 * The first packet names the session "ktprof", which promises a closing packet
 * with statistics: without it the trace was cut (ktstr/wprof-pb.h).
 */
#ifndef LIB_PERFETTO_TRACE_OUT_H
#define LIB_PERFETTO_TRACE_OUT_H

#include <ktstr/diag.h>

#include "lib/perfetto/fields.h"

/* wprof's readers want this much: WPROF_PB_MIN_BYTES. */
#define TRACE_OUT_MIN_BYTES 4096u

/* Categories and annotations: interned when the trace starts. */
enum trace_category {
	CAT_NONE,
	CAT_ONCPU,
	CAT_RUNNABLE,
	CAT_CPU,
	CAT_IDLE,
	CAT_WAKING,
	CAT_WAKEUP_NEW,
	CAT_HARDIRQ,
	CAT_SOFTIRQ,
	CAT_WQ,
	CAT_TRACER,
	CAT_NR,
};

enum trace_ann_key {
	ANNK_NONE,
	ANNK_CPU,
	ANNK_NUMA_NODE,
	ANNK_LLC,
	ANNK_PRIO,
	ANNK_TID,
	ANNK_STATE,
	ANNK_WAKING_DELAY_US,
	ANNK_WAKING_DELAY_NS,
	ANNK_WAKING_BY_TID,
	ANNK_WAKING_CPU,
	ANNK_WAKING_TARGET,
	ANNK_WAKING_TARGET_TID,
	ANNK_IRQ,
	ANNK_FILL,
	ANNK_NR,
};

/** struct trace_ann - an annotation; @text wins over @real over @value */
struct trace_ann {
	enum trace_ann_key key;
	u64 value;
	double real;
	const char *text;
};

#define TRACE_ANNS_MAX 8u

/** struct trace_event - a TrackEvent; zero means it has none */
struct trace_event {
	u64 ts_ns, track;
	unsigned int type; /* TYPE_SLICE_BEGIN... */
	enum trace_category category;
	const char *name;
	u64 flow, end_flow;
	struct trace_ann anns[TRACE_ANNS_MAX];
	unsigned int nr_anns;
};

/** struct trace_track - a TrackDescriptor; zero means it has none */
struct trace_track {
	u64 uuid, parent;
	const char *name;
	bool ordered; /* children by @rank */
	unsigned int rank;
	u32 pid, tid;	  /* a thread's, or with tid 0 a process's */
	const char *comm; /* its name */
};

/** struct trace_clocks - three clocks read at one time */
struct trace_clocks {
	u64 realtime_ns, monotonic_ns, boottime_ns;
};

/** struct trace_ring - a buffer that events came through */
struct trace_ring {
	u64 bytes, bytes_written, lost_events;
};

struct trace_out;

/**
 * trace_out__open - create or empty @path
 * Return: 0, or -errno with a message.
 */
int trace_out__open(const char *path, struct trace_out **ret_out,
		    struct kt_diag *diag);
/** trace_out__free - close; what trace_out__close() was not called for is torn
 */
void trace_out__free(struct trace_out *out);
DEFINE_FREE(trace_out, struct trace_out *, trace_out__free(_T))

/* A failure to write is kept until trace_out__close(). */
void trace_out__start(struct trace_out *out, const struct trace_clocks *clocks);
void trace_out__track(struct trace_out *out, const struct trace_track *track);
void trace_out__event(struct trace_out *out, const struct trace_event *ev);

/**
 * trace_out__close - statistics, which close the trace, and what is buffered
 * Return: 0, or the first failure to write: -ENOSPC, ..., with a message.
 */
int trace_out__close(struct trace_out *out, const struct trace_ring *rings,
		     unsigned int nr_rings, struct kt_diag *diag);

/** trace_out__bytes - how long the trace is */
u64 trace_out__bytes(const struct trace_out *out);

#endif /* LIB_PERFETTO_TRACE_OUT_H */
