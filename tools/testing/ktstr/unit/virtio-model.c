// SPDX-License-Identifier: GPL-2.0
/* The model driver: linked into every unit test, used by the virtio ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "virtio-model.h"

const struct model_port model_ports[MODEL_PORTS] = {
	{ VCON_Q_RX0, VCON_Q_TX0, VM_STREAM_HVC0 },
	{ VCON_Q_RX1, VCON_Q_TX1, VM_STREAM_BULK },
	{ VCON_Q_RX2, VCON_Q_TX2, VM_STREAM_STATS },
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
	m->last_ptr[stream] = buf;
	m->outputs[stream]++;
}

static void model__on_shutdown(void *ctx, enum vm_exit_reason reason)
{
	(void)ctx;
	fail_msg("shutdown %d", (int)reason);
}

int model__setup(void **state)
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

int model__teardown(void **state)
{
	struct model *m = *state;

	devs__unrealize(&m->set);
	for (int i = 0; i < VM_STREAM_NR; i++)
		free(m->out[i]);
	free(m->mem);
	free(m);
	return 0;
}

u64 model__reg_addr(u32 off)
{
	return dev_descs[DEV_CONSOLE].base + off;
}

u32 model__in(struct model *m, u32 off)
{
	u32 val = 0;

	assert_true(devs__access(&m->set, DEV_MMIO, model__reg_addr(off), &val,
				 4, false));
	return val;
}

void model__out(struct model *m, u32 off, u32 val)
{
	assert_true(devs__access(&m->set, DEV_MMIO, model__reg_addr(off), &val,
				 4, true));
}

struct vring_desc *model__desc(struct model *m, u32 q)
{
	return (void *)(m->mem + q * MODEL_QUEUE_SPAN);
}

struct vring_avail *model__avail(struct model *m, u32 q)
{
	return (void *)(m->mem + q * MODEL_QUEUE_SPAN + MODEL_AVAIL_OFF);
}

struct vring_used *model__used(struct model *m, u32 q)
{
	return (void *)(m->mem + q * MODEL_QUEUE_SPAN + MODEL_USED_OFF);
}

u32 model__negotiate(struct model *m, u64 features)
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

void model__place(struct model *m, u32 q, u16 num, u64 desc, u64 avail,
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

void model__add_queue(struct model *m, u32 q)
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

void model__driver_ok(struct model *m)
{
	u32 status = model__in(m, VIRTIO_MMIO_STATUS);

	model__out(m, VIRTIO_MMIO_STATUS, status | VIRTIO_CONFIG_S_DRIVER_OK);
	assert_true(model__in(m, VIRTIO_MMIO_STATUS) &
		    VIRTIO_CONFIG_S_DRIVER_OK);
}

void model__probe(struct model *m)
{
	assert_true(model__negotiate(m, MODEL_FEATURES) &
		    VIRTIO_CONFIG_S_FEATURES_OK);
	for (u32 q = 0; q < VCON_Q_NR; q++)
		model__add_queue(m, q);
	model__driver_ok(m);
}

void model__set_desc(struct model *m, u32 q, u16 i, struct vring_desc d)
{
	model__desc(m, q)[i] = d;
}

void model__offer(struct model *m, u32 q, u16 head)
{
	struct model_queue *mq = &m->q[q];
	struct vring_avail *avail = model__avail(m, q);

	avail->ring[mq->avail_idx % mq->num] = head;
	avail->idx = ++mq->avail_idx;
}

void model__notify(struct model *m, u32 q)
{
	model__out(m, VIRTIO_MMIO_QUEUE_NOTIFY, q);
}

void model__kick(struct model *m, u32 q)
{
	if (!(model__used(m, q)->flags & VRING_USED_F_NO_NOTIFY))
		model__notify(m, q);
}

bool model__reap(struct model *m, u32 q, u32 *ret_id, u32 *ret_len)
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

void model__send_at(struct model *m, u32 q, u64 addr, u32 len)
{
	u32 id, used;

	model__set_desc(m, q, 0, DESC(addr, len, 0, 0));
	model__offer(m, q, 0);
	model__kick(m, q);
	assert_true(model__reap(m, q, &id, &used));
	assert_int_equal(id, 0);
	assert_int_equal(used, 0);
	assert_false(model__reap(m, q, &id, &used));
}

void model__send_ctl(struct model *m, u32 port, u16 event, u16 value)
{
	struct virtio_console_control msg = {
		.id = port,
		.event = event,
		.value = value,
	};

	memcpy(m->mem + MODEL_DATA, &msg, sizeof(msg));
	model__send_at(m, VCON_Q_CTL_TX, MODEL_DATA, sizeof(msg));
}

u64 model__rx_addr(u32 q, u16 i)
{
	return MODEL_DATA + 0x1000 + (q * 16u + i) * 0x1000u;
}

void model__give_rx(struct model *m, u32 q, u16 i, u32 len)
{
	model__set_desc(m, q, i,
			DESC(model__rx_addr(q, i), len, VRING_DESC_F_WRITE, 0));
	model__offer(m, q, i);
	model__kick(m, q);
}

void model__fill_rx(struct model *m, u32 q)
{
	for (u16 i = 0; i < m->q[q].num; i++)
		model__give_rx(m, q, i, 0x1000);
}

u32 model__ack(struct model *m)
{
	u32 status = model__in(m, VIRTIO_MMIO_INTERRUPT_STATUS);

	assert_int_equal(m->line, status != 0);
	model__out(m, VIRTIO_MMIO_INTERRUPT_ACK, status);
	assert_false(m->line);
	return status;
}

struct vcon_counters model__counters(struct model *m)
{
	struct vcon_counters c;

	vcon__counters(&m->set.dev[DEV_CONSOLE], &c);
	return c;
}

struct virtio_console_control model__next_ctl(struct model *m, char *ret_name)
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

void model__expect_ctl(struct model *m, u32 port, u16 event, const char *name)
{
	char got[32];
	struct virtio_console_control msg = model__next_ctl(m, got);

	assert_int_equal(msg.id, port);
	assert_int_equal(msg.event, event);
	assert_int_equal(msg.value, 1);
	assert_string_equal(got, name);
}

void model__no_more_ctl(struct model *m)
{
	u32 id, len;

	assert_false(model__reap(m, VCON_Q_CTL_RX, &id, &len));
}

void model__bring_up(struct model *m)
{
	model__probe(m);
	model__fill_rx(m, VCON_Q_CTL_RX);
	model__send_ctl(m, 0xffffffff, VIRTIO_CONSOLE_DEVICE_READY, 1);
	for (u32 p = 0; p < MODEL_PORTS; p++)
		model__expect_ctl(m, p, VIRTIO_CONSOLE_PORT_ADD, "");
	for (u32 p = 0; p < MODEL_PORTS; p++) {
		model__fill_rx(m, model_ports[p].rx);
		model__send_ctl(m, p, VIRTIO_CONSOLE_PORT_READY, 1);
	}
	model__expect_ctl(m, 0, VIRTIO_CONSOLE_CONSOLE_PORT, "");
	model__expect_ctl(m, 0, VIRTIO_CONSOLE_PORT_OPEN, "");
	model__expect_ctl(m, 1, VIRTIO_CONSOLE_PORT_NAME, "ktstr.bulk");
	model__expect_ctl(m, 1, VIRTIO_CONSOLE_PORT_OPEN, "");
	model__expect_ctl(m, 2, VIRTIO_CONSOLE_PORT_NAME, "ktstr.stats");
	model__expect_ctl(m, 2, VIRTIO_CONSOLE_PORT_OPEN, "");
	model__no_more_ctl(m);
	model__ack(m);
}

void model__open_ports(struct model *m)
{
	for (u32 p = 0; p < MODEL_PORTS; p++)
		model__send_ctl(m, p, VIRTIO_CONSOLE_PORT_OPEN, 1);
}

int model__feed(struct model *m, u32 port, const void *buf, size_t len)
{
	return devs__input(&m->set, model_ports[port].stream, buf, len);
}
