// SPDX-License-Identifier: GPL-2.0
/* See acpi-reader.h. Numbers are offsets of ACPI 6.5's tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "acpi-reader.h"

static u64 le(const u8 *p, unsigned int n)
{
	u64 v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

static u32 le32(const u8 *p)
{
	return (u32)le(p, 4);
}

static const u8 *table_at(const u8 *buf, size_t len, u64 gpa, u64 address)
{
	const u8 *p = buf + (address - gpa);
	u8 sum = 0;

	assert_true(address >= gpa && address - gpa <= len - 36);
	assert_int_equal(address % 16, 0);
	assert_true(le32(p + 4) <= len - (address - gpa));
	for (u32 i = 0; i < le32(p + 4); i++)
		sum += p[i];
	assert_int_equal(sum, 0);
	return p;
}

const u8 *acpi_read__find(const u8 *buf, size_t len, u64 gpa, const char *sig)
{
	const u8 *xsdt = table_at(buf, len, gpa, le(buf + 24, 8));

	for (u32 off = 36; off < le32(xsdt + 4); off += 8) {
		const u8 *p = table_at(buf, len, gpa, le(xsdt + off, 8));

		if (!memcmp(p, sig, 4))
			return p;
		if (!memcmp(p, "FACP", 4) && !memcmp(sig, "DSDT", 4))
			return table_at(buf, len, gpa, le(p + 140, 8));
	}
	return NULL;
}

static void read_list(struct acpi_read *r, const u8 *buf, size_t len, u64 gpa)
{
	const u8 *xsdt = table_at(buf, len, gpa, le(buf + 24, 8));
	size_t at = 0;

	assert_memory_equal(buf, "RSD PTR ", 8);
	assert_int_equal(buf[15], 2);
	for (u32 off = 36; off < le32(xsdt + 4); off += 8) {
		const u8 *p = table_at(buf, len, gpa, le(xsdt + off, 8));

		at += (size_t)snprintf(r->tables + at, sizeof(r->tables) - at,
				       "%s%.4s %u", at ? ", " : "",
				       (const char *)p, p[8]);
	}
}

static void add_cpu(struct acpi_read *r, u32 uid, u32 apic, u32 flags,
		    bool wide)
{
	assert_int_equal(flags, 1); /* enabled */
	assert_true(r->nr_cpus < TOPO_MAX_CPUS);
	r->cpu[r->nr_cpus++] = (struct read_cpu){
		.uid = uid, .apic = apic, .node = READ_NOT_GIVEN, .wide = wide
	};
}

static void read_madt(struct acpi_read *r, const u8 *t)
{
	const u8 *end = t + le32(t + 4), *e;

	assert_int_equal(le32(t + 36), 0xfee00000);
	for (e = t + 44; e < end; e += e[1]) {
		assert_true(e[1] >= 6);
		switch (e[0]) {
		case 0:
			add_cpu(r, e[2], e[3], le32(e + 4), false);
			break;
		case 9:
			add_cpu(r, le32(e + 12), le32(e + 4), le32(e + 8),
				true);
			break;
		case 1:
			assert_int_equal(r->ioapic, 0);
			assert_int_equal(le32(e + 8), 0); /* first GSI */
			r->ioapic = le32(e + 4);
			break;
		case 4:
			assert_int_equal(e[2], 0xff); /* all */
			assert_int_equal(e[5], 1);
			r->small_nmis++;
			break;
		case 10:
			assert_int_equal(le32(e + 4), UINT32_MAX);
			assert_int_equal(e[8], 1);
			r->wide_nmis++;
			break;
		default:
			fail_msg("MADT entry of type %u", e[0]);
		}
	}
	assert_ptr_equal(e, end);
}

static void set_node(struct acpi_read *r, u32 apic, u32 node)
{
	for (u32 i = 0; i < r->nr_cpus; i++) {
		if (r->cpu[i].apic != apic)
			continue;
		assert_int_equal(r->cpu[i].node, READ_NOT_GIVEN);
		r->cpu[i].node = node;
		return;
	}
	fail_msg("SRAT has APIC id %u, the MADT does not", apic);
}

