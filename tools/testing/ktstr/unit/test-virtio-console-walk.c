// SPDX-License-Identifier: GPL-2.0
/*
 * Random traffic on all ports against a shadow of every byte: nothing is
 * lost, doubled or reordered, with buffers of any size and resets between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include "virtio-model.h"

/* Shadow of the random walk: what each port must carry. */
struct shadow {
	u32 tx_sent[MODEL_PORTS];
	u32 rx_fed[MODEL_PORTS], rx_got[MODEL_PORTS];
	u32 tx_off[MODEL_PORTS]; /* pattern position of out[][0] */
	unsigned int seed;
};

static u8 pattern(u32 port, u32 pos)
{
	return (u8)(pos * 31 + (pos >> 8) + port * 101);
}

static void walk_tx(struct model *m, struct shadow *s, u32 p)
{
	u32 len = 1 + (u32)rand_r(&s->seed) % 0x2000;
	enum vm_stream st = model_ports[p].stream;

	for (u32 i = 0; i < len; i++)
		m->mem[0xf0000 + i] = pattern(p, s->tx_sent[p] + i);
	model__send_at(m, model_ports[p].tx, 0xf0000, len);
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
	err = model__feed(m, p, buf, len);
	if (!err)
		s->rx_fed[p] += len;
	else
		assert_int_equal(err, -ENOSPC);
}

static void walk_read(struct model *m, struct shadow *s, u32 p)
{
	int n = rand_r(&s->seed) % 20;
	u32 q = model_ports[p].rx, id, len;

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
	model__bring_up(m);
	model__open_ports(m);
	for (u32 p = 0; p < MODEL_PORTS; p++)
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
		u32 p = (u32)rand_r(&s.seed) % MODEL_PORTS;

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
	for (u32 p = 0; p < MODEL_PORTS; p++)
		for (int i = 0; i < 100000 && s.rx_got[p] < s.rx_fed[p]; i++)
			walk_read(m, &s, p);
	for (u32 p = 0; p < MODEL_PORTS; p++)
		assert_int_equal(s.rx_got[p], s.rx_fed[p]);
	assert_int_equal(model__counters(m).broken, 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, model__setup, model__teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(random_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
