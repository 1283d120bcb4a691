/* SPDX-License-Identifier: GPL-2.0 */
/* Protobuf's wire format: what reader and writer share. */
#ifndef LIB_PERFETTO_PB_WIRE_H
#define LIB_PERFETTO_PB_WIRE_H

/* Seven bits a byte. */
#define PB_VARINT_MAX 10u

/* https://protobuf.dev/programming-guides/encoding/#structure */
enum pb_wire_type {
	PB_VARINT = 0,
	PB_FIXED64 = 1,
	PB_BYTES = 2,
	PB_FIXED32 = 5,
};

#endif /* LIB_PERFETTO_PB_WIRE_H */
