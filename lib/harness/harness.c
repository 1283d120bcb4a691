// SPDX-License-Identifier: GPL-2.0
/*
 * main() of every test program: finds out which part this process plays
 * (guest init, softkvm's helper roles, host) and plays it. The lists of tests
 * live in the program's own translation unit, reached through
 * struct ktstr_harness_ops. Single-threaded.
 */
#include <ktstr/harness-glue.h>

#include <ktstr/fd.h>
#include <ktstr/ktap.h>
#include <ktstr/session.h>

#include <limits.h>

#include "guest/guest.h"
#include "vmm/accel.h"
#include "vmm/softkvm.h"

/* Exit status when nothing could be tried; see Documentation/running.md. */
#define EXIT_USAGE 2

/* --- guest --------------------------------------------------------------- */

static void guest_run_test(void *ctx, int argc, char **argv,
			   struct guest_result *result)
{
	const struct ktstr_harness_ops *ops = ctx;

	/* /args: -r NAME, written by the session. */
	if (argc != 3 || strcmp(argv[1], "-r")) {
		snprintf(result->reason, sizeof(result->reason),
			 "/args of the ramdisk is not '-r NAME'");
		result->exit_code = EXIT_FAILURE;
		return;
	}
	result->exit_code =
		ops->run_one(argv[2], result->reason, sizeof(result->reason));
}

/* --- host options -------------------------------------------------------- */

struct host_args {
	int argc;
	char **argv; /* ours taken out, the harness's left */
	const char *kernel;
	bool list;
	char harness_help[3];
};

static const char help[] =
	"Tests run in virtual machines; options of ktstr:\n"
	"\t--kernel K  image, build tree or name of a cached kernel\n"
	"\t--list      print FIXTURE[.VARIANT].TEST of each selected test\n"
	"\t--help      this text\n"
	"Environment: KTSTR_KERNEL, KTSTR_ACCEL=auto|kvm|softkvm,\n"
	"\tKTSTR_SIDECAR_DIR (logs), KTSTR_CACHE_DIR, KTSTR_VERBOSE=1\n";

/* Return: 0, or the exit status + 1 when the program should end now. */
static int take_options(struct host_args *args, int argc, char **argv)
{
	args->argv = argv;
	args->argc = 1;
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help")) {
			fputs(help, stdout);
			args->argv[args->argc++] = args->harness_help;
		} else if (!strcmp(argv[i], "--list")) {
			args->list = true;
		} else if (!strncmp(argv[i], "--kernel=", 9)) {
			args->kernel = argv[i] + 9;
		} else if (!strcmp(argv[i], "--kernel")) {
			if (i + 1 == argc) {
				fprintf(stderr,
					"%s: --kernel needs an argument\n",
					argv[0]);
				return EXIT_USAGE + 1;
			}
			args->kernel = argv[++i];
		} else {
			args->argv[args->argc++] = argv[i];
		}
	}
	args->argv[args->argc] = NULL;
	return 0;
}

/* --- host ---------------------------------------------------------------- */

int ktstr_harness__run_vm(struct session *s, const char *name,
			  const struct ktstr_attr *attr, char *reason,
			  size_t reason_size)
{
	struct session_verdict verdict = { 0 };

	if (session__die_with_owner(s))
		_exit(EXIT_FAILURE);
	session__run_test(s, name, attr, stdout, &verdict);
	snprintf(reason, reason_size, "%s", verdict.reason);
	fflush(stdout);
	return verdict.ksft_code;
}

