/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shape of a machine: NUMA nodes, last-level caches (LLCs), cores and
 * threads. One model from which CPU numbers, APIC ids, ACPI tables, CPUID and
 * guest memory are made. Pure functions over constant data, any thread.
 *
 * CPUs are numbered LLC by LLC, inside it core by core, inside it thread by
 * thread. LLCs are numbered node by node. Everything but topo__validate() and
 * the functions that say so expects a valid topology.
 */
#ifndef KTSTR_TOPO_H
#define KTSTR_TOPO_H

#include <ktstr/diag.h>

/* Half of what KVM takes, and room in the tables' place for all of them. */
#define TOPO_MAX_CPUS 512u
#define TOPO_MAX_NODES 64u
/* Linux leaves out nodes with less (NODE_MIN_SIZE); and some slack. */
#define TOPO_NODE_MIN_MIB 16u
/* Latency times 25.5, the largest distance, still fits the HMAT's 16 bits. */
#define TOPO_MAX_LATENCY_NS 2500u
#define TOPO_MAX_BANDWIDTH_MBS 6553400u /* 16 bits of 100 MB/s */

/* ACPI 6.5, 5.2.17: to itself, and the first value that means another node. */
#define TOPO_DISTANCE_LOCAL 10u
#define TOPO_DISTANCE_REMOTE 20u

/** enum topo_cache_policy - ACPI 6.5, table 5.150: write policy */
enum topo_cache_policy {
	TOPO_CACHE_POLICY_NONE,
	TOPO_CACHE_WRITE_BACK,
	TOPO_CACHE_WRITE_THROUGH,
	TOPO_CACHE_POLICY_NR,
};

/** enum topo_cache_assoc - ACPI 6.5, table 5.150: associativity */
enum topo_cache_assoc {
	TOPO_CACHE_ASSOC_NONE,
	TOPO_CACHE_DIRECT_MAPPED,
	TOPO_CACHE_ASSOC_COMPLEX,
	TOPO_CACHE_ASSOC_NR,
};

/** struct topo_mem_cache - cache in front of a node's memory; 0 KiB: none */
struct topo_mem_cache {
	u64 size_kib;
	enum topo_cache_assoc assoc;
	enum topo_cache_policy policy;
	unsigned int line_bytes; /* power of two, 1 to 32768 */
};

/** struct topo_node - one node of an explicit topology */
struct topo_node {
	unsigned int llcs; /* 0: memory only, as a CXL expander */
	u64 memory_mib;	   /* 0: CPUs only */
	/* 0: 100 ns and 51200 MB/s, without CPUs 300 ns and 20480 MB/s */
	unsigned int latency_ns;
	unsigned int bandwidth_mbs;
	struct topo_mem_cache cache;
};

/**
 * struct topology - the machine
 * @numa_nodes: nodes, those without CPUs included
 * @llcs: LLCs of the whole machine
 * @cores: cores of each LLC
 * @threads: threads of each core
 * @nodes: @nr_nodes == @numa_nodes rows; NULL: LLCs and memory evenly spread
 * @distances: @nr_distances == @numa_nodes^2 values row by row; NULL: 10 and 20
 *
 * Arrays are borrowed.
 */
struct topology {
	unsigned int numa_nodes, llcs, cores, threads;
	const struct topo_node *nodes;
	unsigned int nr_nodes;
	const u8 *distances;
	unsigned int nr_distances;
};

/** TOPO_EVEN - an evenly spread topology */
#define TOPO_EVEN(_nodes, _llcs, _cores, _threads)  \
	((struct topology){ .numa_nodes = (_nodes), \
			    .llcs = (_llcs),        \
			    .cores = (_cores),      \
			    .threads = (_threads) })

/** struct topo_range - @nr of CPUs or LLCs from @first on */
struct topo_range {
	unsigned int first, nr;
};

/**
 * topo__validate - whether @t describes a machine
 * Return: 0, or -EINVAL with field, value and limit in @diag.
 */
int topo__validate(const struct topology *t, struct kt_diag *diag);

/**
 * topo__check_memory - whether @total_mib can be spread over @t's nodes
 *
 * Explicit nodes sum up to it; evenly spread nodes get at least
 * TOPO_NODE_MIN_MIB each. Return: 0, or -EINVAL with the reason in @diag.
 */
int topo__check_memory(const struct topology *t, u64 total_mib,
		       struct kt_diag *diag);

/** topo__nr_cpus - CPUs of the machine */
unsigned int topo__nr_cpus(const struct topology *t);
/** topo__cpus_per_llc - CPUs that share an LLC */
unsigned int topo__cpus_per_llc(const struct topology *t);

/* Where CPU @cpu < topo__nr_cpus() is; core and thread count within theirs. */
unsigned int topo__thread_of_cpu(const struct topology *t, unsigned int cpu);
unsigned int topo__core_of_cpu(const struct topology *t, unsigned int cpu);
unsigned int topo__llc_of_cpu(const struct topology *t, unsigned int cpu);
unsigned int topo__node_of_cpu(const struct topology *t, unsigned int cpu);
unsigned int topo__node_of_llc(const struct topology *t, unsigned int llc);

/** topo__llcs_of_node - its LLCs; @nr is 0 for a memory-only node */
struct topo_range topo__llcs_of_node(const struct topology *t,
				     unsigned int node);
struct topo_range topo__cpus_of_llc(const struct topology *t, unsigned int llc);
struct topo_range topo__cpus_of_node(const struct topology *t,
				     unsigned int node);

/** topo__is_memory_only - node without CPUs */
bool topo__is_memory_only(const struct topology *t, unsigned int node);
/** topo__distance - relative memory latency between two nodes, 10 = local */
unsigned int topo__distance(const struct topology *t, unsigned int from,
			    unsigned int to);
