/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracer in a guest (ktstr/wprof.h): started before the test, waited for
 * after it, its file sent before the machine goes. Whatever becomes of it, the
 * test's verdict is already on its way by then. PID 1 only, single-threaded.
 */
#ifndef GUEST_WPROF_H
#define GUEST_WPROF_H

#include <ktstr/wprof.h>

#include <sys/types.h>

struct port;

/* As much of what the tracer printed goes to the host when it failed. */
#define TRACER_TEXT_MAX 1024u

/** struct tracer - paths are fixed but in tests */
struct tracer {
	bool wanted;
	bool tells_ready; /* it understands WPROF_READY_ARG */
	const char *program, *trace, *log;
	const char *btf; /* where a kernel that has BTF shows it */
	struct wprof_config cfg;
	u64 grace_ns;

	pid_t pid; /* 0: not running */
	int err;   /* why it could not be started */
	int status;
	u64 duration_ns; /* 0: until it is interrupted */
	u64 start_ns, ready_ns, end_ns;
	unsigned int signals; /* sent: SIGINT, then SIGKILL */
	u64 signal_ns;	      /* when the last of them was */
};

/**
 * tracer__init - what the kernel command line asks for
 * Return: 0, also when that is nothing; -EINVAL, -E2BIG with a message.
 */
int tracer__init(struct tracer *tr, const char *cmdline, u64 grace_ns,
		 bool tells_ready, struct kt_diag *diag);

/**
 * tracer__start - run the tracer, if one is wanted
 *
 * Returns when it is ready, as far as it can tell, at most @grace_ns later.
 * A failure is kept for tracer__ship() to tell.
 */
void tracer__start(struct tracer *tr);

/** tracer__reaped - @pid has ended; Return: whether it was the tracer */
bool tracer__reaped(struct tracer *tr, pid_t pid, int status);

/**
 * tracer__nudge - the test is over: make the tracer end
 *
 * One with a duration gets it, and the grace, before it is interrupted; one
 * without is interrupted now; who does not end within another grace is killed.
 * Return: when to call again at the latest, 0 when there is nothing to wait
 * for.
 */
u64 tracer__nudge(struct tracer *tr, u64 now_ns);

/**
 * tracer__ship - tell the host how the tracer ended and send what it wrote
 * Return: 0, also when the tracer or its file was no good; -errno of the port.
 */
int tracer__ship(struct tracer *tr, struct port *port);

/* wprof-ship.c */

/**
 * ship__file - send the @size bytes of @fd as records of a trace
 *
 * Each frame's pages are only named to the host, which reads them where they
 * are; where that is not possible the bytes themselves are written.
 * Return: 0, -errno of the port, or of the file as *@ret_file_err with 0.
 */
int ship__file(int fd, u64 size, struct port *port, int *ret_file_err);

#endif /* GUEST_WPROF_H */
