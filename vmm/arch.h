/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an architecture contributes to a machine. Until arch__create_vcpus()
 * called by vm__new() only, and the configuration is checked and complete:
 * topology and nr_cpus are set.
 */
#ifndef VMM_ARCH_H
#define VMM_ARCH_H

#include "vmm/vm-priv.h"

/** arch__check - whether kernel and ramdisk fit; needs neither KVM nor memory
 */
int arch__check(const struct vm_config *cfg, const struct kimage *img,
		struct kt_diag *diag);

/** arch__init_vm - after KVM_CREATE_VM: interrupt controllers, addresses */
int arch__init_vm(struct vm *vm, const struct vm_config *cfg,
		  struct kt_diag *diag);
/** arch__fini_vm - by vm__free(), also after a failed arch__init_vm() */
void arch__fini_vm(struct vm *vm);

/**
 * arch__load - kernel, ramdisk, firmware tables and boot parameters into
 * guest memory
 */
int arch__load(struct vm *vm, const struct vm_config *cfg,
	       const struct kimage *img, struct kt_diag *diag);

/** arch__create_vcpus - all vCPUs with their initial state */
int arch__create_vcpus(struct vm *vm, const struct vm_config *cfg,
		       const struct kimage *img, struct kt_diag *diag);

/** arch__set_irq - a device's line; any thread. Return: 0 or -errno */
int arch__set_irq(struct vm *vm, u32 gsi, bool level);

/** arch__access - whether [@gpa, +@len) is the architecture's, and done */
bool arch__access(struct vm *vm, u64 gpa, void *data, u32 len, bool write);

/** arch__wrmsr - @vcpu's own thread: a register that KVM left to us */
void arch__wrmsr(struct vcpu *vcpu, u32 index, u64 value);

/** arch__eoi - a vCPU ended interrupt @vector of the controller of ours */
void arch__eoi(struct vm *vm, u8 vector);

#endif /* VMM_ARCH_H */
