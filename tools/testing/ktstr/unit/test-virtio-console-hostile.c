// SPDX-License-Identifier: GPL-2.0
/*
 * Drivers that break the rules: each break is one counted event, stops the
 * device, and a reset heals it; junk that breaks no rule is ignored.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "virtio-model.h"

static void junk_control_messages(void **state)
{
	static const struct {
		u32 id;
		u16 event, value;
	} junk[] = {
		{ 3, VIRTIO_CONSOLE_PORT_READY, 1 },
		{ 0xffffffff, VIRTIO_CONSOLE_PORT_READY, 1 },
		{ 0x80000000, VIRTIO_CONSOLE_PORT_OPEN, 1 },
		{ 0, 0xffff, 1 },
		{ 0, VIRTIO_CONSOLE_RESIZE, 1 },
		{ 1, VIRTIO_CONSOLE_PORT_READY, 0 }, /* "could not add it" */
		{ 0xffffffff, VIRTIO_CONSOLE_DEVICE_READY, 0 },
	};
	struct model *m = *state;

	model__bring_up(m);
	for (size_t i = 0; i < ARRAY_SIZE(junk); i++)
		model__send_ctl(m, junk[i].id, junk[i].event, junk[i].value);
	/* Too short to be one, all but the last byte of DEVICE_READY even. */
	memcpy(m->mem + MODEL_DATA, "\xff\xff\xff\xff\0\0\1\0", 8);
	for (u32 len = 1; len < sizeof(struct virtio_console_control); len++)
		model__send_at(m, VCON_Q_CTL_TX, MODEL_DATA, len);
	model__no_more_ctl(m);
	assert_int_equal(model__counters(m).broken, 0);
	assert_int_equal(model__feed(m, 0, "x", 1), -EAGAIN);
}

static void control_flood_is_bounded(void **state)
{
	struct model *m = *state;
	char name[32];

	model__probe(m); /* without any control receive buffer */
	for (int i = 0; i < 100; i++)
		model__send_ctl(m, 0xffffffff, VIRTIO_CONSOLE_DEVICE_READY, 1);
	assert_int_equal(model__counters(m).ctl_dropped, 300 - 16);
	model__fill_rx(m, VCON_Q_CTL_RX);
	for (int i = 0; i < 16; i++)
		assert_int_equal(model__next_ctl(m, name).event,
				 VIRTIO_CONSOLE_PORT_ADD);
	model__no_more_ctl(m);
}

static void expect_broken(struct model *m, u64 times)
{
	struct vcon_counters c = model__counters(m);

	assert_int_equal(c.broken, times);
	assert_true(model__in(m, VIRTIO_MMIO_STATUS) &
		    VIRTIO_CONFIG_S_NEEDS_RESET);
	assert_true(m->line);
	assert_true(model__ack(m) & VIRTIO_MMIO_INT_CONFIG);
	/* Deaf from now on, and it is one event. */
	for (u32 q = 0; q < VCON_Q_NR; q++)
		model__notify(m, q);
	assert_int_equal(model__feed(m, 1, "x", 1), -EAGAIN);
	assert_int_equal(model__counters(m).kicks, c.kicks);
	assert_int_equal(model__counters(m).broken, times);
	assert_false(m->line);
}

/* Leave the device with something to do for queue @q. */
static void give_work(struct model *m, u32 q)
{
	for (u32 p = 0; p < MODEL_PORTS; p++) {
		model__send_ctl(m, p, VIRTIO_CONSOLE_PORT_OPEN, 1);
		if (model_ports[p].rx == q)
			model__feed(m, p, "data", 4);
	}
	if (q == VCON_Q_CTL_RX)
		model__send_ctl(m, 0, VIRTIO_CONSOLE_PORT_READY, 1);
}

/* The queue's own checks are tested with it: here, that they are heeded. */
static void broken_rings_need_reset(void **state)
{
	static const struct vring_desc bad[] = {
		{ MODEL_MEM_SIZE, 1, 0, 0 },
		{ MODEL_DATA, 0, 0, 0 },
		{ MODEL_DATA, 0xffffffff, 0, 0 },
		{ MODEL_DATA, 1, VRING_DESC_F_NEXT, 0 },
		{ MODEL_DATA, 1, VRING_DESC_F_INDIRECT, 0 },
	};
	struct model *m = *state;

	for (u32 i = 0; i < ARRAY_SIZE(bad) * VCON_Q_NR; i++) {
		struct vring_desc d = bad[i / VCON_Q_NR];
		u32 q = i % VCON_Q_NR;

		model__probe(m);
		give_work(m, q);
		d.flags |= q & 1 ? 0 : VRING_DESC_F_WRITE;
		model__set_desc(m, q, 0, d);
		model__offer(m, q, 0);
		model__notify(m, q);
		expect_broken(m, i + 1);
	}
	assert_int_equal(m->out_nr[VM_STREAM_BULK], 0);
	model__bring_up(m);
}

static void wrong_direction_needs_reset(void **state)
{
	struct model *m = *state;

	model__probe(m);
	model__set_desc(m, VCON_Q_TX1, 0,
			DESC(MODEL_DATA, 8, VRING_DESC_F_WRITE, 0));
	model__offer(m, VCON_Q_TX1, 0);
	model__notify(m, VCON_Q_TX1);
	expect_broken(m, 1);

	model__probe(m);
	model__send_ctl(m, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	model__set_desc(m, VCON_Q_RX1, 0, DESC(MODEL_DATA, 8, 0, 0));
	model__offer(m, VCON_Q_RX1, 0);
	assert_int_equal(model__feed(m, 1, "x", 1), 0);
	expect_broken(m, 2);

	/* Both directions in one buffer, both ways. */
	for (u32 q = VCON_Q_RX1; q <= VCON_Q_TX1; q++) {
		model__probe(m);
		model__send_ctl(m, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
		model__set_desc(m, q, 0,
				DESC(MODEL_DATA, 8, VRING_DESC_F_NEXT, 1));
		model__set_desc(m, q, 1,
				DESC(MODEL_DATA, 8, VRING_DESC_F_WRITE, 0));
		model__offer(m, q, 0);
		model__notify(m, q);
		assert_int_equal(model__feed(m, 1, "x", 1),
				 q == VCON_Q_RX1 ? 0 : -EAGAIN);
		expect_broken(m, q - VCON_Q_RX1 + 3);
	}

	/* A control buffer without room for a message. */
	model__probe(m);
	model__give_rx(m, VCON_Q_CTL_RX, 0, 10);
	model__send_ctl(m, 1, VIRTIO_CONSOLE_PORT_READY, 1);
	expect_broken(m, 5);
}

/* 256 descriptors of one 4 KiB each are the most; a byte more is not taken. */
static void transmit_chain_is_bounded(void **state)
{
	struct model *m = *state;
	u32 q = VCON_Q_TX1;

	for (u32 extra = 0; extra < 2; extra++) {
		model__probe(m);
		for (u16 i = 0; i < 256; i++)
			model__set_desc(m, q, i,
					DESC(MODEL_DATA, 0x1000,
					     i < 255 ? VRING_DESC_F_NEXT : 0,
					     i + 1));
		model__desc(m, q)[100].len += extra;
		model__offer(m, q, 0);
		model__notify(m, q);
		assert_int_equal(m->out_nr[VM_STREAM_BULK], MIB(1));
	}
	expect_broken(m, 1);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, model__setup, model__teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(junk_control_messages),     T(control_flood_is_bounded),
		T(broken_rings_need_reset),   T(wrong_direction_needs_reset),
		T(transmit_chain_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
