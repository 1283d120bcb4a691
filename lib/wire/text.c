// SPDX-License-Identifier: GPL-2.0
/*
 * Records on a channel made for text: hexadecimal lines that start with a mark,
 * among whatever else is written there. Pure; guest init encodes, the session
 * decodes.
 */
#include <ktstr/wire.h>

#define MARK_LEN (sizeof(WIRE_TEXT_MARK) - 1)

size_t wire_text__line(const void *data, size_t len, char *line)
{
	const u8 *p = data;
	size_t at = 0;

	/* A line break first: somebody may have left half a line behind. */
	line[at++] = '\n';
	memcpy(line + at, WIRE_TEXT_MARK, MARK_LEN);
	at += MARK_LEN;
	for (size_t i = 0; i < len && i < WIRE_TEXT_BYTES; i++) {
		line[at++] = "0123456789abcdef"[p[i] >> 4];
		line[at++] = "0123456789abcdef"[p[i] & 15];
	}
	line[at++] = '\n';
	return at;
}

/* 16 for what is no digit. */
static unsigned int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a' + 10);
	return 16;
}

static bool decode(const char *hex, size_t len, u8 *out)
{
	if (len % 2 || len > 2 * WIRE_TEXT_BYTES)
		return false;
	for (size_t i = 0; i < len; i += 2) {
		unsigned int hi = nibble(hex[i]), lo = nibble(hex[i + 1]);

		if (hi > 15 || lo > 15)
			return false;
		out[i / 2] = (u8)(hi << 4 | lo);
	}
	return true;
}

static void end_line(struct wire_text *wt, const struct wire_text_ops *ops,
		     void *ctx)
{
	const char *mark = memmem(wt->line, wt->len, WIRE_TEXT_MARK, MARK_LEN);
	u8 out[WIRE_TEXT_BYTES];
	size_t len = wt->len, hex;

	wt->len = 0;
	if (!len)
		return;
	if (!mark) {
		ops->text(ctx, wt->line, len);
		return;
	}
	mark += MARK_LEN;
	hex = len - (size_t)(mark - wt->line);
	if (decode(mark, hex, out))
		ops->bytes(ctx, out, hex / 2);
	else
		wt->bad_lines++;
}

void wire_text__feed(struct wire_text *wt, const void *data, size_t len,
		     const struct wire_text_ops *ops, void *ctx)
{
	const char *p = data;

	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\n' || p[i] == '\r')
			end_line(wt, ops, ctx);
		else
			wt->line[wt->len++] = p[i];
		if (wt->len == sizeof(wt->line))
			end_line(wt, ops, ctx);
	}
}

void wire_text__finish(struct wire_text *wt, const struct wire_text_ops *ops,
		       void *ctx)
{
	end_line(wt, ops, ctx);
}
