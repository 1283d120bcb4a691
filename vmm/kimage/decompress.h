/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The compressions that kernels and their modules come in, expanded in
 * memory. Also used by vmm/initramfs for modules.
 */
#ifndef VMM_KIMAGE_DECOMPRESS_H
#define VMM_KIMAGE_DECOMPRESS_H

#include <ktstr/diag.h>

enum compression {
	COMPRESSION_NONE, /* no known magic */
	COMPRESSION_GZIP,
	COMPRESSION_XZ,
	COMPRESSION_ZSTD,
	COMPRESSION_LZ4, /* legacy frames, what the kernel's build makes */
	/* Known by their magic, told by name, not expanded: */
	COMPRESSION_BZIP2,
	COMPRESSION_LZMA,
	COMPRESSION_LZO,
	COMPRESSION_NR,
};

/** compression__detect - by the first bytes */
enum compression compression__detect(const void *buf, size_t len);
/** compression__name - "gzip", ...; never NULL */
const char *compression__name(enum compression type);

/**
 * compression__expand - decompress the first frame or stream of @in, of
 * whatever type compression__detect() finds
 * @hint: expected size, 0 when unknown
 * @max: refuse to produce more
 *
 * Bytes behind the end of the frame are ignored (kernels carry their size
 * there), except for lz4, whose legacy frame has no end mark: there at most 4
 * of them are.
 * Return: 0 and @ret_buf to free(), -EINVAL for damaged or truncated data,
 * -EFBIG above @max, -EOPNOTSUPP for a compression that is only recognised.
 */
int compression__expand(const void *in, size_t len, size_t hint, size_t max,
			void **ret_buf, size_t *ret_len, struct kt_diag *diag);

#endif /* VMM_KIMAGE_DECOMPRESS_H */
