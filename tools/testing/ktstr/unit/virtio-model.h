/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small virtio-mmio driver for tests of the console: rings in a byte
 * buffer, registers through devs__access(), and a host that records what
 * comes out. The checks are cmocka's, so a test need not look at results.
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

#define MODEL_PORTS 3u

struct model_port {
	u32 rx, tx; /* queues */
	enum vm_stream stream;
};

extern const struct model_port model_ports[MODEL_PORTS];

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
	unsigned int outputs[VM_STREAM_NR];
	const void *last_ptr[VM_STREAM_NR];
	u8 *out[VM_STREAM_NR];
	size_t out_nr[VM_STREAM_NR];
};

int model__setup(void **state);
int model__teardown(void **state);
u64 model__reg_addr(u32 off);
u32 model__in(struct model *m, u32 off);
void model__out(struct model *m, u32 off, u32 val);
struct vring_desc *model__desc(struct model *m, u32 q);
struct vring_avail *model__avail(struct model *m, u32 q);
struct vring_used *model__used(struct model *m, u32 q);

/* Up to and including FEATURES_OK; returns the status read back. */
u32 model__negotiate(struct model *m, u64 features);
void model__place(struct model *m, u32 q, u16 num, u64 desc, u64 avail,
		  u64 used);

/* Place queue @q where the model keeps it, in the size the device offers. */
void model__add_queue(struct model *m, u32 q);
void model__driver_ok(struct model *m);

/* What the Linux driver's probe does before its first message. */
void model__probe(struct model *m);

#define DESC(addr, len, flags, next) \
	((struct vring_desc){ (addr), (len), (flags), (next) })
void model__set_desc(struct model *m, u32 q, u16 i, struct vring_desc d);
void model__offer(struct model *m, u32 q, u16 head);
void model__notify(struct model *m, u32 q);

/* As virtqueue_kick(): only when the device wants to hear. */
void model__kick(struct model *m, u32 q);

/* The next used buffer; without one false and zeroes. */
bool model__reap(struct model *m, u32 q, u32 *ret_id, u32 *ret_len);

/* One-descriptor transmit of bytes already in guest memory, spun for. */
void model__send_at(struct model *m, u32 q, u64 addr, u32 len);
void model__send_ctl(struct model *m, u32 port, u16 event, u16 value);

/* Where receive buffer @i of queue @q lives. */
u64 model__rx_addr(u32 q, u16 i);
void model__give_rx(struct model *m, u32 q, u16 i, u32 len);
void model__fill_rx(struct model *m, u32 q);

/* Interrupt handler's register part; returns the causes. */
u32 model__ack(struct model *m);
struct vcon_counters model__counters(struct model *m);

/* The next control message; its buffer is given back as the driver does. */
struct virtio_console_control model__next_ctl(struct model *m, char *ret_name);
void model__expect_ctl(struct model *m, u32 port, u16 event, const char *name);
void model__no_more_ctl(struct model *m);

/* Everything the Linux driver does until three ports are usable. */
void model__bring_up(struct model *m);
void model__open_ports(struct model *m);
/* devs__input() to a port */
int model__feed(struct model *m, u32 port, const void *buf, size_t len);

#endif /* UNIT_VIRTIO_MODEL_H */
