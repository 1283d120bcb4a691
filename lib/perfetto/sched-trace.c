// SPDX-License-Identifier: GPL-2.0
/* See sched-trace.h. For the tracer; one thread per trace. */
#include "lib/perfetto/sched-priv.h"

int sched_trace__new(struct trace_out *out, const struct sched_place *places,
		     unsigned int nr_cpus, u64 start_ns,
		     struct sched_trace **ret_st)
{
	struct sched_trace *st __free(sched_trace) = calloc(1, sizeof(*st));
	int err;

	if (!st)
		return -ENOMEM;
	st->out = out;
	st->nr_cpus = nr_cpus;
	st->cpus = calloc(nr_cpus, sizeof(*st->cpus));
	if (!st->cpus)
		return -ENOMEM;
	for (unsigned int i = 0; i < nr_cpus; i++)
		st->cpus[i] =
			(struct cpu){ .place = places[i], .free_ns = start_ns };
	err = sched_machine__describe(st);
	if (!err)
		*ret_st = no_free_ptr(st);
	return err;
}

void sched_trace__free(struct sched_trace *st)
{
	if (!st)
		return;
	map__fini(&st->thread_of_tid);
	free(st->threads);
	free(st->cpus);
	free(st);
}

/* --- threads -------------------------------------------------------------- */

static int add_thread(struct sched_trace *st, const struct sched_task *task)
{
	if (st->nr_threads == st->cap_threads) {
		size_t cap = st->cap_threads ? 2 * st->cap_threads : 64;
		struct thread *all =
			reallocarray(st->threads, cap, sizeof(*all));

		if (!all)
			return -ENOMEM;
		st->threads = all;
		st->cap_threads = cap;
	}
	st->threads[st->nr_threads] = (struct thread){ .task = *task };
	return map__put(&st->thread_of_tid, task->tid, st->nr_threads++);
}

static struct thread *find_thread(struct sched_trace *st, u32 tid)
{
	const u64 *index = map__get(&st->thread_of_tid, tid);

	return index ? &st->threads[*index] : NULL;
}

static void describe_thread(struct sched_trace *st, struct thread *t)
{
	struct trace_track track = { .uuid = uuid(KIND_THREAD, t->task.tid),
				     .pid = t->task.pid,
				     .tid = t->task.tid,
				     .comm = t->task.comm };

	memcpy(t->described, t->task.comm, sizeof(t->described));
	trace_out__track(st->out, &track);
}

struct thread *sched__thread(struct sched_trace *st,
			     const struct sched_task *task)
{
	struct thread *t = find_thread(st, task->tid);

	if (!t) {
		if (add_thread(st, task))
			return NULL;
		t = &st->threads[st->nr_threads - 1];
		describe_thread(st, t);
	}
	/* Who wakes and is woken comes without a name. */
	if (task->comm[0])
		t->task = *task;
	if (strcmp(t->described, t->task.comm))
		describe_thread(st, t);
	return t;
}

/* --- slices --------------------------------------------------------------- */

static void annotate_place(struct sched_trace *st, struct trace_event *ev,
			   u32 cpu)
{
	struct sched_place at = st->cpus[cpu].place;

	annotate(ev, ANNK_CPU, cpu);
	if (at.node >= 0)
		annotate(ev, ANNK_NUMA_NODE, (u64)at.node);
	if (at.llc >= 0)
		annotate(ev, ANNK_LLC, (u64)at.llc);
}

void sched__end_slice(struct sched_trace *st, u64 ts_ns, u64 track)
{
	struct trace_event ev = { .ts_ns = ts_ns,
				  .track = track,
				  .type = TYPE_SLICE_END };

	trace_out__event(st->out, &ev);
}

static void begin_runnable(struct sched_trace *st, u64 ts_ns, struct thread *t)
{
	struct trace_event ev = { .ts_ns = ts_ns,
				  .track = uuid(KIND_THREAD, t->task.tid),
				  .type = TYPE_SLICE_BEGIN,
				  .category = CAT_RUNNABLE,
				  .name = "runnable" };

	t->runnable = true;
	trace_out__event(st->out, &ev);
}

/* The answer to a wakeup: how long it took, from whom, and the flow's end. */
static void answer_wakeup(struct trace_event *ev, struct thread *t, u64 ts_ns)
{
	u64 ns = ts_ns - t->waking_ns;

	if (!t->waking_ns || ts_ns < t->waking_ns)
		return;
	ev->end_flow = t->flow;
	annotate(ev, ANNK_WAKING_DELAY_NS, ns);
	ev->anns[ev->nr_anns++] =
		(struct trace_ann){ .key = ANNK_WAKING_DELAY_US,
				    .value = 0,
				    .real = (double)ns / 1000 };
	annotate(ev, ANNK_WAKING_BY_TID, t->waker_tid);
	annotate(ev, ANNK_WAKING_CPU, t->waking_cpu);
}

