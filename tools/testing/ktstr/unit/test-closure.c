// SPDX-License-Identifier: GPL-2.0
/*
 * The library search against programs linked here for the purpose: RPATH,
 * RUNPATH, $ORIGIN, LD_LIBRARY_PATH, static, missing. The proof is that the
 * program runs in a chroot of the unpacked archive, where nothing of the
 * host's environment helps it.
 */
#include "vmm/initramfs.h"
#include "vmm/initramfs/ldcache.h"
#include "vmm/initramfs/libsearch.h"

#include <ktstr/fd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tools/testing/ktstr/unit/scratch.h"
#include "tools/testing/ktstr/unit/skip.h"

#include <fcntl.h>
#include <sys/stat.h>

static char root[SCRATCH_PATH_MAX], program[128];

/* main() prints a() + b() + ...: liba.so in la/, libb.so in lb/, program p/. */
static int setup(void **state)
{
	(void)state;
	scratch__make(root);
	snprintf(program, sizeof(program), "%s/p/prog", root);
	setenv("KTSTR_CACHE_DIR", root, 1);
	unsetenv("LD_LIBRARY_PATH");
	scratch__shell(
		root,
		"mkdir la lb p && echo 'int b(void) { return 4; }' > b.c &&"
		"echo 'int b(void); int a(void) { return 3 + b(); }' > a.c &&"
		"echo '#include <stdio.h>\nint a(void);\nint main(void) { "
		"printf(\"%%d\\\\n\", a()); return 0; }' > p.c &&"
		"gcc -shared -fPIC -o lb/libb.so b.c");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unsetenv("LD_LIBRARY_PATH");
	scratch__remove(root);
	return 0;
}

static void link_with(const char *a_flags, const char *prog_flags)
{
	scratch__shell(root, "gcc -shared -fPIC -o la/liba.so a.c -Llb -lb %s",
		       a_flags);
	scratch__shell(root, "gcc -o p/prog p.c -Lla -la -Wl,-rpath-link,lb %s",
		       prog_flags);
}

static bool packs(bool want_hit)
{
	const struct initramfs_spec spec = { .init = program };
	struct initramfs_base base = { .fd = -1 };
	struct kt_diag diag = { "" };
	char *buf;
	void *suffix;
	size_t len;

	if (initramfs__base(&spec, &base, &diag))
		fail_msg("%s", diag.msg);
	buf = malloc(base.len);
	assert_non_null(buf);
	assert_int_equal(fd__pread_all(base.fd, buf, base.len, 0), 0);
	assert_int_equal(initramfs__suffix(NULL, 0, &suffix, &len, NULL), 0);
	scratch__shell(root, "rm -rf out archive; mkdir out; touch archive");
	char path[128];
	snprintf(path, sizeof(path), "%s/archive", root);
	int fd __free(fd) = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(fd__write_all(fd, buf, base.len), 0);
	assert_int_equal(fd__write_all(fd, suffix, len), 0);
	scratch__shell(
		root,
		"cd out && cpio -idu --quiet -f dev/console < ../archive");
	free(buf);
	free(suffix);
	bool hit = base.cache_hit;
	initramfs_base__close(&base);
	return hit == want_hit;
}

static void runs(const char *expect)
{
	if (geteuid() != 0)
		SKIP("chroot(2) is for root");
	packs(false);
	assert_string_equal(
		scratch__shell(root, "env -u LD_LIBRARY_PATH chroot out /init"),
		expect);
}

static void fails(int err, const char *say)
{
	const struct initramfs_spec spec = { .init = program };
	struct initramfs_base base;
	struct kt_diag diag = { "" };

	assert_int_equal(initramfs__base(&spec, &base, &diag), err);
	if (!strstr(diag.msg, say))
		fail_msg("no \"%s\" in: %s", say, diag.msg);
}

static void runpath_origin(void **state)
{
	(void)state;
	link_with("-Wl,--enable-new-dtags,-rpath,'${ORIGIN}/../lb'",
		  "-Wl,--enable-new-dtags,-rpath,'$ORIGIN/../la'");
	runs("7\n");
}

static void rpath_is_inherited(void **state)
{
	(void)state;
	link_with(
		"",
		"-Wl,--disable-new-dtags,-rpath,'$ORIGIN/../la:$ORIGIN/../lb'");
	runs("7\n");
}

