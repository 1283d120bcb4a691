// SPDX-License-Identifier: GPL-2.0
/*
 * From the harness's lists, the declarations and the command line to a plan.
 * Pure but for what the ops do. Called once by main(), on the host for all
 * tests, in the guest for the one that runs there.
 */
#include "lib/harness/plan.h"

#include <ctype.h>

/* --- collecting ---------------------------------------------------------- */

struct collect {
	struct plan *plan;
	const struct ktstr_attr_decl *decls;
	/* While marking: */
	const struct args *args;
	unsigned int at; /* where the last selected test was found */
};

static int grow(struct plan *plan)
{
	unsigned int cap = plan->cap ? plan->cap * 2 : 16;
	void *tests;

	if (plan->nr < plan->cap)
		return 0;
	tests = reallocarray(plan->tests, cap, sizeof(*plan->tests));
	if (!tests)
		return -ENOMEM;
	plan->tests = tests;
	plan->cap = cap;
	return 0;
}

static void add(void *ctx, const struct ktstr_test_ref *ref)
{
	struct collect *c = ctx;
	struct plan *plan = c->plan;
	struct plan_test test = { .fixture = ref->fixture,
				  .variant = ref->variant,
				  .test = ref->test };

	if (plan->err)
		return;
	plan->err = grow(plan);
	if (!plan->err &&
	    asprintf(&test.name, "%s%s%s.%s", ref->fixture,
		     ref->variant[0] ? "." : "", ref->variant, ref->test) < 0)
		plan->err = -ENOMEM;
	if (plan->err)
		return;
	plan->err = plan_attr__set(&test, c->decls, ref);
	plan->tests[plan->nr++] = test;
}

/*
 * Two dozen more machines for each test of a fixture are no surprise to spring
 * on somebody: tests on presets that are ignored are not even told of.
 */
static bool is_left_out(const struct plan_test *test, const struct args *args)
{
	return test->refusal || (test->preset && test->attr.ignore &&
				 args->list == LIST_NONE && !args->check);
}

static void mark(void *ctx, const struct ktstr_test_ref *ref)
{
	struct collect *c = ctx;
	struct plan *plan = c->plan;

	/* Both walks go the same way, so the search goes on where it was. */
	for (; c->at < plan->nr; c->at++) {
		struct plan_test *test = &plan->tests[c->at];

		if (strcmp(test->fixture, ref->fixture) ||
		    strcmp(test->variant, ref->variant) ||
		    strcmp(test->test, ref->test))
			continue;
		test->selected = !is_left_out(test, c->args);
		plan->nr_selected += test->selected;
		plan->nr_left_out += !test->selected;
		plan->nr_not_asked += !test->selected && !test->refusal;
		c->at++;
		return;
	}
}

/* --- what the arguments and declarations name ------------------------------
 */

static bool filter_matches(char letter, const char *name,
			   const struct plan_test *test)
{
	switch (tolower((unsigned char)letter)) {
	case 't':
		return !strcmp(name, test->test);
	case 'v':
		return !strcmp(name, test->variant);
	case 'f':
		return !strcmp(name, test->fixture);
	default:
		return !strcmp(name, test->name);
	}
}

static const char *filter_kind(char letter)
{
	switch (tolower((unsigned char)letter)) {
	case 't':
		return "test";
	case 'v':
		return "variant";
	case 'f':
		return "fixture";
	default:
		return "FIXTURE[.VARIANT].TEST";
	}
}

/* The first that matches, one that can be run if there is any. */
static const struct plan_test *find_match(const struct plan *plan, char letter,
					  const char *name)
{
	const struct plan_test *found = NULL;

	for (unsigned int i = 0; i < plan->nr; i++) {
		const struct plan_test *test = &plan->tests[i];

		if (!filter_matches(letter, name, test))
			continue;
		if (!test->refusal)
			return test;
		if (!found)
			found = test;
	}
	return found;
}

