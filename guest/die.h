/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Last words. COM2 is their channel because it needs no driver of ours, no
 * module and no port: the host prints it when the bulk port fell silent.
 */
#ifndef GUEST_DIE_H
#define GUEST_DIE_H

#include <ktstr/base.h>

struct port;

/** die__note - one line for the kernel log, level 0 (emergency) to 7 (debug) */
void die__note(int level, const char *fmt, ...) __printf_like(2, 3);

/**
 * die__fatal - tell on all channels why init cannot go on, then power off
 * @port: also gets the text and exit code when it is open; may be NULL
 */
void die__fatal(struct port *port, const char *fmt, ...) __printf_like(2, 3)
	__attribute__((noreturn));

/** die__power_off - sync, then power off; reboot when that fails */
void die__power_off(void) __attribute__((noreturn));

/**
 * die__install_crash_hook - a fault of this process becomes a "PANIC:" line
 *
 * For SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT; on its own stack; reboots
 * afterwards, so that the host sees a reset, not a power-off.
 */
void die__install_crash_hook(void);

/** die__remove_crash_hook - back to default; in a forked child */
void die__remove_crash_hook(void);

/**
 * die__panic_line - text of the crash hook; async-signal-safe
 * @ip: code address of the fault, @addr: data address (or sender's pid when
 *      @sent)
 * Return: length; @buf of @size bytes is always NUL-terminated.
 */
size_t die__panic_line(char *buf, size_t size, int sig, bool sent, u64 ip,
		       u64 addr);

#endif /* GUEST_DIE_H */
