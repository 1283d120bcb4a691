// SPDX-License-Identifier: GPL-2.0
/*
 * What a trace of scheduling has besides threads: the machine's CPUs where they
 * are, interrupts, work items. For the tracer; one thread per trace.
 */
#include "lib/perfetto/sched-priv.h"

static void describe(struct sched_trace *st, enum track_kind kind, u64 id,
		     u64 parent, const char *what)
{
	char name[32];
	struct trace_track track = { .uuid = uuid(kind, id),
				     .parent = parent,
				     .name = name,
				     .ordered = true,
				     .rank = (unsigned int)id };

	snprintf(name, sizeof(name), "%s %llu", what, (unsigned long long)id);
	trace_out__track(st->out, &track);
}

/* A node or an LLC is described before its first CPU. */
static int describe_group(struct sched_trace *st, struct map *seen,
			  enum track_kind kind, int id, u64 parent)
{
	if (id < 0 || map__get(seen, uuid(kind, (u64)id)))
		return 0;
	describe(st, kind, (u64)id, parent,
		 kind == KIND_NODE ? "NUMA node" : "LLC");
	return map__put(seen, uuid(kind, (u64)id), 1);
}

int sched_machine__describe(struct sched_trace *st)
{
	struct map seen = { 0 };
	int err = 0;

	for (unsigned int i = 0; i < st->nr_cpus && !err; i++) {
		struct sched_place at = st->cpus[i].place;
		u64 parent = at.node < 0 ? 0 : uuid(KIND_NODE, (u64)at.node);

		err = describe_group(st, &seen, KIND_NODE, at.node, 0);
		if (!err)
			err = describe_group(st, &seen, KIND_LLC, at.llc,
					     parent);
		if (at.llc >= 0)
			parent = uuid(KIND_LLC, (u64)at.llc);
		describe(st, KIND_CPU, i, parent, "CPU");
	}
	map__fini(&seen);
	return err;
}

/* include/linux/interrupt.h */
static const char *const softirqs[] = {
	"HI",	    "TIMER",   "NET_TX", "NET_RX",  "BLOCK",
	"IRQ_POLL", "TASKLET", "SCHED",	 "HRTIMER", "RCU",
};

static void describe_irqs(struct sched_trace *st, u32 cpu)
{
	struct trace_track track = { .uuid = uuid(KIND_IRQ, cpu),
				     .parent = uuid(KIND_CPU, cpu),
				     .name = "interrupts" };

	trace_out__track(st->out, &track);
}

int sched_trace__irq(struct sched_trace *st, u64 ts_ns, u32 cpu, bool soft,
		     bool begin, u32 number)
{
	struct trace_event ev = { .ts_ns = ts_ns,
				  .track = uuid(KIND_IRQ, cpu),
				  .type = begin ? TYPE_SLICE_BEGIN
						: TYPE_SLICE_END };

	if (cpu >= st->nr_cpus || (!begin && !st->cpus[cpu].irqs))
		return 0;
	if (begin && soft) {
		ev.category = CAT_SOFTIRQ;
		ev.name = number < ARRAY_SIZE(softirqs) ? softirqs[number]
							: "softirq";
	} else if (begin) {
		ev.category = CAT_HARDIRQ;
		ev.name = "irq";
		annotate(&ev, ANNK_IRQ, number);
	}
	if (begin && !st->cpus[cpu].irqs)
		describe_irqs(st, cpu);
	st->cpus[cpu].irqs += begin ? 1 : (unsigned int)-1;
	trace_out__event(st->out, &ev);
	return 0;
}

int sched_trace__work(struct sched_trace *st, u64 ts_ns, u32 cpu,
		      const struct sched_task *task, bool begin,
		      const char *name)
{
	struct thread *t = sched__thread(st, task);
	struct trace_event ev = { .ts_ns = ts_ns,
				  .track = uuid(KIND_WORK, task->tid),
				  .type = TYPE_SLICE_BEGIN,
				  .category = CAT_WQ,
				  .name = name };
	struct trace_track track = { .uuid = ev.track,
				     .parent = uuid(KIND_THREAD, task->tid),
				     .name = "work" };

	if (!t)
		return -ENOMEM;
	if (t->working)
		sched__end_slice(st, ts_ns, ev.track);
	t->working = begin;
	if (!begin || cpu >= st->nr_cpus)
		return 0;
	if (!t->work_track)
		trace_out__track(st->out, &track);
	t->work_track = true;
	annotate(&ev, ANNK_CPU, cpu);
	trace_out__event(st->out, &ev);
	return 0;
}
