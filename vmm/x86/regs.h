/* SPDX-License-Identifier: GPL-2.0 */
/* State a vCPU starts in: registers, MSRs, FPU, local APIC. */
#ifndef VMM_X86_REGS_H
#define VMM_X86_REGS_H

#include <ktstr/diag.h>

/**
 * regs__init_boot - make @vcpu_fd the boot processor
 * @entry: physical address of the kernel's 64-bit entry point
 *
 * 64-bit mode, interrupts off, RSI = zero page, as the boot protocol asks.
 * Return: 0 or -errno.
 */
int regs__init_boot(int vcpu_fd, u64 entry, struct kt_diag *diag);

/**
 * regs__init_common - MSRs, FPU and local APIC pins of every vCPU
 * @x2apic: start in x2APIC mode: before that, Linux ignores ids above 254
 *
 * Application processors need nothing else: KVM's local APIC keeps them
 * parked until the guest sends INIT and SIPI.
 */
int regs__init_common(int vcpu_fd, bool x2apic, struct kt_diag *diag);

#endif /* VMM_X86_REGS_H */
