// SPDX-License-Identifier: GPL-2.0
/* TAP lines; see tapline.h. Called by job.c for each line of a program. */
#include "lib/runner/tapline.h"

#include <strings.h>

struct cursor {
	const char *p, *end;
};

static bool eat(struct cursor *c, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(c->end - c->p) < len || memcmp(c->p, word, len))
		return false;
	c->p += len;
	return true;
}

static bool is_space(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\r';
}

static bool eat_spaces(struct cursor *c)
{
	const char *from = c->p;

	while (c->p < c->end && is_space(*c->p))
		c->p++;
	return c->p > from;
}

/* A decimal number that fits; false leaves the cursor anywhere. */
static bool eat_number(struct cursor *c, u32 *ret)
{
	const char *from = c->p;
	u64 val = 0;

	for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++) {
		val = val * 10 + (u64)(*c->p - '0');
		if (val > UINT32_MAX)
			return false;
	}
	*ret = (u32)val;
	return c->p > from;
}

static void trim_end(struct cursor *c)
{
	while (c->end > c->p && is_space(c->end[-1]))
		c->end--;
}

/* Where the directive starts: a '#' behind a space, or first of all. */
static const char *find_hash(const struct cursor *c)
{
	for (const char *p = c->p; p < c->end; p++)
		if (*p == '#' && (p == c->p || is_space(p[-1])))
			return p;
	return c->end;
}

static void parse_tail(struct cursor c, struct tap_line *line)
{
	const char *hash = find_hash(&c);
	struct cursor name = { c.p, hash };
	struct cursor rest = { hash < c.end ? hash + 1 : c.end, c.end };

	if (eat(&name, "-"))
		eat_spaces(&name);
	trim_end(&name);
	eat_spaces(&rest);
	trim_end(&rest);
	line->name = name.p;
	line->name_len = (size_t)(name.end - name.p);
	line->directive = rest.p;
	line->directive_len = (size_t)(rest.end - rest.p);
}

static bool parse_result(struct cursor c, struct tap_line *line)
{
	line->ok = !eat(&c, "not ");
	if (!eat(&c, "ok") || !eat_spaces(&c) || !eat_number(&c, &line->number))
		return false;
	if (c.p < c.end && !eat_spaces(&c))
		return false;
	parse_tail(c, line);
	return true;
}

static bool parse_plan(struct cursor c, struct tap_line *line)
{
	if (!eat(&c, "1..") || !eat_number(&c, &line->number))
		return false;
	if (c.p < c.end && !eat_spaces(&c))
		return false;
	/* "1..8 cpus online" is no plan. */
	if (c.p < c.end && *c.p != '#')
		return false;
	parse_tail(c, line);
	return true;
}

void tap_line__parse(const char *text, size_t len, struct tap_line *ret_line)
{
	struct cursor c = { text, text + len };
	struct tap_line line = { .name = text, .directive = text };

	trim_end(&c);
	if (c.p == c.end)
		line.kind = TAP_OTHER;
	else if (*c.p == '#')
		line.kind = TAP_DIAG;
	else if (parse_result(c, &line))
		line.kind = TAP_RESULT;
	else if (parse_plan(c, &line))
		line.kind = TAP_PLAN;
	else if (eat(&c, "TAP version ") || eat(&c, "KTAP version "))
		line.kind = TAP_VERSION;
	*ret_line = line;
}

/* --- directives ---------------------------------------------------------- */

static size_t word_len(const char *p, size_t len)
{
	size_t n = 0;

	while (n < len && !is_space(p[n]) && p[n] != ':')
		n++;
	return n;
}

static bool word_is(const char *p, size_t len, const char *word)
{
	return len == strlen(word) && !memcmp(p, word, len);
}

/* "ERROR guest_panic": the second word; KTSTR_OUTCOME_NR when unknown */
static enum ktstr_outcome error_outcome(const char *p, size_t len)
{
	size_t first = word_len(p, len);
	enum ktstr_outcome outcome;

	for (p += first, len -= first; len && (is_space(*p) || *p == ':');
	     len--)
		p++;
	outcome = ktstr_outcome__find(p, word_len(p, len));
	return ktstr_outcome__is_infra(outcome) ? outcome : KTSTR_OUTCOME_NR;
}

/* The outcome that the first word stands for; KTSTR_OUTCOME_NR for none. */
static enum ktstr_outcome directive_outcome(const struct tap_line *line)
{
	static const struct {
		const char *word;
		enum ktstr_outcome outcome;
	} words[] = {
		{ "SKIP", KTSTR_SKIP },
		{ "XFAIL", KTSTR_XFAIL },
		{ "XPASS", KTSTR_XPASS },
		{ "TIMEOUT", KTSTR_TIMEOUT },
	};
	const char *p = line->directive;
	size_t len = word_len(p, line->directive_len);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (word_is(p, len, words[i].word))
			return words[i].outcome;
	if (word_is(p, len, "ERROR")) {
		enum ktstr_outcome found =
			error_outcome(p, line->directive_len);

		return found == KTSTR_OUTCOME_NR ? KTSTR_FAIL : found;
	}
	/* The test's own words in lower case: post_vm_fail, inconclusive. */
	return ktstr_outcome__find(p, len);
}

enum ktstr_outcome tap_line__outcome(const struct tap_line *line)
{
	enum ktstr_outcome said = directive_outcome(line);
	bool good =
		said == KTSTR_PASS || said == KTSTR_SKIP || said == KTSTR_XFAIL;

	if (said == KTSTR_OUTCOME_NR)
		return line->ok ? KTSTR_PASS : KTSTR_FAIL;
	if (!line->ok && good)
		return KTSTR_FAIL;
	return said;
}

bool tap_line__time_ms(const struct tap_line *line, u64 *ret_ms)
{
	struct cursor c = { line->directive,
			    line->directive + line->directive_len };
	u32 ms;

	for (; c.p < c.end; c.p++) {
		struct cursor at = c;

		if (!eat(&at, "time="))
			continue;
		if (!eat_number(&at, &ms) || !eat(&at, "ms"))
			return false;
		*ret_ms = ms;
		return true;
	}
	return false;
}
