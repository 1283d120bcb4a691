/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which kernel to boot. Order: explicit specification (--kernel,
 * KTSTR_KERNEL), the tree we are dropped into, the newest cached test kernel,
 * the cached default kernel (Debian's 6.12 cloud kernel, fetched by
 * scripts/setup).
 *
 * Cache layout, written by scripts/setup and `make kernel`:
 *   kernels/default -> NAME             symlink
 *   kernels/test-...                    an entry made by `make kernel`
 *   kernels/NAME/vmlinuz                image
 *   kernels/NAME/config                 its .config
 *   kernels/NAME/release                uname -r, one line
 *   kernels/NAME/lib/modules/RELEASE/   modules, with depmod's indexes
 *   kernels/NAME/complete               written last: an entry without it
 *                                       does not exist
 */
#ifndef KTSTR_KERNEL_H
#define KTSTR_KERNEL_H

#include <ktstr/diag.h>
#include <limits.h>

struct kernel_ref {
	char image[PATH_MAX];
	char modules_dir[PATH_MAX]; /* "" when there are none */
	char name[128];		    /* for reports */
};

/**
 * kernel__resolve - find the kernel for @spec
 * @spec: NULL or "" = KTSTR_KERNEL, then discovery. A path: image file, build
 *        tree (arch/x86/boot/bzImage), cache entry directory. A word without
 *        '/': name of a cache entry.
 *
 * Modules belong to a cache entry, or are looked for by the image's release:
 * beside the image, one directory up (boot/ and lib/ of an unpacked package),
 * then in /lib/modules.
 * Return: 0, or -ENOENT with the places looked at and the command to run, or
 * another -errno when a place was named but is not usable.
 */
int kernel__resolve(const char *spec, struct kernel_ref *ret_ref,
		    struct kt_diag *diag);

#endif /* KTSTR_KERNEL_H */
