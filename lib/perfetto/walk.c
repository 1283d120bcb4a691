// SPDX-License-Identifier: GPL-2.0
/*
 * Walks a trace as what it is on the outside: TracePackets, each behind its
 * tag and length. For wprof_pb__check_valid() and the query; any thread.
 */
#include "lib/perfetto/walk.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "lib/perfetto/fields.h"

#define PACKET_TAG (TRACE_PACKET << 3 | PB_BYTES)
#define WINDOW_BYTES KIB(256)

static bool names_us(const struct pb_field *config)
{
	struct pb_in in = pb_in__of(config);
	struct pb_field f;

	while (pb_in__next(&in, &f) > 0)
		if (f.number == CONFIG_UNIQUE_SESSION_NAME &&
		    f.type == PB_BYTES && f.len == strlen(TRACE_SESSION_NAME) &&
		    !memcmp(f.data, TRACE_SESSION_NAME, f.len))
			return true;
	return false;
}

static bool closes(const struct pb_field *stats)
{
	struct pb_in in = pb_in__of(stats);
	struct pb_field f;

	while (pb_in__next(&in, &f) > 0)
		if (f.number == STATS_FINAL_FLUSH && f.type == PB_VARINT)
			return f.value == FINAL_FLUSH_SUCCEEDED;
	return false;
}

/* One packet: its own fields are well-formed; those inside them are not
 * looked at, because what is cut off or shifted shows here already. */
static int check_packet(struct trace_walk *w, u64 offset, struct pb_in packet,
			struct kt_diag *diag)
{
	const u8 *start = packet.p;
	struct pb_field f;
	int more;

	w->closed = false;
	while ((more = pb_in__next(&packet, &f)) > 0) {
		if (f.type != PB_BYTES)
			continue;
		if (f.number == PACKET_TRACE_CONFIG && !w->packets)
			w->promised = names_us(&f);
		if (f.number == PACKET_TRACE_STATS)
			w->closed = closes(&f);
	}
	if (more)
		return diag__fail(diag, more,
				  "packet %" PRIu64 " at offset %" PRIu64
				  ": no field at its byte %zu",
				  w->packets, offset,
				  (size_t)(packet.p - start));
	return 0;
}

static int cut_short(const struct trace_walk *w, u64 want, u64 have,
		     struct kt_diag *diag)
{
	return diag__fail(diag, -ENODATA,
			  "trace is cut short: packet %" PRIu64
			  " at offset %" PRIu64 " has %" PRIu64
			  " bytes, %" PRIu64 " are there",
			  w->packets, w->offset, want, have);
}

/* Where the packet's bytes are; 0: more bytes are needed first. */
static int find_packet(const struct trace_walk *w, const u8 *buf, size_t len,
		       struct pb_in *ret_packet, struct kt_diag *diag)
{
	struct pb_in in = { buf + 1, buf + len };
	u64 left = w->size - w->offset, bytes;

	if (*buf != PACKET_TAG)
		return diag__fail(diag, -EBADMSG,
				  "no TracePacket at offset %" PRIu64
				  ": byte 0x%02x instead of 0x%02x",
				  w->offset, *buf, PACKET_TAG);
	if (pb_in__varint(&in, &bytes)) {
		if (len - 1 >= PB_VARINT_MAX)
			return diag__fail(diag, -EBADMSG,
					  "no length behind offset %" PRIu64,
					  w->offset);
		return len < left ? 0 : cut_short(w, len + 1, len, diag);
	}
	left -= (u64)(in.p - buf);
	if (bytes > left)
		return cut_short(w, bytes, left, diag);
	if (bytes > WPROF_PB_PACKET_MAX)
		return diag__fail(diag, -EFBIG,
				  "packet at offset %" PRIu64 " has %" PRIu64
				  " bytes, at most %" PRIu64 " are read",
				  w->offset, bytes, WPROF_PB_PACKET_MAX);
	if (bytes > (u64)(in.end - in.p))
		return 0;
	*ret_packet = (struct pb_in){ in.p, in.p + bytes };
	return 1;
}

int trace_walk__window(struct trace_walk *w, const u8 *buf, size_t len,
		       size_t *ret_used, struct kt_diag *diag)
{
	/* What was appended since the size was asked for is not the trace. */
	const u8 *p = buf, *end = buf + KT_MIN((u64)len, w->size - w->offset);

	while (p < end) {
		struct pb_in packet;
		int err, found = find_packet(w, p, (size_t)(end - p), &packet,
					     diag);

		if (found < 0)
			return found;
		if (!found)
			break;
		err = check_packet(w, w->offset, packet, diag);
		if (!err && w->fn)
			err = w->fn(w->ctx, w->offset, packet);
		if (err)
			return err;
		w->packets++;
		w->offset += (u64)(packet.end - p);
		p = packet.end;
	}
	*ret_used = (size_t)(p - buf);
	return 0;
}

int trace_walk__finish(const struct trace_walk *w, struct kt_diag *diag)
{
	if (!w->packets)
		return diag__fail(diag, -ENODATA, "the trace is empty");
	if (w->offset < w->size) /* the file shrank under us */
		return cut_short(w, w->size - w->offset, 0, diag);
	if (w->promised && !w->closed)
		return diag__fail(
			diag, -ENODATA,
			"trace is cut short: it ends at offset %" PRIu64
			" after packet %" PRIu64 ", without its closing packet",
			w->offset, w->packets - 1);
	return 0;
}

/* A buffer that holds at least one packet whole. */
struct window {
	u8 *buf;
	size_t len, cap;
};

static void window__free(struct window *win)
{
	free(win->buf);
}
DEFINE_FREE(window, struct window, window__free(&_T))

static int refill(int fd, struct window *win, size_t used)
{
	ssize_t n;

	memmove(win->buf, win->buf + used, win->len - used);
	win->len -= used;
	if (win->len == win->cap) {
		u8 *buf = realloc(win->buf, 2 * win->cap);

		if (!buf)
			return -ENOMEM;
		win->buf = buf;
		win->cap *= 2;
	}
	do
		n = read(fd, win->buf + win->len, win->cap - win->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	win->len += (size_t)n;
	return n > 0;
}

static int walk_fd(int fd, struct trace_walk *w, struct kt_diag *diag)
{
	struct window win __free(window) = { .cap = WINDOW_BYTES };
	size_t used = 0;
	int more = 0, err;

	win.buf = malloc(win.cap);
	if (!win.buf)
		return -ENOMEM;
	while (w->offset < w->size) {
		more = refill(fd, &win, used);
		if (more <= 0)
			break;
		err = trace_walk__window(w, win.buf, win.len, &used, diag);
		if (err)
			return err;
	}
	return more < 0 ? more : trace_walk__finish(w, diag);
}

int trace_walk__file(const char *path, struct trace_walk *w,
		     struct kt_diag *diag)
{
	int fd __free(fd) = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int err;

	if (fd < 0)
		return diag__fail(diag, -errno, "%s: %s", path,
				  strerror(errno));
	if (fstat(fd, &st))
		return diag__context(diag, -errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return diag__fail(diag, -EINVAL, "%s: not a regular file",
				  path);
	w->size = (u64)st.st_size;
	err = walk_fd(fd, w, diag);
	return err ? diag__context(diag, err, "%s", path) : 0;
}

int wprof_pb__check_valid(const char *path, struct kt_diag *diag)
{
	struct trace_walk w = { 0 };

	return trace_walk__file(path, &w, diag);
}
