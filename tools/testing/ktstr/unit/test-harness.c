// SPDX-License-Identifier: GPL-2.0
/* A test program's arguments and its plan, on lists made up here. */
#include "lib/harness/plan.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* KTSTR_ATTR_UNSAID is there to be overridden; the harness's macros say so. */
#pragma GCC diagnostic ignored "-Woverride-init"

/* --- arguments ----------------------------------------------------------- */

#define ARGS_MAX 12

static int parse(const char *const *words, struct args *args,
		 struct kt_diag *diag)
{
	static char *argv[ARGS_MAX];
	int argc = 0;

	argv[argc++] = (char *)"prog";
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	argv[argc] = NULL;
	return args__parse(argc, argv, args, diag);
}

static void args_are_taken_apart(void **state)
{
	const char *const words[] = { "-tone",		"--kernel",    "k",
				      "-Vtwo",		"-r",	       "a.b.c",
				      "--ignored=skip", "--list=long", NULL };
	struct args args = { 0 };

	(void)state;
	assert_int_equal(parse(words, &args, NULL), 0);
	assert_string_equal(args.kernel, "k");
	assert_int_equal(args.list, LIST_LONG);
	assert_int_equal(args.ignored, IGNORED_SKIP);
	assert_false(args.check || args.help);
	assert_int_equal(args.argc, 7);
	assert_string_equal(args.argv[0], "prog");
	assert_string_equal(args.argv[1], "-t");
	assert_string_equal(args.argv[2], "one");
	assert_string_equal(args.argv[3], "-V");
	assert_string_equal(args.argv[4], "two");
	assert_string_equal(args.argv[5], "-r");
	assert_string_equal(args.argv[6], "a.b.c");
	assert_null(args.argv[7]);
	args__fini(&args);
}

static void args_short_forms(void **state)
{
	struct args args = { 0 };

	(void)state;
	assert_int_equal(parse((const char *[]){ "-l", NULL }, &args, NULL), 0);
	assert_int_equal(args.list, LIST_NAMES);
	assert_int_equal(args.argc, 1);
	args__fini(&args);
	assert_int_equal(
		parse((const char *[]){ "-h", "--check", "--ignored", NULL },
		      &args, NULL),
		0);
	assert_true(args.help && args.check);
	assert_int_equal(args.ignored, IGNORED_RUN);
	args__fini(&args);
	setenv("KTSTR_LIST", "tags", 1);
	assert_int_equal(parse((const char *[]){ "--list", NULL }, &args, NULL),
			 0);
	assert_int_equal(args.list, LIST_TAGS);
	args__fini(&args);
	/* It says how to list, not that. */
	assert_int_equal(parse((const char *[]){ NULL }, &args, NULL), 0);
	assert_int_equal(args.list, LIST_NONE);
	args__fini(&args);
	unsetenv("KTSTR_LIST");
}

