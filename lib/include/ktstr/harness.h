/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Write a kselftest; it runs in a machine of its own.
 *
 *   #include <ktstr/harness.h>
 *
 *   FIXTURE(pair) {};
 *   FIXTURE_SETUP(pair) {}
 *   FIXTURE_TEARDOWN(pair) {}
 *   KTSTR_FIXTURE_ATTR(pair, .cpus = 2);
 *
 *   TEST_F(pair, two_cpus_online)
 *   {
 *           ASSERT_EQ(2, sysconf(_SC_NPROCESSORS_ONLN));
 *   }
 *
 *   KTSTR_HARNESS_MAIN
 *
 * The tests are written with the kernel's unmodified kselftest_harness.h and
 * keep its names, flags and output. One executable plays two parts: started on
 * a host it boots a machine per test and reports; started as PID 1 of such a
 * machine it runs the one test's body. Which machine a test gets is said by
 * attributes (struct ktstr_attr in ktstr/result.h): per fixture, per test, else
 * defaults. Include this header instead of kselftest_harness.h, in one
 * translation unit per program, because the harness keeps its lists there.
 */
#ifndef KTSTR_HARNESS_H
#define KTSTR_HARNESS_H

#include <ktstr/harness-glue.h>
#include <ktstr/result.h>

/* Diagnostics and results share one stream, so that they stay in order. */
#define TH_LOG_STREAM stdout
#include "kselftest_harness.h"

/* --- attributes ---------------------------------------------------------- */

struct ktstr__attr_entry {
	const char *fixture;
	const char *test; /* NULL: every test of the fixture */
	struct ktstr_attr attr;
	struct ktstr__attr_entry *next;
};

static struct ktstr__attr_entry *ktstr__attrs;

#define KTSTR__ATTR(id, fixture_str, test_str, ...)                         \
	static struct ktstr__attr_entry ktstr__attr_##id = {                \
		.fixture = fixture_str,                                     \
		.test = test_str,                                           \
		.attr = { __VA_ARGS__ },                                    \
	};                                                                  \
	static void __attribute__((constructor)) ktstr__attr_reg_##id(void) \
	{                                                                   \
		ktstr__attr_##id.next = ktstr__attrs;                       \
		ktstr__attrs = &ktstr__attr_##id;                           \
	}                                                                   \
	struct ktstr__semicolon

/**
 * KTSTR_FIXTURE_ATTR() - machine for every test of a fixture
 * @fixture_name: as in FIXTURE(); "global" for plain TEST()s
 * @...: designated initialisers of struct ktstr_attr
 */
#define KTSTR_FIXTURE_ATTR(fixture_name, ...) \
	KTSTR__ATTR(fixture_name, #fixture_name, NULL, __VA_ARGS__)

/** KTSTR_TEST_ATTR() - the same for one test; wins over its fixture's */
#define KTSTR_TEST_ATTR(fixture_name, test_name, ...)                       \
	KTSTR__ATTR(fixture_name##__##test_name, #fixture_name, #test_name, \
		    __VA_ARGS__)

/* --- walking the harness's lists ----------------------------------------- */

static struct session *ktstr__session;

struct ktstr__test {
	struct __fixture_metadata *f;
	struct __fixture_variant_metadata *v;
	struct __test_metadata *t;
};

/* Tests in the harness's own order; @fn returns true to stop the walk. */
static bool ktstr__walk(bool (*fn)(void *ctx, const struct ktstr__test *at),
			void *ctx)
{
	static struct __fixture_variant_metadata no_variant = { .name = "" };
	struct ktstr__test at;

	for (at.f = __fixture_list; at.f; at.f = at.f->next)
		for (at.v = at.f->variant ?: &no_variant; at.v;
		     at.v = at.v->next)
			for (at.t = at.f->tests; at.t; at.t = at.t->next)
				if (fn(ctx, &at))
					return true;
	return false;
}

/* fixture[.variant].test, as the harness prints it. */
static void ktstr__name(const struct ktstr__test *at, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s.%s", at->f->name, at->v->name[0] ? "." : "",
		 at->v->name, at->t->name);
}

static void ktstr__merge(struct ktstr_attr *to, const struct ktstr_attr *from)
{
	if (from->cpus)
		to->cpus = from->cpus;
	if (from->memory_mib)
		to->memory_mib = from->memory_mib;
	if (from->timeout_s)
		to->timeout_s = from->timeout_s;
	if (from->kargs)
		to->kargs = from->kargs;
	if (from->post_vm)
		to->post_vm = from->post_vm;
	to->host_only |= from->host_only;
}

static struct ktstr_attr ktstr__attr_of(const char *fixture, const char *test)
{
	struct ktstr_attr attr = {
		.cpus = KTSTR_DEFAULT_CPUS,
		.memory_mib = KTSTR_DEFAULT_MEMORY_MIB,
		.timeout_s = KTSTR_DEFAULT_TIMEOUT_S,
	};
	struct ktstr__attr_entry *e;

	/* Two rounds: what the test says wins over what its fixture says. */
	for (e = ktstr__attrs; e; e = e->next)
		if (!e->test && !strcmp(e->fixture, fixture))
			ktstr__merge(&attr, &e->attr);
	for (e = ktstr__attrs; e; e = e->next)
		if (e->test && !strcmp(e->fixture, fixture) &&
		    !strcmp(e->test, test))
			ktstr__merge(&attr, &e->attr);
	return attr;
}

/* --- host ---------------------------------------------------------------- */

