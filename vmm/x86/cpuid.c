// SPDX-License-Identifier: GPL-2.0
/*
 * CPUID patches. One function per leaf, driven by a table, because each leaf
 * states the same topology in its own encoding. Called from vm__new(), once
 * per vCPU. Sources: Intel SDM vol. 2A, CPUID; AMD APM vol. 3, appendix E.
 */
#include "vmm/x86/cpuid.h"

/* KVM documents the layout of its leaves in virt/kvm/x86/cpuid.rst. */
#define KVM_SIGNATURE_LEAF 0x40000000u

#define LEAF1_ECX_X2APIC (1u << 21)
#define LEAF1_ECX_TSC_DEADLINE (1u << 24)
#define LEAF1_ECX_HYPERVISOR (1u << 31)
#define LEAF1_EDX_HTT (1u << 28)
#define AMD_ECX_CMP_LEGACY (1u << 1)
#define AMD_ECX_TOPOEXT (1u << 22)

#define LEVEL_SMT 1u
#define LEVEL_CORE 2u

struct cpu_ids {
	const struct topology *topo;
	const struct x86_cpuid_opts *opts;
	u32 apic_id;
	struct topo_apic_bits bits;
	unsigned int threads_per_llc;
	unsigned int core; /* within the LLC */
	bool amd;
};

struct kvm_cpuid_entry2 *x86_cpuid__find(struct x86_cpuid *c, u32 function,
					 u32 index)
{
	for (u32 i = 0; i < c->head.nent; i++) {
		struct kvm_cpuid_entry2 *e = &c->head.entries[i];

		if (e->function == function && e->index == index)
			return e;
	}
	return NULL;
}

static struct kvm_cpuid_entry2 *find_or_add(struct x86_cpuid *c, u32 function,
					    u32 index, u32 flags)
{
	struct kvm_cpuid_entry2 *e = x86_cpuid__find(c, function, index);

	if (e || c->head.nent >= X86_CPUID_MAX)
		return e;
	e = &c->head.entries[c->head.nent++];
	*e = (struct kvm_cpuid_entry2){
		.function = function,
		.index = index,
		.flags = flags,
	};
	return e;
}

static void patch_features(struct kvm_cpuid_entry2 *e, const struct cpu_ids *id)
{
	e->ebx &= 0x0000ffffu; /* keep brand index and CLFLUSH size */
	e->ebx |= KT_MIN(id->threads_per_llc, 255u) << 16;
	e->ebx |= (id->apic_id & 0xff) << 24;
	e->ecx |= LEAF1_ECX_X2APIC | LEAF1_ECX_HYPERVISOR;
	/* KVM never reports the bit, though it has the timer. */
	if (id->opts->tsc_deadline)
		e->ecx |= LEAF1_ECX_TSC_DEADLINE;
	if (id->threads_per_llc > 1)
		e->edx |= LEAF1_EDX_HTT;
	else
		e->edx &= ~LEAF1_EDX_HTT;
}

/* Sharing mask of a cache: its level and the APIC id bits below it. */
static u32 cache_sharing(u32 eax, const struct cpu_ids *id)
{
	unsigned int level = eax >> 5 & 7;
	unsigned int shift = 0;

	if (level == 1 || level == 2)
		shift = id->bits.core_shift;
	else if (level == 3)
		shift = id->bits.llc_shift;
	return ((1u << shift) - 1) & 0xfffu;
}

static void patch_intel_cache(struct kvm_cpuid_entry2 *e,
			      const struct cpu_ids *id)
{
	if (!(e->eax & 0x1f)) /* no more caches */
		return;
	e->eax &= 0x00003fffu;
	e->eax |= cache_sharing(e->eax, id) << 14;
	e->eax |= (((1u << (id->bits.llc_shift - id->bits.core_shift)) - 1) &
		   0x3fu)
		  << 26;
}

static void patch_amd_cache(struct kvm_cpuid_entry2 *e,
			    const struct cpu_ids *id)
{
	if (!(e->eax & 0x1f))
		return;
	e->eax &= 0xfc003fffu;
	e->eax |= cache_sharing(e->eax, id) << 14;
}

/* Leaves 0xB and 0x1F: one sub-leaf per level, then type 0. */
static void patch_topology(struct kvm_cpuid_entry2 *e, const struct cpu_ids *id)
{
	e->eax = e->ebx = 0;
	e->ecx = e->index & 0xff;
	e->edx = id->apic_id;
	if (e->index == 0) {
		e->eax = id->bits.core_shift;
		e->ebx = id->topo->threads;
		e->ecx |= LEVEL_SMT << 8;
	} else if (e->index == 1) {
		e->eax = id->bits.llc_shift;
		e->ebx = id->threads_per_llc;
		e->ecx |= LEVEL_CORE << 8;
	}
}

