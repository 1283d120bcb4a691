/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Protobuf out: fields appended to a caller's buffer. Ours and not a library's
 * because a tracer turns its whole capture into bytes inside an emulated guest:
 * protobuf-c wants a tree of pointers per packet, nanopb sizes each nested
 * message before it writes it, and both want generated code; here an event
 * becomes bytes as it is said, and no library goes into the ramdisk. The format
 * has four rules: varint, fixed64, length-delimited, nesting.
 *
 * Encoding: https://protobuf.dev/programming-guides/encoding/
 */
#ifndef LIB_PERFETTO_PB_OUT_H
#define LIB_PERFETTO_PB_OUT_H

#include <ktstr/base.h>

/** struct pb_out - a buffer being filled; what does not fit sets @overflow */
struct pb_out {
	u8 *buf;
	size_t len, cap;
	bool overflow;
};

void pb_out__varint(struct pb_out *out, u64 v);
/** pb_out__u64 - field of type uint, int, bool or enum */
void pb_out__u64(struct pb_out *out, unsigned int field, u64 v);
void pb_out__fixed64(struct pb_out *out, unsigned int field, u64 v);
void pb_out__double(struct pb_out *out, unsigned int field, double v);
void pb_out__bytes(struct pb_out *out, unsigned int field, const void *data,
		   size_t len);
void pb_out__str(struct pb_out *out, unsigned int field, const char *text);

/**
 * pb_out__begin - open a nested message
 * Return: what pb_out__end() wants.
 */
size_t pb_out__begin(struct pb_out *out, unsigned int field);
/** pb_out__end - close it: the length is now known and goes in front */
void pb_out__end(struct pb_out *out, size_t mark);

#endif /* LIB_PERFETTO_PB_OUT_H */
