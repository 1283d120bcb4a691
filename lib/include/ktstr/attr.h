/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a test demands of its machine and of its verdict. The fields are listed
 * in ktstr/attr.def. Test authors fill them in through KTSTR_TEST_ATTR() and
 * its siblings (ktstr/harness.h); everybody else gets them complete.
 */
#ifndef KTSTR_ATTR_H
#define KTSTR_ATTR_H

#include <ktstr/result.h>
#include <ktstr/topo.h>

/* "Not said": inherit. Zero and false are answers. */
#define KTSTR_UNSAID 0xffffffffu
#define KTSTR_UNSAID_BOOL (-1)

/* Strings in one list, own and inherited together. */
#define KTSTR_LIST_MAX 16u

#define KTSTR_DEFAULT_MEMORY_MIB 512u
#define KTSTR_DEFAULT_DURATION_S 2u
/* The least that a test body gets when nobody said timeout_s. */
#define KTSTR_DEFAULT_TIMEOUT_S 30u
/* A day: the most that guest init allows. */
#define KTSTR_TIMEOUT_S_MAX 86400u

/** struct ktstr_nodes - NUMA nodes one by one; KTSTR_NODES() makes it */
struct ktstr_nodes {
	const struct topo_node *node;
	unsigned int nr;
};

/** struct ktstr_distances - of all nodes to all; KTSTR_DISTANCES() makes it */
struct ktstr_distances {
	const u8 *value; /* row by row */
	unsigned int nr;
};

/* .nodes = KTSTR_NODES({ .llcs = 2, .memory_mib = 256 }, { ... }) */
#define KTSTR_NODES(...)                                                  \
	(&(const struct ktstr_nodes){                                     \
		.node = (const struct topo_node[]){ __VA_ARGS__ },        \
		.nr = sizeof((const struct topo_node[]){ __VA_ARGS__ }) / \
		      sizeof(struct topo_node) })

/* .distances = KTSTR_DISTANCES(10, 21, 21, 10) */
#define KTSTR_DISTANCES(...)                          \
	(&(const struct ktstr_distances){             \
		.value = (const u8[]){ __VA_ARGS__ }, \
		.nr = sizeof((const u8[]){ __VA_ARGS__ }) })

/**
 * struct ktstr_attr - a test's demands
 *
 * Two uses. As an author's declaration it starts from KTSTR_ATTR_UNSAID and
 * has only some fields said. As the attributes of one test ("complete") every
 * field has its value, unused list entries are NULL, and strings and nodes are
 * borrowed from the declarations. Then .cpus is llcs * cores * threads, and
 * with .nodes, numa_nodes, llcs and memory_mib are what these add up to.
 * Booleans are signed char so that "not said" has a place; write true and
 * false.
 */
struct ktstr_attr {
#define KTSTR__FIELD_UINT(name) unsigned int name
#define KTSTR__FIELD_BOOL(name) signed char name
#define KTSTR__FIELD_TEXT(name) const char *name
#define KTSTR__FIELD_HOOK(name) ktstr_post_vm_fn name
#define KTSTR__FIELD_LIST(name) const char *name[KTSTR_LIST_MAX]
#define KTSTR__FIELD_NODES(name) const struct ktstr_nodes *name
#define KTSTR__FIELD_DISTANCES(name) const struct ktstr_distances *name
#define ATTR(kind, name, dflt, machine, help) KTSTR__FIELD_##kind(name);
#include <ktstr/attr.def>
#undef ATTR
};

