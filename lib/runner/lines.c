// SPDX-License-Identifier: GPL-2.0
/*
 * What a test program prints: cut into lines, made harmless, kept as the text
 * of the test it belongs to, and searched for results. Called by job.c; the
 * text is a hostile peer's.
 */
#include "lib/runner/runner-priv.h"

#include <stdarg.h>

#include <ktstr/fd.h>
#include <ktstr/ktap.h>

#include "lib/runner/tapline.h"

/* "# " and every byte escaped and a newline */
#define SHOWN_MAX (4 + 4 * RUNNER_LINE_MAX)

void linebuf__feed(struct linebuf *lb, const char *data, size_t len, line_fn fn,
		   struct job *job)
{
	while (len) {
		const char *nl = memchr(data, '\n', len);
		size_t part = nl ? (size_t)(nl - data) : len;
		size_t take = KT_MIN(part, sizeof(lb->text) - lb->len);

		memcpy(lb->text + lb->len, data, take);
		lb->len += take;
		data += take;
		len -= take;
		if (take == part && nl) {
			fn(job, lb->text, lb->len, !lb->cut);
			lb->len = 0;
			lb->cut = false;
			data++;
			len--;
		} else if (lb->len == sizeof(lb->text)) {
			fn(job, lb->text, lb->len, false);
			lb->len = 0;
			lb->cut = true;
		}
	}
}

/* --- the text of a test --------------------------------------------------- */

/* @shown: SHOWN_MAX bytes; always a comment line that opens no level. Return:
 * its length. */
static size_t make_shown(char *shown, const char *text, size_t len)
{
	static const char subtest[] = "# Subtest:";
	size_t n = 0;

	if (!len || text[0] != '#' ||
	    (len >= sizeof(subtest) - 1 &&
	     !memcmp(text, subtest, sizeof(subtest) - 1))) {
		shown[n++] = '#';
		shown[n++] = ' ';
	}
	n += ktap__escape(shown + n, (const u8 *)text, len);
	shown[n++] = '\n';
	return n;
}

/* The test whose lines these most likely are: the first without a result. */
static const struct plan_test *expected(const struct job *job)
{
	unsigned int test = job->tests[job->nr_left ? 0 : job->nr_tests - 1];

	return &job->r->plan->tests[test];
}

/* logs/[KERNEL/][attempt-N/]PROGRAM/TEST.log, without the name */
static char *log_path(const struct job *job, const struct plan_test *test)
{
	const struct runner_config *cfg = job->r->cfg;
	unsigned int attempt = test->nr_attempts + 1;
	char again[32] = "", *path;

	if (attempt > 1)
		snprintf(again, sizeof(again), "attempt-%u/", attempt);
	if (asprintf(&path, "logs/%s%s%s%s/%s.log",
		     cfg->nr_kernels > 1 ? cfg->labels[job->kernel] : "",
		     cfg->nr_kernels > 1 ? "/" : "", again,
		     job->r->plan->programs[job->program].name, test->name) < 0)
		return NULL;
	return path;
}

static void log_line(struct job *job, const char *text, size_t len)
{
	struct outdir *dir = job->r->dir;

	if (dir->fd < 0 || !job->nr_left)
		return;
	if (!job->log) {
		job->log = log_path(job, expected(job));
		if (!job->log)
			return;
		job->log_fd = outdir__create_log(dir, job->log);
	}
	outdir__log(dir, job->log_fd, text, len);
}

static void add_shown(struct job *job, const char *shown, size_t len)
{
	bool kept = textbuf__add(&job->block, shown, len, RUNNER_TEXT_MAX);

	log_line(job, shown, len);
	if (kept && flat__live(job))
		flat__line(job->r, shown, len);
}

static void add_line(struct job *job, const char *text, size_t len)
{
	char shown[SHOWN_MAX];

	add_shown(job, shown, make_shown(shown, text, len));
}

void lines__note(struct job *job, const char *fmt, ...)
{
	char text[RUNNER_LINE_MAX];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len > 0)
		add_line(job, text, KT_MIN((size_t)len, sizeof(text) - 1));
}

/* --- results -------------------------------------------------------------- */

/* Take the test called so out of those without a result. */
static bool find_test(struct job *job, const struct tap_line *line,
		      unsigned int *ret_test)
{
	for (unsigned int i = 0; i < job->nr_left; i++) {
		unsigned int test = job->tests[i];
		const char *name = job->r->plan->tests[test].name;

		if (strlen(name) != line->name_len ||
		    memcmp(name, line->name, line->name_len))
			continue;
		*ret_test = test;
		return true;
	}
	return false;
}

static void remove_test(struct job *job, unsigned int test)
{
	unsigned int i = 0;

	while (i < job->nr_left && job->tests[i] != test)
		i++;
	if (i == job->nr_left)
		return;
	job->nr_left--;
	memmove(job->tests + i, job->tests + i + 1,
		(job->nr_tests - i - 1) * sizeof(*job->tests));
	job->tests[job->nr_tests - 1] = test;
}

/* What stands behind the name in our report. */
static char *make_directive(enum ktstr_outcome outcome, const char *said,
			    u64 time_ms)
{
	char *text = NULL;
	int n;

	if (ktstr_outcome__is_infra(outcome))
		n = asprintf(&text, "ERROR %s", ktstr_outcome__name(outcome));
	else if (outcome == KTSTR_SKIP || outcome == KTSTR_XFAIL ||
		 outcome == KTSTR_XPASS)
		n = asprintf(&text, "%s", said);
	else
		n = asprintf(&text, "%stime=%llums",
			     outcome == KTSTR_POST_VM_FAIL ? "post_vm_fail "
							   : "",
			     (unsigned long long)time_ms);
	return n < 0 ? NULL : text;
}

