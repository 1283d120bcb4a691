// SPDX-License-Identifier: GPL-2.0
/*
 * Questions of test bodies about the machine they are in. Called in guests,
 * on the host by host_only tests; reads sysfs and memory only.
 */
#include <ktstr/test-topology.h>

#include <limits.h>

#include <ktstr/fd.h>

#define MEMINFO_MAX KIB(64)

int test_topology__read(const char *sysfs, struct test_topology *ret_t,
			struct kt_diag *diag)
{
	struct test_topology t = { .sysfs = sysfs };
	int err = host_topology__read(sysfs, &t.seen, diag);

	if (!err)
		*ret_t = t;
	return err;
}

void test_topology__fini(struct test_topology *t)
{
	host_topology__fini(&t->seen);
}

static const struct host_cpu *find_cpu(const struct test_topology *t,
				       unsigned int cpu)
{
	for (unsigned int i = 0; i < t->seen.nr_cpus; i++)
		if (t->seen.cpu[i].cpu == cpu)
			return &t->seen.cpu[i];
	return NULL;
}

/* Node numbers may have holes; indices have none. */
static unsigned int index_of_node(const struct test_topology *t,
				  unsigned int node)
{
	for (unsigned int i = 0; i < t->seen.nr_nodes; i++)
		if (t->seen.node[i].id == node)
			return i;
	return UINT_MAX;
}

void test_topology__all_cpus(const struct test_topology *t,
			     struct cpuset *ret_set)
{
	*ret_set = (struct cpuset){ 0 };
	for (unsigned int i = 0; i < t->seen.nr_cpus; i++)
		cpuset__add(ret_set, t->seen.cpu[i].cpu);
}

void test_topology__usable_cpus(const struct test_topology *t,
				struct cpuset *ret_set)
{
	unsigned int nr = t->seen.nr_cpus;

	*ret_set = (struct cpuset){ 0 };
	for (unsigned int i = 0; i < (nr > 2 ? nr - 1 : nr); i++)
		cpuset__add(ret_set, t->seen.cpu[i].cpu);
}

void test_topology__cpus_of_llc(const struct test_topology *t, unsigned int llc,
				struct cpuset *ret_set)
{
	*ret_set = (struct cpuset){ 0 };
	for (unsigned int i = 0; i < t->seen.nr_cpus; i++)
		if (t->seen.cpu[i].llc == llc)
			cpuset__add(ret_set, t->seen.cpu[i].cpu);
}

void test_topology__cpus_of_node(const struct test_topology *t,
				 unsigned int node, struct cpuset *ret_set)
{
	unsigned int index = index_of_node(t, node);

	*ret_set = (struct cpuset){ 0 };
	for (unsigned int i = 0; i < t->seen.nr_cpus; i++)
		if (t->seen.cpu[i].node == index)
			cpuset__add(ret_set, t->seen.cpu[i].cpu);
}

unsigned int test_topology__llc_of_cpu(const struct test_topology *t,
				       unsigned int cpu)
{
	const struct host_cpu *c = find_cpu(t, cpu);

	return c ? c->llc : UINT_MAX;
}

unsigned int test_topology__node_of_cpu(const struct test_topology *t,
					unsigned int cpu)
{
	const struct host_cpu *c = find_cpu(t, cpu);

	return c ? t->seen.node[c->node].id : UINT_MAX;
}

void test_topology__nodes_of_cpuset(const struct test_topology *t,
				    const struct cpuset *set,
				    struct cpuset *ret_nodes)
{
	*ret_nodes = (struct cpuset){ 0 };
	for (unsigned int i = 0; i < t->seen.nr_cpus; i++) {
		const struct host_cpu *c = &t->seen.cpu[i];

		if (cpuset__has(set, c->cpu))
			cpuset__add(ret_nodes, t->seen.node[c->node].id);
	}
}

unsigned int test_topology__split_by_llc(const struct test_topology *t,
					 struct cpuset *sets, unsigned int max)
{
	unsigned int nr = KT_MIN(t->seen.nr_llcs, max);

	for (unsigned int llc = 0; llc < nr; llc++)
		test_topology__cpus_of_llc(t, llc, &sets[llc]);
	return nr;
}

/* @part of @whole, rounded up; no more than all of it. */
static unsigned int share(unsigned int whole, double part)
{
	double exact = whole * KT_MIN(KT_MAX(part, 0.0), 1.0);
	unsigned int n = (unsigned int)exact;

	return n < exact ? n + 1 : n;
}

void test_topology__overlapping_cpusets(const struct test_topology *t,
					unsigned int nr, double fraction,
					struct cpuset *sets)
{
	unsigned int total = t->seen.nr_cpus;
	unsigned int each = nr ? total / nr : 0;
	unsigned int shared = share(each, fraction);
	unsigned int stride = each > shared ? each - shared : 1;

	for (unsigned int i = 0; i < nr; i++) {
		sets[i] = (struct cpuset){ 0 };
		for (unsigned int k = 0; total && k < KT_MAX(each, 1u); k++) {
			u64 at = ((u64)i * stride + k) % total;

			cpuset__add(&sets[i], t->seen.cpu[at].cpu);
		}
	}
}

unsigned int test_topology__distance(const struct test_topology *t,
				     unsigned int from, unsigned int to)
{
	unsigned int a = index_of_node(t, from), b = index_of_node(t, to);

	if (a == UINT_MAX || b == UINT_MAX)
		return TEST_TOPOLOGY_UNREACHABLE;
	return t->seen.distance[a * t->seen.nr_nodes + b];
}

bool test_topology__is_memory_only(const struct test_topology *t,
				   unsigned int node)
{
	struct cpuset cpus;

	test_topology__cpus_of_node(t, node, &cpus);
	return index_of_node(t, node) != UINT_MAX && !cpuset__count(&cpus);
}

int test_topology__node_memory(const struct test_topology *t, unsigned int node,
			       struct test_node_memory *ret_memory)
{
	char *text __free(ptr) = NULL;
	struct test_node_memory m;
	char path[PATH_MAX];
	int err;

	if (index_of_node(t, node) == UINT_MAX)
		return -ENOENT;
	if ((size_t)snprintf(path, sizeof(path),
			     "%s/devices/system/node/node%u/meminfo", t->sysfs,
			     node) >= sizeof(path))
		return -ENAMETOOLONG;
	err = fd__read_file(path, MEMINFO_MAX, &text, NULL);
	if (err)
		return err;
	m.total_kib = host_meminfo_kib(text, "MemTotal");
	m.free_kib = KT_MIN(host_meminfo_kib(text, "MemFree"), m.total_kib);
	m.used_kib = m.total_kib - m.free_kib;
	*ret_memory = m;
	return 0;
}
