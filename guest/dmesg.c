// SPDX-License-Identifier: GPL-2.0
/* Reads the kernel log once, at the end of the run. PID 1 only. */
#include "guest/dmesg.h"

#include <ctype.h>
#include <fcntl.h>

#include <ktstr/fd.h>
#include <ktstr/wire.h>

#include "guest/port.h"

/* Lines that go into one record on the wire. */
#define CHUNK_MAX KIB(32)

/*
 * Documentation/admin-guide/tainted-kernels.rst: bad page 5, died 7, warned 9,
 * soft lockup 14. Each of them is in the log, or was.
 */
#define TAINT_COMPLAINTS (1u << 5 | 1u << 7 | 1u << 9 | 1u << 14)

struct shipper {
	struct port *port;
	u64 skip; /* bytes of the beginning to leave out */
	u64 total;
	size_t len;
	char chunk[CHUNK_MAX];
	char record[DMESG_RECORD_MAX];
	char line[DMESG_RECORD_MAX + 32];
};

void dmesg__open(struct dmesg *dmesg)
{
	dmesg->kmsg_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	dmesg->taint_fd =
		open("/proc/sys/kernel/tainted", O_RDONLY | O_CLOEXEC);
}

/* Field number @nr (from 0) of the comma-separated head; 0 if it is none. */
static u64 head_field(const char *head, size_t len, unsigned int nr)
{
	u64 val = 0;
	size_t i = 0;

	for (; nr && i < len; i++)
		nr -= head[i] == ',';
	for (; !nr && i < len && isdigit((unsigned char)head[i]); i++)
		val = val * 10 + (u64)(head[i] - '0');
	return val;
}

size_t dmesg__line(const char *record, size_t len, char *line, size_t size)
{
	const char *semi = memchr(record, ';', len), *text = record, *nl;
	size_t at = 0, n;

	if (semi) {
		u64 us = head_field(record, (size_t)(semi - record), 2);

		at = (size_t)snprintf(line, size, "[%5llu.%06llu] ",
				      (unsigned long long)(us / 1000000),
				      (unsigned long long)(us % 1000000));
		text = semi + 1;
	}
	n = len - (size_t)(text - record);
	nl = memchr(text, '\n', n);
	if (nl)
		n = (size_t)(nl - text);
	at = KT_MIN(at, size - 1);
	n = KT_MIN(n, size - 1 - at);
	memcpy(line + at, text, n);
	line[at + n] = '\n';
	return at + n + 1;
}

static int ship_chunk(struct shipper *s)
{
	size_t len = s->len;

	s->len = 0;
	return len ? port__put(s->port, MSG_DMESG, s->chunk, len) : 0;
}

static int ship_line(struct shipper *s, const char *line, size_t len)
{
	int err = 0;

	s->total += len;
	if (s->total <= s->skip)
		return 0;
	if (s->len + len > sizeof(s->chunk))
		err = ship_chunk(s);
	memcpy(s->chunk + s->len, line, len);
	s->len += len;
	return err;
}

static int ship_text(struct shipper *s, const char *text)
{
	return ship_line(s, text, strlen(text));
}

/* All records from the oldest that this descriptor has not seen. */
static int ship_records(int fd, struct shipper *s)
{
	u64 end = s->total + DMESG_MAX;
	int err = 0;

	while (!err && s->total < end) {
		ssize_t n = read(fd, s->record, sizeof(s->record));

		if (n > 0) {
			size_t len = dmesg__line(s->record, (size_t)n, s->line,
						 sizeof(s->line));

			err = ship_line(s, s->line, len);
		} else if (n < 0 && errno == EPIPE) {
			err = ship_text(s, "ktstr-init: kernel log overflowed: "
					   "records are lost (log_buf_len=4M "
					   "makes room)\n");
		} else if (n == 0 || errno != EINTR) {
			break;
		}
	}
	return err;
}

static int ship_taint(int fd, struct shipper *s)
{
	char text[32] = "", note[80];
	unsigned long flags;

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		return ship_text(s, "ktstr-init: taint flags: unreadable\n");
	flags = strtoul(text, NULL, 10) & TAINT_COMPLAINTS;
	if (!flags)
		return 0;
	snprintf(note, sizeof(note), "ktstr-init: kernel tainted: 0x%lx\n",
		 flags);
	return ship_text(s, note);
}

static int ship_all(const struct dmesg *dmesg, struct shipper *s)
{
	int err = dmesg->kmsg_fd < 0
			  ? ship_text(s, "ktstr-init: no kernel log: "
					 "/dev/kmsg cannot be opened\n")
			  : ship_records(dmesg->kmsg_fd, s);

	return err ? err : ship_taint(dmesg->taint_fd, s);
}

int dmesg__ship(const struct dmesg *dmesg, struct port *port, size_t tail)
{
	struct shipper *s __free(ptr) = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->port = port;
	if (tail) {
		/* Once without shipping, to learn how long it is. */
		s->skip = UINT64_MAX;
		ship_all(dmesg, s);
		s->skip = s->total > tail ? s->total - tail : 0;
		s->total = 0;
		lseek(dmesg->kmsg_fd, 0, SEEK_SET);
	}
	err = ship_all(dmesg, s);
	return err ? err : ship_chunk(s);
}
