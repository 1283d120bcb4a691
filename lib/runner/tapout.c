// SPDX-License-Identifier: GPL-2.0
/* The runner's standard output; see tapout.h. */
#include "lib/runner/tapout.h"

#include <poll.h>
#include <stdarg.h>

/*
 * A pipe that polls writable has room for PIPE_BUF bytes: less never blocks,
 * although the descriptor, which others share, stays in blocking mode.
 */
#define PIECE 4096u

void tapout__add(struct tapout *out, const char *text, size_t len)
{
	if (out->err)
		return;
	if (out->sent) {
		out->len -= out->sent;
		memmove(out->text, out->text + out->sent, out->len);
		out->sent = 0;
	}
	if (out->len + len > out->size) {
		size_t size = KT_MAX(out->size * 2, out->len + len);
		char *more = realloc(out->text, size);

		if (!more) {
			out->err = -ENOMEM;
			return;
		}
		out->text = more;
		out->size = size;
	}
	memcpy(out->text + out->len, text, len);
	out->len += len;
}

void tapout__printf(struct tapout *out, const char *fmt, ...)
{
	char *text __free(ptr) = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0) {
		text = NULL;
		out->err = out->err ? out->err : -ENOMEM;
		return;
	}
	tapout__add(out, text, (size_t)len);
}

size_t tapout__pending(const struct tapout *out)
{
	return out->err ? 0 : out->len - out->sent;
}

static void fail(struct tapout *out, int err)
{
	out->err = err;
	/* EIO is what a terminal gives after its other side was closed. */
	out->gone = err == -EPIPE || err == -EIO;
}

void tapout__flush(struct tapout *out)
{
	while (tapout__pending(out)) {
		struct pollfd pfd = { .fd = out->fd, .events = POLLOUT };
		size_t len = KT_MIN(out->len - out->sent, (size_t)PIECE);
		ssize_t n;

		if (poll(&pfd, 1, 0) <= 0)
			return;
		n = write(out->fd, out->text + out->sent, len);
		if (n >= 0)
			out->sent += (size_t)n;
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			fail(out, -errno);
	}
	out->len = out->sent = 0;
}

void tapout__fini(struct tapout *out)
{
	free(out->text);
	out->text = NULL;
	out->len = out->size = out->sent = 0;
}
