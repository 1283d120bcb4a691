// SPDX-License-Identifier: GPL-2.0
/* See pages.h. */
#include "guest/pages.h"

#include <ktstr/fd.h>

/* Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_PFN ((1ULL << 55) - 1)
#define PAGEMAP_PRESENT (1ULL << 63)

int pages__find(int pagemap_fd, const void *at, u32 nr, u64 *ret_entry)
{
	const u64 first = (u64)(uintptr_t)at / MSG_PAGE_SIZE;

	return fd__pread_all(pagemap_fd, ret_entry, nr * sizeof(*ret_entry),
			     first * sizeof(*ret_entry));
}

u32 pages__runs(const u64 *entry, u32 nr, u64 *run)
{
	u32 runs = 0;

	for (u32 i = 0; i < nr; i++) {
		u64 pfn = entry[i] & PAGEMAP_PFN;

		if (!(entry[i] & PAGEMAP_PRESENT) || !pfn)
			return 0;
		/* The count in the low bits is what makes the next address. */
		if (i && pfn == (entry[i - 1] & PAGEMAP_PFN) + 1)
			run[runs - 1]++;
		else
			run[runs++] = pfn * MSG_PAGE_SIZE;
	}
	return runs;
}
