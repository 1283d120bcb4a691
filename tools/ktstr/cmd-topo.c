// SPDX-License-Identifier: GPL-2.0
/* `ktstr topo`: topologies that tests name, and the host's, as pictures. */
#include "tools/ktstr/cmd.h"

#include "tools/ktstr/topo-view.h"

struct topo_args {
	const char *name, *sysfs;
	bool list, host, svg, json;
};

enum {
	KEY_LIST = 256,
	KEY_HOST,
	KEY_SVG,
	KEY_SYSFS,
};

static const struct argp_option topo_options[] = {
	{ "list", KEY_LIST, NULL, 0, "list the presets", 0 },
	{ "host", KEY_HOST, NULL, 0, "show the machine we run on", 0 },
	{ "svg", KEY_SVG, NULL, 0, "draw an SVG picture", 0 },
	{ "json", 'j', NULL, 0, "print one JSON value", 0 },
	{ "sysfs", KEY_SYSFS, "DIR", 0, "read the host from DIR, not /sys", 0 },
	{ 0 },
};

static void check_usage(const struct topo_args *args, struct argp_state *state)
{
	if (args->list + args->host + (args->name != NULL) != 1)
		argp_error(state, "one of LABEL, PRESET, --list and --host");
	if (args->svg && (args->json || args->list))
		argp_error(state, "--svg draws one machine, without %s",
			   args->json ? "--json" : "--list");
}

static error_t topo_parse(int key, char *arg, struct argp_state *state)
{
	struct topo_args *args = state->input;

	switch (key) {
	case KEY_LIST:
		args->list = true;
		return 0;
	case KEY_HOST:
		args->host = true;
		return 0;
	case KEY_SVG:
		args->svg = true;
		return 0;
	case 'j':
		args->json = true;
		return 0;
	case KEY_SYSFS:
		args->sysfs = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (args->name)
			argp_error(state,
				   "one topology at a time, not '%s' too", arg);
		args->name = arg;
		return 0;
	case ARGP_KEY_END:
		check_usage(args, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp topo_argp = {
	.options = topo_options,
	.parser = topo_parse,
	.args_doc = "LABEL|PRESET\n--host\n--list",
};

static void print_list(bool json)
{
	for (size_t i = 0; i < TOPO_NR_PRESETS; i++) {
		const struct topology *t = &topo_presets[i].topology;
		char label[TOPO_LABEL_SIZE];

		topo__label(t, label);
		if (json)
			printf("%s{\"name\":\"%s\",\"label\":\"%s\","
			       "\"numa_nodes\":%u,\"llcs\":%u,\"cores\":%u,"
			       "\"threads\":%u,\"cpus\":%u}",
			       i ? ",\n " : "[", topo_presets[i].name, label,
			       t->numa_nodes, t->llcs, t->cores, t->threads,
			       topo__nr_cpus(t));
		else
			printf("%-18s  %-10s  %3u CPUs\n", topo_presets[i].name,
			       label, topo__nr_cpus(t));
	}
	if (json)
		printf("]\n");
}

static int make_view(const struct topo_args *args, struct topo_view *ret_view,
		     struct kt_diag *diag)
{
	struct host_topology host __free(host_topology) = { 0 };
	struct topology t;
	int err;

	if (args->host) {
		err = host_topology__read(args->sysfs, &host, diag);
		return err ? err : topo_view__of_host(&host, ret_view);
	}
	err = topo__parse(args->name, &t, diag);
	return err ? err : topo_view__of_topology(args->name, &t, ret_view);
}

static int topo(int argc, char **argv)
{
	struct topo_view view __free(topo_view) = { 0 };
	struct topo_args args = { .sysfs = "/sys" };
	struct kt_diag diag = { 0 };
	int err = cmd__parse(&command_topo, argc, argv, 0, &args);

	if (err)
		return err;
	if (args.list) {
		print_list(args.json);
		return CMD_OK;
	}
	err = make_view(&args, &view, &diag);
	if (err) {
		fprintf(stderr, "ktstr topo: %s\n", diag__text(&diag, err));
		return args.host ? CMD_INFRA : CMD_USAGE;
	}
	if (args.json)
		topo_view__json(&view, stdout);
	else if (args.svg)
		topo_view__svg(&view, stdout);
	else
		topo_view__draw(&view, stdout);
	return CMD_OK;
}

/* clang-format off */
static const char preset_words[] =
#define TOPO_PRESET(id, name, nodes, llcs, cores, threads) name " "
#include <ktstr/topo-presets.def>
#undef TOPO_PRESET
	;
/* clang-format on */

const struct command command_topo = {
	.name = "topo",
	.fn = topo,
	.summary = "draw a machine's CPUs, caches and NUMA nodes",
	.argp = &topo_argp,
	.description =
		"Draw the machine that a topology describes, or the host. A "
		"label such as `2n4l4c2t` says how many NUMA nodes and LLCs "
		"the machine has, cores each LLC and threads each core; "
		"presets "
		"are names for labels.\n\n"
		"A line is an LLC, brackets hold the threads of a core, "
		"numbers "
		"are the CPUs as the guest's kernel counts them.",
	.exits =
		(const struct cmd_note[]){
			{ "0", "shown" },
			{ "2", "wrong usage, or no such topology" },
			{ "125", "the host's sysfs cannot be read" },
			{ NULL, NULL },
		},
	.examples =
		(const struct cmd_note[]){
			{ "ktstr topo numa2-4llc", "a preset" },
			{ "ktstr topo --svg 1n3l2c2t >machine.svg",
			  "a picture of a machine with three LLCs" },
			{ "ktstr topo --host --json",
			  "the host for programs: CPUs, LLCs, nodes" },
			{ NULL, NULL },
		},
	.words = preset_words,
};
