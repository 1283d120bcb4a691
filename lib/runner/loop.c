// SPDX-License-Identifier: GPL-2.0
/*
 * The event loop of a run: starts processes, waits for output, ends, time
 * limits and signals, and makes sure that each planned test ends with one
 * result. See runner.h; one thread.
 */
#include "lib/runner/runner-priv.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <time.h>

#include <ktstr/fd.h>

/* A reader that is this far behind stops what produces. */
#define OUT_BUSY MIB(4)
#define TICK_NS NSEC_PER_SEC
/* Killed processes have gone by then, or nothing will make them go. */
#define KILL_LIMIT_NS (700 * NSEC_PER_MSEC)
/* The last words are for a reader who is there. */
#define LAST_WORDS_NS (200 * NSEC_PER_MSEC)

static const int stop_signals[] = { SIGINT, SIGTERM, SIGHUP };

void runner__block(sigset_t *ret_set)
{
	sigemptyset(ret_set);
	for (size_t i = 0; i < ARRAY_SIZE(stop_signals); i++)
		sigaddset(ret_set, stop_signals[i]);
	sigprocmask(SIG_BLOCK, ret_set, NULL);
	/* A closed output is an error of write(), seen where it happens. */
	signal(SIGPIPE, SIG_IGN);
}

/* --- results -------------------------------------------------------------- */

static bool stopping(const struct runner *r)
{
	return r->stop_signal || r->fail_fast;
}

static void test_done(struct runner *r, unsigned int index)
{
	struct plan_test *test = &r->plan->tests[index];
	struct plan_program *program = &r->plan->programs[test->program];
	const struct plan_attempt *last = testplan_test__last(test);
	enum ktstr_outcome outcome = last ? last->outcome : KTSTR_TORN_RESULT;

	test->done = true;
	program->nr_done++;
	program->outcome = testplan__worst(program->outcome, outcome);
	r->result->worst = testplan__worst(r->result->worst, outcome);
	r->result->counts.by_outcome[outcome]++;
	r->result->counts.flaky += testplan_test__flaky(test);
	r->nr_done++;
	r->nr_bad += !testplan_test__is_good(outcome);
	flat__test(r, index);
	progress__update(r);
}

static void strike(struct runner *r)
{
	r->fail_fast = true;
	for (unsigned int i = 0; i < r->cfg->jobs; i++)
		if (r->jobs[i].child.pid)
			job__kill(&r->jobs[i], KTSTR_SKIP);
}

void runner__attempt_done(struct runner *r, unsigned int index)
{
	struct plan_test *test = &r->plan->tests[index];
	const struct plan_attempt *last = testplan_test__last(test);
	bool good = last && testplan_test__is_good(last->outcome);

	if (!good && last && test->nr_attempts <= r->cfg->retries &&
	    !stopping(r)) {
		flat__attempt(r, index);
		batch__retry(r, index);
		return;
	}
	test_done(r, index);
	if (!good && r->cfg->fail_fast && !stopping(r))
		strike(r);
}

void runner__give_up(struct runner *r, unsigned int index,
		     enum ktstr_outcome outcome, const char *directive)
{
	struct plan_test *test = &r->plan->tests[index];
	struct plan_attempt *attempt;

	/* One that waits for another attempt has a result already. */
	if (!test->nr_attempts) {
		attempt = testplan__test_attempt(test);
		if (attempt) {
			attempt->outcome = outcome;
			attempt->directive = strdup(directive);
		}
	}
	test_done(r, index);
}

/* What was not begun when the run was stopped is reported all the same. */
static void give_up_rest(struct runner *r)
{
	unsigned int *tests, nr;

	while ((nr = batch__next(r, &tests))) {
		for (unsigned int i = 0; i < nr; i++) {
			if (r->stop_signal)
				runner__give_up(r, tests[i], KTSTR_INTERRUPTED,
						"ERROR interrupted");
			else
				runner__give_up(r, tests[i], KTSTR_SKIP,
						RUNNER_NOT_RUN);
		}
		free(tests);
	}
	flat__advance(r);
}

/* The batches leave these out. */
static void skip_ignored(struct runner *r)
{
	for (unsigned int i = 0; i < r->plan->nr_tests; i++)
		if (testplan_test__ignored(&r->plan->tests[i]))
			runner__give_up(r, i, KTSTR_SKIP, "SKIP ignored");
	flat__advance(r);
}

