// SPDX-License-Identifier: GPL-2.0
/*
 * The list of kernel complaints that a suite lives with. Read once per
 * session on the main thread, then only matched against, on any thread.
 */
#include "lib/session/splat.h"

#include <regex.h>

#include <ktstr/fd.h>

/* A list is read by people: more than this is a wrong file. */
#define ALLOW_FILE_MAX KIB(256)

struct splat_allow {
	char *path;
	regex_t *re;
	size_t nr;
};

static bool is_rule(const char *line, size_t len)
{
	size_t blank = strspn(line, " \t\r");

	return blank < len && line[blank] != '#';
}

static int add_rule(struct splat_allow *allow, const char *line, size_t len,
		    unsigned int number, struct kt_diag *diag)
{
	char *text __free(ptr) = NULL;
	regex_t *bigger;
	char why[128];
	int err;

	while (len && strchr(" \t\r", line[len - 1]))
		len--;
	text = strndup(line, len);
	bigger = realloc(allow->re, (allow->nr + 1) * sizeof(*bigger));
	if (bigger)
		allow->re = bigger;
	if (!text || !bigger)
		return -ENOMEM;
	err = regcomp(&allow->re[allow->nr], text, REG_EXTENDED | REG_NOSUB);
	if (err) {
		regerror(err, &allow->re[allow->nr], why, sizeof(why));
		return diag__fail(diag, -EINVAL,
				  "%s:%u: '%s' is no extended regular "
				  "expression: %s",
				  allow->path, number, text, why);
	}
	allow->nr++;
	return 0;
}

int splat_allow__parse(const char *text, const char *name,
		       struct splat_allow **ret_allow, struct kt_diag *diag)
{
	struct splat_allow *allow __free(splat_allow) =
		calloc(1, sizeof(*allow));
	unsigned int number = 0;

	if (!allow)
		return -ENOMEM;
	allow->path = strdup(name);
	if (!allow->path)
		return -ENOMEM;
	while (*text) {
		size_t len = strcspn(text, "\n");
		int err = 0;

		number++;
		if (is_rule(text, len))
			err = add_rule(allow, text, len, number, diag);
		if (err)
			return err;
		text += len + (text[len] == '\n');
	}
	*ret_allow = no_free_ptr(allow);
	return 0;
}

int splat_allow__load(const char *path, struct splat_allow **ret_allow,
		      struct kt_diag *diag)
{
	char *text __free(ptr) = NULL;
	size_t len;
	int err = fd__read_file(path, ALLOW_FILE_MAX, &text, &len);

	if (err)
		return diag__fail(diag, err, "%s: %s (list of allowed splats)",
				  path, strerror(-err));
	if (memchr(text, '\0', len))
		return diag__fail(diag, -EINVAL,
				  "%s: has a NUL byte; a list of allowed "
				  "splats is text",
				  path);
	return splat_allow__parse(text, path, ret_allow, diag);
}

void splat_allow__free(struct splat_allow *allow)
{
	if (!allow)
		return;
	for (size_t i = 0; i < allow->nr; i++)
		regfree(&allow->re[i]);
	free(allow->re);
	free(allow->path);
	free(allow);
}

const char *splat_allow__path(const struct splat_allow *allow)
{
	return allow->path;
}

bool splat_allow__match(const struct splat_allow *allow,
			const struct splat *splat)
{
	char print[SPLAT_FINGERPRINT_MAX];

	if (!allow)
		return false;
	splat__fingerprint(splat, print, sizeof(print));
	for (size_t i = 0; i < allow->nr; i++)
		if (!regexec(&allow->re[i], splat->headline, 0, NULL, 0) ||
		    !regexec(&allow->re[i], print, 0, NULL, 0))
			return true;
	return false;
}
