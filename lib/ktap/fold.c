// SPDX-License-Identifier: GPL-2.0
/*
 * Folding a program's TAP; see ktstr/ktap-fold.h. Used where a program that
 * knows nothing of us is a test, by `ktstr run`.
 */
#include <ktstr/ktap-fold.h>

#include <ctype.h>
#include <inttypes.h>
#include <strings.h>

/* The rest of @line behind @word, which must end there; or NULL. */
static const char *behind(const char *line, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(line, word, len) || (line[len] && line[len] != ' '))
		return NULL;
	return line + len;
}

/* "1..N", alone or with a directive. */
static bool parse_plan(const char *line, u64 *ret_n)
{
	u64 n = 0;

	if (strncmp(line, "1..", 3) || !isdigit((unsigned char)line[3]))
		return false;
	for (line += 3; isdigit((unsigned char)*line); line++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (u64)(*line - '0'), &n))
			n = UINT64_MAX;
	*ret_n = n;
	return !line[strspn(line, " ")] || strchr(line, '#');
}

static bool is_excused(const char *line)
{
	static const char *const words[] = {
		"SKIP", "XFAIL",
		"TODO" /* lint: unfinished ok, because it is TAP's word */
	};

	for (const char *p = line; (p = strchr(p, '#'));) {
		p += 1 + strspn(p + 1, " ");
		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			if (!strncasecmp(p, words[i], strlen(words[i])))
				return true;
	}
	return false;
}

static void end_line(struct ktap_fold *fold)
{
	const char *line = fold->line, *rest;
	u64 n;

	fold->line[fold->len] = '\0';
	fold->len = 0;
	if (behind(line, "TAP version") || behind(line, "KTAP version")) {
		fold->begun = true;
	} else if (parse_plan(line, &n)) {
		fold->begun = true;
		if (__builtin_add_overflow(fold->planned, n, &fold->planned))
			fold->planned = UINT64_MAX;
	} else if (!fold->begun) {
		return;
	} else if ((rest = behind(line, "not ok"))) {
		*(is_excused(rest) ? &fold->excused : &fold->failed) += 1;
	} else if ((rest = behind(line, "ok"))) {
		*(is_excused(rest) ? &fold->excused : &fold->passed) += 1;
	} else if (!strncmp(line, "Bail out!", 9)) {
		fold->bailed = true;
	}
}

void ktap_fold__feed(struct ktap_fold *fold, const void *data, size_t len)
{
	const char *p = data, *end = p + len;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t part = (size_t)((nl ? nl : end) - p);
		size_t keep = KT_MIN(part, sizeof(fold->line) - 1 - fold->len);

		memcpy(fold->line + fold->len, p, keep);
		fold->len += keep;
		if (nl && fold->len && fold->line[fold->len - 1] == '\r')
			fold->len--;
		if (nl)
			end_line(fold);
		p += part + (nl != NULL);
	}
}

bool ktap_fold__agrees(struct ktap_fold *fold, char *why, size_t size)
{
	u64 seen;

	if (fold->len)
		end_line(fold);
	seen = fold->passed + fold->failed + fold->excused;
	if (fold->failed)
		snprintf(why, size,
			 "%" PRIu64 " of its %" PRIu64 " tests failed",
			 fold->failed, seen);
	else if (fold->bailed)
		snprintf(why, size, "it bailed out");
	else if (fold->planned && fold->planned != seen)
		snprintf(why, size,
			 "it planned %" PRIu64 " tests and reported %" PRIu64,
			 fold->planned, seen);
	else
		return true;
	return false;
}
