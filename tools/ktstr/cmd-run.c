// SPDX-License-Identifier: GPL-2.0
/*
 * `ktstr run`: any program as the work of a machine. Finds out what it takes
 * before a machine is built, then runs it once per kernel, here or, as the
 * same command, in softkvm.
 */
#include "tools/ktstr/cmd.h"

#include <limits.h>

#include <ktstr/cache.h>
#include <ktstr/fd.h>
#include <ktstr/workload.h>

#include "tools/ktstr/run-output.h"
#include "vmm/accel.h"
#include "vmm/softkvm.h"

#define MAX_KERNELS 32u
#define MAX_INCLUDES 256u
#define DEFAULT_TIMEOUT_S 45u /* kselftest's runner.sh */

struct run_options {
	const char *kernel[MAX_KERNELS];
	unsigned int nr_kernels;
	const char *include[MAX_INCLUDES];
	unsigned int nr_includes;
	struct ktstr_attr attr; /* memory_mib 0: what the files need */
	bool raw;
	char **argv; /* the program's */
	int argc;
};

/** struct run - everything one invocation needs at the same time */
struct run {
	const struct run_options *opt;
	struct workload *workload;
	struct accel_probe accel;
	char log_root[PATH_MAX];
	struct session *session[MAX_KERNELS];
};

static int find_log_root(char *buf, size_t size, struct kt_diag *diag)
{
	const char *dir = getenv("KTSTR_SIDECAR_DIR");
	int len;

	if (!dir || !*dir)
		return cache__dir("logs", buf, size, diag);
	len = snprintf(buf, size, "%s", dir);
	return (size_t)len < size ? 0 : -ENAMETOOLONG;
}

static int plan_workload(const struct run_options *opt,
			 struct workload **ret_workload, struct kt_diag *diag)
{
	struct workload *w __free(workload) = NULL;
	int err = workload__new(&w);

	if (!err)
		err = workload__program(w, opt->argc, opt->argv, diag);
	for (unsigned int i = 0; i < opt->nr_includes && !err; i++)
		err = workload__include(w, opt->include[i], diag);
	if (err)
		return err;
	*ret_workload = no_free_ptr(w);
	return 0;
}

static int make_session(struct run *run, unsigned int i, struct kt_diag *diag)
{
	struct session_config cfg = {
		.kernel = run->opt->kernel[i],
		.init = "/proc/self/exe",
		.prog = "run",
		.accel = &run->accel,
		.workload = run->workload,
		.log_root = run->log_root,
	};
	const char *trouble;
	int err = session__new(&cfg, &run->session[i]);

	if (err)
		return err;
	trouble = session__trouble(run->session[i]);
	return trouble ? diag__fail(diag, -ENODEV, "%s", trouble) : 0;
}

/* All that can go wrong without a machine goes wrong here. */
static int prepare(struct run *run, bool *ret_elsewhere, struct kt_diag *diag)
{
	int err = plan_workload(run->opt, &run->workload, diag);

	if (!err)
		err = find_log_root(run->log_root, sizeof(run->log_root), diag);
	if (!err)
		err = softkvm__wanted(true, &run->accel, ret_elsewhere, diag);
	for (unsigned int i = 0; i < run->opt->nr_kernels && !err; i++)
		err = make_session(run, i, diag);
	return err;
}

static void fini(struct run *run)
{
	for (unsigned int i = 0; i < run->opt->nr_kernels; i++)
		session__free(run->session[i]);
	workload__free(run->workload);
}

static void result_name(const struct run *run, unsigned int i, char *buf,
			size_t size)
{
	const char *prog = workload__name(run->workload);

	if (run->opt->nr_kernels < 2)
		snprintf(buf, size, "selftests: ktstr: %s", prog);
	else
		snprintf(buf, size, "selftests: ktstr: %s.kernel_%s", prog,
			 session__kernel_name(run->session[i]));
}

