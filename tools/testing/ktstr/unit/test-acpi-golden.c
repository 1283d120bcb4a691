// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of every preset and of odd machines against golden files, and of
 * random machines against the model, as our reader understands them (as iasl
 * does: test-acpi-iasl.c). The golden files, ../golden/acpi/NAME, are what the
 * reader says; KTSTR_WRITE_GOLDEN=1 writes them anew, for a commit of their
 * own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <libgen.h>

#include <ktstr/fd.h>

#include "acpi-machine.h"

/* --- golden files --------------------------------------------------------- */

static bool continues(const struct read_cpu *a, const struct read_cpu *b)
{
	return b->uid == a->uid + 1 && b->apic == a->apic + 1 &&
	       b->node == a->node && b->wide == a->wide;
}

/* Neighbours with consecutive ids are a line. */
static void print_cpus(const struct acpi_read *r, FILE *to)
{
	for (u32 i = 0, n; i < r->nr_cpus; i += n) {
		const struct read_cpu *c = &r->cpu[i];

		for (n = 1; i + n < r->nr_cpus && continues(&c[n - 1], &c[n]);)
			n++;
		fprintf(to, "cpu %u-%u: %s %u-%u", c->uid, c->uid + n - 1,
			c->wide ? "x2apic" : "lapic", c->apic, c->apic + n - 1);
		if (r->has_srat)
			fprintf(to, ", node %u", c->node);
		fputc('\n', to);
	}
	fprintf(to, "nmi of all: %u lapic, %u x2apic; ioapic %#llx\n",
		r->small_nmis, r->wide_nmis, (unsigned long long)r->ioapic);
}

static void print_performance(const struct acpi_read *r, FILE *to)
{
	for (u32 k = 0; k < TOPO_MAX_NODES; k++) {
		if (r->initiator[k] == READ_NOT_GIVEN)
			continue;
		fprintf(to, "memory of %u from %u:", k, r->initiator[k]);
		for (u32 i = 0; i < TOPO_MAX_NODES; i++)
			if (r->latency_ps[i][k])
				fprintf(to, " %u: %llu ns %llu MB/s", i,
					(unsigned long long)
							r->latency_ps[i][k] /
						1000,
					(unsigned long long)
						r->bandwidth_mbs[i][k]);
		fputc('\n', to);
	}
	for (u32 i = 0; i < r->nr_caches; i++)
		fprintf(to, "cache of %u: %llu KiB, attributes %#x\n",
			r->cache[i].node,
			(unsigned long long)r->cache[i].size >> 10,
			r->cache[i].attributes);
}

static void print_tables(const struct acpi_read *r, FILE *to)
{
	fprintf(to, "%s\n", r->tables);
	print_cpus(r, to);
	for (u32 i = 0; i < r->nr_memory; i++)
		fprintf(to, "memory %#llx + %#llx: node %u\n",
			(unsigned long long)r->memory[i].base,
			(unsigned long long)r->memory[i].len,
			r->memory[i].node);
	for (u32 a = 0; a < r->nr_nodes; a++) {
		fprintf(to, "distance %u:", a);
		for (u32 b = 0; b < r->nr_nodes; b++)
			fprintf(to, " %u", r->distance[a * r->nr_nodes + b]);
		fputc('\n', to);
	}
	print_performance(r, to);
}

/* Beside this source, wherever the build is. */
static void golden_path(const char *name, char path[256])
{
	char here[] = __FILE__;

	snprintf(path, 256, "%s/../golden/acpi/%s", dirname(here), name);
}

static void compare(struct acpi_machine *f, const char *name)
{
	char *want __free(ptr) = NULL, *got __free(ptr) = NULL;
	char path[256];
	size_t len;
	FILE *to;

	golden_path(name, path);
	to = getenv("KTSTR_WRITE_GOLDEN") ? fopen(path, "we")
					  : open_memstream(&got, &len);
	assert_non_null(to);
	print_tables(&f->read, to);
	fclose(to);
	if (!got)
		return;
	if (fd__read_file(path, 1u << 16, &want, NULL))
		fail_msg("%s: cannot be read", path);
	if (strcmp(got, want))
		fail_msg("%s is not what the tables say now:\n%s", path, got);
}

static void presets(void **state)
{
	for (size_t i = 0; i < TOPO_NR_PRESETS; i++) {
		const struct topology *t = &topo_presets[i].topology;

		acpi_machine__build(*state, t, topo__memory_mib(t, 512));
		compare(*state, topo_presets[i].name);
	}
}

static void machines_no_preset_is_like(void **state)
{
	for (size_t i = 0; i < NR_ODD_MACHINES; i++) {
		acpi_machine__build(*state, &odd_machines[i].t,
				    odd_machines[i].mib);
		compare(*state, odd_machines[i].name);
	}
}

