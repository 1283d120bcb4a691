// SPDX-License-Identifier: GPL-2.0
/* What counts as the kernel complaining, and whether it is named the same. */
#include "lib/session/splat.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void scan(struct splat_scan *s, const struct splat_allow *allow,
		 const char *text)
{
	splat_scan__init(s, allow);
	splat_scan__feed(s, text, strlen(text));
	splat_scan__finish(s);
}

static void test_kinds(void **state)
{
	static const struct {
		const char *line;
		enum splat_kind kind;
	} cases[] = {
		{ "WARNING: CPU: 0 PID: 71 at kernel/fork.c:1 f+0x1/0x2",
		  SPLAT_WARNING },
		{ "WARNING: possible circular locking dependency detected",
		  SPLAT_LOCKDEP },
		{ "WARNING: possible irq lock inversion dependency detected",
		  SPLAT_LOCKDEP },
		{ "WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected",
		  SPLAT_LOCKDEP },
		{ "WARNING: inconsistent lock state", SPLAT_LOCKDEP },
		{ "WARNING: suspicious RCU usage", SPLAT_LOCKDEP },
		{ "INFO: trying to register non-static key.", SPLAT_LOCKDEP },
		{ "BUG: KASAN: slab-use-after-free in f+0x1/0x2",
		  SPLAT_SANITIZER },
		{ "UBSAN: array-index-out-of-bounds in fs/x.c:1:2",
		  SPLAT_SANITIZER },
		{ "BUG: kernel NULL pointer dereference, address: 0",
		  SPLAT_OOPS },
		{ "BUG: unable to handle page fault for address: ff",
		  SPLAT_OOPS },
		{ "BUG: scheduling while atomic: a/1/0x2", SPLAT_BUG },
		{ "kernel BUG at mm/slub.c:1!", SPLAT_BUG },
		{ "general protection fault, probably for non-canonical "
		  "address",
		  SPLAT_OOPS },
		{ "Oops: invalid opcode: 0000 [#1] PREEMPT SMP", SPLAT_OOPS },
		{ "rcu: INFO: rcu_preempt self-detected stall on CPU",
		  SPLAT_RCU },
		{ "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:",
		  SPLAT_RCU },
		{ "INFO: task a:9 blocked for more than 120 seconds.",
		  SPLAT_HUNG_TASK },
		{ "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [a:9]",
		  SPLAT_LOCKUP },
		{ "watchdog: Watchdog detected hard LOCKUP on cpu 0",
		  SPLAT_LOCKUP },
		{ "NMI watchdog: Watchdog detected hard LOCKUP on cpu 1",
		  SPLAT_LOCKUP },
		{ "Out of memory: Killed process 9 (a) total-vm:1kB",
		  SPLAT_OOM },
		{ "Kernel panic - not syncing: System is deadlocked on memory",
		  SPLAT_OOM },
		{ "Kernel panic - not syncing: sysrq triggered crash",
		  SPLAT_PANIC },
		{ "ktstr-init: kernel tainted: 0x200", SPLAT_TAINT },
		{ "ktstr-init: kernel log overflowed: x", SPLAT_LOST },
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct splat_scan s;

		snprintf(text, sizeof(text),
			 "[    1.5] quiet\n<4>[   12.345678][  T12] %s\r\n",
			 cases[i].line);
		scan(&s, NULL, text);
		assert_int_equal(s.first.kind, cases[i].kind);
		assert_int_equal(s.found, 1);
		assert_string_equal(s.first.headline, cases[i].line);
	}
}

/* Lines of ordinary boots, and words that only quote a complaint. */
static void test_not_a_complaint(void **state)
{
	static const char *const lines[] = {
		"Spectre V2 : WARNING: Unprivileged eBPF is enabled",
		"Warning: unable to open an initial console.",
		"Memory cgroup out of memory: Killed process 9 (a)",
		"a.c:1: printing BUG: is not one",
		"DEBUG: x",
		"INFO: lockdep is turned off.",
		"watchdog: Delayed init of the lockup detector failed: -19",
		"rcu: INFO: none",
		"x[1] BUG: a stamp has a dot",
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct splat_scan s;

		snprintf(text, sizeof(text), "[    1.5] %s\n%s\n", lines[i],
			 lines[i]);
		scan(&s, NULL, text);
		assert_int_equal(s.found, 0);
	}
}

