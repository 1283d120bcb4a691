/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cpio "newc" format as the kernel's init/initramfs.c reads it
 * (Documentation/driver-api/early-userspace/buffer-format.rst): a header of
 * 110 ASCII bytes, the name, then the data, each padded to 4 bytes.
 */
#ifndef VMM_INITRAMFS_CPIO_H
#define VMM_INITRAMFS_CPIO_H

#include <ktstr/diag.h>

#define CPIO_HEADER_LEN 110u
#define CPIO_NAME_MAX 4095u	    /* the kernel wants PATH_MAX with the NUL */
#define CPIO_MAX_FILE 0xffffffffull /* the size field has 8 hex digits */
#define CPIO_TRAILER "TRAILER!!!"
#define CPIO_ALIGN(n) KT_ALIGN_UP(n, 4u)

struct cpio_entry {
	const char *name;
	u32 mode; /* type and permission bits, as in st_mode */
	u32 ino;
	u64 size; /* at most CPIO_MAX_FILE */
	u32 rdev_major, rdev_minor;
};

/** cpio__header_len - bytes cpio__header() writes, a multiple of 4 */
size_t cpio__header_len(const char *name);

/**
 * cpio__header - write header, name and padding
 * @buf: at least cpio__header_len() bytes
 *
 * Owner, group and time stamps are zero: equal inputs give equal archives.
 */
void cpio__header(void *buf, const struct cpio_entry *entry);

/**
 * cpio__check_name - accept "a/b.c", refuse what would leave the root
 *
 * Refused: empty, longer than CPIO_NAME_MAX, absolute, empty, "." or ".."
 * components, a name beginning with ".ktstr_" (ours), the trailer's name.
 * Return: 0 or -EINVAL with the reason in @diag.
 */
int cpio__check_name(const char *name, struct kt_diag *diag);

#endif /* VMM_INITRAMFS_CPIO_H */
