// SPDX-License-Identifier: GPL-2.0
/*
 * ftrace's scheduler events for wprof_pb_query(), as perfetto records them:
 * a bundle per CPU, of events or, compact, of columns. One thread per query.
 */
#include "lib/perfetto/query.h"

#include "lib/perfetto/fields.h"

static int name_thread(struct query *q, int tid, const struct pb_field *comm,
		       u32 *ret_thread)
{
	int err = query__thread(q, tid, ret_thread);

	if (!err && comm->len)
		query__name(query__thread_at(q, *ret_thread)->pub.name, comm);
	return err;
}

static int switch_to(struct query *q, u32 cpu, u64 ts_ns, u32 next)
{
	struct query_cpu *c = query__cpu_at(q, cpu);
	struct query_thread *t = query__thread_at(q, next);
	int err = 0;

	if (c->running)
		err = query__slice(q, cpu, c->thread, c->since_ns, ts_ns);
	c = query__cpu_at(q, cpu);
	c->running = true;
	c->thread = next;
	c->since_ns = ts_ns;
	if (!err && t->waking_ns && t->waking_ns <= ts_ns && !t->idle)
		err = query__latency(q, next, ts_ns - t->waking_ns);
	t->waking_ns = 0;
	return err;
}

static int take_switch(struct query *q, u32 cpu, u64 ts_ns,
		       const struct pb_field *field)
{
	struct pb_field f, prev_comm = { 0 }, next_comm = { 0 };
	struct pb_in in = pb_in__of(field);
	int prev_pid = 0, next_pid = 0, err;
	u32 prev, next;

	while (pb_in__next(&in, &f) > 0) {
		if (f.number == SWITCH_PREV_PID && f.type == PB_VARINT)
			prev_pid = (int)f.value;
		if (f.number == SWITCH_NEXT_PID && f.type == PB_VARINT)
			next_pid = (int)f.value;
		if (f.number == SWITCH_PREV_COMM && f.type == PB_BYTES)
			prev_comm = f;
		if (f.number == SWITCH_NEXT_COMM && f.type == PB_BYTES)
			next_comm = f;
	}
	err = name_thread(q, prev_pid, &prev_comm, &prev);
	if (!err)
		err = name_thread(q, next_pid, &next_comm, &next);
	return err ? err : switch_to(q, cpu, ts_ns, next);
}

static int waking(struct query *q, u64 ts_ns, int tid)
{
	u32 thread;
	int err = query__thread(q, tid, &thread);

	if (!err)
		query__thread_at(q, thread)->waking_ns = ts_ns;
	return err;
}

static int take_waking(struct query *q, u64 ts_ns, const struct pb_field *field)
{
	struct pb_in in = pb_in__of(field);
	struct pb_field f;

	while (pb_in__next(&in, &f) > 0)
		if (f.number == WAKING_PID && f.type == PB_VARINT)
			return waking(q, ts_ns, (int)f.value);
	return 0;
}

static int take_event(struct query *q, u32 cpu, const struct pb_field *field)
{
	struct pb_in in = pb_in__of(field);
	struct pb_field f, payload = { 0 };
	u64 ts_ns = 0;

	while (pb_in__next(&in, &f) > 0) {
		if (f.number == FTRACE_TIMESTAMP && f.type == PB_VARINT)
			ts_ns = f.value;
		else if (f.type == PB_BYTES)
			payload = f;
	}
	q->pb.nr_ftrace_events++;
	switch (payload.number) {
	case FTRACE_SCHED_SWITCH:
		return take_switch(q, cpu, ts_ns, &payload);
	case FTRACE_SCHED_WAKING:
	case FTRACE_SCHED_WAKEUP_NEW:
		return take_waking(q, ts_ns, &payload);
	default:
		return 0;
	}
}

/* Two columns of a compact bundle, read side by side. */
struct columns {
	struct pb_in times, pids;
	u64 ts_ns;
};

static bool next_row(struct columns *col, int *ret_pid)
{
	u64 delta, pid;

	if (pb_in__varint(&col->times, &delta) ||
	    pb_in__varint(&col->pids, &pid))
		return false;
	col->ts_ns += delta;
	*ret_pid = (int)pid;
	return true;
}

/* Wakings and switches are columns of their own: merged by time. */
static int merge(struct query *q, u32 cpu, struct columns *switches,
		 struct columns *wakings)
{
	int switch_pid = 0, waking_pid = 0, err = 0;
	bool has_switch = next_row(switches, &switch_pid);
	bool has_waking = next_row(wakings, &waking_pid);
	u32 next;

	while (!err && (has_switch || has_waking)) {
		q->pb.nr_ftrace_events++;
		if (has_waking &&
		    (!has_switch || wakings->ts_ns <= switches->ts_ns)) {
			err = waking(q, wakings->ts_ns, waking_pid);
			has_waking = next_row(wakings, &waking_pid);
			continue;
		}
		err = query__thread(q, switch_pid, &next);
		if (!err)
			err = switch_to(q, cpu, switches->ts_ns, next);
		has_switch = next_row(switches, &switch_pid);
	}
	return err;
}

