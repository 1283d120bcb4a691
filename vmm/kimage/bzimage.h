/* SPDX-License-Identifier: GPL-2.0 */
/* The x86 boot protocol's setup header, as far as the payload needs it. */
#ifndef VMM_KIMAGE_BZIMAGE_H
#define VMM_KIMAGE_BZIMAGE_H

#include <ktstr/diag.h>

/* Enough of a file's start for all headers looked at. */
#define KIMAGE_HEAD_LEN 2048u
#define KIMAGE_MAX_BYTES GIB(1)

struct bzimage {
	u64 payload_off; /* in the file */
	u32 payload_len;
	u32 init_size; /* memory the kernel wants from its start on */
	u32 align;     /* CONFIG_PHYSICAL_ALIGN, as the image says it */
};

/** bzimage__match - does the file begin like a bzImage? */
bool bzimage__match(const void *head, size_t len);

/**
 * bzimage__parse - check the setup header of an image that matches
 * @head: the first @len bytes of the file, untrusted
 * @file_size: of the whole file
 * Return: 0, or -EINVAL (too old, truncated, nonsense), or -ENOEXEC (32-bit).
 */
int bzimage__parse(const void *head, size_t len, u64 file_size,
		   struct bzimage *ret_bz, struct kt_diag *diag);

#endif /* VMM_KIMAGE_BZIMAGE_H */
