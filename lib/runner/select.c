// SPDX-License-Identifier: GPL-2.0
/* Which tests of the plan are wanted: words, globs, tags, shards, kernels. */
#include "lib/runner/testplan.h"

#include <fnmatch.h>

static bool is_glob(const char *word)
{
	return strpbrk(word, "*?[") != NULL;
}

/*
 * A test on a preset that is ignored: so many that it is not even reported
 * unless it is asked for.
 */
static bool is_spare(const struct plan_selection *selection,
		     const struct plan_test *test)
{
	return !selection->spares && testplan_test__has_tag(test, "preset") &&
	       testplan_test__has_tag(test, "ignore");
}

/* As fnmatch(3), but a * stops at dots: sched.* has no sched.PRESET.test. */
static bool parts_match(const char *word, const char *name)
{
	char *a __free(ptr) = strdup(word), *b __free(ptr) = strdup(name);

	if (!a || !b)
		return false;
	for (char *p = a; (p = strchr(p, '.')); p++)
		*p = '/';
	for (char *p = b; (p = strchr(p, '.')); p++)
		*p = '/';
	return !fnmatch(a, b, FNM_PATHNAME);
}

static bool glob_matches(const char *word, const char *name, bool by_parts)
{
	return by_parts ? parts_match(word, name) : !fnmatch(word, name, 0);
}

/* @full: PROGRAM:TEST */
static bool word_names(const char *word, const char *program, const char *test,
		       const char *full, bool spare)
{
	if (is_glob(word))
		return glob_matches(word, full, spare) ||
		       glob_matches(word, test, spare);
	return (!strcmp(word, program) && !spare) || !strcmp(word, test) ||
	       !strcmp(word, full);
}

static int pick_word(struct testplan *plan,
		     const struct plan_selection *selection, const char *word,
		     struct kt_diag *diag)
{
	bool found = false;

	for (unsigned int i = 0; i < plan->nr_tests; i++) {
		struct plan_test *test = &plan->tests[i];
		const char *program = plan->programs[test->program].name;
		bool spare = is_spare(selection, test);
		char *full __free(ptr) = NULL;

		if (asprintf(&full, "%s:%s", program, test->name) < 0) {
			full = NULL;
			return -ENOMEM;
		}
		if (!word_names(word, program, test->name, full, spare))
			continue;
		test->picked = true;
		test->named |=
			spare || (!is_glob(word) && strcmp(word, program));
		found = true;
	}
	if (!found)
		return diag__fail(diag, -ENOENT,
				  "no test '%s'; --list names them", word);
	return 0;
}

/* --tag preset asks for them, another tag that they have, too, does not. */
static bool wants_spares(const struct plan_selection *selection)
{
	for (unsigned int k = 0; k < selection->nr_tags; k++)
		if (!strcmp(selection->tags[k], "preset"))
			return true;
	return false;
}

static void pick_all(struct testplan *plan,
		     const struct plan_selection *selection)
{
	bool wanted = wants_spares(selection);

	for (unsigned int i = 0; i < plan->nr_tests; i++) {
		struct plan_test *test = &plan->tests[i];
		bool spare = is_spare(selection, test);

		test->picked = wanted || !spare;
		test->named |= wanted && spare;
	}
}

static int keep_tagged(struct testplan *plan,
		       const struct plan_selection *selection,
		       struct kt_diag *diag)
{
	for (unsigned int i = 0; i < plan->nr_tests; i++) {
		struct plan_test *test = &plan->tests[i];

		for (unsigned int k = 0; k < selection->nr_tags; k++)
			test->picked |= testplan_test__has_tag(
				test, selection->tags[k]);
	}
	testplan__keep_picked(plan);
	if (!plan->nr_tests)
		return diag__fail(diag, -ENOENT,
				  "no selected test is tagged '%s'%s; --list "
				  "shows the tags",
				  selection->tags[0],
				  selection->nr_tags > 1 ? " or like the others"
							 : "");
	return 0;
}

int testplan__select(struct testplan *plan,
		     const struct plan_selection *selection,
		     struct kt_diag *diag)
{
	for (unsigned int i = 0; i < selection->nr_words; i++) {
		int err = pick_word(plan, selection, selection->words[i], diag);

		if (err)
			return err;
	}
	if (!selection->nr_words)
		pick_all(plan, selection);
	testplan__keep_picked(plan);
	return selection->nr_tags ? keep_tagged(plan, selection, diag) : 0;
}

void testplan__shard(struct testplan *plan, unsigned int part,
		     unsigned int parts)
{
	for (unsigned int i = 0; i < plan->nr_tests; i++)
		plan->tests[i].picked = i % parts == part - 1;
	testplan__keep_picked(plan);
}

/* A copy of @from for kernel @k; its label ends in the kernel's. */
static int copy_for_kernel(const struct plan_test *from, unsigned int k,
			   const char *label, struct plan_test *ret_test)
{
	char *name __free(ptr) = strdup(from->name);
	char *tags __free(ptr) = strdup(from->tags);
	char *full __free(ptr) = NULL;

	if (!name || !tags ||
	    asprintf(&full, "%s%s%s", from->name, label ? "." : "",
		     label ? label : "") < 0) {
		full = NULL;
		return -ENOMEM;
	}
	*ret_test = (struct plan_test){
		.program = from->program,
		.kernel = k,
		.name = no_free_ptr(name),
		.label = no_free_ptr(full),
		.tags = no_free_ptr(tags),
		.expect_ms = from->expect_ms,
		.named = from->named,
		.picked = true,
	};
	return 0;
}

int testplan__kernels(struct testplan *plan, const char *const *labels,
		      unsigned int nr)
{
	struct testplan all = { 0 };
	int err = 0;

	if (nr < 2)
		return 0;
	all.tests = calloc((size_t)plan->nr_tests * nr + 1, sizeof(*all.tests));
	if (!all.tests)
		return -ENOMEM;
	for (unsigned int i = 0; !err && i < plan->nr_tests; i++) {
		const struct plan_test *test = &plan->tests[i];
		bool once = testplan_test__has_tag(test, "host_only");

		for (unsigned int k = 0; !err && k < (once ? 1 : nr); k++) {
			err = copy_for_kernel(test, k, once ? NULL : labels[k],
					      &all.tests[all.nr_tests]);
			all.nr_tests += !err;
		}
	}
	if (err) {
		testplan__fini(&all);
		return err;
	}
	/* The new tests stay, with the old programs; the old tests go. */
	for (unsigned int i = 0; i < plan->nr_tests; i++)
		plan->tests[i].picked = false;
	all.programs = plan->programs;
	all.nr_programs = plan->nr_programs;
	plan->programs = NULL;
	plan->nr_programs = 0;
	testplan__fini(plan);
	*plan = all;
	testplan__keep_picked(plan);
	return 0;
}
