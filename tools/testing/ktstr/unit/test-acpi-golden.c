// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of every preset and of odd machines against golden files, and of
 * random machines against the model: as our reader and as iasl understand
 * them. The golden files, ../golden/acpi/NAME, are what the reader says;
 * KTSTR_WRITE_GOLDEN=1 writes them anew, for a commit of their own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <libgen.h>

#include <ktstr/fd.h>

#include "acpi-reader.h"
#include "scratch.h"
#include "vmm/acpi/acpi.h"

#define GPA 0xe0000u
#define AREA 0x20000u

struct fixture {
	u8 buf[AREA];
	size_t len;
	struct gmem gm;
	struct acpi_read read;
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
	acpi_read__tables(&f->read, f->buf, f->len, GPA);
}

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

static void compare(struct fixture *f, const char *name)
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

		build(*state, t, topo__memory_mib(t, 512));
		compare(*state, topo_presets[i].name);
	}
}

static const struct topo_node uneven_nodes[] = {
	{ .llcs = 3, .memory_mib = 2048 },
	{ .llcs = 1, .memory_mib = 512 },
};
static const u8 uneven_distances[] = { 10, 31, 31, 10 };

/* Memory behind a link with a cache before it, and CPUs without memory. */
static const struct topo_node cxl_nodes[] = {
	{ .llcs = 1, .memory_mib = 1024, .latency_ns = 80 },
	{ .llcs = 1 },
	{ .memory_mib = 4096,
	  .bandwidth_mbs = 9000,
	  .cache = { 65536, TOPO_CACHE_DIRECT_MAPPED, TOPO_CACHE_WRITE_BACK,
		     64 } },
};
static const u8 cxl_distances[] = { 10, 16, 40, 16, 10, 28, 40, 28, 10 };

static const struct {
	const char *name;
	struct topology t;
	u64 mib;
} odd[] = {
	{ "one-cpu", TOPO_EVEN(1, 1, 1, 1), 256 },
	{ "smt-only", TOPO_EVEN(1, 1, 1, 2), 256 },
	{ "512-cpus", TOPO_EVEN(1, 512, 1, 1), 32768 },
	{ "uneven",
	  { .numa_nodes = 2,
	    .llcs = 4,
	    .cores = 2,
	    .threads = 1,
	    .nodes = uneven_nodes,
	    .nr_nodes = 2,
	    .distances = uneven_distances,
	    .nr_distances = 4 },
	  2560 },
	{ "cxl",
	  { .numa_nodes = 3,
	    .llcs = 2,
	    .cores = 1,
	    .threads = 2,
	    .nodes = cxl_nodes,
	    .nr_nodes = 3,
	    .distances = cxl_distances,
	    .nr_distances = 9 },
	  5120 },
};

static void odd_machines(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		build(*state, &odd[i].t, odd[i].mib);
		compare(*state, odd[i].name);
	}
}

/* --- random machines ------------------------------------------------------ */

/* A machine with nodes and distances of its own, all valid. */
struct random_machine {
	struct topology t;
	struct topo_node node[8];
	u8 distance[64];
	u64 mib;
};

static unsigned int below(unsigned int *seed, unsigned int n)
{
	return (unsigned int)rand_r(seed) % n;
}

static void make_node(unsigned int *seed, bool has_cpus, struct topo_node *n)
{
	*n = (struct topo_node){ .llcs = has_cpus ? 1 + below(seed, 3) : 0 };
	if (!n->llcs || below(seed, 4))
		n->memory_mib = 16 + below(seed, 3000);
	if (below(seed, 2)) {
		n->latency_ns = 1 + below(seed, TOPO_MAX_LATENCY_NS);
		n->bandwidth_mbs = 1 + below(seed, TOPO_MAX_BANDWIDTH_MBS);
	}
	if (n->memory_mib && !below(seed, 3))
		n->cache = (struct topo_mem_cache){
			.size_kib = 1 + below(seed, 1u << 20),
			.assoc = below(seed, TOPO_CACHE_ASSOC_NR),
			.policy = below(seed, TOPO_CACHE_POLICY_NR),
			.line_bytes = 1u << below(seed, 16),
		};
}

