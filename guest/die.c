// SPDX-License-Identifier: GPL-2.0
/*
 * How guest init ends, in order and otherwise. The crash hook runs in signal
 * context: below it only async-signal-safe calls, no allocation, no stdio.
 */
#include "guest/die.h"

#include <signal.h>
#include <stdarg.h>
#include <sys/reboot.h>
#include <termios.h>
#include <ucontext.h>

#include <ktstr/fd.h>
#include <ktstr/wire.h>

#include "guest/guest.h"
#include "guest/nodes.h"
#include "guest/port.h"

/* Start of the program's image: makes addresses usable with addr2line. */
extern const char __executable_start[];

static const int crash_signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };

static void to_com2(const char *text, size_t len)
{
	int fd __free(fd) = nodes__com2();

	if (fd < 0)
		return;
	fd__write_all(fd, text, len);
	tcdrain(fd);
}

static void to_kmsg(const char *text, size_t len)
{
	int fd __free(fd) = nodes__kmsg();

	/* One write is one record; a second try would be a second record. */
	if (fd >= 0 && write(fd, text, len) < 0)
		return;
}

void die__note(int level, const char *fmt, ...)
{
	char line[900]; /* the kernel cuts records near 1 KiB */
	size_t len =
		(size_t)snprintf(line, sizeof(line), "<%d>ktstr-init: ", level);
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	va_end(ap);
	if (n <= 0)
		return;
	/* Without it the kernel waits for more before it shows the record. */
	len = strlen(line);
	line[len++] = '\n';
	to_kmsg(line, len);
}

void die__power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	/* Not reached by a kernel that can power off; the reset will do. */
	die__note(0, "power-off failed (%s), resetting instead",
		  strerror(errno));
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

void die__fatal(struct port *port, const char *fmt, ...)
{
	char why[1024], text[1200];
	s32 code = GUEST_EXIT_INFRA;
	va_list ap;
	int len;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	die__note(0, "fatal: %s", why);
	len = snprintf(text, sizeof(text), "KTSTR_FATAL: %s\nKTSTR_EXIT=%d\n",
		       why, code);
	to_com2(text, (size_t)len);
	if (port && port->fd >= 0) {
		len = snprintf(text, sizeof(text), "ktstr-init: fatal: %s\n",
			       why);
		port__put(port, MSG_STDERR, text, (size_t)len);
		port__put(port, MSG_EXIT, &code, sizeof(code));
		port__flush(port);
	}
	die__power_off();
}

static size_t add_text(char *buf, size_t size, size_t at, const char *text)
{
	while (*text && at + 1 < size)
		buf[at++] = *text++;
	buf[at] = '\0';
	return at;
}

static size_t add_number(char *buf, size_t size, size_t at, u64 val,
			 unsigned int base)
{
	char digits[24];
	size_t n = sizeof(digits);

	digits[--n] = '\0';
	do {
		digits[--n] = "0123456789abcdef"[val % base];
		val /= base;
	} while (val);
	if (base == 16)
		at = add_text(buf, size, at, "0x");
	return add_text(buf, size, at, digits + n);
}

static const char *signal_name(int sig)
{
	switch (sig) {
	case SIGSEGV:
		return "SIGSEGV";
	case SIGBUS:
		return "SIGBUS";
	case SIGILL:
		return "SIGILL";
	case SIGFPE:
		return "SIGFPE";
	case SIGABRT:
		return "SIGABRT";
	default:
		return "signal";
	}
}

size_t die__panic_line(char *buf, size_t size, int sig, bool sent, u64 ip,
		       u64 addr)
{
	size_t at = add_text(buf, size, 0, "PANIC: guest init: ");

	at = add_text(buf, size, at, signal_name(sig));
	if (sent) {
		at = add_text(buf, size, at, " sent by pid ");
		at = add_number(buf, size, at, addr, 10);
	} else {
		at = add_text(buf, size, at, " at address ");
		at = add_number(buf, size, at, addr, 16);
	}
	at = add_text(buf, size, at, ", code ");
	at = add_number(buf, size, at, ip, 16);
	at = add_text(buf, size, at, ", image starts at ");
	at = add_number(buf, size, at, (u64)(uintptr_t)__executable_start, 16);
	return add_text(buf, size, at, "\n");
}

static void on_crash(int sig, siginfo_t *info, void *uctx)
{
	const ucontext_t *uc = uctx;
	bool sent = info->si_code <= 0;
	u64 ip = 0;
	char line[256] = "<0>";
	size_t len;

	/* A child that has not come to die__remove_crash_hook() yet. */
	if (getpid() != 1)
		_exit(GUEST_EXIT_INFRA);
#ifdef __x86_64__
	ip = (u64)uc->uc_mcontext.gregs[REG_RIP];
#else
	(void)uc;
#endif
	len = die__panic_line(line + 3, sizeof(line) - 3, sig, sent, ip,
			      sent ? (u64)info->si_pid
				   : (u64)(uintptr_t)info->si_addr);
	to_com2(line + 3, len);
	to_kmsg(line, len + 3);
	reboot(RB_AUTOBOOT);
	_exit(GUEST_EXIT_INFRA);
}

void die__install_crash_hook(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_crash,
		/* A fault in the handler kills, and the kernel then panics. */
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND,
	};
	stack_t stack = {
		.ss_size = 32u << 10,
		.ss_sp = malloc(32u << 10), /* lives as long as the process */
	};

	if (stack.ss_sp)
		sigaltstack(&stack, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(crash_signals); i++)
		sigaction(crash_signals[i], &sa, NULL);
}

void die__remove_crash_hook(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(crash_signals); i++)
		signal(crash_signals[i], SIG_DFL);
}
