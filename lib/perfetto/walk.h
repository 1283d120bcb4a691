/* SPDX-License-Identifier: GPL-2.0 */
/* A trace file, packet by packet; behind ktstr/wprof-pb.h. */
#ifndef LIB_PERFETTO_WALK_H
#define LIB_PERFETTO_WALK_H

#include <ktstr/wprof-pb.h>

#include "lib/perfetto/pb-in.h"

/* The session name by which a trace promises a closing packet. */
#define TRACE_SESSION_NAME "ktprof"

/** struct trace_walk - state of a walk; size, fn and ctx are the caller's */
struct trace_walk {
	u64 size; /* bytes of the file */
	/* Each packet; not 0 ends the walk with that. May be NULL. */
	int (*fn)(void *ctx, u64 offset, struct pb_in packet);
	void *ctx;

	u64 offset; /* of what comes next */
	u64 packets;
	bool promised, closed; /* a closing packet: to come, just seen */
};

/**
 * trace_walk__window - the complete packets of a piece of the file
 * @buf: @len bytes from w->offset on
 * @ret_used: bytes of them that are done with; come back with the rest and more
 * Return: 0, or the walk's end: see wprof_pb__check_valid().
 */
int trace_walk__window(struct trace_walk *w, const u8 *buf, size_t len,
		       size_t *ret_used, struct kt_diag *diag);

/** trace_walk__finish - after the last byte: is it all there? */
int trace_walk__finish(const struct trace_walk *w, struct kt_diag *diag);

/** trace_walk__file - all of @path through @w */
int trace_walk__file(const char *path, struct trace_walk *w,
		     struct kt_diag *diag);

#endif /* LIB_PERFETTO_WALK_H */
