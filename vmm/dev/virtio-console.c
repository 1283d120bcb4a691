// SPDX-License-Identifier: GPL-2.0
/*
 * virtio console with three ports. Register writes arrive on vCPU threads,
 * input on the main loop's; the transport's lock covers everything.
 *
 * An exit costs the guest 50 to 200 us where we run, so the device is shaped
 * by what it can do without one:
 *  - Transmit buffers are consumed inside the notification. The driver finds
 *    them used when its write returns (it spins for hvc, it looks before it
 *    sleeps for ports), so it needs no interrupt, whose acknowledgement would
 *    be two more exits. We raise one only when half of the queue may be
 *    waiting to be reclaimed: no driver can run out of descriptors unheard.
 *  - The driver notifies for each receive buffer it adds. Receive queues ask
 *    for that only while bytes wait for a buffer, and are short: filling
 *    them costs guest memory and boot time.
 *  - Event indices would add nothing: notifications are wanted either for
 *    each buffer or not at all.
 */
#include "vmm/dev/virtio-console.h"

#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>

#include "vmm/dev/backlog.h"
#include "vmm/dev/virtio-mmio.h"

#define VCON_PORTS 3u
/* Bring-up needs at most 9: three PORT_ADD, two more for each port. */
#define VCON_CTL_MAX 16u
/* A receive buffer is a page: 16 hold the whole backlog of a port. */
#define VCON_RX_MAX 16u
#define VCON_TX_MAX VIRTQ_MAX
/*
 * Most bytes of one transmit buffer. Linux sends 32 KiB by write() and what a
 * full queue of pages holds by splice(). Chains may share descriptors, so
 * this is what bounds the time a notification can keep us.
 */
#define VCON_TX_BYTES_MAX MIB(1)

#define IS_TX(q) ((q)&1)

static const struct {
	const char *name; /* NULL: the port is a console */
	enum vm_stream stream;
} port_table[VCON_PORTS] = {
	{ NULL, VM_STREAM_HVC0 },
	{ VCON_PORT_BULK_NAME, VM_STREAM_BULK },
	{ VCON_PORT_STATS_NAME, VM_STREAM_STATS },
};

struct vcon_port {
	bool open; /* by the guest */
	struct backlog in;
};

struct vcon {
	struct virtio_mmio mmio;
	struct vcon_port port[VCON_PORTS];
	struct virtio_console_control ctl[VCON_CTL_MAX]; /* to the guest */
	u32 ctl_head, ctl_nr;
	u32 tx_unreported[VCON_Q_NR]; /* descriptors used without interrupt */
	struct vcon_counters counters;
};

static struct vcon *to_vcon(struct virtio *v)
{
	return container_of(v, struct vcon, mmio.virtio);
}

/* Port of a data queue: 0 1 | (2 3 control) | 4 5 | 6 7 */
static u32 queue_port(u32 q)
{
	return q < VCON_Q_CTL_RX ? 0 : q / 2 - 1;
}

static u32 port_rx_queue(u32 port)
{
	return port ? 2 * port + 2 : VCON_Q_RX0;
}

static bool is_multiport(const struct virtio *v)
{
	return v->driver_features & 1ULL << VIRTIO_CONSOLE_F_MULTIPORT;
}

static void interrupt(struct vcon *c, u32 q)
{
	struct virtio *v = &c->mmio.virtio;

	if (!virtq__wants_irq(&v->vq[q]))
		return;
	c->counters.irqs++;
	v->tp->queue_irq(v);
}

/* Bytes for the guest, whatever the receive queue carries. */
static bool rx_pending(const struct vcon *c, u32 q)
{
	if (q == VCON_Q_CTL_RX)
		return c->ctl_nr;
	return c->port[queue_port(q)].in.nr;
}