static void begin_thread(struct sched_trace *st, u64 ts_ns, u32 cpu,
			 struct thread *t)
{
	struct trace_event ev = { .ts_ns = ts_ns,
				  .track = uuid(KIND_THREAD, t->task.tid),
				  .type = TYPE_SLICE_BEGIN,
				  .category = CAT_ONCPU,
				  .name = t->task.comm };

	if (t->runnable)
		sched__end_slice(st, ts_ns, ev.track);
	annotate_place(st, &ev, cpu);
	annotate(&ev, ANNK_PRIO, t->task.prio);
	answer_wakeup(&ev, t, ts_ns);
	trace_out__event(st->out, &ev);
	t->runnable = false;
	t->running = true;
	t->cpu = cpu;
	t->since_ns = ts_ns;
	t->waking_ns = 0;
}

/* The kernel's task states (include/linux/sched.h), most telling first. */
static const struct {
	u32 bits;
	const char *name;
} states[] = {
	{ 0x80 | 0x20 | 0x10, "dead" },
	{ 0x04, "stopped" },
	{ 0x08, "traced" },
	{ 0x40, "parked" },
	{ 0x400, "idle" },
	{ 0x02, "blocked" },
	{ 0x01, "sleeping" },
};

static const char *state_name(u32 state)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (state & states[i].bits)
			return states[i].name;
	return state ? "other" : "preempted";
}

static void end_thread(struct sched_trace *st, u64 ts_ns, struct thread *t,
		       const char *state)
{
	struct trace_event ev = { .ts_ns = ts_ns,
				  .track = uuid(KIND_THREAD, t->task.tid),
				  .type = TYPE_SLICE_END };

	if (state) {
		ev.anns[0] =
			(struct trace_ann){ .key = ANNK_STATE, .text = state };
		ev.nr_anns = 1;
	}
	trace_out__event(st->out, &ev);
	t->running = false;
	t->off_ns = ts_ns;
}

static void begin_cpu(struct sched_trace *st, u64 ts_ns, u32 cpu,
		      const struct sched_task *task)
{
	struct trace_event ev = { .ts_ns = ts_ns,
				  .track = uuid(KIND_CPU, cpu),
				  .type = TYPE_SLICE_BEGIN,
				  .category = task->tid ? CAT_CPU : CAT_IDLE,
				  .name = task->tid ? task->comm : "idle" };

	if (task->tid)
		annotate(&ev, ANNK_TID, task->tid);
	trace_out__event(st->out, &ev);
	st->cpus[cpu].known = true;
	st->cpus[cpu].tid = task->tid;
}

/* --- what happens --------------------------------------------------------- */

/* What ran on @cpu does so no more. */
static void stop_known(struct sched_trace *st, u64 ts_ns, u32 cpu,
		       const char *state)
{
	struct cpu *c = &st->cpus[cpu];
	struct thread *t = c->tid ? find_thread(st, c->tid) : NULL;

	if (!c->known)
		return;
	sched__end_slice(st, ts_ns, uuid(KIND_CPU, cpu));
	if (t)
		end_thread(st, ts_ns, t, state);
	c->known = false;
	c->free_ns = ts_ns;
}

static int start_task(struct sched_trace *st, u64 ts_ns, u32 cpu,
		      const struct sched_task *task)
{
	struct thread *t = NULL;

	if (task->tid) {
		t = sched__thread(st, task);
		if (!t)
			return -ENOMEM;
		/* Only where events were lost: nothing runs twice. */
		if (t->running) {
			stop_known(st, ts_ns, t->cpu, NULL);
			st->lost_switches++;
		}
	}
	begin_cpu(st, ts_ns, cpu, task);
	if (t)
		begin_thread(st, ts_ns, cpu, t);
	return 0;
}

/* No switch was seen since the CPU became free: @task has been running. */
static int start_unseen(struct sched_trace *st, u64 ts_ns, u32 cpu,
			const struct sched_task *task)
{
	const struct thread *t = find_thread(st, task->tid);
	u64 since_ns = st->cpus[cpu].free_ns;

	if (t && task->tid)
		since_ns = KT_MAX(since_ns, t->running ? ts_ns : t->off_ns);
	return start_task(st, KT_MIN(since_ns, ts_ns), cpu, task);
}

int sched_trace__running(struct sched_trace *st, u64 ts_ns, u32 cpu,
			 const struct sched_task *task)
{
	if (cpu >= st->nr_cpus)
		return 0;
	if (st->cpus[cpu].known) {
		if (st->cpus[cpu].tid == task->tid)
			return 0;
		stop_known(st, ts_ns, cpu, NULL);
		st->lost_switches++;
	}
	return start_unseen(st, ts_ns, cpu, task);
}

/* After a switch: @prev waits for a CPU again, or for a wakeup. */
static void leave(struct sched_trace *st, u64 ts_ns, struct thread *t,
		  u32 prev_state)
{
	bool woken = t->waking_ns > t->since_ns;

	if (prev_state && !woken)
		return;
	/* One that was woken before it had gone to sleep, and did not. */
	if (!prev_state)
		t->waking_ns = 0;
	begin_runnable(st, ts_ns, t);
}

