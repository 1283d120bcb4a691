// SPDX-License-Identifier: GPL-2.0
/*
 * Parsers for the two texts guest init is configured by. Pure; called once by
 * PID 1 and by unit tests.
 */
#include "guest/params.h"

#include <ctype.h>

#define TIMEOUT_MAX_MS (24ull * 60 * 60 * 1000)
#define SIZE_MAX_CELLS 65535ull /* struct winsize */

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

static int parse_number(const char *val, size_t len, u64 max, u64 *ret_n)
{
	u64 n = 0;

	if (!len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)val[i]))
			return -EINVAL;
		n = n * 10 + (u64)(val[i] - '0');
		if (n > max)
			return -EINVAL;
	}
	*ret_n = n;
	return 0;
}

static int set_mode(struct guest_params *params, const char *val, size_t len)
{
	static const char *const names[] = { [GUEST_RUN] = "run",
					     [GUEST_EXEC] = "exec",
					     [GUEST_SHELL] = "shell" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (is_word(val, len, names[i])) {
			params->mode = (enum guest_mode)i;
			return 0;
		}
	return -EINVAL;
}

static int set_timeout(struct guest_params *params, const char *val, size_t len)
{
	u64 ms;
	int err = parse_number(val, len, TIMEOUT_MAX_MS, &ms);

	if (!err)
		params->test_timeout_ns = ms * NSEC_PER_MSEC;
	return err;
}

static int set_grace(struct guest_params *params, const char *val, size_t len)
{
	u64 ms;
	int err = parse_number(val, len, TIMEOUT_MAX_MS, &ms);

	if (!err)
		params->wprof_grace_ns = ms * NSEC_PER_MSEC;
	return err;
}

static int set_ready(struct guest_params *params, const char *val, size_t len)
{
	u64 n;
	int err = parse_number(val, len, 1, &n);

	if (!err)
		params->wprof_ready = n;
	return err;
}

static int set_cols(struct guest_params *params, const char *val, size_t len)
{
	u64 n;
	int err = parse_number(val, len, SIZE_MAX_CELLS, &n);

	if (!err)
		params->cols = (u16)n;
	return err;
}

static int set_rows(struct guest_params *params, const char *val, size_t len)
{
	u64 n;
	int err = parse_number(val, len, SIZE_MAX_CELLS, &n);

	if (!err)
		params->rows = (u16)n;
	return err;
}

/* These end up in an environment; nothing may be hidden in them. */
static int copy_term(char *to, const char *val, size_t len)
{
	if (len >= PARAMS_TERM_MAX)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)val[i]) && !strchr("._+-", val[i]))
			return -EINVAL;
	memcpy(to, val, len);
	to[len] = '\0';
	return 0;
}

static int set_term(struct guest_params *params, const char *val, size_t len)
{
	return copy_term(params->term, val, len);
}

static int set_colorterm(struct guest_params *params, const char *val,
			 size_t len)
{
	return copy_term(params->colorterm, val, len);
}

static const struct {
	const char *key;
	int (*set)(struct guest_params *params, const char *val, size_t len);
	const char *want;
} keys[] = {
	{ "KTSTR_MODE=", set_mode, "run, exec or shell" },
	{ "KTSTR_TEST_TIMEOUT_MS=", set_timeout, "0 to 86400000 milliseconds" },
	{ "KTSTR_WPROF_GRACE_MS=", set_grace, "0 to 86400000 milliseconds" },
	{ "KTSTR_WPROF_READY=", set_ready, "0 or 1" },
	{ "KTSTR_COLS=", set_cols, "0 to 65535" },
	{ "KTSTR_ROWS=", set_rows, "0 to 65535" },
	{ "KTSTR_TERM=", set_term, "at most 63 of letters, digits, ._+-" },
	{ "KTSTR_COLORTERM=", set_colorterm,
	  "at most 63 of letters, digits, ._+-" },
};

static int parse_word(struct guest_params *params, const char *word, size_t len,
		      struct kt_diag *diag)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *val = value_of(word, len, keys[i].key);

		if (val && keys[i].set(params, val, (size_t)(word + len - val)))
			return diag__fail(diag, -EINVAL,
					  "kernel command line: %.*s: want %s",
					  (int)len, word, keys[i].want);
	}
	return 0;
}

int params__parse_cmdline(const char *cmdline, struct guest_params *ret_params,
			  struct kt_diag *diag)
{
	struct guest_params params = { 0 };
	const char *word;
	size_t len;
	int err;

	while (next_word(&cmdline, &word, &len)) {
		err = parse_word(&params, word, len, diag);
		if (err)
			return err;
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
