// SPDX-License-Identifier: GPL-2.0
/*
 * CPUID patches. One function per leaf, driven by a table, because each leaf
 * states the same topology in its own encoding. Called from vm__new(), once
 * per vCPU. Sources: Intel SDM vol. 2A, CPUID; AMD APM vol. 3, appendix E.
 *
 * The scheme: an LLC is a package of one die. Every vendor's encoding can say
 * that, so a guest sees the same groups on each host, and NUMA nodes, which are
 * whole packages, come from the SRAT alone. All hosts have four caches: L1
 * data and instructions and L2 of a core, L3 of the package.
 */
#include "vmm/x86/cpuid.h"

/* KVM documents the layout of its leaves in virt/kvm/x86/cpuid.rst. */
#define KVM_SIGNATURE_LEAF 0x40000000u
#define KVM_FEATURES_LEAF 0x40000001u
#define KVM_FEATURES_MSI_EXT_DEST (1u << 15)
#define KVM_HINTS_REALTIME_BIT 1u /* EDX */

#define LEAF1_ECX_DTES64 (1u << 2) /* 64-bit debug store: PEBS buffers */
#define LEAF1_ECX_PDCM (1u << 15)  /* a PMU's capabilities MSR */
#define LEAF1_ECX_X2APIC (1u << 21)
#define LEAF1_ECX_TSC_DEADLINE (1u << 24)
#define LEAF1_ECX_HYPERVISOR (1u << 31)
#define LEAF1_EDX_DS (1u << 21) /* debug store */
#define LEAF1_EDX_HTT (1u << 28)
#define LEAF7_EBX_PT (1u << 25)	      /* processor trace */
#define LEAF7_EDX_ARCH_LBR (1u << 19) /* branch records */
#define AMD_ECX_CMP_LEGACY (1u << 1)
#define AMD_ECX_IBS (1u << 10) /* instruction sampling */
#define AMD_ECX_TOPOEXT (1u << 22)
#define POWER_EDX_INVARIANT_TSC (1u << 8)
/* Counters of the core, the north bridge and the L3. */
#define AMD_ECX_PERFCTR (1u << 23 | 1u << 24 | 1u << 28)

#define LEAF_INTEL_CACHES 0x4u
#define LEAF_AMD_CACHES 0x8000001du
#define LEAF_AMD_IDS 0x8000001eu
#define CACHE_TYPE_LEVEL 0xffu /* of EAX */
#define CACHE_KEPT 0x3ffu      /* and what is self-initialising, how mapped */

#define LEVEL_SMT 1u
#define LEVEL_CORE 2u

struct cpu_ids {
	const struct topology *topo;
	const struct x86_cpuid_opts *opts;
	u32 apic_id;
	struct topo_apic_bits bits;
	unsigned int threads_per_llc;
	unsigned int core; /* within the LLC */
	unsigned int llc;
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
	e->ecx &= ~(LEAF1_ECX_PDCM | LEAF1_ECX_DTES64);
	e->edx &= ~LEAF1_EDX_DS;
	e->ecx |= LEAF1_ECX_X2APIC | LEAF1_ECX_HYPERVISOR;
	/* KVM never reports the bit, though it has the timer. */
	if (id->opts->tsc_deadline)
		e->ecx |= LEAF1_ECX_TSC_DEADLINE;
	if (id->threads_per_llc > 1)
		e->edx |= LEAF1_EDX_HTT;
	else
		e->edx &= ~LEAF1_EDX_HTT;
}

static void clear(struct kvm_cpuid_entry2 *e, const struct cpu_ids *id)
{
	(void)id;
	e->eax = e->ebx = e->ecx = e->edx = 0;
}

