// SPDX-License-Identifier: GPL-2.0
/*
 * The document on standard output, in the shape of the kernel's runner.sh: an
 * outer result per program, a program's own lines behind "# ". It is written
 * in order: one program after the other, whatever runs at the same time.
 */
#include "lib/runner/runner-priv.h"

static bool shows_tests(const struct runner *r)
{
	return !r->cfg->quiet && !r->cfg->silent;
}

void flat__line(struct runner *r, const char *text, size_t len)
{
	tapout__add(&r->out, "# ", 2);
	tapout__add(&r->out, text, len);
}

static void add_text(struct runner *r, const struct textbuf *buf)
{
	const char *p = textbuf__text(buf);

	while (*p) {
		size_t len = strcspn(p, "\n") + 1;

		flat__line(r, p, len);
		p += len;
	}
}

/* Before the first line of a program. */
static void begin_program(struct runner *r)
{
	const struct plan_program *program = &r->plan->programs[r->current];

	if (r->header || r->cfg->silent)
		return;
	r->header = true;
	tapout__printf(&r->out, "# selftests: ktstr: %s\n", program->name);
	if (shows_tests(r))
		tapout__printf(&r->out, "# TAP version 13\n# 1..%u\n",
			       program->nr_tests);
}

void flat__begin(struct runner *r)
{
	if (r->cfg->silent)
		return;
	tapout__printf(&r->out, "TAP version 13\n1..%u%s\n",
		       r->plan->nr_programs,
		       r->plan->nr_programs ? "" : " # SKIP nothing selected");
	if (r->plan->nr_programs)
		begin_program(r);
}

bool flat__live(const struct job *job)
{
	const struct runner *r = job->r;

	return r->cfg->jobs == 1 && shows_tests(r) &&
	       job->program == r->current;
}

static const char *word(enum ktstr_outcome outcome)
{
	return testplan_test__is_good(outcome) ? "ok" : "not ok";
}

static void add_attempt(struct runner *r, const struct plan_test *test,
			unsigned int nr)
{
	struct plan_attempt *attempt = &test->attempts[nr];

	if (!attempt->printed)
		add_text(r, &attempt->text);
	attempt->printed = true;
	if (!testplan_test__is_good(attempt->outcome) && attempt->log)
		tapout__printf(&r->out, "# # log: %s\n", attempt->log);
	if (nr + 1 < test->nr_attempts || !test->done)
		tapout__printf(&r->out, "# # attempt %u: %s %s # %s\n", nr + 1,
			       word(attempt->outcome), test->label,
			       attempt->directive ? attempt->directive : "");
	else if (testplan_test__flaky(test))
		tapout__printf(&r->out, "# # flaky: good at attempt %u\n",
			       nr + 1);
}

static void print_test(struct runner *r, unsigned int index)
{
	struct plan_test *test = &r->plan->tests[index];
	const struct plan_attempt *last = testplan_test__last(test);
	enum ktstr_outcome outcome = last ? last->outcome : KTSTR_TORN_RESULT;
	const char *directive = last ? last->directive : NULL;

	for (unsigned int i = r->said[index]; i < test->nr_attempts; i++)
		add_attempt(r, test, i);
	tapout__printf(&r->out, "# %s %u %s%s%s\n", word(outcome),
		       ++r->numbers[test->program], test->label,
		       directive ? " # " : "", directive ? directive : "");
}

/* The text was only kept for this, but for what the result files show. */
static void release(struct plan_test *test)
{
	for (unsigned int i = 0; i < test->nr_attempts; i++) {
		struct plan_attempt *attempt = &test->attempts[i];

		if (testplan_test__is_good(attempt->outcome))
			textbuf__fini(&attempt->text);
		else
			textbuf__keep_tail(&attempt->text, RUNNER_TAIL_MAX);
	}
}

void flat__attempt(struct runner *r, unsigned int index)
{
	struct plan_test *test = &r->plan->tests[index];

	/* What ran live is told when it happens, else together at the end. */
	if (r->cfg->jobs != 1 || !shows_tests(r) || test->program != r->current)
		return;
	while (r->said[index] < test->nr_attempts)
		add_attempt(r, test, r->said[index]++);
}

void flat__test(struct runner *r, unsigned int index)
{
	struct plan_test *test = &r->plan->tests[index];

	if (test->program != r->current || r->shown[index])
		return;
	r->shown[index] = true;
	if (shows_tests(r))
		print_test(r, index);
	release(test);
}

static void end_program(struct runner *r)
{
	const struct plan_program *program = &r->plan->programs[r->current];

	if (r->cfg->silent)
		return;
	if (shows_tests(r))
		add_text(r, &program->tail);
	tapout__printf(&r->out, "%s %u selftests: ktstr: %s",
		       word(program->outcome), r->current + 1, program->name);
	if (program->outcome == KTSTR_SKIP)
		tapout__printf(&r->out, " # SKIP\n");
	else if (testplan_test__is_good(program->outcome))
		tapout__printf(&r->out, "\n");
	else if (program->timed_out)
		tapout__printf(&r->out, " # TIMEOUT %llu seconds\n",
			       (unsigned long long)r->cfg->limit_s);
	else
		tapout__printf(&r->out, " # exit=%d\n", program->exit_status);
}

void flat__advance(struct runner *r)
{
	while (r->current < r->plan->nr_programs) {
		const struct plan_program *program =
			&r->plan->programs[r->current];

		begin_program(r);
		for (unsigned int i = 0; i < r->plan->nr_tests; i++)
			if (r->plan->tests[i].program == r->current &&
			    r->plan->tests[i].done)
				flat__test(r, i);
		if (program->nr_done < program->nr_tests || program->nr_running)
			return;
		end_program(r);
		r->current++;
		r->header = false;
	}
}

/* One line per test that is not good, for who asked for the short form. */
static void list_bad(struct runner *r)
{
	for (unsigned int i = 0; i < r->plan->nr_tests; i++) {
		const struct plan_test *test = &r->plan->tests[i];
		const struct plan_attempt *last = testplan_test__last(test);

		if (!last || testplan_test__is_good(last->outcome))
			continue;
		tapout__printf(&r->out, "# %s:%s %s%s%s\n",
			       r->plan->programs[test->program].name,
			       test->label, ktstr_outcome__name(last->outcome),
			       last->log ? ", log: " : "",
			       last->log ? last->log : "");
	}
}

void flat__end(struct runner *r)
{
	const struct runner_counts *c = &r->result->counts;
	unsigned int error = 0;

	if (r->cfg->silent)
		return;
	if (r->cfg->quiet)
		list_bad(r);
	for (int i = 0; i < KTSTR_OUTCOME_NR; i++)
		if (ktstr_outcome__is_infra((enum ktstr_outcome)i))
			error += c->by_outcome[i];
	if (c->flaky)
		tapout__printf(&r->out,
			       "# %u of the passed tests failed before\n",
			       c->flaky);
	tapout__printf(&r->out,
		       "# Totals: pass:%u fail:%u xfail:%u xpass:%u skip:%u "
		       "error:%u\n",
		       c->by_outcome[KTSTR_PASS],
		       c->by_outcome[KTSTR_FAIL] +
			       c->by_outcome[KTSTR_POST_VM_FAIL],
		       c->by_outcome[KTSTR_XFAIL], c->by_outcome[KTSTR_XPASS],
		       c->by_outcome[KTSTR_SKIP], error);
}
