// SPDX-License-Identifier: GPL-2.0
/*
 * The bulk port: finding it, and batching records into few writes. Used by
 * PID 1 only.
 */
#include "guest/port.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <linux/netlink.h>

#include <ktstr/fd.h>
#include <ktstr/wire.h>

#include "guest/nodes.h"

#define CLASS_DIR "/sys/class/virtio-ports"
#define BUS_DIR "/sys/bus/virtio/devices"

/* Room below which a relay first empties the buffer. */
#define RELAY_MIN 4096u

/* What one buffer of the console driver holds costs one exit either way. */
#define BURST_WORTH (32u << 10)

#define WAIT_BASE_MS 10000u
#define WAIT_PER_CPU_MS 150u
#define WAIT_MAX_MS 90000u
#define WAIT_STEP_MAX_MS 8 /* should an event be missing */

static int flush_text(int fd, const u8 *data, size_t len)
{
	char line[WIRE_TEXT_LINE_MAX];
	int err = 0;

	for (size_t off = 0; !err && off < len; off += WIRE_TEXT_BYTES) {
		size_t n = KT_MIN(len - off, (size_t)WIRE_TEXT_BYTES);

		err = fd__write_all(fd, line,
				    wire_text__line(data + off, n, line));
	}
	return err;
}

int port__flush(struct port *port)
{
	size_t len = port->used;

	port->used = 0;
	return port->text ? flush_text(port->fd, port->buf, len)
			  : fd__write_all(port->fd, port->buf, len);
}

/* How much of @len bytes of a record's payload is sent. */
static size_t admit(struct port *port, u32 type, size_t len)
{
	size_t n = len;

	if (!port->text || (type != MSG_STDOUT && type != MSG_STDERR))
		return len;
	n = KT_MIN(len, port->quota);
	port->quota -= n;
	port->left_out += len - n;
	return n;
}

int port__put(struct port *port, u32 type, const void *payload, size_t len)
{
	size_t all = len;
	u8 *to;

	len = admit(port, type, len);
	if (all && !len)
		return 0;
	if (port->used + WIRE_HDR_SIZE + len > PORT_BUF_SIZE) {
		int err = port__flush(port);

		if (err)
			return err;
	}
	if (len > PORT_BUF_SIZE - WIRE_HDR_SIZE)
		return wire__send(port->fd, type, payload, len);
	to = port->buf + port->used;
	wire__header(to, type, payload, (u32)len);
	if (len)
		memcpy(to + WIRE_HDR_SIZE, payload, len);
	port->used += WIRE_HDR_SIZE + len;
	return 0;
}

static ssize_t read_some(int fd, void *buf, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Return: as read_some(); a failure of the port is one too. */
static ssize_t relay_burst(struct port *port, u32 type, int fd)
{
	struct burst *b = &port->burst;
	ssize_t n = read_some(fd, b->buf, BURST_SIZE);
	int err = 0;

	if (n > (ssize_t)BURST_WORTH) {
		size_t len = burst__message(b, type, (size_t)n);

		err = port__put(port, MSG_PAGES, &b->msg, len);
		/* The host has read them once the write has returned. */
		if (!err)
			err = port__flush(port);
	} else if (n > 0) {
		err = port__put(port, type, b->buf, (size_t)n);
	}
	return err ? err : n;
}

static int make_room(struct port *port)
{
	return PORT_BUF_SIZE - port->used < RELAY_MIN + WIRE_HDR_SIZE
		       ? port__flush(port)
		       : 0;
}

static ssize_t relay_queued(struct port *port, u32 type, int fd, size_t room)
{
	u8 *to = port->buf + port->used;
	ssize_t n = read_some(fd, to + WIRE_HDR_SIZE, room);
	size_t sent;

	if (n > 0 && (sent = admit(port, type, (size_t)n))) {
		wire__header(to, type, to + WIRE_HDR_SIZE, (u32)sent);
		port->used += WIRE_HDR_SIZE + sent;
	}
	return n;
}

int port__relay(struct port *port, u32 type, int fd, size_t *ret_len,
		bool *ret_more)
{
	size_t room = BURST_SIZE;
	ssize_t n;

	if (port->burst.buf) {
		n = relay_burst(port, type, fd);
	} else {
		int err = make_room(port);

		if (err)
			return err;
		room = PORT_BUF_SIZE - port->used - WIRE_HDR_SIZE;
		n = relay_queued(port, type, fd, room);
	}
	if (n < 0)
		return (int)n;
	*ret_len = (size_t)n;
	*ret_more = (size_t)n == room;
	/* Most programs never write that much. */
	if (*ret_more && port->by_pages)
		burst__setup(&port->burst);
	return 0;
}

static bool has_our_name(int dir_fd, const char *entry)
{
	char path[300], name[64];
	int fd __free(fd) = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/name", entry);
	fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, name, sizeof(name));
	if (n > 0 && name[n - 1] == '\n')
		n--;
	return n == (ssize_t)strlen(PORT_NAME) && !memcmp(name, PORT_NAME, n);
}

