// SPDX-License-Identifier: GPL-2.0
/*
 * Two roads for a trace, frame by frame. The one that is taken: map a frame's
 * pages, hold them, look up where in guest memory they lie, and tell the host
 * that; it reads them before the write that told it returns. No byte is
 * copied in the guest, and 16 MiB cost one write of a few KiB instead of 512
 * of 32 KiB, which is what the kernel's console driver makes of them, with an
 * exit each. The other road is for kernels that do not say where pages are.
 */
#include "guest/wprof.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <ktstr/fd.h>

#include "guest/pages.h"
#include "guest/port.h"

struct ship {
	int fd;
	struct port *port;
	int pagemap_fd;
	int hold_fd[2]; /* a pipe: what is in it stays where it is */
	int null_fd;
	bool by_pages;
	u64 entry[MSG_PAGES_RUNS_MAX];
	struct {
		struct msg_pages head;
		u64 run[MSG_PAGES_RUNS_MAX];
	} msg;
};

static void ship__fini(struct ship *s)
{
	for (int i = 0; i < 2; i++)
		if (s->hold_fd[i] >= 0)
			close(s->hold_fd[i]);
	if (s->pagemap_fd >= 0)
		close(s->pagemap_fd);
	if (s->null_fd >= 0)
		close(s->null_fd);
	free(s);
}
DEFINE_FREE(ship, struct ship *, if (_T) ship__fini(_T))

static struct ship *ship__new(int fd, struct port *port)
{
	struct ship *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->fd = fd;
	s->port = port;
	s->pagemap_fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	s->null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	s->hold_fd[0] = s->hold_fd[1] = -1;
	s->by_pages = s->pagemap_fd >= 0 && s->null_fd >= 0 &&
		      !pipe2(s->hold_fd, O_CLOEXEC | O_NONBLOCK) &&
		      fcntl(s->hold_fd[1], F_SETPIPE_SZ, WIRE_MAX_PAYLOAD) >=
			      (int)WIRE_MAX_PAYLOAD;
	return s;
}

/* --- pages --------------------------------------------------------------- */

/* References in a pipe keep the kernel from moving or freeing the pages. */
static bool hold_pages(const struct ship *s, const struct wprof_frame *f)
{
	loff_t at = (loff_t)f->off;
	size_t left = f->len;

	while (left) {
		ssize_t n = splice(s->fd, &at, s->hold_fd[1], NULL, left, 0);

		if (n <= 0)
			return false;
		left -= (size_t)n;
	}
	return true;
}

static void release_pages(const struct ship *s)
{
	while (splice(s->hold_fd[0], NULL, s->null_fd, NULL, WIRE_MAX_PAYLOAD,
		      0) > 0)
		;
}

/* Return: 0, -EAGAIN when this road is closed, or -errno of the port. */
static int tell_pages(struct ship *s, const struct wprof_frame *f,
		      const u8 *map)
{
	u32 nr = (f->len + MSG_PAGE_SIZE - 1) / MSG_PAGE_SIZE, runs;
	int err;

	if (!hold_pages(s, f) || pages__find(s->pagemap_fd, map, nr, s->entry))
		return -EAGAIN;
	runs = pages__runs(s->entry, nr, s->msg.run);
	if (!runs)
		return -EAGAIN;
	s->msg.head = (struct msg_pages){
		.type = f->type,
		.len = f->len,
		.crc32 = wire__crc32(0, map, f->len),
	};
	err = port__put(s->port, MSG_PAGES, &s->msg,
			sizeof(s->msg.head) + runs * sizeof(s->msg.run[0]));
	/* The host has read them once the write has returned. */
	return err ? err : port__flush(s->port);
}

/* --- a frame ------------------------------------------------------------- */

static int send_frame(struct ship *s, const struct wprof_frame *f,
		      const u8 *map)
{
	int err = -EAGAIN;

	if (s->by_pages && f->len) {
		err = tell_pages(s, f, map);
		release_pages(s);
	}
	if (err != -EAGAIN)
		return err;
	s->by_pages = false;
	err = port__put(s->port, f->type, map, f->len);
	return err ? err : port__flush(s->port);
}

/* All of it is there before it is touched: a hole that no memory is left for
 * is an error here and would be a SIGBUS there. */
static int map_frame(const struct ship *s, const struct wprof_frame *f,
		     const u8 **ret_map)
{
	void *map = NULL;

	if (f->len) {
		map = mmap(NULL, f->len, PROT_READ, MAP_SHARED, s->fd,
			   (off_t)f->off);
		if (map == MAP_FAILED)
			return -errno;
		if (madvise(map, f->len, MADV_POPULATE_READ)) {
			int err = -errno;

			munmap(map, f->len);
			return err;
		}
	}
	*ret_map = map;
	return 0;
}

int ship__file(int fd, u64 size, struct port *port, int *ret_file_err)
{
	struct ship *s __free(ship) = ship__new(fd, port);
	struct wprof_frame f = { 0 };
	int err = 0;

	*ret_file_err = s ? 0 : -ENOMEM;
	while (s && !err && wprof_frame__next(size, WIRE_MAX_PAYLOAD, &f)) {
		const u8 *map = NULL;

		*ret_file_err = map_frame(s, &f, &map);
		if (*ret_file_err)
			break;
		err = send_frame(s, &f, map);
		if (map)
			munmap((void *)(uintptr_t)map, f.len);
	}
	return err;
}
