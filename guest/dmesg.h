/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's log as text, from before the test until after it. Read through
 * descriptors that are opened before the test runs: clearing or flooding the
 * log, or mounting something over the files, does not go unnoticed by those.
 */
#ifndef GUEST_DMESG_H
#define GUEST_DMESG_H

#include <ktstr/base.h>

struct port;

/* More than this is a kernel that does not stop; the rest is not shipped. */
#define DMESG_MAX MIB(4)

/* One record as the kernel hands it out, include/linux/printk.h. */
#define DMESG_RECORD_MAX 8192u

struct dmesg {
	int kmsg_fd;  /* /dev/kmsg, -1: it could not be opened */
	int taint_fd; /* /proc/sys/kernel/tainted, same */
};

/** dmesg__open - begin with the oldest record; failures show when shipping */
void dmesg__open(struct dmesg *dmesg);

/**
 * dmesg__line - one record of /dev/kmsg as "[    1.234567] text\n"
 * @record: "priority,sequence,microseconds,flags[,...];text\n KEY=...\n"
 *
 * What does not look like a record is copied as far as its first newline.
 * Return: length; @line of @size >= 32 bytes holds as much as fits and ends in
 * a newline. Not NUL-terminated.
 */
size_t dmesg__line(const char *record, size_t len, char *line, size_t size);

/**
 * dmesg__ship - put the log into DMESG records
 * @tail: ship only about this many bytes of the end; 0: everything
 *
 * Adds a line of its own when records were lost, and one when the kernel is
 * tainted by something that should have been in the log.
 * Return: 0 or -errno of the port.
 */
int dmesg__ship(const struct dmesg *dmesg, struct port *port, size_t tail);

#endif /* GUEST_DMESG_H */