/* What samples and traces goes the way of the counters. */
static void patch_more_features(struct kvm_cpuid_entry2 *e,
				const struct cpu_ids *id)
{
	(void)id;
	if (e->index)
		return;
	e->ebx &= ~LEAF7_EBX_PT;
	e->edx &= ~LEAF7_EDX_ARCH_LBR;
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

/*
 * EAX without sharing, EBX (ways - 1, 64-byte lines), ECX (sets - 1): what a
 * guest finds where the host does not describe such a cache.
 */
static const struct {
	u32 eax, ebx, ecx;
} default_caches[] = {
	{ 0x121, 7u << 22 | 63, 63 },	  /* L1 data, 32 KiB */
	{ 0x122, 7u << 22 | 63, 63 },	  /* L1 instructions, 32 KiB */
	{ 0x143, 7u << 22 | 63, 1023 },	  /* L2, 512 KiB */
	{ 0x163, 15u << 22 | 63, 16383 }, /* L3, 16 MiB */
};

/* What the host says about its cache of the same level and type. */
static struct kvm_cpuid_entry2 host_cache(struct x86_cpuid *c, u32 function,
					  size_t which)
{
	struct kvm_cpuid_entry2 found = {
		.eax = default_caches[which].eax,
		.ebx = default_caches[which].ebx,
		.ecx = default_caches[which].ecx,
	};

	for (u32 i = 0; i < c->head.nent; i++) {
		const struct kvm_cpuid_entry2 *e = &c->head.entries[i];

		if (e->function == function &&
		    (e->eax & CACHE_TYPE_LEVEL) ==
			    (default_caches[which].eax & CACHE_TYPE_LEVEL))
			found = *e;
	}
	return found;
}

/* The vendor's cache leaf: the four caches in their order, then nothing. */
static int write_caches(struct x86_cpuid *c, const struct cpu_ids *id)
{
	u32 function = id->amd ? LEAF_AMD_CACHES : LEAF_INTEL_CACHES;
	u32 core_bits = id->bits.llc_shift - id->bits.core_shift;
	struct kvm_cpuid_entry2 cache[ARRAY_SIZE(default_caches)];

	for (size_t i = 0; i < ARRAY_SIZE(cache); i++)
		cache[i] = host_cache(c, function, i);
	for (u32 i = 0; i < c->head.nent; i++)
		if (c->head.entries[i].function == function)
			clear(&c->head.entries[i], id);
	for (u32 i = 0; i <= ARRAY_SIZE(cache); i++) {
		struct kvm_cpuid_entry2 *e = find_or_add(
			c, function, i, KVM_CPUID_FLAG_SIGNIFCANT_INDEX);

		if (!e)
			return -ENOSPC;
		e->flags |= KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
		if (i == ARRAY_SIZE(cache))
			break;
		e->eax = cache[i].eax & CACHE_KEPT;
		e->eax |= cache_sharing(e->eax, id) << 14;
		if (!id->amd)
			e->eax |= (((1u << core_bits) - 1) & 0x3fu) << 26;
		e->ebx = cache[i].ebx;
		e->ecx = cache[i].ecx;
		e->edx = cache[i].edx;
	}
	return 0;
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

/*
 * TOPOEXT even for a lone CPU: it is what makes Linux look at the cache leaf.
 * And no PMU, Linux would probe its counters through MSR exits.
 */
static void patch_amd_features(struct kvm_cpuid_entry2 *e,
			       const struct cpu_ids *id)
{
	if (!id->amd)
		return;
	e->ecx &= ~(AMD_ECX_CMP_LEGACY | AMD_ECX_PERFCTR | AMD_ECX_IBS);
	e->ecx |= AMD_ECX_TOPOEXT;
	if (id->threads_per_llc > 1)
		e->ecx |= AMD_ECX_CMP_LEGACY;
}

/*
 * The old description of an L3. With it, Linux derives LLCs on AMD and Hygon in
 * a way that differs by family (Zen 1: always eight APIC ids); without it, from
 * the package (arch/x86/kernel/cpu/cacheinfo.c, topology_amd.c).
 */
static void patch_amd_old_l3(struct kvm_cpuid_entry2 *e,
			     const struct cpu_ids *id)
{
	if (id->amd)
		e->edx = 0;
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
	clear(e, id);
	if (!id->amd)
		return;
	e->eax = id->apic_id;
	e->ebx = (id->topo->threads - 1) << 8 | (id->core & 0xffu);
	e->ecx = id->llc & 0xffu; /* a die, the only one of its package */
}

/*
 * The guest's counter is the host's and no machine moves to another host, so
 * what the host trusts the guest can trust. KVM says so itself where the host's
 * CPU does. A guest that is not told measures its delay loop anew on each CPU,
 * for 20 ticks.
 */
static void patch_power(struct kvm_cpuid_entry2 *e, const struct cpu_ids *id)
{
	if (id->opts->stable_tsc)
		e->edx |= POWER_EDX_INVARIANT_TSC;
}

/* Linux leaves CPUs with APIC ids above 255 off unless IRQs reach them. */
static void patch_kvm_features(struct kvm_cpuid_entry2 *e,
			       const struct cpu_ids *id)
{
	if (id->opts->msi_ext_dest)
		e->eax |= KVM_FEATURES_MSI_EXT_DEST;
	if (id->opts->realtime)
		e->edx |= KVM_HINTS_REALTIME_BIT;
}

static const struct {
	u32 function;
	void (*patch)(struct kvm_cpuid_entry2 *e, const struct cpu_ids *id);
} patches[] = {
	{ 0x1, patch_features },
	{ 0x7, patch_more_features },
	{ 0xa, clear }, /* PMU */
	{ 0xb, patch_topology },
	{ 0x14, clear }, /* processor trace */
	{ 0x1c, clear }, /* branch records */
	{ 0x1f, patch_topology },
	{ 0x23, clear }, /* PMU of newer Intel */
	{ KVM_FEATURES_LEAF, patch_kvm_features },
	{ 0x80000001, patch_amd_features },
	{ 0x80000006, patch_amd_old_l3 },
	{ 0x80000007, patch_power },
	{ 0x80000008, patch_amd_size },
	{ 0x8000001b, clear }, /* instruction sampling */
	{ LEAF_AMD_IDS, patch_amd_ids },
	{ 0x80000022, clear }, /* PMU of newer AMD */
	{ 0x80000026, clear }, /* topology of newer AMD; 0xB says it all */
};

/* "AuthenticAMD" or "HygonGenuine" in EBX of leaf 0. */
static bool vendor_is_amd(struct x86_cpuid *c)
{
	const struct kvm_cpuid_entry2 *e = x86_cpuid__find(c, 0, 0);

	return e && (e->ebx == 0x68747541 || e->ebx == 0x6f677948);
}

/* Guests look at no leaf above these; older hosts' end below. */
static void raise_max(struct x86_cpuid *c, u32 range, u32 leaf)
{
	struct kvm_cpuid_entry2 *max = x86_cpuid__find(c, range, 0);

	if (max)
		max->eax = KT_MAX(max->eax, leaf);
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

static int add_topology_leaves(struct x86_cpuid *c, bool amd)
{
	int err;

	raise_max(c, 0, 0xb);
	raise_max(c, 0x80000000, 0x80000008);
	err = add_topology_leaf(c, 0xb);
	if (!err)
		err = add_topology_leaf(c, 0x1f);
	if (!err && !find_or_add(c, 0x80000007, 0, 0))
		err = -ENOSPC;
	if (err || !amd)
		return err;
	raise_max(c, 0x80000000, LEAF_AMD_IDS);
	return find_or_add(c, 0x80000001, 0, 0) &&
			       find_or_add(c, 0x80000008, 0, 0) &&
			       find_or_add(c, LEAF_AMD_IDS, 0, 0)
		       ? 0
		       : -ENOSPC;
}

static int add_kvm_signature(struct x86_cpuid *c)
{
	struct kvm_cpuid_entry2 *e = find_or_add(c, KVM_SIGNATURE_LEAF, 0, 0);

	if (!e)
		return -ENOSPC;
	e->eax = KT_MAX(e->eax, KVM_FEATURES_LEAF);
	memcpy(&e->ebx, "KVMK", 4);
	memcpy(&e->ecx, "VMKV", 4);
	memcpy(&e->edx, "M\0\0\0", 4);
	return find_or_add(c, KVM_FEATURES_LEAF, 0, 0) ? 0 : -ENOSPC;
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
		.llc = topo__llc_of_cpu(topo, cpu),
		.amd = vendor_is_amd(c),
	};
	int err;

	err = add_topology_leaves(c, id.amd);
	if (!err)
		err = add_kvm_signature(c);
	if (!err)
		err = write_caches(c, &id);
	if (err)
		return err;
	for (u32 i = 0; i < c->head.nent; i++)
		for (size_t p = 0; p < ARRAY_SIZE(patches); p++)
			if (c->head.entries[i].function == patches[p].function)
				patches[p].patch(&c->head.entries[i], &id);
	return 0;
}
