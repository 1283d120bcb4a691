// SPDX-License-Identifier: GPL-2.0
/*
 * Records of all rings, merged by time, to a trace of scheduling. For main.c;
 * one thread.
 */
#include "tools/ktprof/ktprof.h"

#include <fcntl.h>
#include <time.h>

#include <ktstr/fd.h>

#include "lib/perfetto/map.h"

/* Functions of work items, by address. */
struct symbols {
	struct map index; /* of @names, by address */
	char (*names)[64];
	size_t nr;
};

struct emit {
	const struct capture *capture;
	struct sched_trace *st;
	struct symbols symbols;
	size_t next[KTPROF_MAX_RINGS]; /* record of each ring */
};

/* --- the order of time ---------------------------------------------------- */

static const struct record *next_record(struct emit *em)
{
	const struct record *first = NULL;
	unsigned int from = 0;

	for (unsigned int i = 0; i < capture__nr_rings(em->capture); i++) {
		const struct ring *ring = capture__ring(em->capture, i);
		const struct record *r = ring->records + em->next[i];

		if (em->next[i] == ring->nr ||
		    (first && first->ts_ns <= r->ts_ns))
			continue;
		first = r;
		from = i;
	}
	if (first)
		em->next[from]++;
	return first;
}

/* --- names of functions --------------------------------------------------- */

static int want_symbols(struct emit *em)
{
	int err = 0;

	for (unsigned int i = 0; i < capture__nr_rings(em->capture); i++) {
		const struct ring *ring = capture__ring(em->capture, i);

		for (size_t k = 0; k < ring->nr && !err; k++) {
			const void *mark = ring->records[k].mark;
			const struct ktprof_work *work = mark;

			if (ring->records[k].mark->type == KTPROF_WORK_START)
				err = map__put(&em->symbols.index,
					       work->function, 0);
		}
	}
	return err;
}

/* "ffffffff81234567 t name [module]" */
static int take_symbol(struct symbols *syms, const char *line)
{
	char *end;
	u64 *index = map__get(&syms->index, strtoull(line, &end, 16));
	void *names;

	/* Nearly every line is about another address; none may be. */
	if (!index || *index || strlen(end) < 4)
		return 0;
	names = reallocarray(syms->names, syms->nr + 1, sizeof(*syms->names));
	if (!names)
		return -ENOMEM;
	syms->names = names;
	snprintf(syms->names[syms->nr], sizeof(*syms->names), "%.*s",
		 (int)strcspn(end + 3, "\t\n"), end + 3);
	*index = ++syms->nr;
	return 0;
}

/* Over all the kernel's symbols, so only when there are work items, and only
 * until the last of their functions is found. */
static int read_symbols(struct emit *em)
{
	struct symbols *syms = &em->symbols;
	FILE *f __free(file) = NULL;
	char line[512];
	int err = want_symbols(em);

	if (err || !syms->index.used)
		return err;
	f = fopen("/proc/kallsyms", "re");
	while (f && !err && syms->nr < syms->index.used &&
	       fgets(line, sizeof(line), f))
		err = take_symbol(syms, line);
	return err;
}

static const char *symbol(const struct emit *em, u64 address)
{
	const u64 *index = map__get(&em->symbols.index, address);

	return index && *index ? em->symbols.names[*index - 1] : "work";
}

/* --- records -------------------------------------------------------------- */

static struct sched_task task_of(const struct ktprof_task *task)
{
	struct sched_task to = { task->id.tid, task->id.pid, task->prio, "" };

	_Static_assert(sizeof(to.comm) == sizeof(task->comm), "TASK_COMM_LEN");
	memcpy(to.comm, task->comm, sizeof(to.comm) - 1);
	return to;
}

static int emit_work(struct emit *em, const struct ktprof_mark *mark)
{
	const struct ktprof_work *work =
		container_of(mark, struct ktprof_work, mark);
	struct sched_task a = task_of(&work->a);

	return sched_trace__work(em->st, mark->ts_ns, mark->cpu, &a,
				 mark->type == KTPROF_WORK_START,
				 symbol(em, work->function));
}

