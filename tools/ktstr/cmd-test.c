// SPDX-License-Identifier: GPL-2.0
/* `ktstr test`: find, select, run and report tests. */
#include "tools/ktstr/cmd-test.h"

#include <fcntl.h>
#include <limits.h>

#include <ktstr/fd.h>

#include "lib/runner/durations.h"
#include "lib/runner/label.h"
#include "lib/runner/listing.h"
#include "lib/runner/results.h"
#include "lib/runner/runner.h"
#include "lib/runner/settings.h"
#include "lib/runner/share.h"
#include "lib/runner/status.h"
#include "lib/session/host-share.h"
#include "tools/ktstr/cmd.h"
#include "vmm/accel.h"
#include "vmm/softkvm.h"

static int complain(int status, const struct kt_diag *diag, int err)
{
	fprintf(stderr, "ktstr test: %s\n", diag__text(diag, err));
	return status;
}

/* --- what is asked for ---------------------------------------------------- */

/* kselftest/ktstr beside this executable: where the build puts it */
static int programs_dir(const struct test_args *args, char *buf, size_t size,
			struct kt_diag *diag)
{
	char exe[PATH_MAX], *slash;
	ssize_t n;
	int len;

	if (args->programs) {
		len = snprintf(buf, size, "%s", args->programs);
	} else {
		n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
		if (n < 0)
			return diag__fail(diag, -errno, "/proc: %s",
					  strerror(errno));
		exe[n] = '\0';
		slash = strrchr(exe, '/');
		*(slash ? slash : exe) = '\0';
		len = snprintf(buf, size, "%s/kselftest/ktstr", exe);
	}
	if (len < 0 || (size_t)len >= size)
		return diag__fail(diag, -ENAMETOOLONG,
				  "the name of the directory of test programs "
				  "is too long");
	return 0;
}

/* --timeout, else the kernel runner's variable, else settings, else 45. */
static int find_limit(const struct test_args *args, const char *dir, u64 *ret_s,
		      struct kt_diag *diag)
{
	const char *env = getenv("kselftest_override_timeout");
	char *path __free(ptr) = NULL, *text __free(ptr) = NULL;
	int err;