unsigned int ktstr_harness__budget_s(const struct session *s,
				     const struct ktstr_attr *attr)
{
	return session__budget_s(s, attr);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* --- inside softkvm ------------------------------------------------------ */

static void print_name(void *ctx, const char *name)
{
	(void)ctx;
	puts(name);
}

static void watch_output(void *ctx, int fd, const void *buf, size_t len)
{
	if (fd == STDOUT_FILENO)
		ktap_tally__feed(ctx, buf, len);
}

struct finish {
	unsigned int have; /* results the report already has */
	unsigned int at;
};

static void report_lost(void *ctx, const char *name)
{
	struct finish *f = ctx;

	if (++f->at > f->have)
		printf("not ok %u %s #  ERROR %s\n", f->at, name,
		       ktstr_outcome__name(KTSTR_VMM_ERROR));
}

/*
 * softkvm died while the program ran in it. Its report goes on here, so that
 * it stays one document with every planned test in it.
 */
static void finish_report(const struct ktap_tally *tally,
			  const struct host_args *args,
			  const struct kt_diag *why,
			  const struct ktstr_harness_ops *ops)
{
	struct finish f = { .have = tally->results };

	printf("%s# softkvm: %s\n", tally->midline ? "\n" : "", why->msg);
	ops->each(args->argc, args->argv, report_lost, &f);
	fflush(stdout);
}

/*
 * The original argument vector goes inside: there the same program decides
 * again, with a /dev/kvm that works.
 */
static int rerun_in_softkvm(char **argv, struct ktap_tally *tally,
			    int *ret_status, struct kt_diag *diag)
{
	char logs[PATH_MAX];
	const char *rw[] = { logs };
	struct softkvm_exec req = { .argv = argv,
				    .rw_dirs = rw,
				    .nr_rw_dirs = 1,
				    .on_output = watch_output,
				    .ctx = tally };
	int err = session__log_root(logs, sizeof(logs), diag);

	if (err)
		return err;
	/* Written through from inside, so it has to exist out here. */
	if (fd__mkdirs(logs))
		req.nr_rw_dirs = 0;
	return softkvm__rerun(&req, ret_status, diag);
}

/*
 * Decide where to run. Return: true when the program ran elsewhere and
 * *@ret_status is its exit status. Trouble before it said anything is left to
 * the session, which reports it under every planned test.
 */
static bool run_elsewhere(char **argv, const struct host_args *args,
			  const struct ktstr_harness_ops *ops,
			  struct accel_probe *ret_probe, int *ret_status,
			  struct kt_diag *diag)
{
	struct ktap_tally tally = { 0 };
	bool elsewhere;

	if (softkvm__wanted(true, ret_probe, &elsewhere, diag) || !elsewhere)
		return false;
	if (!rerun_in_softkvm(argv, &tally, ret_status, diag))
		return true;
	if (!tally.begun)
		return false;
	finish_report(&tally, args, diag, ops);
	*ret_status = EXIT_FAILURE;
	return true;
}

static int run_tests(struct host_args *args, bool need_vm,
		     const struct accel_probe *accel,
		     const struct kt_diag *trouble,
		     const struct ktstr_harness_ops *ops)
{
	struct session_config cfg = { .kernel = args->kernel,
				      .init = "/proc/self/exe",
				      .prog = base_name(args->argv[0]),
				      .trouble = trouble->msg,
				      .accel = accel };
	struct session *s __free(session) = NULL;

	/*
	 * The version line must come first and the report's head right after
	 * it, so it is printed here and the harness is told not to.
	 */
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n");
	setenv("KSFT_TAP_LEVEL", "1", 1);
	if (need_vm) {
		if (session__new(&cfg, &s))
			return EXIT_FAILURE;
		session__describe(s, stdout);
		ops->arm(s);
	}
	return ops->run(args->argc, args->argv);
}

static int host_main(int argc, char **argv, const struct ktstr_harness_ops *ops)
{
	char **original = argv, bad[256];
	char **copy __free(ptr) = calloc((size_t)argc + 1, sizeof(*copy));
	struct host_args args = { .harness_help = "-h" };
	struct accel_probe accel = { 0 };
	struct kt_diag trouble = { 0 };
	bool need_vm;
	int status;

	if (!copy)
		return EXIT_FAILURE;
	memcpy(copy, argv, (size_t)argc * sizeof(*copy));
	status = take_options(&args, argc, copy);
	if (status)
		return status - 1;
	status = ops->check_args(args.argc, args.argv);
	if (status)
		return status;
	if (!ops->check_attrs(bad, sizeof(bad))) {
		fprintf(stderr,
			"%s: attributes are given for %s, which is no test "
			"of this program\n",
			argv[0], bad);
		return EXIT_USAGE;
	}
	if (!ops->count(args.argc, args.argv, &need_vm)) {
		fprintf(stderr,
			"%s: the arguments select no test; -l lists them\n",
			argv[0]);
		return EXIT_USAGE;
	}
	if (args.list) {
		ops->each(args.argc, args.argv, print_name, NULL);
		return EXIT_SUCCESS;
	}
	if (need_vm &&
	    run_elsewhere(original, &args, ops, &accel, &status, &trouble))
		return status;
	return run_tests(&args, need_vm, &accel, &trouble, ops);
}

int ktstr_harness__main(int argc, char **argv,
			const struct ktstr_harness_ops *ops)
{
	struct guest_ops guest = { .run_test = guest_run_test };
	int status;

	if (guest__is_init()) {
		guest.ctx = (void *)(uintptr_t)ops;
		return guest__init(&guest);
	}
	if (softkvm__main(argc, argv, &status))
		return status;
	return host_main(argc, argv, ops);
}
