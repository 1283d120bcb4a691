// SPDX-License-Identifier: GPL-2.0
/*
 * `ktstr trace`: a trace of a program in a machine, and what is in a trace.
 */
#include "tools/ktstr/cmd.h"

#include "tools/ktstr/trace-info.h"
#include "tools/ktstr/trace-run.h"

#define DEFAULT_THREADS 20u
#define DEFAULT_TIMEOUT_S 45u

struct trace_options {
	struct trace_run tr;
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

enum { OPT_INFO = 256, OPT_THREADS, OPT_TOPOLOGY, OPT_KARGS, OPT_STAGING };

static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0, "write the trace there (PROGRAM.pb)", 0 },
	{ "events", 'e', "LIST", 0,
	  "what to record: sched (default), irq, softirq, wq, commas between "
	  "them",
	  0 },
	{ "duration", 'd', "MS", 0,
	  "stop recording after so long (when the program ends)", 0 },
	{ "topology", OPT_TOPOLOGY, "TOPOLOGY", 0,
	  "the machine's: a preset of `ktstr topo`, or nodes, LLCs, cores and "
	  "threads as in 2n4l4c2t (1n1l2c1t)",
	  0 },
	{ "kernel", 'k', "KERNEL", 0, "image, build tree or cached kernel", 0 },
	{ "memory", 'm', "MIB", 0,
	  "memory in MiB (512, more where the files need it)", 0 },
	{ "timeout", 't', "SECONDS", 0, "for the program (45)", 0 },
	{ "include", 'i', "FILE", 0,
	  "also pack this file, directory or program of PATH below "
	  "/include-files; may be repeated",
	  0 },
	{ "kargs", OPT_KARGS, "TEXT", 0, "more kernel command line", 0 },
	{ "info", OPT_INFO, "FILE", 0,
	  "check FILE and print what is in it; also a trace by wprof or "
	  "perfetto",
	  0 },
	{ "threads", OPT_THREADS, "N", 0,
	  "with --info, the N threads that ran longest (20), 0: all", 0 },
	{ "staging", OPT_STAGING, "DIR", OPTION_HIDDEN, "of those outside", 0 },
	{ 0 },
};

static void set_topology(struct trace_run *tr, const char *arg,
			 struct argp_state *state)
{
	struct kt_diag diag = { 0 };
	struct topology t;

	if (topo__parse(arg, &t, &diag))
		argp_error(state, "--topology: %s", diag.msg);
	else
		ktstr_attr__set_topology(&tr->run.attr, &t);
}

/* It becomes a word of the kernel command line. */
static void set_events(struct trace_run *tr, const char *arg,
		       struct argp_state *state)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz,";

	if (!*arg || arg[strspn(arg, letters)] || strlen(arg) > 64)
		argp_error(state,
			   "--events: '%s' is no list of sched, irq, softirq "
			   "and wq",
			   arg);
	tr->events = arg;
}

