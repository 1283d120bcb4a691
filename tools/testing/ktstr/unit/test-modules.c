// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel modules in the archive: order against modprobe(8), decompression,
 * built-in and missing ones. The modules are ELF objects made here, with just
 * enough in them for depmod(8) to see who needs whom.
 */
#include "vmm/initramfs/modules.h"
#include "vmm/kimage/decompress.h"

#include <ktstr/fd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tools/testing/ktstr/unit/scratch.h"

#include <fcntl.h>
#include <limits.h>
#include <zstd.h>

#define RELEASE "6.0-unit"

static char root[SCRATCH_PATH_MAX], dir[128];

/* By library: the tests need no zstd(1). */
static void compress_zstd(const char *name)
{
	char path[PATH_MAX];
	char *raw __free(ptr) = NULL;
	const size_t room = 65536;
	u8 *out __free(ptr) = malloc(room);
	size_t len;

	snprintf(path, sizeof(path), "%s/%s.ko", dir, name);
	assert_non_null(out);
	assert_int_equal(fd__read_file(path, room / 2, &raw, &len), 0);
	len = ZSTD_compress(out, room, raw, len, 3);
	assert_false(ZSTD_isError(len));
	unlink(path);
	strcat(path, ".zst");
	int fd __free(fd) = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fd__write_all(fd, out, len), 0);
}

/* @exports: symbol or ""; @needs: symbol or "" */
static void make_module(const char *name, const char *exports,
			const char *needs, const char *compress)
{
	char call[128] = "";

	if (needs[0])
		snprintf(call, sizeof(call), "void %s(void);", needs);
	scratch__shell(
		root,
		"echo '%s void self(void) { %s%s } void %s(void) {} const char "
		"s[] __attribute__((section(\"__ksymtab_strings\"))) = "
		"\"%s\";' "
		"| gcc -x c -c -o %s/%s.ko - 2>&1",
		call, needs, needs[0] ? "();" : "",
		exports[0] ? exports : "unused", exports, dir, name);
	if (!strcmp(compress, "xz"))
		scratch__shell(root, "xz %s/%s.ko", dir, name);
	else if (!strcmp(compress, "zstd"))
		compress_zstd(name);
}

static int setup(void **state)
{
	(void)state;
	scratch__make(root);
	snprintf(dir, sizeof(dir), "%s/lib/modules/" RELEASE, root);
	assert_int_equal(fd__mkdirs(dir), 0);
	/* top needs middle needs base; other needs base, too. */
	make_module("base", "base_fn", "", "xz");
	make_module("middle", "middle_fn", "base_fn", "xz");
	make_module("top", "", "middle_fn", "zstd");
	make_module("other-one", "", "base_fn", "");
	scratch__shell(root,
		       "echo kernel/x/inside.ko > %s/modules.builtin; touch "
		       "%s/modules.order; depmod -b %s " RELEASE " 2>&1",
		       dir, dir, root);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch__remove(root);
	return 0;
}

static void expect(const struct pack *pk, const char *const *want, size_t nr)
{
	assert_int_equal(pk->nr, nr);
	for (size_t i = 0; i < nr; i++) {
		const u8 *data = pk->entry[i].data;

		assert_string_equal(pk->entry[i].name, want[i]);
		assert_true(pk->entry[i].size > 64);
		assert_memory_equal(data, "\177ELF", 4);
	}
}

static void order_is_modprobes(void **state)
{
	static const char *const names[] = { "top" };
	struct pack pk = { 0 };
	char got[512] = "";

	(void)state;
	assert_int_equal(modules__add(&pk, dir, names, 1, NULL), 0);
	for (size_t i = 0; i < pk.nr; i++) {
		/* Without "lib/modules/NN-" and ".ko". */
		strcat(got, pk.entry[i].name + 15);
		strcpy(got + strlen(got) - 3, "\n");
	}
	assert_int_equal(pk.nr, 3);
	assert_string_equal(
		got,
		scratch__shell(root,
			       "modprobe -C /dev/null -d %s -S " RELEASE
			       " --show-depends top | sed 's,.*/,,;s,\\..*,,'",
			       root));
	pack__fini(&pk);
}

static void shared_dependencies_once(void **state)
{
	static const char *const names[] = { "other_one", "top", "inside",
					     "middle" };
	static const char *const want[] = {
		"lib/modules/00-base.ko",
		"lib/modules/01-other_one.ko",
		"lib/modules/02-middle.ko",
		"lib/modules/03-top.ko",
	};
	struct pack pk = { 0 };

	(void)state;
	assert_int_equal(modules__add(&pk, dir, names, 4, NULL), 0);
	expect(&pk, want, ARRAY_SIZE(want));
	pack__fini(&pk);
}

static void dashes_and_underscores(void **state)
{
	static const char *const names[] = { "other-one" };
	static const char *const want[] = { "lib/modules/00-base.ko",
					    "lib/modules/01-other_one.ko" };
	struct pack pk = { 0 };

	(void)state;
	assert_int_equal(modules__add(&pk, dir, names, 1, NULL), 0);
	expect(&pk, want, ARRAY_SIZE(want));
	pack__fini(&pk);
}

static void built_in_is_nothing(void **state)
{
	static const char *const names[] = { "inside" };
	struct pack pk = { 0 };

	(void)state;
	assert_int_equal(modules__add(&pk, dir, names, 1, NULL), 0);
	assert_int_equal(pk.nr, 0);
	pack__fini(&pk);
}

static void fails(const char *in, const char *name, int err, const char *say)
{
	struct kt_diag diag = { "" };
	struct pack pk = { 0 };

	if (modules__add(&pk, in, &name, 1, &diag) != err)
		fail_msg("not %d: \"%s\", for %s", err, diag.msg, say);
	if (!strstr(diag.msg, say))
		fail_msg("no \"%s\" in: %s", say, diag.msg);
	pack__fini(&pk);
}

static void errors(void **state)
{
	(void)state;
	fails(dir, "nowhere", -ENOENT, "nowhere is neither in");
	fails(dir, "nowhere", -ENOENT, dir);
	fails("/nowhere", "top", -ENOENT, "depmod -b");
	scratch__shell(
		root,
		"head -c 100 %s/base.ko.xz > %s/x && mv %s/x %s/base.ko.xz",
		dir, dir, dir, dir);
	fails(dir, "top", -EINVAL, "xz data is damaged or truncated");
	fails(dir, "top", -EINVAL, "base.ko.xz");
	scratch__shell(root, "rm %s/base.ko.xz", dir);
	fails(dir, "top", -ENOENT, "unusable dependency");
	fails(dir, "top", -ENOENT, "base.ko.xz");
	fails(dir, "base", -ENOENT, "base");
	scratch__shell(root, "rm %s/modules.dep.bin", dir);
	fails(dir, "top", -ENOENT, "modules.dep.bin");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(order_is_modprobes),
		T(shared_dependencies_once),
		T(dashes_and_underscores),
		T(built_in_is_nothing),
		T(errors),
	};
#undef T

	/* depmod and modprobe, also for who is not root. */
	setenv("PATH", "/usr/sbin:/sbin:/usr/bin:/bin", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
