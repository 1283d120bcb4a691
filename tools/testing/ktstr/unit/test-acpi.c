// SPDX-License-Identifier: GPL-2.0
/* ACPI tables: checksums, offsets the kernel relies on, and iasl's verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/wait.h>

#include <ktstr/fd.h>

#include "skip.h"
#include "vmm/acpi/acpi.h"
#include "vmm/acpi/aml.h"
#include "vmm/dev/acpi-pm.h"
#include "vmm/dev/dev.h"

#define GPA 0xe0000u

struct tables {
	u8 buf[0x2000];
	size_t len;
};

static u64 le(const u8 *p, unsigned int n)
{
	u64 v = 0;

	memcpy(&v, p, n);
	return v;
}

static u8 sum(const u8 *p, size_t len)
{
	u8 s = 0;

	while (len--)
		s += *p++;
	return s;
}

static void build_for(struct tables *t, const struct topology *topo)
{
	struct gmem gm;
	const struct acpi_params p = { .topo = topo,
				       .gm = &gm,
				       .lapic_addr = 0xfee00000,
				       .ioapic_addr = 0xfec00000 };

	gmem__layout(&gm, GIB(1));
	gmem__split(&gm, topo);
	memset(t, 0xcc, sizeof(*t));
	assert_int_equal(
		acpi__build(&p, GPA, t->buf, sizeof(t->buf), &t->len, NULL), 0);
}

static void build(struct tables *t, unsigned int cpus)
{
	build_for(t, &TOPO_EVEN(1, 1, cpus, 1));
}

static const u8 *at(const struct tables *t, u64 gpa)
{
	assert_in_range(gpa, GPA, GPA + t->len - 36);
	return t->buf + (gpa - GPA);
}

/* Table number @i of the XSDT, checked. */
static const u8 *table(const struct tables *t, unsigned int i, const char *sig)
{
	const u8 *xsdt = at(t, le(t->buf + 24, 8));
	const u8 *p = at(t, le(xsdt + 36 + 8 * i, 8));

	assert_memory_equal(p, sig, 4);
	assert_int_equal(sum(p, le(p + 4, 4)), 0);
	assert_memory_equal(p + 10, "KTSTR ", 6);
	assert_memory_equal(p + 16, "KTSR", 4);
	return p;
}

static void rsdp_and_xsdt(void **state)
{
	struct tables t;
	const u8 *xsdt;

	(void)state;
	build(&t, 4);
	assert_memory_equal(t.buf, "RSD PTR ", 8);
	assert_int_equal(sum(t.buf, 20), 0);
	assert_int_equal(sum(t.buf, 36), 0);
	assert_int_equal(t.buf[15], 2);
	xsdt = at(&t, le(t.buf + 24, 8));
	assert_memory_equal(xsdt, "XSDT", 4);
	assert_int_equal(le(xsdt + 4, 4), 36 + 2 * 8);
	assert_int_equal(sum(xsdt, 36 + 2 * 8), 0);
}

static void fadt_is_hardware_reduced(void **state)
{
	struct tables t;
	const u8 *f;
	u64 base = dev_descs[DEV_ACPI_PM].base;

	(void)state;
	build(&t, 1);
	f = table(&t, 0, "FACP");
	assert_int_equal(le(f + 4, 4), 276);
	assert_int_equal(f[8], 6);
	assert_true(le(f + 112, 4) & 1u << 20);	 /* HW_REDUCED_ACPI */
	assert_true(le(f + 112, 4) & 1u << 10);	 /* RESET_REG_SUP */
	assert_int_equal(le(f + 109, 2) & 2, 0); /* no 8042 */
	assert_int_equal(le(f + 109, 2), 1u << 5 | 1u << 2);
	assert_memory_equal(f + 116, "\x01\x08\x00\x01", 4);
	assert_int_equal(le(f + 120, 8), base + ACPI_PM_RESET);
	assert_int_equal(f[128], ACPI_PM_RESET_VALUE);
	assert_int_equal(le(f + 248, 8), base + ACPI_PM_SLEEP_CONTROL);
	assert_int_equal(le(f + 260, 8), base + ACPI_PM_SLEEP_STATUS);
	assert_memory_equal(at(&t, le(f + 140, 8)), "DSDT", 4);
}

