/* SPDX-License-Identifier: GPL-2.0 */
/* The texts of the command table as lines of a terminal. */
#ifndef TOOLS_KTSTR_TEXT_H
#define TOOLS_KTSTR_TEXT_H

#include "tools/ktstr/cmd.h"

/**
 * text__fill - print words in lines of at most 78 columns
 * @to: where
 * @text: words; line ends count as spaces
 * @indent: column of every line's first word
 * @column: column at which @to is
 */
void text__fill(FILE *to, const char *text, unsigned int indent,
		unsigned int column);

/** text__paragraph_len - bytes up to the empty line or the end; 0 at the end */
size_t text__paragraph_len(const char *text);

/** text__paragraphs - fill each paragraph, an empty line between them */
void text__paragraphs(FILE *to, const char *text);

/** text__note - "  what    text", the text hanging */
void text__note(FILE *to, const char *what, const char *text);

/**
 * text__exits - call @print for each status, ascending, texts of equal ones
 * joined by "; "
 */
void text__exits(FILE *to, const struct cmd_note *notes,
		 void (*print)(FILE *to, const char *what, const char *text));

#endif /* TOOLS_KTSTR_TEXT_H */
