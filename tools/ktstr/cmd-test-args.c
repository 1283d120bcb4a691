// SPDX-License-Identifier: GPL-2.0
/* The command line of `ktstr test`, and its --help. */
#include "tools/ktstr/cmd-test.h"

#include <ktstr/cpulist.h>
#include <ktstr/outcome.h>

#include "lib/runner/runner.h"
#include "lib/runner/settings.h"
#include "tools/ktstr/cmd.h"

enum {
	OPT_LIST = 'l',
	OPT_JOBS = 'j',
	OPT_KERNEL = 'k',
	OPT_OUTPUT = 'o',
	OPT_SUMMARY = 's',
	OPT_ACCEL = 256,
	OPT_BISECT,
	OPT_CPU_CAP,
	OPT_EXCLUDE,
	OPT_FAIL_FAST,
	OPT_JSON,
	OPT_NO_PERF,
	OPT_PROGRAMS,
	OPT_RETRY,
	OPT_SHARD,
	OPT_TAG,
	OPT_TIMEOUT,
};

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "What runs:", 1 },
	{ "list", OPT_LIST, NULL, 0,
	  "print PROGRAM:TEST of what is selected and run nothing", 1 },
	{ "tag", OPT_TAG, "TAG", 0,
	  "only tests with this tag (repeatable: with any of them)", 1 },
	{ "shard", OPT_SHARD, "I/N", 0,
	  "only part I of N; the parts of one list are disjoint and complete",
	  1 },
	{ "kernel", OPT_KERNEL, "KERNEL", 0,
	  "image, build tree or name of a cached kernel (repeatable: each test "
	  "runs in each, and its name ends in .kernel_...)",
	  1 },
	{ "programs", OPT_PROGRAMS, "DIR", 0,
	  "test programs (default: kselftest/ktstr beside this command)", 1 },
	{ "exclude", OPT_EXCLUDE, "PROGRAM", 0,
	  "leave this program out (repeatable)", 1 },
	{ NULL, 0, NULL, 0, "How:", 2 },
	{ "jobs", OPT_JOBS, "N", 0,
	  "run N programs at once (default 1); without KVM hardware each of "
	  "them has a softkvm of its own",
	  2 },
	{ "timeout", OPT_TIMEOUT, "SECONDS", 0,
	  "limit for one process of a program, 0 for none (default: "
	  "kselftest_override_timeout, `timeout=` in settings beside the "
	  "programs, 45)",
	  2 },
	{ "accel", OPT_ACCEL, "kvm|softkvm|auto", 0,
	  "where machines run (KTSTR_ACCEL)", 2 },
	{ "cpu-cap", OPT_CPU_CAP, "N", 0,
	  "machines share N of the host's CPUs (KTSTR_CPU_CAP)", 2 },
	{ "no-perf-mode", OPT_NO_PERF, NULL, 0,
	  "machines share CPUs, tests in performance mode are skipped "
	  "(KTSTR_NO_PERF_MODE)",
	  2 },
	{ "retry-failed", OPT_RETRY, "N", 0,
	  "try a test that failed up to N more times, each in a fresh machine; "
	  "the last attempt is its result",
	  2 },
	{ "fail-fast", OPT_FAIL_FAST, NULL, 0,
	  "stop at the first test that fails; the others become SKIP", 2 },
	{ NULL, 0, NULL, 0, "What comes out:", 3 },
	{ "output", OPT_OUTPUT, "DIR", 0,
	  "leave per-test logs, results.ktap, results.json and results.xml "
	  "(JUnit) there; one run at a time",
	  3 },
	{ "json", OPT_JSON, NULL, 0,
	  "print results.json instead of KTAP on standard output", 3 },
	{ "summary", OPT_SUMMARY, NULL, 0,
	  "print results of programs and the tests that failed, no more", 3 },
	{ "bisect", OPT_BISECT, NULL, 0,
	  "exit status for `git bisect run`: 0 good, 1 bad, 125 cannot tell",
	  3 },
	{ 0 },
};

static void add_word(struct word_list *list, const char *word, unsigned int max,
		     struct argp_state *state)
{
	if (list->nr == max)
		argp_error(state,
			   "more than %u times the same kind of "
			   "argument: '%s'",
			   max, word);
	else if (!*word)
		argp_error(state, "an argument is empty");
	else
		list->words[list->nr++] = word;
}

static unsigned int number(const char *text, unsigned int min, unsigned int max,
			   const char *option, struct argp_state *state)
{
	unsigned long val;
	char *end;

	errno = 0;
	val = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || val < min ||
	    val > max)
		argp_error(state, "%s takes a number from %u to %u, not '%s'",
			   option, min, max, text);
	return (unsigned int)val;
}

static void parse_shard(struct test_args *args, const char *text,
			struct argp_state *state)
{
	char end;

	if (strspn(text, "0123456789/") != strlen(text) ||
	    sscanf(text, "%5u/%5u%c", &args->shard, &args->shards, &end) != 2 ||
	    !args->shard || args->shard > args->shards)
		argp_error(state,
			   "--shard takes I/N with 1 <= I <= N, not "
			   "'%s'",
			   text);
}