static int emit_pair(struct emit *em, const struct ktprof_mark *mark)
{
	const struct ktprof_pair *pair =
		container_of(mark, struct ktprof_pair, mark);
	struct sched_task a = task_of(&pair->a), b = task_of(&pair->b);

	if (mark->type == KTPROF_RUNNING)
		return sched_trace__running(em->st, mark->ts_ns, mark->cpu, &a);
	return sched_trace__switch(em->st, mark->ts_ns, mark->cpu, &a,
				   mark->arg, &b);
}

static int emit_waking(struct emit *em, const struct ktprof_mark *mark)
{
	const struct ktprof_waking *w =
		container_of(mark, struct ktprof_waking, mark);
	struct sched_task waker = { .tid = w->waker.tid, .pid = w->waker.pid };
	struct sched_task wakee = { .tid = w->wakee.tid, .pid = w->wakee.pid };

	return sched_trace__waking(em->st, mark->ts_ns, mark->cpu, &waker,
				   &wakee, mark->type == KTPROF_WAKEUP_NEW);
}

static int emit_mark(struct emit *em, const struct ktprof_mark *mark)
{
	bool soft = mark->type == KTPROF_SOFTIRQ_ENTRY ||
		    mark->type == KTPROF_SOFTIRQ_EXIT;
	bool begin = mark->type == KTPROF_IRQ_ENTRY ||
		     mark->type == KTPROF_SOFTIRQ_ENTRY;

	if (mark->type <= KTPROF_SWITCH)
		return emit_pair(em, mark);
	if (mark->type <= KTPROF_WAKEUP_NEW)
		return emit_waking(em, mark);
	if (mark->type >= KTPROF_WORK_START)
		return emit_work(em, mark);
	return sched_trace__irq(em->st, mark->ts_ns, mark->cpu, soft, begin,
				mark->arg);
}

/* --- the trace ------------------------------------------------------------ */

static u64 clock_ns(clockid_t id)
{
	struct timespec ts = { 0 };

	clock_gettime(id, &ts);
	return (u64)ts.tv_sec * NSEC_PER_SEC + (u64)ts.tv_nsec;
}

static void task_name(u32 tid, char name[SCHED_COMM_LEN])
{
	char *text __free(ptr) = NULL;
	char path[32];
	size_t len;

	snprintf(path, sizeof(path), "/proc/%u/comm", tid);
	if (fd__read_file(path, 4096, &text, &len))
		return; /* it is gone */
	text[strcspn(text, "\n")] = '\0';
	snprintf(name, SCHED_COMM_LEN, "%s", text);
}

static int emit_records(struct emit *em, const struct machine *m,
			struct trace_out *out, u64 *ret_lost_switches)
{
	struct sched_trace *st __free(sched_trace) = NULL;
	const struct record *r;
	u64 start_ns, end_ns;
	int err;

	capture__window(em->capture, &start_ns, &end_ns);
	err = sched_trace__new(out, m->places, m->nr_cpus, start_ns, &st);
	if (err)
		return err;
	em->st = st;
	while (!err && (r = next_record(em)) && r->ts_ns <= end_ns)
		err = emit_mark(em, r->mark);
	if (!err)
		err = sched_trace__finish(st, end_ns, task_name);
	*ret_lost_switches = sched_trace__lost_switches(st);
	return err;
}

int emit__trace(const struct capture *c, const struct machine *m,
		struct trace_out *out, u64 *ret_lost, struct kt_diag *diag)
{
	struct trace_clocks clocks = { clock_ns(CLOCK_REALTIME),
				       clock_ns(CLOCK_MONOTONIC),
				       clock_ns(CLOCK_BOOTTIME) };
	struct trace_ring rings[KTPROF_MAX_RINGS];
	struct emit em = { .capture = c };
	u64 lost = 0, lost_switches = 0;
	int err;

	trace_out__start(out, &clocks);
	err = read_symbols(&em);
	if (!err)
		err = emit_records(&em, m, out, &lost_switches);
	map__fini(&em.symbols.index);
	free(em.symbols.names);
	for (unsigned int i = 0; i < capture__nr_rings(c); i++) {
		rings[i] = capture__stats(c, i);
		lost += rings[i].lost_events;
	}
	if (err)
		return err;
	err = trace_out__close(out, rings, capture__nr_rings(c), diag);
	*ret_lost = KT_MAX(lost, lost_switches);
	return err;
}