static void the_largest_machine_fits_the_area(void **state)
{
	struct acpi_machine *f = *state;

	acpi_machine__build(f, &TOPO_EVEN(64, 512, 1, 1), 64 * 1024);
	assert_true(f->len < sizeof(f->buf) / 2);
	assert_int_equal(f->read.nr_cpus, 512);
	assert_int_equal(f->read.nr_nodes, 64);
}

/* --- random machines ------------------------------------------------------ */

static void cpus_are_the_models(const struct acpi_read *r,
				const struct topology *t)
{
	assert_int_equal(r->nr_cpus, topo__nr_cpus(t));
	for (u32 i = 0; i < r->nr_cpus; i++) {
		const struct read_cpu *c = &r->cpu[i];

		assert_int_equal(c->uid, i);
		assert_int_equal(c->apic, topo__apic_id(t, i));
		assert_int_equal(c->wide, c->apic >= 255);
		assert_int_equal(c->node, topo__node_of_cpu(t, i));
	}
}

static void memory_is_the_models(const struct acpi_read *r,
				 const struct random_machine *m)
{
	u64 bytes[TOPO_MAX_NODES] = { 0 }, next = 0;

	for (u32 i = 0; i < r->nr_memory; i++) {
		const struct read_memory *p = &r->memory[i];

		if (next == GMEM_GAP_START)
			next = GMEM_GAP_END;
		assert_int_equal(p->base, next);
		next += p->len;
		assert_false(p->base < GMEM_GAP_START && next > GMEM_GAP_START);
		assert_true(p->node < m->t.numa_nodes);
		bytes[p->node] += p->len;
	}
	for (u32 n = 0; n < m->t.numa_nodes; n++)
		assert_int_equal(bytes[n], MIB(m->node[n].memory_mib));
}

/* Values get worse with distance, as far as the tables' units can tell. */
static void performance_is_the_models(const struct acpi_read *r,
				      const struct random_machine *m)
{
	for (u32 from = 0; from < m->t.numa_nodes; from++)
		for (u32 to = 0; to < m->t.numa_nodes; to++) {
			u64 d = m->distance[from * m->t.numa_nodes + to];
			u64 ns = topo__latency_ns(&m->t, to) * d / 10;
			u64 mbs = topo__bandwidth_mbs(&m->t, to) * 10ull / d;
			u64 got = r->bandwidth_mbs[from][to];

			if (!m->node[from].llcs || !m->node[to].memory_mib) {
				assert_int_equal(r->latency_ps[from][to], 0);
				assert_int_equal(got, 0);
				continue;
			}
			assert_int_equal(r->latency_ps[from][to], ns * 1000);
			assert_true(got == 100 ? mbs < 200 : mbs - got < 100);
		}
}

static void tiers_are_the_models(const struct acpi_read *r,
				 const struct random_machine *m)
{
	const u8 *d = m->distance;
	u32 caches = 0, n = m->t.numa_nodes;

	assert_memory_equal(r->distance, d, n * n);
	for (u32 i = 0; i < n; i++) {
		u32 who = r->initiator[i];

		if (m->node[i].memory_mib) {
			assert_true(who < n && m->node[who].llcs);
			for (u32 k = 0; k < n; k++)
				assert_true(!m->node[k].llcs ||
					    d[who * n + i] <= d[k * n + i]);
		} else {
			assert_int_equal(who, READ_NOT_GIVEN);
		}
		if (!m->node[i].cache.size_kib)
			continue;
		assert_int_equal(r->cache[caches].node, i);
		assert_int_equal(r->cache[caches].size,
				 m->node[i].cache.size_kib << 10);
		assert_int_equal(r->cache[caches++].attributes >> 16,
				 m->node[i].cache.line_bytes);
	}
	assert_int_equal(r->nr_caches, caches);
}

static void random_machines_read_as_the_model(void **state)
{
	struct acpi_machine *f = *state;
	unsigned int seed = 5, valid = 0;

	for (unsigned int i = 0; i < 2000; i++) {
		struct random_machine m;

		if (!random_machine__make(&seed, &m))
			continue;
		acpi_machine__build(f, &m.t, m.mib);
		valid++;
		assert_true(f->read.has_srat);
		cpus_are_the_models(&f->read, &m.t);
		memory_is_the_models(&f->read, &m);
		assert_int_equal(f->read.has_slit, m.t.numa_nodes > 1);
		assert_int_equal(f->read.has_hmat, m.t.numa_nodes > 1);
		if (m.t.numa_nodes < 2)
			continue;
		performance_is_the_models(&f->read, &m);
		tiers_are_the_models(&f->read, &m);
	}
	assert_true(valid > 500);
}

#define TEST(name)                                                 \
	cmocka_unit_test_setup_teardown(name, acpi_machine__setup, \
					acpi_machine__teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(presets),
		TEST(machines_no_preset_is_like),
		TEST(the_largest_machine_fits_the_area),
		TEST(random_machines_read_as_the_model),
	};

	return cmocka_run_group_tests_name("acpi-golden", tests, NULL, NULL);
}
