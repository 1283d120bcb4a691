// SPDX-License-Identifier: GPL-2.0
/*
 * Serial port accesses in any order: each three input bytes are an access or
 * host input. Checked besides memory errors: every byte sent comes out once,
 * in order, and the interrupt line follows what IIR reports.
 */
#include <linux/serial_reg.h>

#include "vmm/dev/dev.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

struct fuzz {
	struct dev_set set;
	bool line;
	u8 sent[256]; /* not yet seen, oldest first */
	size_t nr_sent;
};

static void require(bool cond)
{
	if (!cond)
		__builtin_trap();
}

static void on_irq(void *ctx, u32 gsi, bool level)
{
	struct fuzz *f = ctx;

	require(gsi == dev_descs[DEV_COM1].gsi && level != f->line);
	f->line = level;
}

static void on_output(void *ctx, enum vm_stream stream, const void *buf,
		      size_t len)
{
	struct fuzz *f = ctx;

	require(stream == VM_STREAM_COM1 && len == f->nr_sent);
	require(!memcmp(buf, f->sent, len));
	f->nr_sent = 0;
}

static void on_shutdown(void *ctx, enum vm_exit_reason reason)
{
	(void)ctx;
	(void)reason;
	require(false);
}

static u8 in(struct fuzz *f, u32 reg)
{
	u8 val;

	devs__access(&f->set, DEV_PIO, dev_descs[DEV_COM1].base + reg, &val, 1,
		     false);
	return val;
}

static void out(struct fuzz *f, u32 reg, u8 val)
{
	bool sends = reg == UART_TX && !(in(f, UART_LCR) & UART_LCR_DLAB) &&
		     !(in(f, UART_MCR) & UART_MCR_LOOP);

	if (sends)
		f->sent[f->nr_sent++] = val;
	devs__access(&f->set, DEV_PIO, dev_descs[DEV_COM1].base + reg, &val, 1,
		     true);
	require(f->nr_sent < sizeof(f->sent));
}

static void step(struct fuzz *f, const u8 *op)
{
	u8 gate = UART_MCR_OUT2 | UART_MCR_LOOP, wide[8] = { 0 };
	bool open;

	if (op[0] & 0x40)
		devs__input(&f->set, VM_STREAM_COM1, op, op[1] % 3);
	else if (op[0] & 0x20)
		devs__access(&f->set, DEV_PIO,
			     dev_descs[DEV_COM1].base + op[1] % 16, wide,
			     1u << (op[2] % 4), false);
	else if (op[0] & 0x80)
		out(f, op[1] % 8, op[2]);
	else
		in(f, op[1] % 8);
	open = (in(f, UART_MCR) & gate) == UART_MCR_OUT2;
	if (f->line)
		require(open && !(in(f, UART_IIR) & UART_IIR_NO_INT));
	else if (open)
		require(in(f, UART_IIR) & UART_IIR_NO_INT);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct fuzz f = { 0 };
	struct dev_host host = {
		.irq = on_irq,
		.output = on_output,
		.shutdown = on_shutdown,
		.ctx = &f,
	};

	require(!devs__realize(&f.set, &host, NULL));
	for (; len >= 3; data += 3, len -= 3)
		step(&f, data);
	devs__unrealize(&f.set);
	require(!f.nr_sent);
	return 0;
}