	*ret_s = SETTINGS_TIMEOUT_DEFAULT_S;
	if (args->timeout_given) {
		*ret_s = args->timeout_s;
		return 0;
	}
	if (env && *env) {
		err = settings__seconds(env, strlen(env), ret_s);
		return err ? diag__fail(diag, err,
					"kselftest_override_timeout='%s' is no "
					"number of seconds from 0 to %u",
					env, SETTINGS_TIMEOUT_MAX_S)
			   : 0;
	}
	if (asprintf(&path, "%s/settings", dir) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	if (fd__read_file(path, MIB(1), &text, NULL))
		return 0;
	err = settings__timeout(text, ret_s, diag);
	return err == -ENOENT ? 0 : err;
}

struct labels {
	char text[TEST_KERNELS_MAX][RUNNER_LABEL_MAX];
	const char *list[TEST_KERNELS_MAX];
};

static int make_labels(const struct word_list *kernels, struct labels *labels,
		       struct kt_diag *diag)
{
	for (unsigned int i = 0; i < kernels->nr; i++) {
		runner_label__kernel(kernels->words[i], labels->text[i]);
		labels->list[i] = labels->text[i];
		for (unsigned int k = 0; k < i; k++)
			if (!strcmp(labels->text[i], labels->text[k]))
				return diag__fail(diag, -EINVAL,
						  "kernels '%s' and '%s' have "
						  "the same label %s; their "
						  "results could not be told "
						  "apart",
						  kernels->words[k],
						  kernels->words[i],
						  labels->text[i]);
	}
	return 0;
}

/* Return: 0, or the exit status. */
static int make_plan(const struct test_args *args, const char *dir,
		     const struct labels *labels, struct testplan *plan)
{
	struct plan_selection selection = {
		.words = args->selection.words,
		.nr_words = args->selection.nr,
		.tags = args->tags.words,
		.nr_tags = args->tags.nr,
		/* A list names what there is, a shard of it what is run. */
		.spares = args->list && !args->shards,
	};
	struct listing_config listing = {
		.dir = dir,
		.exclude = args->excluded.words,
		.nr_exclude = args->excluded.nr,
	};
	struct kt_diag diag = { 0 };
	int err = listing__read(&listing, plan, &diag);

	if (err)
		return complain(CMD_INFRA, &diag, err);
	err = testplan__select(plan, &selection, &diag);
	if (err)
		return complain(err == -ENOENT ? CMD_USAGE : CMD_INFRA, &diag,
				err);
	if (!plan->nr_tests) {
		fprintf(stderr,
			"ktstr test: the programs in %s have no tests\n", dir);
		return CMD_INFRA;
	}
	err = testplan__kernels(plan, labels->list, args->kernels.nr);
	if (err)
		return complain(CMD_INFRA, &diag, err);
	if (args->jobs > 1)
		durations__load(plan);
	if (args->shards)
		testplan__shard(plan, args->shard, args->shards);
	return 0;
}

static int print_list(const struct testplan *plan)
{
	for (unsigned int i = 0; i < plan->nr_tests; i++) {
		const struct plan_test *test = &plan->tests[i];

		printf("%s:%s\n", plan->programs[test->program].name,
		       test->label);
	}
	if (fflush(stdout)) {
		fprintf(stderr, "ktstr test: standard output: %s\n",
			strerror(errno));
		return CMD_INFRA;
	}
	return CMD_OK;
}

/* --- the run -------------------------------------------------------------- */

struct env_list {
	char accel[64], cap[64];
	const char *list[3];
	unsigned int nr;
};

static void make_env(const struct test_args *args, struct env_list *env)
{
	env->nr = 0;
	snprintf(env->accel, sizeof(env->accel), "KTSTR_ACCEL=%s",
		 args->accel ? args->accel : "");
	snprintf(env->cap, sizeof(env->cap), HOST_CPU_CAP_ENV "=%s",
		 args->cpu_cap ? args->cpu_cap : "");
	if (args->accel)
		env->list[env->nr++] = env->accel;
	if (args->cpu_cap)
		env->list[env->nr++] = env->cap;
	if (args->no_perf)
		env->list[env->nr++] = HOST_NO_PERF_ENV "=1";
}

/* Workers use machines from this number on, where machines are softkvm's. */
static int first_instance(const struct test_args *args, unsigned int *ret_first,
			  struct kt_diag *diag)
{
	int err = softkvm__instance(ret_first, diag);

	if (!err && *ret_first + args->jobs > SOFTKVM_INSTANCES)
		return diag__fail(diag, -EINVAL,
				  SOFTKVM_INSTANCE_ENV
				  " %u and --jobs %u are more than the %u "
				  "machines that a user can have",
				  *ret_first, args->jobs, SOFTKVM_INSTANCES);
	return err;
}

/*
 * Machines on real KVM get processors of their own. softkvm stays when we are
 * gone and serves others, so it is left to the host's scheduler.
 */
static bool split_cpus(const struct test_args *args, cpu_set_t *ret_shares)
{
	const char *how = args->accel ? args->accel : getenv("KTSTR_ACCEL");
	enum accel_choice choice;
	struct accel_probe probe;
	cpu_set_t allowed;

	if (args->jobs < 2 || sched_getaffinity(0, sizeof(allowed), &allowed))
		return false;
	accel__probe("/dev/kvm", &probe);
	return !accel__choose(&probe, how, &choice, NULL) &&
	       choice == ACCEL_USE_KVM &&
	       runner_share__split(&allowed, args->jobs, ret_shares);
}

static const struct {
	const char *name;
	results_fn make;
} result_files[] = {
	{ "results.ktap", results__ktap },
	{ "results.json", results__json },
	{ "results.xml", results__junit },
};

static int write_results(const struct results *res, struct outdir *dir)
{
	for (size_t i = 0; dir->fd >= 0 && i < ARRAY_SIZE(result_files); i++) {
		char *text __free(ptr) = NULL;
		size_t len;
		int err = result_files[i].make(res, &text, &len);

		if (err)
			return err;
		outdir__publish(dir, result_files[i].name, text, len);
	}
	return 0;
}

static int print_json(const struct results *res,
		      const struct runner_config *cfg)
{
	char *text __free(ptr) = NULL;
	size_t len;
	int err = results__json(res, &text, &len);

	return err ? err : runner__print(cfg, text, len);
}

static int exit_status(const struct test_args *args,
		       const struct testplan *plan,
		       const struct runner_result *result, bool written)
{
	if (args->bisect)
		return runner_status__bisect(result, plan);
	return runner_status__exit(result, written);
}

/* Everything that is made when the last test is done. */
static int report(const struct test_args *args, const struct testplan *plan,
		  const struct runner_config *cfg, struct outdir *dir,
		  struct runner_result *result)
{
	struct results res = {
		.plan = plan,
		.run = result,
		.kernel = args->kernels.nr == 1 ? args->kernels.words[0]
			  : args->kernels.nr	? NULL
						: getenv("KTSTR_KERNEL"),
		.exit_status = exit_status(args, plan, result, !dir->err),
	};
	int err = write_results(&res, dir);

