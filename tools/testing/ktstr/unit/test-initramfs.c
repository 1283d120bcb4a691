// SPDX-License-Identifier: GPL-2.0
/*
 * The archive base, from real programs: content against ldd(1) and cpio(1), the
 * cut program runs, the cache hits when it may and only then, and every
 * refusal has its message.
 */
#include "vmm/initramfs.h"

#include <ktstr/cache.h>
#include <ktstr/fd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tools/testing/ktstr/unit/scratch.h"
#include "tools/testing/ktstr/unit/skip.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char
	root[SCRATCH_PATH_MAX]; /* fresh for each test; cache in root/cache */

static void path_in(char *buf, const char *name)
{
	snprintf(buf, PATH_MAX, "%s/%s", root, name);
}

static int setup(void **state)
{
	char cache[PATH_MAX];

	(void)state;
	scratch__make(root);
	path_in(cache, "cache");
	setenv("KTSTR_CACHE_DIR", cache, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch__remove(root);
	return 0;
}

static void write_file(const char *path, const void *buf, size_t len,
		       mode_t mode)
{
	int fd __free(fd) =
		open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(fd__write_all(fd, buf, len), 0);
}

static struct initramfs_base base_ok(const struct initramfs_spec *spec)
{
	struct initramfs_base base = { .fd = -1 };
	struct kt_diag diag = { "" };

	if (initramfs__base(spec, &base, &diag))
		fail_msg("%s", diag.msg);
	assert_int_equal(base.len % 4096, 0);
	assert_true(base.len > 0);
	return base;
}

/* Unpack base and an empty suffix below root/out, as the guest would. */
static void unpack(const struct initramfs_base *base)
{
	char archive[PATH_MAX];
	void *suffix;
	size_t len;
	char *buf = malloc(base->len);

	assert_non_null(buf);
	assert_int_equal(fd__pread_all(base->fd, buf, base->len, 0), 0);
	path_in(archive, "archive");
	write_file(archive, buf, base->len, 0644);
	free(buf);
	assert_int_equal(initramfs__suffix(NULL, 0, &suffix, &len, NULL), 0);
	int fd __free(fd) = open(archive, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(fd__write_all(fd, suffix, len), 0);
	free(suffix);
	scratch__shell(root,
		       "rm -rf %s/out && mkdir %s/out && cd %s/out && cpio "
		       "-idu --quiet -f dev/console "
		       "--no-absolute-filenames < ../archive 2>&1",
		       root, root, root);
}

static void fails(const struct initramfs_spec *spec, int err, const char *say)
{
	struct initramfs_base base = { .fd = -7 };
	struct kt_diag diag = { "" };

	assert_int_equal(initramfs__base(spec, &base, &diag), err);
	if (!strstr(diag.msg, say))
		fail_msg("no \"%s\" in: %s", say, diag.msg);
	assert_int_equal(base.fd, -7);
}

static void closure_equals_ldd(void **state)
{
	static const char *const programs[] = { "/bin/ls", "/usr/bin/perl",
						"/usr/bin/python3",
						"/usr/bin/qemu-system-x86_64" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		const struct initramfs_spec spec = { .init = programs[i] };
		struct initramfs_base base;
		char want[64];

		if (access(programs[i], X_OK))
			continue;
		base = base_ok(&spec);
		unpack(&base);
		/* Same bytes under each name ldd prints, and no others. */
		scratch__shell(
			root,
			"cd %s/out && for f in $(ldd %s | sed -n 's/.*=> "
			"\\(\\/[^ ]*\\).*/\\1/p'); do cmp $f ./$(realpath "
			"$(dirname $f))/$(basename $f) || exit 1; done 2>&1",
			root, programs[i]);
		scratch__shell(
			root,
			"cd %s/out && i=$(ldd %s | sed -n 's/^\t\\(\\/[^ ]*\\) "
			"(.*/\\1/p') && cmp $i ./$(readlink ./$i)",
			root, programs[i]);
		strcpy(want,
		       scratch__shell(root,
				      "ldd %s | grep -v libgcc_s | grep -c "
				      "'/.*(0x'",
				      programs[i]));
		assert_string_equal(
			scratch__shell(root,
				       "cd %s/out && find . -type f -name "
				       "'*.so*' ! -name 'libgcc_s*' | wc -l",
				       root),
			want);
		/* Which glibc loads when it is needed, told by no ldd. */
		assert_string_equal(
			scratch__shell(root,
				       "cd %s/out && find . -type f -name "
				       "'libgcc_s.so.1' | wc -l",
				       root),
			access("/lib/x86_64-linux-gnu/libgcc_s.so.1", F_OK)
				? "0\n"
				: "1\n");
		initramfs_base__close(&base);
		assert_int_equal(base.fd, -1);
	}
}

static void init_is_cut_and_runs(void **state)
{
	const struct initramfs_spec spec = { .init = "/proc/self/exe" };
	struct initramfs_base base = base_ok(&spec);
	char init[PATH_MAX];
	struct stat full, cut;

	(void)state;
	unpack(&base);
	path_in(init, "out/init");
	assert_int_equal(stat("/proc/self/exe", &full), 0);
	assert_int_equal(stat(init, &cut), 0);
	assert_true(cut.st_size < full.st_size);
	assert_int_equal(cut.st_mode & 07777, 0755);
	assert_string_equal(
		scratch__shell(root, "readelf -S %s 2>&1 | head -2 | tail -1",
			       init),
		"There are no sections in this file.\n");
	/* The child has this variable set and says so instead of testing. */
	assert_string_equal(scratch__shell(root, "KTSTR_UNIT_HELLO=1 %s", init),
			    "hello\n");
	initramfs_base__close(&base);
}

/* Entries in the order the kernel will see them. */
static void layout(void **state)
{
	const struct initramfs_file files[] = {
		{ "include-files/data", "/etc/hostname" },
	};
	const struct initramfs_spec spec = { .init = "/bin/true",
					     .files = files,
					     .nr_files = 1 };
	struct initramfs_base base = base_ok(&spec);
	char *list;

	(void)state;
	unpack(&base);
	list = scratch__shell(root, "cpio -it --quiet < %s/archive 2>&1", root);
	assert_int_equal(strncmp(list, "dev\ninclude-files\n", 18), 0);
	assert_non_null(strstr(list, "\ndev/console\ninit\n"));
	assert_non_null(strstr(list, "\nlib64/ld-linux-x86-64.so.2\n"));
	assert_non_null(strstr(list, "\n.ktstr_init_ok\n"));
	assert_string_equal(strstr(list, ".ktstr_init_ok\n"),
			    ".ktstr_init_ok\n");
	scratch__shell(root, "cmp /etc/hostname %s/out/include-files/data",
		       root);
	initramfs_base__close(&base);
}

static void what_is_in_bin_can_be_run(void **state)
{
	char host[PATH_MAX];
	const struct initramfs_file files[] = { { "bin/tool", host },
						{ "data", host } };
	const struct initramfs_spec spec = { .init = "/bin/true",
					     .files = files,
					     .nr_files = 2 };
	struct initramfs_base base;

	(void)state;
	path_in(host, "not-executable");
	write_file(host, "text", 4, 0644);
	base = base_ok(&spec);
	unpack(&base);
	scratch__shell(root, "test -x %s/out/bin/tool", root);
	scratch__shell(root, "test ! -x %s/out/data", root);
	initramfs_base__close(&base);
}

static void second_time_is_a_hit(void **state)
{
	const struct initramfs_file files[] = { { "f", "/etc/hostname" } };
	struct initramfs_spec spec = { .init = "/bin/true",
				       .files = files,
				       .nr_files = 1 };
	struct initramfs_base a = base_ok(&spec), b = base_ok(&spec), c;

	(void)state;
	assert_false(a.cache_hit);
	assert_true(b.cache_hit);
	assert_int_equal(a.len, b.len);
	initramfs_base__close(&a);
	initramfs_base__close(&b);
	/* Another specification is another entry. */
	spec.nr_files = 0;
	c = base_ok(&spec);
	assert_false(c.cache_hit);
	initramfs_base__close(&c);
}

static void changed_input_is_a_miss(void **state)
{
	char host[PATH_MAX];
	const struct initramfs_file files[] = { { "f", host } };
	const struct initramfs_spec spec = { .init = "/bin/true",
					     .files = files,
					     .nr_files = 1 };
	struct initramfs_base base;

	(void)state;
	path_in(host, "data");
	write_file(host, "one", 3, 0644);
	base = base_ok(&spec);
	initramfs_base__close(&base);
	write_file(host, "two!", 4, 0644);
	base = base_ok(&spec);
	assert_false(base.cache_hit);
	unpack(&base);
	assert_string_equal(scratch__shell(root, "cat %s/out/f", root), "two!");
	initramfs_base__close(&base);
	base = base_ok(&spec);
	assert_true(base.cache_hit);
	initramfs_base__close(&base);
}

static void damaged_entry_is_rebuilt(void **state)
{
	const struct initramfs_spec spec = { .init = "/bin/true" };
	struct initramfs_base base = base_ok(&spec);
	size_t len = base.len;

	(void)state;
	initramfs_base__close(&base);
	scratch__shell(root, "truncate -s -5 %s/cache/initramfs/base-*", root);
	base = base_ok(&spec);
	assert_false(base.cache_hit);
	assert_int_equal(base.len, len);
	initramfs_base__close(&base);
	scratch__shell(root, "truncate -s 0 %s/cache/initramfs/base-*", root);
	base = base_ok(&spec);
	assert_false(base.cache_hit);
	initramfs_base__close(&base);
	base = base_ok(&spec);
	assert_true(base.cache_hit);
	initramfs_base__close(&base);
}

static void no_cache_is_no_error(void **state)
{
	const struct initramfs_spec spec = { .init = "/bin/true" };
	struct initramfs_base base;
	char file[PATH_MAX];

	(void)state;
	path_in(file, "file");
	write_file(file, "", 0, 0644);
	setenv("KTSTR_CACHE_DIR", file, 1);
	for (int i = 0; i < 2; i++) {
		base = base_ok(&spec);
		assert_false(base.cache_hit);
		unpack(&base);
		scratch__shell(root, "test -s %s/out/init", root);
		initramfs_base__close(&base);
	}
}

/* In a mount namespace of its own: a cache on a file system of 64 KiB. */
static void full_disk_child(void)
{
	const struct initramfs_spec spec = { .init = "/bin/true" };
	struct initramfs_base base;
	char cache[PATH_MAX];

	path_in(cache, "cache");
	mkdir(cache, 0755);
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", cache, "tmpfs", 0, "size=64k"))
		_exit(77);
	if (initramfs__base(&spec, &base, NULL) || base.cache_hit ||
	    base.len < 65536)
		_exit(1);
	/* Nothing half-written stays behind. */
	scratch__shell(root, "test -z \"$(ls -A %s/initramfs)\"", cache);
	_exit(0);
}

static void full_disk_is_no_error(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (!pid)
		full_disk_child();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		SKIP("mount namespaces are not allowed here");
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Another user's cache directory: entries are used, new ones cannot be. */
static void read_only_child(const struct initramfs_spec *known,
			    const struct initramfs_spec *other)
{
	struct initramfs_base base;

	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		_exit(77);
	if (initramfs__base(known, &base, NULL) || !base.cache_hit)
		_exit(1);
	if (initramfs__base(other, &base, NULL) || base.cache_hit)
		_exit(2);
	_exit(0);
}

static void read_only_cache_still_hits(void **state)
{
	const struct initramfs_spec known = { .init = "/bin/true" };
	const struct initramfs_spec other = { .init = "/bin/false" };
	struct initramfs_base base = base_ok(&known);
	int status;
	pid_t pid;

	(void)state;
	initramfs_base__close(&base);
	scratch__shell(root, "chmod -R a+rX,a-w %s", root);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		read_only_child(&known, &other);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	scratch__shell(root, "chmod -R u+w %s", root);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		SKIP("no other user can be become here");
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A program deleted or rebuilt while it runs still packs itself. */
static int pack_myself_deleted(const char *path)
{
	struct initramfs_spec spec = { .init = path };
	struct initramfs_base base;
	struct kt_diag diag = { "" };
	char link[PATH_MAX] = "";

	if (unlink(path) || readlink("/proc/self/exe", link, PATH_MAX - 1) < 0)
		return 1;
	for (int i = 0; i < 2; i++) {
		if (initramfs__base(&spec, &base, &diag) || base.len < 4096) {
			puts(diag.msg);
			return 2;
		}
		initramfs_base__close(&base);
		/* As whoever asked the kernel for its own name has it. */
		spec.init = link;
	}
	puts("packed");
	return 0;
}

/* $ORIGIN is where the program lies, not where the kernel keeps its link. */
static void origin_of_self(void **state)
{
	struct initramfs_spec spec = { .init = "/proc/self/exe" };
	struct initramfs_base base;
	struct kt_diag diag = { "" };

	(void)state;
	if (!getenv("KTSTR_UNIT_ORIGIN")) {
		scratch__shell(
			root,
			"mkdir %s/bin %s/lib && cp /proc/%d/exe %s/bin/me && "
			"cp "
			"$(ldd %s/bin/me | sed -n 's/.*libcmocka.* => \\(.*\\) "
			".*/\\1/p') %s/lib/",
			root, root, (int)getpid(), root, root, root);
		scratch__shell(
			root,
			"LD_LIBRARY_PATH='$ORIGIN/../lib' KTSTR_UNIT_ORIGIN=1 "
			"%s/bin/me",
			root);
		scratch__shell(
			root,
			"cat %s/cache/initramfs/base-* | cpio -it --quiet "
			"2>/dev/null | grep -q '^%s/lib/libcmocka'",
			root, root + 1);
		return;
	}
	if (initramfs__base(&spec, &base, &diag))
		fail_msg("%s", diag.msg);
	initramfs_base__close(&base);
}

static void deleted_self(void **state)
{
	(void)state;
	assert_string_equal(
		scratch__shell(
			root,
			"cp /proc/%d/exe %s/me && KTSTR_UNIT_DELETED=1 %s/me",
			(int)getpid(), root, root),
		"packed\n");
}

static void two_builders_at_once(void **state)
{
	const struct initramfs_spec spec = { .init = "/bin/ls" };
	struct initramfs_base base;
	pid_t pid[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pid); i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (!pid[i])
			_exit(initramfs__base(&spec, &base, NULL) ? 1 : 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pid); i++) {
		int status;

		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	base = base_ok(&spec);
	assert_true(base.cache_hit);
	unpack(&base);
	assert_string_equal(
		scratch__shell(root, "ls %s/cache/initramfs | wc -l", root),
		"1\n");
	initramfs_base__close(&base);
}

static void refusals(void **state)
{
	char path[PATH_MAX], host[PATH_MAX];
	struct initramfs_spec spec = { .init = path };
	Elf64_Ehdr arm = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64,
					ELFDATA2LSB, EV_CURRENT },
			   .e_type = ET_EXEC,
			   .e_machine = EM_AARCH64,
			   .e_version = EV_CURRENT,
			   .e_ehsize = sizeof(arm) };

	(void)state;
	path_in(host, "host");
	write_file(host, "x", 1, 0644);
	path_in(path, "init");
	fails(&spec, -ENOENT, "/init as init: No such file");
	write_file(path, "#!/bin/sh\n", 10, 0755);
	fails(&spec, -ENOEXEC, "it is a script");
	write_file(path, "text", 4, 0755);
	fails(&spec, -ENOEXEC, "not an ELF program");
	write_file(path, "", 0, 0755);
	fails(&spec, -ENOEXEC, "not an ELF program");
	write_file(path, &arm, sizeof(arm), 0755);
	fails(&spec, -ENOEXEC, "ELF machine 183");
	scratch__shell(root, "head -c 2000 /bin/true > %s", path);
	fails(&spec, -EINVAL, "truncated");
	spec.init = root;
	fails(&spec, -EINVAL, "not a regular file");
}

static void file_refusals(void **state)
{
	char a[PATH_MAX], b[PATH_MAX], fifo[PATH_MAX];
	const struct {
		struct initramfs_file f[2];
		int err;
		const char *say;
	} cases[] = {
		{ { { "../x", a }, { "y", a } }, -EINVAL, "\"..\" component" },
		{ { { "/x", a }, { "y", a } }, -EINVAL, "absolute" },
		{ { { ".ktstr_x", a }, { "y", a } }, -EINVAL, "reserved" },
		{ { { "init", a }, { "y", a } }, -EEXIST, "wanted for both" },
		{ { { "x", a }, { "x", b } }, -EEXIST, "wanted for both" },
		{ { { "x", a }, { "x/y", b } }, -EEXIST, "as a directory" },
		{ { { "x", "/proc/nowhere" }, { "y", a } },
		  -ENOENT,
		  "/proc/nowhere" },
		{ { { "x", root }, { "y", a } },
		  -EINVAL,
		  "not a regular file" },
		{ { { "x", fifo }, { "y", a } },
		  -EINVAL,
		  "not a regular file" },
	};

	(void)state;
	path_in(a, "a");
	path_in(b, "b");
	path_in(fifo, "fifo");
	write_file(a, "a", 1, 0644);
	write_file(b, "b", 1, 0644);
	assert_int_equal(mkfifo(fifo, 0644), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct initramfs_spec spec = { .init = "/bin/true",
						     .files = cases[i].f,
						     .nr_files = 2 };

		fails(&spec, cases[i].err, cases[i].say);
	}
}

static void same_file_twice_is_fine(void **state)
{
	const struct initramfs_file files[] = { { "x", "/etc/hostname" },
						{ "x", "/etc/hostname" } };
	const struct initramfs_spec spec = { .init = "/bin/true",
					     .files = files,
					     .nr_files = 2 };
	struct initramfs_base base = base_ok(&spec);

	(void)state;
	initramfs_base__close(&base);
}

int main(int argc, char **argv)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(closure_equals_ldd),
		T(init_is_cut_and_runs),
		T(layout),
		T(what_is_in_bin_can_be_run),
		T(second_time_is_a_hit),
		T(changed_input_is_a_miss),
		T(damaged_entry_is_rebuilt),
		T(no_cache_is_no_error),
		T(full_disk_is_no_error),
		T(read_only_cache_still_hits),
		T(deleted_self),
		T(origin_of_self),
		T(two_builders_at_once),
		T(refusals),
		T(file_refusals),
		T(same_file_twice_is_fine),
	};
#undef T

	(void)argc;
	if (getenv("KTSTR_UNIT_HELLO")) {
		puts("hello");
		return 0;
	}
	if (getenv("KTSTR_UNIT_ORIGIN")) {
		origin_of_self(NULL);
		return 0;
	}
	if (getenv("KTSTR_UNIT_DELETED"))
		return pack_myself_deleted(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
