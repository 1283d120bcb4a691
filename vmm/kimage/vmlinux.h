/* SPDX-License-Identifier: GPL-2.0 */
/* The ELF file a kernel is before compression. */
#ifndef VMM_KIMAGE_VMLINUX_H
#define VMM_KIMAGE_VMLINUX_H

#include "vmm/kimage.h"

/** vmlinux__match - does the file begin with an ELF magic? */
bool vmlinux__match(const void *head, size_t len);

/**
 * vmlinux__parse - check headers and list what is to be loaded
 * @head: first @len bytes of the file, program headers included; untrusted
 * @file_size: of the whole file
 * @ret_img: entry, start, end, init_end and segments are set, the rest is 0
 * Return: 0; -ENOEXEC for another architecture or no kernel; -EINVAL.
 */
int vmlinux__parse(const void *head, size_t len, u64 file_size,
		   struct kimage *ret_img, struct kt_diag *diag);

/** vmlinux__machine_name - "aarch64" for EM_AARCH64, ...; NULL when unknown */
const char *vmlinux__machine_name(u16 machine);

#endif /* VMM_KIMAGE_VMLINUX_H */
