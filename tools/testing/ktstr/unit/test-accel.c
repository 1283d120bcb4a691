// SPDX-License-Identifier: GPL-2.0
/* The accelerator probe's classifications, its deadline, and the choice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <ktstr/fd.h>

#include "scratch.h"
#include "skip.h"
#include "vmm/accel.h"
#include "vmm/softkvm.h"

static void missing_device_is_absent(void **state)
{
	struct accel_probe probe;

	(void)state;
	accel__probe("/nonexistent/kvm", &probe);
	assert_int_equal(probe.kind, ACCEL_ABSENT);
	assert_int_equal(probe.err, -ENOENT);
	assert_true(probe.mips == 0);
}

static void other_files_are_absent(void **state)
{
	static const char *const paths[] = { "/dev/null", "/proc/self/mem" };
	char tmp[] = "/tmp/ktstr-accel-XXXXXX";
	struct accel_probe probe;
	int fd = mkstemp(tmp);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	accel__probe(tmp, &probe);
	unlink(tmp);
	assert_int_equal(probe.kind, ACCEL_ABSENT);
	assert_int_equal(probe.err, -ENOTTY);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		accel__probe(paths[i], &probe);
		assert_int_equal(probe.kind, ACCEL_ABSENT);
	}
}

/* Root may open everything, so the child becomes somebody else first. */
static void unreadable_device_is_no_permission(void **state)
{
	char tmp[] = "/tmp/ktstr-accel-XXXXXX";
	int fd = mkstemp(tmp), status;
	pid_t pid;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0), 0);
	close(fd);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct accel_probe probe;

		if (geteuid() == 0 && setresuid(65534, 65534, 65534))
			_exit(2);
		accel__probe(tmp, &probe);
		_exit(probe.kind == ACCEL_NO_PERMISSION && probe.err == -EACCES
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(tmp);
	assert_int_equal(status, 0);
}

/* Whatever KVM this machine has: an answer in time and nothing left behind. */
static void real_device_is_measured_in_time(void **state)
{
	unsigned int fds, threads;
	struct accel_probe probe;
	u64 begin_ns;

	(void)state;
	if (access("/dev/kvm", R_OK | W_OK))
		SKIP("/dev/kvm cannot be opened here");
	accel__probe("/dev/kvm", &probe);
	if (probe.kind == ACCEL_ABSENT)
		SKIP("/dev/kvm is no KVM here");
	fds = scratch__entries("/proc/self/fd");
	threads = scratch__entries("/proc/self/task");
	begin_ns = kt_now_ns();
	for (int i = 0; i < 3; i++) {
		accel__probe("/dev/kvm", &probe);
		assert_true(probe.kind == ACCEL_HARDWARE ||
			    probe.kind == ACCEL_SLOW);
		assert_int_equal(probe.err, 0);
		assert_true(probe.mips > 0);
		assert_int_equal(probe.kind == ACCEL_SLOW,
				 probe.mips < ACCEL_SLOW_MIPS);
	}
	/* 50 ms of loop each, and a loaded machine's scheduling on top. */
	assert_true(kt_now_ns() - begin_ns < 3 * NSEC_PER_SEC);
	assert_int_equal(scratch__entries("/proc/self/fd"), fds);
	assert_int_equal(scratch__entries("/proc/self/task"), threads);
}

static void probe_of(struct accel_probe *probe, enum accel_kind kind,
		     bool inside)
{
	*probe = (struct accel_probe){ .kind = kind, .inside_softkvm = inside };
}

