/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Protobuf in: the fields of one message, in place, from bytes nobody vouches
 * for. Ours because the check of a trace has to name the offset of what is
 * wrong, which libraries' decoders do not tell, and must not allocate what a
 * file says.
 */
#ifndef LIB_PERFETTO_PB_IN_H
#define LIB_PERFETTO_PB_IN_H

#include <ktstr/base.h>

#include "lib/perfetto/pb-wire.h"

/** struct pb_field - one field; @data points into the message */
struct pb_field {
	unsigned int number;
	enum pb_wire_type type;
	u64 value;	/* of PB_VARINT, PB_FIXED64, PB_FIXED32 */
	const u8 *data; /* of PB_BYTES */
	size_t len;
};

/** struct pb_in - what is left of a message; for a field: {data, data + len} */
struct pb_in {
	const u8 *p, *end;
};

static inline struct pb_in pb_in__of(const struct pb_field *field)
{
	return (struct pb_in){ field->data, field->data + field->len };
}

/**
 * pb_in__next - the next field
 *
 * Return: 1 and the field; 0 at the end; -EBADMSG where no field can start or
 * it is longer than the message: @in->p is then still at its first byte.
 */
int pb_in__next(struct pb_in *in, struct pb_field *ret_field);

/**
 * pb_in__varint - a bare varint, as in packed fields
 * Return: 0, or -EBADMSG (cut short, or longer than 64 bits).
 */
int pb_in__varint(struct pb_in *in, u64 *ret_value);

/** pb_field__double - the value of a PB_FIXED64 field as a double */
double pb_field__double(const struct pb_field *field);

#endif /* LIB_PERFETTO_PB_IN_H */
