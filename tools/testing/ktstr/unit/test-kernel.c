// SPDX-License-Identifier: GPL-2.0
/* Kernel resolution against made-up trees and caches, errors included. */
#include <ktstr/kernel.h>
#include <ktstr/fd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tools/testing/ktstr/unit/scratch.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

static char root[SCRATCH_PATH_MAX], home[PATH_MAX];

static int setup(void **state)
{
	char cache[128];

	(void)state;
	scratch__make(root);
	assert_non_null(getcwd(home, sizeof(home)));
	assert_int_equal(chdir(root), 0);
	snprintf(cache, sizeof(cache), "%s/cache", root);
	setenv("KTSTR_CACHE_DIR", cache, 1);
	unsetenv("KTSTR_KERNEL");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(chdir(home), 0);
	scratch__remove(root);
	return 0;
}

/* Paths below root. */
static const char *below(const char *path)
{
	static char buf[PATH_MAX];

	snprintf(buf, sizeof(buf), "%s/%s", root, path);
	return buf;
}

static void make_file(const char *path, const void *data, size_t len)
{
	char dir[PATH_MAX];
	int fd __free(fd) = -1;

	snprintf(dir, sizeof(dir), "%s", below(path));
	*strrchr(dir, '/') = '\0';
	assert_int_equal(fd__mkdirs(dir), 0);
	fd = open(below(path), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fd__write_all(fd, data, len), 0);
}

static void make_image(const char *path, const char *version)
{
	u8 head[0x300] = { 0 };

	memcpy(head + 0x202, "HdrS", 4);
	head[0x20e] = 0x40;
	strcpy((char *)head + 0x240, version);
	make_file(path, head, sizeof(head));
}

static void make_entry(const char *name, const char *release, time_t age_s)
{
	struct timespec ts[2] = { { .tv_sec = time(NULL) - age_s },
				  { .tv_sec = time(NULL) - age_s } };
	char path[512];

	snprintf(path, sizeof(path), "cache/kernels/%s/vmlinuz", name);
	make_image(path, release);
	snprintf(path, sizeof(path), "cache/kernels/%s/release", name);
	make_file(path, release, strlen(release));
	snprintf(path, sizeof(path), "cache/kernels/%s/lib/modules/%s/x", name,
		 release);
	make_file(path, "", 0);
	snprintf(path, sizeof(path), "cache/kernels/%s/complete", name);
	make_file(path, "", 0);
	assert_int_equal(utimensat(AT_FDCWD, below(path), ts, 0), 0);
}

static void make_default(void)
{
	make_entry("6.1-deb", "6.1-deb", 10);
	assert_int_equal(symlink("6.1-deb", below("cache/kernels/default")), 0);
}

static void finds(const char *spec, const char *image, const char *modules,
		  const char *name)
{
	struct kt_diag diag = { "" };
	struct kernel_ref ref;

	if (kernel__resolve(spec, &ref, &diag))
		fail_msg("%s", diag.msg);
	assert_string_equal(ref.image, below(image));
	assert_string_equal(ref.modules_dir, modules[0] ? below(modules) : "");
	assert_string_equal(ref.name, name);
}

static void fails(const char *spec, int err, const char *say)
{
	struct kt_diag diag = { "" };
	struct kernel_ref ref;

	strcpy(ref.name, "untouched");
	assert_int_equal(kernel__resolve(spec, &ref, &diag), err);
	if (!strstr(diag.msg, say))
		fail_msg("no \"%s\" in: %s", say, diag.msg);
	assert_string_equal(ref.name, "untouched");
}

static void nothing_names_places_and_command(void **state)
{
	(void)state;
	fails(NULL, -ENOENT, "scripts/setup");
	fails("", -ENOENT, below("cache/kernels"));
	fails(NULL, -ENOENT, root);
	fails(NULL, -ENOENT, "KTSTR_KERNEL");
}

