// SPDX-License-Identifier: GPL-2.0
/*
 * SRAT, SLIT and HMAT read back by a reader of their own, which shares nothing
 * with the writer, and by iasl. Golden texts are what that reader says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>

#include <ktstr/fd.h>

#include "scratch.h"
#include "vmm/acpi/acpi.h"

#define GPA 0xe0000u
#define AREA 0x20000u

struct fixture {
	u8 buf[AREA];
	size_t len;
	struct gmem gm;
	char text[65536]; /* what the reader says */
	size_t text_len;
};

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	assert_non_null(*state);
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static u64 le(const u8 *p, unsigned int n)
{
	u64 v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

static void build(struct fixture *f, const struct topology *t, u64 mib)
{
	const struct acpi_params p = { .topo = t,
				       .gm = &f->gm,
				       .lapic_addr = 0xfee00000,
				       .ioapic_addr = 0xfec00000 };
	struct kt_diag diag = { 0 };

	if (topo__validate(t, &diag) || topo__check_memory(t, mib, &diag))
		fail_msg("%s", diag.msg);
	gmem__layout(&f->gm, MIB(mib));
	gmem__split(&f->gm, t);
	assert_int_equal(
		acpi__build(&p, GPA, f->buf, sizeof(f->buf), &f->len, NULL), 0);
}

/* The table called @sig by way of RSDP and XSDT, or NULL; checked. */
static const u8 *find(const struct fixture *f, const char *sig)
{
	const u8 *xsdt = f->buf + (le(f->buf + 24, 8) - GPA);
	u64 nr = (le(xsdt + 4, 4) - 36) / 8;

	for (u64 i = 0; i < nr; i++) {
		u64 off = le(xsdt + 36 + 8 * i, 8) - GPA, len;
		const u8 *p = f->buf + off;
		u8 sum = 0;

		assert_true(off % 16 == 0 && off + 36 <= f->len);
		len = le(p + 4, 4);
		assert_true(off + len <= f->len);
		for (u64 k = 0; k < len; k++)
			sum += p[k];
		assert_int_equal(sum, 0);
		if (!memcmp(p, sig, 4))
			return p;
	}
	return NULL;
}

static void say(struct fixture *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct fixture *f, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(f->text + f->text_len, sizeof(f->text) - f->text_len, fmt,
		      ap);
	va_end(ap);
	assert_in_range(n, 0, sizeof(f->text) - f->text_len - 1);
	f->text_len += (size_t)n;
}

static void read_srat(struct fixture *f)
{
	const u8 *t = find(f, "SRAT"), *e, *end;

	if (!t)
		return;
	end = t + le(t + 4, 4);
	assert_int_equal(le(t + 36, 4), 1);
	say(f, "SRAT %u\n", t[8]);
	for (e = t + 48; e < end; e += e[1]) {
		if (e[0] == 2 && e[1] == 24 && le(e + 12, 4) == 1)
			say(f, "x2apic %u: node %u\n", (u32)le(e + 8, 4),
			    (u32)le(e + 4, 4));
		else if (e[0] == 1 && e[1] == 40 && le(e + 28, 4) == 1)
			say(f, "memory %#llx + %#llx: node %u\n",
			    (unsigned long long)le(e + 8, 8),
			    (unsigned long long)le(e + 16, 8),
			    (u32)le(e + 2, 4));
		else
			fail_msg("SRAT entry of type %u", e[0]);
	}
	assert_ptr_equal(e, end);
}

static void read_slit(struct fixture *f)
{
	const u8 *t = find(f, "SLIT");
	u64 n;

	if (!t)
		return;
	n = le(t + 36, 8);
	assert_int_equal(le(t + 4, 4), 44 + n * n);
	say(f, "SLIT %u\n", t[8]);
	for (u64 i = 0; i < n * n; i++)
		say(f, "%u%c", t[44 + i], i % n == n - 1 ? '\n' : ' ');
}

static void read_locality(struct fixture *f, const u8 *e)
{
	u64 ni = le(e + 12, 4), nt = le(e + 16, 4);
	const u8 *init = e + 32, *targ = init + 4 * ni, *v = targ + 4 * nt;

	assert_int_equal(le(e + 4, 4), 32 + 4 * ni + 4 * nt + 2 * ni * nt);
	assert_int_equal(e[8], 0); /* memory itself */
	say(f, "%s unit %u:",
	    e[9] == 0	? "latency"
	    : e[9] == 3 ? "bandwidth"
			: "unknown",
	    (u32)le(e + 24, 8));
	for (u64 i = 0; i < ni; i++)
		for (u64 k = 0; k < nt; k++)
			say(f, " %u>%u=%u", (u32)le(init + 4 * i, 4),
			    (u32)le(targ + 4 * k, 4),
			    (u32)le(v + 2 * (i * nt + k), 2));
	say(f, "\n");
}

static void read_hmat(struct fixture *f)
{
	const u8 *t = find(f, "HMAT"), *e, *end;

	if (!t)
		return;
	end = t + le(t + 4, 4);
	say(f, "HMAT %u\n", t[8]);
	for (e = t + 40; e < end; e += le(e + 4, 4)) {
		u32 a = (u32)le(e + 24, 4);

		switch (le(e, 2)) {
		case 0:
			assert_int_equal(le(e + 4, 4), 40);
			assert_int_equal(le(e + 8, 2), 1);
			say(f, "memory of %u: initiator %u\n",
			    (u32)le(e + 16, 4), (u32)le(e + 12, 4));
			break;
		case 1:
			read_locality(f, e);
			break;
		case 2:
			assert_int_equal(le(e + 4, 4), 32);
			say(f,
			    "cache of %u: %u KiB, levels %u, level %u, "
			    "assoc %u, policy %u, line %u\n",
			    (u32)le(e + 8, 4), (u32)(le(e + 16, 8) >> 10),
			    a & 15, a >> 4 & 15, a >> 8 & 15, a >> 12 & 15,
			    a >> 16);
			break;
		default:
			fail_msg("HMAT entry of type %u", (u32)le(e, 2));
		}
	}
	assert_ptr_equal(e, end);
}

static void golden(struct fixture *f, const struct topology *t, u64 mib,
		   const char *want)
{
	build(f, t, mib);
	f->text_len = 0;
	f->text[0] = '\0';
	read_srat(f);
	read_slit(f);
	read_hmat(f);
	assert_string_equal(f->text, want);
}

static void one_node_has_no_numa_tables(void **state)
{
	golden(*state, &TOPO_EVEN(1, 3, 2, 1), 4096, "");
}

static void explicit_single_node_has_affinity(void **state)
{
	static const struct topo_node node = { .llcs = 2, .memory_mib = 64 };

	golden(*state,
	       &(const struct topology){ .numa_nodes = 1,
					 .llcs = 2,
					 .cores = 1,
					 .threads = 1,
					 .nodes = &node,
					 .nr_nodes = 1 },
	       64,
	       "SRAT 3\n"
	       "x2apic 0: node 0\n"
	       "x2apic 1: node 0\n"
	       "memory 0 + 0x4000000: node 0\n");
}

/* 5 GiB and a bit: node 1 is cut by the gap, the last has the remainder. */
static void even_nodes_around_the_gap(void **state)
{
	golden(*state, &TOPO_EVEN(3, 3, 3, 1), 5 * 1024 + 2,
	       "SRAT 3\n"
	       "x2apic 0: node 0\n"
	       "x2apic 1: node 0\n"
	       "x2apic 2: node 0\n"
	       "x2apic 4: node 1\n"
	       "x2apic 5: node 1\n"
	       "x2apic 6: node 1\n"
	       "x2apic 8: node 2\n"
	       "x2apic 9: node 2\n"
	       "x2apic 10: node 2\n"
	       "memory 0 + 0x6ab00000: node 0\n"
	       "memory 0x6ab00000 + 0x55500000: node 1\n"
	       "memory 0x100000000 + 0x15600000: node 1\n"
	       "memory 0x115600000 + 0x6ac00000: node 2\n"
	       "SLIT 1\n"
	       "10 20 20\n"
	       "20 10 20\n"
	       "20 20 10\n"
	       "HMAT 2\n"
	       "memory of 0: initiator 0\n"
	       "memory of 1: initiator 1\n"
	       "memory of 2: initiator 2\n"
	       "latency unit 1000: 0>0=100 0>1=200 0>2=200 1>0=200 1>1=100 "
	       "1>2=200 2>0=200 2>1=200 2>2=100\n"
	       "bandwidth unit 100: 0>0=512 0>1=256 0>2=256 1>0=256 1>1=512 "
	       "1>2=256 2>0=256 2>1=256 2>2=512\n");
}

/* A node without memory, one without CPUs and with a cache before it. */
static const struct topo_node tiered_nodes[] = {
	{ .llcs = 1, .memory_mib = 1024, .latency_ns = 80 },
	{ .llcs = 1 },
	{ .memory_mib = 2048,
	  .bandwidth_mbs = 9000,
	  .cache = { 65536, TOPO_CACHE_DIRECT_MAPPED, TOPO_CACHE_WRITE_BACK,
		     64 } },
};
static const u8 tiered_distances[] = { 10, 16, 40, 16, 10, 28, 40, 28, 10 };
static const struct topology tiered = {
	.numa_nodes = 3,
	.llcs = 2,
	.cores = 1,
	.threads = 2,
	.nodes = tiered_nodes,
	.nr_nodes = 3,
	.distances = tiered_distances,
	.nr_distances = 9,
};

static void memory_tiers(void **state)
{
	golden(*state, &tiered, 3072,
	       "SRAT 3\n"
	       "x2apic 0: node 0\n"
	       "x2apic 1: node 0\n"
	       "x2apic 2: node 1\n"
	       "x2apic 3: node 1\n"
	       "memory 0 + 0x40000000: node 0\n"
	       "memory 0x40000000 + 0x80000000: node 2\n"
	       "SLIT 1\n"
	       "10 16 40\n"
	       "16 10 28\n"
	       "40 28 10\n"
	       "HMAT 2\n"
	       "memory of 0: initiator 0\n"
	       "memory of 2: initiator 1\n"
	       "latency unit 1000: 0>0=80 0>2=1200 1>0=128 1>2=840\n"
	       "bandwidth unit 100: 0>0=512 0>2=22 1>0=320 1>2=32\n"
	       "cache of 2: 65536 KiB, levels 1, level 1, assoc 1, policy 1, "
	       "line 64\n");
}

/* The largest and slowest that validation lets through stay in 16 bits. */
static void extremes_fit_their_fields(void **state)
{
	static const struct topo_node nodes[] = {
		{ .llcs = 1, .memory_mib = 64, .latency_ns = 2500 },
		{ .memory_mib = 64, .bandwidth_mbs = 6553400 },
		{ .memory_mib = 64, .latency_ns = 2500, .bandwidth_mbs = 1 },
	};
	static const u8 d[] = { 10, 11, 255, 11, 10, 255, 255, 255, 10 };
	const struct topology t = { .numa_nodes = 3,
				    .llcs = 1,
				    .cores = 1,
				    .threads = 1,
				    .nodes = nodes,
				    .nr_nodes = 3,
				    .distances = d,
				    .nr_distances = 9 };
	struct fixture *f = *state;

	build(f, &t, 192);
	read_hmat(f);
	assert_non_null(strstr(
		f->text, "latency unit 1000: 0>0=2500 0>1=330 0>2=63750\n"));
	assert_non_null(strstr(
		f->text, "bandwidth unit 100: 0>0=512 0>1=59576 0>2=1\n"));
}

static void everything_at_once_fits_the_area(void **state)
{
	struct fixture *f = *state;

	build(f, &TOPO_EVEN(64, 512, 1, 1), 64 * 1024);
	assert_true(f->len < AREA / 2);
	assert_non_null(find(f, "SRAT"));
	assert_non_null(find(f, "HMAT"));
}

static unsigned int pick(unsigned int *seed, unsigned int max)
{
	return (unsigned int)rand_r(seed) % max + 1;
}

static void reads_as_the_model(struct fixture *f, const struct topology *t,
			       u64 mib)
{
	const u8 *srat = find(f, "SRAT"), *slit = find(f, "SLIT");
	const u8 *madt = find(f, "APIC"), *e = srat + 48, *m = madt + 44;
	u64 memory[TOPO_MAX_NODES] = { 0 }, next = 0;

	for (unsigned int c = 0; c < topo__nr_cpus(t); c++, e += 24) {
		u32 id = m[0] ? (u32)le(m + 4, 4) : m[3];

		assert_int_equal(le(e + 8, 4), id); /* same order */
		assert_int_equal(le(e + 4, 4), topo__node_of_cpu(t, c));
		assert_int_equal(id >> topo__apic_bits(t).llc_shift,
				 topo__llc_of_cpu(t, c));
		m += m[1];
	}
	for (; e < srat + le(srat + 4, 4); e += 40) {
		u64 base = le(e + 8, 8), len = le(e + 16, 8);

		if (next == GMEM_GAP_START)
			next = GMEM_GAP_END;
		assert_int_equal(base, next);
		assert_false(base < GMEM_GAP_END &&
			     base + len > GMEM_GAP_START);
		next = base + len;
		memory[le(e + 2, 4)] += len >> 20;
	}
	for (unsigned int a = 0; a < t->numa_nodes; a++) {
		assert_int_equal(memory[a], topo__node_memory_mib(t, a, mib));
		for (unsigned int b = 0; b < t->numa_nodes; b++)
			assert_int_equal(slit[44 + a * t->numa_nodes + b],
					 topo__distance(t, a, b));
	}
}

static void random_machines(void **state)
{
	unsigned int seed = 64;

	for (unsigned int i = 0; i < 300; i++) {
		struct topology t = { .numa_nodes = pick(&seed, 9) + 1 };
		u64 mib;

		t.llcs = t.numa_nodes * pick(&seed, 4);
		do {
			t.cores = pick(&seed, 20);
			t.threads = pick(&seed, 3);
		} while (topo__nr_cpus(&t) > TOPO_MAX_CPUS);
		mib = t.numa_nodes * 16 + pick(&seed, 9000);
		build(*state, &t, mib);
		reads_as_the_model(*state, &t, mib);
	}
}

static void write_table(const char *root, const char *name, const u8 *table)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s.aml", root, name);
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd__write_all(fd, table, le(table + 4, 4)), 0);
	close(fd);
}

