// SPDX-License-Identifier: GPL-2.0
/*
 * virtio-mmio registers and the negotiation rules, on the console device:
 * what is refused matters as much as what works.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "virtio-model.h"

#define S_ACK VIRTIO_CONFIG_S_ACKNOWLEDGE
#define S_DRIVER VIRTIO_CONFIG_S_DRIVER
#define S_FEATURES VIRTIO_CONFIG_S_FEATURES_OK
#define S_OK VIRTIO_CONFIG_S_DRIVER_OK
#define S_NEEDS_RESET VIRTIO_CONFIG_S_NEEDS_RESET

static void identity(void **state)
{
	struct model *m = *state;
	u64 features;

	assert_int_equal(model__in(m, VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
	assert_int_equal(model__in(m, VIRTIO_MMIO_VERSION), 2);
	assert_int_equal(model__in(m, VIRTIO_MMIO_DEVICE_ID), 3);
	model__out(m, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	features = (u64)model__in(m, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
	model__out(m, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	features |= model__in(m, VIRTIO_MMIO_DEVICE_FEATURES);
	assert_true(features == MODEL_FEATURES);
	model__out(m, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
	assert_int_equal(model__in(m, VIRTIO_MMIO_DEVICE_FEATURES), 0);
	/* No shared memory region, whatever the selector. */
	assert_int_equal(model__in(m, VIRTIO_MMIO_SHM_LEN_LOW), 0xffffffff);
	assert_int_equal(model__in(m, VIRTIO_MMIO_SHM_LEN_HIGH), 0xffffffff);
}

