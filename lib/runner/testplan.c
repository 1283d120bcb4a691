// SPDX-License-Identifier: GPL-2.0
/* The plan as data: growing it, attempts, freeing. Selection is select.c. */
#include "lib/runner/testplan.h"

/* Longer names do not fit file names with ".kernel.log" behind them. */
#define NAME_LEN_MAX 200u
#define TESTS_MAX 100000u

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

static int grow(void **array, unsigned int nr, size_t size)
{
	void *more;

	/* Room for powers of two. */
	if (nr && (nr & (nr - 1)))
		return 0;
	more = realloc(*array, (nr ? (size_t)nr * 2 : 1) * size);
	if (!more)
		return -ENOMEM;
	*array = more;
	return 0;
}

int testplan__add_program(struct testplan *plan, const char *name,
			  const char *path, unsigned int *ret_index)
{
	char *name_copy __free(ptr) = strdup(name);
	char *path_copy __free(ptr) = strdup(path);
	struct plan_program *program;

	if (!name_copy || !path_copy ||
	    grow((void **)&plan->programs, plan->nr_programs, sizeof(*program)))
		return -ENOMEM;
	program = &plan->programs[plan->nr_programs];
	*program = (struct plan_program){
		.name = no_free_ptr(name_copy),
		.path = no_free_ptr(path_copy),
		.outcome = KTSTR_SKIP,
	};
	*ret_index = plan->nr_programs++;
	return 0;
}

/* @tags: what follows the name; becomes words between single spaces */
static char *copy_tags(const char *tags, size_t len)
{
	char *copy = malloc(len + 3);
	size_t n = 0;

	if (!copy)
		return NULL;
	copy[n++] = ' ';
	for (size_t i = 0; i < len; i++) {
		char c = name_char(tags[i]) ? tags[i] : ' ';

		if (c != ' ' || copy[n - 1] != ' ')
			copy[n++] = c;
	}
	if (copy[n - 1] != ' ')
		copy[n++] = ' ';
	copy[n] = '\0';
	return copy;
}

static int add_test(struct testplan *plan, unsigned int program,
		    const char *line, size_t name_len, size_t len)
{
	char *name __free(ptr) = strndup(line, name_len);
	char *label __free(ptr) = strndup(line, name_len);
	char *tags __free(ptr) = copy_tags(line + name_len, len - name_len);
	struct plan_test *test;

	if (!name || !label || !tags ||
	    grow((void **)&plan->tests, plan->nr_tests, sizeof(*test)))
		return -ENOMEM;
	test = &plan->tests[plan->nr_tests++];
	*test = (struct plan_test){
		.program = program,
		.name = no_free_ptr(name),
		.label = no_free_ptr(label),
		.tags = no_free_ptr(tags),
	};
	plan->programs[program].nr_tests++;
	return 0;
}

/* Return: length of the name that starts @line, 0 when it is none. */
static size_t name_len(const char *line, size_t len)
{
	size_t n = 0;

	while (n < len && name_char(line[n]))
		n++;
	if (n > NAME_LEN_MAX || line[0] == '.' || line[0] == '-')
		return 0;
	return n == len || line[n] == ' ' || line[n] == '\t' ? n : 0;
}

