/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPUID as the guest sees it: what KVM supports, with identity and topology
 * of one vCPU written over it.
 */
#ifndef VMM_X86_CPUID_H
#define VMM_X86_CPUID_H

#include <linux/kvm.h>

#include <ktstr/topo.h>

#define X86_CPUID_MAX 256u

/** struct x86_cpuid - room for kvm_cpuid2 with its flexible array */
struct x86_cpuid {
	union {
		struct kvm_cpuid2 head;
		u8 room[sizeof(struct kvm_cpuid2) +
			X86_CPUID_MAX * sizeof(struct kvm_cpuid_entry2)];
	};
};

/** struct x86_cpuid_opts - what the VMM found out about KVM */
struct x86_cpuid_opts {
	bool tsc_deadline; /* KVM_CAP_TSC_DEADLINE_TIMER */
	bool msi_ext_dest; /* our IOAPIC takes 15-bit destinations */
	bool realtime;	   /* vCPUs are never scheduled away */
	bool stable_tsc;   /* the host keeps its own time by the TSC */
};

/**
 * x86_cpuid__patch - turn KVM_GET_SUPPORTED_CPUID's answer into CPU @cpu's
 * @c: in: supported; out: for KVM_SET_CPUID2. Order is kept, entries may be
 *     appended.
 *
 * Return: 0, or -ENOSPC when X86_CPUID_MAX entries are not enough.
 */
int x86_cpuid__patch(struct x86_cpuid *c, const struct topology *topo,
		     unsigned int cpu, const struct x86_cpuid_opts *opts);

/** x86_cpuid__find - entry for (@function, @index), or NULL */
struct kvm_cpuid_entry2 *x86_cpuid__find(struct x86_cpuid *c, u32 function,
					 u32 index);

#endif /* VMM_X86_CPUID_H */
