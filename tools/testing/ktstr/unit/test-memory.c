// SPDX-License-Identifier: GPL-2.0
/* How much memory a machine gets; the numbers are worked out by hand. */
#include "lib/session/session-internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "vmm/kimage.h"

/* KTSTR_ATTR_UNSAID is there to be overridden; the harness's macros say so. */
#pragma GCC diagnostic ignored "-Woverride-init"

static struct ktstr_attr resolve(const struct ktstr_attr *said)
{
	struct ktstr_attr attr;

	assert_int_equal(ktstr_attr__resolve(&said, 1, &attr, NULL), 0);
	return attr;
}

#define ATTR(...)                                                            \
	resolve(&(const struct ktstr_attr){ KTSTR_ATTR_UNSAID __VA_OPT__(, ) \
						    __VA_ARGS__ })

static void shapes_need_memory(void **state)
{
	const struct {
		struct ktstr_attr attr;
		unsigned int mib;
	} rows[] = {
		{ ATTR(), 512 },
		{ ATTR(.memory_mib = 1), 256 },
		{ ATTR(.memory_mib = 257), 257 },
		{ ATTR(.cpus = 4, .memory_mib = 255), 256 },
		{ ATTR(.cpus = 5, .memory_mib = 256), 320 },
		/* 14 * 9 * 2 CPUs at 64 MiB */
		{ ATTR(.llcs = 14, .cores = 9, .threads = 2), 16128 },
		{ ATTR(.nodes = KTSTR_NODES({ .llcs = 1, .memory_mib = 300 },
					    { .memory_mib = 77 })),
		  377 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(attr__memory_mib(&rows[i].attr), rows[i].mib);
}

static void kernel_and_ramdisk_need_memory(void **state)
{
	static const struct {
		u64 kernel, packed, unpacked, mib;
	} rows[] = {
		{ 0, 0, 0, 256 },
		/* 10 of root + 44 + 9 are 63, 64 with page structures. */
		{ MIB(44), MIB(9), MIB(9), 320 },
		/* A byte more is a MiB more: 12 + 44 + 10 are 66, 68. */
		{ MIB(44), MIB(9) + 1, MIB(9) + 1, 324 },
		{ MIB(44) + 1, MIB(9), MIB(9), 256 + 66 },
		/* 5 + 60 + 4 are 69, 71 */
		{ MIB(60), MIB(4), MIB(4), 327 },
		/* 9 packed to 3: 10 + 50 + 3 */
		{ MIB(50), MIB(3), MIB(9), 320 },
		/* The last where 9/10 of the memory is the larger root. */
		{ 0, 0, MIB(288), 256 + 326 },
		{ 0, 0, MIB(289), 256 + 328 },
		/* Half of 256 + 324 MiB has room for 290. */
		{ 0, 0, MIB(290), 256 + 330 },
		{ 0, 0, MIB(1024), 256 + 1821 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(memory__floor_mib(rows[i].kernel,
						   rows[i].packed,
						   rows[i].unpacked),
				 rows[i].mib);
}

static void a_machine_gets_the_most_of_them(void **state)
{
	static const struct session s = { .kernel_bytes = MIB(60),
					  .base = { .len = MIB(4) - 8192 } };
	struct ktstr_attr attr = ATTR(.memory_mib = 300);
	struct kt_diag diag = { 0 };
	unsigned int mib = 7;

	(void)state;
	assert_int_equal(session__memory_mib(&s), 327);
	assert_int_equal(session__machine_mib(&s, &attr, &mib, NULL), 0);
	assert_int_equal(mib, 327);
	attr = ATTR(.memory_mib = 328);
	assert_int_equal(session__machine_mib(&s, &attr, &mib, NULL), 0);
	assert_int_equal(mib, 328);
	attr = ATTR(.cpus = 64);
	assert_int_equal(session__machine_mib(&s, &attr, &mib, NULL), 0);
	assert_int_equal(mib, 4096);
	/* Whose nodes say their memory has no room for more. */
	attr = ATTR(.nodes = KTSTR_NODES({ .llcs = 1, .memory_mib = 326 }));
	mib = 7;
	assert_int_equal(session__machine_mib(&s, &attr, &mib, &diag), -EINVAL);
	assert_non_null(strstr(diag.msg, ".nodes: memory_mib of all nodes are "
					 "326, kernel and ramdisk need 327"));
	assert_int_equal(mib, 7);
}

static void a_guest_may_have_more_than_the_host(void **state)
{
	struct kt_diag diag = { 0 };
	bool tight = true;

	(void)state;
	assert_int_equal(memory__check_host(4096, 4096, &tight, NULL), 0);
	assert_false(tight);
	assert_int_equal(memory__check_host(4097, 4096, &tight, NULL), 0);
	assert_true(tight);
	/* A sixty-fourth must fit, and something else beside it. */
	assert_int_equal(memory__check_host(64 * 1000 - 1, 1000, &tight, NULL),
			 0);
	assert_int_equal(memory__check_host(64 * 1000, 1000, &tight, &diag),
			 -ENOMEM);
	assert_non_null(
		strstr(diag.msg, "memory_mib of 64000: the host has 1000 MiB"));
}

static void this_host_has_some(void **state)
{
	struct kt_diag diag = { 0 };
	char *text __free(ptr) = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_non_null(f);
	assert_int_equal(memory__check(1, f, &diag), 0);
	fflush(f);
	assert_int_equal(len, 0);
	assert_int_equal(memory__check(UINT32_MAX, f, &diag), -ENOMEM);
	assert_non_null(strstr(diag.msg, "memory_mib of 4294967295: the host"));
	fclose(f);
}

static void what_is_no_kernel_needs_no_memory(void **state)
{
	struct kt_diag diag = { 0 };
	u64 bytes = 7;

	(void)state;
	assert_int_equal(kimage__memory("/no/such", &bytes, &diag), -ENOENT);
	assert_non_null(strstr(diag.msg, "kernel /no/such: cannot open it"));
	assert_int_equal(kimage__memory("/", &bytes, NULL), -EISDIR);
	assert_int_equal(kimage__memory("/etc/passwd", &bytes, NULL), -ENOEXEC);
	assert_int_equal(bytes, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes_need_memory),
		cmocka_unit_test(kernel_and_ramdisk_need_memory),
		cmocka_unit_test(a_machine_gets_the_most_of_them),
		cmocka_unit_test(a_guest_may_have_more_than_the_host),
		cmocka_unit_test(this_host_has_some),
		cmocka_unit_test(what_is_no_kernel_needs_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
