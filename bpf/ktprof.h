/* SPDX-License-Identifier: GPL-2.0 */
/* Records that the tracer's BPF programs hand to its user half. */
#ifndef BPF_KTPROF_H
#define BPF_KTPROF_H

#define KTPROF_COMM_LEN 16 /* TASK_COMM_LEN */
#define KTPROF_MAX_RINGS 64

enum ktprof_type {
	KTPROF_RUNNING, /* a: what the CPU runs, seen by looking */
	KTPROF_SWITCH,	/* a: prev, arg: its state, 0 = could go on; b: next */
	KTPROF_WAKING,	/* waker and wakee, without names */
	KTPROF_WAKEUP_NEW,
	KTPROF_IRQ_ENTRY, /* arg: number; no tasks */
	KTPROF_IRQ_EXIT,
	KTPROF_SOFTIRQ_ENTRY, /* arg: vector; no tasks */
	KTPROF_SOFTIRQ_EXIT,
	KTPROF_WORK_START, /* a: worker; function */
	KTPROF_WORK_END,
};

struct ktprof_id {
	__u32 tid, pid;
};

struct ktprof_task {
	struct ktprof_id id;
	__u32 prio;
	char comm[KTPROF_COMM_LEN];
};

/* What all records start with, and all that interrupts have. */
struct ktprof_mark {
	__u64 ts_ns; /* CLOCK_MONOTONIC */
	__u16 type;  /* enum ktprof_type */
	__u16 cpu;
	__u32 arg;
};

struct ktprof_work {
	struct ktprof_mark mark;
	__u64 function;
	struct ktprof_task a;
	__u32 pad;
};

struct ktprof_waking {
	struct ktprof_mark mark;
	struct ktprof_id waker, wakee;
};

struct ktprof_pair {
	struct ktprof_mark mark;
	struct ktprof_task a, b;
};

#endif /* BPF_KTPROF_H */
