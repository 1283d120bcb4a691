// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile driver of the virtio console. The input is a program: register
 * accesses, writes to ring memory, host input, and two shortcuts that bring
 * the device up and offer a buffer, without which random bytes would hardly
 * get past feature negotiation. Checked besides memory errors: output points
 * into guest memory, the interrupt line changes when it is told to.
 */
#include <linux/virtio_config.h>
#include <linux/virtio_console.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>

#include "vmm/dev/dev.h"
#include "vmm/dev/virtio-console.h"

#define MEM_SIZE 0x10000u
#define QUEUE_SPAN 0x1000u
#define QUEUE_NUM 16u
#define AVAIL_OFF 0x400u
#define USED_OFF 0x800u

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

struct fuzz {
	const u8 *data;
	size_t len;
	u8 *mem;
	struct gmem gmem;
	struct dev_set set;
	bool line;
	u64 out_bytes;
};

static void require(bool cond)
{
	if (!cond)
		__builtin_trap();
}

static void on_irq(void *ctx, u32 gsi, bool level)
{
	struct fuzz *f = ctx;

	require(gsi == dev_descs[DEV_CONSOLE].gsi && level != f->line);
	f->line = level;
}

static void on_output(void *ctx, enum vm_stream stream, const void *buf,
		      size_t len)
{
	struct fuzz *f = ctx;
	const u8 *p = buf;

	require(stream >= VM_STREAM_HVC0 && stream <= VM_STREAM_STATS);
	require(len && p >= f->mem && len <= MEM_SIZE &&
		(size_t)(p - f->mem) <= MEM_SIZE - len);
	f->out_bytes += len;
}

static void on_shutdown(void *ctx, enum vm_exit_reason reason)
{
	(void)ctx;
	(void)reason;
	require(false);
}

/* The next @n input bytes as a little-endian number; zeroes at the end. */
static u64 take(struct fuzz *f, unsigned int n)
{
	u64 val = 0;

	for (unsigned int i = 0; i < n && f->len; i++, f->len--)
		val |= (u64)*f->data++ << (8 * i);
	return val;
}

static void out(struct fuzz *f, u32 off, u32 val)
{
	devs__access(&f->set, DEV_MMIO, dev_descs[DEV_CONSOLE].base + off, &val,
		     4, true);
}

