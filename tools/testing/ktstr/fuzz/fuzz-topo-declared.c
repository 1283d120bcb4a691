// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest reads about the machine it should be: anything is refused with a
 * message, or is a machine, which is then not there.
 */
#include <ktstr/test-topology.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	char *text __free(ptr) = malloc(len + 1);
	struct kt_diag diag = { 0 };
	int err;

	if (!text)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	err = test_topology__check("/no/sysfs", text, &diag);
	if ((err != -EINVAL && err != -ENOENT) || !diag.msg[0])
		__builtin_trap();
	return 0;
}
