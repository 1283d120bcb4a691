// SPDX-License-Identifier: GPL-2.0
/*
 * Payloads of softkvm's SK_EXEC. Checked besides memory errors: what decodes
 * encodes again to the same strings, and lists end where they say.
 */
#include "vmm/softkvm/proto.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

#define HEAD_SIZE 32u /* struct request_head; its session and pad are free */

static void require(bool cond)
{
	if (!cond)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	void *copy __free(ptr) = malloc(len ? len : 1);
	void *again __free(ptr) = NULL;
	struct sk_request req;
	size_t again_len;

	if (!copy)
		return 0;
	memcpy(copy, data, len);
	if (sk_request__decode(copy, len, &req))
		return 0;
	require(!req.argv[req.nr_argv] && !req.envp[req.nr_envp] &&
		!req.rw[req.nr_rw]);
	require(!sk_request__encode(&req, &again, &again_len, NULL));
	require(again_len == len);
	require(!memcmp((u8 *)again + HEAD_SIZE, data + HEAD_SIZE,
			len - HEAD_SIZE));
	sk_request__fini(&req);
	return 0;
}
