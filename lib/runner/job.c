// SPDX-License-Identifier: GPL-2.0
/*
 * One process of a test program: its command line and surroundings, its end,
 * and what is reported for tests that it leaves without a result. Called by
 * the loop.
 */
#include "lib/runner/runner-priv.h"

#include <ktstr/fd.h>
#include <ktstr/ktap.h>

/* More than a pipe holds: what was written before the end is read. */
#define DRAIN_READS 64

#define ENV_OURS 3u

/* Strings that are ours; the pointers of cfg->env follow them. */
struct job_env {
	char *own[ENV_OURS];
	const char **list;
	unsigned int nr;
};

static void job_env__fini(struct job_env *env)
{
	for (unsigned int i = 0; i < ENV_OURS; i++)
		free(env->own[i]);
	free(env->list);
}

/* Where the program's own files go: beside our log of the same attempt. */
static char *sidecar_env(const struct job *job)
{
	const struct runner *r = job->r;
	const struct runner_config *cfg = r->cfg;
	unsigned int tries = r->plan->tests[job->tests[0]].nr_attempts;
	char again[32] = "", *text;

	if (r->dir->fd < 0)
		return NULL;
	if (tries)
		snprintf(again, sizeof(again), "/attempt-%u", tries + 1);
	if (asprintf(&text, "KTSTR_SIDECAR_DIR=%s/logs%s%s%s", r->dir->path,
		     cfg->nr_kernels > 1 ? "/" : "",
		     cfg->nr_kernels > 1 ? cfg->labels[job->kernel] : "",
		     again) < 0)
		return NULL;
	return text;
}

static int make_env(const struct job *job, struct job_env *env)
{
	const struct runner_config *cfg = job->r->cfg;
	unsigned int instance = cfg->first_instance + job->worker;

	env->list = calloc(cfg->nr_env + ENV_OURS, sizeof(*env->list));
	if (!env->list)
		return -ENOMEM;
	for (; env->nr < cfg->nr_env; env->nr++)
		env->list[env->nr] = cfg->env[env->nr];
	env->own[0] = sidecar_env(job);
	if (cfg->nr_kernels && asprintf(&env->own[1], "KTSTR_KERNEL=%s",
					cfg->kernels[job->kernel]) < 0)
		env->own[1] = NULL;
	if (instance &&
	    asprintf(&env->own[2], "KTSTR_SOFTKVM_INSTANCE=%u", instance) < 0)
		env->own[2] = NULL;
	for (unsigned int i = 0; i < ENV_OURS; i++)
		if (env->own[i])
			env->list[env->nr++] = env->own[i];
	return 0;
}

/* PROGRAM -r TEST -r TEST ... */
static const char **make_argv(const struct job *job)
{
	const struct testplan *plan = job->r->plan;
	const char **argv =
		calloc(2 * (size_t)job->nr_tests + 2, sizeof(*argv));
	unsigned int n = 0;

	if (!argv)
		return NULL;
	argv[n++] = plan->programs[job->program].path;
	for (unsigned int i = 0; i < job->nr_tests; i++) {
		argv[n++] = "-r";
		argv[n++] = plan->tests[job->tests[i]].name;
	}
	return argv;
}

static int start_child(struct job *job, struct kt_diag *diag)
{
	const struct runner_config *cfg = job->r->cfg;
	struct plan_program *program = &job->r->plan->programs[job->program];
	const char **argv __free(ptr) = make_argv(job);
	struct job_env env = { 0 };
	struct runner_child_config child = {
		.path = program->path,
		.argv = argv,
		.cpus = cfg->cpus ? &cfg->cpus[job->worker] : NULL,
	};
	int err = argv ? make_env(job, &env) : -ENOMEM;

	child.env = env.list;
	child.nr_env = env.nr;
	if (!err)
		err = runner_child__start(&child, &job->child, diag);
	job_env__fini(&env);
	return err;
}

static void job__fini(struct job *job)
{
	free(job->tests);
	free(job->log);
	free(job->fingerprint);
	free(job->skip_reason);
	if (job->log_fd >= 0)
		close(job->log_fd);
	textbuf__fini(&job->block);
	*job = (struct job){ .r = job->r,
			     .worker = job->worker,
			     .child = RUNNER_CHILD_NONE,
			     .log_fd = -1,
			     .killed_as = KTSTR_OUTCOME_NR };
}

/* Give every test without a result @outcome. */
static void end_tests(struct job *job, enum ktstr_outcome outcome,
		      const char *directive)
{
	while (job->nr_left) {
		u64 ms = (kt_now_ns() - job->block_ns) / NSEC_PER_MSEC;

		lines__end_test(job, job->tests[0], outcome, directive, ms);
	}
}

void job__start(struct runner *r, struct job *job, unsigned int *tests,
		unsigned int nr)
{
	const struct plan_test *first = &r->plan->tests[tests[0]];
	struct plan_program *program = &r->plan->programs[first->program];
	struct kt_diag diag = { 0 };
	int err;

	job->tests = tests;
	job->nr_tests = job->nr_left = nr;
	job->program = first->program;
	job->kernel = first->kernel;
	job->killed_as = KTSTR_OUTCOME_NR;
	job->start_ns = job->block_ns = kt_now_ns();
	job->deadline_ns =
		r->cfg->limit_s ? job->start_ns + r->cfg->limit_s * NSEC_PER_SEC
				: UINT64_MAX;
	program->nr_running++;
	r->nr_running++;
	err = start_child(job, &diag);
	if (!err)
		return;
	lines__note(job, "# %s", diag__text(&diag, err));
	program->exit_status = 127;
	end_tests(job, KTSTR_SETUP_ERROR, "");
	program->nr_running--;
	r->nr_running--;
	job__fini(job);
	flat__advance(r);
}

