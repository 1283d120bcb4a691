/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One test child, from fork to the last byte of its output. Knows no mounts
 * and no power button, so it runs under unit tests as well as under PID 1.
 */
#ifndef GUEST_RUN_H
#define GUEST_RUN_H

#include <ktstr/diag.h>

#include "guest/guest.h"

struct port;
struct tracer;

struct run_config {
	struct port *port; /* open; STDOUT and STDERR records go there */
	const struct guest_ops *ops;
	int argc;
	char **argv;
	u64 timeout_ns; /* for the test; 0 = none */
	/*
	 * For the end: how long killed processes may take to die and their
	 * pipes to run dry. What is left then is given up and said so.
	 */
	u64 drain_ns;
	/*
	 * Kill every process there is, not just the test's group. Only for
	 * PID 1 of a machine or of a PID namespace.
	 */
	bool owns_all;
	/*
	 * The child becomes a program that knows nothing of us: how it ends
	 * is its result, unless it set one, which says it never got there.
	 */
	bool foreign;
	struct tracer *tracer; /* waited for before everything is killed */
};

struct run_outcome {
	s32 exit_code;	    /* kselftest exit status */
	s32 program_status; /* foreign: exit status or 128 + signal */
	u32 term_signal;
	bool timed_out;
	u64 duration_ns;
	char reason[GUEST_REASON_MAX];
};

/**
 * run__test - run the test, relay its output, clean up after it
 *
 * Output is sent as it comes; after a burst ends it is collected for up to
 * 50 ms, so that a test that prints line by line does not wake PID 1 each
 * time. Children of any kind are reaped. Afterwards SIGCHLD is as before.
 * Return: 0 with @ret_outcome whatever the test did, or -errno when it could
 * not be started or the port failed (nothing of it runs any more then).
 */
int run__test(const struct run_config *cfg, struct run_outcome *ret_outcome,
	      struct kt_diag *diag);

#endif /* GUEST_RUN_H */
