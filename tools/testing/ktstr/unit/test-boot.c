// SPDX-License-Identifier: GPL-2.0
/* Boot protocol: memory map, ramdisk placement, zero page, loading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/mman.h>

#include "vmm/x86/boot.h"
#include "vmm/x86/layout.h"

#define RAM 1
#define RESERVED 2

/* A guest of any size without its memory: only the slot table is looked at. */
static struct gmem fake_gmem(u64 size)
{
	struct gmem gm = { .fd = -1, .size = size, .nr_slots = 1 };

	gm.slot[0].len = KT_MIN(size, (u64)GMEM_GAP_START);
	if (size > GMEM_GAP_START) {
		gm.nr_slots = 2;
		gm.slot[1].gpa = GMEM_GAP_END;
		gm.slot[1].len = size - GMEM_GAP_START;
	}
	return gm;
}

static u64 next_random(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void e820_covers_all_memory_once(void **state)
{
	u64 seed = 0x9e3779b97f4a7c15ULL;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		u64 mib = VM_MIN_MEMORY_MIB +
			  next_random(&seed) % (8192 - VM_MIN_MEMORY_MIB);
		struct gmem gm = fake_gmem(MIB(mib));
		struct boot_e820_entry e[4];
		unsigned int n = boot__e820(&gm, e);
		u64 ram = 0, end = 0;

		assert_in_range(n, 3, 4);
		for (unsigned int i = 0; i < n; i++) {
			assert_true(e[i].addr >= end); /* sorted, disjoint */
			assert_true(e[i].size > 0);
			end = e[i].addr + e[i].size;
			assert_true(end <= GMEM_GAP_START ||
				    e[i].addr >= GMEM_GAP_END);
			if (e[i].type == RAM)
				ram += e[i].size;
		}
		/* all RAM but the reserved BIOS area */
		assert_int_equal(ram + MIB(1) - X86_LOWMEM_END, MIB(mib));
		assert_int_equal(e[1].type, RESERVED);
		assert_true(e[1].addr <= X86_ACPI_ADDR);
	}
}

static void e820_of_5_gib(void **state)
{
	struct gmem gm = fake_gmem(GIB(5));
	struct boot_e820_entry e[4];

	(void)state;
	assert_int_equal(boot__e820(&gm, e), 4);
	assert_true(e[2].addr == MIB(1));
	assert_true(e[2].addr + e[2].size == GMEM_GAP_START);
	assert_true(e[3].addr == GIB(4) && e[3].size == GIB(2));
}

static void initrd_goes_high_and_clear_of_the_kernel(void **state)
{
	u64 seed = 88172645463325252ULL;
	int placed = 0, refused = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		u64 size = MIB(32 + next_random(&seed) % 6000);
		u64 kernel_end = MIB(16) + next_random(&seed) % MIB(64);
		u64 len = 1 + next_random(&seed) % (size + MIB(8));
		struct gmem gm = fake_gmem(size);
		struct boot_initrd at = { 1, 1 };
		u64 top = KT_MIN(size, (u64)GMEM_GAP_START);
		struct kt_diag diag = { 0 };
		int err = boot__place_initrd(&gm, kernel_end, len, &at, &diag);

		if (err) {
			assert_int_equal(err, -ENOMEM);
			assert_non_null(strstr(diag.msg, "are needed"));
			assert_true(len + kernel_end + 2 * GMEM_PAGE > top);
			assert_int_equal(at.len, 1); /* untouched */
			refused++;
			continue;
		}
		assert_int_equal(at.gpa % GMEM_PAGE, 0);
		assert_true(at.len == len);
		assert_true(at.gpa >= kernel_end);
		assert_true(at.gpa + len <= top);
		assert_true(top - (at.gpa + len) < GMEM_PAGE);
		placed++;
	}
	assert_true(placed > 100 && refused > 100);
}

static void no_initrd_is_fine(void **state)
{
	struct gmem gm = fake_gmem(MIB(32));
	struct boot_initrd at = { 1, 1 };

	(void)state;
	assert_int_equal(boot__place_initrd(&gm, MIB(64), 0, &at, NULL), 0);
	assert_int_equal(at.len, 0);
}

