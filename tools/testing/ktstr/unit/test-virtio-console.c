// SPDX-License-Identifier: GPL-2.0
/*
 * The console as the Linux driver uses it: port negotiation, data both ways
 * with the exits it costs, hostile rings, resets, and a random walk against a
 * shadow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include "virtio-model.h"
#include "vmm/dev/backlog.h"

#define PORTS 3

static const u32 rx_queue[PORTS] = { VCON_Q_RX0, VCON_Q_RX1, VCON_Q_RX2 };
static const u32 tx_queue[PORTS] = { VCON_Q_TX0, VCON_Q_TX1, VCON_Q_TX2 };
static const enum vm_stream stream_of[PORTS] = {
	VM_STREAM_HVC0,
	VM_STREAM_BULK,
	VM_STREAM_STATS,
};

static int feed(struct model *m, u32 port, const void *buf, size_t len)
{
	return devs__input(&m->set, stream_of[port], buf, len);
}

/* The next control message; its buffer is given back as the driver does. */
static struct virtio_console_control next_ctl(struct model *m, char *ret_name)
{
	struct virtio_console_control msg;
	u32 id, len, name_len;
	u64 addr;

	assert_true(model__reap(m, VCON_Q_CTL_RX, &id, &len));
	assert_true(len >= sizeof(msg));
	addr = model__rx_addr(VCON_Q_CTL_RX, (u16)id);
	memcpy(&msg, m->mem + addr, sizeof(msg));
	name_len = len - (u32)sizeof(msg);
	assert_true(name_len < 32);
	memcpy(ret_name, m->mem + addr + sizeof(msg), name_len);
	ret_name[name_len] = 0;
	model__give_rx(m, VCON_Q_CTL_RX, (u16)id, 0x1000);
	return msg;
}

static void expect_ctl(struct model *m, u32 port, u16 event, const char *name)
{
	char got[32];
	struct virtio_console_control msg = next_ctl(m, got);

	assert_int_equal(msg.id, port);
	assert_int_equal(msg.event, event);
	assert_int_equal(msg.value, 1);
	assert_string_equal(got, name);
}

static void no_more_ctl(struct model *m)
{
	u32 id, len;

	assert_false(model__reap(m, VCON_Q_CTL_RX, &id, &len));
}

/* Everything the Linux driver does until three ports are usable. */
static void bring_up(struct model *m)
{
	model__probe(m);
	model__fill_rx(m, VCON_Q_CTL_RX);
	model__send_ctl(m, 0xffffffff, VIRTIO_CONSOLE_DEVICE_READY, 1);
	for (u32 p = 0; p < PORTS; p++)
		expect_ctl(m, p, VIRTIO_CONSOLE_PORT_ADD, "");
	for (u32 p = 0; p < PORTS; p++) {
		model__fill_rx(m, rx_queue[p]);
		model__send_ctl(m, p, VIRTIO_CONSOLE_PORT_READY, 1);
	}
	expect_ctl(m, 0, VIRTIO_CONSOLE_CONSOLE_PORT, "");
	expect_ctl(m, 0, VIRTIO_CONSOLE_PORT_OPEN, "");
	expect_ctl(m, 1, VIRTIO_CONSOLE_PORT_NAME, "ktstr.bulk");
	expect_ctl(m, 1, VIRTIO_CONSOLE_PORT_OPEN, "");
	expect_ctl(m, 2, VIRTIO_CONSOLE_PORT_NAME, "ktstr.stats");
	expect_ctl(m, 2, VIRTIO_CONSOLE_PORT_OPEN, "");
	no_more_ctl(m);
	model__ack(m);
}

static void open_ports(struct model *m)
{
	for (u32 p = 0; p < PORTS; p++)
		model__send_ctl(m, p, VIRTIO_CONSOLE_PORT_OPEN, 1);
}

