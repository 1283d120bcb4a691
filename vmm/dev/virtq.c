// SPDX-License-Identifier: GPL-2.0
/*
 * Split virtqueue, device side. Called by the virtio devices and their
 * transport under the device's lock. x86 is little-endian like the rings.
 */
#include "vmm/dev/virtq.h"

#define VRING_DESC_KNOWN (VRING_DESC_F_NEXT | VRING_DESC_F_WRITE)

void virtq__reset(struct virtq *vq)
{
	*vq = (struct virtq){ .num_max = vq->num_max };
}

int virtq__enable(struct virtq *vq, const struct gmem *gmem)
{
	u64 num = vq->num;

	if (!num || num > vq->num_max || num & (num - 1))
		return -EINVAL;
	if (vq->desc_gpa % VRING_DESC_ALIGN_SIZE ||
	    vq->avail_gpa % VRING_AVAIL_ALIGN_SIZE ||
	    vq->used_gpa % VRING_USED_ALIGN_SIZE)
		return -EINVAL;
	vq->desc = gmem__ptr(gmem, vq->desc_gpa, num * sizeof(*vq->desc));
	vq->avail = gmem__ptr(gmem, vq->avail_gpa,
			      sizeof(*vq->avail) +
				      num * sizeof(vq->avail->ring[0]));
	vq->used =
		gmem__ptr(gmem, vq->used_gpa,
			  sizeof(*vq->used) + num * sizeof(vq->used->ring[0]));
	if (!vq->desc || !vq->avail || !vq->used)
		return -EFAULT;
	vq->last_avail = 0;
	vq->used_idx = 0;
	vq->notify = true;
	vq->ready = true;
	return 0;
}

/* One descriptor, checked; appends its segment to @chain. */
static int add_desc(const struct vring_desc *d, const struct gmem *gmem,
		    struct virtq_chain *chain)
{
	struct virtq_seg *seg = &chain->seg[chain->nr_out + chain->nr_in];

	if (d->flags & ~VRING_DESC_KNOWN)
		return -EBADMSG;
	seg->ptr = gmem__ptr(gmem, d->addr, d->len); /* NULL for length 0 */
	seg->len = d->len;
	if (!seg->ptr)
		return -EBADMSG;
	if (d->flags & VRING_DESC_F_WRITE)
		chain->nr_in++;
	else if (chain->nr_in)
		return -EBADMSG; /* readable after writable */
	else
		chain->nr_out++;
	return 0;
}

static int walk_chain(const struct virtq *vq, const struct gmem *gmem,
		      struct virtq_chain *chain)
{
	u32 next = chain->head;
	struct vring_desc d;

	chain->nr_out = 0;
	chain->nr_in = 0;
	/* A chain longer than the table visits a descriptor twice: a loop. */
	for (u32 n = 0; n < vq->num; n++) {
		if (next >= vq->num)
			return -EBADMSG;
		d = *(const volatile struct vring_desc *)&vq->desc[next];
		if (add_desc(&d, gmem, chain))
			return -EBADMSG;
		if (!(d.flags & VRING_DESC_F_NEXT))
			return 0;
		next = d.next;
	}
	return -EBADMSG;
}

int virtq__pop(struct virtq *vq, const struct gmem *gmem,
	       struct virtq_chain *ret_chain)
{
	u16 idx, nr;

	if (!vq->ready)
		return 0;
	/* Pairs with the driver's barrier before it publishes idx. */
	idx = __atomic_load_n(&vq->avail->idx, __ATOMIC_ACQUIRE);
	nr = (u16)(idx - vq->last_avail);
	if (!nr)
		return 0;
	if (nr > vq->num)
		return -EBADMSG;
	ret_chain->head = __atomic_load_n(
		&vq->avail->ring[vq->last_avail & (vq->num - 1)],
		__ATOMIC_RELAXED);
	if (walk_chain(vq, gmem, ret_chain))
		return -EBADMSG;
	vq->last_avail++;
	return 1;
}

void virtq__push(struct virtq *vq, u16 head, u32 len)
{
	vq->used->ring[vq->used_idx & (vq->num - 1)] =
		(struct vring_used_elem){ .id = head, .len = len };
	vq->used_idx++;
	/* The element, and the data in the buffer, before the index. */
	__atomic_store_n(&vq->used->idx, vq->used_idx, __ATOMIC_RELEASE);
}

bool virtq__has_avail(const struct virtq *vq)
{
	return vq->ready && __atomic_load_n(&vq->avail->idx,
					    __ATOMIC_ACQUIRE) != vq->last_avail;
}

void virtq__set_notify(struct virtq *vq, bool on)
{
	if (!vq->ready || vq->notify == on)
		return;
	vq->notify = on;
	__atomic_store_n(&vq->used->flags, on ? 0 : VRING_USED_F_NO_NOTIFY,
			 __ATOMIC_RELAXED);
	/* The driver adds, then looks at flags; we set flags, then look. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

bool virtq__wants_irq(const struct virtq *vq)
{
	if (!vq->ready)
		return false;
	/* The driver sets flags, then looks at used->idx; we do the reverse. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return !(__atomic_load_n(&vq->avail->flags, __ATOMIC_RELAXED) &
		 VRING_AVAIL_F_NO_INTERRUPT);
}
