// SPDX-License-Identifier: GPL-2.0
/*
 * The machine that a test declares is the one its kernel works with: CPUs,
 * caches, nodes, memory, and the scheduler domains made of them. Presets of up
 * to eight CPUs are part of the suite; `-v PRESET` runs any of the 24.
 */
#include <ktstr/harness.h>

#include <fcntl.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <sys/syscall.h>

#include <ktstr/fd.h>

#define DOMAINS_MAX 8

/* The kernel's own account of a CPU's scheduler domains, from the inside out.
 */
static unsigned int read_domains(unsigned int cpu, char names[][16])
{
	unsigned int nr = 0;

	for (; nr < DOMAINS_MAX; nr++) {
		char path[96], *text __free(ptr) = NULL;

		snprintf(path, sizeof(path),
			 "/sys/kernel/debug/sched/domains/cpu%u/domain%u/name",
			 cpu, nr);
		if (fd__read_file(path, 64, &text, NULL))
			break;
		snprintf(names[nr], 16, "%.*s", (int)strcspn(text, "\n"), text);
	}
	return nr;
}

/*
 * What they must be: a level that spans no more than the one below is left
 * out. One NUMA level, as long as all other nodes are equally far.
 */
static unsigned int expect_domains(const struct test_topology *t,
				   unsigned int cpu, const char *names[])
{
	unsigned int node = test_topology__node_of_cpu(t, cpu);
	unsigned int llc = test_topology__llc_of_cpu(t, cpu);
	unsigned int threads = 0, nr = 0, span;
	struct cpuset set;

	for (unsigned int i = 0; i < t->seen.nr_cpus; i++)
		threads += t->seen.cpu[i].core == t->seen.cpu[cpu].core;
	if (threads > 1)
		names[nr++] = "SMT";
	test_topology__cpus_of_llc(t, llc, &set);
	span = cpuset__count(&set);
	if (span > threads)
		names[nr++] = "MC";
	test_topology__cpus_of_node(t, node, &set);
	if (cpuset__count(&set) > span)
		names[nr++] = "PKG";
	if (cpuset__count(&set) < test_topology__nr_cpus(t))
		names[nr++] = "NUMA";
	return nr;
}

static const char *domain_difference(const struct test_topology *t,
				     unsigned int cpu)
{
	static char text[128];
	const char *want[4];
	char got[DOMAINS_MAX][16];
	unsigned int nr = expect_domains(t, cpu, want);

	if (read_domains(cpu, got) != nr) {
		snprintf(text, sizeof(text), "CPU %u has not %u domains", cpu,
			 nr);
		return text;
	}
	for (unsigned int i = 0; i < nr; i++)
		if (strcmp(got[i], want[i])) {
			snprintf(text, sizeof(text),
				 "CPU %u has domain %s in place of %s", cpu,
				 got[i], want[i]);
			return text;
		}
	return "";
}

