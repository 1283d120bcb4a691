/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small virtio-mmio driver for tests of the console: rings in a byte
 * buffer, registers through devs__access(), and a host that records what
 * comes out. Included by one test program each, hence the statics.
 */
#ifndef UNIT_VIRTIO_MODEL_H
#define UNIT_VIRTIO_MODEL_H

#include <linux/virtio_config.h>
#include <linux/virtio_console.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>

#include "vmm/dev/dev.h"
#include "vmm/dev/virtio-console.h"

#define MODEL_MEM_SIZE 0x100000u
#define MODEL_QUEUE_SPAN 0x4000u /* guest memory of one queue's rings */
#define MODEL_AVAIL_OFF 0x2000u
#define MODEL_USED_OFF 0x3000u
#define MODEL_DATA 0x40000u /* buffers from here on */
#define MODEL_OUT_MAX 0x110000u

#define MODEL_FEATURES \
	(1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_CONSOLE_F_MULTIPORT)

struct model_queue {
	u16 num;
	u16 avail_idx;
	u16 used_seen;
};

struct model {
	u8 *mem;
	struct gmem gmem;
	struct dev_set set;
	struct model_queue q[VCON_Q_NR];
	/* What the host saw. */
	bool line;
	unsigned int line_ups;
	unsigned int outputs;
	const void *last_ptr;
	u8 *out[VM_STREAM_NR];
	size_t out_nr[VM_STREAM_NR];
};

static void model__on_irq(void *ctx, u32 gsi, bool level)
{
	struct model *m = ctx;

	assert_int_equal(gsi, dev_descs[DEV_CONSOLE].gsi);
	assert_true(level != m->line);
	m->line = level;
	m->line_ups += level;
}

static void model__on_output(void *ctx, enum vm_stream stream, const void *buf,
			     size_t len)
{
	struct model *m = ctx;

	assert_true(len > 0);
	assert_true(len <= MODEL_OUT_MAX - m->out_nr[stream]);
	memcpy(m->out[stream] + m->out_nr[stream], buf, len);
	m->out_nr[stream] += len;
	m->last_ptr = buf;
	m->outputs++;
}

static void model__on_shutdown(void *ctx, enum vm_exit_reason reason)
{
	(void)ctx;
	fail_msg("shutdown %d", (int)reason);
}

static int model__setup(void **state)
{
	struct model *m = calloc(1, sizeof(*m));
	struct dev_host host = {
		.irq = model__on_irq,
		.output = model__on_output,
		.shutdown = model__on_shutdown,
	};

	assert_non_null(m);
	m->mem = aligned_alloc(4096, MODEL_MEM_SIZE);
	assert_non_null(m->mem);
	memset(m->mem, 0, MODEL_MEM_SIZE);
	for (int i = 0; i < VM_STREAM_NR; i++) {
		m->out[i] = malloc(MODEL_OUT_MAX);
		assert_non_null(m->out[i]);
	}
	gmem__wrap(&m->gmem, m->mem, MODEL_MEM_SIZE);
	host.gmem = &m->gmem;
	host.ctx = m;
	assert_int_equal(devs__realize(&m->set, &host, NULL), 0);
	*state = m;
	return 0;
}

static int model__teardown(void **state)
{
	struct model *m = *state;

	devs__unrealize(&m->set);
	for (int i = 0; i < VM_STREAM_NR; i++)
		free(m->out[i]);
	free(m->mem);
	free(m);
	return 0;
}

static u64 model__reg_addr(u32 off)
{
	return dev_descs[DEV_CONSOLE].base + off;
}

static u32 model__in(struct model *m, u32 off)
{
	u32 val = 0;

	assert_true(devs__access(&m->set, DEV_MMIO, model__reg_addr(off), &val,
				 4, false));
	return val;
}

static void model__out(struct model *m, u32 off, u32 val)
{
	assert_true(devs__access(&m->set, DEV_MMIO, model__reg_addr(off), &val,
				 4, true));
}