static int take_compact(struct query *q, u32 cpu, const struct pb_field *field)
{
	struct columns switches = { 0 }, wakings = { 0 };
	struct pb_in in = pb_in__of(field);
	struct pb_field f;

	while (pb_in__next(&in, &f) > 0) {
		if (f.type != PB_BYTES)
			continue;
		if (f.number == COMPACT_SWITCH_TIMESTAMP)
			switches.times = pb_in__of(&f);
		if (f.number == COMPACT_SWITCH_NEXT_PID)
			switches.pids = pb_in__of(&f);
		if (f.number == COMPACT_WAKING_TIMESTAMP)
			wakings.times = pb_in__of(&f);
		if (f.number == COMPACT_WAKING_PID)
			wakings.pids = pb_in__of(&f);
	}
	return merge(q, cpu, &switches, &wakings);
}

int query_ftrace__bundle(struct query *q, const struct pb_field *field)
{
	struct pb_in in = pb_in__of(field);
	struct pb_field f;
	u64 number = 0;
	u32 cpu;
	int err;

	while (pb_in__next(&in, &f) > 0)
		if (f.number == BUNDLE_CPU && f.type == PB_VARINT)
			number = f.value;
	err = query__cpu(q, number, &cpu);
	if (err == -ERANGE) {
		q->pb.nr_unmatched++;
		return 0;
	}
	in = pb_in__of(field);
	while (!err && pb_in__next(&in, &f) > 0) {
		if (f.number == BUNDLE_EVENT && f.type == PB_BYTES)
			err = take_event(q, cpu, &f);
		if (f.number == BUNDLE_COMPACT_SCHED && f.type == PB_BYTES)
			err = take_compact(q, cpu, &f);
	}
	return err;
}

/* Where a row of the process tree has what: {id, name, thread group}. */
struct tree_row {
	unsigned int table, id, name, group;
};

static const struct tree_row tree_rows[] = {
	{ TREE_PROCESSES, TREE_PROCESS_PID, TREE_PROCESS_CMDLINE, 0 },
	{ TREE_THREADS, TREE_THREAD_TID, TREE_THREAD_NAME, TREE_THREAD_TGID },
};

static int take_row(struct query *q, const struct pb_field *field,
		    const struct tree_row *row)
{
	struct pb_in in = pb_in__of(field);
	struct pb_field f, name = { 0 };
	int id = 0, group = 0, err;
	u32 index;

	while (pb_in__next(&in, &f) > 0) {
		if (f.number == row->id && f.type == PB_VARINT)
			id = (int)f.value;
		else if (f.number == row->name && f.type == PB_BYTES &&
			 !name.len)
			name = f;
		else if (f.number == row->group && f.type == PB_VARINT)
			group = (int)f.value;
	}
	err = name_thread(q, id, &name, &index);
	if (err)
		return err;
	query__thread_at(q, index)->pub.pid = row->group ? group : id;
	return !row->group && name.len ? query__process(q, id, &name) : 0;
}

int query_ftrace__tree(struct query *q, const struct pb_field *field)
{
	struct pb_in in = pb_in__of(field);
	struct pb_field f;
	int err = 0;

	while (!err && pb_in__next(&in, &f) > 0)
		for (size_t i = 0; i < ARRAY_SIZE(tree_rows) && !err; i++)
			if (f.number == tree_rows[i].table &&
			    f.type == PB_BYTES)
				err = take_row(q, &f, &tree_rows[i]);
	return err;
}

static u64 cpu_lost(const struct pb_field *field)
{
	struct pb_in in = pb_in__of(field);
	struct pb_field f;
	u64 lost = 0;

	while (pb_in__next(&in, &f) > 0)
		if (f.type == PB_VARINT && (f.number == FTRACE_CPU_OVERRUN ||
					    f.number == FTRACE_CPU_DROPPED))
			lost += f.value;
	return lost;
}

/* The kernel's counters run on: what they said at the start is not ours. */
void query_ftrace__stats(struct query *q, const struct pb_field *field)
{
	struct pb_in in = pb_in__of(field);
	struct pb_field f;
	u64 lost = 0, phase = 0;

	while (pb_in__next(&in, &f) > 0) {
		if (f.number == FTRACE_STATS_PHASE && f.type == PB_VARINT)
			phase = f.value;
		if (f.number == FTRACE_STATS_CPU && f.type == PB_BYTES)
			lost += cpu_lost(&f);
	}
	if (phase != FTRACE_PHASE_END)
		q->ftrace_lost_start = lost;
	else
		q->ftrace_lost_end = lost;
}
