// SPDX-License-Identifier: GPL-2.0
/* Guest memory: slot layout at the MMIO gap, bounds, file mappings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/mman.h>
#include <sys/stat.h>

#include "vmm/gmem.h"

static void init_rejects_odd_sizes(void **state)
{
	static const u64 bad[] = { 0, 1, GMEM_PAGE + 1, ~0ULL << 12 };
	struct gmem gm = { .fd = -1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct kt_diag diag = { 0 };

		assert_int_not_equal(gmem__init(&gm, bad[i], &diag), 0);
		assert_non_null(strstr(diag.msg, "guest memory"));
		assert_int_equal(gm.fd, -1);
	}
}

static void small_guest_is_one_slot(void **state)
{
	struct gmem gm;

	(void)state;
	assert_int_equal(gmem__init(&gm, MIB(32), NULL), 0);
	assert_int_equal(gm.nr_slots, 1);
	assert_int_equal(gm.slot[0].len, MIB(32));
	assert_null(gmem__ptr(&gm, MIB(32), 1));
	assert_null(gmem__ptr(&gm, MIB(32) - 1, 2));
	assert_non_null(gmem__ptr(&gm, MIB(32) - 1, 1));
	gmem__fini(&gm);
	gmem__fini(&gm); /* twice is fine */
}

static void exactly_the_gap_is_one_slot(void **state)
{
	struct gmem gm;

	(void)state;
	assert_int_equal(gmem__init(&gm, GMEM_GAP_START, NULL), 0);
	assert_int_equal(gm.nr_slots, 1);
	gmem__fini(&gm);
}

static void big_guest_continues_above_4g(void **state)
{
	struct gmem gm;
	struct stat st;
	u64 v = 0x1122334455667788ULL, got = 0;

	(void)state;
	assert_int_equal(gmem__init(&gm, GIB(5), NULL), 0);
	assert_int_equal(gm.nr_slots, 2);
	assert_int_equal(gm.slot[0].len, GMEM_GAP_START);
	assert_int_equal(gm.slot[1].gpa, GMEM_GAP_END);
	assert_int_equal(gm.slot[1].len, GIB(2));
	assert_null(gmem__ptr(&gm, GMEM_GAP_START, 1));
	assert_null(gmem__ptr(&gm, GMEM_GAP_END - 1, 1));
	/* host memory continues there, guest memory does not */
	assert_null(gmem__ptr(&gm, GMEM_GAP_START - 1, 2));
	assert_int_equal(gmem__write(&gm, GIB(6) - 8, &v, 8), 0);
	assert_int_equal(gmem__read(&gm, GIB(6) - 8, &got, 8), 0);
	assert_true(v == got);
	assert_int_equal(gmem__write(&gm, GIB(6) - 7, &v, 8), -EFAULT);
	assert_int_equal(fstat(gm.fd, &st), 0);
	assert_true(st.st_blocks * 512 <= 64 * 1024); /* untouched */
	gmem__fini(&gm);
}

/* Nodes of 1, 3 and 1 GiB: the second is cut by the gap. */
static void nodes_get_slots_of_their_own(void **state)
{
	static const struct topo_node nodes[] = {
		{ .llcs = 1, .memory_mib = 1024 },
		{ .llcs = 1, .memory_mib = 3072 },
		{ .llcs = 1 },
		{ .memory_mib = 1024 },
	};
	const struct topology t = { .numa_nodes = 4,
				    .llcs = 3,
				    .cores = 1,
				    .threads = 1,
				    .nodes = nodes,
				    .nr_nodes = 4 };
	static const struct {
		u64 gpa, len;
		unsigned int node;
	} want[] = { { 0, GIB(1), 0 },
		     { GIB(1), GIB(2), 1 },
		     { GIB(4), GIB(1), 1 },
		     { GIB(5), GIB(1), 3 } };
	struct gmem gm;
	u8 *base;

	(void)state;
	assert_int_equal(gmem__init(&gm, GIB(5), NULL), 0);
	base = gm.slot[0].hva;
	gmem__split(&gm, &t);
	assert_int_equal(gm.nr_slots, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_int_equal(gm.slot[i].gpa, want[i].gpa);
		assert_int_equal(gm.slot[i].len, want[i].len);
		assert_int_equal(gm.slot[i].node, want[i].node);
		assert_ptr_equal(gm.slot[i].hva, base + gm.slot[i].file_off);
	}
	assert_int_equal(gmem__low_end(&gm), GMEM_GAP_START);
	/* Ranges cross nodes, but not the gap nor the end. */
	assert_ptr_equal(gmem__ptr(&gm, GIB(1) - 1, 2), base + GIB(1) - 1);
	assert_ptr_equal(gmem__ptr(&gm, 0, GMEM_GAP_START), base);
	assert_null(gmem__ptr(&gm, 0, GMEM_GAP_START + 1));
	assert_null(gmem__ptr(&gm, GMEM_GAP_START - 1, 2));
	assert_ptr_equal(gmem__ptr(&gm, GIB(4), GIB(2)), base + GIB(3));
	assert_null(gmem__ptr(&gm, GIB(5), GIB(1) + 1));
	assert_null(gmem__ptr(&gm, GIB(1) - 1, ~0ULL));
	assert_null(gmem__ptr(&gm, ~0ULL, 2));
	gmem__fini(&gm);
}

