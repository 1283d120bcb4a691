// SPDX-License-Identifier: GPL-2.0
/*
 * Serial port, register by register: what the Linux 8250 driver probes for,
 * interrupt priorities and latches, buffering, input, and random accesses
 * against the invariants of the chip.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/serial_reg.h>
#include <time.h>

#include "vmm/dev/backlog.h"
#include "vmm/dev/dev.h"

#define COM1 0x3f8
#define COM1_GSI 4

struct host {
	char out[8192];
	size_t out_nr;
	unsigned int outputs;
	bool line;
	unsigned int line_changes;
	enum vm_stream stream;
};

struct fixture {
	struct host host;
	struct dev_set set;
	unsigned int accesses;
};

static void on_irq(void *ctx, u32 gsi, bool level)
{
	struct host *h = ctx;

	assert_int_equal(gsi, COM1_GSI);
	assert_true(level != h->line); /* changes only */
	h->line = level;
	h->line_changes++;
}

static void on_output(void *ctx, enum vm_stream stream, const void *buf,
		      size_t len)
{
	struct host *h = ctx;

	assert_true(len > 0 && len <= 256);
	assert_true(len <= sizeof(h->out) - h->out_nr);
	memcpy(h->out + h->out_nr, buf, len);
	h->out_nr += len;
	h->stream = stream;
	h->outputs++;
}

