// SPDX-License-Identifier: GPL-2.0
/* Bounded memory of an unbounded stream; see session-internal.h. */
#include "lib/session/session-internal.h"

void keepbuf__init(struct keepbuf *kb, size_t max, bool tail)
{
	*kb = (struct keepbuf){ .max = max, .tail = tail };
}

void keepbuf__fini(struct keepbuf *kb)
{
	free(kb->data);
	*kb = (struct keepbuf){ 0 };
}

/* One byte more than asked, for the terminator. */
static bool grow(struct keepbuf *kb, size_t want)
{
	size_t cap = kb->cap ? kb->cap : 4096;
	char *bigger;

	if (want < kb->cap)
		return true;
	while (cap <= want)
		cap *= 2;
	bigger = realloc(kb->data, cap);
	if (!bigger)
		return false;
	kb->data = bigger;
	kb->cap = cap;
	return true;
}

/*
 * A tail buffer lets twice the limit accumulate before it moves the end to
 * the front, so that each byte is moved once on average.
 */
void keepbuf__add(struct keepbuf *kb, const void *data, size_t len)
{
	const char *src = data;

	kb->total += len;
	if (kb->tail && len > kb->max) {
		src += len - kb->max;
		len = kb->max;
	}
	if (!kb->tail)
		len = KT_MIN(len, kb->max - kb->len);
	if (!len || !grow(kb, kb->len + len))
		return;
	memcpy(kb->data + kb->len, src, len);
	kb->len += len;
	if (kb->tail && kb->len > 2 * kb->max) {
		memmove(kb->data, kb->data + kb->len - kb->max, kb->max);
		kb->len = kb->max;
	}
}

const char *keepbuf__text(struct keepbuf *kb)
{
	if (!kb->data)
		return "";
	kb->data[kb->len] = '\0';
	if (kb->tail && kb->len > kb->max)
		return kb->data + kb->len - kb->max;
	return kb->data;
}
