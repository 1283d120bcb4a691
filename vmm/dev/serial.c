// SPDX-License-Identifier: GPL-2.0
/*
 * 16550A serial port with the 64-byte FIFO of its 16750 successor: one
 * instance per devs.def row, dev_desc.arg names the stream. Register accesses
 * come from vCPU threads, input from the main loop; one lock per port.
 *
 * Transmission is instantaneous. Every character costs the guest an exit, so
 * its path is an append; the host hears of output once per line, per 256
 * bytes, or when the driver is done with a burst (it then writes IER).
 */
#include <pthread.h>
#include <linux/serial_reg.h>

#include "vmm/dev/backlog.h"
#include "vmm/dev/dev.h"

#define SERIAL_FIFO 64u /* of a TI16750; Linux loads that many at once */
#define SERIAL_OUT 256u

#define IER_MASK (UART_IER_MSI | UART_IER_RLSI | UART_IER_THRI | UART_IER_RDI)
#define MCR_MASK                                                        \
	(UART_MCR_AFE | UART_MCR_LOOP | UART_MCR_OUT2 | UART_MCR_OUT1 | \
	 UART_MCR_RTS | UART_MCR_DTR)
/* IIR bits 7:6 and 5 mirror the FIFO mode; not in every serial_reg.h. */
#define IIR_FIFO_ENABLED 0xc0
#define IIR_64BYTE_FIFO 0x20
/* The host is always there: carrier, data set ready, clear to send. */
#define MSR_CONNECTED (UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS)

struct serial {
	pthread_mutex_t lock;
	u8 ier, fcr, lcr, mcr, scr, dll, dlm;
	u8 lsr_errors;
	u8 msr_deltas;
	bool thre_pending; /* "transmitter empty" not yet seen in IIR */
	bool irq_level;
	bool listening; /* the driver has asked for receive interrupts */
	u32 rx_head, rx_nr;
	u8 rx[SERIAL_FIFO];
	u32 out_nr;
	u8 out[SERIAL_OUT];
	struct backlog in; /* behind the FIFO */
};

static void flush_out(struct dev *dev, struct serial *s)
{
	if (!s->out_nr)
		return;
	dev->host->output(dev->host->ctx, (enum vm_stream)dev->desc->arg,
			  s->out, s->out_nr);
	s->out_nr = 0;
}

static u32 rx_capacity(const struct serial *s)
{
	return s->fcr & UART_FCR_ENABLE_FIFO ? SERIAL_FIFO : 1;
}

static void rx_push(struct serial *s, u8 c)
{
	if (s->rx_nr >= rx_capacity(s)) {
		s->lsr_errors |= UART_LSR_OE;
		return;
	}
	s->rx[(s->rx_head + s->rx_nr++) % SERIAL_FIFO] = c;
}

static void rx_refill(struct serial *s)
{
	u8 c;

	/* In loopback mode the receiver is cut off from the line. */
	if (s->mcr & UART_MCR_LOOP)
		return;
	while (s->rx_nr < rx_capacity(s) && backlog__get(&s->in, &c, 1))
		rx_push(s, c);
}

static u8 rx_pop(struct serial *s)
{
	u8 c;

	if (!s->rx_nr)
		return 0;
	c = s->rx[s->rx_head];
	s->rx_head = (s->rx_head + 1) % SERIAL_FIFO;
	s->rx_nr--;
	rx_refill(s);
	return c;
}

/* Receive FIFO level that counts as "data ready" rather than "timed out". */
static u32 rx_trigger(const struct serial *s)
{
	static const u8 level[2][4] = { { 1, 4, 8, 14 }, { 1, 16, 32, 56 } };

	if (!(s->fcr & UART_FCR_ENABLE_FIFO))
		return 1;
	return level[!!(s->fcr & UART_FCR7_64BYTE)][s->fcr >> 6];
}

/* The highest-priority interrupt cause; no time passes between characters,
 * so a receive level below the trigger has always timed out. */
