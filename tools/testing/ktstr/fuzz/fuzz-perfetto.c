// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile trace. First byte: how large the windows are through which it is
 * walked; whatever they are the verdict is the same, what is valid has no
 * valid beginning unless it is cut between packets, and the answers of the
 * query agree with each other.
 */
#include "lib/perfetto/walk.h"

#include <sys/mman.h>

#include <ktstr/fd.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static int walk(const u8 *data, size_t len, size_t window)
{
	struct trace_walk w = { .size = len };
	size_t have = 0, from = 0;

	while (w.offset < len) {
		size_t used;
		int err;

		have = KT_MIN(have + window, len - from);
		err = trace_walk__window(&w, data + from, have, &used, NULL);
		if (err)
			return err;
		if (!used && have == len - from)
			__builtin_trap(); /* asks for more than there is */
		from += used;
		have -= used;
	}
	return trace_walk__finish(&w, NULL);
}

static void check_answers(const struct wprof_pb *pb)
{
	u64 by_cpu = 0, by_thread = 0, slices = 0;

	for (size_t i = 0; i < pb->nr_cpus; i++) {
		by_cpu += pb->cpus[i].run_ns;
		slices += pb->cpus[i].nr_slices;
	}
	for (size_t i = 0; i < pb->nr_threads; i++)
		by_thread += pb->threads[i].run_ns;
	if (by_cpu != by_thread || slices != pb->nr_slices)
		__builtin_trap();
	for (size_t i = 1; i < pb->nr_latencies; i++)
		if (pb->latencies_ns[i] < pb->latencies_ns[i - 1])
			__builtin_trap();
	for (size_t i = 0; i < pb->nr_slices; i++)
		if (pb->slices[i].thread >= pb->nr_threads ||
		    !wprof_pb__cpu(pb, pb->slices[i].cpu))
			__builtin_trap();
	if (wprof_pb__latency_ns(pb, 0) > wprof_pb__latency_ns(pb, 100))
		__builtin_trap();
}

static void query(const u8 *data, size_t len, int valid)
{
	int fd __free(fd) = memfd_create("trace", MFD_CLOEXEC);
	struct wprof_pb *pb __free(wprof_pb) = NULL;
	char path[32];
	int err;

	if (fd < 0 || fd__write_all(fd, data, len))
		__builtin_trap();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (wprof_pb__check_valid(path, NULL) != valid)
		__builtin_trap();
	err = wprof_pb_query(path, &pb, NULL);
	/* Inside packets more can be wrong, but nothing becomes right. */
	if (valid && !err)
		__builtin_trap();
	if (!err)
		check_answers(pb);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	int verdict;

	if (len < 2)
		return 0;
	verdict = walk(data + 1, len - 1, len);
	if (walk(data + 1, len - 1, 1 + (size_t)data[0]) != verdict)
		__builtin_trap();
	query(data + 1, len - 1, verdict);
	return 0;
}