static void read_srat(struct acpi_read *r, const u8 *t)
{
	const u8 *end = t + le32(t + 4), *e;

	assert_int_equal(le32(t + 36), 1);
	for (e = t + 48; e < end; e += e[1]) {
		if (e[0] == 2 && e[1] == 24) {
			assert_int_equal(le32(e + 12), 1);
			set_node(r, le32(e + 8), le32(e + 4));
			continue;
		}
		assert_true(e[0] == 1 && e[1] == 40);
		assert_int_equal(le32(e + 28), 1);
		assert_true(r->nr_memory < ARRAY_SIZE(r->memory));
		r->memory[r->nr_memory++] = (struct read_memory){
			.base = le(e + 8, 8),
			.len = le(e + 16, 8),
			.node = le32(e + 2),
		};
	}
	assert_ptr_equal(e, end);
}

static void read_slit(struct acpi_read *r, const u8 *t)
{
	u64 n = le(t + 36, 8);

	assert_in_range(n, 1, TOPO_MAX_NODES);
	assert_int_equal(le32(t + 4), 44 + n * n);
	r->nr_nodes = (u32)n;
	memcpy(r->distance, t + 44, n * n);
}

static void read_locality(struct acpi_read *r, const u8 *e)
{
	u64 ni = le32(e + 12), nt = le32(e + 16), unit = le(e + 24, 8);
	const u8 *init = e + 32, *targ = init + 4 * ni, *v = targ + 4 * nt;

	assert_int_equal(le32(e + 4), 32 + 4 * ni + 4 * nt + 2 * ni * nt);
	assert_int_equal(e[8], 0); /* of memory, not of a cache before it */
	assert_true(e[9] == 0 || e[9] == 3);
	for (u64 i = 0; i < ni; i++)
		for (u64 k = 0; k < nt; k++) {
			u32 from = le32(init + 4 * i), to = le32(targ + 4 * k);
			u64 value = le(v + 2 * (i * nt + k), 2);

			assert_true(from < TOPO_MAX_NODES);
			assert_true(to < TOPO_MAX_NODES);
			assert_in_range(value, 1, 0xfffe);
			if (e[9])
				r->bandwidth_mbs[from][to] = value * unit;
			else
				r->latency_ps[from][to] = value * unit;
		}
}

static void read_hmat(struct acpi_read *r, const u8 *t)
{
	const u8 *end = t + le32(t + 4), *e;

	for (e = t + 40; e < end; e += le32(e + 4)) {
		switch (le(e, 2)) {
		case 0:
			assert_int_equal(le32(e + 4), 40);
			assert_int_equal(le(e + 8, 2), 1);
			assert_true(le32(e + 16) < TOPO_MAX_NODES);
			r->initiator[le32(e + 16)] = le32(e + 12);
			break;
		case 1:
			read_locality(r, e);
			break;
		case 2:
			assert_int_equal(le32(e + 4), 32);
			assert_true(r->nr_caches < TOPO_MAX_NODES);
			r->cache[r->nr_caches++] = (struct read_cache){
				.node = le32(e + 8),
				.size = le(e + 16, 8),
				.attributes = le32(e + 24),
			};
			break;
		default:
			fail_msg("HMAT entry of type %u", (u32)le(e, 2));
		}
	}
	assert_ptr_equal(e, end);
}

void acpi_read__tables(struct acpi_read *r, const u8 *buf, size_t len, u64 gpa)
{
	const u8 *t;

	memset(r, 0, sizeof(*r));
	for (u32 i = 0; i < TOPO_MAX_NODES; i++)
		r->initiator[i] = READ_NOT_GIVEN;
	read_list(r, buf, len, gpa);
	read_madt(r, acpi_read__find(buf, len, gpa, "APIC"));
	t = acpi_read__find(buf, len, gpa, "SRAT");
	r->has_srat = t != NULL;
	if (t)
		read_srat(r, t);
	t = acpi_read__find(buf, len, gpa, "SLIT");
	r->has_slit = t != NULL;
	if (t)
		read_slit(r, t);
	t = acpi_read__find(buf, len, gpa, "HMAT");
	r->has_hmat = t != NULL;
	if (t)
		read_hmat(r, t);
}