static void parse_accel(struct test_args *args, const char *text,
			struct argp_state *state)
{
	if (strcmp(text, "kvm") && strcmp(text, "softkvm") &&
	    strcmp(text, "auto"))
		argp_error(state,
			   "--accel takes kvm, softkvm or auto, not "
			   "'%s'",
			   text);
	args->accel = text;
}

static error_t parse_selection(struct test_args *args, int key, char *arg,
			       struct argp_state *state)
{
	switch (key) {
	case OPT_LIST:
		args->list = true;
		return 0;
	case OPT_TAG:
		add_word(&args->tags, arg, TEST_WORDS_MAX, state);
		return 0;
	case OPT_SHARD:
		parse_shard(args, arg, state);
		return 0;
	case OPT_KERNEL:
		add_word(&args->kernels, arg, TEST_KERNELS_MAX, state);
		return 0;
	case OPT_PROGRAMS:
		args->programs = arg;
		return 0;
	case OPT_EXCLUDE:
		add_word(&args->excluded, arg, TEST_WORDS_MAX, state);
		return 0;
	case ARGP_KEY_ARG:
		add_word(&args->selection, arg, TEST_WORDS_MAX, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct test_args *args = state->input;

	switch (key) {
	case OPT_JOBS:
		args->jobs = number(arg, 1, RUNNER_JOBS_MAX, "--jobs", state);
		return 0;
	case OPT_TIMEOUT:
		args->timeout_given = true;
		args->timeout_s = number(arg, 0, SETTINGS_TIMEOUT_MAX_S,
					 "--timeout", state);
		return 0;
	case OPT_ACCEL:
		parse_accel(args, arg, state);
		return 0;
	case OPT_CPU_CAP:
		number(arg, 1, CPUSET_MAX, "--cpu-cap", state);
		args->cpu_cap = arg;
		return 0;
	case OPT_NO_PERF:
		args->no_perf = true;
		return 0;
	case OPT_RETRY:
		args->retries = number(arg, 0, RUNNER_RETRIES_MAX,
				       "--retry-failed", state);
		return 0;
	case OPT_FAIL_FAST:
		args->fail_fast = true;
		return 0;
	case OPT_OUTPUT:
		args->output = arg;
		return 0;
	case OPT_JSON:
		args->json = true;
		return 0;
	case OPT_SUMMARY:
		args->summary = true;
		return 0;
	case OPT_BISECT:
		args->bisect = true;
		return 0;
	default:
		return parse_selection(args, key, arg, state);
	}
}

static const struct argp test_argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[PROGRAM | PROGRAM:TEST | TEST | GLOB]...",
};

int test_args__parse(struct test_args *args, int argc, char **argv)
{
	*args = (struct test_args){ .jobs = 1 };
	return cmd__parse(&command_test, argc, argv, 0, args);
}

static const struct cmd_note exits[] = {
#define OUTCOME(id, name, ksft, exit, infra, help) { #exit, name ": " help },
#include <ktstr/outcome.def>
#undef OUTCOME
	{ "2", "wrong usage, or a selection that names no test" },
	{ "125", "the suite could not be run, results could not be written, or "
		 "a bisection cannot tell" },
	{ "128+N", "signal N ended the run (141: standard output was closed)" },
	{ NULL, NULL },
};

static const struct cmd_note examples[] = {
	{ "ktstr test --jobs 2 --output out 'boot_*'",
	  "run the programs that start so, two at a time; leave logs, "
	  "results.ktap, results.json and results.xml in out" },
	{ "ktstr test --kernel default --kernel ~/linux "
	  "sched_smoke:sched.futex_wake",
	  "one test in two kernels" },
	{ "git bisect run sh -c 'make -j8 || exit 125; ktstr test --bisect "
	  "--kernel ./ sched_smoke'",
	  "find the commit that broke a test" },
	{ NULL, NULL },
};

const struct command command_test = {
	.name = "test",
	.fn = cmd_test,
	.summary = "run test programs and report what happened",
	.argp = &test_argp,
	.description =
		"Run test programs and report KTAP: all tests, or those "
		"selected. A GLOB is matched against PROGRAM:TEST and TEST.\n\n"
		"Each planned test is reported exactly once, also when a "
		"program dies, hangs or is interrupted. A test that failed "
		"and passed when it was tried again (--retry-failed) counts "
		"as passed and is marked flaky; what it said before stays in "
		"the report.\n\n"
		"The exit status is that of the worst outcome. From harmless "
		"to worst they are: "
#define OUTCOME(id, name, ksft, exit, infra, help) name " "
#include <ktstr/outcome.def>
#undef OUTCOME
		"\n\n"
		"With --bisect it is 1 when a test did not end well in a "
		"kernel that came up, else 125 when some test could not be "
		"judged (the kernel does not boot, set-up or machine failed) "
		"or none passed, else 0.",
	.exits = exits,
	.env = "KTSTR_KERNEL KTSTR_ACCEL KTSTR_CACHE_DIR "
	       "KTSTR_SOFTKVM_INSTANCE KTSTR_CPU_CAP KTSTR_NO_PERF_MODE "
	       "KTSTR_PERF_ONLY KTSTR_NO_SKIP_MODE KTSTR_LOCK_DIR "
	       "KTSTR_BYPASS_LLC_LOCKS KTSTR_CONTENTION_BYPASS "
	       "kselftest_override_timeout",
	.examples = examples,
	.words = CMD_WORDS_TEST,
};
