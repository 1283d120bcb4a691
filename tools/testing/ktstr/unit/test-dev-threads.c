// SPDX-License-Identifier: GPL-2.0
/*
 * Devices under several vCPU threads and the main loop at once: one thread
 * per console port transmits, one feeds input, one serves interrupts, two
 * write to the serial ports. Meant for SAN=thread, and checks that no byte
 * is lost or reordered without it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "virtio-model.h"

#define ROUNDS 2000u
#define CHUNK 64u

/* cmocka's checks are for the main thread: workers count what went wrong. */
struct worker {
	struct model *m;
	u32 id;
	u32 errors;
	pthread_t thread;
};

static void access_dev(struct worker *w, enum dev_id id, u32 off, u32 *val,
		       unsigned int len, bool write)
{
	const struct dev_desc *d = &dev_descs[id];

	w->errors += !devs__access(&w->m->set, d->bus, d->base + off, val, len,
				   write);
}

static void *transmit(void *arg)
{
	struct worker *w = arg;
	u32 q = model_ports[w->id].tx;
	u64 addr = 0xf0000 + w->id * 0x1000u;
	struct vring_used *used = model__used(w->m, q);

	for (u32 n = 0; n < ROUNDS; n++) {
		memset(w->m->mem + addr, (int)(n & 0xff), CHUNK);
		model__set_desc(w->m, q, 0, DESC(addr, CHUNK, 0, 0));
		model__offer(w->m, q, 0);
		access_dev(w, DEV_CONSOLE, VIRTIO_MMIO_QUEUE_NOTIFY, &q, 4,
			   true);
		/* Taken when the notification returns. */
		w->errors += used->idx != (u16)(n + 1);
	}
	return NULL;
}

static void *serve_interrupts(void *arg)
{
	struct worker *w = arg;

	for (u32 n = 0; n < 4 * ROUNDS; n++) {
		u32 status = 0;

		access_dev(w, DEV_CONSOLE, VIRTIO_MMIO_INTERRUPT_STATUS,
			   &status, 4, false);
		w->errors += status > VIRTIO_MMIO_INT_VRING;
		access_dev(w, DEV_CONSOLE, VIRTIO_MMIO_INTERRUPT_ACK, &status,
			   4, true);
	}
	return NULL;
}

static void *feed_input(void *arg)
{
	struct worker *w = arg;
	u8 byte = 'i';

	/* Buffers are there for 16, the backlog takes the others. */
	for (u32 n = 0; n < ROUNDS; n++)
		w->errors += model__feed(w->m, n % MODEL_PORTS, &byte, 1) != 0;
	return NULL;
}

static void *write_serial(void *arg)
{
	struct worker *w = arg;
	enum dev_id id = w->id ? DEV_COM2 : DEV_COM1;

	for (u32 n = 0; n < ROUNDS * 8; n++) {
		u32 c = n & 0xff;

		access_dev(w, id, 0, &c, 1, true);
	}
	return NULL;
}

static void all_at_once(void **state)
{
	static void *(*const body[])(void *) = {
		transmit,   transmit,	      transmit,	    write_serial,
		feed_input, serve_interrupts, write_serial,
	};
	static const u32 id[ARRAY_SIZE(body)] = { 0, 1, 2, 0, 0, 0, 1 };
	struct worker w[ARRAY_SIZE(body)];
	struct model *m = *state;

	model__bring_up(m);
	model__open_ports(m);
	for (size_t i = 0; i < ARRAY_SIZE(body); i++) {
		w[i] = (struct worker){ .m = m, .id = id[i] };
		assert_int_equal(
			pthread_create(&w[i].thread, NULL, body[i], &w[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(body); i++) {
		pthread_join(w[i].thread, NULL);
		assert_int_equal(w[i].errors, 0);
	}
	devs__flush(&m->set);
	for (u32 p = 0; p < MODEL_PORTS; p++) {
		enum vm_stream s = model_ports[p].stream;

		assert_int_equal(m->out_nr[s], ROUNDS * CHUNK);
		for (u32 i = 0; i < ROUNDS * CHUNK; i++)
			assert_int_equal(m->out[s][i], i / CHUNK & 0xff);
	}
	for (int s = VM_STREAM_COM1; s <= VM_STREAM_COM2; s++) {
		assert_int_equal(m->out_nr[s], ROUNDS * 8);
		for (u32 i = 0; i < ROUNDS * 8; i++)
			assert_int_equal(m->out[s][i], i & 0xff);
	}
	assert_int_equal(model__counters(m).broken, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_at_once, model__setup,
						model__teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