static void zero_page_fields(void **state)
{
	const struct boot_initrd initrd = { 0x1e00000, 0x1234 };
	const struct kimage img = { .start = MIB(16), .init_end = MIB(24) };
	u8 *mem = calloc(1, MIB(2));
	u8 *zp = mem + X86_ZERO_PAGE_ADDR;
	struct gmem gm;
	u32 v32;
	u64 v64;

	(void)state;
	gmem__wrap(&gm, mem, MIB(2));
	memset(zp, 0xaa, 4096);
	assert_int_equal(boot__write_params(&gm, &img, "console=ttyS0", &initrd,
					    0xe0000, NULL),
			 0);
	memcpy(&v64, zp + 0x070, 8);
	assert_int_equal(v64, 0xe0000);
	assert_int_equal(zp[0x1e8], 3); /* e820 entries */
	assert_int_equal(zp[0x1ef], 0); /* sentinel */
	assert_memory_equal(zp + 0x1fe, "\x55\xaa", 2);
	assert_memory_equal(zp + 0x202, "HdrS\x0f\x02", 6);
	assert_int_equal(zp[0x210], 0xff); /* type_of_loader */
	assert_int_equal(zp[0x211], LOADED_HIGH | KASLR_FLAG);
	memcpy(&v32, zp + 0x218, 4);
	assert_int_equal(v32, initrd.gpa);
	memcpy(&v32, zp + 0x21c, 4);
	assert_int_equal(v32, initrd.len);
	memcpy(&v32, zp + 0x228, 4);
	assert_int_equal(v32, X86_CMDLINE_ADDR);
	memcpy(&v32, zp + 0x260, 4);
	assert_int_equal(v32, MIB(8));
	memcpy(&v64, zp + 0x2d0, 8);
	assert_int_equal(v64, 0);
	assert_string_equal((char *)mem + X86_CMDLINE_ADDR, "console=ttyS0");
	free(mem);
}

static void nokaslr_is_a_word(void **state)
{
	static const struct {
		const char *cmdline;
		bool kaslr;
	} cases[] = {
		{ "", true },
		{ "nokaslr", false },
		{ "a nokaslr b", false },
		{ "a  nokaslr", false },
		{ "nokaslrx", true },
		{ "x=nokaslr", true },
		{ "-- nokaslr", true },
	};
	const struct boot_initrd none = { 0, 0 };
	const struct kimage img = { .start = MIB(16), .init_end = MIB(24) };
	u8 *mem = calloc(1, MIB(2));
	struct gmem gm;

	(void)state;
	gmem__wrap(&gm, mem, MIB(2));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(boot__write_params(&gm, &img, cases[i].cmdline,
						    &none, 0, NULL),
				 0);
		assert_int_equal(
			!!(mem[X86_ZERO_PAGE_ADDR + 0x211] & KASLR_FLAG),
			cases[i].kaslr);
	}
	free(mem);
}

static void cmdline_limit(void **state)
{
	const struct boot_initrd none = { 0, 0 };
	const struct kimage img = { .start = MIB(16), .init_end = MIB(24) };
	char text[VM_CMDLINE_MAX + 2];
	u8 *mem = calloc(1, MIB(2));
	struct kt_diag diag = { 0 };
	struct gmem gm;

	(void)state;
	gmem__wrap(&gm, mem, MIB(2));
	memset(text, 'x', sizeof(text));
	text[VM_CMDLINE_MAX + 1] = '\0';
	assert_int_equal(boot__write_params(&gm, &img, text, &none, 0, &diag),
			 -E2BIG);
	assert_non_null(strstr(diag.msg, "2047"));
	text[VM_CMDLINE_MAX] = '\0';
	assert_int_equal(boot__write_params(&gm, &img, text, &none, 0, NULL),
			 0);
	free(mem);
}

static int temp_file(size_t len)
{
	int fd = memfd_create("part", MFD_CLOEXEC);

	assert_true(fd >= 0);
	for (size_t i = 0; i < len; i += 4096)
		assert_int_equal(pwrite(fd, "P", 1, (off_t)i), 1);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	return fd;
}

static void initrd_parts_follow_each_other(void **state)
{
	int fd = temp_file(8192), odd = temp_file(5000);
	const struct vm_initrd_part parts[] = {
		{ .fd = fd, .len = 8192 },
		{ .fd = -1, .data = "middle", .len = 6 },
		{ .fd = odd, .len = 5000 },
		{ .fd = -1, .data = "end", .len = 3 },
	};
	struct boot_initrd at;
	struct gmem gm;
	const char *p;

	(void)state;
	assert_int_equal(gmem__init(&gm, MIB(32), NULL), 0);
	assert_int_equal(boot__load_initrd(&gm, MIB(16), parts, 4, &at, NULL),
			 0);
	assert_int_equal(at.len, 8192 + 6 + 5000 + 3);
	p = gmem__ptr(&gm, at.gpa, at.len);
	assert_non_null(p);
	assert_memory_equal(p, "P", 2);
	assert_memory_equal(p + 4096, "P", 2);
	assert_memory_equal(p + 8192, "middleP", 8);
	assert_memory_equal(p + 8198 + 4096, "P", 2);
	assert_memory_equal(p + 8198 + 5000, "end", 4);
	gmem__fini(&gm);
	close(fd);
	close(odd);
}

