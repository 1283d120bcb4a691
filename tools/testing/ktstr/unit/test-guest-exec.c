// SPDX-License-Identifier: GPL-2.0
/*
 * Programs as a guest's work: the file that names them, and what PID 1 makes
 * of how they end. The programs are the host's.
 */
#include <ktstr/base.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/mman.h>

#include <ktstr/exit-status.h>
#include <ktstr/fd.h>
#include <ktstr/wire.h>

#include "guest/exec.h"
#include "guest/port.h"
#include "guest/run.h"

static int parse(const char *bytes, size_t len, struct exec_workload *ret,
		 struct kt_diag *diag)
{
	static char text[4096];

	memcpy(text, bytes, len);
	text[len] = '\0';
	return exec__parse(text, len, ret, diag);
}

#define PARSE(literal, ret, diag) parse(literal, sizeof(literal) - 1, ret, diag)

static void test_file(void **state)
{
	struct exec_workload w;

	(void)state;
	assert_int_equal(PARSE("/tmp\0./p\0"
			       "3\0p\0\0a\nb\0PATH=/bin\0X=\0",
			       &w, NULL),
			 0);
	assert_string_equal(w.cwd, "/tmp");
	assert_string_equal(w.path, "./p");
	assert_string_equal(w.argv[0], "p");
	assert_string_equal(w.argv[1], "");
	assert_string_equal(w.argv[2], "a\nb");
	assert_null(w.argv[3]);
	assert_string_equal(w.envp[0], "PATH=/bin");
	assert_string_equal(w.envp[1], "X=");
	assert_null(w.envp[2]);
	exec__fini(&w);
	/* No environment at all. */
	assert_int_equal(PARSE("/\0/p\0"
			       "1\0p\0",
			       &w, NULL),
			 0);
	assert_null(w.envp[0]);
	exec__fini(&w);
}

static void test_damaged_files(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} files[] = {
#define FILE_OF(s) { s, sizeof(s) - 1 }
		FILE_OF(""),
		FILE_OF("\0"),
		FILE_OF("/\0/p\0"
			"1\0p"),
		FILE_OF("/\0/p\0"
			"1\0"),
		FILE_OF("/\0/p\0"
			"2\0p\0"),
		FILE_OF("/\0/p\0"
			"0\0p\0"),
		FILE_OF("/\0/p\0"
			"-1\0p\0"),
		FILE_OF("/\0/p\0"
			"1x\0p\0"),
		FILE_OF("/\0/p\0\0p\0"),
		FILE_OF("/\0/p\0"
			"99999999999999999999\0p\0"),
		FILE_OF("here\0/p\0"
			"1\0p\0"),
		FILE_OF("/\0p\0"
			"1\0p\0"),
#undef FILE_OF
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct kt_diag diag = { 0 };
		struct exec_workload w;

		assert_int_equal(parse(files[i].bytes, files[i].len, &w, &diag),
				 -EINVAL);
		assert_non_null(strstr(diag.msg, "/workload: "));
	}
}

/* Run @path as PID 1 would. */
static struct run_outcome run(const char *path, const char *script)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" },
			 (char *)(uintptr_t)script, NULL };
	char *envp[] = { (char[]){ "PATH=/usr/bin:/bin" }, NULL };
	struct exec_workload w = { .cwd = (char[]){ "/" },
				   .path = (char *)(uintptr_t)path,
				   .argv = argv,
				   .envp = envp };
	struct guest_params params = { 0 };
	struct exec_ctx ctx = { &w, &params };
	struct guest_ops ops = { .ctx = &ctx, .run_test = exec__program };
	struct port *port = calloc(1, sizeof(*port));
	struct run_config cfg = { .port = port,
				  .ops = &ops,
				  .timeout_ns = NSEC_PER_SEC,
				  .drain_ns = NSEC_PER_SEC / 4,
				  .foreign = true };
	struct run_outcome out;

	assert_non_null(port);
	port->fd = memfd_create("port", MFD_CLOEXEC);
	assert_int_equal(run__test(&cfg, &out, NULL), 0);
	close(port->fd);
	free(port);
	return out;
}

static void test_statuses(void **state)
{
	static const struct {
		const char *script;
		int program, ksft;
	} cases[] = {
		{ "exit 0", 0, 0 },	  { "exit 1", 1, 1 },
		{ "exit 2", 2, 1 },	  { "exit 3", 3, 1 },
		{ "exit 4", 4, 4 },	  { "exit 255", 255, 1 },
		{ "kill -9 $$", 137, 1 }, { "kill -SEGV $$", 139, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct run_outcome out = run("/bin/sh", cases[i].script);

		assert_int_equal(out.program_status, cases[i].program);
		assert_int_equal(out.exit_code, cases[i].ksft);
		assert_int_equal(out.term_signal,
				 cases[i].program > 128 &&
						 cases[i].program < 200
					 ? cases[i].program - 128
					 : 0);
		assert_false(out.timed_out);
	}
}

static void test_not_started(void **state)
{
	struct run_outcome out = run("/no/such/program", "");

	(void)state;
	assert_int_equal(out.program_status, EXIT_NOT_FOUND);
	assert_int_equal(out.exit_code, 1);
	assert_non_null(strstr(out.reason, "/no/such/program"));
	out = run("/etc/passwd", "");
	assert_int_equal(out.program_status, EXIT_NOT_EXECUTABLE);
	assert_int_equal(out.exit_code, 1);
}

static void test_timeout(void **state)
{
	struct run_outcome out = run("/bin/sh", "exec sleep 100");

	(void)state;
	assert_true(out.timed_out);
	assert_int_equal(out.exit_code, 1);
	assert_non_null(strstr(out.reason, "1000 ms"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_damaged_files),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_not_started),
		cmocka_unit_test(test_timeout),
	};

	return cmocka_run_group_tests_name("guest-exec", tests, NULL, NULL);
}