	if (!err && args->json && result->signal != SIGPIPE)
		result->out_err = print_json(&res, cfg);
	if (err)
		fprintf(stderr, "ktstr test: results: %s\n", strerror(-err));
	if (dir->err)
		complain(0, &dir->why, dir->err);
	if (result->out_err && !result->signal)
		fprintf(stderr,
			"ktstr test: standard output: %s; results are "
			"incomplete there\n",
			strerror(-result->out_err));
	return exit_status(args, plan, result, !err && !dir->err);
}

static int run(const struct test_args *args, const char *programs,
	       const struct labels *labels, struct testplan *plan,
	       struct outdir *dir)
{
	struct env_list env;
	struct runner_config cfg = {
		.kernels = args->kernels.words,
		.labels = labels->list,
		.nr_kernels = args->kernels.nr,
		.env = env.list,
		.jobs = args->jobs,
		.retries = args->retries,
		.fail_fast = args->fail_fast,
		.quiet = args->summary,
		.silent = args->json,
		.out_fd = STDOUT_FILENO,
		.progress_fd = isatty(STDERR_FILENO) ? STDERR_FILENO : -1,
	};
	cpu_set_t *shares __free(ptr) = calloc(args->jobs, sizeof(*shares));
	struct runner_result result;
	struct kt_diag diag = { 0 };
	int err = find_limit(args, programs, &cfg.limit_s, &diag);

	if (!err)
		err = first_instance(args, &cfg.first_instance, &diag);
	if (err)
		return complain(CMD_INFRA, &diag, err);
	if (!shares)
		return CMD_INFRA;
	make_env(args, &env);
	cfg.nr_env = env.nr;
	cfg.cpus = split_cpus(args, shares) ? shares : NULL;
	err = runner__run(&cfg, plan, dir, &result, &diag);
	if (err)
		return complain(CMD_INFRA, &diag, err);
	durations__save(plan);
	return report(args, plan, &cfg, dir, &result);
}

static int open_and_run(const struct test_args *args, const char *programs,
			const struct labels *labels, struct testplan *plan)
{
	struct outdir dir = OUTDIR_NONE;
	struct kt_diag diag = { 0 };
	int status, err = 0;

	if (args->output)
		err = outdir__open(args->output, &dir, &diag);
	if (err)
		return complain(CMD_INFRA, &diag, err);
	status = run(args, programs, labels, plan, &dir);
	outdir__close(&dir);
	return status;
}

int cmd_test(int argc, char **argv)
{
	struct test_args *args __free(ptr) = malloc(sizeof(*args));
	struct labels *labels __free(ptr) = calloc(1, sizeof(*labels));
	struct testplan plan = { 0 };
	struct kt_diag diag = { 0 };
	char dir[PATH_MAX];
	int status, err;

	if (!args || !labels)
		return CMD_INFRA;
	status = test_args__parse(args, argc, argv);
	if (status)
		return status;
	if (fcntl(STDOUT_FILENO, F_GETFD) < 0 ||
	    fcntl(STDERR_FILENO, F_GETFD) < 0)
		return CMD_INFRA; /* files we open would take their place */
	err = make_labels(&args->kernels, labels, &diag);
	if (err)
		return complain(CMD_USAGE, &diag, err);
	err = programs_dir(args, dir, sizeof(dir), &diag);
	if (err)
		return complain(CMD_INFRA, &diag, err);
	status = make_plan(args, dir, labels, &plan);
	if (!status && args->list)
		status = print_list(&plan);
	else if (!status)
		status = open_and_run(args, dir, labels, &plan);
	testplan__fini(&plan);
	return status;
}