static void short_initrd_file_is_an_error(void **state)
{
	int fd = temp_file(100);
	const struct vm_initrd_part part = { .fd = fd, .len = 101 };
	struct kt_diag diag = { 0 };
	struct boot_initrd at;
	struct gmem gm;

	(void)state;
	assert_int_equal(gmem__init(&gm, MIB(32), NULL), 0);
	assert_int_not_equal(
		boot__load_initrd(&gm, MIB(16), &part, 1, &at, &diag), 0);
	assert_non_null(strstr(diag.msg, "shorter"));
	gmem__fini(&gm);
	close(fd);
}

static void kernel_must_fit(void **state)
{
	struct kimage img = {
		.fd = -1, .start = MIB(16), .end = MIB(60), .init_end = MIB(66)
	};
	struct kt_diag diag = { 0 };
	struct gmem gm = fake_gmem(MIB(64));

	(void)state;
	assert_int_equal(boot__load_kernel(&gm, &img, &diag), -ENOMEM);
	assert_non_null(strstr(diag.msg, "66 MiB"));
	diag.msg[0] = '\0';
	img.start = 0x1000;
	assert_int_equal(boot__load_kernel(&gm, &img, &diag), -EINVAL);
	assert_non_null(strstr(diag.msg, "below 1 MiB"));
}

static void kernel_segments_land_where_they_say(void **state)
{
	int fd = temp_file(3 * 4096);
	struct kimage img = { .fd = fd,
			      .start = MIB(16),
			      .end = MIB(18),
			      .init_end = MIB(18),
			      .nr_seg = 2,
			      .seg = { { MIB(16), 4096, 8192, 8192 },
				       { MIB(17) + 10, 0, 1, MIB(1) - 10 } } };
	struct gmem gm;
	const char *p;

	(void)state;
	assert_int_equal(gmem__init(&gm, MIB(32), NULL), 0);
	assert_int_equal(boot__load_kernel(&gm, &img, NULL), 0);
	p = gmem__ptr(&gm, MIB(16), MIB(2));
	assert_memory_equal(p, "P", 2);
	assert_memory_equal(p + 4096, "P", 2);
	assert_memory_equal(p + MIB(1) + 9, "\0P", 3);
	gmem__fini(&gm);
	close(fd);
}

static void page_tables_map_themselves(void **state)
{
	u8 *mem = calloc(1, MIB(2));
	struct gmem gm;
	u64 e;

	(void)state;
	gmem__wrap(&gm, mem, MIB(2));
	assert_int_equal(boot__write_tables(&gm), 0);
	memcpy(&e, mem + X86_PML4_ADDR, 8);
	assert_int_equal(e, X86_PDPT_ADDR | 3);
	memcpy(&e, mem + X86_PDPT_ADDR + 3 * 8, 8);
	assert_int_equal(e, (X86_PD_ADDR + 3 * 4096) | 3);
	memcpy(&e, mem + X86_PD_ADDR + 2047 * 8, 8);
	assert_true(e == (2047ULL << 21 | 0x83));
	memcpy(&e, mem + X86_GDT_ADDR, 8);
	assert_int_equal(e, 0);
	gmem__wrap(&gm, mem, 4096);
	assert_int_equal(boot__write_tables(&gm), -EFAULT);
	free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(e820_covers_all_memory_once),
		cmocka_unit_test(e820_of_5_gib),
		cmocka_unit_test(initrd_goes_high_and_clear_of_the_kernel),
		cmocka_unit_test(no_initrd_is_fine),
		cmocka_unit_test(zero_page_fields),
		cmocka_unit_test(nokaslr_is_a_word),
		cmocka_unit_test(cmdline_limit),
		cmocka_unit_test(initrd_parts_follow_each_other),
		cmocka_unit_test(short_initrd_file_is_an_error),
		cmocka_unit_test(kernel_must_fit),
		cmocka_unit_test(kernel_segments_land_where_they_say),
		cmocka_unit_test(page_tables_map_themselves),
	};

	return cmocka_run_group_tests_name("boot", tests, NULL, NULL);
}