static void odd_register_accesses(void **state)
{
	static const u32 lens[] = { 1, 2, 8 };
	struct model *m = *state;
	u64 base = model__reg_addr(0), val;

	model__out(m, VIRTIO_MMIO_STATUS, S_ACK);
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		u64 status = model__reg_addr(VIRTIO_MMIO_STATUS);

		val = 0;
		devs__access(&m->set, DEV_MMIO, base, &val, lens[i], false);
		assert_true(val == ~0ULL >> (64 - 8 * lens[i]));
		val = S_ACK | S_DRIVER;
		devs__access(&m->set, DEV_MMIO, status, &val, lens[i], true);
		assert_int_equal(model__in(m, VIRTIO_MMIO_STATUS), S_ACK);
	}
	/* Four bytes, but not on a register. */
	assert_int_equal(model__in(m, 2), 0xffffffff);
	model__out(m, VIRTIO_MMIO_STATUS + 2, 0);
	assert_int_equal(model__in(m, VIRTIO_MMIO_STATUS), S_ACK);
	/* Registers of one direction, and holes. */
	assert_int_equal(model__in(m, VIRTIO_MMIO_QUEUE_SEL), 0xffffffff);
	assert_int_equal(model__in(m, 0xf8), 0xffffffff);
	model__out(m, VIRTIO_MMIO_MAGIC_VALUE, 0);
	model__out(m, 0xf8, 0);
	assert_int_equal(model__in(m, VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
}

static void config_space(void **state)
{
	struct model *m = *state;
	u64 addr = model__reg_addr(VIRTIO_MMIO_CONFIG), val = 0;

	assert_int_equal(model__in(m, VIRTIO_MMIO_CONFIG_GENERATION), 0);
	/* cols, rows, max_nr_ports: any width. */
	devs__access(&m->set, DEV_MMIO, addr + 4, &val, 4, false);
	assert_int_equal(val, 3);
	val = 0;
	devs__access(&m->set, DEV_MMIO, addr + 4, &val, 1, false);
	assert_int_equal(val, 3);
	devs__access(&m->set, DEV_MMIO, addr, &val, 8, false);
	assert_true(val == 3ULL << 32);
	/* Over the end and beyond: ones. */
	val = 0;
	devs__access(&m->set, DEV_MMIO, addr + 8, &val, 8, false);
	assert_true(val == ~0ULL);
	assert_int_equal(model__in(m, 0x1fc), 0xffffffff);
	/* Read-only. */
	model__out(m, VIRTIO_MMIO_CONFIG + 4, 99);
	assert_int_equal(model__in(m, VIRTIO_MMIO_CONFIG + 4), 3);
}

static void status_only_grows(void **state)
{
	struct model *m = *state;

	/* Steps cannot be skipped. */
	model__out(m, VIRTIO_MMIO_STATUS, S_DRIVER);
	assert_int_equal(model__in(m, VIRTIO_MMIO_STATUS), 0);
	model__out(m, VIRTIO_MMIO_STATUS, S_ACK);
	model__out(m, VIRTIO_MMIO_STATUS, S_ACK | S_OK);
	assert_int_equal(model__in(m, VIRTIO_MMIO_STATUS), S_ACK);
	model__out(m, VIRTIO_MMIO_STATUS, S_ACK | S_DRIVER);
	/* Nor taken back, nor can the driver set what is the device's. */
	model__out(m, VIRTIO_MMIO_STATUS, S_ACK);
	assert_int_equal(model__in(m, VIRTIO_MMIO_STATUS), S_ACK | S_DRIVER);
	model__out(m, VIRTIO_MMIO_STATUS, S_ACK | S_DRIVER | S_NEEDS_RESET);
	assert_int_equal(model__in(m, VIRTIO_MMIO_STATUS), S_ACK | S_DRIVER);
	model__out(m, VIRTIO_MMIO_STATUS, 0x100);
	assert_int_equal(model__in(m, VIRTIO_MMIO_STATUS), S_ACK | S_DRIVER);
	/* A write that drops bits does nothing, not half of it. */
	model__out(m, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_FAILED);
	assert_int_equal(model__in(m, VIRTIO_MMIO_STATUS), S_ACK | S_DRIVER);
	/* A driver may give up at any point. */
	model__out(m, VIRTIO_MMIO_STATUS,
		   S_ACK | S_DRIVER | VIRTIO_CONFIG_S_FAILED);
	assert_int_equal(model__in(m, VIRTIO_MMIO_STATUS),
			 S_ACK | S_DRIVER | VIRTIO_CONFIG_S_FAILED);
	model__out(m, VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(model__in(m, VIRTIO_MMIO_STATUS), 0);
}

static void features_are_checked(void **state)
{
	struct model *m = *state;
	u64 v1 = 1ULL << VIRTIO_F_VERSION_1;

	assert_false(model__negotiate(m, 0) & S_FEATURES);
	assert_false(model__negotiate(m, MODEL_FEATURES & ~v1) & S_FEATURES);
	assert_false(model__negotiate(m, MODEL_FEATURES | 1) & S_FEATURES);
	assert_false(
		model__negotiate(m, v1 | 1ULL << VIRTIO_RING_F_INDIRECT_DESC) &
		S_FEATURES);
	assert_false(model__negotiate(m, v1 | 1ULL << VIRTIO_RING_F_EVENT_IDX) &
		     S_FEATURES);
	/* A refused driver may try again without reset. */
	model__out(m, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	model__out(m, VIRTIO_MMIO_DRIVER_FEATURES, 0);
	model__out(m, VIRTIO_MMIO_STATUS, S_ACK | S_DRIVER | S_FEATURES);
	assert_true(model__in(m, VIRTIO_MMIO_STATUS) & S_FEATURES);
	/* Settled: later writes change nothing. */
	model__out(m, VIRTIO_MMIO_DRIVER_FEATURES, 0xffffffff);
	model__out(m, VIRTIO_MMIO_STATUS, S_ACK | S_DRIVER | S_FEATURES | S_OK);
	assert_true(model__in(m, VIRTIO_MMIO_STATUS) & S_OK);
}

static void features_need_driver_bit(void **state)
{
	struct model *m = *state;

	model__out(m, VIRTIO_MMIO_STATUS, S_ACK);
	model__out(m, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	model__out(m, VIRTIO_MMIO_DRIVER_FEATURES, 1);
	model__out(m, VIRTIO_MMIO_STATUS, S_ACK | S_DRIVER);
	model__out(m, VIRTIO_MMIO_STATUS, S_ACK | S_DRIVER | S_FEATURES);
	assert_false(model__in(m, VIRTIO_MMIO_STATUS) & S_FEATURES);
	/* A selector beyond the words there are writes nowhere. */
	model__out(m, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	model__out(m, VIRTIO_MMIO_DRIVER_FEATURES, 1);
	model__out(m, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 2);
	model__out(m, VIRTIO_MMIO_DRIVER_FEATURES, 0xffffffff);
	model__out(m, VIRTIO_MMIO_STATUS, S_ACK | S_DRIVER | S_FEATURES);
	assert_true(model__in(m, VIRTIO_MMIO_STATUS) & S_FEATURES);
}

static void queues_are_placed_in_their_window(void **state)
{
	struct model *m = *state;

	model__out(m, VIRTIO_MMIO_STATUS, S_ACK);
	model__out(m, VIRTIO_MMIO_STATUS, S_ACK | S_DRIVER);
	model__place(m, 0, 16, 0, MODEL_AVAIL_OFF, MODEL_USED_OFF);
	assert_int_equal(model__in(m, VIRTIO_MMIO_QUEUE_READY), 0);

	model__negotiate(m, MODEL_FEATURES);
	model__add_queue(m, 0);
	/* A ready queue does not move. */
	model__place(m, 0, 4, 1, 1, 1);
	assert_int_equal(model__in(m, VIRTIO_MMIO_QUEUE_READY), 1);
	assert_int_equal(model__in(m, VIRTIO_MMIO_STATUS) & S_NEEDS_RESET, 0);
	/* Taken back, it can be placed anew. */
	model__out(m, VIRTIO_MMIO_QUEUE_READY, 0);
	model__add_queue(m, 0);

	model__driver_ok(m);
	model__place(m, 1, 16, 0x4000, 0x6000, 0x7000);
	assert_int_equal(model__in(m, VIRTIO_MMIO_QUEUE_READY), 0);
	model__out(m, VIRTIO_MMIO_STATUS, 0);
	model__out(m, VIRTIO_MMIO_QUEUE_SEL, 0);
	assert_int_equal(model__in(m, VIRTIO_MMIO_QUEUE_READY), 0);
}

static void selector_out_of_range(void **state)
{
	static const u32 sels[] = { VCON_Q_NR, 255, 0xffffffff };
	struct model *m = *state;

	model__probe(m);
	for (size_t i = 0; i < ARRAY_SIZE(sels); i++) {
		model__place(m, sels[i], 16, 0, 0x2000, 0x3000);
		assert_int_equal(model__in(m, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
		assert_int_equal(model__in(m, VIRTIO_MMIO_QUEUE_READY), 0);
		model__out(m, VIRTIO_MMIO_QUEUE_READY, 0);
		model__notify(m, sels[i]);
	}
	assert_int_equal(model__counters(m).kicks, 0);
	assert_int_equal(model__counters(m).broken, 0);
}

static void bad_placements_need_reset(void **state)
{
	static const struct {
		u16 num;
		u64 desc, avail, used;
	} bad[] = {
		{ 0, 0, 0x2000, 0x3000 },
		{ 3, 0, 0x2000, 0x3000 },   /* not a power of two */
		{ 512, 0, 0x2000, 0x3000 }, /* above the maximum */
		{ 16, 8, 0x2000, 0x3000 },  /* misaligned, each */
		{ 16, 0, 0x2001, 0x3000 },
		{ 16, 0, 0x2000, 0x3002 },
		{ 16, MODEL_MEM_SIZE, 0x2000, 0x3000 },
		{ 16, 0, MODEL_MEM_SIZE, 0x3000 },
		{ 16, 0, 0x2000, MODEL_MEM_SIZE },
		/* The last bytes are outside. */
		{ 16, MODEL_MEM_SIZE - 0xf0, 0x2000, 0x3000 },
		{ 16, 0, MODEL_MEM_SIZE - 34, 0x3000 },
		{ 16, 0, 0x2000, MODEL_MEM_SIZE - 128 },
		/* Sums that wrap. */
		{ 16, ~0xfULL, 0x2000, 0x3000 },
		{ 16, 0, ~1ULL, 0x3000 },
		{ 16, 0, 0x2000, ~3ULL },
	};
	struct model *m = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		model__negotiate(m, MODEL_FEATURES);
		model__place(m, 0, bad[i].num, bad[i].desc, bad[i].avail,
			     bad[i].used);
		assert_int_equal(model__in(m, VIRTIO_MMIO_QUEUE_READY), 0);
		assert_true(model__in(m, VIRTIO_MMIO_STATUS) & S_NEEDS_RESET);
		assert_int_equal(model__counters(m).broken, i + 1);
		/* Before DRIVER_OK nobody listens for interrupts. */
		assert_int_equal(m->line_ups, 0);
		model__place(m, 1, bad[i].num, bad[i].desc, bad[i].avail,
			     bad[i].used);
		assert_int_equal(model__counters(m).broken, i + 1);
		/* A driver that goes on regardless gets nowhere. */
		model__driver_ok(m);
		model__notify(m, 0);
		assert_int_equal(model__counters(m).kicks, 0);
	}
	/* The largest that fits works, and so does a device after reset. */
	model__negotiate(m, MODEL_FEATURES);
	model__place(m, 0, 16, MODEL_MEM_SIZE - 0x100, 0x2000, 0x3000);
	assert_int_equal(model__in(m, VIRTIO_MMIO_QUEUE_READY), 1);
	assert_false(model__in(m, VIRTIO_MMIO_STATUS) & S_NEEDS_RESET);
}

static void interrupt_status_and_ack(void **state)
{
	struct model *m = *state;

	model__probe(m);
	model__fill_rx(m, VCON_Q_CTL_RX);
	assert_int_equal(model__in(m, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	model__send_ctl(m, 0xffffffff, VIRTIO_CONSOLE_DEVICE_READY, 1);
	assert_true(m->line);
	/* Acknowledging another bit leaves it up. */
	model__out(m, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_CONFIG);
	assert_true(m->line);
	assert_int_equal(model__ack(m), VIRTIO_MMIO_INT_VRING);
	assert_int_equal(m->line_ups, 1);
	/* Reset drops a pending one. */
	model__send_ctl(m, 0, VIRTIO_CONSOLE_PORT_READY, 1);
	assert_true(m->line);
	model__out(m, VIRTIO_MMIO_STATUS, 0);
	assert_false(m->line);
	assert_int_equal(model__in(m, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, model__setup, model__teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(identity),
		T(odd_register_accesses),
		T(config_space),
		T(status_only_grows),
		T(features_are_checked),
		T(features_need_driver_bit),
		T(queues_are_placed_in_their_window),
		T(selector_out_of_range),
		T(bad_placements_need_reset),
		T(interrupt_status_and_ack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