static void runpath_is_not_inherited(void **state)
{
	(void)state;
	link_with(
		"",
		"-Wl,--enable-new-dtags,-rpath,'$ORIGIN/../la:$ORIGIN/../lb'");
	fails(-ENOENT, "libb.so");
}

static void runpath_hides_inherited_rpath(void **state)
{
	(void)state;
	link_with(
		"-Wl,--enable-new-dtags,-rpath,/nowhere",
		"-Wl,--disable-new-dtags,-rpath,'$ORIGIN/../la:$ORIGIN/../lb'");
	fails(-ENOENT, "libb.so");
}

static void ld_library_path(void **state)
{
	char list[512];

	(void)state;
	link_with("", "");
	fails(-ENOENT, "are not here: liba.so; install");
	snprintf(list, sizeof(list), "%s/la", root);
	setenv("LD_LIBRARY_PATH", list, 1);
	fails(-ENOENT, "are not here: libb.so; install");
	snprintf(list, sizeof(list), "/nowhere:%s/la;%s/lb", root, root);
	setenv("LD_LIBRARY_PATH", list, 1);
	runs("7\n");
}

static void all_missing_are_listed(void **state)
{
	(void)state;
	link_with("", "-Wl,--no-as-needed -Llb -lb");
	fails(-ENOENT, "liba.so, libb.so");
	fails(-ENOENT, program);
	fails(-ENOENT, "LD_LIBRARY_PATH");
}

/* ld.so passes over what is for another machine; so do we. */
static void other_machine_is_skipped(void **state)
{
	char list[512];

	(void)state;
	link_with("", "");
	scratch__shell(
		root,
		"mkdir arm && cp la/liba.so arm/ && printf '\\267' | dd "
		"of=arm/liba.so bs=1 seek=18 conv=notrunc status=none && mkdir "
		"junk && echo junk > junk/libb.so");
	snprintf(list, sizeof(list), "%s/arm:%s/junk:%s/la:%s/lb", root, root,
		 root, root);
	setenv("LD_LIBRARY_PATH", list, 1);
	runs("7\n");
}

static void static_packs_only_itself(void **state)
{
	(void)state;
	scratch__shell(root, "gcc -static -o p/prog p.c a.c b.c");
	runs("7\n");
	assert_string_equal(
		scratch__shell(root, "cd out && find . -type f | sort"),
		"./.ktstr_init_ok\n./init\n");
	scratch__shell(root, "gcc -static-pie -o p/prog p.c a.c b.c");
	runs("7\n");
}

static void odd_interpreter(void **state)
{
	(void)state;
	link_with("", "");
	scratch__shell(
		root,
		"mkdir -p opt/odd && cp \"$(readlink -f "
		"/lib64/ld-linux-x86-64.so.2)\" opt/odd/ld.so && cp la/liba.so "
		"lb/libb.so opt/odd/ && gcc -o p/prog p.c -Lla -la "
		"-Wl,-rpath-link,lb -Wl,--dynamic-linker=%s/opt/odd/ld.so",
		root);
	runs("7\n");
	scratch__shell(root, "rm opt/odd/ld.so");
	fails(-ENOENT, "opt/odd/ld.so, which is not an ELF file here");
}

static void twin_names_share_one_copy(void **state)
{
	(void)state;
	scratch__shell(
		root,
		"gcc -shared -fPIC -Wl,-soname,libb.so.1 -o lb/libb-1.2.so b.c "
		"&& rm lb/libb.so && ln -s libb-1.2.so lb/libb.so.1 && ln -s "
		"libb-1.2.so lb/libb.so");
	link_with("-Wl,-rpath,'$ORIGIN/../lb'", "-Wl,-rpath,'$ORIGIN/../la'");
	runs("7\n");
	/* The second name of the same file is a link, not a copy. */
	assert_string_equal(
		scratch__shell(root, "find out -type f -name 'libb*' | wc -l"),
		"1\n");
}

/* A library put where the search passes first changes the result. */
static void new_library_in_front_is_a_miss(void **state)
{
	(void)state;
	link_with("-Wl,-rpath,'$ORIGIN/../lb:$ORIGIN/../../lb'",
		  "-Wl,-rpath,'$ORIGIN/first:$ORIGIN/../la'");
	scratch__shell(root, "mkdir p/first");
	assert_true(packs(false));
	assert_true(packs(true));
	scratch__shell(root, "cp la/liba.so p/first/");
	assert_true(packs(false));
	scratch__shell(root, "ls out/%s/p/first/liba.so", root);
	assert_true(packs(true));
}

