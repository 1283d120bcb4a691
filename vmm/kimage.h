/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel images: recognise vmlinux ELF and bzImage, decompress a bzImage's
 * payload on the host once (cached by content), and describe what has to be
 * placed where in guest physical memory. Knows nothing of KVM.
 */
#ifndef VMM_KIMAGE_H
#define VMM_KIMAGE_H

#include <ktstr/diag.h>

#define KIMAGE_MAX_SEGMENTS 16u

/** struct kimage_segment - a PT_LOAD: file bytes, then zeroes up to @memsz */
struct kimage_segment {
	u64 paddr; /* guest physical */
	u64 file_off;
	u64 filesz;
	u64 memsz;
};

struct kimage {
	int fd;	      /* the vmlinux ELF, read-only, possibly a cache entry */
	u64 entry;    /* physical address of the 64-bit entry point */
	u64 start;    /* lowest paddr */
	u64 end;      /* first byte after everything loaded, .bss included */
	u64 init_end; /* end, or start + setup header's init_size if larger */
	struct kimage_segment seg[KIMAGE_MAX_SEGMENTS];
	unsigned int nr_seg;
	u64 align; /* granularity of its place; a power of two >= 2 MiB */
	/* Relocations behind the ELF file (vmm/x86/kaslr.c); length 0: none */
	u64 relocs_off, relocs_len;
	bool cache_hit; /* false only when a payload was decompressed now */
};

/**
 * kimage__open - open and validate a kernel for x86_64
 * @path: bzImage (zstd, gzip, lz4, xz payload) or vmlinux
 *
 * Errors, each with its own message: no such file, not a kernel (names what
 * the first bytes look like), wrong architecture (names it), truncated, unknown
 * compression, PT_LOAD outside the file or absurd (> 1 GiB), cache not usable
 * (then decompression goes to an anonymous memfd instead, which is not an
 * error).
 * Return: 0 or -errno; close with kimage__close().
 */
int kimage__open(const char *path, struct kimage *ret_img,
		 struct kt_diag *diag);
void kimage__close(struct kimage *img);

/**
 * kimage__memory - memory that a kernel takes while it starts: the init_size of
 * a bzImage's setup header, all segments of a vmlinux
 *
 * Reads headers only. Errors as kimage__open().
 */
int kimage__memory(const char *path, u64 *ret_bytes, struct kt_diag *diag);

#endif /* VMM_KIMAGE_H */
