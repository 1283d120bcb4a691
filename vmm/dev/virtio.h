/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtio device between its two neighbours: what it does (virtio_dev_ops,
 * in the device's file) and how the guest reaches it (virtio_tp_ops, in the
 * transport's file). This module owns what both share: status, features and
 * queues. The transport's lock is held around every call in either direction.
 */
#ifndef VMM_DEV_VIRTIO_H
#define VMM_DEV_VIRTIO_H

#include <linux/virtio_config.h>

#include "vmm/dev/virtq.h"

#define VIRTIO_MAX_QUEUES 8u

struct virtio;

struct virtio_dev_ops {
	u32 id;	      /* VIRTIO_ID_* */
	u64 features; /* the device's own bits; VERSION_1 is always offered */
	u32 nr_queues;
	u16 queue_max[VIRTIO_MAX_QUEUES];
	u32 config_len;
	/* [@off, @off + @len) lies inside config_len. */
	void (*config_read)(struct virtio *v, u32 off, void *buf, u32 len);
	/* The driver is ready (DRIVER_OK): queues may be used from now on. */
	void (*start)(struct virtio *v);
	/* The driver notified @queue; only while virtio__is_live(). */
	void (*kick)(struct virtio *v, u32 queue);
	/* Back to the state after realize; queues are gone already. */
	void (*reset)(struct virtio *v);
};

struct virtio_tp_ops {
	/* Tell the driver of used buffers / of a change of configuration. */
	void (*queue_irq)(struct virtio *v);
	void (*config_irq)(struct virtio *v);
};

struct virtio {
	const struct virtio_dev_ops *ops;
	const struct virtio_tp_ops *tp;
	const struct gmem *gmem;
	u64 driver_features;
	u8 status;
	u64 nr_broken; /* survives reset */
	struct virtq vq[VIRTIO_MAX_QUEUES];
};

void virtio__init(struct virtio *v, const struct virtio_dev_ops *ops,
		  const struct virtio_tp_ops *tp, const struct gmem *gmem);

/** virtio__features - what the driver may accept */
u64 virtio__features(const struct virtio *v);

/** virtio__set_features - accept bits; ignored outside negotiation */
void virtio__set_features(struct virtio *v, u64 features);

/**
 * virtio__set_status - the driver wrote the status register
 *
 * 0 resets. Otherwise bits are only added, in the order of the specification;
 * a write that drops one or skips a step is ignored. FEATURES_OK sticks only
 * when VERSION_1 and nothing but offered bits were accepted.
 */
void virtio__set_status(struct virtio *v, u8 status);

/** virtio__may_configure - whether queue registers can be written now */
bool virtio__may_configure(const struct virtio *v);

/** virtio__is_live - the driver is ready and the device not broken */
bool virtio__is_live(const struct virtio *v);

/**
 * virtio__break - the driver broke the rules: stop until it resets us
 *
 * Counted once per break, announced by DEVICE_NEEDS_RESET.
 */
void virtio__break(struct virtio *v);

#endif /* VMM_DEV_VIRTIO_H */
