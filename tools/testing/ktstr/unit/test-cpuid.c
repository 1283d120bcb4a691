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
	assert_int_equal(need(&c, 0x80000001, 0)->ecx, 0);
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
		cmocka_unit_test(full_table_is_an_error),
	};

	return cmocka_run_group_tests_name("cpuid", tests, NULL, NULL);
}
