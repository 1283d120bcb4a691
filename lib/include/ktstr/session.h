/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A session: one program's tests, each in a machine of its own. It prepares
 * what the tests share (accelerator, kernel, initramfs base) once, then runs
 * one test at a time: boot, stream, verdict, artifacts.
 */
#ifndef KTSTR_SESSION_H
#define KTSTR_SESSION_H

#include <ktstr/kernel.h>
#include <ktstr/attr.h>

struct accel_probe;
struct session;
struct workload;

/** struct session_config - how to run; strings borrowed, NULL = environment */
struct session_config {
	const char *kernel;  /* --kernel, else KTSTR_KERNEL, else discovery */
	const char *init;    /* program that becomes /init */
	const char *prog;    /* its name, a directory of the log tree */
	const char *trouble; /* why no machine can run, "" = none known */
	const struct accel_probe *accel; /* measured already (vmm/accel.h) */
	/* Run this instead of tests of @init (ktstr/workload.h); borrowed. */
	const struct workload *workload;
	const char *log_root; /* instead of session__log_root() */
};

/**
 * session__new - prepare the shared parts
 *
 * A failure (no kernel, unusable accelerator) does not return an error but
 * makes every later session__run_test() a KTSTR_SETUP_ERROR with the reason,
 * so that all planned tests are still reported.
 * Return: 0 or -ENOMEM.
 */
int session__new(const struct session_config *cfg, struct session **ret_s);
void session__free(struct session *s);
DEFINE_FREE(session, struct session *, session__free(_T))

/**
 * session__die_with_owner - tie this forked child to the process that made @s
 *
 * A runner's time-out kills the program, not its child; without the death
 * signal the machine would run on and hold the runner's pipe open.
 * Return: 0, or -ESRCH when the owner is gone already.
 */
int session__die_with_owner(const struct session *s);

/**
 * session__log_root - directory below which each program has its log
 * directory: $KTSTR_SIDECAR_DIR, else "ktstr-logs" beside the executable
 * Return: 0, or -errno; the directory need not exist.
 */
int session__log_root(char *buf, size_t size, struct kt_diag *diag);

/**
 * session__describe - print the report's head as "# " lines to @to: the
 * accelerator used and its speed, the kernel, the time dilation
 */
void session__describe(const struct session *s, FILE *to);

/** session__trouble - why no test can run in @s, or NULL */
const char *session__trouble(const struct session *s);

/** session__kernel_name - what reports call the kernel; "" when broken */
const char *session__kernel_name(const struct session *s);

/** session__memory_mib - least with which machines of @s get to their test */
unsigned int session__memory_mib(const struct session *s);

/** session__dilation - factor by which time limits are stretched, >= 1 */
double session__dilation(const struct session *s);

/**
 * session__budget_s - upper bound for session__run_test() of @attr, seconds;
 * the harness sets its own timeout above it
 */
unsigned int session__budget_s(const struct session *s,
			       const struct ktstr_attr *attr);

/** struct session_verdict - what the harness prints */
struct session_verdict {
	enum ktstr_outcome outcome;
	int ksft_code;	    /* KSFT_PASS 0 .. KSFT_SKIP 4 */
	int program_status; /* of a workload, 128 + N for signal N; or -1 */
	char reason[1024];  /* text after the directive; one safe line */
};

/**
 * session__run_test - run one test in a machine
 * @name: fixture[.variant].test, letters, digits, '_', '.', '-'
 * @attr: complete (inheritance already applied); checked here
 * @report: guest output and diagnostics go here as "# " lines
 */
void session__run_test(struct session *s, const char *name,
		       const struct ktstr_attr *attr, FILE *report,
		       struct session_verdict *ret_verdict);

/**
 * session__judge_host - verdict of a host_only test, which has no machine
 * @exit_code: kselftest exit code or KTSTR_EXIT_INCONCLUSIVE
 * @said: the test's own reason, "" for none
 *
 * What @attr expects is applied as after a machine; post_vm is not called.
 */
void session__judge_host(const struct ktstr_attr *attr, int exit_code,
			 const char *said, u64 duration_ns,
			 struct session_verdict *ret_verdict);

#endif /* KTSTR_SESSION_H */