static int check_filter(const struct plan *plan, const char *filter,
			const char *name, struct kt_diag *diag)
{
	const struct plan_test *test = find_match(plan, filter[1], name);

	if (!test)
		return diag__fail(diag, -EINVAL,
				  "%s %s selects no test: this program has no "
				  "%s of that name; --list names the tests",
				  filter, name, filter_kind(filter[1]));
	if (test->refusal)
		return diag__fail(diag, -EINVAL,
				  "%s %s selects no test: the constraints of "
				  "%s leave it out (%s)",
				  filter, name, test->name, test->refusal);
	return 0;
}

static int check_filters(const struct plan *plan, const struct args *args,
			 struct kt_diag *diag)
{
	int err = 0;

	for (int i = 1; !err && i + 1 < args->argc; i += 2)
		err = check_filter(plan, args->argv[i], args->argv[i + 1],
				   diag);
	return err;
}

static int none_left(const struct args *args, struct kt_diag *diag)
{
	char words[512] = "";
	size_t len = 0;

	if (args->argc < 2)
		return diag__fail(diag, -EINVAL, "this program has no tests");
	for (int i = 1; i < args->argc && len < sizeof(words); i++)
		len += (size_t)snprintf(words + len, sizeof(words) - len, " %s",
					args->argv[i]);
	return diag__fail(diag, -EINVAL,
			  "the arguments%s together select no test; --list "
			  "names the tests",
			  words);
}

static int check_decls(const struct plan *plan,
		       const struct ktstr_attr_decl *decls,
		       struct kt_diag *diag)
{
	for (const struct ktstr_attr_decl *d = decls; d; d = d->next) {
		unsigned int i = 0;

		while (i < plan->nr &&
		       !plan_attr__applies(d, plan->tests[i].fixture,
					   plan->tests[i].variant,
					   plan->tests[i].test))
			i++;
		if (i == plan->nr)
			return diag__fail(
				diag, -EINVAL,
				"attributes are given for %s%s%s%s%s, "
				"which is no test, variant or "
				"fixture of this program",
				d->fixture, d->variant ? "." : "",
				d->variant ?: "", d->test ? "." : "",
				d->test ?: "");
	}
	return 0;
}

/* --- ignored tests ---------------------------------------------------------
 */

static bool is_named(const struct args *args, const struct plan_test *test)
{
	/* A name that the test has in all variants does not name a preset. */
	const char *letters = test->preset ? "vr" : "tr";

	for (int i = 1; i + 1 < args->argc; i += 2) {
		char letter = args->argv[i][1];

		if (strchr(letters, letter) &&
		    filter_matches(letter, args->argv[i + 1], test))
			return true;
	}
	return false;
}

static void decide_ignored(struct plan *plan, const struct args *args)
{
	for (unsigned int i = 0; i < plan->nr; i++) {
		struct plan_test *test = &plan->tests[i];

		if (args->list == LIST_NONE && args->ignored != IGNORED_SKIP &&
		    (args->ignored == IGNORED_RUN || is_named(args, test)))
			test->attr.ignore = false;
	}
}

/* The harness's filters cannot name what is left out: name all the others. */
static int name_selected(struct plan *plan, char *prog)
{
	static const char letter[] = "-r";
	int n = 0;

	if (!plan->nr_left_out)
		return 0;
	plan->argv =
		calloc(2 * (size_t)plan->nr_selected + 2, sizeof(*plan->argv));
	if (!plan->argv)
		return -ENOMEM;
	plan->argv[n++] = prog;
	for (unsigned int i = 0; i < plan->nr; i++) {
		if (!plan->tests[i].selected)
			continue;
		plan->argv[n++] = (char *)(uintptr_t)letter;
		plan->argv[n++] = plan->tests[i].name;
	}
	plan->argc = n;
	return 0;
}

int plan__build(const struct ktstr_harness_ops *ops, const struct args *args,
		struct plan *ret_plan, struct kt_diag *diag)
{
	struct plan plan __free(plan) = { 0 };
	struct collect c = { .plan = &plan,
			     .decls = ops->decls(),
			     .args = args };
	int err;