/* Start of a declaration: { KTSTR_ATTR_UNSAID, .cpus = 4 } */
#define KTSTR_ATTR_UNSAID                                                     \
	.cpus = KTSTR_UNSAID, .numa_nodes = KTSTR_UNSAID,                     \
	.llcs = KTSTR_UNSAID, .cores = KTSTR_UNSAID, .threads = KTSTR_UNSAID, \
	.memory_mib = KTSTR_UNSAID, .duration_s = KTSTR_UNSAID,               \
	.timeout_s = KTSTR_UNSAID, .cleanup_budget_ms = KTSTR_UNSAID,         \
	.kaslr = KTSTR_UNSAID_BOOL, .host_only = KTSTR_UNSAID_BOOL,           \
	.ignore = KTSTR_UNSAID_BOOL, .expect_fail = KTSTR_UNSAID_BOOL,        \
	.allow_inconclusive = KTSTR_UNSAID_BOOL, .min_llcs = KTSTR_UNSAID,    \
	.max_llcs = KTSTR_UNSAID, .min_cpus = KTSTR_UNSAID,                   \
	.max_cpus = KTSTR_UNSAID, .min_numa_nodes = KTSTR_UNSAID,             \
	.max_numa_nodes = KTSTR_UNSAID, .requires_smt = KTSTR_UNSAID_BOOL,    \
	.performance_mode = KTSTR_UNSAID_BOOL,                                \
	.no_perf_mode = KTSTR_UNSAID_BOOL, .cpu_budget = KTSTR_UNSAID,        \
	.memory_exact = KTSTR_UNSAID_BOOL, .wprof = KTSTR_UNSAID_BOOL

/**
 * ktstr_attr__resolve - the complete attributes of one test
 * @layers: declarations from the least to the most specific (fixture,
 *          variant, test), NULL for one that was not made
 *
 * What a later layer says wins; lists add up, and of sysctls with one key the
 * last is kept. No layer at all yields the defaults. A machine field said in
 * the layer that says host_only, or in a later one, contradicts it.
 *
 * The machine's shape has three forms: .cpus; numa_nodes and llcs with cores
 * and threads; .nodes with cores and threads. One layer keeps to one of them,
 * and a later layer's form replaces an earlier one's; dimensions of one form
 * are inherited one by one.
 * Return: 0, -E2BIG for a list above KTSTR_LIST_MAX, -EINVAL for a
 * contradiction; the message names the fields.
 */
int ktstr_attr__resolve(const struct ktstr_attr *const *layers,
			unsigned int nr_layers, struct ktstr_attr *ret_attr,
			struct kt_diag *diag);

/**
 * ktstr_attr__check - may this test run?
 * @name: of the test, fixture[.variant].test; part of every message
 * @attr: complete
 *
 * Every rule, without touching KVM or the file system: ranges, reserved words
 * of the command line and its length, form of sysctls and tags.
 * Return: 0, or -EINVAL or -E2BIG with test, field, value and limit.
 */
int ktstr_attr__check(const char *name, const struct ktstr_attr *attr,
		      struct kt_diag *diag);

/** ktstr_attr__topology - the machine of complete @attr, borrowing from it */
struct topology ktstr_attr__topology(const struct ktstr_attr *attr);

/**
 * ktstr_attr__set_topology - give complete @attr an evenly spread machine
 *
 * For presets and command lines: replaces whatever shape @attr had.
 */
void ktstr_attr__set_topology(struct ktstr_attr *attr,
			      const struct topology *t);

/** ktstr_attr__says_shape - does declaration @attr say .cpus, .llcs, ...? */
bool ktstr_attr__says_shape(const struct ktstr_attr *attr);

/** ktstr_attr__constraints - which presets complete @attr accepts */
struct topo_constraints ktstr_attr__constraints(const struct ktstr_attr *attr);

/**
 * ktstr_attr__print - complete attributes as TAB key=value, in attr.def's order
 *
 * Booleans are 0 or 1, lists are joined by commas, a hook is 1 when it is set,
 * no text is an empty value. A node is "2l256m", then what else it says, as
 * "300ns", "20480mbs", "1024k" of cache. Stable: look fields up by name.
 */
void ktstr_attr__print(const struct ktstr_attr *attr, FILE *to);

#endif /* KTSTR_ATTR_H */
