// SPDX-License-Identifier: GPL-2.0
/* CPU lists: strict and lenient agree, and what is printed parses the same. */
#include <ktstr/cpulist.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	char *text __free(ptr) = malloc(len + 1);
	struct cpuset set, lenient, again;
	struct kt_diag diag = { 0 };
	static char buf[CPULIST_SIZE];
	unsigned int skipped;
	int err;

	if (!text)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	skipped = cpulist__parse_lenient(text, &lenient);
	err = cpulist__parse(text, &set, &diag);
	if (!err != !skipped || !err != !diag.msg[0])
		__builtin_trap();
	if (!err && !cpuset__equal(&set, &lenient))
		__builtin_trap();
	if (cpulist__print(&lenient, buf, sizeof(buf)) ||
	    cpulist__parse(buf, &again, NULL) ||
	    !cpuset__equal(&lenient, &again))
		__builtin_trap();
	return 0;
}
