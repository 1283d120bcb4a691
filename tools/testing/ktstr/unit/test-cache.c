// SPDX-License-Identifier: GPL-2.0
/* The cache directory: where it is, sealed entries, trimming, identities. */
#include <ktstr/cache.h>
#include <ktstr/fd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tools/testing/ktstr/unit/scratch.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <time.h>

static char root[SCRATCH_PATH_MAX];

static int setup(void **state)
{
	(void)state;
	scratch__make(root);
	setenv("KTSTR_CACHE_DIR", root, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch__remove(root);
	return 0;
}

static void root_order(void **state)
{
	char buf[PATH_MAX], tiny[8];
	struct kt_diag diag = { "" };

	(void)state;
	setenv("KTSTR_CACHE_DIR", "/k", 1);
	setenv("XDG_CACHE_HOME", "/x", 1);
	setenv("HOME", "/h", 1);
	assert_int_equal(cache__root(buf, sizeof(buf), NULL), 0);
	assert_string_equal(buf, "/k");
	setenv("KTSTR_CACHE_DIR", "", 1);
	assert_int_equal(cache__root(buf, sizeof(buf), NULL), 0);
	assert_string_equal(buf, "/x/ktstr");
	unsetenv("XDG_CACHE_HOME");
	assert_int_equal(cache__root(buf, sizeof(buf), NULL), 0);
	assert_string_equal(buf, "/h/.cache/ktstr");
	assert_int_equal(cache__root(tiny, sizeof(tiny), &diag), -ENAMETOOLONG);
	assert_non_null(strstr(diag.msg, "longer than 7 bytes"));
	unsetenv("HOME");
	diag.msg[0] = '\0';
	assert_int_equal(cache__root(buf, sizeof(buf), &diag), -ENOENT);
	assert_non_null(strstr(diag.msg, "set KTSTR_CACHE_DIR"));
}

static void dir_is_created(void **state)
{
	char buf[PATH_MAX], want[PATH_MAX];
	struct stat st;

	(void)state;
	assert_int_equal(cache__dir("a/b", buf, sizeof(buf), NULL), 0);
	snprintf(want, sizeof(want), "%s/a/b", root);
	assert_string_equal(buf, want);
	assert_int_equal(stat(buf, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(cache__dir("a/b", buf, sizeof(buf), NULL), 0);
}

static void dir_errors_name_remedy(void **state)
{
	char buf[PATH_MAX], file[PATH_MAX];
	struct kt_diag diag = { "" };

	(void)state;
	snprintf(file, sizeof(file), "%s/file", root);
	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	setenv("KTSTR_CACHE_DIR", file, 1);
	assert_int_equal(cache__dir("sub", buf, sizeof(buf), &diag), -ENOTDIR);
	assert_non_null(strstr(diag.msg, file));
	assert_non_null(strstr(diag.msg, "set KTSTR_CACHE_DIR"));
	setenv("KTSTR_CACHE_DIR", root, 1);
	assert_int_equal(cache__dir("file", buf, sizeof(buf), NULL), -ENOTDIR);
	setenv("KTSTR_CACHE_DIR", "/proc/nowhere", 1);
	diag.msg[0] = '\0';
	assert_int_equal(cache__dir("sub", buf, sizeof(buf), &diag), -ENOENT);
	assert_non_null(strstr(diag.msg, "/proc/nowhere/sub"));
}

/* Publish an entry "e" holding @text under @key. */
static void publish(const char *path, const char *text, u64 key)
{
	char tmp[PATH_MAX];
	int fd __free(fd) = -1;

	assert_int_equal(cache__create(path, tmp, sizeof(tmp), &fd), 0);
	assert_int_equal(fd__write_all(fd, text, strlen(text)), 0);
	assert_int_equal(cache__seal(fd, key), 0);
	assert_int_equal(cache__publish(tmp, path), 0);
	assert_int_equal(access(tmp, F_OK), -1);
}

static void sealed_round_trip(void **state)
{
	char path[PATH_MAX], buf[8] = "";
	int fd = -1;
	u64 len;

	(void)state;
	snprintf(path, sizeof(path), "%s/e", root);
	publish(path, "hello", 42);
	assert_int_equal(cache__open_sealed(path, 42, &fd, &len), 0);
	assert_int_equal(len, 5);
	assert_int_equal(fd__pread_all(fd, buf, 5, 0), 0);
	assert_string_equal(buf, "hello");
	close(fd);
	assert_int_equal(cache__open_sealed(path, 43, &fd, &len), -ENOENT);
	publish(path, "", 1);
	assert_int_equal(cache__open_sealed(path, 1, &fd, &len), 0);
	assert_int_equal(len, 0);
	close(fd);
}

static void sealed_refuses_damage(void **state)
{
	char path[PATH_MAX];
	struct stat st;
	int fd = -1;
	u64 len;

	(void)state;
	snprintf(path, sizeof(path), "%s/e", root);
	publish(path, "some content", 42);
	assert_int_equal(stat(path, &st), 0);
	/* Every truncation, down to the empty file. */
	for (off_t n = st.st_size - 1; n >= 0; n--) {
		assert_int_equal(truncate(path, n), 0);
		assert_int_equal(cache__open_sealed(path, 42, &fd, &len),
				 -ENOENT);
	}
	/* Bytes missing from the middle: length disagrees. */
	publish(path, "some content", 42);
	assert_int_equal(truncate(path, st.st_size + 1), 0);
	assert_int_equal(cache__open_sealed(path, 42, &fd, &len), -ENOENT);
	assert_int_equal(cache__open_sealed(root, 42, &fd, &len), -ENOENT);
	unlink(path);
	assert_int_equal(cache__open_sealed(path, 42, &fd, &len), -ENOENT);
	assert_int_equal(fd, -1);
}

static void set_age(const char *path, time_t age_s)
{
	struct timespec ts[2] = { { .tv_sec = time(NULL) - age_s },
				  { .tv_sec = time(NULL) - age_s } };

	assert_int_equal(utimensat(AT_FDCWD, path, ts, 0), 0);
}

static bool exists(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return access(path, F_OK) == 0;
}

static void trim_keeps_newest(void **state)
{
	static const struct {
		const char *name;
		time_t age_s;
		bool stays;
	} files[] = {
		{ "new", 0, true },	     { "used", 10, true },
		{ "old", 1000, false },	     { "older", 100000, false },
		{ "x.tmp.fresh", 60, true }, { "x.tmp.stale", 7200, false },
	};
	char path[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, files[i].name);
		close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
		set_age(path, files[i].age_s);
	}
	snprintf(path, sizeof(path), "%s/dir", root);
	mkdir(path, 0755);
	cache__trim(root, 2);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		assert_int_equal(exists(files[i].name), files[i].stays);
	assert_true(exists("dir"));
	cache__trim("/proc/nowhere", 2);
}

static void opening_marks_used(void **state)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;
	u64 len;

	(void)state;
	snprintf(path, sizeof(path), "%s/e", root);
	publish(path, "x", 1);
	set_age(path, 5000);
	assert_int_equal(cache__open_sealed(path, 1, &fd, &len), 0);
	close(fd);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_mtime > time(NULL) - 100);
}

static void identity_follows_content(void **state)
{
	char path[PATH_MAX], other[PATH_MAX];
	u64 a, b;

	(void)state;
	snprintf(path, sizeof(path), "%s/f", root);
	snprintf(other, sizeof(other), "%s/g", root);
	publish(path, "x", 1);
	assert_int_equal(file_identity(path, &a), 0);
	assert_int_equal(file_identity(path, &b), 0);
	assert_true(a == b);
	set_age(path, 100);
	assert_int_equal(file_identity(path, &b), 0);
	assert_true(a != b);
	assert_int_equal(link(path, other), 0);
	assert_int_equal(file_identity(path, &a), 0);
	assert_int_equal(file_identity(other, &b), 0);
	assert_true(a != b);
	assert_int_equal(file_identity("/proc/nowhere", &a), -ENOENT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(root_order),
		T(dir_is_created),
		T(dir_errors_name_remedy),
		T(sealed_round_trip),
		T(sealed_refuses_damage),
		T(trim_keeps_newest),
		T(opening_marks_used),
		T(identity_follows_content),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
