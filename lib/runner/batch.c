// SPDX-License-Identifier: GPL-2.0
/*
 * In which order and in which portions tests are given to processes. One
 * process at a time takes whole programs. Several take shares that shrink
 * towards the end, so that they finish together although nobody knows how
 * long a test takes: each time a half of a worker's share of what is left.
 */
#include "lib/runner/runner-priv.h"

/* Limited by the length of an argument vector. */
#define BATCH_MAX 2000u
#define UNKNOWN_MS 1000u

static u64 expect_ms(const struct runner *r, unsigned int test)
{
	u64 ms = r->plan->tests[test].expect_ms;

	return ms ? ms : UNKNOWN_MS;
}

struct rank {
	unsigned int test;
	u64 program_ms;
	const struct runner *r;
};

/* Longest program first, in it one kernel after the other, longest first. */
static int longest_first(const void *a, const void *b)
{
	const struct rank *l = a, *m = b;
	const struct plan_test *lt = &l->r->plan->tests[l->test];
	const struct plan_test *mt = &m->r->plan->tests[m->test];

	if (l->program_ms != m->program_ms)
		return l->program_ms < m->program_ms ? 1 : -1;
	if (lt->program != mt->program)
		return lt->program < mt->program ? -1 : 1;
	if (lt->kernel != mt->kernel)
		return lt->kernel < mt->kernel ? -1 : 1;
	if (lt->expect_ms != mt->expect_ms)
		return lt->expect_ms < mt->expect_ms ? 1 : -1;
	return l->test < m->test ? -1 : 1;
}

/* As listed, but a program's kernels one after the other. */
static int as_listed(const void *a, const void *b)
{
	const struct rank *l = a, *m = b;
	const struct plan_test *lt = &l->r->plan->tests[l->test];
	const struct plan_test *mt = &m->r->plan->tests[m->test];

	if (lt->program != mt->program)
		return lt->program < mt->program ? -1 : 1;
	if (lt->kernel != mt->kernel)
		return lt->kernel < mt->kernel ? -1 : 1;
	return l->test < m->test ? -1 : 1;
}

int batch__init(struct runner *r)
{
	unsigned int nr = r->plan->nr_tests;
	struct rank *ranks __free(ptr) = calloc(nr + 1, sizeof(*ranks));
	u64 *sums __free(ptr) = calloc(r->plan->nr_programs + 1, sizeof(*sums));

	r->queue = calloc(nr + 1, sizeof(*r->queue));
	r->retry = calloc(nr + 1, sizeof(*r->retry));
	if (!ranks || !sums || !r->queue || !r->retry)
		return -ENOMEM;
	for (unsigned int i = 0; i < nr; i++)
		sums[r->plan->tests[i].program] += expect_ms(r, i);
	for (unsigned int i = 0; i < nr; i++)
		ranks[i] = (struct rank){
			.test = i,
			.program_ms = sums[r->plan->tests[i].program],
			.r = r,
		};
	qsort(ranks, nr, sizeof(*ranks),
	      r->cfg->jobs > 1 ? longest_first : as_listed);
	for (unsigned int i = 0; i < nr; i++)
		if (!testplan_test__ignored(&r->plan->tests[ranks[i].test]))
			r->queue[r->nr_queue++] = ranks[i].test;
	return 0;
}

static bool same_process(const struct runner *r, unsigned int a, unsigned int b)
{
	const struct plan_test *left = &r->plan->tests[a];
	const struct plan_test *right = &r->plan->tests[b];

	return left->program == right->program && left->kernel == right->kernel;
}

static unsigned int take_retry(struct runner *r, unsigned int **ret_tests)
{
	unsigned int *one = malloc(sizeof(*one));

	if (!one)
		return 0;
	*one = r->retry[0];
	r->nr_retry--;
	memmove(r->retry, r->retry + 1, r->nr_retry * sizeof(*r->retry));
	*ret_tests = one;
	return 1;
}

/* How much time the next batch should take. */
static u64 share_ms(const struct runner *r)
{
	u64 left = 0;

	if (r->cfg->jobs == 1)
		return UINT64_MAX;
	for (unsigned int i = r->queue_at; i < r->nr_queue; i++)
		left += expect_ms(r, r->queue[i]);
	return (left + 2 * r->cfg->jobs - 1) / (2 * r->cfg->jobs);
}

unsigned int batch__next(struct runner *r, unsigned int **ret_tests)
{
	unsigned int nr = 0, *tests;
	u64 ms = 0, share;

	if (r->nr_retry)
		return take_retry(r, ret_tests);
	if (r->queue_at == r->nr_queue)
		return 0;
	share = share_ms(r);
	while (nr < BATCH_MAX && r->queue_at + nr < r->nr_queue) {
		unsigned int test = r->queue[r->queue_at + nr];

		if (nr && (!same_process(r, r->queue[r->queue_at], test) ||
			   ms + expect_ms(r, test) > share))
			break;
		ms += expect_ms(r, test);
		nr++;
	}
	tests = malloc(nr * sizeof(*tests));
	if (!tests)
		return 0;
	memcpy(tests, r->queue + r->queue_at, nr * sizeof(*tests));
	r->queue_at += nr;
	*ret_tests = tests;
	return nr;
}

void batch__retry(struct runner *r, unsigned int test)
{
	r->retry[r->nr_retry++] = test;
}

bool batch__waiting(const struct runner *r)
{
	return r->nr_retry || r->queue_at < r->nr_queue;
}