static u8 irq_cause(const struct serial *s)
{
	if (s->ier & UART_IER_RLSI && s->lsr_errors)
		return UART_IIR_RLSI;
	if (s->ier & UART_IER_RDI && s->rx_nr)
		return s->rx_nr >= rx_trigger(s) ? UART_IIR_RDI
						 : UART_IIR_RX_TIMEOUT;
	if (s->ier & UART_IER_THRI && s->thre_pending)
		return UART_IIR_THRI;
	if (s->ier & UART_IER_MSI && s->msr_deltas)
		return UART_IIR_MSI;
	return UART_IIR_NO_INT;
}

static void update_irq(struct dev *dev, struct serial *s)
{
	/* On a PC, OUT2 gates the line; loopback disconnects OUT2. */
	bool gate = (s->mcr & (UART_MCR_OUT2 | UART_MCR_LOOP)) == UART_MCR_OUT2;
	bool level = gate && irq_cause(s) != UART_IIR_NO_INT;

	if (level == s->irq_level)
		return;
	s->irq_level = level;
	dev->host->irq(dev->host->ctx, dev->desc->gsi, level);
}

/* Modem inputs: the host's, or in loopback our own outputs. */
static u8 modem_lines(const struct serial *s)
{
	u8 msr = 0;

	if (!(s->mcr & UART_MCR_LOOP))
		return MSR_CONNECTED;
	msr |= s->mcr & UART_MCR_RTS ? UART_MSR_CTS : 0;
	msr |= s->mcr & UART_MCR_DTR ? UART_MSR_DSR : 0;
	msr |= s->mcr & UART_MCR_OUT1 ? UART_MSR_RI : 0;
	msr |= s->mcr & UART_MCR_OUT2 ? UART_MSR_DCD : 0;
	return msr;
}

static void write_thr(struct dev *dev, struct serial *s, u8 c)
{
	s->thre_pending = true; /* taken and sent at once: empty again */
	if (s->mcr & UART_MCR_LOOP) {
		rx_push(s, c);
		return;
	}
	s->out[s->out_nr++] = c;
	if (c == '\n' || s->out_nr == SERIAL_OUT)
		flush_out(dev, s);
}

static void write_ier(struct dev *dev, struct serial *s, u8 val)
{
	/* Enabling it while the transmitter is empty raises it (again). */
	if (~s->ier & val & UART_IER_THRI)
		s->thre_pending = true;
	s->ier = val & IER_MASK;
	if (val & UART_IER_RDI)
		s->listening = true;
	flush_out(dev, s);
}

static void write_fcr(struct serial *s, u8 val)
{
	u8 keep = UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_MASK;

	/* Turning FIFOs on or off empties them; so does asking for it. */
	if ((s->fcr ^ val) & UART_FCR_ENABLE_FIFO || val & UART_FCR_CLEAR_RCVR)
		s->rx_nr = 0;
	/* The 64-byte mode bit is guarded by DLAB. */
	if (s->lcr & UART_LCR_DLAB)
		keep |= UART_FCR7_64BYTE;
	s->fcr = (val & keep) | (s->fcr & UART_FCR7_64BYTE & ~keep);
	if (!(val & UART_FCR_ENABLE_FIFO))
		s->fcr = 0;
	rx_refill(s);
}

static void write_mcr(struct serial *s, u8 val)
{
	u8 old = modem_lines(s), new;

	s->mcr = val & MCR_MASK;
	new = modem_lines(s);
	/* Each delta bit is four below its line; RI counts on release only. */
	s->msr_deltas |= ((old ^ new) & ~UART_MSR_RI) >> 4;
	s->msr_deltas |= (old & ~new &UART_MSR_RI) >> 4;
	rx_refill(s);
}

static u8 read_iir(struct serial *s)
{
	u8 cause = irq_cause(s);

	if (cause == UART_IIR_THRI)
		s->thre_pending = false;
	if (s->fcr & UART_FCR_ENABLE_FIFO)
		cause |= IIR_FIFO_ENABLED;
	if (s->fcr & UART_FCR7_64BYTE)
		cause |= IIR_64BYTE_FIFO;
	return cause;
}

static u8 read_lsr(struct serial *s)
{
	u8 lsr = UART_LSR_TEMT | UART_LSR_THRE | s->lsr_errors;

	s->lsr_errors = 0;
	return s->rx_nr ? lsr | UART_LSR_DR : lsr;
}

