// SPDX-License-Identifier: GPL-2.0
/*
 * Panic detection on COM1. Called on vCPU threads, serialised by the stream's
 * lock.
 */
#include "vmm/panic-scan.h"

/* kernel/panic.c prints this first, at KERN_EMERG, since 2.1. */
static const char words[] = "Kernel panic - not syncing";

static bool is_panic_line(const char *line, size_t len)
{
	const char *end = line + len;

	if (line < end && *line == '<') {
		line = memchr(line, '>', (size_t)(end - line));
		if (!line)
			return false;
		line++;
	}
	while (line < end && *line == '[') {
		line = memchr(line, ']', (size_t)(end - line));
		if (!line)
			return false;
		line++;
		if (line < end && *line == ' ')
			line++;
	}
	return (size_t)(end - line) >= sizeof(words) - 1 &&
	       !memcmp(line, words, sizeof(words) - 1);
}

bool panic_scan__feed(struct panic_scan *scan, const void *buf, size_t len)
{
	const char *p = buf;

	for (size_t i = 0; i < len && !scan->seen; i++) {
		if (p[i] == '\n' || p[i] == '\r') {
			scan->len = 0;
			continue;
		}
		if (scan->len == sizeof(scan->line))
			continue;
		scan->line[scan->len++] = p[i];
		/* The words end in 'g': test only where they can be complete,
		 * and before the newline, which a hung guest may never send. */
		if (p[i] == 'g')
			scan->seen = is_panic_line(scan->line, scan->len);
	}
	return scan->seen;
}
