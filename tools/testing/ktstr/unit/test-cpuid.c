// SPDX-License-Identifier: GPL-2.0
/* CPUID patches: identity and topology of each CPU, on made-up hosts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "vmm/x86/cpuid.h"

static void put(struct x86_cpuid *c, u32 fn, u32 index, u32 a, u32 b, u32 cx,
		u32 d)
{
	c->head.entries[c->head.nent++] = (struct kvm_cpuid_entry2){
		.function = fn,
		.index = index,
		.eax = a,
		.ebx = b,
		.ecx = cx,
		.edx = d,
	};
}

static void amd_host(struct x86_cpuid *c)
{
	memset(c, 0, sizeof(*c));
	put(c, 0, 0, 0xd, 0x68747541, 0x444d4163, 0x69746e65);
	put(c, 1, 0, 0xa00f11, 0x07080800, 0x00202000, 0x078bfbff);
	put(c, 0xa, 0, 0x07300802, 0, 0, 0x603);
	put(c, 0xb, 0, 0, 0, 0, 99);
	put(c, 0x80000001, 0, 0, 0, 0, 0);
	put(c, 0x80000008, 0, 0x3030, 0, 0x7001, 0);
	put(c, 0x8000001d, 0, 0x121, 0x01c0003f, 0x3f, 0);
	put(c, 0x8000001d, 3, 0x4163, 0x03c0003f, 0x7fff, 1);
	put(c, 0x8000001d, 4, 0, 0, 0, 0);
	put(c, 0x8000001e, 0, 0, 0, 0, 0);
}

static void intel_host(struct x86_cpuid *c)
{
	memset(c, 0, sizeof(*c));
	put(c, 0, 0, 0x1f, 0x756e6547, 0x6c65746e, 0x49656e69);
	put(c, 1, 0, 0x806f8, 0x07080800, 0x00202000, 0x078bfbff);
	put(c, 4, 0, 0xfc004121, 0x02c0003f, 0x3f, 0);
	put(c, 4, 3, 0xfc1fc163, 0x03c0003f, 0x7fff, 1);
	put(c, 0x80000001, 0, 0, 0, 0x121, 0);
	put(c, 0x80000008, 0, 0x3030, 0, 0, 0);
}

static struct kvm_cpuid_entry2 *need(struct x86_cpuid *c, u32 fn, u32 index)
{
	struct kvm_cpuid_entry2 *e = x86_cpuid__find(c, fn, index);

	assert_non_null(e);
	return e;
}

static void amd_cpu_of_three(void **state)
{
	const struct topology t = TOPO_EVEN(1, 1, 3, 1);
	const struct x86_cpuid_opts opts = { .tsc_deadline = true };
	struct x86_cpuid c;

	(void)state;
	amd_host(&c);
	assert_int_equal(x86_cpuid__patch(&c, &t, 2, &opts), 0);
	assert_int_equal(need(&c, 1, 0)->ebx, 0x02030800);
	assert_true(need(&c, 1, 0)->ecx & 1u << 24); /* TSC deadline */
	assert_true(need(&c, 1, 0)->ecx & 1u << 21); /* x2APIC */
	assert_true(need(&c, 1, 0)->ecx & 1u << 31); /* hypervisor */
	assert_true(need(&c, 1, 0)->edx & 1u << 28); /* HTT */
	assert_int_equal(need(&c, 0xa, 0)->eax, 0);
	assert_int_equal(need(&c, 0xb, 0)->eax, 0);
	assert_int_equal(need(&c, 0xb, 0)->ebx, 1);
	assert_int_equal(need(&c, 0xb, 0)->ecx, 0x100);
	assert_int_equal(need(&c, 0xb, 0)->edx, 2);
	assert_int_equal(need(&c, 0xb, 1)->eax, 2);
	assert_int_equal(need(&c, 0xb, 1)->ebx, 3);
	assert_int_equal(need(&c, 0xb, 1)->ecx, 0x201);
	assert_int_equal(need(&c, 0xb, 2)->ecx, 2);
	assert_null(x86_cpuid__find(&c, 0x1f, 0)); /* beyond the host's max */
	assert_int_equal(need(&c, 0x80000001, 0)->ecx & (1u << 1 | 1u << 22),
			 1u << 1 | 1u << 22);
	assert_int_equal(need(&c, 0x80000008, 0)->ecx, 0x2002);
	assert_int_equal(need(&c, 0x8000001d, 0)->eax >> 14 & 0xfff, 0);
	assert_int_equal(need(&c, 0x8000001d, 3)->eax >> 14 & 0xfff, 3);
	assert_int_equal(need(&c, 0x8000001d, 4)->eax, 0);
	assert_int_equal(need(&c, 0x8000001e, 0)->eax, 2);
	assert_int_equal(need(&c, 0x8000001e, 0)->ebx, 2);
	assert_memory_equal(&need(&c, 0x40000000, 0)->ebx, "KVMKVMKVM", 9);
}

