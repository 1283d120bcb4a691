// SPDX-License-Identifier: GPL-2.0
/* Following a TAP stream without parsing it; see ktstr/ktap.h. */
#include <ktstr/ktap.h>

static bool starts(const struct ktap_tally *tally, const char *with)
{
	size_t len = strlen(with);

	return tally->head_len >= len && !memcmp(tally->head, with, len);
}

static void end_line(struct ktap_tally *tally)
{
	if (starts(tally, "ok ") || starts(tally, "not ok "))
		tally->results++;
	else if (starts(tally, "TAP ver") || starts(tally, "KTAP ve"))
		tally->begun = true;
	tally->head_len = 0;
}

void ktap_tally__feed(struct ktap_tally *tally, const void *data, size_t len)
{
	const char *p = data;

	for (size_t i = 0; i < len; i++) {
		tally->midline = p[i] != '\n';
		if (!tally->midline)
			end_line(tally);
		else if (tally->head_len < sizeof(tally->head))
			tally->head[tally->head_len++] = p[i];
	}
}
