/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bulk port as guest init uses it. Records are collected and written
 * together: each write(2) to a virtio console costs an exit to the host.
 */
#ifndef GUEST_PORT_H
#define GUEST_PORT_H

#include <ktstr/diag.h>

#include "guest/burst.h"

#define PORT_NAME "ktstr.bulk"
#define PORT_BUF_SIZE (64u << 10)

/*
 * Without a bulk port records go to COM2 as text, where each byte costs two
 * exits or more, so only this much of the test's output does.
 */
#define PORT_TEXT_QUOTA 4096u

struct port {
	int fd;
	bool text;    /* fd is COM2 */
	size_t quota; /* bytes of output that still may go there */
	u64 left_out; /* bytes of output that may not */
	size_t used;
	u8 buf[PORT_BUF_SIZE];
	bool by_pages; /* the other end sees this machine's memory */
	struct burst burst;
};

/** port__put - queue a record; larger ones than the buffer go out at once */
int port__put(struct port *port, u32 type, const void *payload, size_t len);

/**
 * port__relay - queue one record of what can be read from @fd now
 * @fd: read once, up to what the buffer has room for
 * @ret_len: bytes taken; 0 at end of file
 * @ret_more: the read filled all the room that there was
 *
 * Much at once goes out here and now by reference to its pages, where the port
 * allows that, and with it what was queued before.
 *
 * Return: 0, -EAGAIN when @fd has nothing now, or -errno of either side.
 */
int port__relay(struct port *port, u32 type, int fd, size_t *ret_len,
		bool *ret_more);

/** port__flush - write what is queued; Return: 0 or -errno */
int port__flush(struct port *port);

/**
 * port__find - wait for the port to appear and name its device node
 * @class_dir: "/sys/class/virtio-ports" but in tests
 * @timeout_ns: from now
 * @ret_dev: node name below /dev, at most @size - 1 characters
 *
 * Return: 0 or -ENODEV.
 */
int port__find(const char *class_dir, u64 timeout_ns, char *ret_dev,
	       size_t size);

/**
 * port__open - find and open the bulk port
 *
 * Waits 10 s and 150 ms per CPU, 90 s at most: the kernel creates ports from
 * a work item after the driver has probed.
 * Return: 0 with port->fd set, or -errno with a message that says which part
 * of the kernel is missing.
 */
int port__open(struct port *port, struct kt_diag *diag);

/**
 * port__fall_back - use COM2 instead
 * @why: the bulk port did not come up; told there first
 * Return: 0 with port->text set, or -EIO.
 */
int port__fall_back(struct port *port, const char *why);

#endif /* GUEST_PORT_H */