static u32 chain_write(const struct virtq_chain *chain, u32 off,
		       const void *buf, u32 len)
{
	u32 done = 0;

	for (u32 i = 0; i < chain->nr_in && done < len; i++) {
		const struct virtq_seg *seg = &chain->seg[i];
		u32 n;

		if (off >= seg->len) {
			off -= seg->len;
			continue;
		}
		n = KT_MIN(seg->len - off, len - done);
		memcpy(seg->ptr + off, (const u8 *)buf + done, n);
		done += n;
		off = 0;
	}
	return done;
}

/* One control message into one buffer; 0 when it does not fit. */
static u32 fill_ctl(struct vcon *c, const struct virtq_chain *chain)
{
	struct virtio_console_control msg = c->ctl[c->ctl_head];
	const char *name = "";
	u32 len;

	c->ctl_head = (c->ctl_head + 1) % VCON_CTL_MAX;
	c->ctl_nr--;
	if (msg.event == VIRTIO_CONSOLE_PORT_NAME)
		name = port_table[msg.id].name;
	len = chain_write(chain, 0, &msg, sizeof(msg));
	len += chain_write(chain, sizeof(msg), name, (u32)strlen(name));
	return len == sizeof(msg) + strlen(name) ? len : 0;
}

static u32 fill_data(struct vcon *c, u32 port, const struct virtq_chain *chain)
{
	u32 len = 0;

	for (u32 i = 0; i < chain->nr_in; i++)
		len += backlog__get(&c->port[port].in, chain->seg[i].ptr,
				    chain->seg[i].len);
	c->counters.rx_bytes += len;
	return len;
}

/* Moves one waiting piece into @chain; 0 when the driver's buffer is unfit. */
static u32 rx_fill(struct vcon *c, u32 q, const struct virtq_chain *chain)
{
	if (chain->nr_out)
		return 0;
	if (q == VCON_Q_CTL_RX)
		return fill_ctl(c, chain);
	return fill_data(c, queue_port(q), chain);
}

/* Returns what virtq__pop() does, but looks again with notifications on
 * before it says that there is no buffer. */
static int rx_pop(struct vcon *c, struct virtq *vq, struct virtq_chain *chain)
{
	int ret = virtq__pop(vq, c->mmio.virtio.gmem, chain);

	if (ret)
		return ret;
	virtq__set_notify(vq, true);
	return virtq__pop(vq, c->mmio.virtio.gmem, chain);
}

/* Deliver what waits for queue @q as far as there are buffers. */
static void pump_rx(struct vcon *c, u32 q)
{
	struct virtio *v = &c->mmio.virtio;
	struct virtq *vq = &v->vq[q];
	struct virtq_chain chain;
	bool used = false;

	while (rx_pending(c, q)) {
		int ret = rx_pop(c, vq, &chain);
		u32 len;

		if (!ret)
			break;
		len = ret > 0 ? rx_fill(c, q, &chain) : 0;
		if (!len) {
			virtio__break(v);
			return;
		}
		virtq__push(vq, chain.head, len);
		used = true;
	}
	if (!rx_pending(c, q))
		virtq__set_notify(vq, false);
	if (used)
		interrupt(c, q);
}

static void queue_ctl(struct vcon *c, u32 port, u16 event)
{
	if (c->ctl_nr == VCON_CTL_MAX) {
		c->counters.ctl_dropped++;
		return;
	}
	c->ctl[(c->ctl_head + c->ctl_nr++) % VCON_CTL_MAX] =
		(struct virtio_console_control){
			.id = port,
			.event = event,
			.value = 1,
		};
}

static void port_ready(struct vcon *c, u32 port)
{
	queue_ctl(c, port,
		  port_table[port].name ? VIRTIO_CONSOLE_PORT_NAME
					: VIRTIO_CONSOLE_CONSOLE_PORT);
	queue_ctl(c, port, VIRTIO_CONSOLE_PORT_OPEN);
}

static void port_open(struct vcon *c, u32 port, bool open)
{
	c->port[port].open = open;
	if (!open)
		backlog__clear(&c->port[port].in); /* nobody will read it */
}

