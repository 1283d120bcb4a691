// SPDX-License-Identifier: GPL-2.0
/*
 * Parsers for the two texts guest init is configured by. Pure; called once by
 * PID 1 and by unit tests.
 */
#include "guest/params.h"

#include <ctype.h>

#define MODE_KEY "KTSTR_MODE="
#define TIMEOUT_KEY "KTSTR_TEST_TIMEOUT_MS="
#define TIMEOUT_MAX_MS (24ull * 60 * 60 * 1000)

/* Next word at or after *pos; false at the end. */
static bool next_word(const char **pos, const char **ret_word, size_t *ret_len)
{
	const char *p = *pos;
	bool quoted = false;

	while (isspace((unsigned char)*p))
		p++;
	*ret_word = p;
	for (; *p && (quoted || !isspace((unsigned char)*p)); p++)
		if (*p == '"')
			quoted = !quoted;
	*ret_len = (size_t)(p - *ret_word);
	*pos = p;
	return *ret_len > 0;
}

static bool is_word(const char *word, size_t len, const char *want)
{
	return len == strlen(want) && !memcmp(word, want, len);
}

/* The part behind "KEY=", or NULL when the word is another one. */
static const char *value_of(const char *word, size_t len, const char *key)
{
	size_t key_len = strlen(key);

	return len >= key_len && !memcmp(word, key, key_len) ? word + key_len
							     : NULL;
}

bool params__has_guest_word(const char *cmdline)
{
	const char *word;
	size_t len;

	while (next_word(&cmdline, &word, &len))
		if (is_word(word, len, "KTSTR_GUEST=1"))
			return true;
	return false;
}

static int parse_timeout(const char *val, size_t len, u64 *ret_ns)
{
	u64 ms = 0;

	if (!len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)val[i]))
			return -EINVAL;
		ms = ms * 10 + (u64)(val[i] - '0');
		if (ms > TIMEOUT_MAX_MS)
			return -EINVAL;
	}
	*ret_ns = ms * NSEC_PER_MSEC;
	return 0;
}

int params__parse_cmdline(const char *cmdline, struct guest_params *ret_params,
			  struct kt_diag *diag)
{
	struct guest_params params = { 0 };
	const char *word, *val;
	size_t len;

	while (next_word(&cmdline, &word, &len)) {
		const char *end = word + len;

		val = value_of(word, len, MODE_KEY);
		if (val && !is_word(val, (size_t)(end - val), "run"))
			return diag__fail(diag, -EINVAL,
					  "kernel command line: %.*s: the only "
					  "mode is run",
					  (int)len, word);
		val = value_of(word, len, TIMEOUT_KEY);
		if (val && parse_timeout(val, (size_t)(end - val),
					 &params.test_timeout_ns))
			return diag__fail(diag, -EINVAL,
					  "kernel command line: %.*s: want 0 "
					  "to %llu milliseconds",
					  (int)len, word, TIMEOUT_MAX_MS);
	}
	*ret_params = params;
	return 0;
}

int params__parse_args(char *text, size_t len, char **argv, int *ret_argc,
		       struct kt_diag *diag)
{
	static char argv0[] = "init";
	int argc = 0;

	if (memchr(text, '\0', len))
		return diag__fail(diag, -EINVAL, "/args: has a NUL byte");
	argv[argc++] = argv0;
	for (size_t pos = 0; pos < len;) {
		char *nl = memchr(text + pos, '\n', len - pos);

		if (argc == PARAMS_ARGC_MAX)
			return diag__fail(diag, -E2BIG,
					  "/args: more than %d lines",
					  PARAMS_ARGC_MAX - 1);
		argv[argc++] = text + pos;
		if (!nl)
			break;
		*nl = '\0';
		pos = (size_t)(nl - text) + 1;
	}
	argv[argc] = NULL;
	*ret_argc = argc;
	return 0;
}
