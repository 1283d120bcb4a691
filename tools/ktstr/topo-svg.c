// SPDX-License-Identifier: GPL-2.0
/*
 * A machine as an SVG picture: a box per node, in it its LLCs, in them their
 * cores with a line per thread. For `ktstr topo --svg`; one thread.
 */
#include "tools/ktstr/topo-view.h"

#define CELL_W 40u
#define CELL_H 18u
#define GAP 8u
#define HEAD 20u
#define CORES_PER_ROW 8u
#define LLCS_PER_ROW 4u

struct layout {
	const struct topo_view *v;
	FILE *to;
	unsigned int threads, cores; /* most of any core, of any LLC */
	unsigned int llc_w, llc_h;
	unsigned int width, y;
};

static bool new_core(const struct topo_view *v, unsigned int i)
{
	return !i || v->cpu[i].core != v->cpu[i - 1].core ||
	       v->cpu[i].llc != v->cpu[i - 1].llc ||
	       v->cpu[i].node != v->cpu[i - 1].node;
}

static bool new_llc(const struct topo_view *v, unsigned int i)
{
	return !i || v->cpu[i].llc != v->cpu[i - 1].llc ||
	       v->cpu[i].node != v->cpu[i - 1].node;
}

static void measure(struct layout *l)
{
	unsigned int threads = 0, cores = 0, cols, rows;

	for (unsigned int i = 0; i < l->v->nr_cpus; i++) {
		threads = new_core(l->v, i) ? 1 : threads + 1;
		if (new_llc(l->v, i))
			cores = 0;
		cores += new_core(l->v, i);
		l->threads = KT_MAX(l->threads, threads);
		l->cores = KT_MAX(l->cores, cores);
	}
	cols = KT_MIN(l->cores, CORES_PER_ROW);
	rows = (l->cores + CORES_PER_ROW - 1) / CORES_PER_ROW;
	l->llc_w = cols * (CELL_W + GAP) + GAP;
	l->llc_h = HEAD + rows * (l->threads * CELL_H + GAP);
	l->width = KT_MIN(l->v->nr_llcs, LLCS_PER_ROW) * (l->llc_w + GAP) +
		   3 * GAP;
	l->width = KT_MAX(l->width, 320u);
}

static void box(const struct layout *l, const char *class, unsigned int x,
		unsigned int y, unsigned int w, unsigned int h)
{
	fprintf(l->to,
		"<rect class=\"%s\" x=\"%u\" y=\"%u\" width=\"%u\" "
		"height=\"%u\"/>\n",
		class, x, y, w, h);
}

static void text(const struct layout *l, unsigned int x, unsigned int y,
		 const char *what, unsigned int number)
{
	fprintf(l->to, "<text x=\"%u\" y=\"%u\">%s%u</text>\n", x, y, what,
		number);
}

/* Return: the CPU behind the LLC that starts at @i. */
static unsigned int draw_llc(const struct layout *l, unsigned int i,
			     unsigned int x, unsigned int y)
{
	unsigned int core = 0, thread = 0, start = i;

	box(l, "llc", x, y, l->llc_w, l->llc_h);
	text(l, x + GAP, y + 15, "LLC ", l->v->cpu[i].llc);
	for (; i < l->v->nr_cpus && (i == start || !new_llc(l->v, i)); i++) {
		unsigned int cx, cy;

		if (i > start && new_core(l->v, i)) {
			core++;
			thread = 0;
		}
		cx = x + GAP + core % CORES_PER_ROW * (CELL_W + GAP);
		cy = y + HEAD +
		     core / CORES_PER_ROW * (l->threads * CELL_H + GAP) +
		     thread * CELL_H;
		box(l, "cpu", cx, cy, CELL_W, CELL_H);
		text(l, cx + 6, cy + 13, "", l->v->cpu[i].cpu);
		thread++;
	}
	return i;
}

static unsigned int draw_node(struct layout *l, unsigned int node,
			      unsigned int i)
{
	unsigned int llcs = 0, rows, height, n = 0;

	for (unsigned int k = i; k < l->v->nr_cpus && l->v->cpu[k].node == node;
	     k++)
		llcs += new_llc(l->v, k);
	rows = (llcs + LLCS_PER_ROW - 1) / LLCS_PER_ROW;
	height = HEAD + GAP + rows * (l->llc_h + GAP);
	box(l, "node", GAP, l->y, l->width - 2 * GAP, height);
	text(l, 2 * GAP, l->y + 15, "node ", l->v->node[node].id);
	while (i < l->v->nr_cpus && l->v->cpu[i].node == node) {
		i = draw_llc(l, i,
			     2 * GAP + n % LLCS_PER_ROW * (l->llc_w + GAP),
			     l->y + HEAD + n / LLCS_PER_ROW * (l->llc_h + GAP));
		n++;
	}
	l->y += height + GAP;
	return i;
}

/* The height is known last, so the drawing is made first. */
void topo_view__svg(const struct topo_view *view, FILE *to)
{
	char *body __free(ptr) = NULL;
	size_t len;
	struct layout l = { .v = view, .to = open_memstream(&body, &len) };
	unsigned int i = 0;

	if (!l.to)
		return;
	measure(&l);
	l.y = HEAD + GAP;
	for (unsigned int node = 0; node < view->nr_nodes; node++)
		i = draw_node(&l, node, i);
	if (fclose(l.to))
		return;
	fprintf(to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" "
		"height=\"%u\" font-family=\"monospace\" font-size=\"12\">\n"
		"<style>.node{fill:#eef;stroke:#336}.llc{fill:#dfe;"
		"stroke:#363}.cpu{fill:#fff;stroke:#666}</style>\n"
		"<text x=\"%u\" y=\"17\">%s</text>\n%s</svg>\n",
		l.width, l.y, GAP, view->title, body);
}
