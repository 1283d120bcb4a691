/* SPDX-License-Identifier: GPL-2.0 */
/*
 * `ktstr trace PROGRAM`: a program in a machine that is recorded. The trace
 * arrives in a directory beside the file that is to become it, in softkvm as
 * here, and gets its name once it is complete.
 */
#ifndef TOOLS_KTSTR_TRACE_RUN_H
#define TOOLS_KTSTR_TRACE_RUN_H

#include <limits.h>

#include "tools/ktstr/machine-run.h"

struct trace_run {
	struct machine_run run;	  /* options, and what machine-run.h makes */
	const char *output;	  /* file, or NULL: PROGRAM.pb */
	const char *events;	  /* -e */
	unsigned int duration_ms; /* -d, 0: as long as the program runs */
	const char *staging;	  /* from outside softkvm, else NULL */
	bool keep_memory;	  /* it was asked for */
	char **argv;		  /* the program's */
	int argc;

	char path[PATH_MAX]; /* of the trace */
	char dir[PATH_MAX];  /* where it arrives */
	char args[256];	     /* the tracer's */
};

/**
 * trace_run__execute - all of it
 * @argc, @argv: of the command, to run it again in softkvm
 * Return: exit status.
 */
int trace_run__execute(struct trace_run *tr, int argc, char **argv);

#endif /* TOOLS_KTSTR_TRACE_RUN_H */
