// SPDX-License-Identifier: GPL-2.0
/* Bounded text; used by the runner for what programs print. One thread. */
#include "lib/runner/textbuf.h"

static bool make_room(struct textbuf *buf, size_t want)
{
	size_t size = KT_MAX(buf->size * 2, (size_t)256);
	char *text;

	if (want <= buf->size)
		return true;
	size = KT_MAX(size, want);
	text = realloc(buf->text, size);
	if (!text)
		return false;
	buf->text = text;
	buf->size = size;
	return true;
}

bool textbuf__add(struct textbuf *buf, const char *text, size_t len, size_t max)
{
	/* Once something is missing, what follows would be out of place. */
	if (buf->dropped || len > max || buf->len > max - len ||
	    !make_room(buf, buf->len + len + 1)) {
		buf->dropped += len;
		return false;
	}
	memcpy(buf->text + buf->len, text, len);
	buf->len += len;
	buf->text[buf->len] = '\0';
	return true;
}

void textbuf__keep_tail(struct textbuf *buf, size_t max)
{
	const char *from, *nl;
	char *text;

	if (buf->len <= max)
		return;
	from = buf->text + (buf->len - max);
	nl = memchr(from, '\n', max);
	from = nl ? nl + 1 : from;
	buf->len -= (size_t)(from - buf->text);
	memmove(buf->text, from, buf->len + 1);
	text = realloc(buf->text, buf->len + 1);
	if (!text)
		return;
	buf->text = text;
	buf->size = buf->len + 1;
}

const char *textbuf__text(const struct textbuf *buf)
{
	return buf->text ? buf->text : "";
}

void textbuf__fini(struct textbuf *buf)
{
	free(buf->text);
	*buf = (struct textbuf){ 0 };
}