static void negotiation(void **state)
{
	struct model *m = *state;
	struct vcon_counters c;

	bring_up(m);
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

	assert_int_equal(feed(m, 1, "x", 1), -EAGAIN); /* no driver */
	bring_up(m);
	assert_int_equal(feed(m, 1, "x", 1), -EAGAIN);
	model__send_ctl(m, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	assert_int_equal(feed(m, 1, "x", 1), 0);
	assert_int_equal(feed(m, 0, "x", 1), -EAGAIN); /* another port */
	model__send_ctl(m, 1, VIRTIO_CONSOLE_PORT_OPEN, 0);
	assert_int_equal(feed(m, 1, "x", 1), -EAGAIN);
}

static void transmit_is_one_exit_and_no_copy(void **state)
{
	struct model *m = *state;
	u64 addr = 0xf0000;

	bring_up(m);
	for (u32 p = 0; p < PORTS; p++) {
		struct vcon_counters before = model__counters(m), after;
		enum vm_stream s = stream_of[p];

		for (u32 i = 0; i < 0x8000; i++)
			m->mem[addr + i] = (u8)(i * 3 + p);
		model__send_at(m, tx_queue[p], addr, 0x8000);
		after = model__counters(m);
		assert_int_equal(after.kicks - before.kicks, 1);
		assert_int_equal(after.irqs - before.irqs, 0);
		assert_int_equal(after.tx_bytes - before.tx_bytes, 0x8000);
		assert_int_equal(after.tx_buffers - before.tx_buffers, 1);
		assert_int_equal(m->out_nr[s], 0x8000);
		assert_memory_equal(m->out[s], m->mem + addr, 0x8000);
		assert_ptr_equal(m->last_ptr, m->mem + addr);
		assert_int_equal(m->outputs, p + 1);
	}
}

static void transmit_gathers_chains_in_order(void **state)
{
	struct model *m = *state;
	u32 id, len, q = VCON_Q_TX1;

	bring_up(m);
	memcpy(m->mem + MODEL_DATA, "abcdef", 6);
	model__set_desc(m, q, 9, MODEL_DATA + 4, 2, VRING_DESC_F_NEXT, 3);
	model__set_desc(m, q, 3, MODEL_DATA, 3, VRING_DESC_F_NEXT, 200);
	model__set_desc(m, q, 200, MODEL_DATA + 3, 1, 0, 0);
	model__set_desc(m, q, 4, MODEL_DATA, 1, 0, 0);
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

	bring_up(m);
	for (u16 i = 0; i < 256; i++) {
		model__set_desc(m, q, i, MODEL_DATA, 1, 0, 0);
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

	bring_up(m);
	open_ports(m);
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (u8)(i / 7);
	assert_int_equal(feed(m, 1, big, sizeof(big)), 0);
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
	assert_int_equal(feed(m, 1, big, 0), 0);
	assert_false(model__reap(m, q, &id, &len));
	assert_false(m->line);
}

static void receive_waits_for_buffers(void **state)
{
	struct model *m = *state;
	static u8 buf[BACKLOG_SIZE + 1];
	u32 q = VCON_Q_RX2, id, len, got = 0;
	u64 kicks;

	bring_up(m);
	open_ports(m);
	/* Take the device's sixteen pages away. */
	for (int i = 0; i < 16; i++)
		assert_int_equal(feed(m, 2, "!", 1), 0);
	while (model__reap(m, q, &id, &len))
		;
	model__ack(m);
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (u8)(i * 11);
	assert_int_equal(feed(m, 2, buf, sizeof(buf)), -ENOSPC);
	assert_int_equal(feed(m, 2, buf, BACKLOG_SIZE), 0);
	assert_int_equal(feed(m, 2, buf, 1), -ENOSPC);
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
	assert_int_equal(feed(m, 2, buf, 100), 0);
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
	model__set_desc(m, q, 0, MODEL_DATA + 8, 2,
			VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1);
	model__set_desc(m, q, 1, MODEL_DATA, 8, VRING_DESC_F_WRITE, 0);
	model__offer(m, q, 0);
	assert_int_equal(feed(m, 0, "hello", 5), 0);
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
	assert_int_equal(feed(m, 0, "in", 2), 0);
	assert_true(model__reap(m, VCON_Q_RX0, &id, &len));
	assert_int_equal(len, 2);
	assert_int_equal(feed(m, 1, "in", 2), -EAGAIN);
	/* There is no control queue in that world. */
	model__set_desc(m, VCON_Q_CTL_TX, 0, 0xf0000, 8, 0, 0);
	model__offer(m, VCON_Q_CTL_TX, 0);
	model__notify(m, VCON_Q_CTL_TX);
	assert_int_equal(model__used(m, VCON_Q_CTL_TX)->idx, 0);
	assert_int_equal(model__counters(m).broken, 0);
}

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

	bring_up(m);
	for (size_t i = 0; i < ARRAY_SIZE(junk); i++)
		model__send_ctl(m, junk[i].id, junk[i].event, junk[i].value);
	/* Too short to be one, all but the last byte of DEVICE_READY even. */
	memcpy(m->mem + MODEL_DATA, "\xff\xff\xff\xff\0\0\1\0", 8);
	for (u32 len = 1; len < sizeof(struct virtio_console_control); len++)
		model__send_at(m, VCON_Q_CTL_TX, MODEL_DATA, len);
	no_more_ctl(m);
	assert_int_equal(model__counters(m).broken, 0);
	assert_int_equal(feed(m, 0, "x", 1), -EAGAIN);
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
		assert_int_equal(next_ctl(m, name).event,
				 VIRTIO_CONSOLE_PORT_ADD);
	no_more_ctl(m);
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
	assert_int_equal(feed(m, 1, "x", 1), -EAGAIN);
	assert_int_equal(model__counters(m).kicks, c.kicks);
	assert_int_equal(model__counters(m).broken, times);
	assert_false(m->line);
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
	u64 times = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		for (u32 q = 0; q < VCON_Q_NR; q++) {
			struct vring_desc d = bad[i];

			model__probe(m);
			model__send_ctl(m, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
			if (q == VCON_Q_CTL_RX)
				model__send_ctl(m, 0, VIRTIO_CONSOLE_PORT_READY,
						1);
			else if (!(q & 1))
				model__send_ctl(m, q ? q / 2 - 1 : 0,
						VIRTIO_CONSOLE_PORT_OPEN, 1);
			if (!(q & 1) && q != VCON_Q_CTL_RX)
				feed(m, q ? q / 2 - 1 : 0, "data", 4);
			d.flags |= q & 1 ? 0 : VRING_DESC_F_WRITE;
			model__desc(m, q)[0] = d;
			model__offer(m, q, 0);
			model__notify(m, q);
			expect_broken(m, ++times);
		}
	}
	assert_int_equal(m->out_nr[VM_STREAM_BULK], 0);
	bring_up(m);
}

static void wrong_direction_needs_reset(void **state)
{
	struct model *m = *state;

	model__probe(m);
	model__set_desc(m, VCON_Q_TX1, 0, MODEL_DATA, 8, VRING_DESC_F_WRITE, 0);
	model__offer(m, VCON_Q_TX1, 0);
	model__notify(m, VCON_Q_TX1);
	expect_broken(m, 1);

	model__probe(m);
	model__send_ctl(m, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	model__set_desc(m, VCON_Q_RX1, 0, MODEL_DATA, 8, 0, 0);
	model__offer(m, VCON_Q_RX1, 0);
	assert_int_equal(feed(m, 1, "x", 1), 0);
	expect_broken(m, 2);

	/* Both directions in one buffer, both ways. */
	for (u32 q = VCON_Q_RX1; q <= VCON_Q_TX1; q++) {
		model__probe(m);
		model__send_ctl(m, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
		model__set_desc(m, q, 0, MODEL_DATA, 8, VRING_DESC_F_NEXT, 1);
		model__set_desc(m, q, 1, MODEL_DATA, 8, VRING_DESC_F_WRITE, 0);
		model__offer(m, q, 0);
		model__notify(m, q);
		assert_int_equal(feed(m, 1, "x", 1),
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
			model__set_desc(m, q, i, MODEL_DATA, 0x1000,
					i < 255 ? VRING_DESC_F_NEXT : 0, i + 1);
		model__desc(m, q)[100].len += extra;
		model__offer(m, q, 0);
		model__notify(m, q);
		assert_int_equal(m->out_nr[VM_STREAM_BULK], MIB(1));
	}
	expect_broken(m, 1);
}

static void reset_in_the_middle(void **state)
{
	struct model *m = *state;
	u32 id, len;

	for (int i = 0; i < 3; i++) {
		bring_up(m);
		open_ports(m);
		assert_int_equal(feed(m, 1, "old", 3), 0);
		while (feed(m, 1, "old", 3) == 0)
			; /* until buffers and backlog are full */
		model__out(m, VIRTIO_MMIO_STATUS, 0);
		assert_false(m->line);
		assert_int_equal(feed(m, 1, "x", 1), -EAGAIN);
		for (u32 q = 0; q < VCON_Q_NR; q++)
			model__notify(m, q);
	}
	bring_up(m);
	open_ports(m);
	assert_false(model__reap(m, VCON_Q_RX1, &id, &len));
	assert_int_equal(feed(m, 1, "new", 3), 0);
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
		bring_up(m);
		for (int n = 0; n < 100; n++)
			model__send_at(m, VCON_Q_TX1, MODEL_DATA, 1);
		assert_false(m->line);
	}
}

/* Shadow of the random walk: what each port must carry. */
struct shadow {
	u32 tx_sent[PORTS];
	u32 rx_fed[PORTS], rx_got[PORTS];
	u32 tx_off[PORTS]; /* pattern position of out[][0] */
	unsigned int seed;
};

static u8 pattern(u32 port, u32 pos)
{
	return (u8)(pos * 31 + (pos >> 8) + port * 101);
}

static void walk_tx(struct model *m, struct shadow *s, u32 p)
{
	u32 len = 1 + (u32)rand_r(&s->seed) % 0x2000;
	enum vm_stream st = stream_of[p];

	for (u32 i = 0; i < len; i++)
		m->mem[0xf0000 + i] = pattern(p, s->tx_sent[p] + i);
	model__send_at(m, tx_queue[p], 0xf0000, len);
	s->tx_sent[p] += len;
	assert_int_equal(m->out_nr[st], s->tx_sent[p] - s->tx_off[p]);
	for (size_t i = 0; i < m->out_nr[st]; i++)
		assert_int_equal(m->out[st][i],
				 pattern(p, s->tx_off[p] + (u32)i));
	s->tx_off[p] = s->tx_sent[p];
	m->out_nr[st] = 0;
}

static void walk_feed(struct model *m, struct shadow *s, u32 p)
{
	u32 len = (u32)rand_r(&s->seed) % 0x3000;
	u8 buf[0x3000];
	int err;

	for (u32 i = 0; i < len; i++)
		buf[i] = pattern(p, s->rx_fed[p] + i);
	err = feed(m, p, buf, len);
	if (!err)
		s->rx_fed[p] += len;
	else
		assert_int_equal(err, -ENOSPC);
}

static void walk_read(struct model *m, struct shadow *s, u32 p)
{
	int n = rand_r(&s->seed) % 20;
	u32 q = rx_queue[p], id, len;

	if (m->line)
		model__ack(m);
	while (n-- && model__reap(m, q, &id, &len)) {
		const u8 *buf = m->mem + model__rx_addr(q, (u16)id);

		for (u32 i = 0; i < len; i++)
			assert_int_equal(buf[i], pattern(p, s->rx_got[p] + i));
		s->rx_got[p] += len;
		assert_true(s->rx_got[p] <= s->rx_fed[p]);
		model__give_rx(m, q, (u16)id,
			       1 + (u32)rand_r(&s->seed) % 0x1000);
	}
}

static void walk_reset(struct model *m, struct shadow *s)
{
	model__out(m, VIRTIO_MMIO_STATUS, 0);
	bring_up(m);
	open_ports(m);
	for (u32 p = 0; p < PORTS; p++)
		s->rx_got[p] = s->rx_fed[p];
}

static void random_walk(void **state)
{
	struct model *m = *state;
	const char *env = getenv("KTSTR_SEED");
	struct shadow s = { 0 };

	s.seed = env ? (unsigned int)strtoul(env, NULL, 0)
		     : (unsigned int)time(NULL);
	print_message("# seed %u (KTSTR_SEED repeats it)\n", s.seed);
	walk_reset(m, &s);
	for (int i = 0; i < 5000; i++) {
		u32 p = (u32)rand_r(&s.seed) % PORTS;

		switch (rand_r(&s.seed) % 8) {
		case 0:
		case 1:
			walk_tx(m, &s, p);
			break;
		case 2:
		case 3:
			walk_feed(m, &s, p);
			break;
		case 4:
			if (rand_r(&s.seed) % 100 == 0)
				walk_reset(m, &s);
			break;
		default:
			walk_read(m, &s, p);
			break;
		}
	}
	/* Once everybody reads on, nothing is left behind. */
	for (u32 p = 0; p < PORTS; p++)
		for (int i = 0; i < 100000 && s.rx_got[p] < s.rx_fed[p]; i++)
			walk_read(m, &s, p);
	for (u32 p = 0; p < PORTS; p++)
		assert_int_equal(s.rx_got[p], s.rx_fed[p]);
	assert_int_equal(model__counters(m).broken, 0);
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
		T(junk_control_messages),
		T(control_flood_is_bounded),
		T(broken_rings_need_reset),
		T(wrong_direction_needs_reset),
		T(transmit_chain_is_bounded),
		T(reset_in_the_middle),
		T(reset_forgets_unreported_buffers),
		T(random_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
