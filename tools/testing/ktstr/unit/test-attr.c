// SPDX-License-Identifier: GPL-2.0
/* Attributes: inheritance, rules, the command line and the list made of them.
 */
#include "lib/session/session-internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* KTSTR_ATTR_UNSAID is there to be overridden; the harness's macros say so. */
#pragma GCC diagnostic ignored "-Woverride-init"

static int hook_a(const struct ktstr_vm_result *res, struct kt_diag *diag)
{
	(void)res;
	(void)diag;
	return 0;
}

static int hook_b(const struct ktstr_vm_result *res, struct kt_diag *diag)
{
	(void)res;
	return diag__fail(diag, -EPROTO, "b");
}

static struct ktstr_attr defaults(void)
{
	struct ktstr_attr attr;

	assert_int_equal(ktstr_attr__resolve(NULL, 0, &attr, NULL), 0);
	return attr;
}

static struct ktstr_attr resolve(const struct ktstr_attr *fixture,
				 const struct ktstr_attr *variant,
				 const struct ktstr_attr *test)
{
	const struct ktstr_attr *layers[] = { fixture, variant, test };
	struct ktstr_attr attr;

	assert_int_equal(
		ktstr_attr__resolve(layers, ARRAY_SIZE(layers), &attr, NULL),
		0);
	return attr;
}

/* --- inheritance --------------------------------------------------------- */

static void unsaid_is_the_defaults(void **state)
{
	const struct ktstr_attr unsaid = { KTSTR_ATTR_UNSAID };
	struct ktstr_attr want = defaults();
	struct ktstr_attr got = resolve(&unsaid, &unsaid, &unsaid);

	(void)state;
	assert_memory_equal(&got, &want, sizeof(got));
	assert_int_equal(want.cpus, 2);
	assert_int_equal(want.memory_mib, 512);
	assert_int_equal(want.duration_s, 2);
	assert_int_equal(want.timeout_s, 30);
	assert_true(want.kaslr);
	assert_false(want.host_only || want.ignore || want.expect_fail ||
		     want.allow_inconclusive);
}

static void the_more_specific_wins(void **state)
{
	const struct ktstr_attr fixture = {
		KTSTR_ATTR_UNSAID,  .cpus = 4,	    .memory_mib = 300,
		.kargs = "fixture", .kaslr = false, .expect_fail = true,
		.post_vm = hook_a
	};
	const struct ktstr_attr variant = { KTSTR_ATTR_UNSAID, .cpus = 5,
					    .memory_mib = 301, .kargs = "" };
	const struct ktstr_attr test = { KTSTR_ATTR_UNSAID, .cpus = 6,
					 .expect_fail = false,
					 .post_vm = hook_b };
	struct ktstr_attr got = resolve(&fixture, &variant, &test);

	(void)state;
	assert_int_equal(got.cpus, 6);
	assert_int_equal(got.memory_mib, 301);
	assert_string_equal(got.kargs, "");
	assert_false(got.kaslr);
	assert_false(got.expect_fail);
	assert_ptr_equal(got.post_vm, hook_b);
	got = resolve(&fixture, NULL, NULL);
	assert_int_equal(got.cpus, 4);
	assert_true(got.expect_fail);
}

static void lists_add_up(void **state)
{
	const struct ktstr_attr fixture = {
		KTSTR_ATTR_UNSAID,
		.sysctls = { "kernel.a=1", "kernel.b=1", "kernel.a=2" },
		.tags = { "slow", "net" },
	};
	const struct ktstr_attr test = {
		KTSTR_ATTR_UNSAID,
		.sysctls = { "kernel.ab=5", "kernel.b=3" },
		.tags = { "slow", "mine" },
	};
	struct ktstr_attr got = resolve(&fixture, NULL, &test);

	(void)state;
	assert_string_equal(got.sysctls[0], "kernel.a=2");
	assert_string_equal(got.sysctls[1], "kernel.ab=5");
	assert_string_equal(got.sysctls[2], "kernel.b=3");
	assert_null(got.sysctls[3]);
	assert_string_equal(got.tags[0], "net");
	assert_string_equal(got.tags[1], "slow");
	assert_string_equal(got.tags[2], "mine");
	assert_null(got.tags[3]);
}

