// SPDX-License-Identifier: GPL-2.0
/*
 * The console as the Linux driver uses it: port negotiation, data both ways
 * with the exits it costs, and resets. Hostile drivers and the random walk
 * have programs of their own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "virtio-model.h"
#include "vmm/dev/backlog.h"

static void negotiation(void **state)
{
	struct model *m = *state;
	struct vcon_counters c;

	model__bring_up(m);
	c = model__counters(m);
	assert_int_equal(c.broken, 0);
	assert_int_equal(c.ctl_dropped, 0);
	/*
	 * Exits: four control messages. Sixteen buffers in each of four
	 * receive queues, and those given back, cost none.
	 */
	assert_int_equal(c.kicks, 4);
}

static void open_is_tracked(void **state)
{
	struct model *m = *state;

	assert_int_equal(model__feed(m, 1, "x", 1), -EAGAIN); /* no driver */
	model__bring_up(m);
	assert_int_equal(model__feed(m, 1, "x", 1), -EAGAIN);
	model__send_ctl(m, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	assert_int_equal(model__feed(m, 1, "x", 1), 0);
	assert_int_equal(model__feed(m, 0, "x", 1), -EAGAIN); /* another port */
	model__send_ctl(m, 1, VIRTIO_CONSOLE_PORT_OPEN, 0);
	assert_int_equal(model__feed(m, 1, "x", 1), -EAGAIN);
}

static void transmit_is_one_exit_and_no_copy(void **state)
{
	struct model *m = *state;
	u64 addr = 0xf0000;

	model__bring_up(m);
	for (u32 p = 0; p < MODEL_PORTS; p++) {
		struct vcon_counters before = model__counters(m), after;
		enum vm_stream s = model_ports[p].stream;

		for (u32 i = 0; i < 0x8000; i++)
			m->mem[addr + i] = (u8)(i * 3 + p);
		model__send_at(m, model_ports[p].tx, addr, 0x8000);
		after = model__counters(m);
		assert_int_equal(after.kicks - before.kicks, 1);
		assert_int_equal(after.irqs - before.irqs, 0);
		assert_int_equal(after.tx_bytes - before.tx_bytes, 0x8000);
		assert_int_equal(after.tx_buffers - before.tx_buffers, 1);
		assert_int_equal(m->out_nr[s], 0x8000);
		assert_memory_equal(m->out[s], m->mem + addr, 0x8000);
		assert_ptr_equal(m->last_ptr[s], m->mem + addr);
		assert_int_equal(m->outputs[s], 1);
	}
}

static void transmit_gathers_chains_in_order(void **state)
{
	struct model *m = *state;
	u32 id, len, q = VCON_Q_TX1;

	model__bring_up(m);
	memcpy(m->mem + MODEL_DATA, "abcdef", 6);
	model__set_desc(m, q, 9, DESC(MODEL_DATA + 4, 2, VRING_DESC_F_NEXT, 3));
	model__set_desc(m, q, 3, DESC(MODEL_DATA, 3, VRING_DESC_F_NEXT, 200));
	model__set_desc(m, q, 200, DESC(MODEL_DATA + 3, 1, 0, 0));
	model__set_desc(m, q, 4, DESC(MODEL_DATA, 1, 0, 0));
	model__offer(m, q, 9);
	model__offer(m, q, 4);
	model__kick(m, q);
	assert_int_equal(m->out_nr[VM_STREAM_BULK], 7);
	assert_memory_equal(m->out[VM_STREAM_BULK], "efabcda", 7);
	assert_true(model__reap(m, q, &id, &len));
	assert_int_equal(id, 9);
	assert_true(model__reap(m, q, &id, &len));
	assert_int_equal(id, 4);
	assert_false(model__reap(m, q, &id, &len));
}

/*
 * A driver that would only reclaim on interrupts hears from us before its
 * descriptors run out, unless it said that it does not want to.
 */
static void transmit_interrupts_before_queue_is_full(void **state)
{
	struct model *m = *state;
	u32 q = VCON_Q_TX1;

	model__bring_up(m);
	for (u16 i = 0; i < 256; i++) {
		model__set_desc(m, q, i, DESC(MODEL_DATA, 1, 0, 0));
		model__offer(m, q, i);
		model__kick(m, q);
		assert_int_equal(m->line, i >= 127);
	}
	assert_int_equal(model__ack(m), VIRTIO_MMIO_INT_VRING);
	model__avail(m, q)->flags = VRING_AVAIL_F_NO_INTERRUPT;
	for (u16 i = 0; i < 256; i++) {
		model__offer(m, q, i);
		model__kick(m, q);
	}
	assert_false(m->line);
}

static void receive_fills_buffers(void **state)
{
	struct model *m = *state;
	u32 id, len, q = VCON_Q_RX1;
	u64 addr;
	u8 big[0x1800];

	model__bring_up(m);
	model__open_ports(m);
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (u8)(i / 7);
	assert_int_equal(model__feed(m, 1, big, sizeof(big)), 0);
	assert_true(m->line);
	assert_int_equal(model__ack(m), VIRTIO_MMIO_INT_VRING);
	assert_true(model__reap(m, q, &id, &len));
	assert_int_equal(len, 0x1000);
	addr = model__rx_addr(q, (u16)id);
	assert_memory_equal(m->mem + addr, big, 0x1000);
	assert_true(model__reap(m, q, &id, &len));
	assert_int_equal(len, 0x800);
	addr = model__rx_addr(q, (u16)id);
	assert_memory_equal(m->mem + addr, big + 0x1000, 0x800);
	assert_false(model__reap(m, q, &id, &len));
	/* Empty input is nothing, not an empty buffer. */
	assert_int_equal(model__feed(m, 1, big, 0), 0);
	assert_false(model__reap(m, q, &id, &len));
	assert_false(m->line);
}

static void receive_waits_for_buffers(void **state)
{
	struct model *m = *state;
	static u8 buf[BACKLOG_SIZE + 1];
	u32 q = VCON_Q_RX2, id, len, got = 0;
	u64 kicks;

	model__bring_up(m);
	model__open_ports(m);
	/* Take the device's sixteen pages away. */
	for (int i = 0; i < 16; i++)
		assert_int_equal(model__feed(m, 2, "!", 1), 0);
	while (model__reap(m, q, &id, &len))
		;
	model__ack(m);
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (u8)(i * 11);
	assert_int_equal(model__feed(m, 2, buf, sizeof(buf)), -ENOSPC);
	assert_int_equal(model__feed(m, 2, buf, BACKLOG_SIZE), 0);
	assert_int_equal(model__feed(m, 2, buf, 1), -ENOSPC);
	assert_false(m->line);
	/* Now the device wants to hear of buffers, and only now. */
	assert_int_equal(model__used(m, q)->flags, 0);
	kicks = model__counters(m).kicks;
	for (u16 i = 0; i < 16; i++) {
		model__give_rx(m, q, i, 0x1000);
		assert_true(model__reap(m, q, &id, &len));
		assert_int_equal(len, 0x1000);
		assert_memory_equal(m->mem + model__rx_addr(q, (u16)id),
				    buf + got, len);
		got += len;
	}
	assert_int_equal(got, BACKLOG_SIZE);
	assert_int_equal(model__counters(m).kicks - kicks, 16);
	assert_int_equal(model__used(m, q)->flags, VRING_USED_F_NO_NOTIFY);
	assert_true(m->line);
	/* Closing drops what nobody will read. */
	assert_int_equal(model__feed(m, 2, buf, 100), 0);
	model__send_ctl(m, 2, VIRTIO_CONSOLE_PORT_OPEN, 0);
	model__send_ctl(m, 2, VIRTIO_CONSOLE_PORT_OPEN, 1);
	model__give_rx(m, q, 0, 0x1000);
	assert_false(model__reap(m, q, &id, &len));
}

static void receive_scatters_over_a_chain(void **state)
{
	struct model *m = *state;
	u32 id, len, q = VCON_Q_RX0;

	model__probe(m);
	model__send_ctl(m, 0, VIRTIO_CONSOLE_PORT_OPEN, 1);
	model__set_desc(m, q, 0,
			DESC(MODEL_DATA + 8, 2,
			     VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1));
	model__set_desc(m, q, 1, DESC(MODEL_DATA, 8, VRING_DESC_F_WRITE, 0));
	model__offer(m, q, 0);
	assert_int_equal(model__feed(m, 0, "hello", 5), 0);
	assert_true(model__reap(m, q, &id, &len));
	assert_int_equal(len, 5);
	assert_memory_equal(m->mem + MODEL_DATA + 8, "he", 2);
	assert_memory_equal(m->mem + MODEL_DATA, "llo", 3);
}

static void single_port_driver(void **state)
{
	struct model *m = *state;
	u32 id, len;

	model__negotiate(m, 1ULL << VIRTIO_F_VERSION_1);
	for (u32 q = 0; q < 4; q++)
		model__add_queue(m, q);
	model__driver_ok(m);
	model__fill_rx(m, VCON_Q_RX0);
	memcpy(m->mem + 0xf0000, "plain", 5);
	model__send_at(m, VCON_Q_TX0, 0xf0000, 5);
	assert_memory_equal(m->out[VM_STREAM_HVC0], "plain", 5);
	assert_int_equal(model__feed(m, 0, "in", 2), 0);
	assert_true(model__reap(m, VCON_Q_RX0, &id, &len));
	assert_int_equal(len, 2);
	assert_int_equal(model__feed(m, 1, "in", 2), -EAGAIN);
	/* There is no control queue in that world. */
	model__set_desc(m, VCON_Q_CTL_TX, 0, DESC(0xf0000, 8, 0, 0));
	model__offer(m, VCON_Q_CTL_TX, 0);
	model__notify(m, VCON_Q_CTL_TX);
	assert_int_equal(model__used(m, VCON_Q_CTL_TX)->idx, 0);
	assert_int_equal(model__counters(m).broken, 0);
}

static void reset_in_the_middle(void **state)
{
	struct model *m = *state;
	u32 id, len;

	for (int i = 0; i < 3; i++) {
		model__bring_up(m);
		model__open_ports(m);
		assert_int_equal(model__feed(m, 1, "old", 3), 0);
		while (model__feed(m, 1, "old", 3) == 0)
			; /* until buffers and backlog are full */
		model__out(m, VIRTIO_MMIO_STATUS, 0);
		assert_false(m->line);
		assert_int_equal(model__feed(m, 1, "x", 1), -EAGAIN);
		for (u32 q = 0; q < VCON_Q_NR; q++)
			model__notify(m, q);
	}
	model__bring_up(m);
	model__open_ports(m);
	assert_false(model__reap(m, VCON_Q_RX1, &id, &len));
	assert_int_equal(model__feed(m, 1, "new", 3), 0);
	assert_true(model__reap(m, VCON_Q_RX1, &id, &len));
	assert_int_equal(len, 3);
	assert_memory_equal(m->mem + model__rx_addr(VCON_Q_RX1, (u16)id), "new",
			    3);
	assert_int_equal(model__counters(m).broken, 0);
}

/* What is counted towards an interrupt does not outlive a reset. */
static void reset_forgets_unreported_buffers(void **state)
{
	struct model *m = *state;

	for (int i = 0; i < 3; i++) {
		model__bring_up(m);
		for (int n = 0; n < 100; n++)
			model__send_at(m, VCON_Q_TX1, MODEL_DATA, 1);
		assert_false(m->line);
	}
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, model__setup, model__teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(negotiation),
		T(open_is_tracked),
		T(transmit_is_one_exit_and_no_copy),
		T(transmit_gathers_chains_in_order),
		T(transmit_interrupts_before_queue_is_full),
		T(receive_fills_buffers),
		T(receive_waits_for_buffers),
		T(receive_scatters_over_a_chain),
		T(single_port_driver),
		T(reset_in_the_middle),
		T(reset_forgets_unreported_buffers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
