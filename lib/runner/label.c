// SPDX-License-Identifier: GPL-2.0
/* Kernel labels; see label.h. Pure, any thread. */
#include "lib/runner/label.h"

#include <limits.h>
#include <zlib.h>

static char lower_alnum(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '\0';
}

void runner_label__text(const char *text, char ret_label[RUNNER_LABEL_MAX])
{
	static const char prefix[] = "kernel_";
	size_t n = sizeof(prefix) - 1;
	bool gap = false;

	memcpy(ret_label, prefix, n);
	/* Two bytes at most are added per character. */
	for (; *text && n + 2 < RUNNER_LABEL_MAX; text++) {
		char c = lower_alnum(*text);

		if (c && gap && n > sizeof(prefix) - 1)
			ret_label[n++] = '_';
		if (c)
			ret_label[n++] = c;
		gap = !c;
	}
	ret_label[n] = '\0';
	if (n == sizeof(prefix) - 1)
		snprintf(ret_label, RUNNER_LABEL_MAX, "%sunknown", prefix);
}

void runner_label__kernel(const char *spec, char ret_label[RUNNER_LABEL_MAX])
{
	size_t len = strlen(spec);
	char text[PATH_MAX];
	const char *base;

	if (!strchr(spec, '/')) {
		runner_label__text(spec, ret_label);
		return;
	}
	while (len > 1 && spec[len - 1] == '/')
		len--;
	base = memrchr(spec, '/', len);
	base = base ? base + 1 : spec;
	/* The digits at the end are what tells two paths apart: keep them. */
	snprintf(text, sizeof(text), "path_%.*s_%06lx",
		 (int)KT_MIN((size_t)(spec + len - base), (size_t)64), base,
		 crc32(0, (const u8 *)spec, (uInt)len) & 0xffffff);
	runner_label__text(text, ret_label);
}
