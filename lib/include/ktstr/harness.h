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
 * keep its names, flags and output; XFAIL_ADD, SKIP, TEST_SIGNAL,
 * TEST_F_TIMEOUT and FIXTURE_TEARDOWN_PARENT work. One executable plays two
 * parts: started on a host it boots a machine per test and reports; started as
 * PID 1 of such a machine it runs the one test's body. Which machine a test
 * gets, and how its outcome is reported, is said by attributes (ktstr/attr.def
 * lists them): per test, per fixture variant, per fixture, else defaults.
 * Include this header instead of kselftest_harness.h, in one translation unit
 * per program, because the harness keeps its lists there.
 */
#ifndef KTSTR_HARNESS_H
#define KTSTR_HARNESS_H

#include <ktstr/harness-glue.h>
#include <ktstr/test-topology.h>

#include <sys/prctl.h>

/* Diagnostics and results share one stream, so that they stay in order. */
#define TH_LOG_STREAM stdout
#include "kselftest_harness.h"

#include <ktstr/harness-presets.h>

/* --- for test authors ---------------------------------------------------- */

/**
 * KTSTR_FIXTURE_ATTR() - attributes of every test of a fixture
 * @fixture_name: as in FIXTURE(); "global" for plain TEST()s
 * @...: designated initialisers of struct ktstr_attr
 *
 * May stand before or after what it names. Of one field the test's word wins
 * over the variant's, the variant's over the fixture's, that over the default
 * in ktstr/attr.def; lists (.sysctls, .tags) add up. Two declarations for one
 * target, or a field given twice, do not compile; a target that does not exist
 * ends the program with status 2. Saying false or 0 is saying something.
 */
#define KTSTR_FIXTURE_ATTR(fixture_name, ...)                          \
	KTSTR__ATTR(fixture_##fixture_name, #fixture_name, NULL, NULL, \
		    __VA_ARGS__)

