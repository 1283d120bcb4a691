// SPDX-License-Identifier: GPL-2.0
/* Our IOAPIC: registers, edge and level interrupts, wide destinations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "vmm/x86/ioapic.h"

#define MASKED (1u << 16)
#define LEVEL (1u << 15)
#define REMOTE_IRR (1u << 14)

struct fixture {
	struct ioapic *io;
	unsigned int delivered, routed;
	struct ioapic_msi last;
	struct ioapic_msi pin[X86_IOAPIC_PINS];
};

static void on_deliver(void *ctx, const struct ioapic_msi *msi)
{
	struct fixture *f = ctx;

	f->delivered++;
	f->last = *msi;
}

static void on_route(void *ctx, const struct ioapic_msi pin[X86_IOAPIC_PINS])
{
	struct fixture *f = ctx;

	f->routed++;
	memcpy(f->pin, pin, sizeof(f->pin));
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->io = ioapic__new(&(struct ioapic_ops){ on_deliver, on_route, f });
	assert_non_null(f->io);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ioapic__free(f->io);
	ioapic__free(NULL);
	free(f);
	return 0;
}

static u32 get(struct fixture *f, u32 index)
{
	u32 value = ~0u;

	ioapic__access(f->io, 0x00, &index, 4, true);
	ioapic__access(f->io, 0x10, &value, 4, false);
	return value;
}

static void put(struct fixture *f, u32 index, u32 value)
{
	ioapic__access(f->io, 0x00, &index, 4, true);
	ioapic__access(f->io, 0x10, &value, 4, true);
}

static void program(struct fixture *f, u32 pin, u32 low, u32 high)
{
	put(f, 0x11 + 2 * pin, high);
	put(f, 0x10 + 2 * pin, low);
}

static void registers_read_back(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(get(f, 1), 0x00170011); /* 24 pins, version 0x11 */
	put(f, 1, 0xffffffff);
	assert_int_equal(get(f, 1), 0x00170011);
	put(f, 0, 0xffffffff);
	assert_int_equal(get(f, 0), 0x0f000000);
	assert_int_equal(get(f, 2), 0x0f000000);
	for (u32 pin = 0; pin < X86_IOAPIC_PINS; pin++) {
		assert_int_equal(get(f, 0x10 + 2 * pin), MASKED);
		program(f, pin, MASKED | (0x20 + pin), pin << 24);
		assert_int_equal(get(f, 0x10 + 2 * pin), MASKED | (0x20 + pin));
		assert_int_equal(get(f, 0x11 + 2 * pin), pin << 24);
	}
	/* The read-only bits of an entry. */
	put(f, 0x10, MASKED | 1u << 12 | REMOTE_IRR | 0x20);
	assert_int_equal(get(f, 0x10), MASKED | 0x20);
	assert_int_equal(f->delivered, 0);
}

static void accesses_beyond_the_registers(void **state)
{
	struct fixture *f = *state;
	u8 wide[8];

	for (u32 index = 0; index < 256; index++) {
		if (index < 3 || (index >= 0x10 && index < 0x40))
			continue;
		put(f, index, 0xffffffff);
		assert_int_equal(get(f, index), 0);
	}
	memset(wide, 0xaa, sizeof(wide));
	ioapic__access(f->io, 0x40, wide, 8, true);
	ioapic__access(f->io, 0x40, wide, 8, false);
	assert_memory_equal(wide, "\0\0\0\0\0\0\0\0", 8);
	wide[0] = 1;
	ioapic__access(f->io, 0, wide, 1, true); /* a byte selects too */
	memset(wide, 0xaa, sizeof(wide));
	ioapic__access(f->io, 0x10, wide, 8, false);
	assert_memory_equal(wide, "\x11\0\x17\0\0\0\0\0", 8);
	memset(wide, 0xaa, sizeof(wide));
	ioapic__access(f->io, 0x10, wide, 1, false);
	assert_int_equal(wide[0], 0x11);
	assert_int_equal(wide[1], 0xaa);
	ioapic__set_line(f->io, X86_IOAPIC_PINS, true);
	ioapic__set_line(f->io, UINT32_MAX, true);
	assert_int_equal(f->delivered, 0);
}

static void edges_deliver_once(void **state)
{
	struct fixture *f = *state;

	ioapic__set_line(f->io, 4, true); /* masked: lost */
	ioapic__set_line(f->io, 4, false);
	program(f, 4, 0x31, 7u << 24);
	assert_int_equal(f->delivered, 0);
	ioapic__set_line(f->io, 4, true);
	ioapic__set_line(f->io, 4, true); /* no edge */
	assert_int_equal(f->delivered, 1);
	assert_int_equal(f->last.address, 0xfee07000);
	assert_int_equal(f->last.data, 0x4031);
	ioapic__set_line(f->io, 4, false);
	ioapic__set_line(f->io, 4, true);
	assert_int_equal(f->delivered, 2);
	ioapic__eoi(f->io, 0x31); /* nothing to do with edges */
	assert_int_equal(f->delivered, 2);
}

