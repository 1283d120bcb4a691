// SPDX-License-Identifier: GPL-2.0
/* See pb-in.h. For the walker and the query; pure, any thread. */
#include "lib/perfetto/pb-in.h"

/* 29 bits, protobuf's limit. */
#define FIELD_NUMBER_MAX ((1u << 29) - 1)

int pb_in__varint(struct pb_in *in, u64 *ret_value)
{
	const u8 *p = in->p;
	u64 v = 0;

	for (unsigned int i = 0; i < PB_VARINT_MAX && p < in->end; i++) {
		u8 byte = *p++;

		/* The tenth byte has room for one bit. */
		if (i == PB_VARINT_MAX - 1 && byte > 1)
			return -EBADMSG;
		v |= (u64)(byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			in->p = p;
			*ret_value = v;
			return 0;
		}
	}
	return -EBADMSG;
}

static int take_fixed(struct pb_in *in, size_t bytes, u64 *ret_value)
{
	u64 v = 0;

	if ((size_t)(in->end - in->p) < bytes)
		return -EBADMSG;
	for (size_t i = 0; i < bytes; i++)
		v |= (u64)in->p[i] << (8 * i);
	in->p += bytes;
	*ret_value = v;
	return 0;
}

static int take_bytes(struct pb_in *in, struct pb_field *field)
{
	u64 len;

	if (pb_in__varint(in, &len) || len > (size_t)(in->end - in->p))
		return -EBADMSG;
	field->data = in->p;
	field->len = (size_t)len;
	in->p += len;
	return 0;
}

static int take_value(struct pb_in *in, u64 type, struct pb_field *field)
{
	switch (type) {
	case PB_VARINT:
		return pb_in__varint(in, &field->value);
	case PB_FIXED64:
		return take_fixed(in, 8, &field->value);
	case PB_FIXED32:
		return take_fixed(in, 4, &field->value);
	case PB_BYTES:
		return take_bytes(in, field);
	default: /* groups, which Perfetto never had, and nonsense */
		return -EBADMSG;
	}
}

int pb_in__next(struct pb_in *in, struct pb_field *ret_field)
{
	struct pb_field field = { 0 };
	struct pb_in rest = *in;
	u64 tag;

	if (rest.p == rest.end)
		return 0;
	if (pb_in__varint(&rest, &tag) || !(tag >> 3) ||
	    tag >> 3 > FIELD_NUMBER_MAX)
		return -EBADMSG;
	field.number = (unsigned int)(tag >> 3);
	field.type = (enum pb_wire_type)(tag & 7);
	if (take_value(&rest, tag & 7, &field))
		return -EBADMSG;
	*in = rest;
	*ret_field = field;
	return 1;
}

double pb_field__double(const struct pb_field *field)
{
	double v;

	memcpy(&v, &field->value, sizeof(v));
	return v;
}