/* Disassembled and compiled again: same bytes, nothing to complain about. */
static void iasl_agrees(struct fixture *f, const struct topology *t, u64 mib,
			const char *root)
{
	static const char *const names[] = { "APIC", "SRAT", "SLIT", "HMAT" };

	build(f, t, mib);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const u8 *table = find(f, names[i]);

		if (!table)
			continue;
		write_table(root, names[i], table);
		scratch__shell(root,
			       "iasl -d %s.aml && ! grep -i invalid %s.dsl && "
			       "iasl -we -p out-%s %s.dsl >log && "
			       "grep '0 Errors, 0 Warnings, 0 Remarks' log && "
			       "tail -c +37 %s.aml >a && "
			       "tail -c +37 out-%s.aml >b && cmp a b",
			       names[i], names[i], names[i], names[i], names[i],
			       names[i]);
	}
}

static void iasl_accepts_all_tables(void **state)
{
	char root[SCRATCH_PATH_MAX];

	if (system("command -v iasl >/dev/null 2>&1")) {
		print_message("iasl is not installed (acpica-tools)\n");
		skip();
	}
	scratch__make(root);
	for (size_t i = 0; i < TOPO_NR_PRESETS; i++)
		iasl_agrees(*state, &topo_presets[i].topology, 20000, root);
	iasl_agrees(*state, &tiered, 3072, root);
	scratch__remove(root);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_node_has_no_numa_tables),
		TEST(explicit_single_node_has_affinity),
		TEST(even_nodes_around_the_gap),
		TEST(memory_tiers),
		TEST(extremes_fit_their_fields),
		TEST(everything_at_once_fits_the_area),
		TEST(random_machines),
		TEST(iasl_accepts_all_tables),
	};

	return cmocka_run_group_tests_name("acpi-numa", tests, NULL, NULL);
}
