/* SPDX-License-Identifier: GPL-2.0 */
/* Which interrupt controllers a machine has; the rest is in vmm/arch.h. */
#ifndef VMM_X86_IRQ_H
#define VMM_X86_IRQ_H

#include "vmm/vm-priv.h"

/** irq__is_split - the IOAPIC is ours: an APIC id needs more than 8 bits */
bool irq__is_split(const struct topology *t);

/** irq__init - create them, before any vCPU */
int irq__init(struct vm *vm, const struct topology *t, struct kt_diag *diag);

#endif /* VMM_X86_IRQ_H */
