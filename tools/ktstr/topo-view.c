// SPDX-License-Identifier: GPL-2.0
/*
 * Rows of CPUs from a topology or a host, and their forms as text and JSON.
 * For `ktstr topo`; one thread.
 */
#include "tools/ktstr/topo-view.h"

#include <limits.h>

#define WIDTH 78u

static int by_place(const void *a, const void *b)
{
	const struct view_cpu *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	if (x->llc != y->llc)
		return x->llc < y->llc ? -1 : 1;
	if (x->core != y->core)
		return x->core < y->core ? -1 : 1;
	return x->cpu < y->cpu ? -1 : x->cpu > y->cpu;
}

static int alloc_view(struct topo_view *v, unsigned int cpus,
		      unsigned int nodes)
{
	v->cpu = calloc(cpus, sizeof(*v->cpu));
	v->node = calloc(nodes, sizeof(*v->node));
	v->distance = calloc((size_t)nodes * nodes, 1);
	v->nr_cpus = cpus;
	v->nr_nodes = nodes;
	return v->cpu && v->node && v->distance ? 0 : -ENOMEM;
}

static void finish(struct topo_view *v)
{
	for (unsigned int i = 0; i < v->nr_cpus; i++)
		v->nr_cores += v->cpu[i].core == v->cpu[i].cpu;
	qsort(v->cpu, v->nr_cpus, sizeof(*v->cpu), by_place);
}

int topo_view__of_topology(const char *name, const struct topology *t,
			   struct topo_view *ret_view)
{
	struct topo_view v __free(topo_view) = { .nr_llcs = t->llcs };
	char label[TOPO_LABEL_SIZE];

	if (alloc_view(&v, topo__nr_cpus(t), t->numa_nodes))
		return -ENOMEM;
	topo__label(t, label);
	snprintf(v.title, sizeof(v.title), "%s%s%s",
		 strcmp(name, label) ? name : "",
		 strcmp(name, label) ? " = " : "", label);
	for (unsigned int i = 0; i < v.nr_cpus; i++)
		v.cpu[i] = (struct view_cpu){
			.cpu = i,
			.core = i - topo__thread_of_cpu(t, i),
			.llc = topo__llc_of_cpu(t, i),
			.node = topo__node_of_cpu(t, i),
		};
	for (unsigned int a = 0; a < v.nr_nodes; a++) {
		v.node[a].id = a;
		for (unsigned int b = 0; b < v.nr_nodes; b++)
			v.distance[a * v.nr_nodes + b] =
				(u8)topo__distance(t, a, b);
	}
	finish(&v);
	*ret_view = v;
	v = (struct topo_view){ 0 };
	return 0;
}

int topo_view__of_host(const struct host_topology *host,
		       struct topo_view *ret_view)
{
	struct topo_view v __free(topo_view) = { .title = "host",
						 .nr_llcs = host->nr_llcs };

	if (alloc_view(&v, host->nr_cpus, host->nr_nodes))
		return -ENOMEM;
	for (unsigned int i = 0; i < v.nr_cpus; i++)
		v.cpu[i] = (struct view_cpu){
			.cpu = host->cpu[i].cpu,
			.core = host->cpu[i].core,
			.llc = host->cpu[i].llc,
			.node = host->cpu[i].node,
		};
	for (unsigned int i = 0; i < v.nr_nodes; i++)
		v.node[i] = (struct view_node){
			.id = host->node[i].id,
			.memory_mib = host->node[i].memory_kib >> 10,
		};
	memcpy(v.distance, host->distance, (size_t)v.nr_nodes * v.nr_nodes);
	finish(&v);
	*ret_view = v;
	v = (struct topo_view){ 0 };
	return 0;
}

void topo_view__fini(struct topo_view *view)
{
	free(view->cpu);
	free(view->node);
	free(view->distance);
	*view = (struct topo_view){ 0 };
}

void topo_view__cpus(const struct topo_view *view, unsigned int node,
		     unsigned int llc, FILE *to)
{
	char *text __free(ptr) = malloc(CPULIST_SIZE);
	struct cpuset set = { 0 };

	for (unsigned int i = 0; i < view->nr_cpus; i++)
		if ((node == UINT_MAX || view->cpu[i].node == node) &&
		    (llc == UINT_MAX || view->cpu[i].llc == llc))
			cpuset__add(&set, view->cpu[i].cpu);
	if (text && !cpulist__print(&set, text, CPULIST_SIZE))
		fputs(text, to);
}

static void count_of(FILE *to, unsigned int n, const char *what,
		     const char *end)
{
	fprintf(to, "%u %s%s%s", n, what, n == 1 ? "" : "s", end);
}

static unsigned int digits(unsigned int n)
{
	return (unsigned int)snprintf(NULL, 0, "%u", n);
}

static unsigned int widest_cpu(const struct topo_view *v)
{
	unsigned int max = 0;

	for (unsigned int i = 0; i < v->nr_cpus; i++)
		max = KT_MAX(max, v->cpu[i].cpu);
	return digits(max);
}

