/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The virtio console: hvc0 and the named ports of virtio 1.2, 5.3. In the
 * guest a named port is /dev/vportNpM; its name is in
 * /sys/class/virtio-ports/vportNpM/name.
 */
#ifndef VMM_DEV_VIRTIO_CONSOLE_H
#define VMM_DEV_VIRTIO_CONSOLE_H

#include "vmm/dev/dev.h"

#define VCON_PORT_BULK_NAME "ktstr.bulk"
#define VCON_PORT_STATS_NAME "ktstr.stats"

/** enum vcon_queue - queue numbers, fixed by the specification */
enum vcon_queue {
	VCON_Q_RX0,
	VCON_Q_TX0,
	VCON_Q_CTL_RX,
	VCON_Q_CTL_TX,
	VCON_Q_RX1,
	VCON_Q_TX1,
	VCON_Q_RX2,
	VCON_Q_TX2,
	VCON_Q_NR,
};

/** struct vcon_counters - since realize; resets do not clear them */
struct vcon_counters {
	u64 kicks;	 /* notifications: one exit each */
	u64 irqs;	 /* times the driver was told of used buffers */
	u64 tx_buffers;	 /* taken from all ports */
	u64 tx_bytes;	 /* handed to the host */
	u64 rx_bytes;	 /* delivered to the guest */
	u64 ctl_dropped; /* control messages a driver left no room for */
	u64 broken;	 /* times the driver broke the rules */
};

/** vcon__counters - a consistent copy; any thread */
void vcon__counters(struct dev *dev, struct vcon_counters *ret_counters);

#endif /* VMM_DEV_VIRTIO_CONSOLE_H */
