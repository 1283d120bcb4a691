/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtio over memory-mapped registers, version 2 ("modern", virtio 1.2,
 * 4.2.2). A device embeds struct virtio_mmio and passes its dev_ops read and
 * write through.
 */
#ifndef VMM_DEV_VIRTIO_MMIO_H
#define VMM_DEV_VIRTIO_MMIO_H

#include <pthread.h>

#include "vmm/dev/dev.h"
#include "vmm/dev/virtio.h"

struct virtio_mmio {
	struct virtio virtio;
	pthread_mutex_t lock; /* the device's; held while its ops run */
	struct dev *dev;
	u32 device_features_sel, driver_features_sel;
	u32 queue_sel;
	u32 int_status; /* VIRTIO_MMIO_INT_* */
	bool irq_level;
};

void virtio_mmio__init(struct virtio_mmio *m, struct dev *dev,
		       const struct virtio_dev_ops *ops);
void virtio_mmio__fini(struct virtio_mmio *m);

/**
 * virtio_mmio__read / virtio_mmio__write - one access of a vCPU
 *
 * Registers are four bytes wide and aligned; any other access reads all ones
 * and is ignored on write. Configuration space (0x100 on) takes any width.
 * Both take the lock.
 */
void virtio_mmio__read(struct virtio_mmio *m, u64 off, void *data,
		       unsigned int len);
void virtio_mmio__write(struct virtio_mmio *m, u64 off, const void *data,
			unsigned int len);

#endif /* VMM_DEV_VIRTIO_MMIO_H */
