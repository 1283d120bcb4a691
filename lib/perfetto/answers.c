// SPDX-License-Identifier: GPL-2.0
/* Look-ups in a trace that was read; see ktstr/wprof-pb.h. Any thread. */
#include <ktstr/wprof-pb.h>

void wprof_pb__free(struct wprof_pb *pb)
{
	if (!pb)
		return;
	free((void *)(uintptr_t)pb->cpus);
	free((void *)(uintptr_t)pb->threads);
	free((void *)(uintptr_t)pb->slices);
	free((void *)(uintptr_t)pb->latencies_ns);
	free(pb);
}

const struct wprof_pb_cpu *wprof_pb__cpu(const struct wprof_pb *pb,
					 unsigned int cpu)
{
	for (size_t i = 0; i < pb->nr_cpus; i++)
		if (pb->cpus[i].cpu == cpu)
			return &pb->cpus[i];
	return NULL;
}

const struct wprof_pb_thread *wprof_pb__thread(const struct wprof_pb *pb,
					       int tid)
{
	for (size_t i = 0; i < pb->nr_threads; i++)
		if (pb->threads[i].tid == tid)
			return &pb->threads[i];
	return NULL;
}

const struct wprof_pb_thread *wprof_pb__thread_named(const struct wprof_pb *pb,
						     const char *name)
{
	for (size_t i = 0; i < pb->nr_threads; i++)
		if (!strcmp(pb->threads[i].name, name))
			return &pb->threads[i];
	return NULL;
}

/* Nearest rank: the smallest value that covers @percent of all. */
u64 wprof_pb__latency_ns(const struct wprof_pb *pb, double percent)
{
	double rank = percent / 100 * (double)pb->nr_latencies;
	size_t i;

	if (!pb->nr_latencies)
		return 0;
	if (!(rank > 1)) /* also when it is no number */
		return pb->latencies_ns[0];
	if (rank >= (double)pb->nr_latencies)
		return pb->latencies_ns[pb->nr_latencies - 1];
	i = (size_t)rank;
	return pb->latencies_ns[(double)i < rank ? i : i - 1];
}
