/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shape of the machine we run on, read from sysfs: its online CPUs, the
 * cores, last-level caches and NUMA nodes they belong to.
 */
#ifndef KTSTR_HOST_TOPOLOGY_H
#define KTSTR_HOST_TOPOLOGY_H

#include <ktstr/cpulist.h>
#include <ktstr/topo.h>

/** struct host_cpu - an online CPU */
struct host_cpu {
	unsigned int cpu;  /* the kernel's number */
	unsigned int core; /* lowest online CPU of its core */
	unsigned int llc;  /* index, counted by the lowest CPU */
	unsigned int node; /* index into struct host_topology's node[] */
};

/** struct host_node - an online NUMA node */
struct host_node {
	unsigned int id;
	u64 memory_kib; /* 0: none, or the kernel does not say */
};

/** struct host_topology - @cpu is sorted by number, @node by id */
struct host_topology {
	struct host_cpu *cpu;
	unsigned int nr_cpus;
	unsigned int nr_llcs;
	struct host_node *node;
	unsigned int nr_nodes;
	u8 *distance;  /* nr_nodes^2, row by row */
	bool no_nodes; /* the kernel names none: the one is made up */
};

/**
 * host_topology__read - what @sysfs ("/sys") says
 *
 * Every CPU gets a core, an LLC and a node even where the kernel tells less:
 * without cache descriptions CPUs share one LLC, without siblings each is a
 * core, without NUMA there is node 0 and it has all of them.
 * Return: 0 and a @ret_host to be released, or -errno with the file that
 * could not be read in @diag.
 */
int host_topology__read(const char *sysfs, struct host_topology *ret_host,
			struct kt_diag *diag);
void host_topology__fini(struct host_topology *host);
DEFINE_FREE(host_topology, struct host_topology, host_topology__fini(&_T))

/**
 * host_meminfo_kib - @key's number in a node's meminfo, "Node 0 MemFree: 9 kB"
 * Return: it, or 0 where @text does not say.
 */
u64 host_meminfo_kib(const char *text, const char *key);

/** host_topology__node_of_llc - node index of most of the LLC's CPUs */
unsigned int host_topology__node_of_llc(const struct host_topology *host,
					unsigned int llc);

/** host_topology__capacity - what machines may have on this host */
struct topo_capacity host_topology__capacity(const struct host_topology *host);

#endif /* KTSTR_HOST_TOPOLOGY_H */