static int by_name(const void *a, const void *b)
{
	const struct plan_test *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

/* Two tests of one name could not be told apart in any report. */
static int refuse_twins(const struct testplan *plan, unsigned int program,
			unsigned int first, struct kt_diag *diag)
{
	unsigned int nr = plan->nr_tests - first;
	const struct plan_test **sorted __free(ptr) =
		malloc((nr + 1) * sizeof(struct plan_test *));

	if (!sorted)
		return -ENOMEM;
	for (unsigned int i = 0; i < nr; i++)
		sorted[i] = &plan->tests[first + i];
	qsort(sorted, nr, sizeof(*sorted), by_name);
	for (unsigned int i = 1; i < nr; i++)
		if (!strcmp(sorted[i - 1]->name, sorted[i]->name))
			return diag__fail(diag, -EINVAL,
					  "%s --list names %s twice; tests of "
					  "one program need different names",
					  plan->programs[program].path,
					  sorted[i]->name);
	return 0;
}

int testplan__add_listing(struct testplan *plan, unsigned int program,
			  const char *text, struct kt_diag *diag)
{
	const char *path = plan->programs[program].path;
	unsigned int first = plan->nr_tests;

	while (*text) {
		size_t len = strcspn(text, "\n");
		size_t name = name_len(text, len);
		int err;

		if (len && !name)
			return diag__fail(diag, -EINVAL,
					  "%s --list prints '%.40s', which is "
					  "no test name (at most %u of A-Z a-z "
					  "0-9 _ . -)",
					  path, text, NAME_LEN_MAX);
		if (plan->nr_tests >= TESTS_MAX)
			return diag__fail(diag, -EINVAL,
					  "more than %u tests at %s", TESTS_MAX,
					  path);
		err = len ? add_test(plan, program, text, name, len) : 0;
		if (err)
			return err;
		text += len + !!text[len];
	}
	return refuse_twins(plan, program, first, diag);
}

/* --- attempts ------------------------------------------------------------ */

struct plan_attempt *testplan__test_attempt(struct plan_test *test)
{
	struct plan_attempt *more =
		realloc(test->attempts,
			(test->nr_attempts + 1) * sizeof(*test->attempts));

	if (!more)
		return NULL;
	test->attempts = more;
	more += test->nr_attempts++;
	*more = (struct plan_attempt){ .outcome = KTSTR_TORN_RESULT };
	return more;
}

struct plan_attempt *testplan_test__last(const struct plan_test *test)
{
	return test->nr_attempts ? &test->attempts[test->nr_attempts - 1]
				 : NULL;
}

bool testplan_test__is_good(enum ktstr_outcome outcome)
{
	return outcome == KTSTR_PASS || outcome == KTSTR_SKIP ||
	       outcome == KTSTR_XFAIL;
}

bool testplan_test__flaky(const struct plan_test *test)
{
	return test->nr_attempts > 1 &&
	       testplan_test__is_good(testplan_test__last(test)->outcome);
}

bool testplan_test__has_tag(const struct plan_test *test, const char *tag)
{
	size_t len = strlen(tag);

	if (!len || strchr(tag, ' '))
		return false;
	for (const char *at = test->tags; (at = strstr(at, tag)); at++)
		if (at > test->tags && at[-1] == ' ' && at[len] == ' ')
			return true;
	return false;
}

bool testplan_test__ignored(const struct plan_test *test)
{
	return !test->named && testplan_test__has_tag(test, "ignore");
}

enum ktstr_outcome testplan__worst(enum ktstr_outcome a, enum ktstr_outcome b)
{
	return KT_MAX(a, b);
}

/* --- end ----------------------------------------------------------------- */

static void free_test(struct plan_test *test)
{
	for (unsigned int i = 0; i < test->nr_attempts; i++) {
		free(test->attempts[i].directive);
		free(test->attempts[i].log);
		free(test->attempts[i].fingerprint);
		textbuf__fini(&test->attempts[i].text);
	}
	free(test->attempts);
	free(test->name);
	free(test->label);
	free(test->tags);
}

/* Keep the picked tests in their order, and the programs that have one. */
static void compact(struct testplan *plan)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < plan->nr_programs; i++)
		plan->programs[i].nr_tests = 0;
	for (unsigned int i = 0; i < plan->nr_tests; i++) {
		struct plan_test *test = &plan->tests[i];

		if (!test->picked) {
			free_test(test);
			continue;
		}
		test->picked = false;
		plan->programs[test->program].nr_tests++;
		plan->tests[nr++] = *test;
	}
	plan->nr_tests = nr;
}

static void free_program(struct plan_program *program)
{
	free(program->name);
	free(program->path);
	textbuf__fini(&program->tail);
}

static void drop_empty_programs(struct testplan *plan)
{
	unsigned int nr = 0, test = 0;

	for (unsigned int i = 0; i < plan->nr_programs; i++) {
		struct plan_program *program = &plan->programs[i];

		if (!program->nr_tests) {
			free_program(program);
			continue;
		}
		for (unsigned int k = 0; k < program->nr_tests; k++)
			plan->tests[test++].program = nr;
		plan->programs[nr++] = *program;
	}
	plan->nr_programs = nr;
}

void testplan__keep_picked(struct testplan *plan)
{
	compact(plan);
	drop_empty_programs(plan);
}

void testplan__fini(struct testplan *plan)
{
	for (unsigned int i = 0; i < plan->nr_tests; i++)
		free_test(&plan->tests[i]);
	for (unsigned int i = 0; i < plan->nr_programs; i++)
		free_program(&plan->programs[i]);
	free(plan->tests);
	free(plan->programs);
	*plan = (struct testplan){ 0 };
}