static void choice_follows_table(void **state)
{
	enum { KVM, SOFT, ERR };
	static const struct {
		enum accel_kind kind;
		bool inside;
		int on_auto, on_kvm, on_softkvm;
	} rows[] = {
		{ ACCEL_HARDWARE, false, KVM, KVM, SOFT },
		{ ACCEL_SLOW, false, SOFT, ERR, SOFT },
		{ ACCEL_ABSENT, false, SOFT, ERR, SOFT },
		{ ACCEL_NO_PERMISSION, false, SOFT, ERR, SOFT },
		{ ACCEL_HARDWARE, true, KVM, KVM, KVM },
		{ ACCEL_SLOW, true, KVM, KVM, KVM },
		{ ACCEL_ABSENT, true, ERR, ERR, ERR },
		{ ACCEL_NO_PERMISSION, true, ERR, ERR, ERR },
	};
	static const char *const words[] = { "auto", "kvm", "softkvm", NULL,
					     "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const int want[] = { rows[i].on_auto, rows[i].on_kvm,
				     rows[i].on_softkvm, rows[i].on_auto,
				     rows[i].on_auto };
		struct accel_probe probe;

		probe_of(&probe, rows[i].kind, rows[i].inside);
		for (size_t w = 0; w < ARRAY_SIZE(words); w++) {
			enum accel_choice choice = (enum accel_choice)99;
			struct kt_diag diag = { 0 };
			int err;

			err = accel__choose(&probe, words[w], &choice, &diag);
			assert_int_equal(err, want[w] == ERR ? -ENODEV : 0);
			if (err) {
				assert_int_equal((int)choice, 99);
				assert_non_null(strstr(diag.msg, "/dev/kvm"));
				continue;
			}
			assert_int_equal(choice, want[w] == KVM
							 ? ACCEL_USE_KVM
							 : ACCEL_USE_SOFTKVM);
		}
	}
}

static void unknown_word_is_refused(void **state)
{
	enum accel_choice choice = (enum accel_choice)99;
	struct kt_diag diag = { 0 };
	struct accel_probe probe;

	(void)state;
	probe_of(&probe, ACCEL_HARDWARE, false);
	assert_int_equal(accel__choose(&probe, "tcg", &choice, &diag), -EINVAL);
	assert_non_null(strstr(diag.msg, "'tcg'"));
	assert_non_null(strstr(diag.msg, "softkvm"));
	assert_int_equal((int)choice, 99);
}

static void every_kind_has_words(void **state)
{
	char line[256];

	(void)state;
	for (int kind = 0; kind < ACCEL_KIND_NR; kind++) {
		struct accel_probe probe;

		probe_of(&probe, (enum accel_kind)kind, false);
		probe.err = -ENOENT;
		accel__describe(&probe, line, sizeof(line));
		assert_non_null(strstr(line, accel_kind__name(probe.kind)));
		assert_int_equal(*accel__remedy(probe.kind) == '\0',
				 kind == ACCEL_HARDWARE);
	}
	assert_string_equal(accel_kind__name(ACCEL_KIND_NR), "unknown");
	assert_string_equal(accel__remedy(ACCEL_KIND_NR), "");
}

static void inside_is_told_by_environment(void **state)
{
	const char *was = getenv(SOFTKVM_ENV);
	char *saved __free(ptr) = was ? strdup(was) : NULL;
	struct accel_probe probe;

	(void)state;
	setenv(SOFTKVM_ENV, "1", 1);
	accel__probe("/nonexistent/kvm", &probe);
	assert_true(probe.inside_softkvm);
	setenv(SOFTKVM_ENV, "0", 1);
	accel__probe("/nonexistent/kvm", &probe);
	assert_false(probe.inside_softkvm);
	unsetenv(SOFTKVM_ENV);
	if (saved)
		setenv(SOFTKVM_ENV, saved, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(missing_device_is_absent),
		cmocka_unit_test(other_files_are_absent),
		cmocka_unit_test(unreadable_device_is_no_permission),
		cmocka_unit_test(real_device_is_measured_in_time),
		cmocka_unit_test(choice_follows_table),
		cmocka_unit_test(unknown_word_is_refused),
		cmocka_unit_test(every_kind_has_words),
		cmocka_unit_test(inside_is_told_by_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
