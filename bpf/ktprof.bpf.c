// SPDX-License-Identifier: GPL-2.0
/*
 * The tracer's kernel half: scheduling, interrupts and work items into ring
 * buffers, one for every nr_rings-th CPU. tools/ktprof loads those programs
 * that are wanted. Runs on the CPU where the thing happens; programs are few
 * and short because loading and running them is what tracing costs.
 *
 * Structures are named with the members that are read and nothing else; where
 * those are is looked up in the running kernel's BTF (CO-RE).
 */
#include <linux/types.h>
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/ktprof.h"

/* Half of a name, which may lie on any multiple of 4. */
typedef __u64 comm_half __attribute__((aligned(4), may_alias));

struct task_struct {
	int pid, tgid, prio;
	char comm[KTPROF_COMM_LEN];
} __attribute__((preserve_access_index));

struct work_struct {
	void (*func)(struct work_struct *work);
} __attribute__((preserve_access_index));

struct irqaction;

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, KTPROF_MAX_RINGS);
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps");

/* One less than their number, which is a power of two. */
const volatile __u32 ring_mask = 0;
/* The user half is woken each time so many bytes more were written; a power of
 * two. */
const volatile __u64 wake_bytes = 4096;

/* Per ring, and what found no room in it. */
__u64 taken_bytes[KTPROF_MAX_RINGS], lost_events[KTPROF_MAX_RINGS];
/* Set while a capture runs: all programs start and stop at one time. */
bool recording;

/* Where a record goes. */
struct place {
	__u64 flags; /* for submitting it */
	__u32 cpu;
};

static __always_inline void *reserve(struct place *at, __u64 size)
{
	void *ring, *record;
	__u64 before;
	__u32 i, key;

	if (!recording)
		return NULL;
	at->cpu = bpf_get_smp_processor_id();
	/* The verifier does not know how many rings there are, but this. */
	i = at->cpu & ring_mask & (KTPROF_MAX_RINGS - 1);
	key = i;
	ring = bpf_map_lookup_elem(&rings, &key);
	if (!ring)
		return NULL;
	record = bpf_ringbuf_reserve(ring, size, 0);
	if (!record) {
		__sync_fetch_and_add(&lost_events[i], 1);
		return NULL;
	}
	before = __sync_fetch_and_add(&taken_bytes[i], size);
	at->flags = (before ^ (before + size)) & wake_bytes
			    ? BPF_RB_FORCE_WAKEUP
			    : BPF_RB_NO_WAKEUP;
	return record;
}

static __always_inline void fill_mark(struct ktprof_mark *mark, __u32 type,
				      __u32 cpu, __u32 arg)
{
	mark->ts_ns = bpf_ktime_get_ns();
	mark->type = type;
	mark->cpu = cpu;
	mark->arg = arg;
}

static __always_inline void fill_id(struct ktprof_id *to,
				    struct task_struct *task)
{
	to->tid = task->pid;
	to->pid = task->tgid;
}

static __always_inline void fill_task(struct ktprof_task *to,
				      struct task_struct *task)
{
	comm_half *from = (comm_half *)task->comm;
	comm_half *comm = (comm_half *)to->comm;

	fill_id(&to->id, task);
	to->prio = task->prio;
	/* Two loads; a helper's call would cost more than all the rest. */
	comm[0] = from[0];
	comm[1] = from[1];
}

static __always_inline int
put_pair(__u32 type, __u32 arg, struct task_struct *a, struct task_struct *b)
{
	struct place at;
	struct ktprof_pair *pair = reserve(&at, sizeof(*pair));

	if (!pair)
		return 0;
	fill_mark(&pair->mark, type, at.cpu, arg);
	fill_task(&pair->a, a);
	fill_task(&pair->b, b);
	bpf_ringbuf_submit(pair, at.flags);
	return 0;
}

static __always_inline int put_waking(__u32 type, struct task_struct *wakee)
{
	struct place at;
	struct ktprof_waking *waking = reserve(&at, sizeof(*waking));

	if (!waking)
		return 0;
	fill_mark(&waking->mark, type, at.cpu, 0);
	fill_id(&waking->waker, bpf_get_current_task_btf());
	fill_id(&waking->wakee, wakee);
	bpf_ringbuf_submit(waking, at.flags);
	return 0;
}

static __always_inline int put_mark(__u32 type, __u32 arg)
{
	struct place at;
	struct ktprof_mark *mark = reserve(&at, sizeof(*mark));

	if (!mark)
		return 0;
	fill_mark(mark, type, at.cpu, arg);
	bpf_ringbuf_submit(mark, at.flags);
	return 0;
}

static __always_inline int put_work(__u32 type, __u64 function)
{
	struct place at;
	struct ktprof_work *work = reserve(&at, sizeof(*work));

	if (!work)
		return 0;
	fill_mark(&work->mark, type, at.cpu, 0);
	work->function = function;
	work->pad = 0;
	fill_task(&work->a, bpf_get_current_task_btf());
	bpf_ringbuf_submit(work, at.flags);
	return 0;
}

/* Run by the user half on each CPU: what it is doing now. */
SEC("raw_tp")
int on_look(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return put_pair(KTPROF_RUNNING, 0, task, task);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev,
	     struct task_struct *next, unsigned int prev_state)
{
	return put_pair(KTPROF_SWITCH, preempt ? 0 : prev_state, prev, next);
}

SEC("tp_btf/sched_waking")
int BPF_PROG(on_waking, struct task_struct *wakee)
{
	return put_waking(KTPROF_WAKING, wakee);
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *wakee)
{
	return put_waking(KTPROF_WAKEUP_NEW, wakee);
}

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(on_irq_entry, int irq, struct irqaction *action)
{
	return put_mark(KTPROF_IRQ_ENTRY, irq);
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(on_irq_exit, int irq, struct irqaction *action, int ret)
{
	return put_mark(KTPROF_IRQ_EXIT, irq);
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(on_softirq_entry, unsigned int vector)
{
	return put_mark(KTPROF_SOFTIRQ_ENTRY, vector);
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(on_softirq_exit, unsigned int vector)
{
	return put_mark(KTPROF_SOFTIRQ_EXIT, vector);
}

SEC("tp_btf/workqueue_execute_start")
int BPF_PROG(on_work_start, struct work_struct *work)
{
	return put_work(KTPROF_WORK_START, (__u64)work->func);
}

SEC("tp_btf/workqueue_execute_end")
int BPF_PROG(on_work_end, struct work_struct *work)
{
	return put_work(KTPROF_WORK_END, 0);
}

char LICENSE[] SEC("license") = "GPL";
