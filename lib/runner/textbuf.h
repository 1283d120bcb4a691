/* SPDX-License-Identifier: GPL-2.0 */
/* Growing text with an upper limit: what a hostile writer cannot exhaust. */
#ifndef LIB_RUNNER_TEXTBUF_H
#define LIB_RUNNER_TEXTBUF_H

#include <ktstr/base.h>

/** struct textbuf - {0} is empty; @text is NUL-terminated or NULL */
struct textbuf {
	char *text;
	size_t len, size;
	u64 dropped; /* bytes that came after the limit, or without memory */
};

/**
 * textbuf__add - append; beyond @max bytes in all, bytes are only counted
 * Return: true when all of it was kept. A piece is kept whole or not at all.
 */
bool textbuf__add(struct textbuf *buf, const char *text, size_t len,
		  size_t max);

/** textbuf__keep_tail - drop all but the last lines that fit into @max */
void textbuf__keep_tail(struct textbuf *buf, size_t max);

/** textbuf__text - never NULL */
const char *textbuf__text(const struct textbuf *buf);

/** textbuf__fini - free; {0} again */
void textbuf__fini(struct textbuf *buf);

#endif /* LIB_RUNNER_TEXTBUF_H */
