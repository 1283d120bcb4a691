// SPDX-License-Identifier: GPL-2.0
/* Fills the texts of the command table into lines. Pure, any thread. */
#include "tools/ktstr/text.h"

#include <limits.h>

#define WIDTH 78
#define NOTE_COLUMN 10

/* Columns, not bytes: bytes that continue a UTF-8 character take none. */
static unsigned int columns(const char *word, size_t len)
{
	unsigned int n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)word[i] & 0xc0) != 0x80;
	return n;
}

void text__fill(FILE *to, const char *text, unsigned int indent,
		unsigned int column)
{
	bool first = true;

	for (;;) {
		size_t len;

		text += strspn(text, " \n");
		len = strcspn(text, " \n");
		if (!len)
			break;
		if (!first && column + 1 + columns(text, len) > WIDTH) {
			fputc('\n', to);
			column = 0;
			first = true;
		}
		if (first)
			column += (unsigned int)fprintf(
				to, "%*s",
				column < indent ? (int)(indent - column) : 0,
				"");
		else
			column += (unsigned int)fprintf(to, " ");
		fwrite(text, 1, len, to);
		column += columns(text, len);
		first = false;
		text += len;
	}
	fputc('\n', to);
}

size_t text__paragraph_len(const char *text)
{
	const char *end = strstr(text, "\n\n");

	return end ? (size_t)(end - text) : strlen(text);
}

void text__paragraphs(FILE *to, const char *text)
{
	while (*text) {
		size_t len = text__paragraph_len(text);
		char *par __free(ptr) = strndup(text, len);

		if (!par)
			return;
		if (!strncmp(par, "  ", 2))
			fprintf(to, "%s\n", par);
		else
			text__fill(to, par, 0, 0);
		text += len;
		text += strspn(text, "\n");
		if (*text)
			fputc('\n', to);
	}
}

void text__note(FILE *to, const char *what, const char *text)
{
	int n = fprintf(to, "  %s", what);

	if (n < 0)
		return;
	if (n >= NOTE_COLUMN) {
		fputc('\n', to);
		n = 0;
	}
	text__fill(to, text, NOTE_COLUMN, (unsigned int)n);
}

/* "N" and "N and more" sort as N; what is no number ("128+N") sorts by its
 * first digits too. */
static unsigned long status_of(const struct cmd_note *note)
{
	return strtoul(note->what, NULL, 10);
}

static const struct cmd_note *first_of(const struct cmd_note *notes,
				       unsigned long above, bool any)
{
	const struct cmd_note *best = NULL;

	for (const struct cmd_note *n = notes; n->what; n++) {
		if (!any && status_of(n) <= above)
			continue;
		if (!best || status_of(n) < status_of(best))
			best = n;
	}
	return best;
}

void text__exits(FILE *to, const struct cmd_note *notes,
		 void (*print)(FILE *to, const char *what, const char *text))
{
	const struct cmd_note *note = first_of(notes, 0, true);

	for (; note; note = first_of(notes, status_of(note), false)) {
		char *joined = NULL;
		size_t len;
		FILE *all = open_memstream(&joined, &len);

		if (!all)
			return;
		fputs(note->text, all);
		for (const struct cmd_note *n = note + 1; n->what; n++)
			if (status_of(n) == status_of(note))
				fprintf(all, "; %s", n->text);
		if (!fclose(all))
			print(to, note->what, joined);
		free(joined);
	}
}
