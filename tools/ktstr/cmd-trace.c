// SPDX-License-Identifier: GPL-2.0
/*
 * `ktstr trace`: what is in a trace of scheduling.
 */
#include "tools/ktstr/cmd.h"

#include "tools/ktstr/trace-info.h"

#define DEFAULT_THREADS 20u

struct trace_options {
	const char *info;
	unsigned int threads;
};

static int show(const struct trace_options *opt)
{
	struct wprof_pb *pb __free(wprof_pb) = NULL;
	struct kt_diag diag = { 0 };
	int err = wprof_pb_query(opt->info, &pb, &diag);

	if (err) {
		fprintf(stderr, "ktstr trace: %s\n", diag__text(&diag, err));
		return CMD_FAIL;
	}
	trace_info__print(pb, opt->info, opt->threads, stdout);
	return fflush(stdout) ? CMD_INFRA : CMD_OK;
}

enum { OPT_INFO = 256, OPT_THREADS };

static const struct argp_option options[] = {
	{ "info", OPT_INFO, "FILE", 0,
	  "check FILE and print what is in it; also a trace by wprof or "
	  "perfetto",
	  0 },
	{ "threads", OPT_THREADS, "N", 0,
	  "with --info, the N threads that ran longest (20), 0: all", 0 },
	{ 0 },
};

static error_t parse_opt(int key, char *arg, struct argp_state *state)
{
	struct trace_options *opt = state->input;

	switch (key) {
	case OPT_INFO:
		opt->info = arg;
		return 0;
	case OPT_THREADS:
		opt->threads = cmd__number(state, arg, "--threads");
		return 0;
	case ARGP_KEY_END:
		if (!opt->info)
			argp_error(state, "which trace? --info FILE");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp trace_argp = {
	.options = options,
	.parser = parse_opt,
};

static int cmd_trace(int argc, char **argv)
{
	struct trace_options opt = { .threads = DEFAULT_THREADS };
	int status = cmd__parse(&command_trace, argc, argv, 0, &opt);

	return status ? status : show(&opt);
}

const struct command command_trace = {
	.name = "trace",
	.fn = cmd_trace,
	.summary = "what ran where: look into a trace",
	.argp = &trace_argp,
	.description =
		"Check a trace of scheduling and print what is in it: who "
		"wrote it, events lost, slices and idle time of each CPU, the "
		"threads that ran longest, wakeup latencies.\n"
		"\n"
		"Every packet of the file is looked at; a file that was cut "
		"short is an error that names the offset.",
	.exits =
		(const struct cmd_note[]){
			{ "0", "the trace is whole" },
			{ "1", "there is no such file, or it is cut or no "
			       "trace" },
			{ "2", "wrong usage" },
			{ "125", "the output could not be written" },
			{ 0 },
		},
	.examples =
		(const struct cmd_note[]){
			{ "ktstr trace --info build.pb",
			  "what is in build.pb" },
			{ 0 },
		},
};
