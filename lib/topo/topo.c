// SPDX-License-Identifier: GPL-2.0
/*
 * Arithmetic over a valid topology: who belongs to whom. For everything that
 * describes a machine to its guest or to a person. Pure, any thread.
 */
#include <ktstr/topo.h>

/* Ordinary DRAM, and memory behind a link, where a node does not say. */
#define DRAM_LATENCY_NS 100u
#define DRAM_BANDWIDTH_MBS 51200u
#define LINK_LATENCY_NS 300u
#define LINK_BANDWIDTH_MBS 20480u

#define MIB_PER_CPU 64u
#define MIN_MIB 256u

unsigned int topo__cpus_per_llc(const struct topology *t)
{
	return t->cores * t->threads;
}

unsigned int topo__nr_cpus(const struct topology *t)
{
	return t->llcs * topo__cpus_per_llc(t);
}

unsigned int topo__thread_of_cpu(const struct topology *t, unsigned int cpu)
{
	return cpu % t->threads;
}

unsigned int topo__core_of_cpu(const struct topology *t, unsigned int cpu)
{
	return cpu / t->threads % t->cores;
}

unsigned int topo__llc_of_cpu(const struct topology *t, unsigned int cpu)
{
	return cpu / topo__cpus_per_llc(t);
}

struct topo_range topo__llcs_of_node(const struct topology *t,
				     unsigned int node)
{
	unsigned int each = t->llcs / t->numa_nodes;
	struct topo_range r = { 0, 0 };

	if (!t->nodes)
		return (struct topo_range){ node * each, each };
	for (unsigned int i = 0; i < node; i++)
		r.first += t->nodes[i].llcs;
	r.nr = t->nodes[node].llcs;
	return r;
}

unsigned int topo__node_of_llc(const struct topology *t, unsigned int llc)
{
	unsigned int node = 0, end = 0;

	if (!t->nodes)
		return llc / (t->llcs / t->numa_nodes);
	for (; node < t->numa_nodes; node++) {
		end += t->nodes[node].llcs;
		if (llc < end)
			break;
	}
	return node;
}

unsigned int topo__node_of_cpu(const struct topology *t, unsigned int cpu)
{
	return topo__node_of_llc(t, topo__llc_of_cpu(t, cpu));
}

static struct topo_range cpus_of_llcs(const struct topology *t,
				      struct topo_range llcs)
{
	unsigned int each = topo__cpus_per_llc(t);

	return (struct topo_range){ llcs.first * each, llcs.nr * each };
}

struct topo_range topo__cpus_of_llc(const struct topology *t, unsigned int llc)
{
	return cpus_of_llcs(t, (struct topo_range){ llc, 1 });
}

struct topo_range topo__cpus_of_node(const struct topology *t,
				     unsigned int node)
{
	return cpus_of_llcs(t, topo__llcs_of_node(t, node));
}

bool topo__is_memory_only(const struct topology *t, unsigned int node)
{
	return !topo__llcs_of_node(t, node).nr;
}

unsigned int topo__distance(const struct topology *t, unsigned int from,
			    unsigned int to)
{
	if (t->distances)
		return t->distances[from * t->numa_nodes + to];
	return from == to ? TOPO_DISTANCE_LOCAL : TOPO_DISTANCE_REMOTE;
}

unsigned int topo__initiator(const struct topology *t, unsigned int node)
{
	unsigned int best = node;

	if (!topo__is_memory_only(t, node))
		return node;
	for (unsigned int i = 0; i < t->numa_nodes; i++) {
		if (topo__is_memory_only(t, i))
			continue;
		if (best == node ||
		    topo__distance(t, i, node) < topo__distance(t, best, node))
			best = i;
	}
	return best;
}

unsigned int topo__latency_ns(const struct topology *t, unsigned int node)
{
	if (t->nodes && t->nodes[node].latency_ns)
		return t->nodes[node].latency_ns;
	return topo__is_memory_only(t, node) ? LINK_LATENCY_NS
					     : DRAM_LATENCY_NS;
}

unsigned int topo__bandwidth_mbs(const struct topology *t, unsigned int node)
{
	if (t->nodes && t->nodes[node].bandwidth_mbs)
		return t->nodes[node].bandwidth_mbs;
	return topo__is_memory_only(t, node) ? LINK_BANDWIDTH_MBS
					     : DRAM_BANDWIDTH_MBS;
}

u64 topo__nodes_memory_mib(const struct topology *t)
{
	u64 sum = 0;

	for (unsigned int i = 0; t->nodes && i < t->numa_nodes; i++)
		sum += t->nodes[i].memory_mib;
	return sum;
}

u64 topo__node_memory_mib(const struct topology *t, unsigned int node,
			  u64 total_mib)
{
	u64 each = total_mib / t->numa_nodes;

	if (t->nodes)
		return t->nodes[node].memory_mib;
	return node + 1 < t->numa_nodes ? each : total_mib - each * node;
}

u64 topo__memory_mib(const struct topology *t, u64 floor_mib)
{
	u64 mib = (u64)topo__nr_cpus(t) * MIB_PER_CPU;

	mib = KT_MAX(mib, (u64)MIN_MIB);
	return KT_MAX(mib, floor_mib);
}

static unsigned int bits_for(unsigned int n)
{
	unsigned int bits = 0;

	while ((1ULL << bits) < n)
		bits++;
	return bits;
}

struct topo_apic_bits topo__apic_bits(const struct topology *t)
{
	unsigned int thread = bits_for(t->threads);

	return (struct topo_apic_bits){
		.core_shift = thread,
		.llc_shift = thread + bits_for(t->cores),
	};
}

u32 topo__apic_id(const struct topology *t, unsigned int cpu)
{
	struct topo_apic_bits bits = topo__apic_bits(t);

	return topo__llc_of_cpu(t, cpu) << bits.llc_shift |
	       topo__core_of_cpu(t, cpu) << bits.core_shift |
	       topo__thread_of_cpu(t, cpu);
}
