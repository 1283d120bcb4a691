// SPDX-License-Identifier: GPL-2.0
/* The host's topology from made-up sysfs trees, whole and with holes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ktstr/host-topology.h>

#include "scratch.h"
#include "skip.h"

struct tree {
	char root[SCRATCH_PATH_MAX];
	struct host_topology host;
};

static int setup(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	scratch__make(t->root);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct tree *t = *state;

	host_topology__fini(&t->host);
	scratch__remove(t->root);
	free(t);
	return 0;
}

#define CPU "devices/system/cpu/"
#define NODE "devices/system/node/"

/* put "devices/system/cpu/online" "0-3" */
#define PUT "put() { mkdir -p \"${1%%/*}\"; printf '%%s\\n' \"$2\" >\"$1\"; }; "

static void online(struct tree *t, const char *list)
{
	scratch__shell(t->root, PUT "put " CPU "online '%s'", list);
}

static void siblings(struct tree *t, unsigned int cpu, const char *list)
{
	scratch__shell(t->root,
		       PUT "put " CPU
			   "cpu%u/topology/thread_siblings_list '%s'",
		       cpu, list);
}

/* Private L1 caches, and @level shared by @list. */
static void cache(struct tree *t, unsigned int cpu, unsigned int level,
		  const char *list)
{
	scratch__shell(t->root,
		       PUT "c=" CPU "cpu%u/cache; put $c/index0/level 1;"
			   "put $c/index0/shared_cpu_list %u;"
			   "put $c/index1/level 1;"
			   "put $c/index1/shared_cpu_list %u;"
			   "put $c/index2/level %u;"
			   "put $c/index2/shared_cpu_list '%s'",
		       cpu, cpu, cpu, level, list);
}

static void node(struct tree *t, unsigned int id, const char *cpus,
		 const char *distance, unsigned int mib)
{
	scratch__shell(t->root,
		       PUT "n=" NODE "node%u; put $n/cpulist '%s';"
			   "put $n/distance '%s';"
			   "put $n/meminfo 'Node %u MemTotal:  %u kB\n"
			   "Node %u MemFree: 1 kB'",
		       id, cpus, distance, id, mib * 1024, id);
}

static void nodes_online(struct tree *t, const char *list)
{
	scratch__shell(t->root, PUT "put " NODE "online '%s'", list);
}

static void read_it(struct tree *t)
{
	struct kt_diag diag = { 0 };

	if (host_topology__read(t->root, &t->host, &diag))
		fail_msg("%s", diag.msg);
}

static void is_cpu(const struct tree *t, unsigned int i, unsigned int cpu,
		   unsigned int core, unsigned int llc, unsigned int at_node)
{
	assert_int_equal(t->host.cpu[i].cpu, cpu);
	assert_int_equal(t->host.cpu[i].core, core);
	assert_int_equal(t->host.cpu[i].llc, llc);
	assert_int_equal(t->host.cpu[i].node, at_node);
}

static void two_nodes_two_llcs_smt(void **state)
{
	struct tree *t = *state;

	/* Threads numbered the way servers do it: 0 and 4 share a core. */
	online(t, "0-7");
	for (unsigned int i = 0; i < 8; i++) {
		static const char *const sib[] = { "0,4", "1,5", "2,6", "3,7" };

		siblings(t, i, sib[i % 4]);
		cache(t, i, 3, i % 4 < 2 ? "0-1,4-5" : "2-3,6-7");
	}
	nodes_online(t, "0,2");
	node(t, 0, "0-1,4-5", "10 32", 100);
	node(t, 2, "2-3,6-7", "32 10", 200);
	read_it(t);
	assert_int_equal(t->host.nr_cpus, 8);
	assert_int_equal(t->host.nr_llcs, 2);
	assert_int_equal(t->host.nr_nodes, 2);
	is_cpu(t, 0, 0, 0, 0, 0);
	is_cpu(t, 2, 2, 2, 1, 1);
	is_cpu(t, 4, 4, 0, 0, 0);
	is_cpu(t, 7, 7, 3, 1, 1);
	assert_int_equal(t->host.node[1].id, 2);
	assert_int_equal(t->host.node[1].memory_kib, 200 * 1024);
	assert_int_equal(t->host.distance[1], 32);
	assert_int_equal(t->host.distance[3], 10);
	assert_int_equal(host_topology__node_of_llc(&t->host, 1), 1);
	assert_int_equal(host_topology__capacity(&t->host).cpus, 8);
	assert_int_equal(host_topology__capacity(&t->host).llcs, 2);
	assert_int_equal(host_topology__capacity(&t->host).cpus_per_llc, 4);
}

static void nothing_but_online(void **state)
{
	struct tree *t = *state;

	online(t, "0-2");
	read_it(t);
	assert_int_equal(t->host.nr_cpus, 3);
	assert_int_equal(t->host.nr_llcs, 1);
	assert_int_equal(t->host.nr_nodes, 1);
	is_cpu(t, 2, 2, 2, 0, 0);
	assert_int_equal(t->host.node[0].id, 0);
	assert_int_equal(t->host.node[0].memory_kib, 0);
	assert_int_equal(t->host.distance[0], 10);
}

static void offline_cpus_count_nowhere(void **state)
{
	struct tree *t = *state;

	/* 1 and 5 are off, but lists still name them. */
	online(t, "0,2-4,6-7");
	for (unsigned int i = 0; i < 8; i++) {
		siblings(t, i, i % 2 ? "1,3,5,7" : "0,2,4,6");
		cache(t, i, 2, i < 4 ? "0-3" : "4-7");
	}
	nodes_online(t, "0");
	node(t, 0, "0-7", "10", 64);
	read_it(t);
	assert_int_equal(t->host.nr_cpus, 6);
	assert_int_equal(t->host.nr_llcs, 2);
	is_cpu(t, 0, 0, 0, 0, 0);
	is_cpu(t, 2, 3, 3, 0, 0); /* 1 would be the lowest sibling */
	is_cpu(t, 5, 7, 3, 1, 0);
	assert_int_equal(host_topology__capacity(&t->host).cpus_per_llc, 3);
}

