// SPDX-License-Identifier: GPL-2.0
/* See burst.h. Used by the port, that is by PID 1 only. */
#include "guest/burst.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include <ktstr/fd.h>

#include "guest/pages.h"

/* References in a pipe keep the kernel from moving pages; it stays open. */
static bool hold_pages(u8 *buf)
{
	struct iovec iov = { .iov_base = buf, .iov_len = BURST_SIZE };
	int hold[2];

	if (pipe2(hold, O_CLOEXEC))
		return false;
	if (fcntl(hold[1], F_SETPIPE_SZ, BURST_SIZE) >= (int)BURST_SIZE &&
	    vmsplice(hold[1], &iov, 1, SPLICE_F_NONBLOCK) == BURST_SIZE)
		return true;
	close(hold[0]);
	close(hold[1]);
	return false;
}

static bool find_pages(struct burst *b, const u8 *buf)
{
	int fd __free(fd) = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && !pages__find(fd, buf, BURST_PAGES, b->entry) &&
	       pages__runs(b->entry, BURST_PAGES, b->msg.run);
}

void burst__setup(struct burst *b)
{
	u8 *buf;

	if (b->tried)
		return;
	b->tried = true;
	/* Shared, and not a child's: no write to it may become a copy. */
	buf = mmap(NULL, BURST_SIZE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (buf == MAP_FAILED)
		return;
	if (!madvise(buf, BURST_SIZE, MADV_DONTFORK) && hold_pages(buf) &&
	    find_pages(b, buf))
		b->buf = buf;
	else
		munmap(buf, BURST_SIZE);
}

size_t burst__message(struct burst *b, u32 type, size_t len)
{
	u32 nr = (u32)((len + MSG_PAGE_SIZE - 1) / MSG_PAGE_SIZE);
	u32 runs = pages__runs(b->entry, nr, b->msg.run);

	b->msg.head = (struct msg_pages){
		.type = type,
		.len = (u32)len,
		.crc32 = wire__crc32(0, b->buf, len),
	};
	return sizeof(b->msg.head) + runs * sizeof(b->msg.run[0]);
}
