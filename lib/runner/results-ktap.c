// SPDX-License-Identifier: GPL-2.0
/* results.ktap; see results.h. Called once, when a run is over. */
#include "lib/runner/results.h"

static const char *word(enum ktstr_outcome outcome)
{
	return testplan_test__is_good(outcome) ? "ok" : "not ok";
}

static void put_text(FILE *to, const char *text)
{
	while (*text) {
		int len = (int)strcspn(text, "\n");

		fprintf(to, "  %.*s\n", len, text);
		text += len;
		text += *text == '\n';
	}
}

static void put_test(FILE *to, const struct plan_test *test, unsigned int nr)
{
	const struct plan_attempt *last = testplan_test__last(test);
	enum ktstr_outcome outcome = last ? last->outcome : KTSTR_TORN_RESULT;
	const char *directive = last ? last->directive : NULL;

	for (unsigned int i = 0; i < test->nr_attempts; i++) {
		const struct plan_attempt *a = &test->attempts[i];

		if (testplan_test__is_good(a->outcome))
			continue;
		put_text(to, textbuf__text(&a->text));
		if (a->log)
			fprintf(to, "  # log: %s\n", a->log);
		if (i + 1 < test->nr_attempts)
			fprintf(to, "  # attempt %u: %s %s # %s\n", i + 1,
				word(a->outcome), test->label,
				a->directive ? a->directive : "");
	}
	fprintf(to, "  %s %u %s%s%s\n", word(outcome), nr, test->label,
		directive ? " # " : "", directive ? directive : "");
}

static void put_program(FILE *to, const struct results *res, unsigned int index)
{
	const struct plan_program *program = &res->plan->programs[index];
	unsigned int nr = 0;

	fprintf(to, "  KTAP version 1\n  # Subtest: %s\n  1..%u\n",
		program->name, program->nr_tests);
	for (unsigned int i = 0; i < res->plan->nr_tests; i++)
		if (res->plan->tests[i].program == index)
			put_test(to, &res->plan->tests[i], ++nr);
	put_text(to, textbuf__text(&program->tail));
	fprintf(to, "%s %u %s", word(program->outcome), index + 1,
		program->name);
	if (program->outcome == KTSTR_SKIP)
		fprintf(to, " # SKIP");
	else if (!testplan_test__is_good(program->outcome))
		fprintf(to, " # exit=%d", program->exit_status);
	fputc('\n', to);
}

int results__ktap(const struct results *res, char **ret_text, size_t *ret_len)
{
	FILE *to = open_memstream(ret_text, ret_len);

	if (!to)
		return -ENOMEM;
	fprintf(to, "KTAP version 1\n1..%u\n", res->plan->nr_programs);
	for (unsigned int i = 0; i < res->plan->nr_programs; i++)
		put_program(to, res, i);
	return fclose(to) ? -ENOMEM : 0;
}
