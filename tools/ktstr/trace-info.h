/* SPDX-License-Identifier: GPL-2.0 */
/* `ktstr trace --info`: what is in a trace, as text. */
#ifndef TOOLS_KTSTR_TRACE_INFO_H
#define TOOLS_KTSTR_TRACE_INFO_H

#include <ktstr/wprof-pb.h>

/**
 * trace_info__print - summary, CPUs, the threads that ran longest, latencies
 * @path: of the file, for the first line
 * @threads: how many of them at most, 0: all
 */
void trace_info__print(const struct wprof_pb *pb, const char *path,
		       size_t threads, FILE *to);

#endif /* TOOLS_KTSTR_TRACE_INFO_H */