static void a_list_can_be_too_long(void **state)
{
	static const char *const words[] = { "a", "b", "c", "d", "e", "f",
					     "g", "h", "i", "j", "k", "l",
					     "m", "n", "o", "p", "q" };
	struct ktstr_attr fixture = { KTSTR_ATTR_UNSAID };
	const struct ktstr_attr test = { KTSTR_ATTR_UNSAID, .tags = { "q" } };
	const struct ktstr_attr *layers[] = { &fixture, &test };
	struct kt_diag diag = { 0 };
	struct ktstr_attr got = { .cpus = 77 };

	(void)state;
	for (unsigned int i = 0; i < KTSTR_LIST_MAX; i++)
		fixture.tags[i] = words[i];
	assert_int_equal(ktstr_attr__resolve(layers, 1, &got, &diag), 0);
	assert_string_equal(got.tags[KTSTR_LIST_MAX - 1], "p");
	got.cpus = 77;
	assert_int_equal(ktstr_attr__resolve(layers, 2, &got, &diag), -E2BIG);
	assert_non_null(strstr(diag.msg, ".tags: more than 16"));
	assert_int_equal(got.cpus, 77);
}

static void host_only_excludes_a_machine(void **state)
{
	const struct ktstr_attr machine = { KTSTR_ATTR_UNSAID, .cpus = 4 };
	const struct ktstr_attr here = { KTSTR_ATTR_UNSAID, .host_only = true };
	const struct ktstr_attr both = { KTSTR_ATTR_UNSAID, .host_only = true,
					 .kaslr = false };
	const struct ktstr_attr back = { KTSTR_ATTR_UNSAID, .host_only = false,
					 .cpus = 4 };
	const struct {
		const struct ktstr_attr *layers[3];
		int err;
		const char *field;
	} cases[] = {
		/* The fixture's machine is for its other tests. */
		{ { &machine, NULL, &here }, 0, NULL },
		{ { &here, NULL, &machine }, -EINVAL, ".cpus" },
		{ { &machine, NULL, &both }, -EINVAL, ".kaslr" },
		{ { &here, NULL, &back }, 0, NULL },
		{ { &here, &back, &here }, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kt_diag diag = { 0 };
		struct ktstr_attr got;

		assert_int_equal(
			ktstr_attr__resolve(cases[i].layers, 3, &got, &diag),
			cases[i].err);
		if (cases[i].field)
			assert_non_null(strstr(diag.msg, cases[i].field));
	}
}

static void times_follow_each_other(void **state)
{
	struct ktstr_attr attr = { KTSTR_ATTR_UNSAID, .duration_s = 40 };

	(void)state;
	assert_int_equal(resolve(NULL, NULL, &attr).timeout_s, 80);
	attr.duration_s = KTSTR_TIMEOUT_S_MAX;
	assert_int_equal(resolve(NULL, NULL, &attr).timeout_s,
			 KTSTR_TIMEOUT_S_MAX);
	attr.timeout_s = 0;
	assert_int_equal(resolve(NULL, NULL, &attr).timeout_s, 0);
	/* A short test is not made to say how short. */
	attr = (struct ktstr_attr){ KTSTR_ATTR_UNSAID, .timeout_s = 1 };
	assert_int_equal(resolve(NULL, NULL, &attr).duration_s, 1);
}

/* --- rules --------------------------------------------------------------- */

static void assert_refused(const char *name, const struct ktstr_attr *attr,
			   const char *text)
{
	struct kt_diag diag = { 0 };

	assert_int_equal(ktstr_attr__check(name, attr, &diag), -EINVAL);
	if (!strstr(diag.msg, text) || (*name && !strstr(diag.msg, name)))
		fail_msg("'%s' has no '%s'", diag.msg, text);
	/* Nobody need listen. */
	assert_int_equal(ktstr_attr__check(name, attr, NULL), -EINVAL);
}

static void numbers_have_limits(void **state)
{
	struct ktstr_attr attr = defaults();

	(void)state;
	assert_int_equal(ktstr_attr__check("f.t", &attr, NULL), 0);
	attr.memory_mib = 0;
	assert_refused("f.t", &attr, ".memory_mib = 0 is outside 1..");
	attr = defaults();
	attr.duration_s = 0;
	assert_refused("f.t", &attr, ".duration_s = 0 is outside 1..");
	attr = defaults();
	attr.timeout_s = 0;
	assert_refused("f.t", &attr, ".timeout_s = 0 is outside 1..");
	attr.timeout_s = KTSTR_TIMEOUT_S_MAX + 1;
	assert_refused("f.t", &attr, ".timeout_s = 86401");
	attr.timeout_s = 5;
	attr.duration_s = 6;
	assert_refused("f.t", &attr, ".timeout_s = 5 is less than");
	attr = defaults();
	attr.cleanup_budget_ms = 3600001;
	assert_refused("f.t", &attr, ".cleanup_budget_ms");
}

static void modes_exclude_each_other(void **state)
{
	const struct ktstr_attr none = { KTSTR_ATTR_UNSAID, .cpu_budget = 0 };
	const struct ktstr_attr *layers[] = { &none };
	struct ktstr_attr attr = defaults();
	struct kt_diag diag = { 0 };

	(void)state;
	assert_int_equal(attr.cpu_budget, 0);
	attr.no_perf_mode = true;
	attr.cpu_budget = 8192;
	assert_int_equal(ktstr_attr__check("f.t", &attr, NULL), 0);
	attr.cpu_budget = 8193;
	assert_refused("f.t", &attr, ".cpu_budget = 8193 is outside 1..8192");
	attr.cpu_budget = 3;
	attr.no_perf_mode = false;
	assert_refused("f.t", &attr, ".cpu_budget = 3 needs .no_perf_mode");
	attr = defaults();
	attr.performance_mode = true;
	assert_int_equal(ktstr_attr__check("f.t", &attr, NULL), 0);
	attr.no_perf_mode = true;
	assert_refused("f.t", &attr, ".performance_mode and .no_perf_mode");
	assert_int_equal(ktstr_attr__resolve(layers, 1, &attr, &diag), -EINVAL);
	assert_non_null(strstr(diag.msg, ".cpu_budget = 0"));
}

static void names_are_file_names(void **state)
{
	struct ktstr_attr attr = defaults();
	char name[NAME_MAX + 1];

	(void)state;
	assert_refused("a/b", &attr, "no / and no \\");
	assert_refused("a\\b", &attr, "no / and no \\");
	assert_refused("", &attr, "no name");
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_refused(name, &attr, "the name has 255 characters");
	name[NAME_MAX - strlen(".kernel.log")] = '\0';
	assert_int_equal(ktstr_attr__check(name, &attr, NULL), 0);
}

static void kargs_leave_our_words_alone(void **state)
{
	static const struct {
		const char *kargs, *fault;
	} cases[] = {
		{ "", NULL },
		{ "isolcpus=1 a=\"b c\" --x consoleblank=0", NULL },
		{ "mconsole=1 my_loglevel=2 nokaslrx", NULL },
		{ "a=1\nb=2", "byte 0x0a at offset 3" },
		{ "a\xff", "byte 0xff" },
		{ "console=tty0", "'console=tty0'" },
		{ "a  loglevel=7", "'loglevel=7'" },
		{ "a \"loglevel=7\"", "loglevel=7" },
		{ "rdinit=/bin/sh b", "'rdinit=/bin/sh'" },
		{ "KTSTR_MODE=shell", "ktstr's own" },
		{ "a nokaslr", ".kaslr = false" },
		{ "a -- b", "'--'" },
		{ "a=\"b c", "a quote that nothing ends" },
	};
	struct ktstr_attr attr = defaults();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		attr.kargs = cases[i].kargs;
		if (cases[i].fault)
			assert_refused("f.t", &attr, cases[i].fault);
		else
			assert_int_equal(ktstr_attr__check("f.t", &attr, NULL),
					 0);
	}
	/* ktstr shell may; nobody may end the command line in a quote. */
	attr.kargs = "loglevel=7";
	assert_int_equal(attr__check("f.t", &attr, true, NULL), 0);
	attr.kargs = "loglevel=7 \"";
	assert_int_equal(attr__check("f.t", &attr, true, NULL), -EINVAL);
}

