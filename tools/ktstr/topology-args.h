/* SPDX-License-Identifier: GPL-2.0 */
/*
 * --topology, --node and --distances, for commands that build a machine. The
 * command's option table has TOPOLOGY_OPTIONS, its parser hands every key to
 * topology_args__parse() first.
 */
#ifndef TOOLS_KTSTR_TOPOLOGY_ARGS_H
#define TOOLS_KTSTR_TOPOLOGY_ARGS_H

#include <argp.h>

#include <ktstr/topo.h>

/** struct topology_args - zeroed; @topology borrows from the rest */
struct topology_args {
	struct topology topology;
	bool given; /* valid once ARGP_KEY_END was parsed */
	const char *label, *distances;
	struct topo_node node[TOPO_MAX_NODES];
	unsigned int nr_nodes;
	u8 distance[TOPO_MAX_NODES * TOPO_MAX_NODES];
};

/* Keys above those that commands count from 256. */
enum { TOPOLOGY_KEY = 4096, TOPOLOGY_NODE_KEY, TOPOLOGY_DISTANCES_KEY };

#define TOPOLOGY_OPTIONS                                                     \
	{ "topology",                                                        \
	  TOPOLOGY_KEY,                                                      \
	  "TOPOLOGY",                                                        \
	  0,                                                                 \
	  "NUMA nodes, LLCs, cores and threads as `ktstr topo` draws them, " \
	  "such as 2n4l4c2t or numa2-4llc (one LLC around all CPUs)",        \
	  0 },                                                               \
		{ "node",                                                    \
		  TOPOLOGY_NODE_KEY,                                         \
		  "NODE",                                                    \
		  0,                                                         \
		  "with --topology: one of its NUMA nodes, such as "         \
		  "llcs=3,memory=512; without llcs it is memory only. Once " \
		  "for each "                                                \
		  "node; further keys are latency (ns), bandwidth (MB/s), "  \
		  "cache "                                                   \
		  "(KiB), assoc, policy, line",                              \
		  0 },                                                       \
	{                                                                    \
		"distances", TOPOLOGY_DISTANCES_KEY, "ROWS", 0,              \
			"with --topology: between its nodes, such as "       \
			"10,31/31,10 "                                       \
			"(10 and 20)",                                       \
			0                                                    \
	}

/**
 * topology_args__parse - one option, or ARGP_KEY_END
 *
 * What is wrong becomes argp_error().
 * Return: 0 for an option of ours, else ARGP_ERR_UNKNOWN: the command's own
 * parser goes on, also with ARGP_KEY_END.
 */
error_t topology_args__parse(struct topology_args *args, int key, char *arg,
			     struct argp_state *state);

#endif /* TOOLS_KTSTR_TOPOLOGY_ARGS_H */
