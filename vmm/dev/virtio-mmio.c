// SPDX-License-Identifier: GPL-2.0
/*
 * virtio-mmio registers: a table of what each offset reads and writes. Called
 * on vCPU threads through the devices that embed the transport.
 *
 * The interrupt line follows InterruptStatus: up while any bit is set, down
 * once the driver has acknowledged them all.
 */
#include "vmm/dev/virtio-mmio.h"

#include <linux/virtio_mmio.h>

#define MMIO_MAGIC 0x74726976u /* "virt" */
#define MMIO_VERSION 2u
#define MMIO_VENDOR 0x5254534bu /* "KSTR" */

/* Shared memory regions we do not have report this length and base. */
#define MMIO_NO_SHM 0xffffffffu

static void update_irq(struct virtio_mmio *m)
{
	const struct dev_host *host = m->dev->host;
	bool level = m->int_status != 0;

	if (level == m->irq_level)
		return;
	m->irq_level = level;
	host->irq(host->ctx, m->dev->desc->gsi, level);
}

static void raise_bit(struct virtio *v, u32 bit)
{
	struct virtio_mmio *m = container_of(v, struct virtio_mmio, virtio);

	m->int_status |= bit;
	update_irq(m);
}

static void queue_irq(struct virtio *v)
{
	raise_bit(v, VIRTIO_MMIO_INT_VRING);
}

static void config_irq(struct virtio *v)
{
	raise_bit(v, VIRTIO_MMIO_INT_CONFIG);
}

static const struct virtio_tp_ops mmio_tp_ops = {
	.queue_irq = queue_irq,
	.config_irq = config_irq,
};

/* The selected queue, NULL when the selector is out of range. */
static struct virtq *selected(struct virtio_mmio *m)
{
	if (m->queue_sel >= m->virtio.ops->nr_queues)
		return NULL;
	return &m->virtio.vq[m->queue_sel];
}

/* The selected queue if the driver may place it now. */
static struct virtq *placeable(struct virtio_mmio *m)
{
	struct virtq *vq = selected(m);

	if (!vq || vq->ready || !virtio__may_configure(&m->virtio))
		return NULL;
	return vq;
}

static void set_half(u64 *val, u32 half, u32 bits)
{
	*val = (*val & ~(0xffffffffULL << (32 * half))) |
	       (u64)bits << (32 * half);
}

static u32 read_magic(struct virtio_mmio *m)
{
	(void)m;
	return MMIO_MAGIC;
}

static u32 read_version(struct virtio_mmio *m)
{
	(void)m;
	return MMIO_VERSION;
}

static u32 read_device_id(struct virtio_mmio *m)
{
	return m->virtio.ops->id;
}

static u32 read_vendor(struct virtio_mmio *m)
{
	(void)m;
	return MMIO_VENDOR;
}

static u32 read_device_features(struct virtio_mmio *m)
{
	if (m->device_features_sel > 1)
		return 0;
	return (u32)(virtio__features(&m->virtio) >>
		     (32 * m->device_features_sel));
}

static void write_device_features_sel(struct virtio_mmio *m, u32 val)
{
	m->device_features_sel = val;
}

static void write_driver_features(struct virtio_mmio *m, u32 val)
{
	u64 features = m->virtio.driver_features;

	if (m->driver_features_sel > 1)
		return;
	set_half(&features, m->driver_features_sel, val);
	virtio__set_features(&m->virtio, features);
}

static void write_driver_features_sel(struct virtio_mmio *m, u32 val)
{
	m->driver_features_sel = val;
}

static void write_queue_sel(struct virtio_mmio *m, u32 val)
{
	m->queue_sel = val;
}

static u32 read_queue_num_max(struct virtio_mmio *m)
{
	struct virtq *vq = selected(m);

	return vq ? vq->num_max : 0;
}

static void write_queue_num(struct virtio_mmio *m, u32 val)
{
	struct virtq *vq = placeable(m);

	/* An impossible size is found when the queue is made ready. */
	if (vq)
		vq->num = val > vq->num_max ? 0 : (u16)val;
}

static u32 read_queue_ready(struct virtio_mmio *m)
{
	struct virtq *vq = selected(m);

	return vq && vq->ready;
}

static void write_queue_ready(struct virtio_mmio *m, u32 val)
{
	struct virtq *vq = selected(m);

	if (!val) {
		if (vq)
			virtq__reset(vq);
		return;
	}
	vq = placeable(m);
	if (vq && virtq__enable(vq, m->virtio.gmem))
		virtio__break(&m->virtio);
}

static void write_queue_notify(struct virtio_mmio *m, u32 val)
{
	struct virtio *v = &m->virtio;

	if (val < v->ops->nr_queues && virtio__is_live(v))
		v->ops->kick(v, val);
}

static u32 read_int_status(struct virtio_mmio *m)
{
	return m->int_status;
}

static void write_int_ack(struct virtio_mmio *m, u32 val)
{
	m->int_status &= ~val;
	update_irq(m);
}

static u32 read_status(struct virtio_mmio *m)
{
	return m->virtio.status;
}

static void write_status(struct virtio_mmio *m, u32 val)
{
	if (val & ~0xffu)
		return;
	virtio__set_status(&m->virtio, (u8)val);
	if (val)
		return;
	/* That was a reset: the transport's own state goes as well. */
	m->device_features_sel = 0;
	m->driver_features_sel = 0;
	m->queue_sel = 0;
	m->int_status = 0;
	update_irq(m);
}

