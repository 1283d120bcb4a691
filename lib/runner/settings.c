// SPDX-License-Identifier: GPL-2.0
/* The `settings` file; see settings.h. */
#include "lib/runner/settings.h"

int settings__seconds(const char *text, size_t len, u64 *ret_s)
{
	u64 val = 0;

	if (!len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		val = val * 10 + (u64)(text[i] - '0');
		if (val > SETTINGS_TIMEOUT_MAX_S)
			return -EINVAL;
	}
	*ret_s = val;
	return 0;
}

int settings__timeout(const char *text, u64 *ret_s, struct kt_diag *diag)
{
	static const char key[] = "timeout=";
	int err = -ENOENT;

	while (*text) {
		size_t len = strcspn(text, "\n"), n = sizeof(key) - 1;
		size_t end = len;

		while (end && (text[end - 1] == ' ' || text[end - 1] == '\r' ||
			       text[end - 1] == '\t'))
			end--;
		if (end >= n && !memcmp(text, key, n)) {
			err = settings__seconds(text + n, end - n, ret_s);
			if (err)
				return diag__fail(
					diag, err,
					"settings: timeout='%.*s' is "
					"no number of seconds from 0 "
					"to %u",
					(int)KT_MIN(end - n, (size_t)40),
					text + n, SETTINGS_TIMEOUT_MAX_S);
		}
		text += len + !!text[len];
	}
	return err;
}