/* One result of the run. */
static int run_one(struct run *run, unsigned int i, struct run_output *out)
{
	struct ktstr_attr attr = run->opt->attr;
	struct session *s = run->session[i];
	struct session_verdict v = { 0 };
	char name[256], *report = NULL;
	size_t size;
	FILE *f = open_memstream(&report, &size);
	int status;

	if (!f)
		return CMD_INFRA;
	if (!attr.memory_mib)
		attr.memory_mib = KT_MAX(KTSTR_DEFAULT_MEMORY_MIB,
					 session__memory_mib(s));
	result_name(run, i, name, sizeof(name));
	if (!run->opt->raw) {
		session__describe(s, stdout);
		printf("# timeout set to %u\n# %s\n", attr.timeout_s, name);
		fflush(stdout);
	}
	run_output__begin(out, run->opt->raw);
	session__run_test(s, workload__name(run->workload), &attr, f, &v);
	if (fclose(f))
		return CMD_INFRA;
	status = run_output__end(out, report, i + 1, name, &v);
	free(report);
	return status;
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

static int run_here(struct run *run)
{
	static struct run_output out; /* too large for the stack */
	struct workload_io io = { .output = run_output__take,
				  .ctx = &out,
				  .input_fd = -1 };
	int status = -1;

	workload__set_io(run->workload, &io);
	if (!run->opt->raw)
		printf("TAP version 13\n1..%u\n", run->opt->nr_kernels);
	for (unsigned int i = 0; i < run->opt->nr_kernels; i++) {
		int one = run_one(run, i, &out);

		status = status < 0 ? one : worse(status, one);
	}
	return status;
}

static int rerun(int argc, char **argv, const struct run *run,
		 struct kt_diag *diag)
{
	char **copy __free(ptr) = calloc((size_t)argc + 2, sizeof(*copy));
	const char *rw[] = { run->log_root };
	struct softkvm_exec req = { .argv = copy,
				    .rw_dirs = rw,
				    .nr_rw_dirs = 1,
				    .quiet = run->opt->raw };
	char name[] = "run";
	int status, err;

	if (!copy)
		return -ENOMEM;
	copy[0] = name; /* becomes this executable's path */
	copy[1] = name;
	memcpy(copy + 2, argv + 1, (size_t)(argc - 1) * sizeof(*copy));
	/* Written through from inside, so it has to exist out here. */
	if (fd__mkdirs(run->log_root))
		req.nr_rw_dirs = 0;
	err = softkvm__rerun(&req, &status, diag);
	return err ? err : status;
}

/* Nothing ran; the report still has every result that was promised. */
static int refuse(const struct run *run, enum ktstr_outcome outcome,
		  const char *why)
{
	const char *prog = run->workload ? workload__name(run->workload)
					 : run->opt->argv[0];

	fprintf(stderr, "ktstr run: %s\n", why);
	if (run->opt->raw)
		return ktstr_outcome__exit_status(outcome);
	printf("TAP version 13\n1..%u\n", run->opt->nr_kernels);
	for (unsigned int i = 0; i < run->opt->nr_kernels; i++)
		printf("not ok %u selftests: ktstr: %s%s%s # ERROR %s\n", i + 1,
		       prog, run->opt->nr_kernels > 1 ? ".kernel_" : "",
		       run->opt->nr_kernels > 1 ? run->opt->kernel[i] : "",
		       ktstr_outcome__name(outcome));
	return ktstr_outcome__exit_status(outcome);
}

static int execute(const struct run_options *opt, int argc, char **argv)
{
	struct run run = { .opt = opt };
	struct kt_diag diag = { 0 };
	bool elsewhere = false;
	int status, err;

	err = prepare(&run, &elsewhere, &diag);
	if (err) {
		status =
			refuse(&run, KTSTR_SETUP_ERROR, diag__text(&diag, err));
	} else if (elsewhere) {
		status = rerun(argc, argv, &run, &diag);
		if (status < 0)
			status = refuse(&run, KTSTR_VMM_ERROR,
					diag__text(&diag, status));
	} else {
		status = run_here(&run);
	}
	fini(&run);
	if (fflush(stdout)) {
		fprintf(stderr, "ktstr run: writing output: %s\n",
			strerror(errno));
		return CMD_INFRA;
	}
	return status;
}

enum { OPT_RAW = 256, OPT_KARGS };

static const struct argp_option options[] = {
	{ "kernel", 'k', "KERNEL", 0,
	  "image, build tree or cached kernel; may be repeated: one result "
	  "each",
	  0 },
	{ "cpus", 'c', "N", 0, "number of CPUs (2)", 0 },
	{ "memory", 'm', "MIB", 0,
	  "memory in MiB (512, more where the files need it)", 0 },
	{ "timeout", 't', "SECONDS", 0, "for the program (45)", 0 },
	{ "include", 'i', "FILE|DIR|NAME", 0,
	  "also pack this below /include-files; may be repeated", 0 },
	{ "kargs", OPT_KARGS, "TEXT", 0, "more kernel command line", 0 },
	{ "raw", OPT_RAW, NULL, 0,
	  "the program's bytes as they are, and nothing else", 0 },
	{ 0 },
};

static error_t parse_list(const char **list, unsigned int *nr, unsigned int max,
			  const char *arg, struct argp_state *state)
{
	if (*nr == max)
		argp_error(state, "more than %u of one option", max);
	else
		list[(*nr)++] = arg;
	return 0;
}

static error_t parse_opt(int key, char *arg, struct argp_state *state)
{
	struct run_options *opt = state->input;

	switch (key) {
	case 'k':
		return parse_list(opt->kernel, &opt->nr_kernels, MAX_KERNELS,
				  arg, state);
	case 'i':
		return parse_list(opt->include, &opt->nr_includes, MAX_INCLUDES,
				  arg, state);
	case 'c':
		opt->attr.cpus = cmd__number(state, arg, "--cpus");
		return 0;
	case 'm':
		opt->attr.memory_mib = cmd__number(state, arg, "--memory");
		if (!opt->attr.memory_mib)
			argp_error(state, "--memory 0 is no machine");
		return 0;
	case 't':
		opt->attr.timeout_s = cmd__number(state, arg, "--timeout");
		return 0;
	case OPT_KARGS:
		opt->attr.kargs = arg;
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
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp run_argp = {
	.options = options,
	.parser = parse_opt,
	.args_doc = "[--] PROGRAM [ARG...]",
};

static int cmd_run(int argc, char **argv)
{
	static struct run_options opt = {
		.attr = { .cpus = KTSTR_DEFAULT_CPUS,
			  .timeout_s = DEFAULT_TIMEOUT_S },
	};
	/* In order: what follows the program's name is the program's. */
	int status = cmd__parse(&command_run, argc, argv, ARGP_IN_ORDER, &opt);

	if (status)
		return status;
	if (!opt.nr_kernels)
		opt.kernel[opt.nr_kernels++] = NULL;
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
			{ "110", "the guest's kernel panicked" },
			{ "111", "the guest's init could not work" },
			{ "112", "the guest's kernel warned, oopsed or "
				 "stalled" },
			{ "113", "the guest ran out of memory" },
			{ "114", "the guest went away without a result" },
			{ "115", "our machine, KVM or softkvm failed" },
			{ "116", "no kernel, no accelerator, or a program "
				 "that cannot be packed" },
			{ "124", "the program was past its time limit" },
			{ "125", "the output could not be written" },
			{ 0 },
		},
	.env = "KTSTR_KERNEL KTSTR_ACCEL KTSTR_CACHE_DIR KTSTR_SIDECAR_DIR "
	       "KTSTR_VERBOSE KTSTR_SOFTKVM_IDLE",
	.examples =
		(const struct cmd_note[]){
			{ "ktstr run --cpus 4 -- ./posix_timers",
			  "a kernel selftest on four CPUs" },
			{ "ktstr run --raw --include /usr/bin/seq -- ./s.sh 3",
			  "a script that needs a tool" },
			{ 0 },
		},
	.words = CMD_WORDS_PROGRAM,
};
