// SPDX-License-Identifier: GPL-2.0
/*
 * The tables as iasl understands them: of random machines it reads the model,
 * of all presets and odd machines it writes back the same bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>

#include <ktstr/fd.h>

#include "acpi-machine.h"
#include "scratch.h"
#include "skip.h"

static void need_iasl(void)
{
	if (system("command -v iasl >/dev/null 2>&1"))
		SKIP("iasl is not installed (acpica-tools)");
}

static void disassemble(struct acpi_machine *f, const char *sig,
			const char *root)
{
	const u8 *t = acpi_read__find(f->buf, f->len, ACPI_MACHINE_GPA, sig);
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

	need_iasl();
	scratch__make(root);
	while (done < 12) {
		struct random_machine m;

		if (!random_machine__make(&seed, &m) ||
		    MIB(m.mib) > GMEM_GAP_START)
			continue;
		acpi_machine__build(*state, &m.t, m.mib);
		disassemble(*state, "APIC", root);
		iasl_reads_madt(root, &m);
		disassemble(*state, "SRAT", root);
		iasl_reads_srat(root, &m);
		done++;
	}
	scratch__remove(root);
}

/* Disassembled and compiled again: same bytes, nothing to complain about. */
static void agrees(struct acpi_machine *f, const struct topology *t, u64 mib,
		   const char *root)
{
	static const char *const sigs[] = { "APIC", "SRAT", "SLIT", "HMAT" };

	acpi_machine__build(f, t, mib);
	for (size_t i = 0; i < ARRAY_SIZE(sigs); i++) {
		const char *s = sigs[i];

		if (!acpi_read__find(f->buf, f->len, ACPI_MACHINE_GPA, s))
			continue;
		disassemble(f, s, root);
		/* behind the header, where the compiler writes its own id */
		scratch__shell(root,
			       "iasl -we -p out-%s %s.dsl >log && "
			       "grep '0 Errors, 0 Warnings, 0 Remarks' log && "
			       "tail -c +37 %s.aml >a && "
			       "tail -c +37 out-%s.aml >b && cmp a b",
			       s, s, s, s);
	}
}

static void iasl_writes_back_the_same(void **state)
{
	char root[SCRATCH_PATH_MAX];

	need_iasl();
	scratch__make(root);
	for (size_t i = 0; i < TOPO_NR_PRESETS; i++)
		agrees(*state, &topo_presets[i].topology, 20000, root);
	for (size_t i = 0; i < NR_ODD_MACHINES; i++)
		agrees(*state, &odd_machines[i].t, odd_machines[i].mib, root);
	scratch__remove(root);
}

#define TEST(name)                                                 \
	cmocka_unit_test_setup_teardown(name, acpi_machine__setup, \
					acpi_machine__teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(iasl_reads_the_model),
		TEST(iasl_writes_back_the_same),
	};

	return cmocka_run_group_tests_name("acpi-iasl", tests, NULL, NULL);
}
