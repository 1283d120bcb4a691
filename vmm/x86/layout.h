/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where things live in guest physical memory before the kernel owns it. All
 * below 1 MiB, which Linux keeps reserved during early boot.
 */
#ifndef VMM_X86_LAYOUT_H
#define VMM_X86_LAYOUT_H

#define X86_GDT_ADDR 0x500u
#define X86_IDT_ADDR 0x520u
#define X86_ZERO_PAGE_ADDR 0x7000u /* struct boot_params */
#define X86_BOOT_STACK_TOP 0x8ff0u
#define X86_PML4_ADDR 0x9000u
#define X86_PDPT_ADDR 0xa000u
#define X86_PD_ADDR 0xb000u /* one page per identity-mapped GiB */
#define X86_IDENTITY_GIB 4u
#define X86_CMDLINE_ADDR 0x20000u
#define X86_LOWMEM_END 0x9fc00u /* where an EBDA would start */
/* Tables sit in the BIOS area; the RSDP is where a scan would find it too. */
#define X86_ACPI_ADDR 0xe0000u
#define X86_ACPI_SIZE 0x20000u
#define X86_HIGHMEM_START 0x100000u

#define X86_LAPIC_ADDR 0xfee00000u
#define X86_IOAPIC_ADDR 0xfec00000u
#define X86_IOAPIC_PINS 24u
#define X86_MAX_XAPIC_ID 254u /* 255 addresses every xAPIC */
/* Three pages for real-mode emulation on Intel, and its page table. */
#define X86_KVM_TSS_ADDR 0xfffbd000u
#define X86_KVM_IDENTITY_ADDR (X86_KVM_TSS_ADDR + 0x3000u)

#endif /* VMM_X86_LAYOUT_H */