static bool scan(const char *class_dir, char *ret_dev, size_t size)
{
	DIR *dir = opendir(class_dir);
	const struct dirent *de;
	bool found = false;

	if (!dir)
		return false;
	while (!found && (de = readdir(dir))) {
		if (de->d_name[0] == '.' || strlen(de->d_name) >= size)
			continue;
		found = has_our_name(dirfd(dir), de->d_name);
		if (found)
			memcpy(ret_dev, de->d_name, strlen(de->d_name) + 1);
	}
	closedir(dir);
	return found;
}

/* Kernel events, among them a port that got its name; -1 without networking. */
static int open_uevents(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd __free(fd) = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
				   NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -1;
	return no_free_fd(fd);
}

/* Whatever happened is a reason to look again; the text does not matter. */
static void wait_uevent(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char event[64];

	if (poll(&pfd, 1, timeout_ms) <= 0)
		return;
	while (recv(fd, event, sizeof(event), MSG_DONTWAIT) >= 0)
		;
}

int port__find(const char *class_dir, u64 timeout_ns, char *ret_dev,
	       size_t size)
{
	int fd __free(fd) = open_uevents();
	u64 end = kt_now_ns() + timeout_ns;

	for (int step_ms = 1;;
	     step_ms = KT_MIN(2 * step_ms, WAIT_STEP_MAX_MS)) {
		if (scan(class_dir, ret_dev, size))
			return 0;
		if (kt_now_ns() >= end)
			return -ENODEV;
		wait_uevent(fd, step_ms);
	}
}

static u32 wait_budget_ms(void)
{
	cpu_set_t cpus;
	u32 nr = 1;

	if (!sched_getaffinity(0, sizeof(cpus), &cpus))
		nr = (u32)CPU_COUNT(&cpus);
	return KT_MIN(WAIT_BASE_MS + nr * WAIT_PER_CPU_MS, WAIT_MAX_MS);
}

static bool is_empty_dir(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *de;

	if (!dir)
		return true;
	do
		de = readdir(dir);
	while (de && de->d_name[0] == '.');
	closedir(dir);
	return !de;
}

static int explain_missing(u32 waited_ms, struct kt_diag *diag)
{
	const char *why;

	if (is_empty_dir(BUS_DIR))
		why = "no virtio device was found (the kernel needs "
		      "CONFIG_VIRTIO_MMIO=y, or virtio_mmio packed as a "
		      "module)";
	else if (access(CLASS_DIR, F_OK))
		why = "no virtio console driver (the kernel needs "
		      "CONFIG_VIRTIO_CONSOLE=y, or virtio_console packed as a "
		      "module)";
	else
		why = "no console port has that name (the machine monitor "
		      "must offer it)";
	return diag__fail(diag, -ENODEV,
			  "port " PORT_NAME " did not appear within %u ms: %s",
			  waited_ms, why);
}

int port__fall_back(struct port *port, const char *why)
{
	char text[1200];
	int len = snprintf(text, sizeof(text), "KTSTR_FALLBACK: %s\n", why);

	port->fd = nodes__com2();
	if (port->fd < 0)
		return -EIO;
	port->text = true;
	port->quota = PORT_TEXT_QUOTA;
	return fd__write_all(port->fd, text,
			     KT_MIN((size_t)len, sizeof(text) - 1));
}

int port__open(struct port *port, struct kt_diag *diag)
{
	/* The class comes with the driver, its ports come later. */
	u32 budget_ms = access(CLASS_DIR, F_OK) ? 0 : wait_budget_ms();
	char path[300], dev[256];
	int fd;

	if (port__find(CLASS_DIR, budget_ms * NSEC_PER_MSEC, dev, sizeof(dev)))
		return explain_missing(budget_ms, diag);
	snprintf(path, sizeof(path), "/dev/%s", dev);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return diag__fail(diag, -errno,
				  "%s (" PORT_NAME "): %s; devtmpfs makes that "
				  "node (CONFIG_DEVTMPFS=y)",
				  path, strerror(errno));
	port->fd = fd;
	port->by_pages = true;
	return 0;
}
