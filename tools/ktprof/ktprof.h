/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ktprof: a tracer of scheduling that is small enough to go into a ramdisk.
 * main.c reads the command line; capture.c loads the BPF programs
 * (bpf/ktprof.bpf.c) and collects what they say; emit.c makes a trace of it.
 * One thread.
 */
#ifndef TOOLS_KTPROF_KTPROF_H
#define TOOLS_KTPROF_KTPROF_H

#include <linux/types.h>

#include <ktstr/diag.h>

#include "bpf/ktprof.h"
#include "lib/perfetto/sched-trace.h"

/* Exit statuses; -e 3 can be told from a trace that was not written. */
enum ktprof_status {
	KTPROF_OK = 0,
	KTPROF_FAILED = 1, /* memory, or something unforeseen */
	KTPROF_USAGE = 2,  /* the command line was wrong */
	KTPROF_KERNEL =
		3, /* this kernel, or not without root, cannot be traced */
	KTPROF_NO_FILE = 4, /* the trace could not be written */
};

/* What -e names, a bit each. */
enum ktprof_events {
	EVENTS_SCHED = 1 << 0,
	EVENTS_IRQ = 1 << 1,
	EVENTS_SOFTIRQ = 1 << 2,
	EVENTS_WQ = 1 << 3,
};

struct capture_options {
	unsigned int events; /* enum ktprof_events */
	u64 ring_bytes;	     /* of each, at most */
	unsigned int nr_rings;
};

/** struct record - a kernel record and its place in time */
struct record {
	u64 ts_ns;
	const struct ktprof_mark *mark; /* as long as its type says */
};

/** struct ring - what came out of one ring buffer, in the order of time */
struct ring {
	struct capture *capture;
	struct record *records;
	size_t nr, cap;
	u64 no_memory; /* records dropped here */
	u64 bytes;
};

struct capture;

/**
 * capture__open - load what @opt asks for
 *
 * Rings are smaller than asked for where memory is short: all of them take at
 * most a 256th of what is available. They are emptied while the capture runs.
 * Return: 0, -EOPNOTSUPP (kernel) or -EPERM, each with a message; -ENOMEM.
 */
int capture__open(const struct capture_options *opt,
		  struct capture **ret_capture, struct kt_diag *diag);
void capture__free(struct capture *c);
DEFINE_FREE(capture, struct capture *, capture__free(_T))

/**
 * capture__run - record for @ms milliseconds, or until *@stop
 * @ms: 0: until *@stop
 * @ready_fd: gets a byte and is closed once nothing is missed any more; or -1
 */
int capture__run(struct capture *c, u64 ms, int ready_fd,
		 const volatile bool *stop, struct kt_diag *diag);

/** capture__nr_rings, capture__ring - what was recorded */
unsigned int capture__nr_rings(const struct capture *c);
const struct ring *capture__ring(const struct capture *c, unsigned int i);
/** capture__stats - of a ring, for the trace; also counts lost events */
struct trace_ring capture__stats(const struct capture *c, unsigned int i);
/** capture__window - when it started and ended, CLOCK_MONOTONIC */
void capture__window(const struct capture *c, u64 *ret_start_ns,
		     u64 *ret_end_ns);

/** struct machine - CPUs and where they are */
struct machine {
	struct sched_place *places;
	unsigned int nr_cpus;
};

/** machine__read - from /sys; what it does not say is unknown, -1 */
int machine__read(struct machine *m);
void machine__fini(struct machine *m);
DEFINE_FREE(machine, struct machine, machine__fini(&_T))

/**
 * emit__trace - all that was recorded into @out, and close it
 * @ret_lost: events lost in rings, here, or between them
 */
int emit__trace(const struct capture *c, const struct machine *m,
		struct trace_out *out, u64 *ret_lost, struct kt_diag *diag);

#endif /* TOOLS_KTPROF_KTPROF_H */