static error_t parse_machine(int key, char *arg, struct argp_state *state)
{
	struct trace_options *opt = state->input;
	struct machine_run *run = &opt->tr.run;

	switch (key) {
	case 'k':
		if (run->nr_kernels)
			argp_error(state, "one --kernel, there is one trace");
		machine_run__add_kernel(run, arg, state);
		return 0;
	case 'i':
		machine_run__add_include(run, arg, state);
		return 0;
	case 'm':
		run->attr.memory_mib = cmd__number(state, arg, "--memory");
		if (!run->attr.memory_mib)
			argp_error(state, "--memory 0 is no machine");
		opt->tr.keep_memory = true;
		return 0;
	case 't':
		run->attr.timeout_s = cmd__number(state, arg, "--timeout");
		return 0;
	case OPT_TOPOLOGY:
		set_topology(&opt->tr, arg, state);
		return 0;
	case OPT_KARGS:
		run->attr.kargs = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void check(const struct trace_options *opt, struct argp_state *state)
{
	if (opt->info && opt->tr.argc)
		argp_error(state, "--info FILE, or a program, not both");
	if (!opt->info && !opt->tr.argc)
		argp_error(state, "which program, or --info FILE? e.g. trace "
				  "-- ./prog");
}

static error_t parse_opt(int key, char *arg, struct argp_state *state)
{
	struct trace_options *opt = state->input;

	switch (key) {
	case 'o':
		opt->tr.output = arg;
		return 0;
	case 'e':
		set_events(&opt->tr, arg, state);
		return 0;
	case 'd':
		opt->tr.duration_ms = cmd__number(state, arg, "--duration");
		return 0;
	case OPT_INFO:
		opt->info = arg;
		return 0;
	case OPT_THREADS:
		opt->threads = cmd__number(state, arg, "--threads");
		return 0;
	case OPT_STAGING:
		opt->tr.staging = arg;
		return 0;
	case ARGP_KEY_ARG:
		/* Options stop at the program's name, as with env(1). */
		opt->tr.argv = &state->argv[state->next - 1];
		opt->tr.argc = state->argc - state->next + 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		check(opt, state);
		return 0;
	default:
		return parse_machine(key, arg, state);
	}
}

static const struct argp trace_argp = {
	.options = options,
	.parser = parse_opt,
	.args_doc = "[--] PROGRAM [ARG...]\n--info FILE",
};

static int cmd_trace(int argc, char **argv)
{
	static struct trace_options opt = { .threads = DEFAULT_THREADS };
	int status;

	opt.tr.run.attr = machine_run__defaults(DEFAULT_TIMEOUT_S);
	status = cmd__parse(&command_trace, argc, argv, ARGP_IN_ORDER, &opt);
	if (status)
		return status;
	if (opt.info)
		return show(&opt);
	if (!opt.tr.run.nr_kernels)
		opt.tr.run.nr_kernels = 1; /* the usual one */
	return trace_run__execute(&opt.tr, argc, argv);
}

const struct command command_trace = {
	.name = "trace",
	.fn = cmd_trace,
	.summary = "record who runs where, or look into such a trace",
	.argp = &trace_argp,
	.description =
		"Run a program in a machine of its own and record the "
		"scheduler at work: who ran on which CPU, who woke whom and "
		"how long that took. The trace is for https://ui.perfetto.dev "
		"and other readers of Perfetto's format.\n"
		"\n"
		"The program begins when recording has begun. Its output is "
		"passed on as it is, and it finds itself as with `ktstr run`. "
		"The tracer is `ktprof`, found beside `ktstr` or in PATH, or "
		"what KTSTR_WPROF_PATH names, which has to understand `-e`, "
		"`-d` and `-T`, and to end on SIGINT.\n"
		"\n"
		"With `--info`, check a trace and print what is in it: who "
		"wrote it, events lost, slices and idle time of each CPU, the "
		"threads that ran longest, wakeup latencies. Every packet of "
		"the file is looked at; a file that was cut short is an error "
		"that names the offset.",
	.exits =
		(const struct cmd_note[]){
			{ "N", "the program's own status; 128 + N: it was "
			       "killed by signal N" },
			{ "1", "`--info`: there is no such file, or it is cut "
			       "or no trace" },
			{ "2", "wrong usage" },
			MACHINE_PROGRAM_EXITS,
			{ "125", "there is no trace, or output could not be "
				 "written" },
			{ 0 },
		},
	.env = "KTSTR_KERNEL KTSTR_ACCEL KTSTR_CACHE_DIR KTSTR_VERBOSE "
	       "KTSTR_SOFTKVM_IDLE KTSTR_WPROF_PATH KTSTR_CPU_CAP "
	       "KTSTR_NO_PERF_MODE KTSTR_LOCK_DIR KTSTR_BYPASS_LLC_LOCKS "
	       "KTSTR_CONTENTION_BYPASS",
	.examples =
		(const struct cmd_note[]){
			{ "ktstr trace --topology 2n4l2c1t -- ./posix_timers",
			  "a kernel selftest on two nodes, into "
			  "posix_timers.pb" },
			{ "ktstr trace --info posix_timers.pb",
			  "what is in that" },
			{ 0 },
		},
	.words = CMD_WORDS_PROGRAM,
};
