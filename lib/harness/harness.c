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
#include <ktstr/test-topology.h>

#include <limits.h>

#include "guest/guest.h"
#include "lib/harness/capacity.h"
#include "lib/harness/plan.h"
#include "vmm/accel.h"
#include "vmm/softkvm.h"

/* Exit status when nothing could be tried; see Documentation/running.md. */
#define EXIT_USAGE 2

/* --- guest --------------------------------------------------------------- */

/* A result of another machine than the declared one would mislead. */
static int compare_machine(const struct plan_test *test, const char *memory_mib,
			   struct kt_diag *diag)
{
	const struct topology declared = ktstr_attr__topology(&test->attr);
	struct test_topology seen __free(test_topology) = { 0 };
	int err = test_topology__read("/sys", &seen, diag);

	return err ? err
		   : test_topology__compare(&seen, &declared,
					    strtoul(memory_mib, NULL, 10),
					    diag);
}

static void guest_run_test(void *ctx, int argc, char **argv,
			   struct guest_result *result)
{
	const struct ktstr_harness_ops *ops = ctx;
	struct plan plan __free(plan) = { 0 };
	const struct plan_test *test;
	struct kt_diag diag = { 0 };
	int err;

	/* /args, written by the session. */
	if (argc != 5 || strcmp(argv[1], "-r") || strcmp(argv[3], "-m")) {
		snprintf(result->reason, sizeof(result->reason),
			 "/args of the ramdisk is not '-r NAME -m MIB'");
		result->exit_code = EXIT_FAILURE;
		return;
	}
	err = plan__build_one(ops, argv[2], &plan, &diag);
	if (err) {
		snprintf(result->reason, sizeof(result->reason), "%s",
			 diag__text(&diag, err));
		result->exit_code = EXIT_FAILURE;
		return;
	}
	test = plan__find(&plan, argv[2]);
	err = compare_machine(test, argv[4], &diag);
	if (err) {
		snprintf(result->reason, sizeof(result->reason), "%s",
			 diag__text(&diag, err));
		result->exit_code = KTSTR_EXIT_TOPOLOGY_MISMATCH;
		return;
	}
	result->exit_code =
		ops->run_one(test->name, test->attr.duration_s, result->reason,
			     sizeof(result->reason));
}

/* --- a test on the host -------------------------------------------------- */

/* What the forked tests know of the run. */
struct host_run {
	const struct ktstr_harness_ops *ops;
	const struct plan *plan;
	struct session *s; /* NULL: no selected test needs a machine */
	struct capacity capacity;
};

/* Outcomes that are decided before anything runs. */
static void conclude(struct session_verdict *v, enum ktstr_outcome outcome,
		     const char *reason)
{
	v->outcome = outcome;
	v->ksft_code = ktstr_outcome__ksft_code(outcome);
	snprintf(v->reason, sizeof(v->reason), "%s", reason);
}

static void run_here(const struct host_run *run, const struct plan_test *test,
		     struct session_verdict *v)
{
	u64 start_ns = kt_now_ns();
	char said[sizeof(v->reason)] = "";
	int code = run->ops->run_one(test->name, test->attr.duration_s, said,
				     sizeof(said));

	if (code == KTSTR_EXIT_INCONCLUSIVE)
		printf("# inconclusive: %s\n", said);
	session__judge_host(&test->attr, code, said, kt_now_ns() - start_ns, v);
}

static void run_test(const struct host_run *run, const struct plan_test *test,
		     char *reason, size_t reason_size,
		     struct session_verdict *v)
{
	if (test->fault) {
		printf("# setup_error: %s\n", test->fault);
		conclude(v, KTSTR_SETUP_ERROR, "ERROR setup_error");
	} else if (test->attr.ignore) {
		conclude(v, KTSTR_SKIP, "ignored");
	} else if (test->preset &&
		   capacity__refuses(&run->capacity, &test->attr, stdout)) {
		if (run->capacity.no_skip)
			conclude(v, KTSTR_SETUP_ERROR, "ERROR setup_error");
		else
			conclude(v, KTSTR_SKIP, HOST_TOPOLOGY_INSUFFICIENT);
	} else if (test->attr.host_only) {
		/* The words for a body that the harness has to kill. */
		snprintf(reason, reason_size, "ERROR timeout");
		run_here(run, test, v);
	} else {
		/* And for ourselves, should we not live to say more. */
		snprintf(reason, reason_size, "ERROR vmm_error");
		if (session__die_with_owner(run->s))
			_exit(EXIT_FAILURE);
		session__run_test(run->s, test->name, &test->attr, stdout, v);
	}
}

int ktstr_harness__run_test(void *ctx, const char *name, char *reason,
			    size_t reason_size)
{
	const struct host_run *run = ctx;
	const struct plan_test *test = plan__find(run->plan, name);
	struct session_verdict verdict = { 0 };

	if (test)
		run_test(run, test, reason, reason_size, &verdict);
	else
		conclude(&verdict, KTSTR_SETUP_ERROR, "ERROR setup_error");
	snprintf(reason, reason_size, "%s", verdict.reason);
	fflush(stdout);
	return verdict.ksft_code;
}