static void single_cpu_has_no_threading(void **state)
{
	const struct topology t = TOPO_EVEN(1, 1, 1, 1);
	const struct x86_cpuid_opts opts = { .tsc_deadline = false };
	struct x86_cpuid c;

	(void)state;
	amd_host(&c);
	assert_int_equal(x86_cpuid__patch(&c, &t, 0, &opts), 0);
	assert_int_equal(need(&c, 1, 0)->ebx, 0x00010800);
	assert_false(need(&c, 1, 0)->edx & 1u << 28);
	assert_false(need(&c, 1, 0)->ecx & 1u << 24);
	assert_int_equal(need(&c, 0x80000008, 0)->ecx, 0);
	/* No CMP_LEGACY; TOPOEXT for the cache leaf. */
	assert_int_equal(need(&c, 0x80000001, 0)->ecx, 1u << 22);
	assert_int_equal(need(&c, 0x8000001d, 3)->eax, 0x163);
}

static void intel_cpu_of_sixteen_threads(void **state)
{
	const struct topology t = TOPO_EVEN(1, 2, 4, 2);
	const struct x86_cpuid_opts opts = { .tsc_deadline = true };
	struct x86_cpuid c;

	(void)state;
	intel_host(&c);
	assert_int_equal(x86_cpuid__patch(&c, &t, 13, &opts), 0);
	assert_int_equal(need(&c, 1, 0)->ebx, 0x0d080800);
	assert_int_equal(need(&c, 4, 0)->eax >> 14 & 0xfff, 1);
	assert_int_equal(need(&c, 4, 0)->eax >> 26, 3);
	assert_int_equal(need(&c, 4, 3)->eax >> 14 & 0xfff, 7);
	assert_int_equal(need(&c, 0x1f, 0)->eax, 1);
	assert_int_equal(need(&c, 0x1f, 0)->ebx, 2);
	assert_int_equal(need(&c, 0x1f, 1)->eax, 3);
	assert_int_equal(need(&c, 0x1f, 1)->ebx, 8);
	assert_int_equal(need(&c, 0x1f, 1)->edx, 13);
	assert_int_equal(need(&c, 0x80000001, 0)->ecx, 0x121); /* untouched */
	assert_int_equal(need(&c, 0x80000008, 0)->ecx, 0);
}

/* As KVM in softkvm: an AMD of family 15 without any of the newer leaves. */
static void old_amd_host(struct x86_cpuid *c)
{
	memset(c, 0, sizeof(*c));
	put(c, 0, 0, 1, 0x68747541, 0x444d4163, 0x69746e65);
	put(c, 1, 0, 0x60fb1, 0x07080800, 0x0000a000, 0x078bfbff);
	put(c, 0x80000000, 0, 0x8000000a, 0x68747541, 0x444d4163, 0x69746e65);
	put(c, 0x80000001, 0, 0x60fb1, 0, 1u << 23 | 1u << 24 | 1u << 28, 0);
	put(c, 0x80000006, 0, 0, 0x42004200, 0x02008140, 0x00808140);
}

/* With PMU and topology leaves that would contradict ours. */
static void new_amd_host(struct x86_cpuid *c)
{
	amd_host(c);
	put(c, 0x80000000, 0, 0x80000026, 0x68747541, 0x444d4163, 0x69746e65);
	put(c, 0x80000006, 0, 0, 0x42004200, 0x02008140, 0x00808140);
	put(c, 0x80000022, 0, 3, 0x106, 0, 0);
	put(c, 0x80000026, 0, 1, 2, 0x100, 77);
	put(c, 0x80000026, 1, 7, 96, 0x201, 77);
}

/* Caches in another order, with an L4, without instructions and L3. */
static void odd_intel_host(struct x86_cpuid *c)
{
	memset(c, 0, sizeof(*c));
	put(c, 0, 0, 5, 0x756e6547, 0x6c65746e, 0x49656e69);
	put(c, 1, 0, 0x806f8, 0x07080800, 0x0000a000, 0x078bfbff);
	put(c, 4, 0, 0xfc1fc143, 0x03c0003f, 0x7ff, 1);
	put(c, 4, 1, 0xfc004121, 0x02c0003f, 0x3f, 0);
	put(c, 4, 2, 0xfc1fc183, 0x03c0003f, 0x1fff, 1);
}