/* From @i on, the CPUs that share @i's core. */
static unsigned int core_len(const struct topo_view *v, unsigned int i)
{
	unsigned int n = 1;

	while (i + n < v->nr_cpus && v->cpu[i + n].core == v->cpu[i].core &&
	       v->cpu[i + n].llc == v->cpu[i].llc &&
	       v->cpu[i + n].node == v->cpu[i].node)
		n++;
	return n;
}

/* "  LLC 0  [ 0  1] [ 2  3]"; returns the CPU behind the LLC. */
static unsigned int draw_llc(const struct topo_view *v, unsigned int i,
			     FILE *to)
{
	unsigned int llc = v->cpu[i].llc, node = v->cpu[i].node;
	unsigned int width = widest_cpu(v);
	unsigned int indent = 6 + digits(v->nr_llcs ? v->nr_llcs - 1 : 0);
	unsigned int column = indent;

	fprintf(to, "  LLC %*u", (int)(indent - 6), llc);
	while (i < v->nr_cpus && v->cpu[i].llc == llc &&
	       v->cpu[i].node == node) {
		unsigned int n = core_len(v, i);
		unsigned int need = 3 + n * (width + 1);

		if (column + need > WIDTH && column > indent) {
			fprintf(to, "\n%*s", (int)indent, "");
			column = indent;
		}
		fputs("  [", to);
		for (unsigned int k = 0; k < n; k++)
			fprintf(to, "%s%*u", k ? " " : "", (int)width,
				v->cpu[i + k].cpu);
		fputc(']', to);
		column += need;
		i += n;
	}
	fputc('\n', to);
	return i;
}

static void draw_distances(const struct topo_view *v, FILE *to)
{
	if (v->nr_nodes < 2)
		return;
	fputs("\ndistance", to);
	for (unsigned int b = 0; b < v->nr_nodes; b++)
		fprintf(to, " %4u", v->node[b].id);
	fputc('\n', to);
	for (unsigned int a = 0; a < v->nr_nodes; a++) {
		fprintf(to, "  %6u", v->node[a].id);
		for (unsigned int b = 0; b < v->nr_nodes; b++)
			fprintf(to, " %4u", v->distance[a * v->nr_nodes + b]);
		fputc('\n', to);
	}
}

void topo_view__draw(const struct topo_view *v, FILE *to)
{
	unsigned int i = 0;

	fprintf(to, "%s: ", v->title);
	count_of(to, v->nr_cpus, "CPU", ", ");
	count_of(to, v->nr_cores, "core", ", ");
	count_of(to, v->nr_llcs, "LLC", ", ");
	count_of(to, v->nr_nodes, "NUMA node", "\n");
	for (unsigned int node = 0; node < v->nr_nodes; node++) {
		fprintf(to, "\nnode %u:", v->node[node].id);
		if (i < v->nr_cpus && v->cpu[i].node == node) {
			fputs(" CPUs ", to);
			topo_view__cpus(v, node, UINT_MAX, to);
		} else {
			fputs(" no CPUs", to);
		}
		if (v->node[node].memory_mib)
			fprintf(to, ", %llu MiB",
				(unsigned long long)v->node[node].memory_mib);
		fputc('\n', to);
		while (i < v->nr_cpus && v->cpu[i].node == node)
			i = draw_llc(v, i, to);
	}
	draw_distances(v, to);
}

static void json_nodes(const struct topo_view *v, FILE *to)
{
	for (unsigned int a = 0; a < v->nr_nodes; a++) {
		fprintf(to, "%s{\"id\":%u,\"cpus\":\"", a ? "," : "",
			v->node[a].id);
		topo_view__cpus(v, a, UINT_MAX, to);
		fprintf(to, "\",\"memory_mib\":");
		if (v->node[a].memory_mib)
			fprintf(to, "%llu",
				(unsigned long long)v->node[a].memory_mib);
		else
			fputs("null", to);
		fputs(",\"distances\":[", to);
		for (unsigned int b = 0; b < v->nr_nodes; b++)
			fprintf(to, "%s%u", b ? "," : "",
				v->distance[a * v->nr_nodes + b]);
		fputs("]}", to);
	}
}

void topo_view__json(const struct topo_view *v, FILE *to)
{
	fprintf(to, "{\"title\":\"%s\",\"cpus\":[", v->title);
	for (unsigned int i = 0; i < v->nr_cpus; i++)
		fprintf(to, "%s{\"cpu\":%u,\"core\":%u,\"llc\":%u,\"node\":%u}",
			i ? "," : "", v->cpu[i].cpu, v->cpu[i].core,
			v->cpu[i].llc, v->node[v->cpu[i].node].id);
	fputs("],\"llcs\":[", to);
	for (unsigned int llc = 0; llc < v->nr_llcs; llc++) {
		fprintf(to, "%s{\"id\":%u,\"cpus\":\"", llc ? "," : "", llc);
		topo_view__cpus(v, UINT_MAX, llc, to);
		fputs("\"}", to);
	}
	fputs("],\"nodes\":[", to);
	json_nodes(v, to);
	fputs("]}\n", to);
}
