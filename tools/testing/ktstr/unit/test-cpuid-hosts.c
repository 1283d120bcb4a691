// SPDX-License-Identifier: GPL-2.0
/*
 * One topology on many hosts: what a program finds that goes by the vendors'
 * manuals must be the model, must be the same everywhere, and must not hint at
 * counters. The hosts' tables are made up; the readers follow SDM vol. 3A,
 * "Detecting Hardware Multi-Threading Support and Topology", and AMD's APM
 * vol. 3, appendix E.4 and E.5, and share nothing with the writer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "vmm/x86/cpuid.h"

struct row {
	u32 leaf, index, eax, ebx, ecx, edx;
};

#define INTEL 0x756e6547, 0x6c65746e, 0x49656e69
#define AMD 0x68747541, 0x444d4163, 0x69746e65
#define HYGON 0x6f677948, 0x656e6975, 0x6e65476e
#define KVM_LEAVES                                                   \
	{ 0x40000000, 0, 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d }, \
	{                                                            \
		0x40000001, 0, 0x01007afb, 0, 0, 0                   \
	}

/* A server of two dies; debug store, traces, branch records, two PMU leaves. */
static const struct row sapphire[] = {
	{ 0, 0, 0x23, INTEL },
	{ 1, 0, 0x806f8, 0x38800800, 0xfffaf38f, 0xbfebfbff },
	{ 4, 0, 0xfc004121, 0x02c0003f, 0x3f, 0 },
	{ 4, 1, 0xfc004122, 0x01c0003f, 0x3f, 0 },
	{ 4, 2, 0xfc01c143, 0x03c0003f, 0x7ff, 0 },
	{ 4, 3, 0xfc1fc163, 0x0380003f, 0x1bfff, 4 },
	{ 7, 0, 2, 0xf3bfbfff, 0xfb415f6e, 0xffdd4432 },
	{ 7, 1, 0x1c30, 0, 0, 0 },
	{ 0xa, 0, 0x08300805, 0, 0x7, 0x8603 },
	{ 0xb, 0, 1, 2, 0x100, 0x38 },
	{ 0xb, 1, 7, 0x70, 0x201, 0x38 },
	{ 0x14, 0, 1, 0x5f, 0x7, 0 },
	{ 0x14, 1, 0x02490002, 0x003f003f, 0, 0 },
	{ 0x1c, 0, 0x4000000b, 7, 7, 0 },
	{ 0x1f, 0, 1, 2, 0x100, 0x38 },
	{ 0x1f, 1, 6, 0x38, 0x201, 0x38 },
	{ 0x1f, 2, 7, 0x70, 0x502, 0x38 },
	{ 0x23, 0, 0xb, 3, 0, 0 },
	{ 0x23, 1, 0xff, 7, 0, 0 },
	KVM_LEAVES,
	{ 0x80000000, 0, 0x80000008, 0, 0, 0 },
	{ 0x80000001, 0, 0, 0, 0x121, 0x2c100800 },
	{ 0x80000008, 0, 0x3934, 0, 0, 0 },
};

/* A client without leaf 0x1f, whose L3 comes first. */
static const struct row nehalem[] = {
	{ 0, 0, 0xb, INTEL },
	{ 1, 0, 0x106a5, 0x00100800, 0x009ce3bd, 0xbfebfbff },
	{ 4, 0, 0x1c03c163, 0x03c0003f, 0x1fff, 2 },
	{ 4, 1, 0x1c004121, 0x01c0003f, 0x3f, 0 },
	{ 0xa, 0, 0x07300403, 0x44, 0, 0x603 },
	KVM_LEAVES,
	{ 0x80000000, 0, 0x80000008, 0, 0, 0 },
	{ 0x80000001, 0, 0, 0, 1, 0x28100800 },
	{ 0x80000008, 0, 0x3028, 0, 0, 0 },
};