/** topo__initiator - the node whose CPUs are nearest to @node's memory */
unsigned int topo__initiator(const struct topology *t, unsigned int node);
/** topo__latency_ns / topo__bandwidth_mbs - of @node from its own CPUs */
unsigned int topo__latency_ns(const struct topology *t, unsigned int node);
unsigned int topo__bandwidth_mbs(const struct topology *t, unsigned int node);

/**
 * topo__node_memory_mib - @node's part of @total_mib
 *
 * Explicit nodes have what they say. Otherwise total/nodes, and the last node
 * gets the remainder too.
 */
u64 topo__node_memory_mib(const struct topology *t, unsigned int node,
			  u64 total_mib);
/** topo__nodes_memory_mib - sum over explicit nodes, 0 without them */
u64 topo__nodes_memory_mib(const struct topology *t);
/** topo__memory_mib - what the machine gets: max(64 per CPU, 256, @floor_mib)
 */
u64 topo__memory_mib(const struct topology *t, u64 floor_mib);

/**
 * struct topo_apic_bits - how an APIC id is cut
 *
 * id = llc << llc_shift | core << core_shift | thread, where a level's bits
 * are the fewest that hold its count: ids have gaps where a count is no power
 * of two, as on hardware.
 */
struct topo_apic_bits {
	unsigned int core_shift; /* bits of the thread */
	unsigned int llc_shift;	 /* bits of thread and core */
};

struct topo_apic_bits topo__apic_bits(const struct topology *t);
/** topo__apic_id - of CPU @cpu; strictly ascending with it */
u32 topo__apic_id(const struct topology *t, unsigned int cpu);

/* A label of four numbers, each at most 4 digits, and its NUL. */
#define TOPO_LABEL_SIZE 24u

/** topo__label - "2n4l4c2t"; nodes and distances have no part in it */
void topo__label(const struct topology *t, char buf[TOPO_LABEL_SIZE]);

/**
 * topo__parse_label - the evenly spread topology that @label names
 *
 * Return: 0, or -EINVAL with what was expected where in @diag.
 */
int topo__parse_label(const char *label, struct topology *ret_t,
		      struct kt_diag *diag);

/**
 * topo__scan_label - @label's four numbers, without asking whether they make a
 * machine: for those that add nodes of their own to it
 */
int topo__scan_label(const char *label, struct topology *ret_t,
		     struct kt_diag *diag);

/**
 * topo__parse_node - one node as "llcs=2,memory=512,latency=80"
 *
 * Keys in any order: llcs, memory (MiB), latency (ns), bandwidth (MB/s), cache
 * (KiB), assoc (none, direct, complex), policy (none, back, through), line
 * (bytes, 64). Whether the values are possible is topo__validate()'s question.
 * Return: 0, or -EINVAL with what is wrong where in @diag.
 */
int topo__parse_node(const char *text, struct topo_node *ret_node,
		     struct kt_diag *diag);

/**
 * topo__parse_distances - a matrix as "10,20/20,10"
 * @nr_nodes: 1 to TOPO_MAX_NODES
 * @ret_distances: room for @nr_nodes^2
 *
 * Return: 0, or -EINVAL with what is wrong where in @diag.
 */
int topo__parse_distances(const char *text, unsigned int nr_nodes,
			  u8 *ret_distances, struct kt_diag *diag);

/** struct topo_preset - a named topology */
struct topo_preset {
	const char *name;
	struct topology topology;
};

/** topo_presets - the rows of topo-presets.def */
#define TOPO_NR_PRESETS 24u
extern const struct topo_preset topo_presets[TOPO_NR_PRESETS];

/** topo_preset__find - the preset called @name, or NULL */
const struct topo_preset *topo_preset__find(const char *name);

/**
 * topo__parse - a preset's name or a label
 * Return: 0, or -EINVAL with a message that says both forms.
 */
int topo__parse(const char *text, struct topology *ret_t, struct kt_diag *diag);

/** struct topo_constraints - the topologies that a test can run on */
struct topo_constraints {
	unsigned int min_llcs, max_llcs;
	unsigned int min_cpus, max_cpus;
	unsigned int min_numa_nodes, max_numa_nodes;
	bool requires_smt;
};

/** TOPO_CONSTRAINTS_DEFAULT - initialiser: what a test accepts unless it says
 */
#define TOPO_CONSTRAINTS_DEFAULT                                               \
	{                                                                      \
		.min_llcs = 1, .max_llcs = 12, .min_cpus = 1, .max_cpus = 192, \
		.min_numa_nodes = 1, .max_numa_nodes = 1,                      \
		.requires_smt = false                                          \
	}

/** topo_constraints__validate - no range inverted; 0, or -EINVAL with @diag */
int topo_constraints__validate(const struct topo_constraints *c,
			       struct kt_diag *diag);

/** topo_constraints__refusal - why @c leaves @t out, or NULL: it is accepted */
const char *topo_constraints__refusal(const struct topo_constraints *c,
				      const struct topology *t);

/** struct topo_capacity - what a host can give a machine */
struct topo_capacity {
	unsigned int cpus;
	unsigned int llcs;
	unsigned int cpus_per_llc; /* of the largest LLC */
};

/**
 * topo_capacity__refusal - why the host cannot hold @t, or NULL: it can
 * @pinned: each LLC gets one of the host's own (performance mode); otherwise
 *	only the number of CPUs counts
 */
const char *topo_capacity__refusal(const struct topo_capacity *cap,
				   const struct topology *t, bool pinned);

#endif /* KTSTR_TOPO_H */
