// SPDX-License-Identifier: GPL-2.0
/*
 * What a workload takes into its guest: programs found and refused, scripts
 * with their interpreters, includes, and the file that guest init reads back.
 */
#include "lib/session/workload.h"

#include <ktstr/workload-file.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "guest/exec.h"

static char root[64];

static int setup(void **state)
{
	(void)state;
	strcpy(root, "/tmp/ktstr-unit-XXXXXX");
	return mkdtemp(root) && !chdir(root) ? 0 : -1;
}

static int teardown(void **state)
{
	char cmd[128];

	(void)state;
	snprintf(cmd, sizeof(cmd), "/bin/rm -rf %s", root);
	return chdir("/") || system(cmd);
}

static void make(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(name, mode), 0);
}

static struct workload *empty(void)
{
	struct workload *w = NULL;

	assert_int_equal(workload__new(&w), 0);
	return w;
}

static const char *host_of(const struct workload *w, const char *guest)
{
	for (unsigned int i = 0; i < w->nr_files; i++)
		if (!strcmp(w->files[i].guest_path, guest))
			return w->files[i].host_path;
	return NULL;
}

static const char *in_root(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", root + 1, name);
	return path;
}

static int program(struct workload *w, const char *name, struct kt_diag *diag)
{
	char *argv[] = { (char *)(uintptr_t)name, NULL };

	return workload__program(w, 1, argv, diag);
}

/* @name is refused with @err and a message that has @says. */
static void refused(const char *name, int err, const char *says)
{
	struct workload *w __free(workload) = empty();
	struct kt_diag diag = { 0 };

	assert_int_equal(program(w, name, &diag), err);
	if (!strstr(diag.msg, says))
		fail_msg("%s: \"%s\"", name, diag.msg);
}