static void some_cpus_without_caches(void **state)
{
	struct tree *t = *state;

	online(t, "0-5");
	cache(t, 1, 3, "1-2");
	cache(t, 2, 3, "1-2");
	read_it(t);
	assert_int_equal(t->host.nr_llcs, 2);
	is_cpu(t, 1, 1, 1, 0, 0);
	is_cpu(t, 2, 2, 2, 0, 0);
	is_cpu(t, 0, 0, 0, 1, 0);
	is_cpu(t, 5, 5, 5, 1, 0);
}

/* Lists that overlap, leave out their own CPU, or are no lists. */
static void groups_never_overlap(void **state)
{
	struct tree *t = *state;
	unsigned int seen[4] = { 0 };

	online(t, "0-3");
	cache(t, 0, 3, "0-2");
	cache(t, 1, 3, "0-3");
	cache(t, 3, 3, "1-2"); /* not itself */
	siblings(t, 0, "0,1");
	siblings(t, 2, "1,2,frog");
	siblings(t, 3, "-3");
	nodes_online(t, "0-1");
	node(t, 0, "0-3", "10 x", 0);
	node(t, 1, "1-2,9", "300 10", 0);
	read_it(t);
	for (unsigned int i = 0; i < 4; i++)
		seen[t->host.cpu[i].llc]++;
	assert_int_equal(t->host.nr_llcs, 2);
	assert_int_equal(seen[0], 3);
	assert_int_equal(seen[1], 1);
	is_cpu(t, 1, 1, 0, 0, 1);
	is_cpu(t, 2, 2, 2, 0, 1);
	is_cpu(t, 3, 3, 3, 1, 0);
	assert_int_equal(t->host.distance[1], 20); /* "x" */
	assert_int_equal(t->host.distance[2], 20); /* 300 */
}

static void memory_only_node(void **state)
{
	struct tree *t = *state;

	online(t, "0-1");
	nodes_online(t, "0-1");
	node(t, 0, "0-1", "10 40", 512);
	node(t, 1, "", "40 10", 1024);
	read_it(t);
	assert_int_equal(t->host.nr_nodes, 2);
	assert_int_equal(t->host.cpu[1].node, 0);
	assert_int_equal(t->host.node[1].memory_kib, 1024 * 1024);
}

static void llc_across_nodes_counts_its_cpus(void **state)
{
	struct tree *t = *state;

	online(t, "0-2");
	for (unsigned int i = 0; i < 3; i++)
		cache(t, i, 3, "0-2");
	nodes_online(t, "0-1");
	node(t, 0, "0", "10 20", 1);
	node(t, 1, "1-2", "20 10", 1);
	read_it(t);
	assert_int_equal(host_topology__node_of_llc(&t->host, 0), 1);
}

static void refused(struct tree *t, int want, const char *text)
{
	struct kt_diag diag = { 0 };

	assert_int_equal(host_topology__read(t->root, &t->host, &diag), want);
	if (!strstr(diag.msg, text) || !strstr(diag.msg, "cpu/online"))
		fail_msg("%s", diag.msg);
	assert_null(t->host.cpu);
}

static void online_must_be_there(void **state)
{
	struct tree *t = *state;

	refused(t, -ENOENT, "is sysfs mounted?");
	online(t, "");
	refused(t, -EINVAL, "no CPU is online");
	online(t, "0-x");
	refused(t, -EINVAL, "'0-x'");
}

static void fields_of_meminfo(void **state)
{
	static const char text[] = "Node 1 MemTotal:    4000 kB\n"
				   "Node 1 MemFree:      15 kB\n"
				   "Node 1 SwapMemFree:  7 kB\n"
				   "Node 1 Active(anon): 9 kB\n"
				   "Node 1 Active:       8 kB\n";

	(void)state;
	assert_int_equal(host_meminfo_kib(text, "MemTotal"), 4000);
	assert_int_equal(host_meminfo_kib(text, "MemFree"), 15);
	assert_int_equal(host_meminfo_kib(text, "Active"), 8);
	assert_int_equal(host_meminfo_kib(text, "Free"), 0);
	assert_int_equal(host_meminfo_kib(text, "MemUsed"), 0);
	assert_int_equal(host_meminfo_kib("MemTotal: 1 kB", "MemTotal"), 0);
	assert_int_equal(host_meminfo_kib("", "MemTotal"), 0);
}

static void this_host(void **state)
{
	struct tree *t = *state;
	struct kt_diag diag = { 0 };
	struct topo_capacity cap;

	if (host_topology__read("/sys", &t->host, &diag))
		SKIP("%s", diag.msg);
	cap = host_topology__capacity(&t->host);
	assert_int_equal(cap.cpus, sysconf(_SC_NPROCESSORS_ONLN));
	assert_in_range(cap.llcs, 1, cap.cpus);
	assert_in_range(cap.cpus_per_llc, 1, cap.cpus);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_nodes_two_llcs_smt),
		TEST(nothing_but_online),
		TEST(offline_cpus_count_nowhere),
		TEST(some_cpus_without_caches),
		TEST(groups_never_overlap),
		TEST(memory_only_node),
		TEST(llc_across_nodes_counts_its_cpus),
		TEST(online_must_be_there),
		cmocka_unit_test(fields_of_meminfo),
		TEST(this_host),
	};

	return cmocka_run_group_tests_name("host-topology", tests, NULL, NULL);
}
