// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest sends of its trace. The bytes are a stream of records, cut into
 * feeds by the first byte; whole or cut, kept or streamed, they must come to
 * the same trace. Status and pages records are taken apart as the session does.
 */
#include <ktstr/wprof.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

#define ENTRIES_MAX 200u

struct run {
	struct wprof_stream stream;
	struct wprof_entry entry[ENTRIES_MAX];
	size_t nr;
	u64 written;
	u32 crc;
	bool lost; /* more records than are kept */
};

static int on_write(void *ctx, const void *buf, size_t len)
{
	struct run *run = ctx;

	run->crc = wire__crc32(run->crc, buf, len);
	run->written += len;
	return 0;
}

static void take_apart(const struct wire_record *rec)
{
	struct msg_wprof_status status;
	struct msg_pages head;
	u64 bytes = 0;
	const char *text;
	u32 nr;

	if (!msg__parse_wprof_status(rec, &status, &text) &&
	    status.text_len != rec->len - sizeof(status))
		__builtin_trap();
	if (msg__parse_pages(rec, &head, &nr))
		return;
	for (u32 i = 0; i < nr; i++) {
		struct msg_run run = msg_pages__run(rec, i);

		if (run.gpa % MSG_PAGE_SIZE || !run.len)
			__builtin_trap();
		bytes += run.len;
	}
	if (bytes < head.len || bytes - head.len >= MSG_PAGE_SIZE)
		__builtin_trap();
}

static void on_record(void *ctx, const struct wire_record *rec)
{
	struct run *run = ctx;
	u8 *copy = malloc(rec->len + 1);
	const struct wprof_entry e = { .type = rec->type,
				       .crc_ok = rec->crc_ok,
				       .payload = copy,
				       .len = rec->len };

	if (!copy)
		__builtin_trap();
	memcpy(copy, rec->payload, rec->len);
	take_apart(rec);
	wprof_stream__record(&run->stream, &e);
	run->lost |= run->nr == ENTRIES_MAX;
	if (run->lost)
		free(copy);
	else
		run->entry[run->nr++] = e;
}

static int feed(struct run *run, const u8 *data, size_t len, size_t step,
		u64 *ret_resyncs)
{
	struct wire_asm wa;

	*run = (struct run){ .stream = { .write = on_write, .ctx = run } };
	wire_asm__init(&wa);
	for (size_t off = 0; off < len; off += step)
		if (wire_asm__feed(&wa, data + off, KT_MIN(step, len - off),
				   on_record, run))
			break;
	*ret_resyncs += wa.stats.resyncs;
	wire_asm__fini(&wa);
	return wprof_stream__result(&run->stream);
}

static void check_kept(const struct run *run, int want)
{
	u8 *trace = NULL;
	size_t len = 0;
	int err = wprof__reassemble(run->entry, run->nr, &trace, &len);

	if (err != want)
		__builtin_trap();
	if (!err &&
	    (len != run->written || wire__crc32(0, trace, len) != run->crc))
		__builtin_trap();
	free(trace);
}

static void drop(struct run *run)
{
	for (size_t i = 0; i < run->nr; i++)
		free((void *)(uintptr_t)run->entry[i].payload);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct run whole, parts;
	u64 resyncs = 0;
	int err[2];

	if (len < 2)
		return 0;
	err[0] = feed(&whole, data + 1, len - 1, len, &resyncs);
	err[1] = feed(&parts, data + 1, len - 1, 1 + data[0], &resyncs);
	if (!resyncs && (err[0] != err[1] || whole.written != parts.written ||
			 whole.crc != parts.crc))
		__builtin_trap();
	if (!whole.lost)
		check_kept(&whole, err[0]);
	drop(&whole);
	drop(&parts);
	return 0;
}