static void madt_lists_every_cpu(void **state)
{
	struct tables t;
	const u8 *m;

	(void)state;
	build(&t, 64);
	m = table(&t, 1, "APIC");
	assert_int_equal(le(m + 36, 4), 0xfee00000);
	assert_int_equal(le(m + 40, 4), 0); /* PCAT_COMPAT clear */
	for (unsigned int i = 0; i < 64; i++) {
		const u8 e[8] = { 0, 8, (u8)i, (u8)i, 1, 0, 0, 0 };

		assert_memory_equal(m + 44 + 8 * i, e, 8);
	}
	assert_memory_equal(m + 44 + 512, "\x01\x0c\x00\x00\x00\x00\xc0\xfe",
			    8);
	assert_memory_equal(m + 44 + 524, "\x04\x06\xff\x00\x00\x01", 6);
	assert_int_equal(le(m + 4, 4), 44 + 512 + 12 + 6);
}

/* 14 LLCs of 9 cores of 2 threads: LLC 8 starts at APIC id 256. */
static void wide_apic_ids_have_wide_entries(void **state)
{
	const struct topology topo = TOPO_EVEN(1, 14, 9, 2);
	struct tables t;
	const u8 *m, *e;

	(void)state;
	build_for(&t, &topo);
	m = table(&t, 1, "APIC");
	assert_int_equal(le(m + 4, 4), 44 + 144 * 8 + 108 * 16 + 12 + 6 + 12);
	e = m + 44;
	for (unsigned int i = 0; i < 144; i++, e += 8) {
		assert_int_equal(le(e, 2), 0x0800);
		assert_int_equal(e[2], i);
		assert_int_equal(e[3], topo__apic_id(&topo, i));
		assert_int_equal(le(e + 4, 4), 1);
	}
	for (unsigned int i = 144; i < 252; i++, e += 16) {
		assert_int_equal(le(e, 4), 0x1009);
		assert_int_equal(le(e + 4, 4), topo__apic_id(&topo, i));
		assert_int_equal(le(e + 8, 4), 1);
		assert_int_equal(le(e + 12, 4), i);
	}
	assert_int_equal(le(e, 2), 0x0c01);
	assert_memory_equal(e + 12, "\x04\x06\xff\x00\x00\x01", 6);
	assert_memory_equal(
		e + 18, "\x0a\x0c\x00\x00\xff\xff\xff\xff\x01\x00\x00\x00", 12);
}

static void every_small_buffer_is_refused(void **state)
{
	const struct topology topo = TOPO_EVEN(2, 2, 1, 1);
	struct gmem gm;
	const struct acpi_params p = { .topo = &topo, .gm = &gm };
	struct tables t;
	u8 *exact;
	size_t len;

	(void)state;
	build_for(&t, &topo);
	gmem__layout(&gm, GIB(1));
	gmem__split(&gm, &topo);
	for (size_t cap = 0; cap < t.len; cap++) {
		exact = malloc(cap + 1); /* ASan sees the first byte beyond */
		assert_int_equal(acpi__build(&p, GPA, exact, cap, &len, NULL),
				 -ENOSPC);
		free(exact);
	}
	exact = malloc(t.len);
	assert_int_equal(acpi__build(&p, GPA, exact, t.len, &len, NULL), 0);
	free(exact);
}

