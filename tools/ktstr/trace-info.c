// SPDX-License-Identifier: GPL-2.0
/* See trace-info.h. For cmd-trace.c; one thread. */
#include "tools/ktstr/trace-info.h"

#include <inttypes.h>

static double ms(u64 ns)
{
	return (double)ns / 1e6;
}

static double us(u64 ns)
{
	return (double)ns / 1e3;
}

static void print_head(const struct wprof_pb *pb, const char *path, FILE *to)
{
	fprintf(to, "%s: %" PRIu64 " bytes, %" PRIu64 " packets, written by %s",
		path, pb->bytes, pb->nr_packets,
		pb->writer[0] ? pb->writer : "another program");
	fprintf(to, "%s\n", pb->complete ? "" : ", without closing statistics");
	fprintf(to,
		"%" PRIu64 " track events on %" PRIu64 " tracks, %" PRIu64
		" flows, %" PRIu64 " ftrace events, %" PRIu64
		" clock snapshots\n",
		pb->nr_track_events, pb->nr_tracks, pb->nr_flows,
		pb->nr_ftrace_events, pb->nr_clock_snapshots);
	fprintf(to, "lost events: %" PRIu64 "\n", pb->lost_events);
	if (pb->nr_unmatched)
		fprintf(to, "events without their other half: %" PRIu64 "\n",
			pb->nr_unmatched);
}

/* A number that may be unknown. */
static const char *place(int number, char buf[16])
{
	snprintf(buf, 16, number < 0 ? "-" : "%d", number);
	return buf;
}

static void print_cpus(const struct wprof_pb *pb, FILE *to)
{
	char node[16], llc[16];

	fprintf(to, "\n%5s %5s %5s %9s %12s %12s %9s\n", "cpu", "node", "llc",
		"slices", "running ms", "idle ms", "overlaps");
	for (size_t i = 0; i < pb->nr_cpus; i++) {
		const struct wprof_pb_cpu *c = &pb->cpus[i];

		fprintf(to,
			"%5u %5s %5s %9" PRIu64 " %12.3f %12.3f %9" PRIu64 "\n",
			c->cpu, place(c->node, node), place(c->llc, llc),
			c->nr_slices, ms(c->run_ns), ms(c->idle_ns),
			c->nr_overlap);
	}
}

static void print_threads(const struct wprof_pb *pb, size_t max, FILE *to)
{
	size_t nr = max && max < pb->nr_threads ? max : pb->nr_threads;

	fprintf(to, "\n%7s %7s %9s %12s %9s  %-20s %s\n", "tid", "pid",
		"slices", "running ms", "wakeups", "thread", "process");
	for (size_t i = 0; i < nr; i++) {
		const struct wprof_pb_thread *t = &pb->threads[i];

		fprintf(to,
			"%7d %7d %9" PRIu64 " %12.3f %9" PRIu64 "  %-20s %s\n",
			t->tid, t->pid, t->nr_slices, ms(t->run_ns),
			t->nr_wakeups, t->name, t->process);
	}
	if (nr < pb->nr_threads)
		fprintf(to, "and %zu more threads (--threads)\n",
			pb->nr_threads - nr);
}

static void print_latencies(const struct wprof_pb *pb, FILE *to)
{
	static const double percents[] = { 0, 50, 90, 99, 100 };
	static const char *const names[] = { "min", "p50", "p90", "p99",
					     "max" };

	fprintf(to, "\nwakeup latency of %zu wakeups, us:", pb->nr_latencies);
	for (size_t i = 0; pb->nr_latencies && i < ARRAY_SIZE(names); i++)
		fprintf(to, " %s %.1f", names[i],
			us(wprof_pb__latency_ns(pb, percents[i])));
	fputc('\n', to);
}

void trace_info__print(const struct wprof_pb *pb, const char *path,
		       size_t threads, FILE *to)
{
	print_head(pb, path, to);
	if (!pb->nr_slices) {
		fprintf(to, "\nno scheduling in it\n");
		return;
	}
	fprintf(to, "%zu slices of %zu threads in %.3f ms\n", pb->nr_slices,
		pb->nr_threads, ms(pb->last_ns - pb->first_ns));
	print_cpus(pb, to);
	print_threads(pb, threads, to);
	print_latencies(pb, to);
}