static u8 read_msr(struct serial *s)
{
	u8 msr = modem_lines(s) | s->msr_deltas;

	s->msr_deltas = 0;
	return msr;
}

static u8 read_reg(struct serial *s, u64 off)
{
	bool dlab = s->lcr & UART_LCR_DLAB;

	switch (off) {
	case UART_RX:
		return dlab ? s->dll : rx_pop(s);
	case UART_IER:
		return dlab ? s->dlm : s->ier;
	case UART_IIR:
		return read_iir(s);
	case UART_LCR:
		return s->lcr;
	case UART_MCR:
		return s->mcr;
	case UART_LSR:
		return read_lsr(s);
	case UART_MSR:
		return read_msr(s);
	case UART_SCR:
		return s->scr;
	default:
		return 0xff;
	}
}

static void write_reg(struct dev *dev, struct serial *s, u64 off, u8 val)
{
	bool dlab = s->lcr & UART_LCR_DLAB;

	switch (off) {
	case UART_TX:
		if (dlab)
			s->dll = val;
		else
			write_thr(dev, s, val);
		break;
	case UART_IER:
		if (dlab)
			s->dlm = val;
		else
			write_ier(dev, s, val);
		break;
	case UART_FCR:
		write_fcr(s, val);
		break;
	case UART_LCR:
		s->lcr = val;
		break;
	case UART_MCR:
		write_mcr(s, val);
		break;
	case UART_SCR:
		s->scr = val;
		break;
	default: /* LSR and MSR are read-only */
		break;
	}
}

static void serial__read(struct dev *dev, u64 off, void *data, unsigned int len)
{
	struct serial *s = dev->priv;
	u8 val;

	memset(data, 0xff, len);
	if (len != 1)
		return;
	pthread_mutex_lock(&s->lock);
	val = read_reg(s, off);
	update_irq(dev, s);
	pthread_mutex_unlock(&s->lock);
	memcpy(data, &val, 1);
}

static void serial__write(struct dev *dev, u64 off, const void *data,
			  unsigned int len)
{
	struct serial *s = dev->priv;
	u8 val;

	if (len != 1)
		return;
	memcpy(&val, data, 1);
	pthread_mutex_lock(&s->lock);
	write_reg(dev, s, off, val);
	update_irq(dev, s);
	pthread_mutex_unlock(&s->lock);
}

static int serial__input(struct dev *dev, enum vm_stream stream,
			 const void *buf, size_t len)
{
	struct serial *s = dev->priv;
	int err;

	if (stream != (enum vm_stream)dev->desc->arg)
		return -ENODEV;
	pthread_mutex_lock(&s->lock);
	/* Before that the driver's probe would throw the bytes away. */
	err = s->listening ? backlog__put(&s->in, buf, len) : -EAGAIN;
	rx_refill(s);
	update_irq(dev, s);
	pthread_mutex_unlock(&s->lock);
	return err;
}

static void serial__flush(struct dev *dev)
{
	struct serial *s = dev->priv;

	pthread_mutex_lock(&s->lock);
	flush_out(dev, s);
	pthread_mutex_unlock(&s->lock);
}

static int serial__realize(struct dev *dev, struct kt_diag *diag)
{
	struct serial *s = calloc(1, sizeof(*s));

	if (!s)
		return diag__fail(diag, -ENOMEM, "no memory for %zu bytes",
				  sizeof(*s));
	dev_lock__init(&s->lock);
	dev->priv = s;
	return 0;
}

static void serial__unrealize(struct dev *dev)
{
	struct serial *s = dev->priv;

	if (!s)
		return;
	flush_out(dev, s);
	pthread_mutex_destroy(&s->lock);
	free(s);
	dev->priv = NULL;
}

extern const struct dev_ops serial_dev_ops;
const struct dev_ops serial_dev_ops = {
	.realize = serial__realize,
	.unrealize = serial__unrealize,
	.read = serial__read,
	.write = serial__write,
	.flush = serial__flush,
	.input = serial__input,
};
