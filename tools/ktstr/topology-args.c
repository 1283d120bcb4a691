// SPDX-License-Identifier: GPL-2.0
/* See topology-args.h. Main thread, while the command line is parsed. */
#include "tools/ktstr/topology-args.h"

static void add_node(struct topology_args *args, const char *arg,
		     struct argp_state *state)
{
	struct kt_diag diag = { 0 };

	if (args->nr_nodes == TOPO_MAX_NODES)
		argp_error(state, "more than %u --node", TOPO_MAX_NODES);
	else if (topo__parse_node(arg, &args->node[args->nr_nodes], &diag))
		argp_error(state, "--node: %s", diag.msg);
	else
		args->nr_nodes++;
}

static int scan(struct topology_args *args, struct kt_diag *diag)
{
	struct topology *t = &args->topology;
	const struct topo_preset *preset = topo_preset__find(args->label);

	if (preset) {
		*t = preset->topology;
		return 0;
	}
	return args->nr_nodes ? topo__scan_label(args->label, t, diag)
			      : topo__parse(args->label, t, diag);
}

/* All together: the label's numbers, the nodes, the distances. */
static int finish(struct topology_args *args, struct kt_diag *diag)
{
	struct topology *t = &args->topology;
	int err = scan(args, diag);

	if (!err && args->nr_nodes) {
		t->nodes = args->node;
		t->nr_nodes = args->nr_nodes;
	}
	if (!err && args->distances &&
	    (t->numa_nodes < 1 || t->numa_nodes > TOPO_MAX_NODES))
		err = topo__validate(t, diag);
	if (!err && args->distances) {
		t->distances = args->distance;
		t->nr_distances = t->numa_nodes * t->numa_nodes;
		err = topo__parse_distances(args->distances, t->numa_nodes,
					    args->distance, diag);
	}
	return err ? err : topo__validate(t, diag);
}

static void end(struct topology_args *args, struct argp_state *state)
{
	struct kt_diag diag = { 0 };

	args->given = args->label != NULL;
	if (!args->label && (args->nr_nodes || args->distances))
		argp_error(state, "--node and --distances go with --topology");
	else if (args->label && finish(args, &diag))
		argp_error(state, "--topology: %s", diag.msg);
}

error_t topology_args__parse(struct topology_args *args, int key, char *arg,
			     struct argp_state *state)
{
	switch (key) {
	case TOPOLOGY_KEY:
		args->label = arg;
		return 0;
	case TOPOLOGY_NODE_KEY:
		add_node(args, arg, state);
		return 0;
	case TOPOLOGY_DISTANCES_KEY:
		args->distances = arg;
		return 0;
	case ARGP_KEY_END:
		end(args, state);
		return ARGP_ERR_UNKNOWN;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}
