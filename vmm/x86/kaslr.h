/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel address space layout randomisation, as the bzImage's own decompressor
 * does it (arch/x86/boot/compressed/{kaslr,misc}.c): choose a virtual offset,
 * apply the relocations that the kernel's build puts behind the vmlinux. The
 * physical place stays the linked one. Pure functions over guest memory.
 */
#ifndef VMM_X86_KASLR_H
#define VMM_X86_KASLR_H

#include "vmm/gmem.h"
#include "vmm/kimage.h"

/**
 * kaslr__offset - where the kernel goes, as bytes above its linked address
 * @random: any number; the same one gives the same offset
 *
 * Return: a multiple of the kernel's alignment that keeps it inside the 1 GiB
 * the kernel maps itself into; 0 for an image without relocations.
 */
u64 kaslr__offset(const struct kimage *img, u64 random);

/**
 * kaslr__relocate - make a loaded kernel fit its virtual address
 * @offset: from kaslr__offset(); 0 does nothing
 *
 * Return: 0, -ENOMEM, or -EINVAL for a table that is damaged or points outside
 * the kernel (@diag names the entry); then the kernel must not be started.
 */
int kaslr__relocate(const struct gmem *gm, const struct kimage *img, u64 offset,
		    struct kt_diag *diag);

#endif /* VMM_X86_KASLR_H */