int sched_trace__switch(struct sched_trace *st, u64 ts_ns, u32 cpu,
			const struct sched_task *prev, u32 prev_state,
			const struct sched_task *next)
{
	struct thread *t;
	int err = 0;

	if (cpu >= st->nr_cpus)
		return 0;
	if (!st->cpus[cpu].known)
		err = start_unseen(st, ts_ns, cpu, prev);
	else if (st->cpus[cpu].tid != prev->tid)
		st->lost_switches++;
	if (err)
		return err;
	t = prev->tid ? sched__thread(st, prev) : NULL;
	if (prev->tid && !t)
		return -ENOMEM;
	stop_known(st, ts_ns, cpu, state_name(prev_state));
	if (t && !t->running)
		leave(st, ts_ns, t, prev_state);
	return start_task(st, ts_ns, cpu, next);
}

static void put_waking(struct sched_trace *st, u64 ts_ns, u32 cpu,
		       const struct sched_task *waker,
		       const struct thread *wakee, bool new)
{
	struct trace_event ev = {
		.ts_ns = ts_ns,
		.track = waker->tid ? uuid(KIND_THREAD, waker->tid)
				    : uuid(KIND_CPU, cpu),
		.type = TYPE_INSTANT,
		.category = new ? CAT_WAKEUP_NEW : CAT_WAKING,
		.name = new ? "WAKEUP_NEW" : "WAKING",
		.flow = st->flows,
	};

	if (wakee->task.comm[0])
		ev.anns[ev.nr_anns++] =
			(struct trace_ann){ .key = ANNK_WAKING_TARGET,
					    .text = wakee->task.comm };
	annotate(&ev, ANNK_WAKING_TARGET_TID, wakee->task.tid);
	annotate_place(st, &ev, cpu);
	trace_out__event(st->out, &ev);
}

int sched_trace__waking(struct sched_trace *st, u64 ts_ns, u32 cpu,
			const struct sched_task *waker,
			const struct sched_task *wakee, bool new)
{
	struct thread *t;

	if (cpu >= st->nr_cpus || !wakee->tid)
		return 0;
	if (waker->tid && !sched__thread(st, waker))
		return -ENOMEM;
	t = sched__thread(st, wakee);
	if (!t)
		return -ENOMEM;
	st->flows++;
	put_waking(st, ts_ns, cpu, waker, t, new);
	if (t->runnable) /* waits already; the first wakeup counts */
		return 0;
	t->waking_ns = ts_ns;
	t->flow = st->flows;
	t->waker_tid = waker->tid;
	t->waking_cpu = cpu;
	if (!t->running)
		begin_runnable(st, ts_ns, t);
	return 0;
}

/* --- the end -------------------------------------------------------------- */

typedef void (*task_name_fn)(u32 tid, char name[SCHED_COMM_LEN]);

static int name_process(struct sched_trace *st, struct map *named, u32 pid,
			task_name_fn task_name)
{
	const struct thread *leader = find_thread(st, pid);
	char name[SCHED_COMM_LEN] = "";
	struct trace_track track = { .uuid = uuid(KIND_PROCESS, pid),
				     .pid = pid,
				     .comm = name };

	if (map__get(named, pid))
		return 0;
	if (leader)
		memcpy(name, leader->task.comm, sizeof(name));
	if (!*name)
		task_name(pid, name);
	if (*name)
		trace_out__track(st->out, &track);
	return map__put(named, pid, 1);
}

static int finish_thread(struct sched_trace *st, u64 end_ns, struct thread *t,
			 struct map *named, task_name_fn task_name)
{
	if (t->runnable)
		sched__end_slice(st, end_ns, uuid(KIND_THREAD, t->task.tid));
	if (t->working)
		sched__end_slice(st, end_ns, uuid(KIND_WORK, t->task.tid));
	t->runnable = t->working = false;
	/* Woken, but it did not come to run. */
	if (!t->task.comm[0])
		task_name(t->task.tid, t->task.comm);
	if (strcmp(t->described, t->task.comm))
		describe_thread(st, t);
	return name_process(st, named, t->task.pid, task_name);
}

int sched_trace__finish(struct sched_trace *st, u64 end_ns,
			void (*task_name)(u32 tid, char name[SCHED_COMM_LEN]))
{
	struct map named = { 0 };
	int err = 0;

	for (u32 cpu = 0; cpu < st->nr_cpus; cpu++) {
		stop_known(st, end_ns, cpu, NULL);
		while (st->cpus[cpu].irqs)
			sched_trace__irq(st, end_ns, cpu, false, false, 0);
	}
	for (size_t i = 0; i < st->nr_threads && !err; i++)
		err = finish_thread(st, end_ns, &st->threads[i], &named,
				    task_name);
	map__fini(&named);
	return err;
}

u64 sched_trace__lost_switches(const struct sched_trace *st)
{
	return st->lost_switches;
}