static void one_node_is_cut_as_without_nodes(void **state)
{
	static const u64 sizes[] = { MIB(32), GMEM_GAP_START, GIB(5) };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct gmem plain, split;

		gmem__layout(&plain, sizes[i]);
		gmem__layout(&split, sizes[i]);
		gmem__split(&split, &TOPO_EVEN(1, 2, 2, 1));
		assert_memory_equal(&plain, &split, sizeof(plain));
		assert_null(gmem__ptr(&split, 0, 1)); /* only a plan */
	}
}

static void ptr_survives_hostile_ranges(void **state)
{
	u8 buf[64];
	struct gmem gm;
	static const struct {
		u64 gpa, len;
	} bad[] = {
		{ 0, 65 },    { 64, 1 },
		{ 63, 2 },    { 1, ~0ULL },
		{ ~0ULL, 1 }, { ~0ULL, ~0ULL },
		{ 0, 0 },     { 1ULL << 63, 1ULL << 63 },
	};

	(void)state;
	gmem__wrap(&gm, buf, sizeof(buf));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_null(gmem__ptr(&gm, bad[i].gpa, bad[i].len));
	assert_ptr_equal(gmem__ptr(&gm, 0, 64), buf);
	assert_ptr_equal(gmem__ptr(&gm, 63, 1), buf + 63);
	assert_int_equal(gmem__read(&gm, 64, buf, 0), 0);
	assert_int_equal(gmem__map_file(&gm, 0, 0, 0, GMEM_PAGE), -EFAULT);
	gmem__fini(&gm);
}

static void map_file_is_private(void **state)
{
	struct gmem gm;
	int fd = memfd_create("src", MFD_CLOEXEC);
	char got[4] = "", file[4] = "";

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 2 * GMEM_PAGE), 0);
	assert_int_equal(pwrite(fd, "abc", 4, GMEM_PAGE), 4);
	assert_int_equal(gmem__init(&gm, MIB(1), NULL), 0);
	assert_int_equal(gmem__map_file(&gm, 8192, fd, GMEM_PAGE, GMEM_PAGE),
			 0);
	assert_int_equal(gmem__read(&gm, 8192, got, 4), 0);
	assert_string_equal(got, "abc");
	assert_int_equal(gmem__write(&gm, 8192, "xyz", 4), 0);
	assert_int_equal(pread(fd, file, 4, GMEM_PAGE), 4);
	assert_string_equal(file, "abc");

	assert_int_equal(gmem__map_file(&gm, 8193, fd, 0, GMEM_PAGE), -EINVAL);
	assert_int_equal(gmem__map_file(&gm, 8192, fd, 1, GMEM_PAGE), -EINVAL);
	assert_int_equal(gmem__map_file(&gm, 8192, fd, 0, 100), -EINVAL);
	assert_int_equal(gmem__map_file(&gm, MIB(1), fd, 0, GMEM_PAGE),
			 -EFAULT);
	assert_int_equal(gmem__map_file(&gm, 0, -1, 0, GMEM_PAGE), -EBADF);
	gmem__fini(&gm);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_rejects_odd_sizes),
		cmocka_unit_test(small_guest_is_one_slot),
		cmocka_unit_test(exactly_the_gap_is_one_slot),
		cmocka_unit_test(big_guest_continues_above_4g),
		cmocka_unit_test(nodes_get_slots_of_their_own),
		cmocka_unit_test(one_node_is_cut_as_without_nodes),
		cmocka_unit_test(ptr_survives_hostile_ranges),
		cmocka_unit_test(map_file_is_private),
	};

	return cmocka_run_group_tests_name("gmem", tests, NULL, NULL);
}
