/* SPDX-License-Identifier: GPL-2.0 */
/* Shared libraries and interpreter of a program, as ld.so would find them. */
#ifndef VMM_INITRAMFS_CLOSURE_H
#define VMM_INITRAMFS_CLOSURE_H

#include "vmm/initramfs/elf.h"
#include "vmm/initramfs/pack.h"

/**
 * closure__add - plan everything the dynamic linker will ask for
 * @info: of the program, already read; moved from
 * @path: where the program is on the host: $ORIGIN and messages
 *
 * Libraries go to their directory's canonical path under their soname. Those
 * outside the C library's directory also get a link there: paths relative to
 * $ORIGIN, LD_LIBRARY_PATH and the dynamic linker's cache mean nothing in the
 * guest. Libraries of another architecture are passed over, as ld.so does.
 * Return: 0, -ENOENT listing all sonames not found, or -errno.
 */
int closure__add(struct pack *pk, struct elf_info *info, const char *path,
		 struct kt_diag *diag);

#endif /* VMM_INITRAMFS_CLOSURE_H */