static struct vring_desc *model__desc(struct model *m, u32 q)
{
	return (void *)(m->mem + q * MODEL_QUEUE_SPAN);
}

static struct vring_avail *model__avail(struct model *m, u32 q)
{
	return (void *)(m->mem + q * MODEL_QUEUE_SPAN + MODEL_AVAIL_OFF);
}

static struct vring_used *model__used(struct model *m, u32 q)
{
	return (void *)(m->mem + q * MODEL_QUEUE_SPAN + MODEL_USED_OFF);
}

/* Up to and including FEATURES_OK; returns the status read back. */
static u32 model__negotiate(struct model *m, u64 features)
{
	u32 status = VIRTIO_CONFIG_S_ACKNOWLEDGE;

	model__out(m, VIRTIO_MMIO_STATUS, 0);
	model__out(m, VIRTIO_MMIO_STATUS, status);
	status |= VIRTIO_CONFIG_S_DRIVER;
	model__out(m, VIRTIO_MMIO_STATUS, status);
	model__out(m, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	model__out(m, VIRTIO_MMIO_DRIVER_FEATURES, (u32)(features >> 32));
	model__out(m, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	model__out(m, VIRTIO_MMIO_DRIVER_FEATURES, (u32)features);
	status |= VIRTIO_CONFIG_S_FEATURES_OK;
	model__out(m, VIRTIO_MMIO_STATUS, status);
	return model__in(m, VIRTIO_MMIO_STATUS);
}

static void model__place(struct model *m, u32 q, u16 num, u64 desc, u64 avail,
			 u64 used)
{
	model__out(m, VIRTIO_MMIO_QUEUE_SEL, q);
	model__out(m, VIRTIO_MMIO_QUEUE_NUM, num);
	model__out(m, VIRTIO_MMIO_QUEUE_DESC_LOW, (u32)desc);
	model__out(m, VIRTIO_MMIO_QUEUE_DESC_HIGH, (u32)(desc >> 32));
	model__out(m, VIRTIO_MMIO_QUEUE_AVAIL_LOW, (u32)avail);
	model__out(m, VIRTIO_MMIO_QUEUE_AVAIL_HIGH, (u32)(avail >> 32));
	model__out(m, VIRTIO_MMIO_QUEUE_USED_LOW, (u32)used);
	model__out(m, VIRTIO_MMIO_QUEUE_USED_HIGH, (u32)(used >> 32));
	model__out(m, VIRTIO_MMIO_QUEUE_READY, 1);
}

/* Place queue @q where the model keeps it, in the size the device offers. */
static void model__add_queue(struct model *m, u32 q)
{
	u64 base = (u64)q * MODEL_QUEUE_SPAN;
	u16 num;

	memset(m->mem + base, 0, MODEL_QUEUE_SPAN);
	model__out(m, VIRTIO_MMIO_QUEUE_SEL, q);
	assert_int_equal(model__in(m, VIRTIO_MMIO_QUEUE_READY), 0);
	num = (u16)model__in(m, VIRTIO_MMIO_QUEUE_NUM_MAX);
	assert_true(num > 0 && num <= 256);
	model__place(m, q, num, base, base + MODEL_AVAIL_OFF,
		     base + MODEL_USED_OFF);
	assert_int_equal(model__in(m, VIRTIO_MMIO_QUEUE_READY), 1);
	m->q[q] = (struct model_queue){ .num = num };
}

static void model__driver_ok(struct model *m)
{
	u32 status = model__in(m, VIRTIO_MMIO_STATUS);

	model__out(m, VIRTIO_MMIO_STATUS, status | VIRTIO_CONFIG_S_DRIVER_OK);
	assert_true(model__in(m, VIRTIO_MMIO_STATUS) &
		    VIRTIO_CONFIG_S_DRIVER_OK);
}

/* What the Linux driver's probe does before its first message. */
static void model__probe(struct model *m)
{
	assert_true(model__negotiate(m, MODEL_FEATURES) &
		    VIRTIO_CONFIG_S_FEATURES_OK);
	for (u32 q = 0; q < VCON_Q_NR; q++)
		model__add_queue(m, q);
	model__driver_ok(m);
}

static void model__set_desc(struct model *m, u32 q, u16 i, u64 addr, u32 len,
			    u16 flags, u16 next)
{
	model__desc(m, q)[i] = (struct vring_desc){
		.addr = addr,
		.len = len,
		.flags = flags,
		.next = next,
	};
}

static void model__offer(struct model *m, u32 q, u16 head)
{
	struct model_queue *mq = &m->q[q];
	struct vring_avail *avail = model__avail(m, q);

	avail->ring[mq->avail_idx % mq->num] = head;
	avail->idx = ++mq->avail_idx;
}

static void model__notify(struct model *m, u32 q)
{
	model__out(m, VIRTIO_MMIO_QUEUE_NOTIFY, q);
}

/* As virtqueue_kick(): only when the device wants to hear. */
static void model__kick(struct model *m, u32 q)
{
	if (!(model__used(m, q)->flags & VRING_USED_F_NO_NOTIFY))
		model__notify(m, q);
}

/* The next used buffer; without one false and zeroes. */
static bool model__reap(struct model *m, u32 q, u32 *ret_id, u32 *ret_len)
{
	struct model_queue *mq = &m->q[q];
	struct vring_used *used = model__used(m, q);
	struct vring_used_elem e;

	*ret_id = 0;
	*ret_len = 0;
	if (used->idx == mq->used_seen)
		return false;
	e = used->ring[mq->used_seen++ % mq->num];
	*ret_id = e.id;
	*ret_len = e.len;
	return true;
}

/* One-descriptor transmit of bytes already in guest memory, spun for. */
static void model__send_at(struct model *m, u32 q, u64 addr, u32 len)
{
	u32 id, used;

	model__set_desc(m, q, 0, addr, len, 0, 0);
	model__offer(m, q, 0);
	model__kick(m, q);
	assert_true(model__reap(m, q, &id, &used));
	assert_int_equal(id, 0);
	assert_int_equal(used, 0);
	assert_false(model__reap(m, q, &id, &used));
}

static void model__send_ctl(struct model *m, u32 port, u16 event, u16 value)
{
	struct virtio_console_control msg = {
		.id = port,
		.event = event,
		.value = value,
	};

	memcpy(m->mem + MODEL_DATA, &msg, sizeof(msg));
	model__send_at(m, VCON_Q_CTL_TX, MODEL_DATA, sizeof(msg));
}

/* Where receive buffer @i of queue @q lives. */
static u64 model__rx_addr(u32 q, u16 i)
{
	return MODEL_DATA + 0x1000 + (q * 16u + i) * 0x1000u;
}

static void model__give_rx(struct model *m, u32 q, u16 i, u32 len)
{
	model__set_desc(m, q, i, model__rx_addr(q, i), len, VRING_DESC_F_WRITE,
			0);
	model__offer(m, q, i);
	model__kick(m, q);
}

static void model__fill_rx(struct model *m, u32 q)
{
	for (u16 i = 0; i < m->q[q].num; i++)
		model__give_rx(m, q, i, 0x1000);
}

/* Interrupt handler's register part; returns the causes. */
static u32 model__ack(struct model *m)
{
	u32 status = model__in(m, VIRTIO_MMIO_INTERRUPT_STATUS);

	assert_int_equal(m->line, status != 0);
	model__out(m, VIRTIO_MMIO_INTERRUPT_ACK, status);
	assert_false(m->line);
	return status;
}

static struct vcon_counters model__counters(struct model *m)
{
	struct vcon_counters c;

	vcon__counters(&m->set.dev[DEV_CONSOLE], &c);
	return c;
}

#endif /* UNIT_VIRTIO_MODEL_H */