/* Twelve dies of eight cores, performance monitoring version 2, sampling. */
static const struct row zen4[] = {
	{ 0, 0, 0x10, AMD },
	{ 1, 0, 0xa10f11, 0x0ac00800, 0x76fa320b, 0x178bfbff },
	{ 0xb, 0, 1, 2, 0x100, 0x0a },
	{ 0xb, 1, 8, 0xc0, 0x201, 0x0a },
	KVM_LEAVES,
	{ 0x80000000, 0, 0x80000028, AMD },
	{ 0x80000001, 0, 0xa10f11, 0x40000000, 0x75c237ff, 0x2fd3fbff },
	{ 0x80000006, 0, 0x48002200, 0x68004200, 0x04006140, 0x03009140 },
	{ 0x80000008, 0, 0x3934, 0x791ef257, 0x87bf, 0x00090007 },
	{ 0x8000001b, 0, 0xbff, 0, 0, 0 },
	{ 0x8000001d, 0, 0x4121, 0x01c0003f, 0x3f, 0 },
	{ 0x8000001d, 1, 0x4122, 0x01c0003f, 0x3f, 0 },
	{ 0x8000001d, 2, 0x4143, 0x01c0003f, 0x7ff, 2 },
	{ 0x8000001d, 3, 0x3c163, 0x03c0003f, 0x7fff, 1 },
	{ 0x8000001e, 0, 0x0a, 0x105, 0x0, 0 },
	{ 0x80000022, 0, 7, 0x6106, 0xf, 0 },
	{ 0x80000026, 0, 0xc0000001, 2, 0x100, 0x0a },
	{ 0x80000026, 1, 0x80000004, 16, 0x201, 0x0a },
	{ 0x80000026, 2, 0x80000008, 0xc0, 0x302, 0x0a },
};

/* Four dies in a package, no leaf 0xb. */
static const struct row naples[] = {
	{ 0, 0, 0xd, AMD },
	{ 1, 0, 0x800f12, 0x2e400800, 0x76d8320b, 0x178bfbff },
	KVM_LEAVES,
	{ 0x80000000, 0, 0x8000001f, AMD },
	{ 0x80000001, 0, 0x800f12, 0x40000000, 0x35c233ff, 0x2fd3fbff },
	{ 0x80000006, 0, 0x26006400, 0x66006400, 0x02006140, 0x02008140 },
	{ 0x80000008, 0, 0x3030, 0x7, 0x603f, 0 },
	{ 0x8000001d, 3, 0x1c163, 0x03c0003f, 0x1fff, 1 },
	{ 0x8000001e, 0, 0x2e, 0x107, 0x302, 0 },
};

static const struct row dhyana[] = {
	{ 0, 0, 0xd, HYGON },
	{ 1, 0, 0x900f11, 0x2e400800, 0x76d8320b, 0x178bfbff },
	{ 0x80000000, 0, 0x8000001f, HYGON },
	{ 0x80000001, 0, 0x900f11, 0x40000000, 0x35c233ff, 0x2fd3fbff },
	{ 0x80000006, 0, 0x26006400, 0x66006400, 0x02006140, 0x02008140 },
	{ 0x80000008, 0, 0x3030, 0x7, 0x603f, 0 },
};

#define HOST(name)                            \
	{                                     \
#name, name, ARRAY_SIZE(name) \
	}
static const struct host {
	const char *name;
	const struct row *row;
	size_t nr;
} hosts[] = { HOST(sapphire), HOST(nehalem), HOST(zen4), HOST(naples),
	      HOST(dhyana) };

/* What one CPU of the guest answers. */
static struct x86_cpuid guest;

/* Leaves that KVM marks so: their answer depends on ECX. */
static u32 flags_of(u32 leaf)
{
	static const u32 indexed[] = { 4,    7,	   0xb,	       0x14,
				       0x1f, 0x23, 0x8000001d, 0x80000026 };

	for (size_t i = 0; i < ARRAY_SIZE(indexed); i++)
		if (leaf == indexed[i])
			return KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	return 0;
}

static void boot_on(const struct host *h, const struct topology *t,
		    unsigned int cpu)
{
	const struct x86_cpuid_opts opts = { .tsc_deadline = true };

	guest.head.nent = 0;
	for (size_t i = 0; i < h->nr; i++)
		guest.head.entries[guest.head.nent++] =
			(struct kvm_cpuid_entry2){
				.function = h->row[i].leaf,
				.index = h->row[i].index,
				.flags = flags_of(h->row[i].leaf),
				.eax = h->row[i].eax,
				.ebx = h->row[i].ebx,
				.ecx = h->row[i].ecx,
				.edx = h->row[i].edx,
			};
	assert_int_equal(x86_cpuid__patch(&guest, t, cpu, &opts), 0);
}

/* As the instruction: what nobody filled in is zero. */
static struct row cpuid(u32 leaf, u32 index)
{
	struct row r = { .leaf = leaf, .index = index };