/* The ids that Linux 6.12 gives a CPU, by its rules. */
struct linux_ids {
	u32 apic, smt_shift, pkg_shift, llc, l1_shared;
	unsigned int caches;
	bool pmu;
};

static unsigned int order(unsigned int n)
{
	unsigned int bits = 0;

	while ((1u << bits) < n)
		bits++;
	return bits;
}

/* parse_topology_leaf(): sub-leaves until one is empty. */
static bool linux_levels(struct x86_cpuid *c, u32 leaf, struct linux_ids *ids)
{
	u32 i = 0;

	for (;; i++) {
		const struct kvm_cpuid_entry2 *e = x86_cpuid__find(c, leaf, i);

		if (!e || !(e->ebx & 0xffff) || !(e->ecx >> 8 & 0xff))
			break;
		if (!i)
			ids->smt_shift = e->eax & 31;
		ids->pkg_shift = e->eax & 31;
		ids->apic = e->edx;
	}
	return i > 0;
}

static void linux_caches(struct x86_cpuid *c, u32 leaf, struct linux_ids *ids)
{
	for (u32 i = 0;; i++) {
		const struct kvm_cpuid_entry2 *e = x86_cpuid__find(c, leaf, i);
		unsigned int shared;

		if (!e || !(e->eax & 0x1f))
			break;
		assert_true(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX);
		shared = (e->eax >> 14 & 0xfff) + 1;
		if (!i)
			ids->l1_shared = shared;
		if ((e->eax >> 5 & 7) == 3) {
			assert_int_equal(i, 3); /* AMD code counts on it */
			ids->llc = ids->apic >> order(shared);
		}
		ids->caches++;
	}
}

static struct linux_ids linux_view(struct x86_cpuid *c)
{
	u32 max = need(c, 0, 0)->eax;
	bool amd = need(c, 0, 0)->ebx == 0x68747541;
	u32 ext = amd ? need(c, 0x80000000, 0)->eax : 0;
	struct linux_ids ids = { .llc = UINT32_MAX };
	const struct kvm_cpuid_entry2 *e;

	if (!(max >= 0x1f && linux_levels(c, 0x1f, &ids)) &&
	    !(ext >= 0x80000026 && linux_levels(c, 0x80000026, &ids)))
		assert_true(max >= 0xb && linux_levels(c, 0xb, &ids));
	linux_caches(c, amd ? 0x8000001d : 4, &ids);
	if (amd) {
		/* legacy_set_llc(), as there is no old description of an L3. */
		e = x86_cpuid__find(c, 0x80000006, 0);
		assert_true(!e || !e->edx);
		assert_int_equal(ids.llc, ids.apic >> ids.pkg_shift);
		assert_true(need(c, 0x80000001, 0)->ecx & 1u << 22);
		assert_true(ext >= 0x8000001e);
		assert_int_equal(need(c, 0x8000001e, 0)->eax, ids.apic);
		ids.pmu = need(c, 0x80000001, 0)->ecx &
			  (1u << 23 | 1u << 24 | 1u << 28);
	}
	e = x86_cpuid__find(c, 0xa, 0);
	ids.pmu = ids.pmu || (e && e->eax) || need(c, 1, 0)->ecx & 1u << 15;
	e = x86_cpuid__find(c, 0x80000022, 0);
	ids.pmu = ids.pmu || (e && e->eax);
	return ids;
}

static void linux_sees_the_model(const struct topology *t,
				 void (*host)(struct x86_cpuid *c))
{
	const struct x86_cpuid_opts opts = { .tsc_deadline = true };

	for (unsigned int cpu = 0; cpu < topo__nr_cpus(t); cpu++) {
		struct x86_cpuid c;
		struct linux_ids ids;

		host(&c);
		assert_int_equal(x86_cpuid__patch(&c, t, cpu, &opts), 0);
		ids = linux_view(&c);
		assert_int_equal(ids.apic, topo__apic_id(t, cpu));
		assert_int_equal(ids.apic >> ids.pkg_shift,
				 topo__llc_of_cpu(t, cpu));
		assert_int_equal(ids.llc, topo__llc_of_cpu(t, cpu));
		assert_int_equal((ids.apic & ((1u << ids.pkg_shift) - 1)) >>
					 ids.smt_shift,
				 topo__core_of_cpu(t, cpu));
		assert_int_equal(ids.l1_shared, 1u << order(t->threads));
		assert_int_equal(ids.caches, 4);
		assert_false(ids.pmu);
	}
}