/** KTSTR_VARIANT_ATTR() - the same for one FIXTURE_VARIANT_ADD() */
#define KTSTR_VARIANT_ATTR(fixture_name, variant_name, ...)                  \
	KTSTR__ATTR(variant_##fixture_name##__##variant_name, #fixture_name, \
		    #variant_name, NULL, __VA_ARGS__)

/** KTSTR_TEST_ATTR() - the same for one test, in every variant */
#define KTSTR_TEST_ATTR(fixture_name, test_name, ...)                        \
	KTSTR__ATTR(test_##fixture_name##__##test_name, #fixture_name, NULL, \
		    #test_name, __VA_ARGS__)

/**
 * KTSTR_INCONCLUSIVE() - the test can say neither pass nor fail
 * @statement: what to do then, usually return
 * @...: printf format and arguments of the reason
 *
 * Used like SKIP(). Reported as "not ok # ERROR inconclusive", with the reason
 * in front; as a skip when the test has .allow_inconclusive. A test that has
 * failed before stays failed, and an expectation that fails later counts.
 */
#define KTSTR_INCONCLUSIVE(statement, ...)                           \
	do {                                                         \
		if (_metadata->exit_code != KSFT_FAIL) {             \
			snprintf(_metadata->results->reason,         \
				 sizeof(_metadata->results->reason), \
				 __VA_ARGS__);                       \
			_metadata->exit_code = KSFT_SKIP;            \
			_metadata->trigger = 0;                      \
			ktstr__body->inconclusive = true;            \
		}                                                    \
		statement;                                           \
	} while (0)

/* Set before the body's process is made. */
static unsigned int ktstr__duration_s = KTSTR_DEFAULT_DURATION_S;

/**
 * ktstr_duration_s - the .duration_s of the running test: how long its body
 * should keep the machine busy. Guest seconds, not stretched on slow machines.
 */
static inline unsigned int ktstr_duration_s(void)
{
	return ktstr__duration_s;
}

/**
 * ktstr_topology - the machine that the caller is in: CPUs, LLCs, nodes; the
 * questions to ask it are in ktstr/test-topology.h. In a guest it is the one
 * that the test declared. Read when first asked for; ends the test when sysfs
 * is gone.
 */
static inline const struct test_topology *ktstr_topology(void)
{
	static struct test_topology topology;
	struct kt_diag diag = { 0 };
	int err;

	if (topology.sysfs)
		return &topology;
	err = test_topology__read("/sys", &topology, &diag);
	if (err) {
		fprintf(stdout, "# %s\n", diag__text(&diag, err));
		exit(KSFT_FAIL);
	}
	return &topology;
}

/** KTSTR_HARNESS_MAIN - in place of TEST_HARNESS_MAIN */
#define KTSTR_HARNESS_MAIN                                    \
	int main(int argc, char **argv)                       \
	{                                                     \
		static const struct ktstr_harness_ops ops = { \
			.usage = ktstr__usage,                \
			.each = ktstr__each,                  \
			.decls = ktstr__get_decls,            \
			.arm = ktstr__arm,                    \
			.run = test_harness_run,              \
			.run_one = ktstr__run_one,            \
		};                                            \
		return ktstr_harness__main(argc, argv, &ops); \
	}

/* --- declarations -------------------------------------------------------- */

static struct ktstr_attr_decl *ktstr__decls;

static const struct ktstr_attr_decl *ktstr__get_decls(void)
{
	return ktstr__decls;
}

/*
 * "Not said" is the first initialiser, which the author's override. What they
 * gave stands alone before, so that a field given twice is an error whatever
 * the compiler's flags.
 */
/* clang-format off */
#define KTSTR__ATTR(id, fixture_str, variant_str, test_str, ...)            \
	_Pragma("GCC diagnostic push")                                      \
	_Pragma("GCC diagnostic error \"-Woverride-init\"")                 \
	static const struct ktstr_attr ktstr__once_##id                     \
		__attribute__((unused)) = { __VA_ARGS__ };                  \
	_Pragma("GCC diagnostic ignored \"-Woverride-init\"")               \
	static struct ktstr_attr_decl ktstr__attr_##id = {                  \
		.fixture = fixture_str,                                     \
		.variant = variant_str,                                     \
		.test = test_str,                                           \
		.attr = { KTSTR_ATTR_UNSAID, __VA_ARGS__ },                 \
	};                                                                  \
	_Pragma("GCC diagnostic pop")                                       \
	static void __attribute__((constructor)) ktstr__attr_reg_##id(void) \
	{                                                                   \
		ktstr__attr_##id.next = ktstr__decls;                       \
		ktstr__decls = &ktstr__attr_##id;                           \
	}                                                                   \
	struct ktstr__semicolon
/* clang-format on */

/* --- walking the harness's lists ----------------------------------------- */

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

static bool ktstr__is_xfail(const struct ktstr__test *at)
{
	struct __test_xfail *x;

	for (x = at->v->xfails; x; x = x->next)
		if (x->test == at->t)
			return true;
	return false;
}

struct ktstr__each {
	int argc;
	char **argv;
	void (*fn)(void *ctx, const struct ktstr_test_ref *ref);
	void *ctx;
};

static bool ktstr__each_one(void *ctx, const struct ktstr__test *at)
{
	struct ktstr__each *e = ctx;
	struct ktstr_test_ref ref = {
		.fixture = at->f->name,
		.variant = at->v->name,
		.test = at->t->name,
		.xfail = ktstr__is_xfail(at),
	};

	if (!test_enabled(e->argc, e->argv, at->f, at->v, at->t))
		return false;
	if (at->t->timeout != TEST_TIMEOUT_DEFAULT)
		ref.timeout_s = (unsigned int)at->t->timeout;
	e->fn(e->ctx, &ref);
	return false;
}

static void ktstr__each(int argc, char **argv,
			void (*fn)(void *ctx, const struct ktstr_test_ref *ref),
			void *ctx)
{
	struct ktstr__each e = { argc, argv, fn, ctx };

	ktstr__walk(ktstr__each_one, &e);
}

static void ktstr__usage(char *argv0)
{
	char help[] = "-h";
	char *argv[] = { argv0, help, NULL };

	optind = 0;
	test_harness_argv_check(2, argv);
}

/* --- in place of a test's function --------------------------------------- */

/* What arming replaced; a test of several variants is replaced once. */
struct ktstr__original {
	struct __test_metadata *t;
	void (*fn)(struct __test_metadata *t,
		   struct __fixture_variant_metadata *v);
	int termsig;
	struct ktstr__original *next;
};

static struct ktstr__original *ktstr__originals;
static void *ktstr__run;

static struct ktstr__original *ktstr__original(struct __test_metadata *t)
{
	struct ktstr__original *o;

	for (o = ktstr__originals; o; o = o->next)
		if (o->t == t)
			return o;
	return NULL;
}

/* Runs in the child that the harness made for the test. */
static void ktstr__fn(struct __test_metadata *t,
		      struct __fixture_variant_metadata *v)
{
	struct ktstr__test at = { t->fixture, v, t };
	char name[1024];

	ktstr__name(&at, name, sizeof(name));
	t->exit_code =
		ktstr_harness__run_test(ktstr__run, name, t->results->reason,
					sizeof(t->results->reason));
}

static bool ktstr__arm_one(void *ctx, const struct ktstr__test *at)
{
	struct __test_metadata *t = at->t;
	struct ktstr__original *o;
	struct __test_xfail *x;
	char name[1024];
	int timeout_s;

	if (!ktstr__original(t)) {
		o = malloc(sizeof(*o));
		if (!o) {
			fprintf(stderr, "out of memory\n");
			exit(KSFT_FAIL);
		}
		*o = (struct ktstr__original){ t, t->fn, t->termsig,
					       ktstr__originals };
		ktstr__originals = o;
		t->fn = ktstr__fn;
		t->timeout = 0;
		/* The signal is the body's; what the harness sees exits. */
		t->termsig = -1;
	}
	ktstr__name(at, name, sizeof(name));
	timeout_s = (int)ktstr_harness__timeout_s(ctx, name);
	if (t->timeout < timeout_s)
		t->timeout = timeout_s;
	/*
	 * Ours to apply: the harness would turn a dead guest into XFAIL and a
	 * skip into XPASS, both of which are "ok".
	 */
	for (x = at->v->xfails; x; x = x->next)
		if (x->test == t)
			x->test = NULL;
	return false;
}

static void ktstr__arm(void *run)
{
	ktstr__run = run;
	ktstr__walk(ktstr__arm_one, run);
}

/* --- the body ------------------------------------------------------------ */

/* The running test, shared with all processes that its macros fork. */
struct ktstr__body {
	struct __test_metadata t;
	struct __test_results results;
	bool inconclusive;
	bool left; /* it called exit(0) in the middle */
	pid_t child;
};

static struct ktstr__body *ktstr__body __attribute__((unused));

/*
 * To the harness an exit(0) anywhere in a body, say in a library that it calls,
 * is a pass: it cannot tell it from the body's end. A body runs in the child
 * or, with a fixture, in a child of that; what those fork may exit as it likes.
 */
static void ktstr__on_exit(int status, void *arg)
{
	struct ktstr__body *body = arg;

	if (!status && (getpid() == body->child || getppid() == body->child))
		body->left = true;
}

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

/*
 * A copy, because the harness's own metadata may be shared with the process
 * that waits for us: its pid and exit code are not ours to write.
 */
static struct ktstr__body *ktstr__body_of(struct __test_metadata *t)
{
	struct ktstr__original *o = ktstr__original(t);
	struct ktstr__body *body =
		mmap(NULL, sizeof(*body), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (body == MAP_FAILED)
		return NULL;
	body->t = *t;
	if (o) {
		body->t.fn = o->fn;
		body->t.termsig = o->termsig;
	}
	body->t.results = &body->results;
	/* Deadlines are kept by guest init, on the host by the harness. */
	body->t.timeout = 24 * 60 * 60;
	body->t.exit_code = KSFT_PASS;
	return body;
}

/* What the harness's own runner does for one test, without its TAP lines. */
static int ktstr__run_one(const char *name, unsigned int duration_s,
			  char *reason, size_t reason_size)
{
	struct ktstr__find find = { .name = name };
	struct __test_metadata *t;
	pid_t child;

	if (!ktstr__walk(ktstr__find_one, &find)) {
		snprintf(reason, reason_size, "no test %s in this program",
			 name);
		return KSFT_FAIL;
	}
	ktstr__body = ktstr__body_of(find.found.t);
	if (!ktstr__body) {
		snprintf(reason, reason_size, "mmap: %s", strerror(errno));
		return KSFT_FAIL;
	}
	ktstr__duration_s = duration_s;
	t = &ktstr__body->t;
	setvbuf(stdout, NULL, _IOLBF, 0);
	fflush(NULL);
	/* The child shares *t: it must not write its own pid. */
	child = fork();
	if (child == 0) {
		/* On the host the harness kills the group of our parent. */
		if (ktstr__run)
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		else
			setpgrp();
		ktstr__body->child = getpid();
		on_exit(ktstr__on_exit, ktstr__body);
		t->fn(t, find.found.v);
		_exit(t->exit_code);
	}
	t->pid = child;
	if (child < 0)
		t->exit_code = KSFT_FAIL;
	else
		__wait_for_test(t);
	if (ktstr__body->left && t->exit_code == KSFT_PASS) {
		snprintf(reason, reason_size,
			 "exit(0) in the middle of the body");
		printf("# %s\n", reason);
		return KSFT_FAIL;
	}
	snprintf(reason, reason_size, "%s", t->results->reason);
	return t->exit_code == KSFT_SKIP && ktstr__body->inconclusive
		       ? KTSTR_EXIT_INCONCLUSIVE
		       : t->exit_code;
}

#endif /* KTSTR_HARNESS_H */