static void order_of_discovery(void **state)
{
	(void)state;
	make_default();
	finds(NULL, "cache/kernels/6.1-deb/vmlinuz",
	      "cache/kernels/6.1-deb/lib/modules/6.1-deb", "6.1-deb");
	/* A newer copy of the default is not a test kernel. */
	make_entry("6.2-deb", "6.2-deb", 0);
	finds(NULL, "cache/kernels/6.1-deb/vmlinuz",
	      "cache/kernels/6.1-deb/lib/modules/6.1-deb", "6.1-deb");
	make_entry("test-old", "6.1", 1000);
	make_entry("test-new", "6.2", 100);
	make_entry("test-torn", "6.3", 0);
	unlink(below("cache/kernels/test-torn/complete"));
	finds(NULL, "cache/kernels/test-new/vmlinuz",
	      "cache/kernels/test-new/lib/modules/6.2", "test-new");
	/* The tree above us wins, but only when it was built. */
	make_file("Makefile", "", 0);
	make_file("Kbuild", "", 0);
	make_file("tools/testing/x", "", 0);
	assert_int_equal(chdir(below("tools/testing")), 0);
	finds(NULL, "cache/kernels/test-new/vmlinuz",
	      "cache/kernels/test-new/lib/modules/6.2", "test-new");
	make_image("arch/x86/boot/bzImage", "6.9");
	make_file("include/config/kernel.release", "6.9-mine\n", 9);
	finds(NULL, "arch/x86/boot/bzImage", "", "6.9-mine");
	/* The environment wins over it, the argument over that. */
	setenv("KTSTR_KERNEL", "test-old", 1);
	finds(NULL, "cache/kernels/test-old/vmlinuz",
	      "cache/kernels/test-old/lib/modules/6.1", "test-old");
	finds("default", "cache/kernels/6.1-deb/vmlinuz",
	      "cache/kernels/6.1-deb/lib/modules/6.1-deb", "6.1-deb");
}

static void paths(void **state)
{
	(void)state;
	make_default();
	make_image("pkg/boot/vmlinuz-6.5-x", "6.5-x (me@here) #1 SMP");
	finds(below("pkg/boot/vmlinuz-6.5-x"), "pkg/boot/vmlinuz-6.5-x", "",
	      "vmlinuz-6.5-x");
	make_file("pkg/lib/modules/6.5-x/modules.dep", "", 0);
	finds(below("pkg/boot/vmlinuz-6.5-x"), "pkg/boot/vmlinuz-6.5-x",
	      "pkg/lib/modules/6.5-x", "vmlinuz-6.5-x");
	finds("./pkg/boot/vmlinuz-6.5-x", "pkg/boot/vmlinuz-6.5-x",
	      "pkg/lib/modules/6.5-x", "vmlinuz-6.5-x");
	make_file("plain/vmlinux", "\177ELF", 4);
	finds("plain/vmlinux", "plain/vmlinux", "", "vmlinux");
	make_image("linux/arch/x86/boot/bzImage", "6.7");
	finds("linux/", "linux/arch/x86/boot/bzImage", "", "bzImage");
	finds("cache/kernels/default", "cache/kernels/6.1-deb/vmlinuz",
	      "cache/kernels/6.1-deb/lib/modules/6.1-deb", "6.1-deb");
}

/* A version string that would lead out of lib/modules is no release. */
static void hostile_release(void **state)
{
	(void)state;
	make_image("pkg/k", "../../../etc");
	finds("./pkg/k", "pkg/k", "", "k");
	make_entry("bad", "6.1", 0);
	make_file("cache/kernels/bad/release", "../x\n", 5);
	fails("bad", -EINVAL, "no usable file \"release\"");
}

static void errors(void **state)
{
	char longer[PATH_MAX + 10];

	(void)state;
	fails("nowhere", -ENOENT, "no complete kernel \"nowhere\"");
	fails("nowhere", -ENOENT, "scripts/setup");
	make_file("bzImage", "", 0);
	fails("bzImage", -ENOENT, "./bzImage");
	fails("bzImage", -ENOENT, "a file here has that name");
	fails("..", -EINVAL, "no name of a cached kernel");
	fails(".tmp.x", -EINVAL, "no name of a cached kernel");
	fails("a b", -EINVAL, "no name of a cached kernel");
	fails("./nowhere", -ENOENT, "./nowhere: No such file");
	fails("/", -ENOENT, "neither a kernel build tree");
	make_file("tree/Kbuild", "", 0);
	make_file("tree/Makefile", "", 0);
	fails("./tree", -ENOENT, "make -C ./tree bzImage");
	make_entry("torn", "6.1", 0);
	unlink(below("cache/kernels/torn/complete"));
	fails("torn", -ENOENT, "no complete kernel \"torn\"");
	fails("cache/kernels/torn", -ENOENT, "complete cache entry");
	memset(longer, 'x', sizeof(longer));
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	fails(longer, -ENAMETOOLONG, "File name too long");
	setenv("KTSTR_KERNEL", "/nowhere/at/all", 1);
	fails(NULL, -ENOENT, "/nowhere/at/all");
	unsetenv("KTSTR_KERNEL");
	unsetenv("KTSTR_CACHE_DIR");
	unsetenv("XDG_CACHE_HOME");
	unsetenv("HOME");
	fails(NULL, -ENOENT, "no cache directory");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(nothing_names_places_and_command),
		T(order_of_discovery),
		T(paths),
		T(hostile_release),
		T(errors),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