#define WARN_BLOCK(time, pid, off, code)                                   \
	time " ------------[ cut here ]------------\n" time                \
	     " WARNING: CPU: 1 PID: " pid " at kernel/x.c:7 inner+" off    \
	     "/0x60 [mod]\n" time " Modules linked in: mod(F)\n" time      \
	     " RIP: 0010:inner.constprop.0+" off "/0x60 [mod]\n" time      \
	     " Code: " code "\n" time " RSP: 0018:ffffc90000" pid          \
	     "e18 EFLAGS: 00010246\n" time " Call Trace:\n" time           \
	     "  <TASK>\n" time "  ? __warn+0x81/0x130\n" time              \
	     "  ? leftover+0x1/0x130\n" time                               \
	     "  asm_exc_invalid_op+0x1a/0x20\n" time "  second"            \
	     "+" off "/0x1d0\n" time "  third.isra.0.cold+0x5/0xc0\n" time \
	     "  fourth+0x5/0xc0\n" time "  fifth+0x5/0xc0\n" time          \
	     "  sixth+0x5/0xc0\n" time "  </TASK>\n" time                  \
	     " RIP: 0033:0x7f4ebdff2350\n" time                            \
	     " ---[ end trace 0000000000000000 ]---\n"

static void test_fingerprint_is_stable(void **state)
{
	struct splat_scan a, b, c;
	char fa[SPLAT_FINGERPRINT_MAX], fb[SPLAT_FINGERPRINT_MAX];

	(void)state;
	scan(&a, NULL, WARN_BLOCK("[    7.866484]", "71", "0x16", "40 00 48"));
	scan(&b, NULL, WARN_BLOCK("[   19.1][  T3]", "4242", "0x3a", "90 90"));
	splat__fingerprint(&a.first, fa, sizeof(fa));
	splat__fingerprint(&b.first, fb, sizeof(fb));
	assert_string_equal(fa, fb);
	assert_string_equal(fa + 8, " inner < second < third < fourth < fifth");
	assert_int_equal(a.found, 1);
	scan(&c, NULL, "BUG: elsewhere\nCall Trace:\n f+0x1/0x2\n");
	assert_int_not_equal(c.first.hash, a.first.hash);
}

/* Without frames the headline's words count, not its numbers. */
static void test_fingerprint_of_a_headline(void **state)
{
	struct splat_scan a, b, c;
	char text[SPLAT_FINGERPRINT_MAX];

	(void)state;
	scan(&a, NULL, "Out of memory: Killed process 9 (a) total-vm:12kB\n");
	scan(&b, NULL, "Out of memory: Killed process 88 (a) total-vm:77kB\n");
	scan(&c, NULL, "Out of memory: Killed process 88 (b) total-vm:77kB\n");
	assert_int_equal(a.first.hash, b.first.hash);
	assert_int_not_equal(a.first.hash, c.first.hash);
	splat__fingerprint(&a.first, text, sizeof(text));
	assert_string_equal(text + 8, " (no frames)");
}

/* Several headlines of one crash are one report; a later panic is another. */
static void test_one_crash_one_report(void **state)
{
	struct splat_scan s;

	(void)state;
	scan(&s, NULL,
	     "[ 1.0] BUG: kernel NULL pointer dereference, address: 0\n"
	     "[ 1.0] #PF: supervisor read access in kernel mode\n"
	     "[ 1.0] Oops: Oops: 0000 [#1] PREEMPT SMP NOPTI\n"
	     "[ 1.0] RIP: 0010:culprit+0x1/0x2\n"
	     "[ 1.0] Call Trace:\n"
	     "[ 1.0]  <TASK>\n"
	     "[ 1.0]  caller+0x1/0x2\n"
	     "[ 1.0] ---[ end trace 0000000000000000 ]---\n"
	     "[ 1.0] Kernel panic - not syncing: Fatal exception\n");
	assert_int_equal(s.found, 2);
	assert_int_equal(s.first.kind, SPLAT_OOPS);
	assert_int_equal(s.first.nr_frames, 2);
	assert_string_equal(s.first.frame[0], "culprit");
	assert_false(s.oom_panic);
	/* An oops while a warning is printed is not part of it. */
	scan(&s, NULL, "WARNING: CPU: 0 at x\nOops: 0000 [#1]\n");
	assert_int_equal(s.found, 2);
	scan(&s, NULL, "Kernel panic - not syncing: Out of memory: x\n");
	assert_true(s.oom_panic);
}