static void every_host_shows_the_same(void **state)
{
	static void (*const hosts[])(struct x86_cpuid * c) = {
		old_amd_host, new_amd_host, intel_host, odd_intel_host
	};

	(void)state;
	for (size_t h = 0; h < ARRAY_SIZE(hosts); h++) {
		for (size_t i = 0; i < TOPO_NR_PRESETS; i++)
			linux_sees_the_model(&topo_presets[i].topology,
					     hosts[h]);
		linux_sees_the_model(&TOPO_EVEN(1, 1, 1, 1), hosts[h]);
		linux_sees_the_model(&TOPO_EVEN(1, 4, 1, 1), hosts[h]);
		linux_sees_the_model(&TOPO_EVEN(1, 1, 1, 7), hosts[h]);
		linux_sees_the_model(&TOPO_EVEN(3, 3, 5, 3), hosts[h]);
	}
}

static void known_caches_keep_their_size(void **state)
{
	const struct topology t = TOPO_EVEN(1, 1, 2, 1);
	const struct x86_cpuid_opts opts = { .tsc_deadline = true };
	struct x86_cpuid c;

	(void)state;
	odd_intel_host(&c);
	assert_int_equal(x86_cpuid__patch(&c, &t, 0, &opts), 0);
	assert_int_equal(need(&c, 4, 0)->eax, 0x04000121); /* host's L1D */
	assert_int_equal(need(&c, 4, 0)->ebx, 0x02c0003f);
	assert_int_equal(need(&c, 4, 1)->eax & 0xff, 0x22); /* default */
	assert_int_equal(need(&c, 4, 2)->eax & 0xff, 0x43);
	assert_int_equal(need(&c, 4, 2)->ecx, 0x7ff); /* host's L2 */
	assert_int_equal(need(&c, 4, 3)->eax, 0x04004163);
	assert_int_equal(need(&c, 4, 3)->ecx, 16383); /* default, 16 MiB */
	assert_int_equal(need(&c, 4, 4)->eax, 0);
}

static void wide_destinations_are_announced(void **state)
{
	const struct topology t = TOPO_EVEN(1, 14, 9, 2);
	struct x86_cpuid_opts opts = { .msi_ext_dest = true };
	struct x86_cpuid c;

	(void)state;
	intel_host(&c);
	put(&c, 0x40000001, 0, 0x0100007b, 0, 0, 0);
	assert_int_equal(x86_cpuid__patch(&c, &t, 0, &opts), 0);
	assert_int_equal(need(&c, 0x40000001, 0)->eax, 0x0100807b);
	opts.msi_ext_dest = false;
	intel_host(&c);
	assert_int_equal(x86_cpuid__patch(&c, &t, 0, &opts), 0);
	assert_int_equal(need(&c, 0x40000001, 0)->eax, 0);
}

static void a_trusted_tsc_is_announced(void **state)
{
	const struct topology t = TOPO_EVEN(1, 1, 1, 1);
	struct x86_cpuid_opts opts = { .stable_tsc = true };
	struct x86_cpuid c;

	(void)state;
	amd_host(&c);
	assert_int_equal(x86_cpuid__patch(&c, &t, 0, &opts), 0);
	assert_int_equal(need(&c, 0x80000007, 0)->edx, 1u << 8);
	opts.stable_tsc = false;
	amd_host(&c);
	assert_int_equal(x86_cpuid__patch(&c, &t, 0, &opts), 0);
	assert_int_equal(need(&c, 0x80000007, 0)->edx, 0);
	/* KVM's own word stands. */
	amd_host(&c);
	put(&c, 0x80000007, 0, 0, 0, 0, 1u << 8);
	assert_int_equal(x86_cpuid__patch(&c, &t, 0, &opts), 0);
	assert_int_equal(need(&c, 0x80000007, 0)->edx, 1u << 8);
}

static void full_table_is_an_error(void **state)
{
	const struct topology t = TOPO_EVEN(1, 1, 1, 1);
	const struct x86_cpuid_opts opts = { .tsc_deadline = false };
	struct x86_cpuid c;

	(void)state;
	amd_host(&c);
	while (c.head.nent < X86_CPUID_MAX)
		put(&c, 0x50000000 + c.head.nent, 0, 0, 0, 0, 0);
	assert_int_equal(x86_cpuid__patch(&c, &t, 0, &opts), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amd_cpu_of_three),
		cmocka_unit_test(single_cpu_has_no_threading),
		cmocka_unit_test(intel_cpu_of_sixteen_threads),
		cmocka_unit_test(every_host_shows_the_same),
		cmocka_unit_test(known_caches_keep_their_size),
		cmocka_unit_test(wide_destinations_are_announced),
		cmocka_unit_test(a_trusted_tsc_is_announced),
		cmocka_unit_test(full_table_is_an_error),
	};

	return cmocka_run_group_tests_name("cpuid", tests, NULL, NULL);
}
