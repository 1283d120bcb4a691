// SPDX-License-Identifier: GPL-2.0
/* The cache's file of durations; see durations.h. Before and after a run. */
#include "lib/runner/durations.h"

#include <limits.h>

#include <ktstr/cache.h>
#include <ktstr/fd.h>

#define FILE_MAX MIB(8)
#define ENTRIES_MAX 50000u
#define MS_MAX ((u64)7 * 24 * 3600 * 1000)

struct entry {
	const char *name; /* PROGRAM:LABEL */
	u64 ms;
};

struct table {
	struct entry *list;
	size_t nr;
};

static int by_name(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	return strcmp(left->name, right->name);
}

/* Cuts @text up; names point into it. Lines that are none are left out. */
static int parse(char *text, struct table *table)
{
	size_t nr = 0;

	for (const char *p = text; (p = strchr(p, '\n')); p++)
		nr++;
	nr = KT_MIN(nr, (size_t)ENTRIES_MAX);
	table->list = calloc(nr + 1, sizeof(*table->list));
	if (!table->list)
		return -ENOMEM;
	while (table->nr < nr) {
		char *nl = strchr(text, '\n'), *space, *end;
		struct entry *e = &table->list[table->nr];

		if (!nl)
			break;
		*nl = '\0';
		space = strchr(text, ' ');
		e->name = text;
		text = nl + 1;
		if (!space || space[1] < '0' || space[1] > '9')
			continue;
		*space = '\0';
		e->ms = strtoull(space + 1, &end, 10);
		if (!*end && e->ms && e->ms <= MS_MAX)
			table->nr++;
	}
	qsort(table->list, table->nr, sizeof(*table->list), by_name);
	return 0;
}

static char *full_name(const struct testplan *plan,
		       const struct plan_test *test)
{
	char *name;

	if (asprintf(&name, "%s:%s", plan->programs[test->program].name,
		     test->label) < 0)
		return NULL;
	return name;
}

void durations__apply(struct testplan *plan, char *text)
{
	struct table table = { 0 };

	if (parse(text, &table))
		return;
	for (unsigned int i = 0; i < plan->nr_tests; i++) {
		char *name __free(ptr) = full_name(plan, &plan->tests[i]);
		struct entry key = { .name = name };
		const struct entry *found;

		if (!name)
			break;
		found = table.nr ? bsearch(&key, table.list, table.nr,
					   sizeof(key), by_name)
				 : NULL;
		if (found)
			plan->tests[i].expect_ms = found->ms;
	}
	free(table.list);
}

static int file_path(char *buf, size_t size)
{
	char dir[PATH_MAX];
	int err = cache__dir("runner", dir, sizeof(dir), NULL), n;

	if (err)
		return err;
	n = snprintf(buf, size, "%s/durations", dir);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

void durations__load(struct testplan *plan)
{
	char path[PATH_MAX], *text __free(ptr) = NULL;

	if (!file_path(path, sizeof(path)) &&
	    !fd__read_file(path, FILE_MAX, &text, NULL))
		durations__apply(plan, text);
}

/* Good tests only: a test that hung says nothing about the next time. */
static bool fresh(const struct plan_test *test)
{
	const struct plan_attempt *last = testplan_test__last(test);

	return last && last->time_ms && testplan_test__is_good(last->outcome) &&
	       last->outcome != KTSTR_SKIP;
}

/* What was known and is not measured anew, then what is. */
static void write_all(FILE *to, const struct testplan *plan, char *old)
{
	struct table known = { 0 }, now = { 0 };

	now.list = calloc(plan->nr_tests + 1, sizeof(*now.list));
	if (!now.list)
		return;
	for (unsigned int i = 0; i < plan->nr_tests; i++) {
		const struct plan_test *test = &plan->tests[i];
		char *name = fresh(test) ? full_name(plan, test) : NULL;

		if (name)
			now.list[now.nr++] = (struct entry){
				name, testplan_test__last(test)->time_ms
			};
	}
	qsort(now.list, now.nr, sizeof(*now.list), by_name);
	if (old && !parse(old, &known))
		for (size_t i = 0; i < known.nr; i++)
			if (!bsearch(&known.list[i], now.list, now.nr,
				     sizeof(*now.list), by_name))
				fprintf(to, "%s %llu\n", known.list[i].name,
					(unsigned long long)known.list[i].ms);
	for (size_t i = 0; i < now.nr; i++) {
		fprintf(to, "%s %llu\n", now.list[i].name,
			(unsigned long long)now.list[i].ms);
		free((char *)(uintptr_t)now.list[i].name);
	}
	free(now.list);
	free(known.list);
}

void durations__save(const struct testplan *plan)
{
	char path[PATH_MAX], tmp[PATH_MAX];
	char *old __free(ptr) = NULL, *text = NULL;
	size_t len = 0;
	FILE *to;
	int fd;

	if (file_path(path, sizeof(path)))
		return;
	if (fd__read_file(path, FILE_MAX, &old, NULL))
		old = NULL;
	to = open_memstream(&text, &len);
	if (!to)
		return;
	write_all(to, plan, old);
	if (!fclose(to) && !cache__create(path, tmp, sizeof(tmp), &fd)) {
		int err = fd__write_all(fd, text, len);

		close(fd);
		if (err)
			unlink(tmp);
		else
			(void)!cache__publish(tmp, path);
	}
	free(text);
}