/* Stands in for a test's function on the host; runs in the test's child. */
static void ktstr__vm_fn(struct __test_metadata *t,
			 struct __fixture_variant_metadata *v)
{
	struct ktstr_attr attr = ktstr__attr_of(t->fixture->name, t->name);
	struct ktstr__test at = { t->fixture, v, t };
	char name[1024];

	ktstr__name(&at, name, sizeof(name));
	t->exit_code = ktstr_harness__run_vm(ktstr__session, name, &attr,
					     t->results->reason,
					     sizeof(t->results->reason));
}

static bool ktstr__arm_one(void *ctx, const struct ktstr__test *at)
{
	struct ktstr_attr attr = ktstr__attr_of(at->f->name, at->t->name);

	(void)ctx;
	if (attr.host_only)
		return false;
	at->t->fn = ktstr__vm_fn;
	/* The machine ends by itself before the harness would end it. */
	at->t->timeout = ktstr_harness__budget_s(ktstr__session, &attr);
	return false;
}

static void ktstr__arm(struct session *s)
{
	ktstr__session = s;
	ktstr__walk(ktstr__arm_one, NULL);
}

struct ktstr__count {
	int argc;
	char **argv;
	unsigned int nr;
	bool need_vm;
};

static bool ktstr__count_one(void *ctx, const struct ktstr__test *at)
{
	struct ktstr__count *c = ctx;

	if (!test_enabled(c->argc, c->argv, at->f, at->v, at->t))
		return false;
	c->nr++;
	if (!ktstr__attr_of(at->f->name, at->t->name).host_only)
		c->need_vm = true;
	return false;
}

static unsigned int ktstr__count(int argc, char **argv, bool *ret_need_vm)
{
	struct ktstr__count c = { argc, argv, 0, false };

	ktstr__walk(ktstr__count_one, &c);
	*ret_need_vm = c.need_vm;
	return c.nr;
}

struct ktstr__each {
	int argc;
	char **argv;
	void (*fn)(void *ctx, const char *name);
	void *ctx;
};

static bool ktstr__each_one(void *ctx, const struct ktstr__test *at)
{
	struct ktstr__each *e = ctx;
	char name[1024];

	if (!test_enabled(e->argc, e->argv, at->f, at->v, at->t))
		return false;
	ktstr__name(at, name, sizeof(name));
	e->fn(e->ctx, name);
	return false;
}

static void ktstr__each(int argc, char **argv,
			void (*fn)(void *ctx, const char *name), void *ctx)
{
	struct ktstr__each e = { argc, argv, fn, ctx };

	ktstr__walk(ktstr__each_one, &e);
}

static bool ktstr__names_test(void *ctx, const struct ktstr__test *at)
{
	const struct ktstr__attr_entry *e = ctx;

	return !strcmp(e->fixture, at->f->name) &&
	       (!e->test || !strcmp(e->test, at->t->name));
}

static bool ktstr__check_attrs(char *buf, size_t size)
{
	struct ktstr__attr_entry *e;

	for (e = ktstr__attrs; e; e = e->next) {
		if (ktstr__walk(ktstr__names_test, e))
			continue;
		snprintf(buf, size, "%s%s%s", e->fixture, e->test ? "." : "",
			 e->test ?: "");
		return false;
	}
	return true;
}

/* --- guest --------------------------------------------------------------- */

struct ktstr__find {
	const char *name;
	struct ktstr__test found;
};

static bool ktstr__find_one(void *ctx, const struct ktstr__test *at)
{
	struct ktstr__find *find = ctx;
	char name[1024];

	ktstr__name(at, name, sizeof(name));
	find->found = *at;
	return !strcmp(name, find->name);
}

/* What the harness's own runner does for one test, without its TAP lines. */
static int ktstr__run_one(const char *name, char *reason, size_t reason_size)
{
	struct ktstr__find find = { .name = name };
	struct __test_metadata *t;
	pid_t child;

	if (!ktstr__walk(ktstr__find_one, &find)) {
		snprintf(reason, reason_size, "no test %s in this program",
			 name);
		return KSFT_FAIL;
	}
	t = find.found.t;
	t->results = mmap(NULL, sizeof(*t->results), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t->results == MAP_FAILED) {
		snprintf(reason, reason_size, "mmap: %s", strerror(errno));
		return KSFT_FAIL;
	}
	/* Guest init owns the deadline; it knows how slow this machine is. */
	t->timeout = 24 * 60 * 60;
	t->exit_code = KSFT_PASS;
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* *t may be shared with the child: it must not write its own pid. */
	child = fork();
	if (child == 0) {
		setpgrp();
		t->fn(t, find.found.v);
		_exit(t->exit_code);
	}
	t->pid = child;
	if (child < 0)
		t->exit_code = KSFT_FAIL;
	else
		__wait_for_test(t);
	snprintf(reason, reason_size, "%s", t->results->reason);
	return t->exit_code;
}

/** KTSTR_HARNESS_MAIN - in place of TEST_HARNESS_MAIN */
#define KTSTR_HARNESS_MAIN                                     \
	int main(int argc, char **argv)                        \
	{                                                      \
		static const struct ktstr_harness_ops ops = {  \
			.check_args = test_harness_argv_check, \
			.count = ktstr__count,                 \
			.each = ktstr__each,                   \
			.check_attrs = ktstr__check_attrs,     \
			.arm = ktstr__arm,                     \
			.run = test_harness_run,               \
			.run_one = ktstr__run_one,             \
		};                                             \
		return ktstr_harness__main(argc, argv, &ops);  \
	}

#endif /* KTSTR_HARNESS_H */