static void level_waits_for_the_end(void **state)
{
	struct fixture *f = *state;

	program(f, 5, LEVEL | 0x41, 0);
	ioapic__set_line(f->io, 5, true);
	ioapic__set_line(f->io, 5, true);
	assert_int_equal(f->delivered, 1);
	assert_int_equal(f->last.data, 0xc041);
	assert_int_equal(get(f, 0x1a), LEVEL | REMOTE_IRR | 0x41);
	ioapic__eoi(f->io, 0x40); /* another vector */
	assert_int_equal(f->delivered, 1);
	ioapic__eoi(f->io, 0x41); /* still high: again */
	assert_int_equal(f->delivered, 2);
	ioapic__set_line(f->io, 5, false);
	ioapic__eoi(f->io, 0x41);
	assert_int_equal(f->delivered, 2);
	assert_int_equal(get(f, 0x1a), LEVEL | 0x41);
	ioapic__set_line(f->io, 5, true);
	assert_int_equal(f->delivered, 3);
}

static void masked_level_comes_when_unmasked(void **state)
{
	struct fixture *f = *state;

	program(f, 5, LEVEL | MASKED | 0x41, 0);
	ioapic__set_line(f->io, 5, true);
	assert_int_equal(f->delivered, 0);
	put(f, 0x1a, LEVEL | 0x41);
	assert_int_equal(f->delivered, 1);
	/* Ended while masked: waits for the mask to go. */
	put(f, 0x1a, LEVEL | MASKED | 0x41);
	ioapic__eoi(f->io, 0x41);
	assert_int_equal(f->delivered, 1);
	put(f, 0x1a, LEVEL | 0x41);
	assert_int_equal(f->delivered, 2);
	/* Made edge-triggered and back: how version 0x11 is ended by hand. */
	put(f, 0x1a, MASKED | 0x41);
	put(f, 0x1a, LEVEL | 0x41);
	assert_int_equal(f->delivered, 3);
}

static void pins_that_share_a_vector(void **state)
{
	struct fixture *f = *state;

	program(f, 5, LEVEL | 0x41, 0);
	program(f, 6, LEVEL | 0x41, 0);
	ioapic__set_line(f->io, 5, true);
	ioapic__set_line(f->io, 6, true);
	assert_int_equal(f->delivered, 2);
	ioapic__set_line(f->io, 5, false);
	ioapic__eoi(f->io, 0x41);
	assert_int_equal(f->delivered, 3); /* 6 only */
}

static void destinations_have_fifteen_bits(void **state)
{
	struct fixture *f = *state;

	/* APIC id 0x1b1 = 433; logical, lowest priority. */
	program(f, 0, 0x900 | 0x55, 0xb1u << 24 | 1u << 17);
	ioapic__set_line(f->io, 0, true);
	assert_true(f->last.address == 0x00000100fee00000ULL + 0xb1004);
	assert_int_equal(f->last.data, 0x4155);
	program(f, 0, 0x55, 0xffu << 24 | 0x7fu << 17);
	ioapic__set_line(f->io, 0, false);
	ioapic__set_line(f->io, 0, true);
	assert_true(f->last.address == 0x00007f00fee00000ULL + 0xff000);
}

static void routes_follow_what_matters(void **state)
{
	struct fixture *f = *state;
	unsigned int before;

	program(f, 5, LEVEL | MASKED | 0x41, 3u << 24);
	assert_int_equal(f->pin[5].data, 0xc041);
	assert_int_equal(f->pin[5].address, 0xfee03000);
	before = f->routed;
	put(f, 0x1a, LEVEL | 0x41); /* the mask is none of KVM's business */
	put(f, 0x1a, LEVEL | MASKED | 0x41);
	assert_int_equal(f->routed, before);
	put(f, 0x1b, 4u << 24);
	assert_int_equal(f->routed, before + 1);
	assert_int_equal(f->pin[5].address, 0xfee04000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(registers_read_back),
		TEST(accesses_beyond_the_registers),
		TEST(edges_deliver_once),
		TEST(level_waits_for_the_end),
		TEST(masked_level_comes_when_unmasked),
		TEST(pins_that_share_a_vector),
		TEST(destinations_have_fifteen_bits),
		TEST(routes_follow_what_matters),
	};

	return cmocka_run_group_tests_name("ioapic", tests, NULL, NULL);
}
