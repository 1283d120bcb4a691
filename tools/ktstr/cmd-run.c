// SPDX-License-Identifier: GPL-2.0
/*
 * `ktstr run`: any program as the work of a machine. Finds out what it takes
 * before a machine is built, then runs it once per kernel, here or, as the
 * same command, in softkvm.
 */
#include "tools/ktstr/cmd.h"

#include "lib/runner/label.h"
#include "tools/ktstr/machine-run.h"
#include "tools/ktstr/run-output.h"

#define DEFAULT_TIMEOUT_S 45u /* kselftest's runner.sh */

struct run_options {
	struct machine_run run;
	struct topology_args topology;
	bool raw, has_cpus;
	char **argv; /* the program's */
	int argc;
};

static int plan(struct machine_run *run, struct kt_diag *diag)
{
	const struct run_options *opt =
		container_of(run, struct run_options, run);

	return workload__program(run->workload, opt->argc, opt->argv, diag);
}

/* "selftests: DIR: PROG", and which kernel where there are several. */
static void result_name(const struct machine_run *run, unsigned int i,
			char *buf, size_t size)
{
	const char *prog = run->workload ? workload__name(run->workload) : "";
	char label[RUNNER_LABEL_MAX] = "";

	if (run->nr_kernels > 1)
		runner_label__kernel(run->kernel[i], label);
	snprintf(buf, size, "selftests: ktstr: %s%s%s", prog, *label ? "." : "",
		 label);
}

/* One result of the run. */
static int run_one(const struct run_options *opt, unsigned int i,
		   struct run_output *out)
{
	struct ktstr_attr attr = machine_run__attr(&opt->run, i);
	struct session *s = opt->run.session[i];
	struct session_verdict v = { 0 };
	char *report __free(ptr) = NULL;
	char name[256];
	size_t size;
	FILE *f = open_memstream(&report, &size);

	if (!f)
		return CMD_INFRA;
	result_name(&opt->run, i, name, sizeof(name));
	if (!opt->raw) {
		session__describe(s, stdout);
		printf("# timeout set to %u\n# %s\n", attr.timeout_s, name);
		fflush(stdout);
	}
	run_output__begin(out, opt->raw);
	session__run_test(s, workload__name(opt->run.workload), &attr, f, &v);
	if (fclose(f))
		return CMD_INFRA;
	return run_output__end(out, report, i + 1, name, &v);
}

/* The worst of several results: ours before the program's, 4 = skipped. */
static int worse(int a, int b)
{
	static const int rank_skip = 4;

	if (a == 0 || b == 0)
		return a == rank_skip || b == rank_skip ? 0 : a + b;
	if (a == rank_skip)
		return b;
	return b == rank_skip ? a : KT_MAX(a, b);
}

static int run_here(const struct run_options *opt)
{
	static struct run_output out; /* too large for the stack */
	struct workload_io io = { .output = run_output__take,
				  .ctx = &out,
				  .input_fd = -1 };
	int status = -1;

	workload__set_io(opt->run.workload, &io);
	if (!opt->raw)
		printf("TAP version 13\n1..%u\n", opt->run.nr_kernels);
	for (unsigned int i = 0; i < opt->run.nr_kernels; i++) {
		int one = run_one(opt, i, &out);

		status = status < 0 ? one : worse(status, one);
	}
	return status;
}

/* Nothing ran; the report still has every result that was promised. */
static int refuse(const struct run_options *opt, enum ktstr_outcome outcome,
		  const char *why)
{
	const struct machine_run *run = &opt->run;
	char name[256];

	fprintf(stderr, "ktstr run: %s\n", why);
	if (opt->raw)
		return ktstr_outcome__exit_status(outcome);
	printf("TAP version 13\n1..%u\n", run->nr_kernels);
	for (unsigned int i = 0; i < run->nr_kernels; i++) {
		result_name(run, i, name, sizeof(name));
		printf("not ok %u %s # ERROR %s\n", i + 1, name,
		       ktstr_outcome__name(outcome));
	}
	return ktstr_outcome__exit_status(outcome);
}

static int execute(struct run_options *opt, int argc, char **argv)
{
	struct kt_diag diag = { 0 };
	bool elsewhere = false;
	int status, err;

	err = machine_run__prepare(&opt->run, plan, &elsewhere, &diag);
	if (err) {
		status = refuse(opt, KTSTR_SETUP_ERROR, diag__text(&diag, err));
	} else if (elsewhere) {
		status = machine_run__elsewhere(&opt->run, "run", NULL, argc,
						argv, opt->raw, &diag);
		if (status < 0)
			status = refuse(opt, KTSTR_VMM_ERROR,
					diag__text(&diag, status));
	} else {
		status = run_here(opt);
	}
	machine_run__fini(&opt->run);
	if (fflush(stdout)) {
		fprintf(stderr, "ktstr run: writing output: %s\n",
			strerror(errno));
		return CMD_INFRA;
	}
	return status;
}

enum { OPT_RAW = 256, OPT_PERFORMANCE, OPT_KARGS };

