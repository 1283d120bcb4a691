/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine as its own kernel sees it, for test bodies: which CPUs there are,
 * which share an LLC, what is near to what. In a test, ktstr_topology()
 * (ktstr/harness.h) has it, and it has been compared with what the test
 * declared before the body began. Plain data; any thread may look at it.
 */
#ifndef KTSTR_TEST_TOPOLOGY_H
#define KTSTR_TEST_TOPOLOGY_H

#include <ktstr/host-topology.h>

/* Distance between nodes of which the kernel says none; ACPI 6.5, 5.2.17. */
#define TEST_TOPOLOGY_UNREACHABLE 255u

/**
 * struct test_topology - what sysfs said when it was read
 *
 * CPUs are the kernel's numbers; LLCs are counted by their lowest CPU, nodes by
 * their number. What does not exist is an empty set, 0 or false.
 */
struct test_topology {
	struct host_topology seen;
	const char *sysfs;
};

/**
 * test_topology__read - look at the machine
 * @sysfs: "/sys"; borrowed
 * Return: 0 and a @ret_t to be released, or -errno with a message.
 */
int test_topology__read(const char *sysfs, struct test_topology *ret_t,
			struct kt_diag *diag);
void test_topology__fini(struct test_topology *t);
DEFINE_FREE(test_topology, struct test_topology, test_topology__fini(&_T))

static inline unsigned int test_topology__nr_cpus(const struct test_topology *t)
{
	return t->seen.nr_cpus;
}

static inline unsigned int test_topology__nr_llcs(const struct test_topology *t)
{
	return t->seen.nr_llcs;
}

static inline unsigned int
test_topology__nr_nodes(const struct test_topology *t)
{
	return t->seen.nr_nodes;
}

/** test_topology__all_cpus - those that are online */
void test_topology__all_cpus(const struct test_topology *t,
			     struct cpuset *ret_set);

/**
 * test_topology__usable_cpus - those for a test's load
 *
 * The last CPU of a machine with more than two is kept back for the test
 * itself, so that it gets to look at what the others do.
 */
void test_topology__usable_cpus(const struct test_topology *t,
				struct cpuset *ret_set);

/** test_topology__cpus_of_llc / _node - those around LLC @llc, on node @node */
void test_topology__cpus_of_llc(const struct test_topology *t, unsigned int llc,
				struct cpuset *ret_set);
void test_topology__cpus_of_node(const struct test_topology *t,
				 unsigned int node, struct cpuset *ret_set);

/** test_topology__llc_of_cpu / _node - or UINT_MAX when @cpu is not online */
unsigned int test_topology__llc_of_cpu(const struct test_topology *t,
				       unsigned int cpu);
unsigned int test_topology__node_of_cpu(const struct test_topology *t,
					unsigned int cpu);

/** test_topology__nodes_of_cpuset - nodes that @set has a CPU of */
void test_topology__nodes_of_cpuset(const struct test_topology *t,
				    const struct cpuset *set,
				    struct cpuset *ret_nodes);

/**
 * test_topology__split_by_llc - a set for each LLC
 * @sets: room for @max
 * Return: number of sets filled in.
 */
unsigned int test_topology__split_by_llc(const struct test_topology *t,
					 struct cpuset *sets, unsigned int max);

/**
 * test_topology__overlapping_cpusets - @nr sets, each sharing CPUs with the
 * next
 * @fraction: of a set, from 0 to 1, that is shared, rounded up to CPUs
 * @sets: room for @nr
 *
 * Each has an @nr-th of the CPUs, at least one; the last ones wrap around.
 */
void test_topology__overlapping_cpusets(const struct test_topology *t,
					unsigned int nr, double fraction,
					struct cpuset *sets);

/** test_topology__distance - relative, 10 is local; unknown: UNREACHABLE */
unsigned int test_topology__distance(const struct test_topology *t,
				     unsigned int from, unsigned int to);

/** test_topology__is_memory_only - a node without CPUs */
bool test_topology__is_memory_only(const struct test_topology *t,
				   unsigned int node);

/** struct test_node_memory - memory of a node now, in KiB */
struct test_node_memory {
	u64 total_kib, free_kib, used_kib;
};

/**
 * test_topology__node_memory - ask the kernel anew
 * Return: 0, -ENOENT without such a node, or -errno of reading sysfs.
 */
int test_topology__node_memory(const struct test_topology *t, unsigned int node,
			       struct test_node_memory *ret_memory);

/**
 * test_topology__compare - is it the machine that was declared?
 * @memory_mib: of all nodes of @declared
 *
 * CPUs, their cores, LLCs and nodes have to be the same; distances too. Of a
 * node's memory the kernel keeps some for itself.
 * Return: 0, or -ENODEV with what differs, the two values, and what to look
 * at.
 */
int test_topology__compare(const struct test_topology *t,
			   const struct topology *declared, u64 memory_mib,
			   struct kt_diag *diag);

/**
 * test_topology__declare - @declared as text, for test_topology__check()
 * @memory_mib: of all its nodes
 * @ret_text: for free()
 * Return: 0 or -ENOMEM.
 */
int test_topology__declare(const struct topology *declared, u64 memory_mib,
			   char **ret_text);

/**
 * test_topology__check - test_topology__compare() with what @text declares
 * @sysfs: "/sys"
 * @text: of test_topology__declare(); taken apart in place
 * Return: 0, -ENODEV with what differs, -EINVAL when @text is no such text, or
 * -errno of reading sysfs.
 */
int test_topology__check(const char *sysfs, char *text, struct kt_diag *diag);

#endif /* KTSTR_TEST_TOPOLOGY_H */
