// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel headers and payloads. The first byte chooses: a bzImage's setup
 * header, a vmlinux's program headers, or compressed data. Checked besides
 * memory errors: what was accepted lies inside the file and inside 1 GiB.
 */
#include "vmm/kimage/bzimage.h"
#include "vmm/kimage/decompress.h"
#include "vmm/kimage/vmlinux.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

#define FILE_SIZE MIB(64)
#define EXPAND_MAX MIB(1)

static void require(bool cond)
{
	if (!cond)
		__builtin_trap();
}

static void fuzz_bzimage(const u8 *data, size_t len)
{
	struct kt_diag diag = { "" };
	struct bzimage bz;
	int err;

	if (!bzimage__match(data, len))
		return;
	err = bzimage__parse(data, len, FILE_SIZE, &bz, &diag);
	require(err ? err < 0 && diag.msg[0] : !diag.msg[0]);
	if (!err)
		require(bz.payload_off <= FILE_SIZE &&
			bz.payload_len <= FILE_SIZE - bz.payload_off);
}

static void fuzz_vmlinux(const u8 *data, size_t len)
{
	struct kt_diag diag = { "" };
	struct kimage img;
	int err;

	if (!vmlinux__match(data, len))
		return;
	err = vmlinux__parse(data, len, FILE_SIZE, &img, &diag);
	require(err ? err < 0 && diag.msg[0] : !diag.msg[0]);
	if (err)
		return;
	require(img.nr_seg && img.nr_seg <= KIMAGE_MAX_SEGMENTS);
	require(img.end > img.start && img.end - img.start <= GIB(1));
	require(img.entry >= img.start && img.entry < img.end);
	for (unsigned int i = 0; i < img.nr_seg; i++) {
		const struct kimage_segment *s = &img.seg[i];

		require(s->filesz <= s->memsz);
		require(s->file_off <= FILE_SIZE &&
			s->filesz <= FILE_SIZE - s->file_off);
		require(s->paddr >= img.start &&
			s->memsz <= img.end - s->paddr);
	}
}

static void fuzz_payload(const u8 *data, size_t len)
{
	struct kt_diag diag = { "" };
	size_t got = 0, hint = len ? data[0] * 64u : 0;
	void *buf = NULL;
	int err;

	if (!len)
		return;
	err = compression__expand(data + 1, len - 1, hint, EXPAND_MAX, &buf,
				  &got, &diag);
	require(err ? err < 0 && diag.msg[0] && !buf : got <= EXPAND_MAX);
	free(buf);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	static void (*const fuzz[])(const u8 *data,
				    size_t len) = { fuzz_bzimage, fuzz_vmlinux,
						    fuzz_payload };

	if (len)
		fuzz[data[0] % ARRAY_SIZE(fuzz)](data + 1, len - 1);
	return 0;
}
