/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Split virtqueue, device side (virtio 1.2, 2.7).
 *
 * Everything in the rings is the guest's and may change while we look: each
 * index and descriptor is read once into a local and checked there. A queue
 * that breaks the rules reports -EBADMSG; its owner then stops the device
 * until the driver resets it. Indirect descriptors and event indices are not
 * offered. The owner's lock serializes all calls for one queue.
 */
#ifndef VMM_DEV_VIRTQ_H
#define VMM_DEV_VIRTQ_H

#include <linux/virtio_ring.h>

#include "vmm/gmem.h"

#define VIRTQ_MAX 256u /* largest queue we offer */

struct virtq {
	u16 num_max; /* offered; power of two, at most VIRTQ_MAX */
	u16 num;     /* chosen by the driver */
	bool ready;
	u64 desc_gpa, avail_gpa, used_gpa;
	/* Valid while ready. */
	const struct vring_desc *desc;
	const struct vring_avail *avail;
	struct vring_used *used;
	u16 last_avail;
	u16 used_idx;
	bool notify; /* we want to hear of new buffers */
};

struct virtq_seg {
	u8 *ptr; /* into guest memory */
	u32 len; /* never 0 */
};

/** struct virtq_chain - one buffer: @nr_out segments to read, then @nr_in to
 *  write; at least one in all */
struct virtq_chain {
	u16 head;
	u16 nr_out, nr_in;
	struct virtq_seg seg[VIRTQ_MAX];
};

/** virtq__reset - forget everything but num_max */
void virtq__reset(struct virtq *vq);

/**
 * virtq__enable - map the rings the driver has placed
 * Return: 0 with the queue ready and notifications on; -EINVAL size or
 * alignment, -EFAULT a ring is not all guest memory.
 */
int virtq__enable(struct virtq *vq, const struct gmem *gmem);

/**
 * virtq__pop - take the next buffer the driver made available
 * Return: 1 with @ret_chain filled, 0 when there is none, -EBADMSG.
 */
int virtq__pop(struct virtq *vq, const struct gmem *gmem,
	       struct virtq_chain *ret_chain);

/** virtq__push - give a buffer back, @len bytes of it written */
void virtq__push(struct virtq *vq, u16 head, u32 len);

/** virtq__has_avail - whether virtq__pop() would not return 0 */
bool virtq__has_avail(const struct virtq *vq);

/**
 * virtq__set_notify - ask the driver to (not) notify of new buffers
 *
 * After switching on look for buffers once more: those added meanwhile come
 * without notification.
 */
void virtq__set_notify(struct virtq *vq, bool on);

/** virtq__wants_irq - whether the driver wants to hear of what was pushed */
bool virtq__wants_irq(const struct virtq *vq);

#endif /* VMM_DEV_VIRTQ_H */
