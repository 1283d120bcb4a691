// SPDX-License-Identifier: GPL-2.0
/* The guest's /workload file; every string must stay inside the text. */
#include "guest/exec.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static size_t total(char *const *v, const char *text, size_t len)
{
	size_t sum = 0;

	for (; *v; v++) {
		if (*v < text || *v >= text + len)
			__builtin_trap();
		sum += strlen(*v) + 1;
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	char *text __free(ptr) = malloc(len + 1);
	struct kt_diag diag = { 0 };
	struct exec_workload w;
	size_t sum;
	int err;

	if (!text)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	err = exec__parse(text, len, &w, &diag);
	if (err && err != -ENOMEM && !diag.msg[0])
		__builtin_trap();
	if (err)
		return 0;
	sum = total(w.argv, text, len) + total(w.envp, text, len);
	/* The count's string is the only one not handed out. */
	sum += strlen(w.cwd) + 1 + strlen(w.path) + 1;
	if (sum >= len)
		__builtin_trap();
	exec__fini(&w);
	return 0;
}
