// SPDX-License-Identifier: GPL-2.0
/* The offset stays where the kernel can live; damaged tables are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/mman.h>

#include "vmm/x86/kaslr.h"

#define START MIB(16)
#define VIRT(off) ((s32)(0x80000000u + (u32)START + (off)))

static struct kimage movable(void)
{
	return (struct kimage){ .fd = -1,
				.start = START,
				.end = START + MIB(40),
				.init_end = START + MIB(48),
				.align = MIB(2),
				.relocs_len = 4 };
}

static void offsets_keep_the_kernel_in_its_gib(void **state)
{
	struct kimage img = movable();
	u64 seen = 0, largest = 0;

	(void)state;
	for (u64 random = 0; random < 2000; random++) {
		u64 offset = kaslr__offset(&img, random);

		assert_int_equal(offset % MIB(2), 0);
		assert_true(img.init_end + offset <= GIB(1));
		largest = KT_MAX(largest, offset);
		seen += offset != 0;
	}
	assert_true(seen > 1900);
	/* The last place that fits is used, too. */
	assert_true(img.init_end + largest + MIB(2) > GIB(1));
	assert_int_equal(kaslr__offset(&img, UINT64_MAX) % MIB(2), 0);
}

static void what_cannot_move_stays(void **state)
{
	struct kimage img = movable();

	(void)state;
	img.relocs_len = 0;
	assert_int_equal(kaslr__offset(&img, 12345), 0);
	img = movable();
	img.init_end = GIB(1) + 1;
	assert_int_equal(kaslr__offset(&img, 12345), 0);
	img.init_end = GIB(1);
	assert_int_equal(kaslr__offset(&img, 12345), 0);
}

struct kernel {
	struct gmem gm;
	struct kimage img;
	u8 *mem;
};

/* A kernel of one page of 0x11 bytes whose table is @table. */
static void load(struct kernel *k, const s32 *table, size_t nr)
{
	k->mem = malloc(START + 4096);
	assert_non_null(k->mem);
	memset(k->mem + START, 0x11, 4096);
	gmem__wrap(&k->gm, k->mem, START + 4096);
	k->img = (struct kimage){ .fd = memfd_create("relocs", MFD_CLOEXEC),
				  .start = START,
				  .end = START + 4096,
				  .init_end = START + 4096,
				  .align = MIB(2),
				  .relocs_off = 8,
				  .relocs_len = nr * sizeof(*table) };
	assert_int_equal(pwrite(k->img.fd, table, nr * sizeof(*table), 8),
			 nr * sizeof(*table));
}

static void unload(struct kernel *k)
{
	close(k->img.fd);
	free(k->mem);
}

static int relocate(const s32 *table, size_t nr, struct kt_diag *diag)
{
	struct kernel k;
	int err;

	load(&k, table, nr);
	err = kaslr__relocate(&k.gm, &k.img, MIB(2), diag);
	unload(&k);
	return err;
}

static void each_list_is_applied_its_way(void **state)
{
	static const s32 table[] = {
		0, VIRT(0), VIRT(4088), 0, VIRT(16), 0, VIRT(32), VIRT(4080)
	};
	static const u64 ones = 0x1111111111111111ULL;
	struct kernel k;
	u64 v;
	u32 w;

	(void)state;
	load(&k, table, ARRAY_SIZE(table));
	assert_int_equal(kaslr__relocate(&k.gm, &k.img, 0, NULL), 0);
	memcpy(&v, k.mem + START, 8);
	assert_int_equal(v, ones);
	assert_int_equal(kaslr__relocate(&k.gm, &k.img, MIB(2), NULL), 0);
	memcpy(&v, k.mem + START, 8);
	assert_int_equal(v, ones + MIB(2));
	memcpy(&v, k.mem + START + 4088, 8);
	assert_int_equal(v, ones + MIB(2));
	memcpy(&w, k.mem + START + 16, 4);
	assert_int_equal(w, (u32)ones - MIB(2));
	memcpy(&w, k.mem + START + 32, 4);
	assert_int_equal(w, (u32)ones + MIB(2));
	/* and nothing else */
	memcpy(&w, k.mem + START + 20, 4);
	assert_int_equal(w, (u32)ones);
	unload(&k);
}

static void damaged_tables_are_refused(void **state)
{
	static const s32 no_lists[] = { VIRT(0) };
	static const s32 two_lists[] = { 0, VIRT(0), 0 };
	static const s32 four_lists[] = { 0, 0, 0, 0 };
	static const s32 below[] = { 0, VIRT(0) - 1, 0, 0 };
	static const s32 behind[] = { 0, 0, 0, VIRT(4096) };
	static const s32 straddling[] = { 0, VIRT(4089), 0, 0 };
	static const s32 straddling32[] = { 0, 0, VIRT(4093), 0 };
	static const s32 positive[] = { 0, 0, 0, 1 };
	static const struct {
		const s32 *table;
		size_t nr;
		const char *say;
	} cases[] = {
		{ no_lists, 1, "0 of 3 lists" },
		{ two_lists, 3, "2 of 3 lists" },
		{ four_lists, 4, "1 words behind" },
		{ below, 4, "relocation 1 of 4" },
		{ behind, 4, "relocation 3 of 4" },
		{ straddling, 4, "relocation 1 of 4" },
		{ straddling32, 4, "relocation 2 of 4" },
		{ positive, 4, "relocation 3 of 4" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kt_diag diag = { 0 };

		assert_int_equal(relocate(cases[i].table, cases[i].nr, &diag),
				 -EINVAL);
		assert_non_null(strstr(diag.msg, cases[i].say));
	}
}

static void truncated_file_is_an_error(void **state)
{
	static const s32 table[] = { 0, 0, 0 };
	struct kt_diag diag = { 0 };
	struct kernel k;

	(void)state;
	load(&k, table, ARRAY_SIZE(table));
	k.img.relocs_len += 400;
	assert_true(kaslr__relocate(&k.gm, &k.img, MIB(2), &diag) < 0);
	assert_non_null(strstr(diag.msg, "relocations"));
	unload(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offsets_keep_the_kernel_in_its_gib),
		cmocka_unit_test(what_cannot_move_stays),
		cmocka_unit_test(each_list_is_applied_its_way),
		cmocka_unit_test(damaged_tables_are_refused),
		cmocka_unit_test(truncated_file_is_an_error),
	};

	return cmocka_run_group_tests_name("kaslr", tests, NULL, NULL);
}
