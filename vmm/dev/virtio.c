// SPDX-License-Identifier: GPL-2.0
/*
 * Device status and feature negotiation (virtio 1.2, 2.1 to 2.2 and 3.1),
 * common to all virtio devices. Called by the transport under its lock.
 */
#include "vmm/dev/virtio.h"

/* Each step of the driver's bring-up requires all earlier ones. */
static const struct status_step {
	u8 bit;
	u8 requires;
} status_steps[] = {
	{ VIRTIO_CONFIG_S_ACKNOWLEDGE, 0 },
	{ VIRTIO_CONFIG_S_DRIVER, VIRTIO_CONFIG_S_ACKNOWLEDGE },
	{ VIRTIO_CONFIG_S_FEATURES_OK, VIRTIO_CONFIG_S_DRIVER },
	{ VIRTIO_CONFIG_S_DRIVER_OK, VIRTIO_CONFIG_S_FEATURES_OK },
	{ VIRTIO_CONFIG_S_FAILED, 0 },
};

void virtio__init(struct virtio *v, const struct virtio_dev_ops *ops,
		  const struct virtio_tp_ops *tp, const struct gmem *gmem)
{
	*v = (struct virtio){ .ops = ops, .tp = tp, .gmem = gmem };
	for (u32 i = 0; i < ops->nr_queues; i++)
		v->vq[i].num_max = ops->queue_max[i];
}

u64 virtio__features(const struct virtio *v)
{
	return v->ops->features | 1ULL << VIRTIO_F_VERSION_1;
}

void virtio__set_features(struct virtio *v, u64 features)
{
	if (v->status & VIRTIO_CONFIG_S_DRIVER &&
	    !(v->status & VIRTIO_CONFIG_S_FEATURES_OK))
		v->driver_features = features;
}

static bool features_acceptable(const struct virtio *v)
{
	return v->driver_features & 1ULL << VIRTIO_F_VERSION_1 &&
	       !(v->driver_features & ~virtio__features(v));
}

static void reset(struct virtio *v)
{
	v->status = 0;
	v->driver_features = 0;
	for (u32 i = 0; i < v->ops->nr_queues; i++)
		virtq__reset(&v->vq[i]);
	v->ops->reset(v);
}

void virtio__set_status(struct virtio *v, u8 status)
{
	u8 device_bit = v->status & VIRTIO_CONFIG_S_NEEDS_RESET;
	u8 old = v->status & (u8)~VIRTIO_CONFIG_S_NEEDS_RESET, new = old;

	if (!status) {
		reset(v);
		return;
	}
	if (old & ~status)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(status_steps); i++) {
		const struct status_step *s = &status_steps[i];

		if (!(status & s->bit) || (new & s->requires) != s->requires)
			continue;
		if (s->bit == VIRTIO_CONFIG_S_FEATURES_OK && !(old & s->bit) &&
		    !features_acceptable(v))
			continue;
		new |= s->bit;
	}
	v->status = new | device_bit;
	if (~old & new &VIRTIO_CONFIG_S_DRIVER_OK && virtio__is_live(v))
		v->ops->start(v);
}

bool virtio__may_configure(const struct virtio *v)
{
	return v->status & VIRTIO_CONFIG_S_FEATURES_OK &&
	       !(v->status & VIRTIO_CONFIG_S_DRIVER_OK);
}

bool virtio__is_live(const struct virtio *v)
{
	return v->status & VIRTIO_CONFIG_S_DRIVER_OK &&
	       !(v->status & VIRTIO_CONFIG_S_NEEDS_RESET);
}

void virtio__break(struct virtio *v)
{
	if (v->status & VIRTIO_CONFIG_S_NEEDS_RESET)
		return;
	v->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	v->nr_broken++;
	if (v->status & VIRTIO_CONFIG_S_DRIVER_OK)
		v->tp->config_irq(v);
}