/* --- events --------------------------------------------------------------- */

static void stop(struct runner *r, int sig)
{
	if (r->stop_signal)
		return;
	r->stop_signal = sig;
	r->stop_ns = kt_now_ns();
	for (unsigned int i = 0; i < r->cfg->jobs; i++)
		if (r->jobs[i].child.pid)
			job__kill(&r->jobs[i], KTSTR_INTERRUPTED);
}

static void read_signals(struct runner *r)
{
	struct signalfd_siginfo si;

	while (read(r->signal_fd, &si, sizeof(si)) == sizeof(si))
		stop(r, (int)si.ssi_signo);
}

static void fill_workers(struct runner *r)
{
	for (unsigned int i = 0; i < r->cfg->jobs && !stopping(r); i++) {
		/* One that cannot start is over at once: next, please. */
		while (!r->jobs[i].child.pid && !stopping(r)) {
			unsigned int *tests;
			unsigned int nr = batch__next(r, &tests);

			if (!nr)
				break;
			job__start(r, &r->jobs[i], tests, nr);
		}
	}
}

static void check_limits(struct runner *r)
{
	u64 now = kt_now_ns();

	for (unsigned int i = 0; i < r->cfg->jobs; i++)
		if (r->jobs[i].child.pid && now >= r->jobs[i].deadline_ns)
			job__kill(&r->jobs[i], KTSTR_TIMEOUT);
	if (!r->stop_signal || now - r->stop_ns < KILL_LIMIT_NS)
		return;
	for (unsigned int i = 0; i < r->cfg->jobs; i++)
		if (r->jobs[i].child.pid)
			job__abandon(&r->jobs[i]);
}

static int wait_ms(const struct runner *r)
{
	u64 now = kt_now_ns(), until = now + 60 * NSEC_PER_SEC;

	if (r->cfg->progress_fd >= 0)
		until = now + TICK_NS;
	if (r->stop_signal)
		until = KT_MIN(until, r->stop_ns + KILL_LIMIT_NS);
	for (unsigned int i = 0; i < r->cfg->jobs; i++)
		if (r->jobs[i].child.pid)
			until = KT_MIN(until, r->jobs[i].deadline_ns);
	return until <= now ? 0 : (int)((until - now) / NSEC_PER_MSEC) + 1;
}

enum { SLOT_SIGNAL, SLOT_OUT, SLOT_JOBS };
enum { JOB_END, JOB_OUT, JOB_ERR, JOB_SLOTS };

static void fill_poll(const struct runner *r, struct pollfd *pfd)
{
	size_t pending = tapout__pending(&r->out);
	bool busy = pending > OUT_BUSY;

	pfd[SLOT_SIGNAL] = (struct pollfd){ r->signal_fd, POLLIN, 0 };
	/* Without events it still tells that the reader is gone. */
	pfd[SLOT_OUT] = (struct pollfd){ r->out.err ? -1 : r->out.fd,
					 pending ? POLLOUT : 0, 0 };
	for (unsigned int i = 0; i < r->cfg->jobs; i++) {
		const struct runner_child *c = &r->jobs[i].child;
		struct pollfd *p = &pfd[SLOT_JOBS + JOB_SLOTS * i];

		p[JOB_END] = (struct pollfd){ c->pidfd, POLLIN, 0 };
		p[JOB_OUT] =
			(struct pollfd){ busy ? -1 : c->out_fd, POLLIN, 0 };
		p[JOB_ERR] =
			(struct pollfd){ busy ? -1 : c->err_fd, POLLIN, 0 };
	}
}

static void handle(struct runner *r, const struct pollfd *pfd)
{
	if (pfd[SLOT_SIGNAL].revents)
		read_signals(r);
	if (pfd[SLOT_OUT].revents & (POLLERR | POLLHUP | POLLNVAL))
		r->out.gone = true;
	for (unsigned int i = 0; i < r->cfg->jobs; i++) {
		const struct pollfd *p = &pfd[SLOT_JOBS + JOB_SLOTS * i];
		struct job *job = &r->jobs[i];

		if (p[JOB_OUT].revents || p[JOB_ERR].revents)
			job__read(job);
		if (p[JOB_END].revents)
			job__finish(job);
	}
}

