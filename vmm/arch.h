/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an architecture contributes to a machine; called by vm__new() only. The
 * configuration is checked and complete: topology and nr_cpus are set.
 */
#ifndef VMM_ARCH_H
#define VMM_ARCH_H

#include "vmm/vm-priv.h"

/** arch__check - whether kernel and ramdisk fit; needs neither KVM nor memory
 */
int arch__check(const struct vm_config *cfg, const struct kimage *img,
		struct kt_diag *diag);

/** arch__init_vm - after KVM_CREATE_VM: interrupt controllers, addresses */
int arch__init_vm(struct vm *vm, struct kt_diag *diag);

/**
 * arch__load - kernel, ramdisk, firmware tables and boot parameters into
 * guest memory
 */
int arch__load(struct vm *vm, const struct vm_config *cfg,
	       const struct kimage *img, struct kt_diag *diag);

/** arch__create_vcpus - all vCPUs with their initial state */
int arch__create_vcpus(struct vm *vm, const struct vm_config *cfg,
		       const struct kimage *img, struct kt_diag *diag);

#endif /* VMM_ARCH_H */
