// SPDX-License-Identifier: GPL-2.0
/* See scratch.h; linked into every unit test. */
#include "tools/testing/ktstr/unit/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void scratch__make(char root[SCRATCH_PATH_MAX])
{
	strcpy(root, "/tmp/ktstr-unit-XXXXXX");
	assert_non_null(mkdtemp(root));
}

void scratch__remove(const char *root)
{
	scratch__shell("/", "rm -rf %s", root);
}

char *scratch__shell(const char *root, const char *fmt, ...)
{
	static char out[65536];
	char cmd[4352], text[4096];
	va_list ap;
	FILE *f;
	size_t n;

	va_start(ap, fmt);
	assert_in_range(vsnprintf(text, sizeof(text), fmt, ap), 0,
			sizeof(text) - 1);
	va_end(ap);
	snprintf(cmd, sizeof(cmd), "cd %s && { %s; } 2>&1", root, text);
	f = popen(cmd, "r");
	assert_non_null(f);
	n = fread(out, 1, sizeof(out) - 1, f);
	out[n] = '\0';
	if (pclose(f) != 0)
		fail_msg("%s: failed: %s", cmd, out);
	return out;
}

unsigned int scratch__entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned int nr = 0;

	assert_non_null(dir);
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr;
}
