/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Output that the guest left in its memory (MSG_PAGES), made a record like
 * any other. It is copied, because the guest may go on to write there.
 */
#ifndef LIB_SESSION_FETCH_H
#define LIB_SESSION_FETCH_H

#include <ktstr/wire.h>

struct vm;

/* Most bytes of one record; guest init sends a quarter of it. */
#define FETCH_MAX MIB(1)

/** struct fetch - {0} is ready for use; one thread */
struct fetch {
	u8 *buf;
};

void fetch__fini(struct fetch *f);

/** fetch__is_output - does @rec, MSG_PAGES and intact, say STDOUT or STDERR? */
bool fetch__is_output(const struct wire_record *rec);

/**
 * fetch__record - the record that @rec, which fetch__is_output(), stands for
 * @ret_rec: its payload is valid until the next call; its checksum may be bad
 *
 * Return: 0, -EBADMSG when pages and length disagree or are too many, -EFAULT
 * when a page is not guest memory, -ENOMEM.
 */
int fetch__record(struct fetch *f, const struct vm *vm,
		  const struct wire_record *rec, struct wire_record *ret_rec);

#endif /* LIB_SESSION_FETCH_H */
