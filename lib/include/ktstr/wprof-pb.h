/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is in a .pb: a Perfetto trace as our tracer (ktprof), wprof or perfetto
 * write it. For tests, on the host, from post_vm; and for `ktstr trace`. The
 * file is not trusted. Pure functions over a file, any thread.
 */
#ifndef KTSTR_WPROF_PB_H
#define KTSTR_WPROF_PB_H

#include <ktstr/diag.h>

/* Larger packets are refused; Perfetto's own are below 1 MiB. */
#define WPROF_PB_PACKET_MAX MIB(64)
/* A CPU number above this is not believed (the kernel's NR_CPUS_MAX). */
#define WPROF_PB_CPUS_MAX 8192u
#define WPROF_PB_NAME_MAX 32u

/**
 * wprof_pb__check_valid - walk the whole file as length-delimited TracePackets
 *
 * Each packet has to be complete and its fields well-formed. A trace of ours
 * says in its first packet that it will have a closing one, so that being cut
 * exactly between two packets is found too; of others' traces nobody can tell.
 * Return: 0; -ENODATA, cut short: @diag names the packet, its offset and what
 * is missing; -EBADMSG, something else than packets; -EFBIG; or what opening
 * and reading said.
 */
int wprof_pb__check_valid(const char *path, struct kt_diag *diag);

/** struct wprof_pb_cpu - one CPU; it is there when something was said of it */
struct wprof_pb_cpu {
	unsigned int cpu;
	int node, llc;	/* -1: the trace does not say */
	u64 nr_slices;	/* times a thread, not idle, got it */
	u64 run_ns;	/* of those */
	u64 idle_ns;	/* while it said to be idle */
	u64 nr_overlap; /* slices that start before the one in front ended: 0 */
};

/** struct wprof_pb_thread - one thread, described or seen running */
struct wprof_pb_thread {
	int tid, pid;			 /* pid 0: not said */
	char name[WPROF_PB_NAME_MAX];	 /* "" when the trace has none */
	char process[WPROF_PB_NAME_MAX]; /* of its process, likewise */
	u64 nr_slices, run_ns;
	u64 nr_wakeups; /* with a latency */
};

/** struct wprof_pb_slice - a thread on a CPU, CLOCK_MONOTONIC mostly */
struct wprof_pb_slice {
	u64 start_ns, end_ns;
	u32 cpu;
	u32 thread; /* index into threads */
};

/** struct wprof_pb - answers; read only, wprof_pb__free() */
struct wprof_pb {
	u64 bytes, nr_packets, nr_track_events, nr_tracks, nr_flows;
	u64 nr_ftrace_events, nr_clock_snapshots;
	char writer[WPROF_PB_NAME_MAX]; /* session name, "ktprof" for ours */
	bool complete;			/* it has its closing statistics */
	u64 lost_events;		/* that its writer counted */
	u64 nr_unmatched;      /* ends without begin, tracks never described */
	u64 first_ns, last_ns; /* of the slices; 0 when there are none */

	const struct wprof_pb_cpu *cpus; /* ascending */
	size_t nr_cpus;
	const struct wprof_pb_thread *threads; /* longest run time first */
	size_t nr_threads;
	const struct wprof_pb_slice *slices; /* by CPU, then start */
	size_t nr_slices;
	const u64 *latencies_ns; /* wakeup to running, ascending */
	size_t nr_latencies;
};

/**
 * wprof_pb_query - read a trace
 *
 * What it understands: threads' slices of category ONCPU with an annotation
 * "cpu" (ktprof, wprof); sched_switch and sched_waking of ftrace, compact or
 * not (perfetto); descriptors, process trees, statistics of loss; packets
 * compressed with deflate. The rest is counted.
 * Return: 0, or what wprof_pb__check_valid() returns.
 */
int wprof_pb_query(const char *path, struct wprof_pb **ret_pb,
		   struct kt_diag *diag);
void wprof_pb__free(struct wprof_pb *pb);
DEFINE_FREE(wprof_pb, struct wprof_pb *, wprof_pb__free(_T))

/** wprof_pb__cpu - what it says of CPU @cpu, or NULL */
const struct wprof_pb_cpu *wprof_pb__cpu(const struct wprof_pb *pb,
					 unsigned int cpu);

/** wprof_pb__thread - the thread with this id, or NULL */
const struct wprof_pb_thread *wprof_pb__thread(const struct wprof_pb *pb,
					       int tid);

/** wprof_pb__thread_named - the one that ran longest of that name, or NULL */
const struct wprof_pb_thread *wprof_pb__thread_named(const struct wprof_pb *pb,
						     const char *name);

/**
 * wprof_pb__latency_ns - wakeup latency that @percent of wakeups stay within
 * @percent: 0 (the shortest) to 100 (the longest)
 * Return: nanoseconds, 0 when there was no wakeup.
 */
u64 wprof_pb__latency_ns(const struct wprof_pb *pb, double percent);

#endif /* KTSTR_WPROF_PB_H */
