/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The Linux/x86 boot protocol, 64-bit entry: memory map, placement of the
 * ramdisk, zero page, command line. Pure functions over guest memory; knows
 * nothing of KVM. Source of field meanings and offsets: the kernel's
 * Documentation/arch/x86/{boot,zero-page}.rst.
 */
#ifndef VMM_X86_BOOT_H
#define VMM_X86_BOOT_H

#include <asm/bootparam.h>

#include "vmm/gmem.h"
#include "vmm/kimage.h"
#include "vmm/vm.h"

/** struct boot_initrd - where the ramdisk went; len 0: none */
struct boot_initrd {
	u64 gpa;
	u64 len;
};

/**
 * boot__e820 - memory map of a machine
 * @table: at least 4 entries
 *
 * Conventional memory below 640 KiB, the reserved hole up to 1 MiB, RAM up to
 * the MMIO gap and RAM above it. Return: number of entries.
 */
unsigned int boot__e820(const struct gmem *gm, struct boot_e820_entry *table);

/** boot__check_kernel - whether @img fits into @gm; errors as below */
int boot__check_kernel(const struct gmem *gm, const struct kimage *img,
		       struct kt_diag *diag);

/** boot__initrd_len - total length of the parts, or -EINVAL */
int boot__initrd_len(const struct vm_initrd_part *part, unsigned int nr,
		     u64 *ret_len, struct kt_diag *diag);

/**
 * boot__load_kernel - put a kernel's segments into guest memory
 *
 * Whole pages are mapped from the image copy-on-write, odd ends are copied,
 * .bss is memory the guest has not touched yet. Return: 0, -ENOMEM when the
 * kernel does not fit (with the memory it needs in @diag), or -errno.
 */
int boot__load_kernel(const struct gmem *gm, const struct kimage *img,
		      struct kt_diag *diag);

/**
 * boot__place_initrd - choose where a ramdisk of @len bytes goes
 *
 * As high as possible below the MMIO gap, page aligned, above @kernel_end.
 * Return: 0 with @ret_place, or -ENOMEM with the needed memory in @diag.
 */
int boot__place_initrd(const struct gmem *gm, u64 kernel_end, u64 len,
		       struct boot_initrd *ret_place, struct kt_diag *diag);

/** boot__load_initrd - place and fill the ramdisk from its parts */
int boot__load_initrd(const struct gmem *gm, u64 kernel_end,
		      const struct vm_initrd_part *part, unsigned int nr,
		      struct boot_initrd *ret_place, struct kt_diag *diag);

/** boot__wants_kaslr - whether the command line lacks the word nokaslr */
bool boot__wants_kaslr(const char *cmdline);

/**
 * boot__write_params - zero page and command line
 * @cmdline: at most VM_CMDLINE_MAX bytes
 *
 * The kernel is told to randomise its memory regions and modules too, as the
 * decompressor would have done, unless the command line has the word nokaslr.
 */
int boot__write_params(const struct gmem *gm, const struct kimage *img,
		       const char *cmdline, const struct boot_initrd *initrd,
		       u64 rsdp_gpa, struct kt_diag *diag);

/** boot__write_tables - GDT, empty IDT and identity page tables */
int boot__write_tables(const struct gmem *gm);

#endif /* VMM_X86_BOOT_H */
