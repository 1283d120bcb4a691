// SPDX-License-Identifier: GPL-2.0
/*
 * Bytes of the bulk port. The first byte picks how the rest is cut into
 * feeds; whatever the cut, the same records must come out unless bytes were
 * dropped, because a drop also takes the rest of its feed.
 */
#include <ktstr/wire.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

struct tally {
	u64 sum;
	struct wire_stats stats;
};

static void on_record(void *ctx, const struct wire_record *rec)
{
	struct tally *tally = ctx;
	struct msg_test_result res;
	const char *reason;

	tally->sum = tally->sum * 31 + rec->type + rec->len + rec->crc_ok;
	for (u32 i = 0; i < rec->len; i++)
		tally->sum = tally->sum * 31 + rec->payload[i];
	if (wire__usable(&tally->stats, rec) &&
	    !msg__parse_test_result(rec, &res, &reason))
		for (u32 i = 0; i < res.reason_len; i++)
			tally->sum += (u8)reason[i];
}

static struct tally run(const u8 *data, size_t len, size_t step)
{
	struct tally tally = { 0 };
	struct wire_asm wa;

	wire_asm__init(&wa);
	for (size_t off = 0; off < len; off += step)
		if (wire_asm__feed(&wa, data + off, KT_MIN(step, len - off),
				   on_record, &tally))
			break;
	tally.stats.resyncs = wa.stats.resyncs;
	wire_asm__fini(&wa);
	return tally;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct tally whole, parts;

	if (len < 2)
		return 0;
	whole = run(data + 1, len - 1, len);
	parts = run(data + 1, len - 1, 1 + data[0]);
	if (!whole.stats.resyncs && !parts.stats.resyncs &&
	    whole.sum != parts.sum)
		__builtin_trap();
	return 0;
}