unsigned int ktstr_harness__timeout_s(void *ctx, const char *name)
{
	const struct host_run *run = ctx;
	const struct plan_test *test = plan__find(run->plan, name);

	if (!test)
		return 1;
	if (test->attr.host_only || !run->s)
		return test->attr.timeout_s;
	return session__budget_s(run->s, &test->attr);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* --- inside softkvm ------------------------------------------------------ */

static void watch_output(void *ctx, int fd, const void *buf, size_t len)
{
	if (fd == STDOUT_FILENO)
		ktap_tally__feed(ctx, buf, len);
}

/*
 * softkvm died while the program ran in it. Its report goes on here, so that
 * it stays one document with every planned test in it.
 */
static void finish_report(const struct ktap_tally *tally,
			  const struct plan *plan, const struct kt_diag *why)
{
	unsigned int at = 0;

	printf("%s# softkvm: %s\n", tally->midline ? "\n" : "", why->msg);
	for (unsigned int i = 0; i < plan->nr; i++)
		if (plan->tests[i].selected && ++at > tally->results)
			printf("not ok %u %s #  ERROR %s\n", at,
			       plan->tests[i].name,
			       ktstr_outcome__name(KTSTR_VMM_ERROR));
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
static bool run_elsewhere(char **argv, const struct plan *plan,
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
	finish_report(&tally, plan, diag);
	*ret_status = EXIT_FAILURE;
	return true;
}

/* --- host ---------------------------------------------------------------- */

static int run_tests(const struct args *args, const struct plan *plan,
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
	struct host_run run = { .ops = ops, .plan = plan };

	/*
	 * The version line must come first and the report's head right after
	 * it, so it is printed here and the harness is told not to.
	 */
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n");
	setenv("KSFT_TAP_LEVEL", "1", 1);
	if (plan__needs_machine(plan)) {
		if (session__new(&cfg, &s))
			return EXIT_FAILURE;
		session__describe(s, stdout);
		run.s = s;
	}
	if (plan->nr_not_asked)
		printf("# on presets, not asked for (-v, -r, --ignored): %u "
		       "tests\n",
		       plan->nr_not_asked);
	if (plan__needs_capacity(plan))
		capacity__init(&run.capacity, "/sys", accel->inside_softkvm);
	/* Before anything boots; each is told again under its test. */
	plan__faults(plan, "# bad attribute:", stdout);
	ops->arm(&run);
	return plan->argv ? ops->run(plan->argc, plan->argv)
			  : ops->run(args->argc, args->argv);
}

static int usage_error(const char *prog, const char *text)
{
	fprintf(stderr, "%s: %s\n", prog, text);
	return EXIT_USAGE;
}

static int print_help(char *prog, const struct ktstr_harness_ops *ops)
{
	fputs(args__help, stdout);
	fflush(stdout);
	/* The harness explains its flags on stderr. */
	dup2(STDOUT_FILENO, STDERR_FILENO);
	ops->usage(prog);
	return EXIT_SUCCESS;
}

static int check_all(const char *prog, const struct plan *plan)
{
	char prefix[PATH_MAX + 2];

	snprintf(prefix, sizeof(prefix), "%s:", prog);
	if (plan__faults(plan, prefix, stderr))
		return EXIT_USAGE;
	printf("%u tests: all attributes are valid\n", plan->nr_selected);
	return EXIT_SUCCESS;
}

static int run_planned(char **argv, const struct args *args,
		       const struct plan *plan,
		       const struct ktstr_harness_ops *ops)
{
	struct accel_probe accel = { 0 };
	struct kt_diag trouble = { 0 };
	int status;

	if (plan__needs_machine(plan) &&
	    run_elsewhere(argv, plan, &accel, &status, &trouble))
		return status;
	return run_tests(args, plan, &accel, &trouble, ops);
}

static int host_main(int argc, char **argv, const struct ktstr_harness_ops *ops)
{
	char **copy __free(ptr) = calloc((size_t)argc + 1, sizeof(*copy));
	struct args args __free(args) = { 0 };
	struct plan plan __free(plan) = { 0 };
	struct kt_diag diag = { 0 };
	int err;

	if (!copy)
		return EXIT_FAILURE;
	memcpy(copy, argv, (size_t)argc * sizeof(*copy));
	err = args__parse(argc, copy, &args, &diag);
	if (!err && args.help)
		return print_help(argv[0], ops);
	if (!err)
		err = plan__build(ops, &args, &plan, &diag);
	if (err)
		return usage_error(argv[0], diag__text(&diag, err));
	if (args.check)
		return check_all(argv[0], &plan);
	if (args.list != LIST_NONE) {
		plan__list(&plan, args.list, stdout);
		return EXIT_SUCCESS;
	}
	return run_planned(argv, &args, &plan, ops);
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
