// SPDX-License-Identifier: GPL-2.0
/*
 * Relocation tables: whatever they say, only the kernel's own page changes
 * (the sanitizer watches the rest), and a refusal has a reason.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/x86/kaslr.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

#define PAGE 4096u

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	u8 *mem __free(ptr) = calloc(1, PAGE);
	struct kimage img = { .fd = memfd_create("relocs", MFD_CLOEXEC),
			      .end = PAGE,
			      .init_end = PAGE,
			      .align = MIB(2),
			      .relocs_len = len & ~3ULL };
	struct kt_diag diag = { 0 };
	struct gmem gm;

	if (mem && img.relocs_len &&
	    pwrite(img.fd, data, img.relocs_len, 0) ==
		    (ssize_t)img.relocs_len) {
		gmem__wrap(&gm, mem, PAGE);
		if (kaslr__relocate(&gm, &img, MIB(2), &diag) && !diag.msg[0])
			__builtin_trap();
	}
	close(img.fd);
	return 0;
}