static bool make_machine(unsigned int *seed, struct random_machine *m)
{
	unsigned int n = 1 + below(seed, 8), with_cpus = 1 + below(seed, n);

	*m = (struct random_machine){
		.t = { .numa_nodes = n,
		       .cores = 1 + below(seed, 20),
		       .threads = 1 + below(seed, 3),
		       .nodes = m->node,
		       .nr_nodes = n,
		       .distances = m->distance,
		       .nr_distances = n * n },
	};
	for (unsigned int i = 0; i < n; i++) {
		make_node(seed, i < with_cpus, &m->node[i]);
		m->t.llcs += m->node[i].llcs;
		m->mib += m->node[i].memory_mib;
		for (unsigned int k = 0; k <= i; k++)
			m->distance[i * n + k] = m->distance[k * n + i] =
				i == k ? 10 : (u8)(11 + below(seed, 245));
	}
	return !topo__validate(&m->t, NULL) &&
	       !topo__check_memory(&m->t, m->mib, NULL);
}

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
	struct fixture *f = *state;
	unsigned int seed = 5, valid = 0;

	for (unsigned int i = 0; i < 2000; i++) {
		struct random_machine m;

		if (!make_machine(&seed, &m))
			continue;
		build(f, &m.t, m.mib);
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

/* --- iasl ----------------------------------------------------------------- */

static void disassemble(struct fixture *f, const char *sig, const char *root)
{
	const u8 *t = acpi_read__find(f->buf, f->len, GPA, sig);
	char path[128];
	u32 len;
	int fd __free(fd) = -1;

	assert_non_null(t);
	memcpy(&len, t + 4, 4);
	snprintf(path, sizeof(path), "%s/%s.aml", root, sig);
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd__write_all(fd, t, len), 0);
	scratch__shell(root,
		       "iasl -d %s.aml && ! grep -iE 'invalid|unknown' "
		       "%s.dsl",
		       sig, sig);
}

/* Values of the fields called @field, in their order, as one line of hex. */
static char *fields(const char *root, const char *sig, const char *field)
{
	return scratch__shell(root,
			      "sed -n 's/^\\[.*\\] *%s : \\([0-9A-F]*\\).*/"
			      "\\1/p' %s.dsl | tr '\\n' ' '",
			      field, sig);
}

static void expect_next(char **text, u64 value)
{
	assert_int_equal(strtoull(*text, text, 16), value);
}

static void iasl_reads_srat(const char *root, const struct random_machine *m)
{
	unsigned int cpus = topo__nr_cpus(&m->t);
	char *text = fields(root, "SRAT", "Apic ID");
	u64 bytes = 0;

	for (unsigned int i = 0; i < cpus; i++)
		expect_next(&text, topo__apic_id(&m->t, i));
	assert_string_equal(text, " ");
	text = fields(root, "SRAT", "Proximity Domain");
	for (unsigned int i = 0; i < cpus; i++)
		expect_next(&text, topo__node_of_cpu(&m->t, i));
	for (unsigned int n = 0; n < m->t.numa_nodes; n++)
		if (m->node[n].memory_mib)
			expect_next(&text, n); /* below the gap: one each */
	assert_string_equal(text, " ");
	text = fields(root, "SRAT", "Address Length");
	for (unsigned int n = 0; n < m->t.numa_nodes; n++)
		if (m->node[n].memory_mib) {
			expect_next(&text, MIB(m->node[n].memory_mib));
			bytes += MIB(m->node[n].memory_mib);
		}
	assert_int_equal(bytes, MIB(m->mib));
}

static void iasl_reads_madt(const char *root, const struct random_machine *m)
{
	char *text = fields(root, "APIC", "Local Apic ID");
	unsigned int cpu = 0;

	for (; cpu < topo__nr_cpus(&m->t) && topo__apic_id(&m->t, cpu) < 255;
	     cpu++)
		expect_next(&text, topo__apic_id(&m->t, cpu));
	assert_true(!*text || !strcmp(text, " "));
	text = fields(root, "APIC", "Processor x2Apic ID");
	for (; cpu < topo__nr_cpus(&m->t); cpu++)
		expect_next(&text, topo__apic_id(&m->t, cpu));
	assert_true(!*text || !strcmp(text, " "));
}

static void iasl_reads_the_model(void **state)
{
	char root[SCRATCH_PATH_MAX];
	unsigned int seed = 6500, done = 0;

	if (system("command -v iasl >/dev/null 2>&1")) {
		print_message("iasl is not installed (acpica-tools)\n");
		skip();
	}
	scratch__make(root);
	while (done < 12) {
		struct random_machine m;

		if (!make_machine(&seed, &m) || MIB(m.mib) > GMEM_GAP_START)
			continue;
		build(*state, &m.t, m.mib);
		disassemble(*state, "APIC", root);
		iasl_reads_madt(root, &m);
		disassemble(*state, "SRAT", root);
		iasl_reads_srat(root, &m);
		done++;
	}
	scratch__remove(root);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(presets),
		TEST(odd_machines),
		TEST(random_machines_read_as_the_model),
		TEST(iasl_reads_the_model),
	};

	return cmocka_run_group_tests_name("acpi-golden", tests, NULL, NULL);
}