static void rebuilt_library_is_a_miss(void **state)
{
	(void)state;
	link_with("-Wl,-rpath,'$ORIGIN/../lb'", "-Wl,-rpath,'$ORIGIN/../la'");
	assert_true(packs(false));
	assert_true(packs(true));
	scratch__shell(root, "echo 'int b(void) { return 5; }' > b.c && gcc "
			     "-shared -fPIC -o "
			     "lb/libb.so b.c");
	runs("8\n");
}

static void expand(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "$ORIGIN/x", "/o/x" },
		{ "${ORIGIN}", "/o" },
		{ "", "." },
		{ "/plain", "/plain" },
		{ "$LIB", "lib/x86_64-linux-gnu" },
		{ "a$PLATFORM", "ax86_64" },
		{ "$", "$" },
		{ "${ORIGIN", "${ORIGIN" },
		{ "$NOPE/${", "$NOPE/${" },
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(lib_search__expand(rows[i].in,
						    strlen(rows[i].in), "/o",
						    out, sizeof(out)),
				 0);
		assert_string_equal(out, rows[i].out);
	}
	assert_int_equal(lib_search__expand("$ORIGIN", 7, "/o", out, 2),
			 -ENAMETOOLONG);
	assert_int_equal(lib_search__expand("$ORIGIN", 7, "/o", out, 3), 0);
}

static void ldcache_agrees_with_ldconfig(void **state)
{
	char *buf __free(ptr) = NULL;
	char want[512];
	size_t len;

	(void)state;
	if (fd__read_file(LDCACHE_PATH, LDCACHE_MAX, &buf, &len))
		SKIP("this system has no " LDCACHE_PATH);
	strcpy(want,
	       scratch__shell(
		       root,
		       "PATH=$PATH:/sbin ldconfig -p | sed -n 's/.*libc.so.6 "
		       "(libc6,x86-64.*) => //p' | head -n 1"));
	want[strcspn(want, "\n")] = '\0';
	assert_string_equal(ldcache__lookup(buf, len, "libc.so.6"), want);
	assert_null(ldcache__lookup(buf, len, "libnowhere.so"));
	for (size_t cut = 0; cut < len; cut += cut < 256 ? 1 : 997)
		(void)ldcache__lookup(buf, cut, "libnowhere.so");
}

static void ldcache_rows(void **state)
{
	static u8 cache[48 + 3 * 24 + 64];
	const struct {
		u32 flags, key, value, os;
		u64 hwcap;
	} rows[] = {
		{ 0x0003, 120, 127, 0, 0 }, /* i386 */
		{ 0x0303, 120, 131, 0, 1ull << 62 },
		{ 0x0303, 120, 135, 0, 0 },
	};
	u8 shifted[sizeof(cache) + 32] = "ld.so-1.7.0";
	u32 nr = 3;

	(void)state;
	memcpy(cache, "glibc-ld.so.cache1.1", 20);
	memcpy(cache + 20, &nr, 4);
	memcpy(cache + 48, rows, sizeof(rows));
	memcpy(cache + 120, "lib.so\0/32\0/hw\0/64", 19);
	assert_string_equal(ldcache__lookup(cache, sizeof(cache), "lib.so"),
			    "/64");
	/* Behind one entry of the old table: 16 + 12, aligned to 32. */
	nr = 1;
	memcpy(shifted + 12, &nr, 4);
	memcpy(shifted + 32, cache, sizeof(cache));
	assert_string_equal(ldcache__lookup(shifted, sizeof(shifted), "lib.so"),
			    "/64");
	nr = UINT32_MAX;
	memcpy(shifted + 12, &nr, 4);
	assert_null(ldcache__lookup(shifted, sizeof(shifted), "lib.so"));
	memcpy(cache + 20, &nr, 4);
	assert_null(ldcache__lookup(cache, sizeof(cache), "lib.so"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(runpath_origin),
		T(rpath_is_inherited),
		T(runpath_is_not_inherited),
		T(runpath_hides_inherited_rpath),
		T(ld_library_path),
		T(all_missing_are_listed),
		T(other_machine_is_skipped),
		T(static_packs_only_itself),
		T(odd_interpreter),
		T(twin_names_share_one_copy),
		T(new_library_in_front_is_a_miss),
		T(rebuilt_library_is_a_miss),
		T(expand),
		T(ldcache_agrees_with_ldconfig),
		T(ldcache_rows),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
