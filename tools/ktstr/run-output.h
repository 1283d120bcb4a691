/* SPDX-License-Identifier: GPL-2.0 */
/*
 * `ktstr run`: what comes out of it. The program's bytes go straight through,
 * or become comment lines of a report in the shape of the kernel's runner.sh.
 */
#ifndef TOOLS_KTSTR_RUN_OUTPUT_H
#define TOOLS_KTSTR_RUN_OUTPUT_H

#include <ktstr/ktap-fold.h>
#include <ktstr/ktap.h>
#include <ktstr/session.h>

/** struct run_output - one program in one machine; large, keep it static */
struct run_output {
	bool raw;
	int err; /* first failure to write, -errno */
	struct ktap_relay relay;
	struct ktap_fold fold;
	size_t used;
	char buf[64u << 10]; /* lines on their way out */
};

/** run_output__begin - forget the last program */
void run_output__begin(struct run_output *out, bool raw);

/** run_output__take - struct workload_io's output */
void run_output__take(void *ctx, int fd, const void *buf, size_t len);

/**
 * run_output__end - the last bytes, then what the session reported, then the
 * result
 * @report: the session's lines
 * @number: of the result line
 * @name: description of the result line
 * Return: exit status that this result stands for.
 */
int run_output__end(struct run_output *out, const char *report,
		    unsigned int number, const char *name,
		    const struct session_verdict *v);

#endif /* TOOLS_KTSTR_RUN_OUTPUT_H */
