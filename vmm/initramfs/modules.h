/* SPDX-License-Identifier: GPL-2.0 */
/* Kernel modules for the guest, in the order they have to be inserted. */
#ifndef VMM_INITRAMFS_MODULES_H
#define VMM_INITRAMFS_MODULES_H

#include "vmm/initramfs/pack.h"

#define MODULES_MAX 100u /* two digits of order */

/**
 * modules__add - plan "lib/modules/NN-name.ko" for each name and what it needs
 * @dir: ".../lib/modules/RELEASE" with depmod's indexes
 *
 * Modules are decompressed here: a kernel need not be able to. What is built
 * in adds nothing; a module wanted twice is packed once, at its first place.
 * Return: 0, -ENOENT naming a module or index that is missing, -ELIBACC
 * naming libkmod's package, or -errno.
 */
int modules__add(struct pack *pk, const char *dir, const char *const *names,
		 unsigned int nr, struct kt_diag *diag);

#endif /* VMM_INITRAMFS_MODULES_H */