/* The log ends with the result; in the report it is a line of its own. */
static void log_result(struct job *job, const struct plan_test *test,
		       const struct plan_attempt *attempt)
{
	char *line __free(ptr) = NULL;
	int n = asprintf(
		&line, "%s %s # %s\n",
		testplan_test__is_good(attempt->outcome) ? "ok" : "not ok",
		test->name, attempt->directive ? attempt->directive : "");

	if (n < 0)
		line = NULL;
	else
		log_line(job, line, (size_t)n);
}

/* The log may have been named after another test; move it to @test's name. */
static void end_log(struct job *job, const struct plan_test *test,
		    struct plan_attempt *attempt)
{
	char *path __free(ptr) = NULL;
	struct outdir *dir = job->r->dir;

	if (job->log_fd < 0)
		goto out;
	close(no_free_fd(job->log_fd));
	path = log_path(job, test);
	if (path && strcmp(path, job->log))
		outdir__rename_log(dir, job->log, path);
	if (path && asprintf(&attempt->log, "%s/%s", dir->path, path) < 0)
		attempt->log = NULL;
out:
	free(job->log);
	job->log = NULL;
}

void lines__end_test(struct job *job, unsigned int test,
		     enum ktstr_outcome outcome, const char *directive,
		     u64 time_ms)
{
	struct plan_test *t = &job->r->plan->tests[test];
	struct plan_attempt now = { .outcome = outcome,
				    .time_ms = time_ms,
				    .not_booted = job->not_booted };
	struct plan_attempt *attempt;

	if (job->block.dropped)
		lines__note(job, "# %llu more bytes are not shown",
			    (unsigned long long)job->block.dropped);
	now.directive = make_directive(outcome, directive, time_ms);
	log_result(job, t, &now);
	end_log(job, t, &now);
	now.fingerprint = job->fingerprint;
	job->fingerprint = NULL;
	now.text = job->block;
	now.printed = flat__live(job);
	job->block = (struct textbuf){ 0 };
	job->block_ns = kt_now_ns();
	job->not_booted = false;
	remove_test(job, test);
	attempt = testplan__test_attempt(t);
	if (!attempt) {
		/* Without memory for it the result stays "torn". */
		free(now.directive);
		free(now.log);
		free(now.fingerprint);
		textbuf__fini(&now.text);
	} else {
		*attempt = now;
	}
	runner__attempt_done(job->r, test);
}

static void take_result(struct job *job, const char *text, size_t len,
			const struct tap_line *line)
{
	char said[4 * RUNNER_LINE_MAX + 1];
	u64 ms = (kt_now_ns() - job->block_ns) / NSEC_PER_MSEC;
	enum ktstr_outcome outcome = tap_line__outcome(line);
	unsigned int test;

	if (!find_test(job, line, &test)) {
		job->strange++;
		add_line(job, "# unplanned result:", 19);
		lines__note(job, "# %.*s", (int)len, text);
		return;
	}
	said[ktap__escape(said, (const u8 *)line->directive,
			  line->directive_len)] = '\0';
	tap_line__time_ms(line, &ms);
	lines__end_test(job, test, outcome, said, ms);
}

static void take_plan(struct job *job, const struct tap_line *line)
{
	if (line->number || job->skip_reason ||
	    tap_line__outcome(line) != KTSTR_SKIP)
		return;
	job->skip_reason = strndup(line->directive, line->directive_len);
}

static bool starts(const char *text, size_t len, const char *with)
{
	return len >= strlen(with) && !memcmp(text, with, strlen(with));
}

/* The program's own sums; ours are over all its processes. */
static bool is_trailer(const struct job *job, const char *text, size_t len)
{
	return !job->nr_left && (starts(text, len, "# Totals: ") ||
				 starts(text, len, "# PASSED: ") ||
				 starts(text, len, "# FAILED: "));
}

/*
 * "# vm: ..., boot 0 ms, ...": guest init never said that it is there.
 * "# fingerprint: ...": the last one counts, it comes from the report behind
 * whatever the guest itself printed.
 */
static void look_at_diag(struct job *job, const char *text, size_t len)
{
	static const char boot[] = ", boot 0 ms,";
	static const char print[] = "# fingerprint: ";

	if (starts(text, len, print)) {
		char shown[4 * RUNNER_LINE_MAX + 1];

		text += sizeof(print) - 1;
		len -= sizeof(print) - 1;
		shown[ktap__escape(shown, (const u8 *)text, len)] = '\0';
		free(job->fingerprint);
		job->fingerprint = strdup(shown);
		return;
	}
	if (starts(text, len, "# vm: ") &&
	    memmem(text, len, boot, sizeof(boot) - 1))
		job->not_booted = true;
}

void lines__stdout(struct job *job, const char *text, size_t len, bool whole)
{
	struct tap_line line;

	if (!whole) {
		add_line(job, text, len);
		return;
	}
	tap_line__parse(text, len, &line);
	switch (line.kind) {
	case TAP_RESULT:
		take_result(job, text, len, &line);
		break;
	case TAP_PLAN:
		take_plan(job, &line);
		break;
	case TAP_VERSION:
		break;
	case TAP_DIAG:
		look_at_diag(job, text, len);
		if (!is_trailer(job, text, len))
			add_line(job, text, len);
		break;
	case TAP_OTHER:
		if (len)
			add_line(job, text, len);
		break;
	}
}

void lines__stderr(struct job *job, const char *text, size_t len, bool whole)
{
	(void)whole;
	if (len)
		add_line(job, text, len);
}