	ops->each(1, args->argv, add, &c);
	if (plan.err)
		return plan.err;
	err = check_decls(&plan, c.decls, diag);
	if (!err)
		err = check_filters(&plan, args, diag);
	if (err)
		return err;
	decide_ignored(&plan, args);
	ops->each(args->argc, args->argv, mark, &c);
	if (!plan.nr_selected)
		return none_left(args, diag);
	err = name_selected(&plan, args->argv[0]);
	if (err)
		return err;
	*ret_plan = plan;
	plan = (struct plan){ 0 };
	return 0;
}

int plan__build_one(const struct ktstr_harness_ops *ops, const char *name,
		    struct plan *ret_plan, struct kt_diag *diag)
{
	char *copy __free(ptr) = strdup(name);
	char *argv[] = { (char *)"prog", (char *)"-r", copy, NULL };
	struct plan plan __free(plan) = { 0 };
	struct collect c = { .plan = &plan, .decls = ops->decls() };

	if (!copy)
		return -ENOMEM;
	ops->each(3, argv, add, &c);
	if (plan.err)
		return plan.err;
	if (!plan__find(&plan, name))
		return diag__fail(diag, -EINVAL, "no test %s in this program",
				  name);
	*ret_plan = plan;
	plan = (struct plan){ 0 };
	return 0;
}

void plan__fini(struct plan *plan)
{
	for (unsigned int i = 0; i < plan->nr; i++) {
		free(plan->tests[i].name);
		free(plan->tests[i].fault);
	}
	free(plan->tests);
	free(plan->argv);
	*plan = (struct plan){ 0 };
}

/* --- questions ----------------------------------------------------------- */

const struct plan_test *plan__find(const struct plan *plan, const char *name)
{
	for (unsigned int i = 0; i < plan->nr; i++)
		if (!strcmp(plan->tests[i].name, name))
			return &plan->tests[i];
	return NULL;
}

bool plan__needs_machine(const struct plan *plan)
{
	for (unsigned int i = 0; i < plan->nr; i++) {
		const struct plan_test *test = &plan->tests[i];

		if (test->selected && !test->fault && !test->attr.ignore &&
		    !test->attr.host_only)
			return true;
	}
	return false;
}

bool plan__needs_capacity(const struct plan *plan)
{
	for (unsigned int i = 0; i < plan->nr; i++)
		if (plan->tests[i].selected && plan->tests[i].preset)
			return true;
	return false;
}

unsigned int plan__faults(const struct plan *plan, const char *prefix, FILE *to)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < plan->nr; i++) {
		if (!plan->tests[i].selected || !plan->tests[i].fault)
			continue;
		fprintf(to, "%s %s\n", prefix, plan->tests[i].fault);
		nr++;
	}
	return nr;
}

static void list_tags(const struct plan_test *test, FILE *to)
{
	const struct ktstr_attr *attr = &test->attr;
	char sep = '\t';

	for (unsigned int i = 0; i < KTSTR_LIST_MAX && attr->tags[i]; i++) {
		fprintf(to, "%c%s", sep, attr->tags[i]);
		sep = ' ';
	}
	if (test->preset) {
		fprintf(to, "%cpreset", sep);
		sep = ' ';
	}
	if (attr->host_only) {
		fprintf(to, "%chost_only", sep);
		sep = ' ';
	}
	if (attr->ignore)
		fprintf(to, "%cignore", sep);
}

void plan__list(const struct plan *plan, enum list_form form, FILE *to)
{
	for (unsigned int i = 0; i < plan->nr; i++) {
		const struct plan_test *test = &plan->tests[i];

		if (!test->selected)
			continue;
		fputs(test->name, to);
		if (form == LIST_TAGS)
			list_tags(test, to);
		if (form == LIST_LONG)
			ktstr_attr__print(&test->attr, to);
		if (form == LIST_LONG && test->fault)
			fprintf(to, "\tfault=%s", test->fault);
		putc('\n', to);
	}
}
