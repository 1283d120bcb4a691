/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An IOAPIC of our own, for machines whose APIC ids do not fit KVM's: that one
 * addresses 8 bits. Source: Intel 82093AA data sheet; the 15-bit destination
 * of a redirection entry is KVM's extension (Documentation/virt/kvm/x86/
 * cpuid.rst, KVM_FEATURE_MSI_EXT_DEST_ID).
 */
#ifndef VMM_X86_IOAPIC_H
#define VMM_X86_IOAPIC_H

#include <ktstr/base.h>

#include "vmm/x86/layout.h"

#define IOAPIC_SIZE 0x100u

struct ioapic;

/** struct ioapic_msi - an interrupt as KVM takes it; vector below 16: none */
struct ioapic_msi {
	u64 address; /* destination bits 31 to 8 are in its upper half */
	u32 data;
};

/**
 * struct ioapic_ops - where interrupts go; called with the IOAPIC's lock held
 * @deliver: one interrupt
 * @route: what each pin would deliver, after a change: KVM reports the end of
 *	level-triggered interrupts for these only
 */
struct ioapic_ops {
	void (*deliver)(void *ctx, const struct ioapic_msi *msi);
	void (*route)(void *ctx, const struct ioapic_msi pin[X86_IOAPIC_PINS]);
	void *ctx;
};

/* Any thread may call what follows, from a device's lock too. */

/** ioapic__new - all pins masked; NULL when out of memory */
struct ioapic *ioapic__new(const struct ioapic_ops *ops);
void ioapic__free(struct ioapic *io);

/** ioapic__set_line - a device raises or lowers @pin; others are ignored */
void ioapic__set_line(struct ioapic *io, u32 pin, bool level);

/** ioapic__access - the guest reads or writes @len bytes at @off */
void ioapic__access(struct ioapic *io, u64 off, void *data, u32 len,
		    bool write);

/** ioapic__eoi - a CPU ended the interrupt with @vector */
void ioapic__eoi(struct ioapic *io, u8 vector);

#endif /* VMM_X86_IOAPIC_H */
