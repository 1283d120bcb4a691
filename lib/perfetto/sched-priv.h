/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of sched-trace.h share: its state and how it says things. */
#ifndef LIB_PERFETTO_SCHED_PRIV_H
#define LIB_PERFETTO_SCHED_PRIV_H

#include "lib/perfetto/map.h"
#include "lib/perfetto/sched-trace.h"

/* A track's uuid: what it is of, and of which of those. */
enum track_kind {
	KIND_GLOBAL,
	KIND_NODE,
	KIND_LLC,
	KIND_CPU,
	KIND_IRQ,
	KIND_PROCESS,
	KIND_THREAD,
	KIND_WORK,
};

static inline u64 uuid(enum track_kind kind, u64 id)
{
	return (id + 1) << 3 | kind;
}

struct thread {
	struct sched_task task;
	char described[SCHED_COMM_LEN]; /* the name it has in the trace */
	bool running, runnable, working;
	bool work_track;
	u32 cpu;       /* where it runs */
	u64 since_ns;  /* running */
	u64 off_ns;    /* when it last stopped running */
	u64 waking_ns; /* a wakeup on its way, 0: none */
	u64 flow;      /* of that wakeup */
	u32 waker_tid, waking_cpu;
};

struct cpu {
	struct sched_place place;
	bool known;	   /* what it runs */
	u32 tid;	   /* that */
	u64 free_ns;	   /* when that ended, else our start */
	unsigned int irqs; /* slices open on its interrupt track */
};

struct sched_trace {
	struct trace_out *out;
	u64 flows, lost_switches;
	struct cpu *cpus;
	unsigned int nr_cpus;
	struct thread *threads;
	size_t nr_threads, cap_threads;
	struct map thread_of_tid;
};

/** sched_machine__describe - tracks of nodes, LLCs, CPUs; 0 or -ENOMEM */
int sched_machine__describe(struct sched_trace *st);

/** sched__thread - of @task, described by its present name; NULL: no memory */
struct thread *sched__thread(struct sched_trace *st,
			     const struct sched_task *task);

static inline void annotate(struct trace_event *ev, enum trace_ann_key key,
			    u64 value)
{
	ev->anns[ev->nr_anns++] =
		(struct trace_ann){ .key = key, .value = value };
}

void sched__end_slice(struct sched_trace *st, u64 ts_ns, u64 track);

#endif /* LIB_PERFETTO_SCHED_PRIV_H */
