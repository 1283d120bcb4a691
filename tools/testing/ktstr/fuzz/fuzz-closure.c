// SPDX-License-Identifier: GPL-2.0
/*
 * What the library search reads: the first byte chooses between an ELF file,
 * ld.so.cache and a path list element with $ORIGIN in it. Checked besides
 * memory errors: results are strings that lie inside what was given.
 */
#include "vmm/initramfs/elf.h"
#include "vmm/initramfs/ldcache.h"
#include "vmm/initramfs/libsearch.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static void require(bool cond)
{
	if (!cond)
		__builtin_trap();
}

static void fuzz_elf(const u8 *data, size_t len)
{
	struct kt_diag diag = { "" };
	struct elf_info info = { 0 };
	int err = elf_info__parse(data, len, &info, &diag);

	/* No message for what is no ELF file at all. */
	require(err ? err == -ENOEXEC || diag.msg[0] : !diag.msg[0]);
	if (err)
		return;
	require(info.nr_needed <= ELF_MAX_NEEDED);
	for (size_t i = 0; i < info.nr_needed; i++)
		require(strlen(info.needed[i]) < len);
	require(!info.interp || strlen(info.interp) < len);
	elf_info__fini(&info);
	require(!info.needed && !info.interp);
}

static void fuzz_ldcache(const u8 *data, size_t len)
{
	static const char *const names[] = { "libc.so.6", "lib.so", "" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *path = ldcache__lookup(data, len, names[i]);
		const u8 *p = (const u8 *)path;

		if (path)
			require(p >= data && p < data + len &&
				memchr(p, '\0', (size_t)(data + len - p)));
	}
}

static void fuzz_expand(const u8 *data, size_t len)
{
	char out[64];

	if (len && !lib_search__expand((const char *)data, len, "/origin", out,
				       sizeof(out)))
		require(memchr(out, '\0', sizeof(out)));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	static void (*const fuzz[])(const u8 *data,
				    size_t len) = { fuzz_elf, fuzz_ldcache,
						    fuzz_expand };

	if (len)
		fuzz[data[0] % ARRAY_SIZE(fuzz)](data + 1, len - 1);
	return 0;
}
