// SPDX-License-Identifier: GPL-2.0
/* Reads the kernel log once, at the end of the run. PID 1 only. */
#include "guest/dmesg.h"

#include <ctype.h>
#include <sys/klog.h>

#define SYSLOG_ACTION_READ_ALL 3 /* include/linux/syslog.h */

/* Length of "<digits>" at @p, or 0. */
static size_t level_len(const char *p, size_t len)
{
	size_t n = 1;

	if (!len || p[0] != '<')
		return 0;
	while (n < len && isdigit((unsigned char)p[n]))
		n++;
	return n > 1 && n < len && p[n] == '>' ? n + 1 : 0;
}

size_t dmesg__strip_levels(char *buf, size_t len)
{
	size_t to = 0;

	for (size_t from = 0; from < len;) {
		const char *nl;
		size_t line;

		from += level_len(buf + from, len - from);
		nl = memchr(buf + from, '\n', len - from);
		line = nl ? (size_t)(nl - (buf + from)) + 1 : len - from;
		memmove(buf + to, buf + from, line);
		to += line;
		from += line;
	}
	return to;
}

int dmesg__read(char **ret_buf, size_t *ret_len)
{
	char *buf __free(ptr) = malloc(DMESG_MAX);
	int n;

	if (!buf)
		return -ENOMEM;
	n = klogctl(SYSLOG_ACTION_READ_ALL, buf, DMESG_MAX);
	if (n < 0)
		return -errno;
	*ret_len = dmesg__strip_levels(buf, (size_t)n);
	*ret_buf = no_free_ptr(buf);
	return 0;
}