/* The kernel shows them once it is asked to be talkative about them. */
static bool has_domains(void)
{
	int fd = open("/sys/kernel/debug/sched/verbose", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	(void)!write(fd, "Y", 1);
	close(fd);
	return !access("/sys/kernel/debug/sched/domains/cpu0", F_OK);
}

/* Does the kernel really run us on each CPU, and in the LLC that it says? */
static unsigned int visit(const struct cpuset *cpus)
{
	unsigned int cpu, reached = 0;

	cpuset__for_each(cpu, cpus)
	{
		cpu_set_t one;

		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (!sched_setaffinity(0, sizeof(one), &one))
			reached += (unsigned int)sched_getcpu() == cpu;
	}
	return reached;
}

FIXTURE(machine)
{};
KTSTR_PRESETS(machine);
FIXTURE_SETUP(machine)
{
}
FIXTURE_TEARDOWN(machine)
{
}
/* Nothing is too large to be asked for. */
KTSTR_FIXTURE_ATTR(machine, .max_llcs = 64, .max_cpus = 512,
		   .max_numa_nodes = 8);
KTSTR_PRESET_ATTR(machine, tiny_1llc, .ignore = false);
KTSTR_PRESET_ATTR(machine, tiny_2llc, .ignore = false);
KTSTR_PRESET_ATTR(machine, smt_2llc, .ignore = false);

/* Shape, cores and distances were compared before this began. */
TEST_F(machine, schedules_as_declared)
{
	const struct test_topology *t = ktstr_topology();
	const struct topology flat = TOPO_EVEN(1, 1, 2, 1);
	const struct topology *want =
		variant->preset ? &variant->preset->topology : &flat;
	struct cpuset llc, all;

	ASSERT_EQ(topo__nr_cpus(want), test_topology__nr_cpus(t));
	ASSERT_EQ(want->llcs, test_topology__nr_llcs(t));
	ASSERT_EQ(want->numa_nodes, test_topology__nr_nodes(t));
	for (unsigned int i = 0; i < want->llcs; i++) {
		test_topology__cpus_of_llc(t, i, &llc);
		EXPECT_EQ(topo__cpus_per_llc(want), cpuset__count(&llc));
	}
	test_topology__all_cpus(t, &all);
	EXPECT_EQ(cpuset__count(&all), visit(&all));
	if (!has_domains())
		SKIP(return, "no scheduler domains in debugfs");
	for (unsigned int cpu = 0; cpu < cpuset__count(&all); cpu++)
		EXPECT_STREQ("", domain_difference(t, cpu));
}

/* --- machines that are no presets ----------------------------------------- */

FIXTURE(odd)
{};
FIXTURE_SETUP(odd)
{
}
FIXTURE_TEARDOWN(odd)
{
}

KTSTR_TEST_ATTR(odd, one_core_of_four_threads, .cores = 1, .threads = 4);
TEST_F(odd, one_core_of_four_threads)
{
	const struct test_topology *t = ktstr_topology();

	for (unsigned int cpu = 0; cpu < 4; cpu++)
		EXPECT_EQ(0U, t->seen.cpu[cpu].core);
	if (has_domains())
		EXPECT_STREQ("", domain_difference(t, 3));
}

#define CXL_MIB 192

static u64 used_kib(unsigned int node)
{
	struct test_node_memory m = { 0 };

	test_topology__node_memory(ktstr_topology(), node, &m);
	return m.used_kib;
}

/*
 * Two LLCs on node 0, one on node 1, and memory without CPUs on node 2, with
 * distances that ACPI's defaults would not give.
 */
KTSTR_TEST_ATTR(odd, uneven_nodes_and_cxl,
		.nodes = KTSTR_NODES({ .llcs = 2, .memory_mib = 384 },
				     { .llcs = 1, .memory_mib = 128 },
				     { .memory_mib = CXL_MIB,
				       .latency_ns = 350,
				       .bandwidth_mbs = 10240 }),
		.cores = 1,
		.distances = KTSTR_DISTANCES(10, 21, 31, 21, 10, 41, 31, 41,
					     10));
TEST_F(odd, uneven_nodes_and_cxl)
{
	const struct test_topology *t = ktstr_topology();
	const size_t len = MIB(CXL_MIB / 2);
	unsigned long mask = 1UL << 2;
	u64 before;
	char *mem;

	EXPECT_TRUE(test_topology__is_memory_only(t, 2));
	EXPECT_FALSE(test_topology__is_memory_only(t, 1));
	EXPECT_EQ(1U, test_topology__node_of_cpu(t, 2));
	EXPECT_EQ(41U, test_topology__distance(t, 2, 1));
	/* Memory that is bound there comes from there. */
	mem = mmap(NULL, len, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, syscall(SYS_mbind, mem, len, MPOL_BIND, &mask,
			     8 * sizeof(mask), 0));
	before = used_kib(2);
	memset(mem, 1, len);
	EXPECT_GE(used_kib(2) - before, len / 1024 - len / 1024 / 8);
}

KTSTR_HARNESS_MAIN
