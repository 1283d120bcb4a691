/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs a plan: programs in several processes at once, their TAP followed line
 * by line, every planned test reported exactly once, whatever happens. Used
 * by `ktstr test`. One thread; signals must be blocked as runner__block()
 * does.
 */
#ifndef LIB_RUNNER_RUNNER_H
#define LIB_RUNNER_RUNNER_H

#include <sched.h>
#include <signal.h>

#include "lib/runner/outdir.h"
#include "lib/runner/testplan.h"

#define RUNNER_JOBS_MAX 64u
#define RUNNER_RETRIES_MAX 100u

/** struct runner_config - how to run; everything is borrowed */
struct runner_config {
	const char *const *kernels; /* values of KTSTR_KERNEL; none = inherit */
	const char *const *labels;  /* of each kernel */
	unsigned int nr_kernels;
	const char *const *env; /* for every program, "NAME=VALUE" */
	unsigned int nr_env;
	unsigned int jobs;	     /* programs at once, 1..RUNNER_JOBS_MAX */
	unsigned int first_instance; /* KTSTR_SOFTKVM_INSTANCE of worker 0 */
	const cpu_set_t *cpus;	     /* for each worker; NULL = do not pin */
	unsigned int retries; /* further attempts at a test that failed */
	bool fail_fast;
	u64 limit_s; /* for one program's process; 0 = none */
	bool quiet;  /* no test's lines on standard output */
	bool silent; /* nothing there */
	int out_fd;
	int progress_fd; /* terminal for the progress line, -1 = none */
};

/** struct runner_counts - what the tests came to */
struct runner_counts {
	unsigned int by_outcome[KTSTR_OUTCOME_NR];
	unsigned int flaky;
};

/** struct runner_result - how the run went */
struct runner_result {
	enum ktstr_outcome worst;
	struct runner_counts counts;
	int signal;  /* that ended it, 0 = none; SIGPIPE: output closed */
	int out_err; /* standard output could not be written */
	u64 duration_ns;
	u64 started_s; /* seconds since the epoch */
};

/** runner__block - block what ends a run, so that it ends in order */
void runner__block(sigset_t *ret_set);

/**
 * runner__run - run the plan and print the flat KTAP document
 * @plan: every test in it gets at least one attempt and is done
 * @dir: where logs go; a directory of OUTDIR_NONE has none
 *
 * Return: 0 with the result, or -errno with a message when it could not
 * begin. That tests fail or a signal comes is no error.
 */
int runner__run(const struct runner_config *cfg, struct testplan *plan,
		struct outdir *dir, struct runner_result *ret_result,
		struct kt_diag *diag);

/**
 * runner__print - write @text to the output, giving way to signals
 * Return: 0, or the negative error of the output, -EINTR for a signal.
 */
int runner__print(const struct runner_config *cfg, const char *text,
		  size_t len);

#endif /* LIB_RUNNER_RUNNER_H */
