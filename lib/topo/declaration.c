// SPDX-License-Identifier: GPL-2.0
/*
 * What was declared, as a text that goes with a machine: written by the session
 * that builds it, compared in its guest before somebody's program begins there.
 * Any thread.
 */
#include <ktstr/test-topology.h>

#include <inttypes.h>

/* The label, MiB of memory, the distances; a line for each explicit node. */
int test_topology__declare(const struct topology *t, u64 memory_mib,
			   char **ret_text)
{
	char label[TOPO_LABEL_SIZE];
	char *text __free(ptr) = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return -ENOMEM;
	topo__label(t, label);
	fprintf(f, "%s\n%" PRIu64 "\n", label, memory_mib);
	for (unsigned int a = 0; a < t->numa_nodes; a++)
		for (unsigned int b = 0; b < t->numa_nodes; b++)
			fprintf(f, "%s%u",
				b   ? ","
				: a ? "/"
				    : "",
				topo__distance(t, a, b));
	fputc('\n', f);
	for (unsigned int i = 0; t->nodes && i < t->nr_nodes; i++)
		fprintf(f, "llcs=%u,memory=%" PRIu64 "\n", t->nodes[i].llcs,
			t->nodes[i].memory_mib);
	if (fclose(f))
		return -ENOMEM;
	*ret_text = no_free_ptr(text);
	return 0;
}

/* The next line, taken out of @text; NULL when there is none. */
static char *take_line(char **text)
{
	char *line = *text, *end = line ? strchr(line, '\n') : NULL;

	if (!end)
		return NULL;
	*end = '\0';
	*text = end + 1;
	return line;
}

/* @t borrows @nodes and @distances, with room for TOPO_MAX_NODES. */
static int parse(char *text, struct topology *t, u64 *ret_memory_mib,
		 struct topo_node *nodes, u8 *distances, struct kt_diag *diag)
{
	char *label = take_line(&text), *memory = take_line(&text);
	char *rows = take_line(&text), *node, *end;
	int err;

	if (!rows)
		return diag__fail(diag, -EINVAL, "what was declared is cut");
	err = topo__scan_label(label, t, diag);
	/* Before there is room needed for them. */
	if (!err && t->numa_nodes > TOPO_MAX_NODES)
		err = topo__validate(t, diag);
	if (err)
		return err;
	*ret_memory_mib = strtoull(memory, &end, 10);
	if (end == memory || *end)
		return diag__fail(diag, -EINVAL, "declared memory '%.32s'",
				  memory);
	err = topo__parse_distances(rows, t->numa_nodes, distances, diag);
	while (!err && t->nr_nodes < t->numa_nodes && (node = take_line(&text)))
		err = topo__parse_node(node, &nodes[t->nr_nodes++], diag);
	if (err)
		return err;
	t->nodes = t->nr_nodes ? nodes : NULL;
	t->distances = distances;
	t->nr_distances = t->numa_nodes * t->numa_nodes;
	return topo__validate(t, diag);
}

int test_topology__check(const char *sysfs, char *text, struct kt_diag *diag)
{
	struct test_topology seen __free(test_topology) = { 0 };
	u8 distances[TOPO_MAX_NODES * TOPO_MAX_NODES];
	struct topo_node nodes[TOPO_MAX_NODES];
	struct topology declared;
	u64 memory_mib = 0;
	int err = parse(text, &declared, &memory_mib, nodes, distances, diag);

	if (!err)
		err = test_topology__read(sysfs, &seen, diag);
	return err ? err
		   : test_topology__compare(&seen, &declared, memory_mib, diag);
}
