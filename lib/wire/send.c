// SPDX-License-Identifier: GPL-2.0
/*
 * The sending half of the wire. Called by guest init (bulk port, a blocking
 * character device) and by the softkvm control channel (sockets, possibly
 * non-blocking). No state; two threads on one descriptor must serialise.
 */
#include <ktstr/wire.h>

#include <poll.h>
#include <sys/uio.h>

static void put_le32(u8 *to, u32 val)
{
	for (unsigned int i = 0; i < 4; i++)
		to[i] = (u8)(val >> (8 * i));
}

void wire__header(u8 hdr[WIRE_HDR_SIZE], u32 type, const void *payload, u32 len)
{
	put_le32(hdr, type);
	put_le32(hdr + 4, len);
	put_le32(hdr + 8, len ? wire__crc32(0, payload, len) : 0);
	put_le32(hdr + 12, 0);
}

static int wait_writable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };

	if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

static int writev_all(int fd, struct iovec *iov, int nr)
{
	while (nr) {
		ssize_t n = writev(fd, iov, nr);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			int err = wait_writable(fd);

			if (err)
				return err;
			continue;
		}
		if (n < 0)
			return -errno;
		for (; nr && (size_t)n >= iov->iov_len; iov++, nr--)
			n -= (ssize_t)iov->iov_len;
		if (nr) {
			iov->iov_base = (u8 *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

static int send_one(int fd, u32 type, const u8 *payload, u32 len)
{
	u8 hdr[WIRE_HDR_SIZE];
	struct iovec iov[2] = {
		{ .iov_base = hdr, .iov_len = sizeof(hdr) },
		{ .iov_base = (void *)(uintptr_t)payload, .iov_len = len },
	};

	wire__header(hdr, type, payload, len);
	return writev_all(fd, iov, len ? 2 : 1);
}

int wire__send(int fd, u32 type, const void *payload, size_t len)
{
	const u8 *p = payload;

	do {
		u32 part = (u32)KT_MIN(len, (size_t)WIRE_MAX_PAYLOAD);
		int err = send_one(fd, type, p, part);

		if (err)
			return err;
		if (part)
			p += part;
		len -= part;
	} while (len);
	return 0;
}
