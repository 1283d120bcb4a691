// SPDX-License-Identifier: GPL-2.0
/*
 * The attributes that give a machine its shape: their three forms, how one
 * replaces another, and what they come to. Called by attr-table.c and
 * attr-check.c; pure.
 */
#include "lib/session/attr-internal.h"

#include "lib/session/session-internal.h"

/* Beyond every limit, so that checks still see that it is too much. */
#define BEYOND (KTSTR_UNSAID - 1)

#define DEFAULT_CORES 2u

static bool says(unsigned int value)
{
	return value != KTSTR_UNSAID;
}

static bool says_dimension(const struct ktstr_attr *a)
{
	return says(a->numa_nodes) || says(a->llcs) || says(a->cores) ||
	       says(a->threads);
}

/* One declaration that says a thing in two ways, which may differ. */
static int check_forms(const struct ktstr_attr *a, struct kt_diag *diag)
{
	const struct {
		const char *field;
		bool said, with_cpus, with_nodes;
	} fields[] = {
		{ "numa_nodes", says(a->numa_nodes), true, true },
		{ "llcs", says(a->llcs), true, true },
		{ "cores", says(a->cores), true, false },
		{ "threads", says(a->threads), true, false },
		{ "nodes", a->nodes != NULL, true, false },
		{ "distances", a->distances != NULL, true, false },
		{ "memory_mib", says(a->memory_mib), false, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!fields[i].said)
			continue;
		if (fields[i].with_cpus && says(a->cpus))
			return diag__fail(diag, -EINVAL,
					  ".cpus = %u and .%s: .cpus is short "
					  "for that many cores in one LLC; say "
					  "one of the two",
					  a->cpus, fields[i].field);
		if (fields[i].with_nodes && a->nodes)
			return diag__fail(diag, -EINVAL,
					  ".nodes and .%s: each of the %u "
					  "nodes says its own; take .%s away",
					  fields[i].field, a->nodes->nr,
					  fields[i].field);
	}
	return 0;
}

bool ktstr_attr__says_shape(const struct ktstr_attr *attr)
{
	return says(attr->cpus) || says_dimension(attr) || attr->nodes ||
	       attr->distances;
}

static void forget_nodes(struct ktstr_attr *to)
{
	if (!to->nodes)
		return;
	to->nodes = NULL;
	to->distances = NULL;
	to->memory_mib = KTSTR_DEFAULT_MEMORY_MIB;
}

static void forget_cpus(struct ktstr_attr *to)
{
	if (!says(to->cpus))
		return;
	to->cpus = KTSTR_UNSAID;
	to->cores = DEFAULT_CORES;
}

int attr_shape__merge(struct ktstr_attr *to, const struct ktstr_attr *from,
		      struct kt_diag *diag)
{
	int err = check_forms(from, diag);

	if (err)
		return err;
	if (says(from->cpus)) {
		forget_nodes(to);
		to->numa_nodes = to->llcs = to->threads = 1;
		to->distances = NULL;
	}
	if (says(from->numa_nodes) || says(from->llcs))
		forget_nodes(to);
	if (says(from->numa_nodes) || from->nodes)
		to->distances = NULL;
	if (says_dimension(from) || from->nodes)
		forget_cpus(to);
	if (from->nodes)
		to->numa_nodes = to->llcs = 1;
	if (to->nodes && says(from->memory_mib))
		return diag__fail(diag, -EINVAL,
				  ".memory_mib = %u: the inherited .nodes say "
				  "the memory of each",
				  from->memory_mib);
	return 0;
}

static unsigned int cap(u64 value)
{
	return (unsigned int)KT_MIN(value, (u64)BEYOND);
}

static unsigned int count_cpus(const struct ktstr_attr *a)
{
	u64 n = KT_MIN((u64)a->llcs * a->cores, (u64)BEYOND);

	return cap(n * a->threads);
}

void attr_shape__fill(struct ktstr_attr *attr)
{
	if (attr->nodes) {
		u64 llcs = 0, mib = 0;

		for (unsigned int i = 0; i < attr->nodes->nr; i++) {
			const struct topo_node *n = &attr->nodes->node[i];

			llcs += n->llcs;
			mib += KT_MIN(n->memory_mib, (u64)BEYOND);
		}
		attr->numa_nodes = attr->nodes->nr;
		attr->llcs = cap(llcs);
		attr->memory_mib = cap(mib);
	}
	if (says(attr->cpus))
		attr->cores = attr->cpus;
	attr->cpus = count_cpus(attr);
}

