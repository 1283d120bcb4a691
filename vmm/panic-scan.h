/* SPDX-License-Identifier: GPL-2.0 */
/* Finding a kernel panic in a console byte stream. */
#ifndef VMM_PANIC_SCAN_H
#define VMM_PANIC_SCAN_H

#include <ktstr/base.h>

/* Long enough for level, timestamp, caller id and the words themselves. */
#define PANIC_SCAN_LINE 128u

/** struct panic_scan - start of the current line; zero-initialised */
struct panic_scan {
	char line[PANIC_SCAN_LINE];
	size_t len;
	bool seen;
};

/**
 * panic_scan__feed - look at more console bytes
 *
 * Lines may be split over any number of calls. Only a line that starts with
 * the kernel's words counts, after a "<level>" and "[...]" prefixes: a program
 * that quotes them in the middle of a line is not a panic.
 * Return: whether a panic has been seen so far.
 */
bool panic_scan__feed(struct panic_scan *scan, const void *buf, size_t len);

#endif /* VMM_PANIC_SCAN_H */
