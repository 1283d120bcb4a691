/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Standard output without ever blocking on it: text is queued and written
 * when the reader has room, so that a stopped reader delays no signal and no
 * time limit. One thread.
 */
#ifndef LIB_RUNNER_TAPOUT_H
#define LIB_RUNNER_TAPOUT_H

#include <ktstr/base.h>

/** struct tapout - {.fd = N} is ready to use; N stays the caller's */
struct tapout {
	int fd;
	char *text;
	size_t len, size, sent;
	int err;   /* first error: what follows is dropped */
	bool gone; /* nobody reads any more */
};

/** tapout__add - queue; text is lost only after an error */
void tapout__add(struct tapout *out, const char *text, size_t len);

/** tapout__printf - queue formatted text */
void tapout__printf(struct tapout *out, const char *fmt, ...)
	__printf_like(2, 3);

/** tapout__pending - bytes that wait for the reader */
size_t tapout__pending(const struct tapout *out);

/** tapout__flush - write what the reader takes right now */
void tapout__flush(struct tapout *out);

/** tapout__fini - free; does not write */
void tapout__fini(struct tapout *out);

#endif /* LIB_RUNNER_TAPOUT_H */