struct topology ktstr_attr__topology(const struct ktstr_attr *attr)
{
	struct topology t = TOPO_EVEN(attr->numa_nodes, attr->llcs, attr->cores,
				      attr->threads);

	if (attr->nodes) {
		t.nodes = attr->nodes->node;
		t.nr_nodes = attr->nodes->nr;
	}
	if (attr->distances) {
		t.distances = attr->distances->value;
		t.nr_distances = attr->distances->nr;
	}
	return t;
}

void ktstr_attr__set_topology(struct ktstr_attr *attr, const struct topology *t)
{
	attr->numa_nodes = t->numa_nodes;
	attr->llcs = t->llcs;
	attr->cores = t->cores;
	attr->threads = t->threads;
	attr->nodes = NULL;
	attr->distances = NULL;
	attr->cpus = count_cpus(attr);
}

struct topo_constraints ktstr_attr__constraints(const struct ktstr_attr *attr)
{
	return (struct topo_constraints){
		.min_llcs = attr->min_llcs,
		.max_llcs = attr->max_llcs,
		.min_cpus = attr->min_cpus,
		.max_cpus = attr->max_cpus,
		.min_numa_nodes = attr->min_numa_nodes,
		.max_numa_nodes = attr->max_numa_nodes,
		.requires_smt = attr->requires_smt > 0,
	};
}

/* --- rules --------------------------------------------------------------- */

/* In the words in which a test most likely said it. */
static int check_dimensions(const struct ktstr_attr *a, struct kt_diag *diag)
{
	const struct {
		const char *field;
		unsigned int value, max;
	} fields[] = {
		{ "numa_nodes", a->numa_nodes, TOPO_MAX_NODES },
		{ "llcs", a->llcs, TOPO_MAX_CPUS },
		{ "cores", a->cores, TOPO_MAX_CPUS },
		{ "threads", a->threads, TOPO_MAX_CPUS },
	};
	bool flat = a->numa_nodes == 1 && a->llcs == 1 && a->threads == 1;

	if (flat && (!a->cpus || a->cpus > TOPO_MAX_CPUS))
		return diag__fail(diag, -EINVAL, ".cpus = %u is outside 1..%u",
				  a->cpus, TOPO_MAX_CPUS);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (!fields[i].value || fields[i].value > fields[i].max)
			return diag__fail(diag, -EINVAL,
					  ".%s = %u is outside 1..%u",
					  fields[i].field, fields[i].value,
					  fields[i].max);
	if (a->cpus > TOPO_MAX_CPUS)
		return diag__fail(diag, -EINVAL,
				  ".llcs = %u times .cores = %u times .threads "
				  "= %u are %u CPUs, at most %u",
				  a->llcs, a->cores, a->threads, a->cpus,
				  TOPO_MAX_CPUS);
	return 0;
}

static int check_nodes_memory(const struct ktstr_attr *a, struct kt_diag *diag)
{
	struct topology t = ktstr_attr__topology(a);
	u64 least = topo__memory_mib(&t, 0);

	if (a->nodes && a->memory_mib < least)
		return diag__fail(diag, -EINVAL,
				  ".nodes: memory_mib of all nodes are %u, a "
				  "machine with %u CPUs needs %llu",
				  a->memory_mib, a->cpus,
				  (unsigned long long)least);
	return topo__check_memory(&t, KT_MAX((u64)a->memory_mib, least), diag);
}

static int check_constraints(const struct ktstr_attr *a, struct kt_diag *diag)
{
	struct topo_constraints c = ktstr_attr__constraints(a);

	return topo_constraints__validate(&c, diag);
}

int attr_shape__check(const struct ktstr_attr *attr, struct kt_diag *diag)
{
	struct topology t = ktstr_attr__topology(attr);
	int err = 0;

	/* Of .nodes the messages below say more. */
	if (!attr->nodes)
		err = check_dimensions(attr, diag);
	if (!err)
		err = topo__validate(&t, diag);
	if (!err && attr->cpus != topo__nr_cpus(&t))
		err = diag__fail(diag, -EINVAL,
				 ".cpus = %u, but %u llcs * %u cores * %u "
				 "threads",
				 attr->cpus, attr->llcs, attr->cores,
				 attr->threads);
	if (!err)
		err = check_nodes_memory(attr, diag);
	return err ? err : check_constraints(attr, diag);
}