static void sysctls_have_a_form(void **state)
{
	static const struct {
		const char *sysctl, *fault;
	} cases[] = {
		{ "kernel.sched_rt_runtime_us=-1", NULL },
		{ "net.ipv4.ping_group_range=0 100", NULL },
		{ "kernel.x", "not key=value" },
		{ "x=1", "no dot" },
		{ "=1", "empty" },
		{ ".x=1", "begins or ends with a dot" },
		{ "x.=1", "begins or ends with a dot" },
		{ "a..b=1", "two dots" },
		{ "a/b.c=1", "slash" },
		{ "a.b c=1", "blank" },
		{ "a.b\tc=1", "blank" },
		{ "a.\xe4=1", "unprintable" },
		{ "a.b=", "value is empty" },
		{ "a.b=c=d", "a = or a quote" },
		{ "a.b=\"c\"", "a = or a quote" },
		{ "a.b=c\nd", "unprintable" },
		{ "a.b=c\rd", "unprintable" },
	};
	struct ktstr_attr attr = defaults();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		attr.sysctls[0] = cases[i].sysctl;
		if (cases[i].fault)
			assert_refused("f.t", &attr, cases[i].fault);
		else
			assert_int_equal(ktstr_attr__check("f.t", &attr, NULL),
					 0);
	}
}