static void test_program_is_where_it_is_here(void **state)
{
	static const char *const ways[] = { "./s", "./sub/../s", ".//./s" };

	(void)state;
	make("s", "#!/bin/sh\n", 0755);
	assert_int_equal(mkdir("sub", 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct workload *w __free(workload) = empty();

		assert_int_equal(program(w, ways[i], NULL), 0);
		assert_string_equal(w->path, ways[i]);
		assert_string_equal(w->cwd, root);
		assert_string_equal(workload__name(w), "s");
		assert_non_null(host_of(w, in_root("s")));
		assert_non_null(host_of(w, "bin/sh"));
	}
}

static void test_program_of_path(void **state)
{
	struct workload *w __free(workload) = empty();

	(void)state;
	assert_int_equal(program(w, "sh", NULL), 0);
	assert_int_equal(w->path[0], '/');
	assert_string_equal(w->argv.v[0], "sh");
}

static void test_interpreters(void **state)
{
	struct workload *w __free(workload) = empty();

	(void)state;
	make("env", "#!/usr/bin/env -S A=b sh -e\n", 0755);
	assert_int_equal(program(w, "./env", NULL), 0);
	assert_non_null(host_of(w, "usr/bin/env"));
	assert_int_equal(w->more_dirs.nr, 1);
	workload__free(no_free_ptr(w));

	char text[128];
	snprintf(text, sizeof(text), "#!%s/one\n", root);
	make("one", "#! /bin/sh -e\r\n", 0755);
	make("two", text, 0755);
	w = empty();
	assert_int_equal(program(w, "./two", NULL), 0);
	assert_non_null(host_of(w, in_root("one")));
	assert_non_null(host_of(w, "bin/sh"));
}

/* Each names the file and what is wrong with it. */
static void test_refused_programs(void **state)
{
	static const struct {
		const char *name, *text;
		mode_t mode;
		int err;
		const char *says;
	} cases[] = {
		{ "plain", "#!/bin/sh\n", 0644, -EACCES, "chmod +x" },
		{ "text", "hello\n", 0755, -ENOEXEC, "neither an ELF" },
		{ "empty", "", 0755, -ENOEXEC, "neither an ELF" },
		{ "cut", "\177ELF", 0755, -ENOEXEC, "neither an ELF" },
		{ "cut2", "\177ELF\2\1", 0755, -ENOEXEC, "damaged" },
		{ "bare", "#!\n", 0755, -ENOEXEC, "no interpreter" },
		{ "rel", "#!sh\n", 0755, -ENOEXEC, "no interpreter" },
		{ "gone", "#!/no/such/sh\n", 0755, -ENOENT, "/no/such/sh" },
		{ "noenv", "#!/usr/bin/env no-such-tool\n", 0755, -ENOENT,
		  "no-such-tool" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char name[64];

		make(cases[i].name, cases[i].text, cases[i].mode);
		snprintf(name, sizeof(name), "./%s", cases[i].name);
		refused(name, cases[i].err, cases[i].says);
	}
}

static void test_more_refused_programs(void **state)
{
	char loop[128], elf[64] = "\177ELF\2\1\1";
	FILE *f;

	(void)state;
	refused("no-such-program", -ENOENT, "PATH");
	refused("./", -EACCES, "directory");
	refused("/dev/null", -EINVAL, "mounts its own /dev");
	snprintf(loop, sizeof(loop), "#!%s/loop\n", root);
	make("loop", loop, 0755);
	refused("./loop", -ELOOP, "");
	elf[18] = (char)0xb7; /* EM_AARCH64 */
	f = fopen("arm64", "w");
	assert_non_null(f);
	assert_int_equal(fwrite(elf, 1, sizeof(elf), f), sizeof(elf));
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod("arm64", 0755), 0);
	refused("./arm64", -ENOEXEC, "machine 183");
}

static void test_includes(void **state)
{
	struct workload *w __free(workload) = empty();

	(void)state;
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(mkdir("d/e", 0755), 0);
	make("d/data", "1", 0644);
	make("d/e/tool", "2", 0755);
	make("file", "3", 0644);
	assert_int_equal(symlink("../file", "d/link"), 0);
	assert_int_equal(workload__include(w, "file", NULL), 0);
	assert_int_equal(workload__include(w, "d/", NULL), 0);
	assert_int_equal(workload__include(w, "sh", NULL), 0);
	assert_non_null(host_of(w, "include-files/file"));
	assert_non_null(host_of(w, "include-files/d/data"));
	assert_non_null(host_of(w, "include-files/d/e/tool"));
	assert_non_null(host_of(w, "include-files/d/link"));
	assert_non_null(host_of(w, "include-files/sh"));
	assert_int_equal(w->path_dirs.nr, 2);
}

static void test_refused_includes(void **state)
{
	static const struct {
		const char *spec;
		int err;
	} cases[] = {
		{ "no-such-file", -ENOENT }, { "./no-such-file", -ENOENT },
		{ "fifo", -EINVAL },	     { "with-fifo", -EINVAL },
		{ "dangling", -ENOENT },     { "circle", -ELOOP },
	};

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(mkdir("with-fifo", 0755), 0);
	assert_int_equal(mkfifo("with-fifo/f", 0600), 0);
	assert_int_equal(mkdir("dangling", 0755), 0);
	assert_int_equal(symlink("nowhere", "dangling/l"), 0);
	assert_int_equal(mkdir("circle", 0755), 0);
	assert_int_equal(symlink(".", "circle/l"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct workload *w __free(workload) = empty();
		struct kt_diag diag = { 0 };
		int err = workload__include(w, cases[i].spec, &diag);

		if (err != cases[i].err || !strstr(diag.msg, "cannot include"))
			fail_msg("%s: %d \"%s\"", cases[i].spec, err, diag.msg);
	}
}

/* The two sides of the file agree, to the byte. */
static void test_guest_reads_it_back(void **state)
{
	char *argv[] = { (char[]){ "./s" }, (char[]){ "a\nb" }, (char[]){ "" },
			 (char[]){ "\x01\xff" }, NULL };
	struct workload *w __free(workload) = empty();
	struct initramfs_blob blob;
	struct exec_workload got;

	(void)state;
	make("s", "#!/bin/sh\n", 0755);
	make("tool", "x", 0755);
	assert_int_equal(workload__program(w, 4, argv, NULL), 0);
	assert_int_equal(workload__include(w, "tool", NULL), 0);
	assert_int_equal(workload__blob(w, &blob, NULL), 0);
	assert_string_equal(blob.guest_path, GUEST_WORKLOAD_NAME);
	assert_int_equal(
		exec__parse((char *)(uintptr_t)blob.data, blob.len, &got, NULL),
		0);
	assert_string_equal(got.cwd, root);
	assert_string_equal(got.path, "./s");
	for (int i = 0; i < 4; i++)
		assert_string_equal(got.argv[i], argv[i]);
	assert_null(got.argv[4]);
	assert_string_equal(got.envp[0],
			    "PATH=/include-files:/bin:/sbin:/usr/bin:"
			    "/usr/sbin");
	exec__fini(&got);
	free((void *)(uintptr_t)blob.data);
}

static void test_too_many_arguments(void **state)
{
	char *huge = malloc(GUEST_WORKLOAD_MAX + 1);
	char *argv[] = { (char[]){ "./s" }, huge, NULL };
	struct workload *w __free(workload) = empty();
	struct kt_diag diag = { 0 };
	struct initramfs_blob blob;

	(void)state;
	assert_non_null(huge);
	memset(huge, 'x', GUEST_WORKLOAD_MAX);
	huge[GUEST_WORKLOAD_MAX] = '\0';
	make("s", "#!/bin/sh\n", 0755);
	assert_int_equal(workload__program(w, 2, argv, NULL), 0);
	assert_int_equal(workload__blob(w, &blob, &diag), -E2BIG);
	assert_non_null(strstr(diag.msg, "2097152"));
	free(huge);
}

static void test_shell_words(void **state)
{
	struct workload_term term = { .term = "x y", .cols = 80, .rows = 24 };
	struct workload *w __free(workload) = empty();

	(void)state;
	make("busybox", "#!/bin/sh\n", 0755);
	setenv("PATH", root, 1);
	assert_int_equal(workload__shell(w, NULL, &term, NULL), 0);
	assert_string_equal(w->words,
			    " KTSTR_MODE=shell KTSTR_TEST_TIMEOUT_MS=0 "
			    "KTSTR_TERM=linux KTSTR_COLS=80 "
			    "KTSTR_ROWS=24");
	assert_true(w->interactive);
	workload__free(no_free_ptr(w));
	w = empty();
	assert_int_equal(workload__shell(w, "echo hi", NULL, NULL), 0);
	assert_string_equal(w->words, " KTSTR_MODE=exec");
	assert_string_equal(w->argv.v[2], "echo hi");
	workload__free(no_free_ptr(w));
	w = empty();
	setenv("PATH", "/nowhere", 1);
	struct kt_diag diag = { 0 };
	assert_int_equal(workload__shell(w, NULL, &term, &diag), -ENOENT);
	assert_non_null(strstr(diag.msg, "busybox-static"));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_program_is_where_it_is_here),
		T(test_program_of_path),
		T(test_interpreters),
		T(test_refused_programs),
		T(test_more_refused_programs),
		T(test_includes),
		T(test_refused_includes),
		T(test_guest_reads_it_back),
		T(test_too_many_arguments),
		T(test_shell_words),
	};

	return cmocka_run_group_tests_name("workload", tests, NULL, NULL);
}
