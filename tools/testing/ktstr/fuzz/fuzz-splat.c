// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile kernel log. First byte: how the rest is cut. However it is cut the
 * result is the same, a fingerprint is words, and nothing is found in a log
 * that is allowed everything.
 */
#include "lib/session/splat.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static void scan_all(struct splat_scan *scan, const struct splat_allow *allow,
		     const u8 *data, size_t len, size_t step)
{
	splat_scan__init(scan, allow);
	for (size_t off = 0; off < len; off += step)
		splat_scan__feed(scan, data + off, KT_MIN(step, len - off));
	splat_scan__finish(scan);
}

static void check_words(const struct splat *splat)
{
	char text[SPLAT_FINGERPRINT_MAX];

	splat__fingerprint(splat, text, sizeof(text));
	if (strlen(text) + 1 >= sizeof(text) || splat->nr_frames > SPLAT_FRAMES)
		__builtin_trap();
	for (const char *p = text; *p; p++)
		if ((u8)*p < 0x20 || (u8)*p > 0x7e || *p == '#')
			__builtin_trap();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct splat_allow *all = NULL;
	struct splat_scan whole, cut;

	if (len < 2)
		return 0;
	scan_all(&whole, NULL, data + 1, len - 1, len);
	scan_all(&cut, NULL, data + 1, len - 1, 1 + (size_t)data[0]);
	if (whole.found != cut.found || whole.first.kind != cut.first.kind ||
	    whole.first.hash != cut.first.hash)
		__builtin_trap();
	if ((whole.first.kind == SPLAT_NONE) != !whole.found)
		__builtin_trap();
	check_words(&whole.first);
	if (splat_allow__parse(".*\n", "all", &all, NULL))
		return 0;
	scan_all(&cut, all, data + 1, len - 1, len);
	if (cut.first.kind != SPLAT_NONE || cut.allowed != whole.found)
		__builtin_trap();
	splat_allow__free(all);
	return 0;
}
