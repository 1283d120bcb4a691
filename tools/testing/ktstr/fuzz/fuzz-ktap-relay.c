// SPDX-License-Identifier: GPL-2.0
/*
 * Guest output. First byte: how the rest is cut; second: which feeds go to
 * stderr. Every line that comes out must be a comment of printable text.
 */
#include <ktstr/ktap.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static int check_line(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	if (len < 3 ||
	    len > KTAP_RELAY_PREFIX_MAX + 4 * KTAP_RELAY_LINE_MAX + 1)
		__builtin_trap();
	if (memcmp(text, "# ", 2) || text[len - 1] != '\n')
		__builtin_trap();
	for (size_t i = 0; i + 1 < len; i++) {
		u8 c = (u8)text[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			__builtin_trap();
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct ktap_relay *relay __free(ptr) = malloc(sizeof(*relay));
	size_t step, turn = 0;

	if (!relay || len < 3)
		return 0;
	step = 1 + (size_t)data[0] * data[0];
	ktap_relay__init(relay, 64u << 10, check_line, NULL);
	for (size_t off = 2; off < len; off += step, turn++)
		ktap_relay__feed(relay,
				 data[1] >> (turn & 7) & 1 ? KTAP_STREAM_STDERR
							   : KTAP_STREAM_STDOUT,
				 data + off, KT_MIN(step, len - off));
	ktap_relay__finish(relay, "log");
	return 0;
}
