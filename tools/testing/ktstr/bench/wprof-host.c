// SPDX-License-Identifier: GPL-2.0
/*
 * wprof-host FILE MIB: the host's work for a trace of MIB MiB: records taken
 * apart, checksums, writing to FILE. "port": records come in pieces of 32 KiB,
 * as the guest's console driver cuts them; "pages": they lie in memory, which
 * is what happens. Prints MiB/s of both and what the process's own memory grew
 * by at most.
 */
#include <ktstr/fd.h>
#include <ktstr/wprof.h>

#include <fcntl.h>
#include <sys/mman.h>

#define PIECE KIB(32)

struct sink {
	int fd;
	struct wprof_stream stream;
};

static int write_out(void *ctx, const void *buf, size_t len)
{
	return fd__write_all(((struct sink *)ctx)->fd, buf, len);
}

static void on_record(void *ctx, const struct wire_record *rec)
{
	const struct wprof_entry e = { rec->type, rec->crc_ok, rec->payload,
				       rec->len };

	wprof_stream__record(&((struct sink *)ctx)->stream, &e);
}

static unsigned long rss_anon_kib(void)
{
	char *text __free(ptr) = NULL;
	const char *at;

	if (fd__read_file("/proc/self/status", KIB(64), &text, NULL))
		return 0;
	at = strstr(text, "RssAnon:");
	return at ? strtoul(at + 8, NULL, 10) : 0;
}

static unsigned long peak_kib;

static void note_memory(void)
{
	peak_kib = KT_MAX(peak_kib, rss_anon_kib());
}

/* One frame and its header; the last of a trace has another type. */
static u8 *make_record(u32 len)
{
	u8 *rec = malloc(WIRE_HDR_SIZE + len);

	if (!rec)
		return NULL;
	for (u32 i = 0; i < len; i++)
		rec[WIRE_HDR_SIZE + i] = (u8)(i * 2654435761u >> 13);
	wire__header(rec, MSG_WPROF_TRACE_CHUNK, rec + WIRE_HDR_SIZE, len);
	return rec;
}

static void set_type(u8 *rec, u32 type)
{
	for (unsigned int i = 0; i < 4; i++)
		rec[i] = (u8)(type >> (8 * i));
}

static int by_port(struct sink *sink, const u8 *rec, struct wire_asm *wa)
{
	const size_t size = WIRE_HDR_SIZE + WIRE_MAX_PAYLOAD;
	int err = 0;

	for (size_t at = 0; !err && at < size; at += PIECE) {
		err = wire_asm__feed(wa, rec + at, KT_MIN(PIECE, size - at),
				     on_record, sink);
		if (at + PIECE >= size - PIECE)
			note_memory();
	}
	return err;
}

static int by_pages(struct sink *sink, const u8 *rec, struct wire_crc *crc)
{
	const u8 *p = rec + WIRE_HDR_SIZE;
	u32 want;

	memcpy(&want, rec + 8, sizeof(want));
	wire_crc__init(crc, 0);
	for (size_t at = 0; at < WIRE_MAX_PAYLOAD; at += PIECE) {
		wire_crc__add(crc, p + at, PIECE);
		wprof_stream__piece(&sink->stream, p + at, PIECE);
	}
	wprof_stream__end(&sink->stream,
			  rec[0] == 'C' ? MSG_WPROF_TRACE_CHUNK
					: MSG_WPROF_TRACE,
			  wire_crc__value(crc) == want);
	note_memory();
	return 0;
}

static int run(const char *path, unsigned int mib, bool pages, u8 *rec)
{
	const unsigned int frames = mib / 16;
	struct wire_crc *crc __free(ptr) = malloc(sizeof(*crc));
	struct sink sink = { .stream = { .write = write_out, .ctx = &sink } };
	unsigned long before = rss_anon_kib();
	u64 start_ns = kt_now_ns();
	struct wire_asm wa;
	int err = 0;

	sink.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (sink.fd < 0 || !crc)
		return -errno;
	peak_kib = 0;
	wire_asm__init(&wa);
	set_type(rec, MSG_WPROF_TRACE_CHUNK);
	for (unsigned int i = 0; !err && i < frames; i++) {
		if (i == frames - 1)
			set_type(rec, MSG_WPROF_TRACE);
		err = pages ? by_pages(&sink, rec, crc)
			    : by_port(&sink, rec, &wa);
	}
	wire_asm__fini(&wa);
	close(sink.fd);
	if (!err)
		err = wprof_stream__result(&sink.stream);
	printf("%s %.1f MiB/s, %.1f MiB of memory\n", pages ? "pages" : "port",
	       mib / ((double)(kt_now_ns() - start_ns) / NSEC_PER_SEC),
	       ((double)peak_kib - (double)before) / 1024);
	return err;
}

int main(int argc, char **argv)
{
	u8 *rec __free(ptr) = make_record(WIRE_MAX_PAYLOAD);
	int err;

	if (argc != 3 || !rec)
		return 2;
	err = run(argv[1], (unsigned int)atoi(argv[2]), false, rec);
	if (!err)
		err = run(argv[1], (unsigned int)atoi(argv[2]), true, rec);
	return err != 0;
}
