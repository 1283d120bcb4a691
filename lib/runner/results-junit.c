// SPDX-License-Identifier: GPL-2.0
/*
 * results.xml, as Jenkins and GitLab read it; see results.h. Called once, when
 * a run is over. No XML library: what is written has three kinds of elements,
 * the text is printable already, and of escaping there remain five characters
 * and two code points, while libxml2 would bring ICU along.
 */
#include "lib/runner/results.h"

#include <time.h>

static void put_escaped(FILE *to, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", to);
			break;
		case '<':
			fputs("&lt;", to);
			break;
		case '>':
			fputs("&gt;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		case '\'':
			fputs("&apos;", to);
			break;
		default:
			/* U+FFFE and U+FFFF are UTF-8, but no XML. */
			if (!strncmp(text, "\xef\xbf\xbe", 3) ||
			    !strncmp(text, "\xef\xbf\xbf", 3)) {
				fputc('?', to);
				text += 2;
			} else {
				fputc(*text, to);
			}
		}
	}
}

static void put_attribute(FILE *to, const char *name, const char *value)
{
	fprintf(to, " %s=\"", name);
	put_escaped(to, value);
	fputc('"', to);
}

static void put_seconds(FILE *to, u64 ms)
{
	fprintf(to, " time=\"%llu.%03llu\"", (unsigned long long)(ms / 1000),
		(unsigned long long)(ms % 1000));
}

/* <failure>, <error>, <flakyFailure>: an attempt and its last lines */
static void put_attempt(FILE *to, const char *element,
			const struct plan_attempt *attempt)
{
	fprintf(to, "   <%s", element);
	put_attribute(to, "type", ktstr_outcome__name(attempt->outcome));
	put_attribute(to, "message", ktstr_outcome__help(attempt->outcome));
	fputc('>', to);
	put_escaped(to, textbuf__text(&attempt->text));
	if (attempt->log) {
		fputs("# log: ", to);
		put_escaped(to, attempt->log);
		fputc('\n', to);
	}
	fprintf(to, "</%s>\n", element);
}

static void put_verdict(FILE *to, const struct plan_test *test,
			const struct plan_attempt *last)
{
	if (last->outcome == KTSTR_SKIP) {
		fputs("   <skipped", to);
		put_attribute(to, "message",
			      last->directive ? last->directive : "");
		fputs("/>\n", to);
	} else if (!testplan_test__is_good(last->outcome)) {
		put_attempt(to,
			    ktstr_outcome__is_infra(last->outcome) ? "error"
								   : "failure",
			    last);
	}
	for (unsigned int i = 0; i + 1 < test->nr_attempts; i++)
		put_attempt(to,
			    testplan_test__flaky(test) ? "flakyFailure"
						       : "rerunFailure",
			    &test->attempts[i]);
}

static void put_case(FILE *to, const char *program,
		     const struct plan_test *test)
{
	static const struct plan_attempt none = {
		.outcome = KTSTR_TORN_RESULT,
	};
	const struct plan_attempt *last = testplan_test__last(test);

	last = last ? last : &none;
	fputs("  <testcase", to);
	fprintf(to, " classname=\"ktstr.%s\"", program);
	put_attribute(to, "name", test->label);
	put_seconds(to, last->time_ms);
	fputs(">\n", to);
	put_verdict(to, test, last);
	fputs("  </testcase>\n", to);
}

struct sums {
	unsigned int tests, failures, errors, skipped;
};

/* A program that failed although its tests did not would be green here. */
static bool needs_case(const struct results *res, unsigned int index,
		       const struct sums *sums)
{
	return !sums->failures && !sums->errors &&
	       !testplan_test__is_good(res->plan->programs[index].outcome);
}

static struct sums count(const struct results *res, unsigned int index)
{
	struct sums sums = { 0 };

	for (unsigned int i = 0; i < res->plan->nr_tests; i++) {
		const struct plan_test *test = &res->plan->tests[i];
		const struct plan_attempt *last = testplan_test__last(test);

		if (test->program != index)
			continue;
		sums.tests++;
		if (!last || ktstr_outcome__is_infra(last->outcome))
			sums.errors++;
		else if (last->outcome == KTSTR_SKIP)
			sums.skipped++;
		else if (!testplan_test__is_good(last->outcome))
			sums.failures++;
	}
	if (needs_case(res, index, &sums)) {
		sums.tests++;
		sums.errors++;
	}
	return sums;
}

static void put_sums(FILE *to, const struct sums *sums)
{
	fprintf(to,
		" tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\"",
		sums->tests, sums->failures, sums->errors, sums->skipped);
}

static void put_process(FILE *to, const struct plan_program *program)
{
	struct plan_attempt process = { .outcome = program->outcome,
					.text = program->tail };

	fprintf(to,
		"  <testcase classname=\"ktstr.%s\" name=\"exit status %d\">\n",
		program->name, program->exit_status);
	put_attempt(to, "error", &process);
	fputs("  </testcase>\n", to);
}

static void put_suite(FILE *to, const struct results *res, unsigned int index,
		      const char *when)
{
	const struct plan_program *program = &res->plan->programs[index];
	struct sums sums = count(res, index);
	bool process = sums.errors == 1 && !sums.failures &&
		       sums.tests > program->nr_tests;

	fputs(" <testsuite", to);
	put_attribute(to, "name", program->name);
	put_sums(to, &sums);
	put_seconds(to, program->time_ms);
	put_attribute(to, "timestamp", when);
	fputs(">\n", to);
	for (unsigned int i = 0; i < res->plan->nr_tests; i++)
		if (res->plan->tests[i].program == index)
			put_case(to, program->name, &res->plan->tests[i]);
	if (process)
		put_process(to, program);
	fputs(" </testsuite>\n", to);
}

int results__junit(const struct results *res, char **ret_text, size_t *ret_len)
{
	FILE *to = open_memstream(ret_text, ret_len);
	time_t started = (time_t)res->run->started_s;
	struct sums all = { 0 };
	char when[32] = "";
	struct tm tm;

	if (!to)
		return -ENOMEM;
	if (gmtime_r(&started, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	for (unsigned int i = 0; i < res->plan->nr_programs; i++) {
		struct sums one = count(res, i);

		all.tests += one.tests;
		all.failures += one.failures;
		all.errors += one.errors;
		all.skipped += one.skipped;
	}
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	      "<testsuites name=\"ktstr\"",
	      to);
	put_sums(to, &all);
	put_seconds(to, res->run->duration_ns / NSEC_PER_MSEC);
	fputs(">\n", to);
	for (unsigned int i = 0; i < res->plan->nr_programs; i++)
		put_suite(to, res, i, when);
	fputs("</testsuites>\n", to);
	return fclose(to) ? -ENOMEM : 0;
}
