/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From scheduler events to tracks and slices. Fed in the order of time:
 *
 *   NUMA node 0 > LLC 0 > CPU 0		who runs, or IDLE; its
 * interrupts
 * below process > thread			ONCPU and RUNNABLE slices; its
 * work items
 *
 * A wakeup is an instant on the waker's track; a flow leads from there to the
 * slice in which the woken thread runs, which says how long that took.
 *
 * Pure but for the writing; one thread.
 */
#ifndef LIB_PERFETTO_SCHED_TRACE_H
#define LIB_PERFETTO_SCHED_TRACE_H

#include "lib/perfetto/trace-out.h"

#define SCHED_COMM_LEN 16u /* TASK_COMM_LEN */

/** struct sched_task - a thread; tid 0 is whichever CPU's idle task */
struct sched_task {
	u32 tid, pid;
	u32 prio;
	char comm[SCHED_COMM_LEN]; /* NUL-terminated */
};

/** struct sched_place - where a CPU is; -1: unknown */
struct sched_place {
	int node, llc;
};

struct sched_trace;

/**
 * sched_trace__new - describe CPUs and start
 * @places: of CPUs 0 to @nr_cpus - 1; events of other CPUs are dropped
 * @out: borrowed
 */
int sched_trace__new(struct trace_out *out, const struct sched_place *places,
		     unsigned int nr_cpus, u64 start_ns,
		     struct sched_trace **ret_st);
void sched_trace__free(struct sched_trace *st);
DEFINE_FREE(sched_trace, struct sched_trace *, sched_trace__free(_T))

/* Each returns 0 or -ENOMEM. */

/** sched_trace__running - @task is what @cpu runs, seen by looking */
int sched_trace__running(struct sched_trace *st, u64 ts_ns, u32 cpu,
			 const struct sched_task *task);

/**
 * sched_trace__switch - @next instead of @prev
 * @prev_state: 0 when it could go on, else the kernel's task state bits
 */
int sched_trace__switch(struct sched_trace *st, u64 ts_ns, u32 cpu,
			const struct sched_task *prev, u32 prev_state,
			const struct sched_task *next);

/**
 * sched_trace__waking - @waker, on @cpu, wakes @wakee; @new: for the first time
 *
 * Their names may be empty, and prio is not looked at.
 */
int sched_trace__waking(struct sched_trace *st, u64 ts_ns, u32 cpu,
			const struct sched_task *waker,
			const struct sched_task *wakee, bool new);

/** sched_trace__irq - begin or end of an interrupt handler or soft interrupt */
int sched_trace__irq(struct sched_trace *st, u64 ts_ns, u32 cpu, bool soft,
		     bool begin, u32 number);

/** sched_trace__work - @task begins or ends work called @name */
int sched_trace__work(struct sched_trace *st, u64 ts_ns, u32 cpu,
		      const struct sched_task *task, bool begin,
		      const char *name);

/**
 * sched_trace__finish - close what is open, name what is not named
 * @task_name: fills in the name of a thread or process that did not run, or
 *	leaves it alone when there is none any more
 */
int sched_trace__finish(struct sched_trace *st, u64 end_ns,
			void (*task_name)(u32 tid, char name[SCHED_COMM_LEN]));

/** sched_trace__lost_switches - switches whose @prev was not known to run */
u64 sched_trace__lost_switches(const struct sched_trace *st);

#endif /* LIB_PERFETTO_SCHED_TRACE_H */