static void handle_ctl(struct vcon *c, const struct virtio_console_control *msg)
{
	if (msg->event == VIRTIO_CONSOLE_DEVICE_READY) {
		for (u32 i = 0; i < VCON_PORTS && msg->value; i++)
			queue_ctl(c, i, VIRTIO_CONSOLE_PORT_ADD);
		return;
	}
	if (msg->id >= VCON_PORTS)
		return;
	if (msg->event == VIRTIO_CONSOLE_PORT_READY && msg->value)
		port_ready(c, msg->id);
	else if (msg->event == VIRTIO_CONSOLE_PORT_OPEN)
		port_open(c, msg->id, msg->value);
}

/* A control message from the guest; shorter than its header is none. */
static void take_ctl(struct vcon *c, const struct virtq_chain *chain)
{
	struct virtio_console_control msg;
	u32 have = 0;

	for (u32 i = 0; i < chain->nr_out && have < sizeof(msg); i++) {
		u32 n = KT_MIN(chain->seg[i].len, (u32)sizeof(msg) - have);

		memcpy((u8 *)&msg + have, chain->seg[i].ptr, n);
		have += n;
	}
	if (have == sizeof(msg))
		handle_ctl(c, &msg);
}

static void take_data(struct vcon *c, u32 port, const struct virtq_chain *chain)
{
	const struct dev_host *host = c->mmio.dev->host;

	c->counters.tx_buffers++;
	for (u32 i = 0; i < chain->nr_out; i++) {
		const struct virtq_seg *seg = &chain->seg[i];

		host->output(host->ctx, port_table[port].stream, seg->ptr,
			     seg->len);
		c->counters.tx_bytes += seg->len;
	}
}

static bool tx_acceptable(const struct virtq_chain *chain)
{
	u64 bytes = 0;

	for (u32 i = 0; i < chain->nr_out; i++)
		bytes += chain->seg[i].len;
	return !chain->nr_in && bytes <= VCON_TX_BYTES_MAX;
}

/*
 * Take every buffer of a transmit queue. More than its size cannot have been
 * waiting at the notification, and later ones bring their own.
 */
static void drain_tx(struct vcon *c, u32 q)
{
	struct virtio *v = &c->mmio.virtio;
	struct virtq *vq = &v->vq[q];
	struct virtq_chain chain;

	for (u32 n = 0; n < vq->num; n++) {
		int ret = virtq__pop(vq, v->gmem, &chain);

		if (!ret)
			break;
		if (ret < 0 || !tx_acceptable(&chain)) {
			virtio__break(v);
			return;
		}
		if (q == VCON_Q_CTL_TX)
			take_ctl(c, &chain);
		else
			take_data(c, queue_port(q), &chain);
		virtq__push(vq, chain.head, 0);
		c->tx_unreported[q] += chain.nr_out;
	}
	if (c->tx_unreported[q] && c->tx_unreported[q] >= vq->num / 2u) {
		c->tx_unreported[q] = 0;
		interrupt(c, q);
	}
}

static void vcon__kick(struct virtio *v, u32 q)
{
	struct vcon *c = to_vcon(v);

	c->counters.kicks++;
	if (q >= VCON_Q_CTL_RX && !is_multiport(v))
		return;
	if (!IS_TX(q)) {
		pump_rx(c, q);
		return;
	}
	drain_tx(c, q);
	/* Replies to what a control message asked for. */
	if (q == VCON_Q_CTL_TX && virtio__is_live(v))
		pump_rx(c, VCON_Q_CTL_RX);
}

static void vcon__start(struct virtio *v)
{
	struct vcon *c = to_vcon(v);

	for (u32 q = 0; q < VCON_Q_NR; q++)
		if (!IS_TX(q))
			virtq__set_notify(&v->vq[q], false);
	/* Without control queues nobody can say that port 0 was opened. */
	if (!is_multiport(v))
		c->port[0].open = true;
}