static void tags_are_words(void **state)
{
	static const char *const bad[] = { "", "a b", "-x", "a,b", "a\n" };
	struct ktstr_attr attr = defaults();

	(void)state;
	attr.tags[0] = "slow-2.x_Y";
	assert_int_equal(ktstr_attr__check("f.t", &attr, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		attr.tags[1] = bad[i];
		assert_refused("f.t", &attr, ".tags");
	}
}

/* --- command line -------------------------------------------------------- */

static void cmdline_has_what_was_asked(void **state)
{
	char buf[VM_CMDLINE_MAX + 1];
	struct ktstr_attr attr = defaults();

	(void)state;
	assert_int_equal(
		cmdline__build(buf, sizeof(buf), &attr, 1500, false, NULL), 0);
	assert_non_null(strstr(buf, " quiet "));
	assert_null(strstr(buf, "nokaslr"));
	attr.kaslr = false;
	attr.kargs = "a=b";
	attr.sysctls[0] = "kernel.x=1";
	attr.sysctls[1] = "net.y=0 100";
	assert_int_equal(
		cmdline__build(buf, sizeof(buf), &attr, 1500, true, NULL), 0);
	assert_non_null(strstr(buf, "loglevel=7"));
	assert_non_null(strstr(buf, " KTSTR_TEST_TIMEOUT_MS=1500 nokaslr "
				    "sysctl.kernel.x=1 sysctl.net.y=\"0 100\" "
				    "a=b"));
}

static void cmdline_names_what_is_long(void **state)
{
	char buf[VM_CMDLINE_MAX + 1], big[VM_CMDLINE_MAX + 1];
	struct ktstr_attr attr = defaults();
	struct kt_diag diag = { 0 };
	size_t own;

	(void)state;
	assert_int_equal(
		cmdline__build(buf, sizeof(buf), &attr, 1, false, NULL), 0);
	own = strlen(buf);
	memset(big, 'x', sizeof(big) - 1);
	/* One blank between: exactly full, then one too many. */
	big[VM_CMDLINE_MAX - own - 1] = '\0';
	attr.kargs = big;
	assert_int_equal(
		cmdline__build(buf, sizeof(buf), &attr, 1, false, NULL), 0);
	assert_int_equal(strlen(buf), VM_CMDLINE_MAX);
	big[VM_CMDLINE_MAX - own - 1] = 'x';
	big[VM_CMDLINE_MAX - own] = '\0';
	assert_int_equal(
		cmdline__build(buf, sizeof(buf), &attr, 1, false, &diag),
		-E2BIG);
	assert_non_null(strstr(diag.msg, "2048 characters"));
	assert_non_null(strstr(diag.msg, "the kernel takes 2047"));
	big[VM_CMDLINE_MAX - own] = 'x';
	big[VM_CMDLINE_MAX] = '\0';
	attr.sysctls[0] = "kernel.x=1";
	diag.msg[0] = '\0';
	assert_int_equal(ktstr_attr__check("f.t", &attr, &diag), -E2BIG);
	assert_non_null(strstr(diag.msg, "f.t: "));
	assert_non_null(strstr(diag.msg, ".kargs are 2047"));
	assert_non_null(strstr(diag.msg, ".sysctls 18"));
}

/* Not the sums only: what to shorten. */
static void cmdline_names_the_longest_words(void **state)
{
	char buf[VM_CMDLINE_MAX + 1], kargs[VM_CMDLINE_MAX];
	char cpus[501] = "", sysctl[301] = "";
	struct ktstr_attr attr = defaults();
	struct kt_diag diag = { 0 };

	(void)state;
	memset(cpus, 'c', sizeof(cpus) - 1);
	memset(sysctl, 's', sizeof(sysctl) - 1);
	memcpy(sysctl, "kernel.x=", 9);
	snprintf(kargs, sizeof(kargs), "a=1 b=\"%.*s %.*s\" c=%.*s %.*s", 400,
		 cpus, 300, cpus, 250, cpus, 350, cpus);
	attr.kargs = kargs;
	attr.sysctls[0] = sysctl;
	assert_int_equal(
		cmdline__build(buf, sizeof(buf), &attr, 1, false, &diag),
		-E2BIG);
	assert_non_null(
		strstr(diag.msg,
		       "longest are .kargs 'b=\"ccccccccccccccccccccccccccccccc"
		       "cccccc...' of 705, .kargs 'cccccccccccccccccccccc"
		       "cccccccccccccccccc...' of 350, .sysctls "
		       "'kernel.x=sssssssssssssssssssssssssssssss...' of "
		       "300"));
	/* One word is enough. */
	kargs[0] = '\0';
	attr.sysctls[0] = NULL;
	memset(kargs, 'k', VM_CMDLINE_MAX - 1);
	diag.msg[0] = kargs[VM_CMDLINE_MAX - 1] = '\0';
	assert_int_equal(
		cmdline__build(buf, sizeof(buf), &attr, 1, false, &diag),
		-E2BIG);
	assert_non_null(strstr(diag.msg, "...' of 2046"));
	assert_null(strstr(diag.msg, "...' of 2046,"));
}

static void cmdline_balances_slow_memory(void **state)
{
	char buf[VM_CMDLINE_MAX + 1];
	struct ktstr_attr attr = defaults();

	(void)state;
	assert_int_equal(
		cmdline__build(buf, sizeof(buf), &attr, 1, false, NULL), 0);
	assert_non_null(strstr(buf, " numa_balancing=disable "));
	attr.nodes = KTSTR_NODES({ .llcs = 1, .memory_mib = 512 },
				 { .memory_mib = 512 });
	assert_int_equal(
		cmdline__build(buf, sizeof(buf), &attr, 1, false, NULL), 0);
	assert_non_null(strstr(buf, " numa_balancing=enable "));
}

/* What wprof's ring buffers take, unless somebody knows better. */
static void a_tracer_needs_memory(void **state)
{
	struct ktstr_attr attr = defaults();

	(void)state;
	attr.wprof = true;
	assert_int_equal(attr__memory_mib(&attr), 2048);
	attr.memory_mib = 3000;
	assert_int_equal(attr__memory_mib(&attr), 3000);
	attr.memory_mib = 512;
	attr.memory_exact = true;
	assert_int_equal(attr__memory_mib(&attr), 512);
	attr.memory_exact = false;
	attr.wprof = false;
	assert_int_equal(attr__memory_mib(&attr), 512);
}

static void arguments_need_a_tracer(void **state)
{
	struct ktstr_attr attr = defaults();
	struct kt_diag diag = { 0 };

	(void)state;
	attr.wprof_args = "-d 1";
	assert_int_equal(ktstr_attr__check("f.t", &attr, &diag), -EINVAL);
	assert_non_null(strstr(diag.msg, "f.t: .wprof_args without .wprof"));
	attr.wprof = true;
	assert_int_equal(ktstr_attr__check("f.t", &attr, &diag), 0);
	attr.wprof = false;
	attr.wprof_args = "";
	assert_int_equal(ktstr_attr__check("f.t", &attr, &diag), 0);
}

static void a_trace_has_time(void **state)
{
	struct session s = { .accel = { .mips = 1 } };
	struct ktstr_attr attr = defaults();
	unsigned int without = session__budget_s(&s, &attr);

	(void)state;
	attr.wprof = true;
	assert_int_equal(
		session__budget_s(&s, &attr),
		without + 30 * (unsigned int)session__stretch(&s, &attr));
}

/* The harness's alarm is the last resort: all of our limits fit below it. */
static void budget_has_room_for_everything(void **state)
{
	struct session s = { .accel = { .mips = 1 } };
	struct ktstr_attr attr = defaults();
	unsigned int without, with;

	(void)state;
	attr.timeout_s = 100;
	without = session__budget_s(&s, &attr);
	assert_true(without >
		    DILATION_MAX * (100 + 10)); /* body, boot and more */
	attr.post_vm = hook_a;
	attr.post_vm_unconditional = hook_b;
	with = session__budget_s(&s, &attr);
	assert_int_equal(with - without,
			 2 * DILATION_MAX * KTSTR_POST_VM_TIMEOUT_S);
	s.accel.mips = 4000;
	assert_true(session__budget_s(&s, &attr) >
		    100 + 10 + 2 * KTSTR_POST_VM_TIMEOUT_S);
}

/* --- printing ------------------------------------------------------------ */

static void print_is_stable(void **state)
{
	struct ktstr_attr attr = defaults();
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_non_null(f);
	attr.sysctls[0] = "a.b=1";
	attr.sysctls[1] = "c.d=2";
	attr.tags[0] = "slow";
	attr.kargs = "x y";
	attr.post_vm = hook_a;
	ktstr_attr__print(&attr, f);
	fclose(f);
	assert_string_equal(
		text, "\tcpus=2\tnuma_nodes=1\tllcs=1\tcores=2\tthreads=1"
		      "\tnodes=\tdistances=\tmemory_mib=512"
		      "\tduration_s=2\ttimeout_s=30"
		      "\tcleanup_budget_ms=0\tkaslr=1\thost_only=0\tignore=0"
		      "\texpect_fail=0\tallow_inconclusive=0\tkargs=x y"
		      "\tsysctls=a.b=1,c.d=2\ttags=slow"
		      "\tmin_llcs=1\tmax_llcs=12\tmin_cpus=1\tmax_cpus=192"
		      "\tmin_numa_nodes=1\tmax_numa_nodes=1"
		      "\trequires_smt=0\tpost_vm=1"
		      "\tpost_vm_unconditional=0\tperformance_mode=0"
		      "\tno_perf_mode=0\tcpu_budget=0"
		      "\twprof=0\twprof_args=\tmemory_exact=0");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unsaid_is_the_defaults),
		cmocka_unit_test(the_more_specific_wins),
		cmocka_unit_test(lists_add_up),
		cmocka_unit_test(a_list_can_be_too_long),
		cmocka_unit_test(host_only_excludes_a_machine),
		cmocka_unit_test(times_follow_each_other),
		cmocka_unit_test(numbers_have_limits),
		cmocka_unit_test(modes_exclude_each_other),
		cmocka_unit_test(names_are_file_names),
		cmocka_unit_test(kargs_leave_our_words_alone),
		cmocka_unit_test(sysctls_have_a_form),
		cmocka_unit_test(tags_are_words),
		cmocka_unit_test(cmdline_has_what_was_asked),
		cmocka_unit_test(cmdline_names_what_is_long),
		cmocka_unit_test(cmdline_names_the_longest_words),
		cmocka_unit_test(cmdline_balances_slow_memory),
		cmocka_unit_test(a_tracer_needs_memory),
		cmocka_unit_test(arguments_need_a_tracer),
		cmocka_unit_test(a_trace_has_time),
		cmocka_unit_test(budget_has_room_for_everything),
		cmocka_unit_test(print_is_stable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