#define WRITE_ADDR(name, field, half)                            \
	static void write_##name(struct virtio_mmio *m, u32 val) \
	{                                                        \
		struct virtq *vq = placeable(m);                 \
                                                                 \
		if (vq)                                          \
			set_half(&vq->field, half, val);         \
	}

WRITE_ADDR(desc_low, desc_gpa, 0)
WRITE_ADDR(desc_high, desc_gpa, 1)
WRITE_ADDR(avail_low, avail_gpa, 0)
WRITE_ADDR(avail_high, avail_gpa, 1)
WRITE_ADDR(used_low, used_gpa, 0)
WRITE_ADDR(used_high, used_gpa, 1)

static u32 read_no_shm(struct virtio_mmio *m)
{
	(void)m;
	return MMIO_NO_SHM;
}

/* Configuration never changes while a driver looks: one generation. */
static u32 read_generation(struct virtio_mmio *m)
{
	(void)m;
	return 0;
}

struct mmio_reg {
	u32 (*read)(struct virtio_mmio *m);
	void (*write)(struct virtio_mmio *m, u32 val);
};

#define REG(name, ...) [VIRTIO_MMIO_##name / 4] = { __VA_ARGS__ }
static const struct mmio_reg mmio_regs[VIRTIO_MMIO_CONFIG / 4] = {
	REG(MAGIC_VALUE, .read = read_magic),
	REG(VERSION, .read = read_version),
	REG(DEVICE_ID, .read = read_device_id),
	REG(VENDOR_ID, .read = read_vendor),
	REG(DEVICE_FEATURES, .read = read_device_features),
	REG(DEVICE_FEATURES_SEL, .write = write_device_features_sel),
	REG(DRIVER_FEATURES, .write = write_driver_features),
	REG(DRIVER_FEATURES_SEL, .write = write_driver_features_sel),
	REG(QUEUE_SEL, .write = write_queue_sel),
	REG(QUEUE_NUM_MAX, .read = read_queue_num_max),
	REG(QUEUE_NUM, .write = write_queue_num),
	REG(QUEUE_READY, .read = read_queue_ready, .write = write_queue_ready),
	REG(QUEUE_NOTIFY, .write = write_queue_notify),
	REG(INTERRUPT_STATUS, .read = read_int_status),
	REG(INTERRUPT_ACK, .write = write_int_ack),
	REG(STATUS, .read = read_status, .write = write_status),
	REG(QUEUE_DESC_LOW, .write = write_desc_low),
	REG(QUEUE_DESC_HIGH, .write = write_desc_high),
	REG(QUEUE_AVAIL_LOW, .write = write_avail_low),
	REG(QUEUE_AVAIL_HIGH, .write = write_avail_high),
	REG(QUEUE_USED_LOW, .write = write_used_low),
	REG(QUEUE_USED_HIGH, .write = write_used_high),
	REG(SHM_LEN_LOW, .read = read_no_shm),
	REG(SHM_LEN_HIGH, .read = read_no_shm),
	REG(SHM_BASE_LOW, .read = read_no_shm),
	REG(SHM_BASE_HIGH, .read = read_no_shm),
	REG(CONFIG_GENERATION, .read = read_generation),
};
#undef REG

static const struct mmio_reg *find_reg(u64 off, unsigned int len)
{
	return len == 4 && off % 4 == 0 ? &mmio_regs[off / 4] : NULL;
}

static void read_config(struct virtio_mmio *m, u64 off, void *data, u32 len)
{
	const struct virtio_dev_ops *ops = m->virtio.ops;

	if (off < ops->config_len && len <= ops->config_len - off)
		ops->config_read(&m->virtio, (u32)off, data, len);
}

void virtio_mmio__read(struct virtio_mmio *m, u64 off, void *data,
		       unsigned int len)
{
	const struct mmio_reg *reg;
	u32 val;

	memset(data, 0xff, len);
	pthread_mutex_lock(&m->lock);
	if (off >= VIRTIO_MMIO_CONFIG) {
		read_config(m, off - VIRTIO_MMIO_CONFIG, data, len);
	} else if ((reg = find_reg(off, len)) && reg->read) {
		val = reg->read(m);
		memcpy(data, &val, sizeof(val));
	}
	pthread_mutex_unlock(&m->lock);
}

void virtio_mmio__write(struct virtio_mmio *m, u64 off, const void *data,
			unsigned int len)
{
	const struct mmio_reg *reg;
	u32 val;

	/* No device of ours has a writable configuration field. */
	if (off >= VIRTIO_MMIO_CONFIG)
		return;
	reg = find_reg(off, len);
	if (!reg || !reg->write)
		return;
	memcpy(&val, data, sizeof(val));
	pthread_mutex_lock(&m->lock);
	reg->write(m, val);
	pthread_mutex_unlock(&m->lock);
}

void virtio_mmio__init(struct virtio_mmio *m, struct dev *dev,
		       const struct virtio_dev_ops *ops)
{
	*m = (struct virtio_mmio){ .dev = dev };
	dev_lock__init(&m->lock);
	virtio__init(&m->virtio, ops, &mmio_tp_ops, dev->host->gmem);
}

void virtio_mmio__fini(struct virtio_mmio *m)
{
	pthread_mutex_destroy(&m->lock);
}