/* A program's unfinished line or a NUL byte in front hides nothing. */
static void test_nothing_hides_behind_text(void **state)
{
	static const char nul[] = "x\0[    2.5] BUG: Bad page state\n";
	struct splat_scan s;

	(void)state;
	scan(&s, NULL, "no newline[[    2.5] WARNING: CPU: 0 at x\n");
	assert_int_equal(s.first.kind, SPLAT_WARNING);
	splat_scan__init(&s, NULL);
	splat_scan__feed(&s, nul, sizeof(nul) - 1);
	splat_scan__finish(&s);
	assert_int_equal(s.first.kind, SPLAT_BUG);
	scan(&s, NULL, "[    2.5] BUG: cut off");
	assert_int_equal(s.found, 1);
}

/* The flags say "warned" and the log has no warning: it was lost or cleared. */
static void test_taint_alone(void **state)
{
	static const char taint[] = "ktstr-init: kernel tainted: 0x200\n";
	struct splat_allow *allow __free(splat_allow) = NULL;
	struct splat_scan s;

	(void)state;
	assert_int_equal(
		splat_allow__parse("at kernel/x.c\n", "f", &allow, NULL), 0);
	scan(&s, allow, taint);
	assert_int_equal(s.first.kind, SPLAT_TAINT);
	splat_scan__init(&s, allow);
	splat_scan__feed(&s, WARN_BLOCK("[1.0]", "1", "0x1", "1"),
			 sizeof(WARN_BLOCK("[1.0]", "1", "0x1", "1")) - 1);
	splat_scan__feed(&s, taint, sizeof(taint) - 1);
	splat_scan__finish(&s);
	assert_int_equal(s.found, 1);
	assert_int_equal(s.allowed, 1);
	assert_int_equal(s.first.kind, SPLAT_NONE);
}

static void test_allow_list(void **state)
{
	static const char list[] = "# known since 6.12\n"
				   "\n"
				   "  # indented\n"
				   "inner < second\r\n"
				   "soft lockup - CPU#[0-9]+ ";
	struct splat_allow *allow __free(splat_allow) = NULL;
	struct splat_scan s;

	(void)state;
	assert_int_equal(splat_allow__parse(list, "f", &allow, NULL), 0);
	assert_string_equal(splat_allow__path(allow), "f");
	scan(&s, allow, WARN_BLOCK("[1.0]", "1", "0x1", "1") "BUG: other\n");
	assert_int_equal(s.found, 2);
	assert_int_equal(s.allowed, 1);
	assert_string_equal(s.first.headline, "BUG: other");
	scan(&s, allow, "watchdog: BUG: soft lockup - CPU#3 stuck\n");
	assert_int_equal(s.allowed, 1);
	assert_int_equal(s.first.kind, SPLAT_NONE);
}

static void test_bad_allow_list(void **state)
{
	struct splat_allow *allow = NULL;
	struct kt_diag diag = { 0 };

	(void)state;
	assert_int_equal(splat_allow__parse("fine\n# x\nBUG: (\n", "my.allow",
					    &allow, &diag),
			 -EINVAL);
	assert_non_null(strstr(diag.msg, "my.allow:3: 'BUG: ('"));
	assert_null(allow);
	diag.msg[0] = '\0';
	assert_int_equal(splat_allow__load("/no/such.allow", &allow, &diag),
			 -ENOENT);
	assert_non_null(strstr(diag.msg, "/no/such.allow"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_not_a_complaint),
		cmocka_unit_test(test_fingerprint_is_stable),
		cmocka_unit_test(test_fingerprint_of_a_headline),
		cmocka_unit_test(test_one_crash_one_report),
		cmocka_unit_test(test_nothing_hides_behind_text),
		cmocka_unit_test(test_taint_alone),
		cmocka_unit_test(test_allow_list),
		cmocka_unit_test(test_bad_allow_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