static const struct argp_option options[] = {
	{ "kernel", 'k', "KERNEL", 0,
	  "image, build tree or cached kernel; may be repeated: one result "
	  "each",
	  0 },
	{ "cpus", 'c', "N", 0, "number of CPUs (2)", 0 },
	TOPOLOGY_OPTIONS,
	{ "memory", 'm', "MIB", 0,
	  "memory in MiB (512, more where the files or the CPUs need it)", 0 },
	{ "timeout", 't', "SECONDS", 0, "for the program (45)", 0 },
	{ "include", 'i', "FILE", 0,
	  "also pack this file, directory or program of PATH below "
	  "/include-files; may be repeated",
	  0 },
	{ "kargs", OPT_KARGS, "TEXT", 0, "more kernel command line", 0 },
	{ "performance-mode", OPT_PERFORMANCE, NULL, 0,
	  "whole LLCs of the host, vCPUs pinned and with real-time priority",
	  0 },
	MACHINE_HOST_OPTIONS,
	{ "raw", OPT_RAW, NULL, 0,
	  "the program's bytes as they are, and nothing else", 0 },
	{ 0 },
};

static error_t parse_opt(int key, char *arg, struct argp_state *state)
{
	struct run_options *opt = state->input;

	if (!topology_args__parse(&opt->topology, key, arg, state))
		return 0;
	switch (key) {
	case 'k':
		machine_run__add_kernel(&opt->run, arg, state);
		return 0;
	case 'i':
		machine_run__add_include(&opt->run, arg, state);
		return 0;
	case 'c':
		machine_run__set_cpus(&opt->run, arg, state);
		opt->has_cpus = true;
		return 0;
	case 'm':
		opt->run.attr.memory_mib = cmd__number(state, arg, "--memory");
		if (!opt->run.attr.memory_mib)
			argp_error(state, "--memory 0 is no machine");
		return 0;
	case 't':
		opt->run.attr.timeout_s = cmd__number(state, arg, "--timeout");
		return 0;
	case OPT_KARGS:
		opt->run.attr.kargs = arg;
		return 0;
	case OPT_PERFORMANCE:
		opt->run.attr.performance_mode = true;
		return 0;
	case OPT_RAW:
		opt->raw = true;
		return 0;
	case ARGP_KEY_ARG:
		/* Options stop at the program's name, as with env(1). */
		opt->argv = &state->argv[state->next - 1];
		opt->argc = state->argc - state->next + 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (!opt->argc)
			argp_error(state, "which program? e.g. run -- ./prog");
		if (opt->has_cpus && opt->topology.given)
			argp_error(state, "--cpus or --topology, not both");
		return 0;
	default:
		return machine_host__parse(key, arg, state);
	}
}

static const struct argp run_argp = {
	.options = options,
	.parser = parse_opt,
	.args_doc = "[--] PROGRAM [ARG...]",
};

static int cmd_run(int argc, char **argv)
{
	static struct run_options opt;
	int status;

	opt.run.attr = machine_run__defaults(DEFAULT_TIMEOUT_S);
	/* In order: what follows the program's name is the program's. */
	status = cmd__parse(&command_run, argc, argv, ARGP_IN_ORDER, &opt);
	if (status)
		return status;
	if (!opt.run.nr_kernels)
		opt.run.nr_kernels = 1; /* the usual one */
	machine_run__set_topology(&opt.run, &opt.topology);
	return execute(&opt, argc, argv);
}

const struct command command_run = {
	.name = "run",
	.fn = cmd_run,
	.summary = "run any program in a machine of its own",
	.argp = &run_argp,
	.description =
		"Boot a machine and run a program in it that knows nothing of "
		"this project: a kernel selftest, a benchmark, a script.\n"
		"\n"
		"Its shared libraries, or its interpreter's, go along. It "
		"finds itself at the path and in the directory it has here, "
		"with the arguments as they are, a clean environment, and "
		"nothing to read on standard input.\n"
		"\n"
		"The report has the shape of the kernel's own runner: the "
		"program's lines behind \"# \" as they come, then one "
		"result. It is `not ok` also when the program's own TAP has "
		"failed or missing tests behind exit status 0. At most 1 MiB "
		"of output is shown and the rest is counted; `--raw` has no "
		"limit.",
	.exits =
		(const struct cmd_note[]){
			{ "N", "the program's own status; 128 + N: it was "
			       "killed by signal N" },
			{ "1", "the program's TAP contradicts its exit "
			       "status 0" },
			{ "2", "wrong usage" },
			MACHINE_PROGRAM_EXITS,
			{ "125", "the output could not be written" },
			{ 0 },
		},
	.env = "KTSTR_KERNEL KTSTR_ACCEL KTSTR_CACHE_DIR KTSTR_SIDECAR_DIR "
	       "KTSTR_VERBOSE KTSTR_SOFTKVM_IDLE KTSTR_CPU_CAP "
	       "KTSTR_NO_PERF_MODE KTSTR_LOCK_DIR KTSTR_BYPASS_LLC_LOCKS "
	       "KTSTR_CONTENTION_BYPASS",
	.examples =
		(const struct cmd_note[]){
			{ "ktstr run --cpus 4 -- ./posix_timers",
			  "a kernel selftest on four CPUs" },
			{ "ktstr run --topology numa2-4llc -- ./schbench",
			  "a benchmark on two NUMA nodes" },
			{ "ktstr run --raw --include /usr/bin/seq -- ./s.sh 3",
			  "a script that needs a tool" },
			{ 0 },
		},
	.words = CMD_WORDS_PROGRAM,
};