static void on_shutdown(void *ctx, enum vm_exit_reason reason)
{
	(void)ctx;
	fail_msg("serial port asked for shutdown %d", (int)reason);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct dev_host host = {
		.irq = on_irq,
		.output = on_output,
		.shutdown = on_shutdown,
	};

	assert_non_null(f);
	host.ctx = &f->host;
	assert_int_equal(devs__realize(&f->set, &host, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	devs__unrealize(&f->set);
	free(f);
	return 0;
}

static u8 in(struct fixture *f, u16 reg)
{
	u8 val = 0x5a;

	f->accesses++;
	assert_true(devs__access(&f->set, DEV_PIO, COM1 + reg, &val, 1, false));
	return val;
}

static void out(struct fixture *f, u16 reg, u8 val)
{
	f->accesses++;
	assert_true(devs__access(&f->set, DEV_PIO, COM1 + reg, &val, 1, true));
}

static void say(struct fixture *f, const char *s)
{
	while (*s)
		out(f, UART_TX, (u8)*s++);
}

static int feed(struct fixture *f, const void *buf, size_t len)
{
	return devs__input(&f->set, VM_STREAM_COM1, buf, len);
}

/* What a driver that opened the port has set up. */
static void open_port(struct fixture *f)
{
	out(f, UART_LCR, UART_LCR_WLEN8);
	out(f, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_R_TRIG_10);
	out(f, UART_MCR, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2);
	out(f, UART_IER, UART_IER_RDI | UART_IER_RLSI);
}

static void probe_finds_16550a(void **state)
{
	struct fixture *f = *state;

	/* Existence: IER holds its four bits and only those. */
	out(f, UART_IER, 0);
	assert_int_equal(in(f, UART_IER), 0);
	out(f, UART_IER, 0xff);
	assert_int_equal(in(f, UART_IER), 0x0f);
	out(f, UART_IER, 0);
	/* Loopback wires OUT2 to DCD and RTS to CTS. */
	out(f, UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2 | UART_MCR_RTS);
	assert_int_equal(in(f, UART_MSR) & 0xf0, UART_MSR_DCD | UART_MSR_CTS);
	out(f, UART_MCR, 0);
	/* Without FIFOs IIR says so, with them it says 16550A. */
	assert_int_equal(in(f, UART_IIR), UART_IIR_NO_INT);
	out(f, UART_FCR, UART_FCR_ENABLE_FIFO);
	assert_int_equal(in(f, UART_IIR), 0xc0 | UART_IIR_NO_INT);
	/* A port that is there never reads 0xff from LSR. */
	assert_int_equal(in(f, UART_LSR), UART_LSR_TEMT | UART_LSR_THRE);
}

static void probe_of_variants_finds_16750(void **state)
{
	struct fixture *f = *state;

	out(f, UART_FCR, UART_FCR_ENABLE_FIFO);
	/* No extended feature register in either place it could be. */
	out(f, UART_LCR, UART_LCR_CONF_MODE_A);
	assert_int_not_equal(in(f, UART_EFR), 0);
	out(f, UART_LCR, UART_LCR_CONF_MODE_B);
	assert_int_not_equal(in(f, UART_EFR), 0);
	/* The 64-byte bit follows FCR only while DLAB is set. */
	out(f, UART_LCR, 0);
	out(f, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR7_64BYTE);
	assert_int_equal(in(f, UART_IIR) & 0xe0, 0xc0);
	out(f, UART_FCR, UART_FCR_ENABLE_FIFO);
	out(f, UART_LCR, UART_LCR_CONF_MODE_A);
	out(f, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR7_64BYTE);
	assert_int_equal(in(f, UART_IIR) & 0xe0, 0xe0);
	/* Once set it survives a write without DLAB, not FIFOs off. */
	out(f, UART_LCR, 0);
	out(f, UART_FCR, UART_FCR_ENABLE_FIFO);
	assert_int_equal(in(f, UART_IIR) & 0xe0, 0xe0);
	out(f, UART_FCR, 0);
	assert_int_equal(in(f, UART_IIR) & 0xe0, 0);
}

static void loopback_counts_fifo(void **state)
{
	struct fixture *f = *state;
	int count = 0;

	out(f, UART_FCR,
	    UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR | UART_FCR_CLEAR_XMIT);
	out(f, UART_MCR, UART_MCR_LOOP);
	for (int i = 0; i < 256; i++)
		out(f, UART_TX, (u8)i);
	assert_int_equal(in(f, UART_LSR) & UART_LSR_OE, UART_LSR_OE);
	assert_int_equal(in(f, UART_LSR) & UART_LSR_OE, 0);
	while (in(f, UART_LSR) & UART_LSR_DR && count < 256)
		assert_int_equal(in(f, UART_RX), count++);
	assert_int_equal(count, 64);
	/* Nothing of it reached the host. */
	assert_int_equal(f->host.out_nr, 0);
}

static void registers_hold_their_bits(void **state)
{
	struct fixture *f = *state;

	out(f, UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
	out(f, UART_DLL, 0x12);
	out(f, UART_DLM, 0x34);
	assert_int_equal(in(f, UART_DLL), 0x12);
	assert_int_equal(in(f, UART_DLM), 0x34);
	out(f, UART_LCR, UART_LCR_WLEN8);
	assert_int_equal(in(f, UART_LCR), UART_LCR_WLEN8);
	assert_int_equal(in(f, UART_IER), 0); /* not DLM */
	assert_int_equal(in(f, UART_RX), 0);  /* not DLL */
	out(f, UART_SCR, 0xa5);
	assert_int_equal(in(f, UART_SCR), 0xa5);
	out(f, UART_MCR, 0xff);
	assert_int_equal(in(f, UART_MCR), 0x3f);
	out(f, UART_MCR, 0);
	in(f, UART_MSR);
	out(f, UART_MSR, 0xff);
	out(f, UART_LSR, 0xff);
	assert_int_equal(in(f, UART_MSR), 0xb0); /* DCD, DSR, CTS */
	assert_int_equal(in(f, UART_LSR), 0x60);
}

static void thre_interrupt_latch(void **state)
{
	struct fixture *f = *state;

	open_port(f);
	assert_false(f->host.line);
	/* The driver's test: enabling raises, again and again. */
	for (int i = 0; i < 2; i++) {
		out(f, UART_IER, UART_IER_THRI);
		assert_true(f->host.line);
		assert_int_equal(in(f, UART_IIR) & 0x0f, UART_IIR_THRI);
		assert_false(f->host.line); /* reading IIR took it */
		assert_int_equal(in(f, UART_IIR) & 0x0f, UART_IIR_NO_INT);
		out(f, UART_IER, 0);
	}
	/* A sent character raises it anew; so does nothing else. */
	out(f, UART_IER, UART_IER_THRI);
	in(f, UART_IIR);
	out(f, UART_IER, UART_IER_THRI); /* 1 -> 1 is no edge */
	assert_false(f->host.line);
	out(f, UART_TX, 'x');
	assert_true(f->host.line);
	out(f, UART_IER, 0);
	assert_false(f->host.line);
}

static void interrupt_priority(void **state)
{
	struct fixture *f = *state;

	out(f, UART_FCR, UART_FCR_ENABLE_FIFO);
	/* Modem delta, THRE, receive data and overrun all pending. */
	out(f, UART_MCR, UART_MCR_LOOP | UART_MCR_OUT1);
	for (int i = 0; i < 65; i++)
		out(f, UART_TX, 'a');
	out(f, UART_IER, 0x0f);
	assert_int_equal(in(f, UART_IIR) & 0x0f, UART_IIR_RLSI);
	in(f, UART_LSR);
	assert_int_equal(in(f, UART_IIR) & 0x0f, UART_IIR_RDI);
	for (int i = 0; i < 64; i++)
		in(f, UART_RX);
	assert_int_equal(in(f, UART_IIR) & 0x0f, UART_IIR_THRI);
	assert_int_equal(in(f, UART_IIR) & 0x0f, UART_IIR_MSI);
	in(f, UART_MSR);
	assert_int_equal(in(f, UART_IIR) & 0x0f, UART_IIR_NO_INT);
	/* In loopback OUT2 is disconnected: the line never moved. */
	assert_int_equal(f->host.line_changes, 0);
}

static void modem_deltas(void **state)
{
	struct fixture *f = *state;

	/* Into loopback: the host's lines drop, ring rises without a delta. */
	out(f, UART_MCR, UART_MCR_LOOP | UART_MCR_OUT1);
	assert_int_equal(in(f, UART_MSR), UART_MSR_RI | UART_MSR_DDCD |
						  UART_MSR_DDSR |
						  UART_MSR_DCTS);
	assert_int_equal(in(f, UART_MSR), UART_MSR_RI);
	out(f, UART_MCR, UART_MCR_LOOP | UART_MCR_RTS);
	/* RTS gave CTS; OUT1's release is a trailing edge of ring. */
	assert_int_equal(in(f, UART_MSR),
			 UART_MSR_CTS | UART_MSR_DCTS | UART_MSR_TERI);
	assert_int_equal(in(f, UART_MSR), UART_MSR_CTS);
}

static void output_comes_in_lines(void **state)
{
	struct fixture *f = *state;

	say(f, "one\ntwo");
	assert_int_equal(f->host.outputs, 1);
	assert_memory_equal(f->host.out, "one\n", 4);
	assert_int_equal(f->host.stream, VM_STREAM_COM1);
	out(f, UART_IER, UART_IER_RDI); /* end of a burst */
	assert_int_equal(f->host.outputs, 2);
	assert_int_equal(f->host.out_nr, 7);
	out(f, UART_IER, 0);
	assert_int_equal(f->host.outputs, 2); /* nothing empty */
	say(f, "three");
	assert_int_equal(f->host.out_nr, 7);
	devs__flush(&f->set);
	devs__flush(&f->set);
	assert_int_equal(f->host.outputs, 3);
	assert_memory_equal(f->host.out, "one\ntwothree", 12);
}

static void output_without_newline_is_bounded(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 600; i++)
		out(f, UART_TX, (u8)('a' + i % 26));
	assert_int_equal(f->host.out_nr, 512);
	assert_int_equal(f->host.outputs, 2);
	devs__unrealize(&f->set); /* the rest is not lost */
	assert_int_equal(f->host.out_nr, 600);
	for (int i = 0; i < 600; i++)
		assert_int_equal(f->host.out[i], 'a' + i % 26);
}

static void input_waits_for_listener(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(feed(f, "x", 1), -EAGAIN);
	open_port(f);
	assert_int_equal(in(f, UART_LSR) & UART_LSR_DR, 0);
	assert_int_equal(feed(f, "hi", 2), 0);
	assert_true(f->host.line);
	/* Two of eight: below the trigger, so a character timeout. */
	assert_int_equal(in(f, UART_IIR) & 0x0f, UART_IIR_RX_TIMEOUT);
	assert_int_equal(in(f, UART_RX), 'h');
	assert_true(f->host.line);
	assert_int_equal(in(f, UART_RX), 'i');
	assert_false(f->host.line);
	assert_int_equal(in(f, UART_LSR) & UART_LSR_DR, 0);
	/* printk turns interrupts off for a moment: still listening. */
	out(f, UART_IER, 0);
	assert_int_equal(feed(f, "12345678", 8), 0);
	assert_false(f->host.line);
	out(f, UART_IER, UART_IER_RDI);
	assert_int_equal(in(f, UART_IIR) & 0x0f, UART_IIR_RDI);
}

static void input_beyond_fifo_keeps_order(void **state)
{
	struct fixture *f = *state;
	static u8 buf[BACKLOG_SIZE + 1];

	open_port(f);
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (u8)(i * 7);
	assert_int_equal(feed(f, buf, sizeof(buf)), -ENOSPC);
	assert_int_equal(in(f, UART_LSR) & UART_LSR_DR, 0); /* none taken */
	assert_int_equal(feed(f, buf, BACKLOG_SIZE), 0);
	/* 64 of them moved on to the FIFO. */
	assert_int_equal(feed(f, buf, 65), -ENOSPC);
	assert_int_equal(feed(f, buf, 64), 0);
	for (size_t i = 0; i < BACKLOG_SIZE; i++)
		assert_int_equal(in(f, UART_RX), (u8)(i * 7));
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(in(f, UART_RX), (u8)(i * 7));
	assert_int_equal(in(f, UART_LSR) & UART_LSR_DR, 0);
	assert_false(f->host.line);
}

static void loopback_holds_input_back(void **state)
{
	struct fixture *f = *state;

	open_port(f);
	out(f, UART_MCR, UART_MCR_LOOP);
	assert_int_equal(feed(f, "z", 1), 0);
	assert_int_equal(in(f, UART_LSR) & UART_LSR_DR, 0);
	out(f, UART_MCR, UART_MCR_OUT2);
	assert_int_equal(in(f, UART_RX), 'z');
}

static void odd_accesses_do_nothing(void **state)
{
	struct fixture *f = *state;
	u32 val = 0x0a0a0a0a;

	assert_true(devs__access(&f->set, DEV_PIO, COM1, &val, 4, true));
	assert_int_equal(f->host.out_nr, 0);
	assert_true(devs__access(&f->set, DEV_PIO, COM1, &val, 4, false));
	assert_int_equal(val, 0xffffffff);
	/* Crossing the end, or on the other bus: nobody there. */
	val = 0;
	assert_false(devs__access(&f->set, DEV_PIO, COM1 + 7, &val, 2, false));
	assert_int_equal(val, 0xffff);
	assert_false(devs__access(&f->set, DEV_MMIO, COM1, &val, 1, true));
	assert_int_equal(feed(f, "x", 1), -EAGAIN);
	assert_int_equal(
		devs__input(&f->set, (enum vm_stream)VM_STREAM_NR, "x", 1),
		-ENODEV);
}

/* The other port shares nothing with the first but the table. */
static void ports_are_separate(void **state)
{
	struct fixture *f = *state;
	u8 c = 'q';

	for (int i = 0; i < 256; i++)
		devs__access(&f->set, DEV_PIO, 0x2f8, &c, 1, true);
	assert_int_equal(f->host.stream, VM_STREAM_COM2);
	assert_int_equal(f->host.out_nr, 256);
	out(f, UART_SCR, 1);
	devs__access(&f->set, DEV_PIO, 0x2f8 + UART_SCR, &c, 1, false);
	assert_int_equal(c, 0);
}

/*
 * Any sequence of accesses: sent bytes arrive once and in order, the line is
 * up exactly when OUT2 is open and IIR names a cause.
 */
static void random_accesses(void **state)
{
	struct fixture *f = *state;
	const char *env = getenv("KTSTR_SEED");
	unsigned int seed = env ? (unsigned int)strtoul(env, NULL, 0)
				: (unsigned int)time(NULL);
	size_t sent = 0;

	print_message("# seed %u (KTSTR_SEED repeats it)\n", seed);
	for (int i = 0; i < 100000; i++) {
		u16 reg = (u16)(rand_r(&seed) % 8);
		u8 val = (u8)rand_r(&seed), mcr, iir;

		if (f->host.out_nr > sizeof(f->host.out) - 512) {
			sent -= f->host.out_nr;
			f->host.out_nr = 0;
		}
		if (rand_r(&seed) % 4 == 0) {
			feed(f, &val, 1);
			continue;
		}
		if (rand_r(&seed) % 2) {
			in(f, reg);
			continue;
		}
		if (reg == UART_TX && !(in(f, UART_LCR) & UART_LCR_DLAB) &&
		    !(in(f, UART_MCR) & UART_MCR_LOOP))
			sent++;
		out(f, reg, val);
		devs__flush(&f->set);
		assert_int_equal(f->host.out_nr, sent);
		mcr = in(f, UART_MCR);
		if (f->host.line) {
			assert_int_equal(mcr & 0x18, UART_MCR_OUT2);
			assert_int_equal(in(f, UART_IIR) & UART_IIR_NO_INT, 0);
		} else if ((mcr & 0x18) == UART_MCR_OUT2) {
			iir = in(f, UART_IIR);
			assert_int_equal(iir & UART_IIR_NO_INT, 1);
		}
	}
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(probe_finds_16550a),
		T(probe_of_variants_finds_16750),
		T(loopback_counts_fifo),
		T(registers_hold_their_bits),
		T(thre_interrupt_latch),
		T(interrupt_priority),
		T(modem_deltas),
		T(output_comes_in_lines),
		T(output_without_newline_is_bounded),
		T(input_waits_for_listener),
		T(input_beyond_fifo_keeps_order),
		T(loopback_holds_input_back),
		T(odd_accesses_do_nothing),
		T(ports_are_separate),
		T(random_accesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
