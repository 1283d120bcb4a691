// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/locks and mountinfo, whose mount points are any user's bytes. The input
 * is both texts, a NUL between them, and after another NUL a path.
 */
#include "vmm/host/holders.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	char *text __free(ptr) = malloc(len + 3);
	struct host_lock_table t __free(host_lock_table) = { 0 };
	u32 major = 0, minor = 0;
	const char *mounts;

	if (!text)
		return 0;
	memcpy(text, data, len);
	memset(text + len, 0, 3);
	if (host_lock_table__parse(text, &t))
		return 0;
	for (unsigned int i = 0; i < t.nr; i++)
		if (t.entry[i].pid < 0)
			__builtin_trap();
	mounts = text + strlen(text) + 1;
	if (mounts > text + len)
		return 0;
	(void)mountinfo__device(mounts, mounts + strlen(mounts) + 1, &major,
				&minor);
	return 0;
}
