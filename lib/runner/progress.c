// SPDX-License-Identifier: GPL-2.0
/*
 * "[12/40] 1 failed, running: boot.clock 3 s": one line on a terminal that is
 * written over. Called by the loop, about once a second.
 */
#include "lib/runner/runner-priv.h"

#include <sys/ioctl.h>

#include <ktstr/fd.h>

#define WIDTH_DEFAULT 80u

static unsigned int width(int fd)
{
	struct winsize ws = { 0 };

	if (ioctl(fd, TIOCGWINSZ, &ws) || !ws.ws_col)
		return WIDTH_DEFAULT;
	return ws.ws_col;
}

/* A terminal that does not take it must not stop the run: no retry. */
static void put(const struct runner *r, const char *text, size_t len)
{
	(void)!write(r->cfg->progress_fd, text, len);
}

void progress__clear(struct runner *r)
{
	static const char erase[] = "\r\033[K";

	if (r->progress_len)
		put(r, erase, sizeof(erase) - 1);
	r->progress_len = 0;
}

static size_t describe(const struct runner *r, char *line, size_t size)
{
	u64 now = kt_now_ns();
	size_t n = (size_t)snprintf(line, size, "[%u/%u] ", r->nr_done,
				    r->plan->nr_tests);

	if (r->nr_bad)
		n += (size_t)snprintf(line + n, size - n, "%u failed, ",
				      r->nr_bad);
	for (unsigned int i = 0; i < r->cfg->jobs && n < size; i++) {
		const struct job *job = &r->jobs[i];

		if (!job->child.pid || !job->nr_left)
			continue;
		n += (size_t)snprintf(
			line + n, size - n, "%s %llu s  ",
			r->plan->tests[job->tests[0]].label,
			(unsigned long long)((now - job->block_ns) /
					     NSEC_PER_SEC));
	}
	return KT_MIN(n, size - 1);
}

void progress__update(struct runner *r)
{
	char line[512] = "\r";
	size_t n, max;

	if (r->cfg->progress_fd < 0)
		return;
	max = KT_MIN((size_t)width(r->cfg->progress_fd), sizeof(line) - 8);
	n = describe(r, line + 1, max) + 1;
	n += (size_t)snprintf(line + n, sizeof(line) - n, "\033[K");
	put(r, line, n);
	r->progress_len = n;
}