static void vcon__reset(struct virtio *v)
{
	struct vcon *c = to_vcon(v);

	for (u32 i = 0; i < VCON_PORTS; i++)
		port_open(c, i, false);
	c->ctl_nr = 0;
	memset(c->tx_unreported, 0, sizeof(c->tx_unreported));
}

static void vcon__config_read(struct virtio *v, u32 off, void *buf, u32 len)
{
	struct virtio_console_config cfg = { .max_nr_ports = VCON_PORTS };

	(void)v;
	memcpy(buf, (const u8 *)&cfg + off, len);
}

static const struct virtio_dev_ops vcon_virtio_ops = {
	.id = VIRTIO_ID_CONSOLE,
	.features = 1ULL << VIRTIO_CONSOLE_F_MULTIPORT,
	.nr_queues = VCON_Q_NR,
	.queue_max = {
		[VCON_Q_RX0] = VCON_RX_MAX,
		[VCON_Q_TX0] = VCON_TX_MAX,
		[VCON_Q_CTL_RX] = VCON_CTL_MAX,
		[VCON_Q_CTL_TX] = VCON_CTL_MAX,
		[VCON_Q_RX1] = VCON_RX_MAX,
		[VCON_Q_TX1] = VCON_TX_MAX,
		[VCON_Q_RX2] = VCON_RX_MAX,
		[VCON_Q_TX2] = VCON_TX_MAX,
	},
	.config_len = sizeof(struct virtio_console_config),
	.config_read = vcon__config_read,
	.start = vcon__start,
	.kick = vcon__kick,
	.reset = vcon__reset,
};

static int vcon__input(struct dev *dev, enum vm_stream stream, const void *buf,
		       size_t len)
{
	struct vcon *c = dev->priv;
	int err = -EAGAIN;
	u32 port = 0;

	while (port < VCON_PORTS && port_table[port].stream != stream)
		port++;
	if (port == VCON_PORTS)
		return -ENODEV;
	pthread_mutex_lock(&c->mmio.lock);
	if (virtio__is_live(&c->mmio.virtio) && c->port[port].open) {
		err = backlog__put(&c->port[port].in, buf, len);
		pump_rx(c, port_rx_queue(port));
	}
	pthread_mutex_unlock(&c->mmio.lock);
	return err;
}

void vcon__counters(struct dev *dev, struct vcon_counters *ret_counters)
{
	struct vcon *c = dev->priv;

	pthread_mutex_lock(&c->mmio.lock);
	*ret_counters = c->counters;
	ret_counters->broken = c->mmio.virtio.nr_broken;
	pthread_mutex_unlock(&c->mmio.lock);
}

static void vcon__read(struct dev *dev, u64 off, void *data, unsigned int len)
{
	struct vcon *c = dev->priv;

	virtio_mmio__read(&c->mmio, off, data, len);
}

static void vcon__write(struct dev *dev, u64 off, const void *data,
			unsigned int len)
{
	struct vcon *c = dev->priv;

	virtio_mmio__write(&c->mmio, off, data, len);
}

static int vcon__realize(struct dev *dev, struct kt_diag *diag)
{
	struct vcon *c = calloc(1, sizeof(*c));

	if (!c)
		return diag__fail(diag, -ENOMEM, "no memory for %zu bytes",
				  sizeof(*c));
	virtio_mmio__init(&c->mmio, dev, &vcon_virtio_ops);
	dev->priv = c;
	return 0;
}

static void vcon__unrealize(struct dev *dev)
{
	struct vcon *c = dev->priv;

	if (!c)
		return;
	virtio_mmio__fini(&c->mmio);
	free(c);
	dev->priv = NULL;
}

extern const struct dev_ops vcon_dev_ops;
const struct dev_ops vcon_dev_ops = {
	.realize = vcon__realize,
	.unrealize = vcon__unrealize,
	.read = vcon__read,
	.write = vcon__write,
	.input = vcon__input,
};