static void args_are_refused(void **state)
{
	static const struct {
		const char *words[4];
		const char *text;
	} cases[] = {
		{ { "-x", NULL }, "unknown option -x" },
		{ { "--nope", NULL }, "unknown option --nope" },
		{ { "--check=1", NULL }, "--check=1" },
		{ { "-t", NULL }, "-t needs an argument" },
		{ { "--kernel", NULL }, "--kernel needs an argument" },
		{ { "stray", NULL }, "'stray' is no option" },
		{ { "-t", "a", "b", NULL }, "'b' is no option" },
		{ { "--", "-t", NULL }, "'-t' is no option" },
		{ { "--list=x", NULL }, "--list=x" },
		{ { "--ignored=x", NULL }, "--ignored=x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kt_diag diag = { 0 };
		struct args args = { .argc = 99 };

		assert_int_equal(parse(cases[i].words, &args, &diag), -EINVAL);
		if (!strstr(diag.msg, cases[i].text))
			fail_msg("'%s' has no '%s'", diag.msg, cases[i].text);
		assert_int_equal(args.argc, 99);
	}
}

/* --- a program made up --------------------------------------------------- */

static const struct ktstr_test_ref refs[] = {
	{ .fixture = "global", .variant = "", .test = "plain" },
	{ .fixture = "f", .variant = "v", .test = "a", .xfail = true },
	{ .fixture = "f", .variant = "v", .test = "b", .timeout_s = 9 },
	{ .fixture = "f", .variant = "w", .test = "a" },
	{ .fixture = "f", .variant = "w", .test = "b", .timeout_s = 9 },
	{ .fixture = "g", .variant = "", .test = "a" },
};

static struct ktstr_attr_decl decl[] = {
	{ .fixture = "f",
	  .attr = { KTSTR_ATTR_UNSAID, .cpus = 3, .timeout_s = 5 } },
	{ .fixture = "f",
	  .variant = "w",
	  .attr = { KTSTR_ATTR_UNSAID, .cpus = 4, .tags = { "w" } } },
	{ .fixture = "f",
	  .test = "a",
	  .attr = { KTSTR_ATTR_UNSAID, .memory_mib = 300 } },
	{ .fixture = "g",
	  .test = "a",
	  .attr = { KTSTR_ATTR_UNSAID, .ignore = true, .host_only = true } },
	{ .fixture = "global", .attr = { KTSTR_ATTR_UNSAID, .cpus = 0 } },
	{ .fixture = "f",
	  .variant = "nope",
	  .attr = { KTSTR_ATTR_UNSAID, .cpus = 1 } },
};
#define DECL_BAD 5

static const struct ktstr_attr_decl *good_decls(void)
{
	for (size_t i = 0; i + 1 < DECL_BAD; i++)
		decl[i].next = &decl[i + 1];
	decl[DECL_BAD - 1].next = NULL;
	return &decl[0];
}

static const struct ktstr_attr_decl *bad_decls(void)
{
	good_decls();
	decl[DECL_BAD - 1].next = &decl[DECL_BAD];
	return &decl[0];
}

/* Understands -t and -r, and one of them at that. */
static void each(int argc, char **argv,
		 void (*fn)(void *ctx, const struct ktstr_test_ref *ref),
		 void *ctx)
{
	for (size_t i = 0; i < ARRAY_SIZE(refs); i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s%s%s.%s", refs[i].fixture,
			 refs[i].variant[0] ? "." : "", refs[i].variant,
			 refs[i].test);
		if (argc == 1 ||
		    (!strcmp(argv[1], "-t") &&
		     !strcmp(argv[2], refs[i].test)) ||
		    (!strcmp(argv[1], "-r") && !strcmp(argv[2], name)))
			fn(ctx, &refs[i]);
	}
}

static const struct ktstr_harness_ops ops = { .each = each,
					      .decls = good_decls };

static int build(const char *const *words, struct plan *plan,
		 struct kt_diag *diag)
{
	struct args args __free(args) = { 0 };

	assert_int_equal(parse(words, &args, NULL), 0);
	return plan__build(&ops, &args, plan, diag);
}

static const char *const no_words[] = { NULL };

static void plan_merges_declarations(void **state)
{
	struct plan plan = { 0 };
	const struct plan_test *test;

	(void)state;
	assert_int_equal(build(no_words, &plan, NULL), 0);
	assert_int_equal(plan.nr, ARRAY_SIZE(refs));
	assert_int_equal(plan.nr_selected, ARRAY_SIZE(refs));
	assert_false(plan__needs_capacity(&plan));
	test = plan__find(&plan, "f.v.a");
	assert_non_null(test);
	assert_int_equal(test->attr.cpus, 3);
	assert_int_equal(test->attr.memory_mib, 300);
	assert_true(test->attr.expect_fail);
	test = plan__find(&plan, "f.w.b");
	assert_int_equal(test->attr.cpus, 4);
	assert_int_equal(test->attr.memory_mib, KTSTR_DEFAULT_MEMORY_MIB);
	/* The macro is of the test, the attribute of its fixture. */
	assert_int_equal(test->attr.timeout_s, 9);
	assert_false(test->attr.expect_fail);
	test = plan__find(&plan, "f.w.a");
	assert_int_equal(test->attr.timeout_s, 5);
	test = plan__find(&plan, "global.plain");
	assert_non_null(strstr(test->fault, "global.plain: .cpus = 0"));
	assert_null(plan__find(&plan, "f.a"));
	plan__fini(&plan);
}

static void plan_marks_what_is_selected(void **state)
{
	const char *const by_test[] = { "-t", "a", NULL };
	const char *const by_name[] = { "-r", "f.w.b", NULL };
	struct plan plan = { 0 };

	(void)state;
	assert_int_equal(build(by_test, &plan, NULL), 0);
	assert_int_equal(plan.nr_selected, 3);
	assert_false(plan__find(&plan, "f.v.b")->selected);
	assert_true(plan__find(&plan, "g.a")->selected);
	plan__fini(&plan);
	assert_int_equal(build(by_name, &plan, NULL), 0);
	assert_int_equal(plan.nr_selected, 1);
	assert_true(plan__find(&plan, "f.w.b")->selected);
	plan__fini(&plan);
}