	for (u32 i = 0; i < guest.head.nent; i++) {
		const struct kvm_cpuid_entry2 *e = &guest.head.entries[i];

		if (e->function != leaf ||
		    (e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX &&
		     e->index != index))
			continue;
		r.eax = e->eax;
		r.ebx = e->ebx;
		r.ecx = e->ecx;
		r.edx = e->edx;
		return r;
	}
	return r;
}

/* Where a CPU is, by the manuals; l1 to l3 name the group it shares it with. */
struct place {
	u32 apic, package, core, thread, l1d, l1i, l2, l3;
};

static unsigned int width(u32 n)
{
	unsigned int bits = 0;

	for (n--; n; n >>= 1)
		bits++;
	return bits;
}

/* Leaf 0x1f, else 0xb: shift counts up to the next level. */
static void read_extended(struct place *p)
{
	u32 leaf = cpuid(0, 0).eax >= 0x1f && cpuid(0x1f, 0).ebx ? 0x1f : 0xb;
	u32 smt = 0, top = 0, levels = 0;

	assert_true(cpuid(0, 0).eax >= leaf);
	for (;; levels++) {
		struct row r = cpuid(leaf, levels);
		u32 type = r.ecx >> 8 & 0xff;

		if (!type)
			break;
		assert_int_equal(r.ecx & 0xff, levels);
		assert_true(r.ebx & 0xffff);
		assert_true((r.ebx & 0xffff) <= 1u << (r.eax & 31));
		if (type == 1)
			smt = r.eax & 31;
		top = r.eax & 31;
		p->apic = r.edx;
	}
	assert_int_equal(levels, 2);
	p->package = p->apic >> top;
	p->core = (p->apic & ((1u << top) - 1)) >> smt;
	p->thread = p->apic & ((1u << smt) - 1);
}

/* AMD says it in two more places, which must agree. */
static void check_amd(const struct place *p)
{
	u32 size = cpuid(0x80000008, 0).ecx >> 12 & 0xf;
	struct row ids = cpuid(0x8000001e, 0);

	assert_true(cpuid(0x80000000, 0).eax >= 0x8000001e);
	assert_int_equal(ids.eax, p->apic);
	assert_int_equal(ids.ebx & 0xff, p->core & 0xff);
	assert_int_equal(ids.ecx & 0xff, p->package & 0xff);
	assert_int_equal(ids.ecx >> 8 & 7, 0); /* one node a package */
	if (cpuid(1, 0).edx >> 28 & 1)
		assert_int_equal(p->apic >> size, p->package);
}

/* Which CPUs share: those whose id differs below the field's width only. */
static void read_caches(struct place *p, u32 leaf)
{
	unsigned int seen = 0;

	for (u32 i = 0; cpuid(leaf, i).eax & 0x1f; i++) {
		struct row r = cpuid(leaf, i);
		u32 group = p->apic >> width((r.eax >> 14 & 0xfff) + 1);

		assert_true(r.ebx & 0xfff); /* lines of more than a byte */
		seen++;
		switch (r.eax & 0xff) {
		case 0x21:
			p->l1d = group;
			break;
		case 0x22:
			p->l1i = group;
			break;
		case 0x43:
			p->l2 = group;
			break;
		case 0x63:
			p->l3 = group;
			break;
		default:
			fail_msg("cache %u is %#x", i, r.eax & 0xff);
		}
	}
	assert_int_equal(seen, 4);
}

static struct place read_place(void)
{
	struct place p = { 0 };
	u32 vendor = cpuid(0, 0).ebx;

	read_extended(&p);
	assert_int_equal(cpuid(1, 0).ebx >> 24, p.apic & 0xff);
	if (vendor == 0x756e6547) {
		read_caches(&p, 4);
	} else {
		check_amd(&p);
		read_caches(&p, 0x8000001d);
	}
	return p;
}

