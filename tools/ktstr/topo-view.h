/* SPDX-License-Identifier: GPL-2.0 */
/* A machine or a host, as `ktstr topo` shows it: rows of CPUs to draw. */
#ifndef TOOLS_KTSTR_TOPO_VIEW_H
#define TOOLS_KTSTR_TOPO_VIEW_H

#include <ktstr/host-topology.h>

struct view_cpu {
	unsigned int cpu, core, llc, node; /* node is an index, core an id */
};

struct view_node {
	unsigned int id;
	u64 memory_mib; /* 0: not known */
};

/** struct topo_view - @cpu sorted by node, LLC, core and number */
struct topo_view {
	char title[64];
	struct view_cpu *cpu;
	unsigned int nr_cpus, nr_llcs, nr_cores;
	struct view_node *node;
	unsigned int nr_nodes;
	u8 *distance; /* nr_nodes^2 */
};

/* Return: 0 and a @ret_view to be released, or -ENOMEM. */
int topo_view__of_topology(const char *name, const struct topology *t,
			   struct topo_view *ret_view);
int topo_view__of_host(const struct host_topology *host,
		       struct topo_view *ret_view);
void topo_view__fini(struct topo_view *view);
DEFINE_FREE(topo_view, struct topo_view, topo_view__fini(&_T))

/** topo_view__cpus - "0-3,8": of one node, one LLC; UINT_MAX is any */
void topo_view__cpus(const struct topo_view *view, unsigned int node,
		     unsigned int llc, FILE *to);

void topo_view__draw(const struct topo_view *view, FILE *to);
void topo_view__svg(const struct topo_view *view, FILE *to);
void topo_view__json(const struct topo_view *view, FILE *to);

#endif /* TOOLS_KTSTR_TOPO_VIEW_H */