static void bring_up(struct fuzz *f)
{
	u64 features = 1ULL << VIRTIO_F_VERSION_1 | take(f, 1);

	out(f, VIRTIO_MMIO_STATUS, 0);
	out(f, VIRTIO_MMIO_STATUS, 1);
	out(f, VIRTIO_MMIO_STATUS, 3);
	out(f, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	out(f, VIRTIO_MMIO_DRIVER_FEATURES, (u32)(features >> 32));
	out(f, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	out(f, VIRTIO_MMIO_DRIVER_FEATURES, (u32)features);
	out(f, VIRTIO_MMIO_STATUS, 11);
	memset(f->mem, 0, MEM_SIZE);
	for (u32 q = 0; q < VCON_Q_NR; q++) {
		u32 base = q * QUEUE_SPAN;

		out(f, VIRTIO_MMIO_QUEUE_SEL, q);
		out(f, VIRTIO_MMIO_QUEUE_NUM, QUEUE_NUM);
		out(f, VIRTIO_MMIO_QUEUE_DESC_LOW, base);
		out(f, VIRTIO_MMIO_QUEUE_AVAIL_LOW, base + AVAIL_OFF);
		out(f, VIRTIO_MMIO_QUEUE_USED_LOW, base + USED_OFF);
		out(f, VIRTIO_MMIO_QUEUE_READY, 1);
	}
	out(f, VIRTIO_MMIO_STATUS, 15);
}

/* One descriptor of any content, perhaps made available and notified. */
static void offer(struct fuzz *f)
{
	u8 how = (u8)take(f, 1), q = how % VCON_Q_NR, i = how / 16;
	u8 *ring = f->mem + q * QUEUE_SPAN;
	struct vring_desc d = {
		.addr = take(f, 2),
		.len = (u32)take(f, 2),
		.flags = (u16)take(f, 1),
		.next = (u16)take(f, 1),
	};
	u16 idx;

	memcpy(ring + i * sizeof(d), &d, sizeof(d));
	if (how & 8)
		return;
	memcpy(&idx, ring + AVAIL_OFF + 2, sizeof(idx));
	ring[AVAIL_OFF + 4 + 2 * (idx % QUEUE_NUM)] = i;
	ring[AVAIL_OFF + 4 + 2 * (idx % QUEUE_NUM) + 1] = 0;
	idx++;
	memcpy(ring + AVAIL_OFF + 2, &idx, sizeof(idx));
	out(f, VIRTIO_MMIO_QUEUE_NOTIFY, q);
}

static void control(struct fuzz *f)
{
	struct virtio_console_control msg = {
		.id = (u32)take(f, 1),
		.event = (u16)take(f, 1),
		.value = (u16)take(f, 1),
	};
	struct vring_desc d = { .addr = 0xf000, .len = sizeof(msg) };
	u8 *ring = f->mem + VCON_Q_CTL_TX * QUEUE_SPAN;
	u16 idx;

	memcpy(f->mem + d.addr, &msg, sizeof(msg));
	memcpy(ring, &d, sizeof(d));
	memcpy(&idx, ring + AVAIL_OFF + 2, sizeof(idx));
	memset(ring + AVAIL_OFF + 4 + 2 * (idx % QUEUE_NUM), 0, 2);
	idx++;
	memcpy(ring + AVAIL_OFF + 2, &idx, sizeof(idx));
	out(f, VIRTIO_MMIO_QUEUE_NOTIFY, VCON_Q_CTL_TX);
}

static void access_register(struct fuzz *f, bool write)
{
	u64 addr = dev_descs[DEV_CONSOLE].base + 2 * take(f, 1);
	u64 val = take(f, 4);

	devs__access(&f->set, DEV_MMIO, addr, &val, 1u << (take(f, 1) % 4),
		     write);
}

static void poke(struct fuzz *f)
{
	u64 addr = take(f, 2), n = take(f, 1) % 16;

	while (n--)
		f->mem[addr++ % MEM_SIZE] = (u8)take(f, 1);
}

static void input(struct fuzz *f)
{
	static const u8 zeroes[0x4000];
	u32 port = (u32)take(f, 1) % 4;

	devs__input(&f->set, (enum vm_stream)(VM_STREAM_HVC0 + port), zeroes,
		    take(f, 2) % sizeof(zeroes));
}

static void step(struct fuzz *f)
{
	switch (take(f, 1) % 8) {
	case 0:
		access_register(f, false);
		break;
	case 1:
		access_register(f, true);
		break;
	case 2:
		poke(f);
		break;
	case 3:
		input(f);
		break;
	case 4:
		control(f);
		break;
	case 5:
		bring_up(f);
		break;
	default:
		offer(f);
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct fuzz f = { .data = data, .len = len };
	struct dev_host host = {
		.gmem = &f.gmem,
		.irq = on_irq,
		.output = on_output,
		.shutdown = on_shutdown,
		.ctx = &f,
	};
	struct vcon_counters c;
	u32 status = 0;

	f.mem = aligned_alloc(4096, MEM_SIZE);
	require(f.mem != NULL);
	memset(f.mem, 0, MEM_SIZE);
	gmem__wrap(&f.gmem, f.mem, MEM_SIZE);
	require(!devs__realize(&f.set, &host, NULL));
	while (f.len) {
		step(&f);
		devs__access(&f.set, DEV_MMIO,
			     dev_descs[DEV_CONSOLE].base +
				     VIRTIO_MMIO_INTERRUPT_STATUS,
			     &status, 4, false);
		require(f.line == (status != 0));
	}
	vcon__counters(&f.set.dev[DEV_CONSOLE], &c);
	require(c.tx_bytes == f.out_bytes);
	devs__unrealize(&f.set);
	free(f.mem);
	return 0;
}