/* No PMU: Linux would otherwise probe counters through MSR exits. */
static void patch_pmu(struct kvm_cpuid_entry2 *e, const struct cpu_ids *id)
{
	(void)id;
	e->eax = e->ebx = e->ecx = e->edx = 0;
}

static void patch_amd_features(struct kvm_cpuid_entry2 *e,
			       const struct cpu_ids *id)
{
	if (!id->amd)
		return;
	e->ecx &= ~(AMD_ECX_CMP_LEGACY | AMD_ECX_TOPOEXT);
	if (id->threads_per_llc > 1)
		e->ecx |= AMD_ECX_CMP_LEGACY | AMD_ECX_TOPOEXT;
}

static void patch_amd_size(struct kvm_cpuid_entry2 *e, const struct cpu_ids *id)
{
	e->ecx = 0;
	if (id->amd && id->threads_per_llc > 1)
		e->ecx = id->bits.llc_shift << 12 |
			 ((id->threads_per_llc - 1) & 0xffu);
}

static void patch_amd_ids(struct kvm_cpuid_entry2 *e, const struct cpu_ids *id)
{
	e->eax = id->amd ? id->apic_id : 0;
	e->ebx =
		id->amd ? (id->topo->threads - 1) << 8 | (id->core & 0xffu) : 0;
	e->ecx = 0; /* node 0 of 1 */
	e->edx = 0;
}

static const struct {
	u32 function;
	void (*patch)(struct kvm_cpuid_entry2 *e, const struct cpu_ids *id);
} patches[] = {
	{ 0x1, patch_features },
	{ 0x4, patch_intel_cache },
	{ 0xa, patch_pmu },
	{ 0xb, patch_topology },
	{ 0x1f, patch_topology },
	{ 0x80000001, patch_amd_features },
	{ 0x80000008, patch_amd_size },
	{ 0x8000001d, patch_amd_cache },
	{ 0x8000001e, patch_amd_ids },
};

/* "AuthenticAMD" or "HygonGenuine" in EBX of leaf 0. */
static bool vendor_is_amd(struct x86_cpuid *c)
{
	const struct kvm_cpuid_entry2 *e = x86_cpuid__find(c, 0, 0);

	return e && (e->ebx == 0x68747541 || e->ebx == 0x6f677948);
}

/* The topology leaf exists in full, whatever KVM filled in. */
static int add_topology_leaf(struct x86_cpuid *c, u32 function)
{
	const struct kvm_cpuid_entry2 *max = x86_cpuid__find(c, 0, 0);

	if (!max || max->eax < function)
		return 0;
	for (u32 i = 0; i < 3; i++)
		if (!find_or_add(c, function, i,
				 KVM_CPUID_FLAG_SIGNIFCANT_INDEX))
			return -ENOSPC;
	return 0;
}

static int add_kvm_signature(struct x86_cpuid *c)
{
	struct kvm_cpuid_entry2 *e = find_or_add(c, KVM_SIGNATURE_LEAF, 0, 0);

	if (!e)
		return -ENOSPC;
	e->eax = KT_MAX(e->eax, KVM_SIGNATURE_LEAF + 1);
	memcpy(&e->ebx, "KVMK", 4);
	memcpy(&e->ecx, "VMKV", 4);
	memcpy(&e->edx, "M\0\0\0", 4);
	return 0;
}

int x86_cpuid__patch(struct x86_cpuid *c, const struct topology *topo,
		     unsigned int cpu, const struct x86_cpuid_opts *opts)
{
	struct cpu_ids id = {
		.topo = topo,
		.opts = opts,
		.bits = topo__apic_bits(topo),
		.apic_id = topo__apic_id(topo, cpu),
		.threads_per_llc = topo__cpus_per_llc(topo),
		.core = topo__core_of_cpu(topo, cpu),
		.amd = vendor_is_amd(c),
	};
	int err;

	err = add_topology_leaf(c, 0xb);
	if (!err)
		err = add_topology_leaf(c, 0x1f);
	if (!err)
		err = add_kvm_signature(c);
	if (err)
		return err;
	for (u32 i = 0; i < c->head.nent; i++)
		for (size_t p = 0; p < ARRAY_SIZE(patches); p++)
			if (c->head.entries[i].function == patches[p].function)
				patches[p].patch(&c->head.entries[i], &id);
	return 0;
}
