// SPDX-License-Identifier: GPL-2.0
/* Where the CPUs are, from /sys. For main.c; one thread. */
#include "tools/ktprof/ktprof.h"

#include <sys/sysinfo.h>

#include <ktstr/cpulist.h>
#include <ktstr/fd.h>

#define NODES_DIR "/sys/devices/system/node"
/* Caches are numbered level by level; x86 has four, others fewer. */
#define CACHE_INDEX_MAX 3

static int read_text(const char *path, char **ret_text)
{
	size_t len;

	return fd__read_file(path, KIB(64), ret_text, &len);
}

static int read_llc(unsigned int cpu)
{
	char path[96];

	for (int index = CACHE_INDEX_MAX; index >= 0; index--) {
		char *text __free(ptr) = NULL;

		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%u/cache/index%d/id", cpu,
			 index);
		if (!read_text(path, &text))
			return (int)strtol(text, NULL, 10);
	}
	return -1;
}

static void place_node(struct machine *m, unsigned int node)
{
	char *text __free(ptr) = NULL;
	struct cpuset cpus;
	unsigned int cpu;
	char path[96];

	snprintf(path, sizeof(path), NODES_DIR "/node%u/cpulist", node);
	if (read_text(path, &text))
		return;
	cpulist__parse_lenient(text, &cpus);
	cpuset__for_each(cpu, &cpus) if (cpu < m->nr_cpus) m->places[cpu].node =
		(int)node;
}

/* Nodes are listed the way CPUs are. */
static void read_nodes(struct machine *m)
{
	char *text __free(ptr) = NULL;
	struct cpuset nodes;
	unsigned int node;

	if (read_text(NODES_DIR "/online", &text))
		return;
	cpulist__parse_lenient(text, &nodes);
	cpuset__for_each(node, &nodes) place_node(m, node);
}

int machine__read(struct machine *m)
{
	m->nr_cpus = (unsigned int)get_nprocs_conf();
	m->places = calloc(m->nr_cpus, sizeof(*m->places));
	if (!m->places)
		return -ENOMEM;
	for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++)
		m->places[cpu] = (struct sched_place){ -1, read_llc(cpu) };
	read_nodes(m);
	return 0;
}

void machine__fini(struct machine *m)
{
	free(m->places);
}