static void no_counters(const struct host *h)
{
	static const struct {
		u32 leaf;
		char reg;
		u32 bits;
		const char *what;
	} none[] = {
		{ 1, 'c', 1u << 15, "PDCM" },
		{ 1, 'c', 1u << 2, "DTES64" },
		{ 1, 'd', 1u << 21, "DS" },
		{ 7, 'b', 1u << 25, "processor trace" },
		{ 7, 'd', 1u << 19, "branch records" },
		{ 0xa, 'a', ~0u, "PMU" },
		{ 0xa, 'd', ~0u, "fixed counters" },
		{ 0x14, 'a', ~0u, "trace leaf" },
		{ 0x1c, 'a', ~0u, "branch record leaf" },
		{ 0x23, 'a', ~0u, "newer PMU" },
		{ 0x8000001b, 'a', ~0u, "IBS leaf" },
		{ 0x80000022, 'a', ~0u, "AMD PMU version 2" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		struct row r = cpuid(none[i].leaf, 0);
		u32 v = none[i].reg == 'a'   ? r.eax
			: none[i].reg == 'b' ? r.ebx
			: none[i].reg == 'c' ? r.ecx
					     : r.edx;

		if (v & none[i].bits)
			fail_msg("%s shows %s", h->name, none[i].what);
	}
	/* IBS and the three kinds of counters; on Intel other bits are there */
	if (cpuid(0, 0).ebx != 0x756e6547)
		assert_int_equal(
			cpuid(0x80000001, 0).ecx &
				(1u << 10 | 1u << 23 | 1u << 24 | 1u << 28),
			0);
}

/* Groups are the same when equal in one numbering means equal in the other. */
static void check_cpu(const struct topology *t, unsigned int cpu,
		      const struct place *first)
{
	unsigned int tb = width(t->threads), cb = width(t->cores);

	assert_int_equal(first->package, topo__llc_of_cpu(t, cpu));
	assert_int_equal(first->core, topo__core_of_cpu(t, cpu));
	assert_int_equal(first->thread, topo__thread_of_cpu(t, cpu));
	assert_int_equal(first->apic, first->package << (tb + cb) |
					      first->core << tb |
					      first->thread);
	assert_int_equal(first->l3, first->package);
	assert_int_equal(first->l2, first->apic >> tb);
	assert_int_equal(first->l1d, first->l2);
	assert_int_equal(first->l1i, first->l2);
}

static void same_on_all(const struct topology *t, unsigned int cpu)
{
	struct place first = { 0 }, p;

	for (size_t h = 0; h < ARRAY_SIZE(hosts); h++) {
		boot_on(&hosts[h], t, cpu);
		no_counters(&hosts[h]);
		p = read_place();
		if (!h)
			first = p;
		assert_memory_equal(&p, &first, sizeof(p));
	}
	check_cpu(t, cpu, &first);
}

static void presets_are_the_same_on_all_hosts(void **state)
{
	(void)state;
	for (size_t i = 0; i < TOPO_NR_PRESETS; i++) {
		const struct topology *t = &topo_presets[i].topology;

		for (unsigned int cpu = 0; cpu < topo__nr_cpus(t); cpu++)
			same_on_all(t, cpu);
	}
}

static void random_machines_are_the_same_on_all_hosts(void **state)
{
	unsigned int seed = 1117;

	(void)state;
	for (int i = 0; i < 500; i++) {
		struct topology t = { .numa_nodes = 1 };
		unsigned int n;

		do {
			t.llcs = (unsigned int)rand_r(&seed) % 40 + 1;
			t.cores = (unsigned int)rand_r(&seed) % 64 + 1;
			t.threads = (unsigned int)rand_r(&seed) % 8 + 1;
			n = topo__nr_cpus(&t);
		} while (n > TOPO_MAX_CPUS);
		same_on_all(&t, 0);
		same_on_all(&t, n - 1);
		same_on_all(&t, (unsigned int)rand_r(&seed) % n);
	}
}

/* The tables above do have what must not come through. */
static void hosts_are_worth_the_test(void **state)
{
	unsigned int pmus = 0, topologies = 0;

	(void)state;
	for (size_t h = 0; h < ARRAY_SIZE(hosts); h++)
		for (size_t i = 0; i < hosts[h].nr; i++) {
			const struct row *r = &hosts[h].row[i];

			pmus += (r->leaf == 0xa || r->leaf == 0x80000022) &&
				r->eax;
			topologies += r->leaf == 0x80000026 || r->leaf == 0x1f;
		}
	assert_int_equal(pmus, 3);
	assert_int_equal(topologies, 6);
	assert_true(sapphire[1].edx & 1u << 21);
	assert_true(sapphire[1].ecx & 1u << 15);
	assert_true(zen4[7].ecx & 1u << 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_worth_the_test),
		cmocka_unit_test(presets_are_the_same_on_all_hosts),
		cmocka_unit_test(random_machines_are_the_same_on_all_hosts),
	};

	return cmocka_run_group_tests_name("cpuid-hosts", tests, NULL, NULL);
}