static bool step(struct runner *r)
{
	struct pollfd pfd[SLOT_JOBS + JOB_SLOTS * RUNNER_JOBS_MAX];
	int nr;

	fill_workers(r);
	if (!r->nr_running)
		return false;
	tapout__flush(&r->out);
	fill_poll(r, pfd);
	nr = poll(pfd, SLOT_JOBS + JOB_SLOTS * r->cfg->jobs, wait_ms(r));
	if (nr > 0)
		handle(r, pfd);
	else if (nr == 0)
		progress__update(r);
	check_limits(r);
	if (r->out.gone)
		stop(r, SIGPIPE);
	return true;
}

/* --- begin and end -------------------------------------------------------- */

/* Print what is left; a signal or a silent reader ends the patience. */
static void last_words(struct runner *r)
{
	tapout__flush(&r->out);
	while (tapout__pending(&r->out) && !r->out.gone) {
		struct pollfd pfd[] = {
			{ r->signal_fd, POLLIN, 0 },
			{ r->out.fd, POLLOUT, 0 },
		};
		int limit = r->stop_signal
				    ? (int)(LAST_WORDS_NS / NSEC_PER_MSEC)
				    : -1;

		if (poll(pfd, ARRAY_SIZE(pfd), limit) == 0)
			return;
		if (pfd[0].revents)
			read_signals(r);
		tapout__flush(&r->out);
	}
	if (r->out.gone)
		stop(r, SIGPIPE);
}

static void runner__fini(struct runner *r)
{
	if (r->signal_fd >= 0)
		close(r->signal_fd);
	tapout__fini(&r->out);
	free(r->jobs);
	free(r->queue);
	free(r->retry);
	free(r->numbers);
	free(r->shown);
	free(r->said);
}

static int runner__init(struct runner *r, struct kt_diag *diag)
{
	const struct runner_config *cfg = r->cfg;
	sigset_t set;

	r->out.fd = cfg->out_fd;
	r->signal_fd = -1;
	r->jobs = calloc(cfg->jobs, sizeof(*r->jobs));
	r->numbers = calloc(r->plan->nr_programs + 1, sizeof(*r->numbers));
	r->shown = calloc(r->plan->nr_tests + 1, sizeof(*r->shown));
	r->said = calloc(r->plan->nr_tests + 1, sizeof(*r->said));
	if (!r->jobs || !r->numbers || !r->shown || !r->said || batch__init(r))
		return -ENOMEM;
	for (unsigned int i = 0; i < cfg->jobs; i++)
		r->jobs[i] = (struct job){ .r = r,
					   .worker = i,
					   .child = RUNNER_CHILD_NONE,
					   .log_fd = -1,
					   .killed_as = KTSTR_OUTCOME_NR };
	runner__block(&set);
	r->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r->signal_fd < 0)
		return diag__fail(diag, -errno, "signalfd: %s",
				  strerror(errno));
	runner_child__adopt();
	r->start_ns = kt_now_ns();
	return 0;
}

int runner__run(const struct runner_config *cfg, struct testplan *plan,
		struct outdir *dir, struct runner_result *ret_result,
		struct kt_diag *diag)
{
	struct runner_result result = { .worst = KTSTR_SKIP,
					.started_s = (u64)time(NULL) };
	struct runner r = {
		.cfg = cfg, .plan = plan, .dir = dir, .result = &result
	};
	int err = runner__init(&r, diag);

	if (!err) {
		flat__begin(&r);
		skip_ignored(&r);
		while (step(&r))
			;
		give_up_rest(&r);
		progress__clear(&r);
		flat__end(&r);
		last_words(&r);
		result.signal = r.stop_signal;
		result.out_err = r.out.err;
		result.duration_ns = kt_now_ns() - r.start_ns;
		*ret_result = result;
	}
	runner__fini(&r);
	return err;
}

int runner__print(const struct runner_config *cfg, const char *text, size_t len)
{
	struct tapout out = { .fd = cfg->out_fd };
	sigset_t set;
	int signal_fd __free(fd) = -1, err = 0;

	runner__block(&set);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	tapout__add(&out, text, len);
	tapout__flush(&out);
	while (!err && tapout__pending(&out)) {
		struct pollfd pfd[] = {
			{ signal_fd, POLLIN, 0 },
			{ out.fd, POLLOUT, 0 },
		};

		if (poll(pfd, ARRAY_SIZE(pfd), -1) > 0 && pfd[0].revents)
			err = -EINTR;
		tapout__flush(&out);
	}
	err = err ? err : out.err;
	tapout__fini(&out);
	return err;
}
