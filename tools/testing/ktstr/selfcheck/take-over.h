/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Making guest init misbehave from inside a test, so that its own code needs no
 * hooks. A test body is a fork of init without an exec: what is at an address
 * here is at the same address there, and root may write /proc/1/mem. For
 * selfcheck programs; runs in the guest.
 */
#ifndef SELFCHECK_TAKE_OVER_H
#define SELFCHECK_TAKE_OVER_H

#include <ktstr/fd.h>
#include <ktstr/wire.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include "guest/port.h"

/**
 * take_over - from now on init runs @to where it would have run @from
 *
 * Both are functions of this program. @to runs as PID 1, with its memory.
 * Return: 0 or -errno.
 */
static inline int take_over(const void *from, const void *to)
{
	/* movabs $to, %rax; jmp *%rax */
	u8 jump[12] = { 0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0 };
	int fd __free(fd) = open("/proc/1/mem", O_RDWR | O_CLOEXEC);

	memcpy(jump + 2, &to, sizeof(to));
	if (fd < 0)
		return -errno;
	if (pwrite(fd, jump, sizeof(jump), (off_t)(uintptr_t)from) !=
	    sizeof(jump))
		return errno ? -errno : -EIO;
	return 0;
}

/**
 * steal_port - a descriptor of init's bulk port; the kernel lets nobody open
 * it a second time
 * @ret_path: "/dev/vportNpM", PATH_MAX bytes
 * Return: descriptor or -errno.
 */
static inline int steal_port(char *ret_path)
{
	DIR *dir = opendir("/proc/1/fd");
	int pid_fd __free(fd) = (int)syscall(SYS_pidfd_open, 1, 0);
	const struct dirent *de;
	int fd = -ENOENT;

	if (!dir || pid_fd < 0)
		return -errno;
	while (fd == -ENOENT && (de = readdir(dir))) {
		char link[300];
		ssize_t n;

		snprintf(link, sizeof(link), "/proc/1/fd/%s", de->d_name);
		n = readlink(link, ret_path, PATH_MAX - 1);
		if (n < 0)
			continue;
		ret_path[n] = '\0';
		if (strncmp(ret_path, "/dev/vport", 10))
			continue;
		fd = (int)syscall(SYS_pidfd_getfd, pid_fd, atoi(de->d_name), 0);
		fd = fd < 0 ? -errno : fd;
	}
	closedir(dir);
	return fd;
}

/* --- inits that got it wrong; each stands in for port__put() -------------- */

static inline int put_now(struct port *port, u32 type, const void *payload,
			  size_t len, u8 flip)
{
	u8 hdr[WIRE_HDR_SIZE];
	int err = port__flush(port);

	wire__header(hdr, type, payload, (u32)len);
	hdr[8] ^= flip; /* first byte of the checksum */
	if (!err)
		err = fd__write_all(port->fd, hdr, sizeof(hdr));
	return err ? err : fd__write_all(port->fd, payload, len);
}

static inline int put_bad_checksum(struct port *port, u32 type,
				   const void *payload, size_t len)
{
	return put_now(port, type, payload, len, type == MSG_TEST_RESULT);
}

static inline int put_no_exit(struct port *port, u32 type, const void *payload,
			      size_t len)
{
	return type == MSG_EXIT ? 0 : put_now(port, type, payload, len, 0);
}

static inline int put_result_twice(struct port *port, u32 type,
				   const void *payload, size_t len)
{
	if (type == MSG_TEST_RESULT)
		put_now(port, type, payload, len, 0);
	return put_now(port, type, payload, len, 0);
}

/* The last record announces more than there is. */
static inline int put_half_an_exit(struct port *port, u32 type,
				   const void *payload, size_t len)
{
	u8 hdr[WIRE_HDR_SIZE];

	if (type != MSG_EXIT)
		return put_now(port, type, payload, len, 0);
	wire__header(hdr, type, payload, (u32)len);
	return fd__write_all(port->fd, hdr, sizeof(hdr) - 3);
}

static inline int put_and_exit(struct port *port, u32 type, const void *payload,
			       size_t len)
{
	put_now(port, type, payload, len, 0);
	_exit(0);
}

#endif /* SELFCHECK_TAKE_OVER_H */