static bool read_stream(struct job *job, int *fd, struct linebuf *lb,
			line_fn fn)
{
	char buf[8192];
	ssize_t n = *fd < 0 ? -EBADF : read(*fd, buf, sizeof(buf));

	if (n > 0)
		linebuf__feed(lb, buf, (size_t)n, fn, job);
	else if (n == 0)
		close(no_free_fd(*fd));
	return n > 0;
}

bool job__read(struct job *job)
{
	/* Errors were mostly written before the result that they explain. */
	bool err =
		read_stream(job, &job->child.err_fd, &job->err, lines__stderr);
	bool out =
		read_stream(job, &job->child.out_fd, &job->out, lines__stdout);

	return err || out;
}

void job__kill(struct job *job, enum ktstr_outcome outcome)
{
	if (job->killed_as != KTSTR_OUTCOME_NR)
		return;
	job->killed_as = outcome;
	runner_child__kill(&job->child);
}

/* Lines without an end are shown, but prove nothing. */
static void flush_lines(struct job *job)
{
	if (job->err.len)
		lines__stderr(job, job->err.text, job->err.len, false);
	if (job->out.len)
		lines__stdout(job, job->out.text, job->out.len, false);
}

/* Exit status of softkvm's failure and of a wrong command line. */
static enum ktstr_outcome missing_outcome(const struct job *job, int status)
{
	bool none = job->nr_left == job->nr_tests;

	if (job->killed_as != KTSTR_OUTCOME_NR)
		return job->killed_as;
	if (none && status == 125)
		return KTSTR_VMM_ERROR;
	if (none && status == 2)
		return KTSTR_SETUP_ERROR;
	return none && status < 128 ? KTSTR_ZERO_TESTS : KTSTR_TORN_RESULT;
}

static void explain(struct job *job, int status)
{
	const struct runner_config *cfg = job->r->cfg;
	const char *name = job->r->plan->programs[job->program].name;

	if (job->killed_as == KTSTR_TIMEOUT)
		lines__note(job,
			    "# %s took longer than %llu seconds and was "
			    "killed; --timeout or `timeout=` in settings "
			    "allows more",
			    name, (unsigned long long)cfg->limit_s);
	else if (job->killed_as != KTSTR_OUTCOME_NR)
		lines__note(job, "# %s was stopped", name);
	else if (status >= 128)
		lines__note(job,
			    "# %s was killed by signal %d (%s) before it "
			    "reported this",
			    name, status - 128, strsignal(status - 128));
	else
		lines__note(job,
			    "# %s ended with status %d without reporting this",
			    name, status);
}

static void report_missing(struct job *job, int status)
{
	char reason[512];

	if (!job->nr_left)
		return;
	if (job->skip_reason && status == 4 && job->nr_left == job->nr_tests) {
		reason[0] = '\0';
		if (strlen(job->skip_reason) * 4 < sizeof(reason))
			reason[ktap__escape(reason,
					    (const u8 *)job->skip_reason,
					    strlen(job->skip_reason))] = '\0';
		end_tests(job, KTSTR_SKIP, *reason ? reason : "SKIP");
		return;
	}
	if (job->killed_as == KTSTR_OUTCOME_NR ||
	    job->killed_as == KTSTR_TIMEOUT)
		explain(job, status);
	end_tests(job, missing_outcome(job, status),
		  job->killed_as == KTSTR_SKIP ? RUNNER_NOT_RUN : "");
}

/* Is there anything about this end that no test's result tells? */
static enum ktstr_outcome own_outcome(struct job *job, int status, bool bad)
{
	if (job->killed_as != KTSTR_OUTCOME_NR)
		return KTSTR_SKIP;
	if (job->strange || status >= 128 ||
	    (!bad && status != 0 && status != 4))
		return KTSTR_TORN_RESULT;
	return KTSTR_SKIP;
}

static void close_program(struct job *job, int status)
{
	struct runner *r = job->r;
	struct plan_program *program = &r->plan->programs[job->program];
	enum ktstr_outcome own;
	bool bad = false;

	for (unsigned int i = 0; i < job->nr_tests; i++) {
		const struct plan_attempt *last =
			testplan_test__last(&r->plan->tests[job->tests[i]]);

		bad |= !last || !testplan_test__is_good(last->outcome);
	}
	own = own_outcome(job, status, bad);
	if (own != KTSTR_SKIP && !bad)
		lines__note(job,
			    "# %s ended with status %d although all its tests "
			    "are good%s",
			    program->name, status,
			    job->strange ? ", and with unplanned results" : "");
	program->outcome = testplan__worst(program->outcome, own);
	r->result->worst = testplan__worst(r->result->worst, own);
	if (job->killed_as == KTSTR_OUTCOME_NR && status != 4)
		program->exit_status = KT_MAX(program->exit_status, status);
	program->timed_out |= job->killed_as == KTSTR_TIMEOUT;
	program->time_ms += (kt_now_ns() - job->start_ns) / NSEC_PER_MSEC;
	if (job->block.len && !flat__live(job))
		textbuf__add(&program->tail, job->block.text, job->block.len,
			     RUNNER_TEXT_MAX);
}

static void job__end(struct job *job, int status)
{
	struct runner *r = job->r;

	flush_lines(job);
	report_missing(job, status);
	close_program(job, status);
	r->plan->programs[job->program].nr_running--;
	r->nr_running--;
	job__fini(job);
	flat__advance(r);
}

void job__finish(struct job *job)
{
	for (int i = 0; i < DRAIN_READS && job__read(job); i++)
		;
	job__end(job, runner_child__reap(&job->child));
}

void job__abandon(struct job *job)
{
	/* It dies with us at the latest. */
	runner_child__forget(&job->child);
	job__end(job, 128 + SIGKILL);
}