static void plan_of_one_test(void **state)
{
	struct plan plan = { 0 };
	struct kt_diag diag = { 0 };

	(void)state;
	assert_int_equal(plan__build_one(&ops, "f.w.b", &plan, NULL), 0);
	assert_int_equal(plan.nr, 1);
	assert_int_equal(plan__find(&plan, "f.w.b")->attr.cpus, 4);
	plan__fini(&plan);
	assert_int_equal(plan__build_one(&ops, "f.b", &plan, &diag), -EINVAL);
	assert_non_null(strstr(diag.msg, "no test f.b"));
}

static void plan_names_what_selects_nothing(void **state)
{
	static const struct {
		const char *words[5];
		const char *text;
	} cases[] = {
		{ { "-t", "nope", NULL }, "-t nope selects no test" },
		{ { "-t", "a", "-T", "nope", NULL }, "-T nope selects no" },
		{ { "-v", "x", NULL }, "-v x selects no" },
		{ { "-f", "x", NULL }, "-f x selects no" },
		{ { "-r", "f.a", NULL }, "-r f.a selects no" },
		{ { "-T", "a", "-T", "b", NULL }, "-T a -T b together" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan plan = { .nr = 99 };
		struct kt_diag diag = { 0 };

		assert_int_equal(build(cases[i].words, &plan, &diag), -EINVAL);
		if (!strstr(diag.msg, cases[i].text))
			fail_msg("'%s' has no '%s'", diag.msg, cases[i].text);
		assert_int_equal(plan.nr, 99);
	}
}

static void plan_knows_declarations_without_a_target(void **state)
{
	const struct ktstr_harness_ops bad = { .each = each,
					       .decls = bad_decls };
	struct args args __free(args) = { 0 };
	struct plan plan = { 0 };
	struct kt_diag diag = { 0 };

	(void)state;
	assert_int_equal(parse(no_words, &args, NULL), 0);
	assert_int_equal(plan__build(&bad, &args, &plan, &diag), -EINVAL);
	assert_non_null(strstr(diag.msg, "are given for f.nope,"));
}

static void plan_decides_what_is_ignored(void **state)
{
	static const struct {
		const char *words[4];
		bool ignored;
	} cases[] = {
		{ { NULL }, true },
		{ { "-t", "a", NULL }, false },
		{ { "-r", "g.a", NULL }, false },
		{ { "--ignored", NULL }, false },
		{ { "-t", "a", "--ignored=skip", NULL }, true },
		/* A list tells what was declared. */
		{ { "-t", "a", "-l", NULL }, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan plan = { 0 };

		assert_int_equal(build(cases[i].words, &plan, NULL), 0);
		assert_int_equal(plan__find(&plan, "g.a")->attr.ignore,
				 cases[i].ignored);
		plan__fini(&plan);
	}
}

static void plan_boots_only_for_who_needs_it(void **state)
{
	const char *const here[] = { "-r", "g.a", NULL };
	const char *const faulty[] = { "-t", "plain", NULL };
	const char *const guest[] = { "-t", "b", NULL };
	struct plan plan = { 0 };

	(void)state;
	assert_int_equal(build(here, &plan, NULL), 0);
	assert_false(plan__needs_machine(&plan));
	plan__fini(&plan);
	assert_int_equal(build(faulty, &plan, NULL), 0);
	assert_false(plan__needs_machine(&plan));
	plan__fini(&plan);
	assert_int_equal(build(guest, &plan, NULL), 0);
	assert_true(plan__needs_machine(&plan));
	plan__fini(&plan);
}

static void plan_prints(void **state)
{
	struct plan plan = { 0 };
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_non_null(f);
	assert_int_equal(build(no_words, &plan, NULL), 0);
	plan__list(&plan, LIST_NAMES, f);
	plan__list(&plan, LIST_TAGS, f);
	assert_int_equal(plan__faults(&plan, "#", f), 1);
	fclose(f);
	assert_string_equal(text,
			    "global.plain\nf.v.a\nf.v.b\nf.w.a\nf.w.b\n"
			    "g.a\n"
			    "global.plain\nf.v.a\nf.v.b\nf.w.a\tw\n"
			    "f.w.b\tw\ng.a\thost_only ignore\n"
			    "# global.plain: .cpus = 0 is outside 1..512\n");
	free(text);
	plan__fini(&plan);
}

/* --- presets ------------------------------------------------------------- */

static const struct ktstr_test_ref preset_refs[] = {
	{ .fixture = "p", .variant = "", .test = "a" },
	{ .fixture = "p", .variant = "", .test = "b" },
	{ .fixture = "p", .variant = "", .test = "here" },
	{ .fixture = "p", .variant = "smt-2llc", .test = "a" },
	{ .fixture = "p", .variant = "smt-2llc", .test = "b" },
	{ .fixture = "p", .variant = "smt-2llc", .test = "here" },
	{ .fixture = "p", .variant = "tiny-2llc", .test = "a" },
	{ .fixture = "p", .variant = "tiny-2llc", .test = "b" },
	{ .fixture = "p", .variant = "numa2-4llc", .test = "a" },
	{ .fixture = "p", .variant = "numa2-4llc", .test = "b" },
};

static struct ktstr_attr_decl preset_decl[] = {
	{ .fixture = "p", .attr = { KTSTR_ATTR_UNSAID, .memory_mib = 300 } },
	{ .fixture = "p",
	  .variant = "tiny-2llc",
	  .attr = { KTSTR_ATTR_UNSAID, .ignore = false, .tags = { "mine" } } },
	{ .fixture = "p",
	  .test = "b",
	  .attr = { KTSTR_ATTR_UNSAID, .cpus = 7, .requires_smt = true } },
	{ .fixture = "p",
	  .test = "here",
	  .attr = { KTSTR_ATTR_UNSAID, .host_only = true } },
	{ .fixture = "p",
	  .variant = "smt-2llc",
	  .attr = { KTSTR_ATTR_UNSAID, .cores = 3 } },
};
#define PRESET_DECL_BAD 4

static const struct ktstr_attr_decl *preset_decls(void)
{
	for (size_t i = 0; i + 1 < PRESET_DECL_BAD; i++)
		preset_decl[i].next = &preset_decl[i + 1];
	preset_decl[PRESET_DECL_BAD - 1].next = NULL;
	return &preset_decl[0];
}

static const struct ktstr_attr_decl *preset_bad_decls(void)
{
	preset_decls();
	preset_decl[PRESET_DECL_BAD - 1].next = &preset_decl[PRESET_DECL_BAD];
	return &preset_decl[0];
}

/* -t, -v and -r, one of them. */
static void each_preset(int argc, char **argv,
			void (*fn)(void *ctx, const struct ktstr_test_ref *ref),
			void *ctx)
{
	for (size_t i = 0; i < ARRAY_SIZE(preset_refs); i++) {
		const struct ktstr_test_ref *ref = &preset_refs[i];
		char name[64];

		snprintf(name, sizeof(name), "%s%s%s.%s", ref->fixture,
			 ref->variant[0] ? "." : "", ref->variant, ref->test);
		if (argc == 1 ||
		    !strcmp(argv[2], argv[1][1] == 't'	 ? ref->test
				     : argv[1][1] == 'v' ? ref->variant
							 : name))
			fn(ctx, ref);
	}
}

static int build_presets(const char *const *words,
			 const struct ktstr_attr_decl *(*decls)(void),
			 struct plan *plan, struct kt_diag *diag)
{
	const struct ktstr_harness_ops on = { .each = each_preset,
					      .decls = decls };
	struct args args __free(args) = { 0 };

	assert_int_equal(parse(words, &args, NULL), 0);
	return plan__build(&on, &args, plan, diag);
}

/* Names of the selected tests, as the harness is told them. */
static void assert_selected(const char *const *words, const char *want)
{
	struct plan plan = { 0 };
	char got[256] = "";
	size_t n = 0;

	assert_int_equal(build_presets(words, preset_decls, &plan, NULL), 0);
	for (unsigned int i = 0; i < plan.nr; i++)
		if (plan.tests[i].selected)
			n += (size_t)snprintf(got + n, sizeof(got) - n, "%s ",
					      plan.tests[i].name);
	assert_string_equal(got, want);
	n = 0;
	for (int i = 1; i < plan.argc; i += 2) {
		assert_string_equal(plan.argv[i], "-r");
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%s ",
				      plan.argv[i + 1]);
	}
	if (plan.argv)
		assert_string_equal(got, want);
	assert_int_equal(plan.argv != NULL, plan.nr_left_out != 0);
	plan__fini(&plan);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

static void presets_run_when_asked_for(void **state)
{
	(void)state;
	assert_selected(no_words, "p.a p.b p.here p.tiny-2llc.a ");
	assert_selected(WORDS("-t", "a"), "p.a p.tiny-2llc.a ");
	assert_selected(WORDS("-v", "smt-2llc"), "p.smt-2llc.a p.smt-2llc.b ");
	assert_selected(WORDS("-r", "p.smt-2llc.b"), "p.smt-2llc.b ");
	assert_selected(WORDS("--ignored"),
			"p.a p.b p.here p.smt-2llc.a p.smt-2llc.b "
			"p.tiny-2llc.a ");
	assert_selected(WORDS("-l"), "p.a p.b p.here p.smt-2llc.a "
				     "p.smt-2llc.b p.tiny-2llc.a ");
	assert_selected(WORDS("--check", "-t", "a"),
			"p.a p.smt-2llc.a p.tiny-2llc.a ");
}

static void presets_are_the_machine(void **state)
{
	const struct plan_test *test;
	struct plan plan = { 0 };

	(void)state;
	assert_int_equal(
		build_presets(WORDS("--list"), preset_decls, &plan, NULL), 0);
	assert_true(plan__needs_capacity(&plan));
	test = plan__find(&plan, "p.b");
	assert_null(test->preset);
	assert_int_equal(test->attr.cpus, 7);
	assert_int_equal(test->attr.ignore, false);
	test = plan__find(&plan, "p.smt-2llc.b");
	assert_string_equal(test->preset->name, "smt-2llc");
	assert_int_equal(test->attr.cpus, 8);
	assert_int_equal(test->attr.threads, 2);
	assert_int_equal(test->attr.memory_mib, 300);
	assert_int_equal(test->attr.ignore, true);
	test = plan__find(&plan, "p.tiny-2llc.b");
	assert_string_equal(test->refusal, "no SMT");
	test = plan__find(&plan, "p.numa2-4llc.a");
	assert_string_equal(test->refusal, "too many NUMA nodes");
	test = plan__find(&plan, "p.smt-2llc.here");
	assert_non_null(strstr(test->refusal, "no machine"));
	plan__fini(&plan);
}

static void presets_left_out_say_why(void **state)
{
	struct plan plan = { 0 };
	struct kt_diag diag = { 0 };

	(void)state;
	assert_int_equal(build_presets(WORDS("-r", "p.tiny-2llc.b"),
				       preset_decls, &plan, &diag),
			 -EINVAL);
	assert_non_null(strstr(diag.msg, "-r p.tiny-2llc.b selects no test: "
					 "the constraints of p.tiny-2llc.b "
					 "leave it out (no SMT)"));
	diag.msg[0] = '\0';
	assert_int_equal(build_presets(WORDS("-v", "numa2-4llc"), preset_decls,
				       &plan, &diag),
			 -EINVAL);
	assert_non_null(strstr(diag.msg, "too many NUMA nodes"));
	diag.msg[0] = '\0';
	assert_int_equal(
		build_presets(WORDS("-v", "smt-2llc", "--ignored=skip"),
			      preset_decls, &plan, &diag),
		-EINVAL);
	assert_non_null(strstr(diag.msg, "-v smt-2llc together select no"));
}

static void presets_have_their_own_shape(void **state)
{
	struct plan plan = { 0 };

	(void)state;
	assert_int_equal(build_presets(no_words, preset_bad_decls, &plan, NULL),
			 0);
	assert_non_null(strstr(plan__find(&plan, "p.smt-2llc.a")->fault,
			       "p.smt-2llc.a: attributes of preset smt-2llc "
			       "say the machine's shape"));
	assert_null(plan__find(&plan, "p.a")->fault);
	plan__fini(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(args_are_taken_apart),
		cmocka_unit_test(args_short_forms),
		cmocka_unit_test(args_are_refused),
		cmocka_unit_test(plan_merges_declarations),
		cmocka_unit_test(plan_marks_what_is_selected),
		cmocka_unit_test(plan_of_one_test),
		cmocka_unit_test(plan_names_what_selects_nothing),
		cmocka_unit_test(plan_knows_declarations_without_a_target),
		cmocka_unit_test(plan_decides_what_is_ignored),
		cmocka_unit_test(plan_boots_only_for_who_needs_it),
		cmocka_unit_test(plan_prints),
		cmocka_unit_test(presets_run_when_asked_for),
		cmocka_unit_test(presets_are_the_machine),
		cmocka_unit_test(presets_left_out_say_why),
		cmocka_unit_test(presets_have_their_own_shape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