static void aml_lengths_at_their_edges(void **state)
{
	static const size_t body[] = { 0, 57, 58, 59, 4000, 4089, 4090, 70000 };
	static const struct {
		size_t len;
		u8 first;
	} want[] = { { 6, 5 },	     { 63, 62 },     { 64, 63 },
		     { 66, 0x41 },   { 4007, 0x46 }, { 4096, 0x4f },
		     { 4098, 0x81 }, { 70008, 0x87 } };
	static u8 buf[80000];
	static const u8 zero[70000];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(body); i++) {
		struct aml a = { .buf = buf, .cap = sizeof(buf) };
		struct aml_block b = aml__open_scope(&a, "_SB_");
		size_t total = 0;
		unsigned int extra;

		aml__bytes(&a, zero, body[i]);
		aml__close(&a, b);
		assert_true(aml__ok(&a));
		assert_int_equal(a.len, want[i].len);
		assert_int_equal(buf[1], want[i].first);
		extra = buf[1] >> 6;
		total = extra ? buf[1] & 0xf : buf[1];
		for (unsigned int k = 0; k < extra; k++)
			total |= (size_t)buf[2 + k] << (4 + 8 * k);
		assert_int_equal(total, a.len - 1); /* all but the opcode */
	}
}

static void aml_integers_and_ids(void **state)
{
	u8 buf[64];
	struct aml a = { .buf = buf, .cap = sizeof(buf) };

	(void)state;
	aml__integer(&a, 0);
	aml__integer(&a, 1);
	aml__integer(&a, 0xff);
	aml__integer(&a, 0x1234);
	aml__integer(&a, 0x12345678);
	aml__integer(&a, 0x1122334455667788);
	aml__eisaid(&a, "PNP0501");
	assert_int_equal(a.len, 1 + 1 + 2 + 3 + 5 + 9 + 5);
	assert_memory_equal(buf,
			    "\x00\x01\x0a\xff\x0b\x34\x12\x0c\x78\x56\x34\x12"
			    "\x0e\x88\x77\x66\x55\x44\x33\x22\x11"
			    "\x0c\x41\xd0\x05\x01",
			    26);
}

static int run_in(const char *dir, const char *cmd)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && { %s; } >log 2>&1", dir, cmd);
	return system(line);
}

static void dump(const char *dir, const char *name, const u8 *table)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s.aml", dir, name);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd__write_all(fd, table, le(table + 4, 4)), 0);
	close(fd);
}

/* Disassembled and compiled again: same bytes, nothing to complain about. */
static void iasl_accepts_all_tables(void **state)
{
	char dir[] = "/tmp/ktstr-acpi-XXXXXX", cmd[256];
	static const char *const names[] = { "dsdt", "facp", "apic" };
	struct tables t;
	const u8 *p[3];

	(void)state;
	if (system("command -v iasl >/dev/null 2>&1"))
		SKIP("iasl is not installed (acpica-tools)");
	assert_non_null(mkdtemp(dir));
	build(&t, 5);
	p[1] = table(&t, 0, "FACP");
	p[2] = table(&t, 1, "APIC");
	p[0] = at(&t, le(p[1] + 140, 8));
	assert_int_equal(sum(p[0], le(p[0] + 4, 4)), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		dump(dir, names[i], p[i]);
		snprintf(cmd, sizeof(cmd),
			 "iasl -d %s.aml && iasl -we -p out-%s %s.dsl",
			 names[i], names[i], names[i]);
		assert_int_equal(run_in(dir, cmd), 0);
		snprintf(cmd, sizeof(cmd),
			 "grep -q '0 Errors, 0 Warnings, 0 Remarks' %s/log",
			 dir);
		assert_int_equal(system(cmd), 0);
	}
	/* The compiler stamps its own creator id: compare the code only. */
	assert_int_equal(
		run_in(dir,
		       "tail -c +37 dsdt.aml >a && tail -c +37 out-dsdt.aml >b"
		       " && cmp a b"),
		0);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	assert_int_equal(system(cmd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rsdp_and_xsdt),
		cmocka_unit_test(fadt_is_hardware_reduced),
		cmocka_unit_test(madt_lists_every_cpu),
		cmocka_unit_test(wide_apic_ids_have_wide_entries),
		cmocka_unit_test(every_small_buffer_is_refused),
		cmocka_unit_test(aml_lengths_at_their_edges),
		cmocka_unit_test(aml_integers_and_ids),
		cmocka_unit_test(iasl_accepts_all_tables),
	};

	return cmocka_run_group_tests_name("acpi", tests, NULL, NULL);
}
