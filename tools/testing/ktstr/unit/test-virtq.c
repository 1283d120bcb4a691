// SPDX-License-Identifier: GPL-2.0
/* Split virtqueue, device side: order, wrap-around, and every broken ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "vmm/dev/virtq.h"

#define MEM_SIZE 0x10000u
#define AVAIL 0x1000u
#define USED 0x2000u
#define DATA 0x3000u
#define NUM 8u

#define NEXT VRING_DESC_F_NEXT
#define WRITE VRING_DESC_F_WRITE

struct fixture {
	u8 *mem;
	struct gmem gmem;
	struct virtq vq;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	struct virtq_chain chain;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->mem = aligned_alloc(4096, MEM_SIZE);
	assert_non_null(f->mem);
	memset(f->mem, 0, MEM_SIZE);
	gmem__wrap(&f->gmem, f->mem, MEM_SIZE);
	f->desc = (void *)f->mem;
	f->avail = (void *)(f->mem + AVAIL);
	f->used = (void *)(f->mem + USED);
	f->vq = (struct virtq){
		.num_max = VIRTQ_MAX,
		.num = NUM,
		.avail_gpa = AVAIL,
		.used_gpa = USED,
	};
	assert_int_equal(virtq__enable(&f->vq, &f->gmem), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->mem);
	free(f);
	return 0;
}

static void set(struct fixture *f, u16 i, u64 addr, u32 len, u16 flags,
		u16 next)
{
	f->desc[i] = (struct vring_desc){ addr, len, flags, next };
}

static void offer(struct fixture *f, u16 head)
{
	f->avail->ring[f->avail->idx % NUM] = head;
	f->avail->idx++;
}

static int pop(struct fixture *f)
{
	return virtq__pop(&f->vq, &f->gmem, &f->chain);
}

static void pops_in_order(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pop(f), 0);
	assert_false(virtq__has_avail(&f->vq));
	set(f, 5, DATA, 16, NEXT, 2);
	set(f, 2, DATA + 0x100, 1, NEXT | WRITE, 7);
	set(f, 7, MEM_SIZE - 1, 1, WRITE, 0);
	set(f, 1, DATA, 0x100, 0, 0);
	offer(f, 5);
	offer(f, 1);
	assert_true(virtq__has_avail(&f->vq));
	assert_int_equal(pop(f), 1);
	assert_int_equal(f->chain.head, 5);
	assert_int_equal(f->chain.nr_out, 1);
	assert_int_equal(f->chain.nr_in, 2);
	assert_ptr_equal(f->chain.seg[0].ptr, f->mem + DATA);
	assert_int_equal(f->chain.seg[0].len, 16);
	assert_ptr_equal(f->chain.seg[2].ptr, f->mem + MEM_SIZE - 1);
	assert_int_equal(pop(f), 1);
	assert_int_equal(f->chain.head, 1);
	assert_int_equal(pop(f), 0);
	/* Returned in any order. */
	virtq__push(&f->vq, 1, 0);
	assert_int_equal(f->used->idx, 1);
	virtq__push(&f->vq, 5, 2);
	assert_int_equal(f->used->idx, 2);
	assert_int_equal(f->used->ring[0].id, 1);
	assert_int_equal(f->used->ring[1].id, 5);
	assert_int_equal(f->used->ring[1].len, 2);
}

static void indices_wrap(void **state)
{
	struct fixture *f = *state;

	for (u32 i = 0; i < 3 * 65536 + 5; i++) {
		u16 head = (u16)(i % NUM);

		set(f, head, DATA + i % 64, 1, 0, 0);
		offer(f, head);
		assert_int_equal(pop(f), 1);
		assert_int_equal(f->chain.head, head);
		assert_ptr_equal(f->chain.seg[0].ptr, f->mem + DATA + i % 64);
		assert_int_equal(pop(f), 0);
		virtq__push(&f->vq, head, i);
		assert_int_equal(f->used->idx, (u16)(i + 1));
		assert_int_equal(f->used->ring[i % NUM].len, i);
	}
}

static void full_length_chain(void **state)
{
	struct fixture *f = *state;

	for (u16 i = 0; i < NUM; i++)
		set(f, i, DATA, 1, i + 1u < NUM ? NEXT : 0, i + 1);
	offer(f, 0);
	assert_int_equal(pop(f), 1);
	assert_int_equal(f->chain.nr_out, NUM);
}

/* Each breaks the descriptor that is the second of a chain, then its head. */
static void broken_descriptors(void **state)
{
	static const struct vring_desc bad[] = {
		{ DATA, 0, 0, 0 },			/* empty */
		{ MEM_SIZE, 1, 0, 0 },			/* outside */
		{ MEM_SIZE - 1, 2, 0, 0 },		/* over the end */
		{ DATA, 0xffffffff, 0, 0 },		/* huge */
		{ ~0ULL, 1, 0, 0 },			/* address wraps */
		{ ~0ULL - 0xfffffffe, ~0u, 0, 0 },	/* sum wraps to 0 */
		{ DATA, 1, NEXT, 0 },			/* loop through 0 */
		{ DATA, 1, NEXT, 1 },			/* loop on itself */
		{ DATA, 1, NEXT, NUM },			/* next outside */
		{ DATA, 1, NEXT, 0xffff },		/* next outside */
		{ DATA, 16, VRING_DESC_F_INDIRECT, 0 }, /* not offered */
		{ DATA, 1, 0x80, 0 },			/* unknown flag */
		{ 0xc0000000, 16, 0, 0 },		/* the MMIO hole */
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		for (u16 head = 0; head < 2; head++) {
			virtq__reset(&f->vq);
			f->vq.num = NUM;
			f->vq.avail_gpa = AVAIL;
			f->vq.used_gpa = USED;
			assert_int_equal(virtq__enable(&f->vq, &f->gmem), 0);
			f->avail->idx = 0;
			set(f, 0, DATA, 1, NEXT, 1);
			f->desc[1] = bad[i];
			set(f, NUM, DATA, 1, 0, 0); /* fine, were it ours */
			offer(f, head);
			assert_int_equal(pop(f), -EBADMSG);
			/* It stays so, and nothing was given back. */
			assert_int_equal(pop(f), -EBADMSG);
			assert_int_equal(f->used->idx, 0);
		}
	}
}

static void rings_are_checked(void **state)
{
	static const struct {
		u16 num;
		u64 desc, avail, used;
		int err;
	} row[] = {
		{ 1, 0, AVAIL, USED, 0 },
		{ VIRTQ_MAX, 0, AVAIL, USED, 0 },
		{ 2 * VIRTQ_MAX, 0, AVAIL, USED, -EINVAL },
		{ 0, 0, AVAIL, USED, -EINVAL },
		{ 6, 0, AVAIL, USED, -EINVAL },
		{ NUM, 8, AVAIL, USED, -EINVAL },
		{ NUM, 0, AVAIL + 1, USED, -EINVAL },
		{ NUM, 0, AVAIL, USED + 2, -EINVAL },
		{ NUM, MEM_SIZE - 16 * NUM, AVAIL, USED, 0 },
		{ NUM, MEM_SIZE - 16 * NUM + 16, AVAIL, USED, -EFAULT },
		{ NUM, 0, MEM_SIZE - 4 - 2 * NUM, USED, 0 },
		{ NUM, 0, MEM_SIZE - 2 - 2 * NUM, USED, -EFAULT },
		{ NUM, 0, AVAIL, MEM_SIZE - 4 - 8 * NUM, 0 },
		{ NUM, 0, AVAIL, MEM_SIZE - 8 * NUM, -EFAULT },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		virtq__reset(&f->vq);
		f->vq.num = row[i].num;
		f->vq.desc_gpa = row[i].desc;
		f->vq.avail_gpa = row[i].avail;
		f->vq.used_gpa = row[i].used;
		assert_int_equal(virtq__enable(&f->vq, &f->gmem), row[i].err);
		assert_int_equal(f->vq.ready, !row[i].err);
	}
}

static void broken_order(void **state)
{
	struct fixture *f = *state;

	set(f, 0, DATA, 1, NEXT | WRITE, 1);
	set(f, 1, DATA, 1, 0, 0);
	offer(f, 0);
	assert_int_equal(pop(f), -EBADMSG);
}

static void broken_avail(void **state)
{
	struct fixture *f = *state;

	set(f, 0, DATA, 1, 0, 0);
	f->avail->idx = NUM + 1; /* more than there are */
	assert_int_equal(pop(f), -EBADMSG);
	f->avail->idx = 0xffff; /* backwards */
	assert_int_equal(pop(f), -EBADMSG);
	f->avail->idx = NUM;
	for (u16 i = 0; i < NUM; i++)
		assert_int_equal(pop(f), 1);
	f->avail->ring[0] = NUM;
	f->avail->idx++;
	assert_int_equal(pop(f), -EBADMSG);
	f->avail->ring[0] = 0xffff;
	assert_int_equal(pop(f), -EBADMSG);
}

static void queue_not_ready_is_empty(void **state)
{
	struct fixture *f = *state;

	set(f, 0, DATA, 1, 0, 0);
	offer(f, 0);
	virtq__reset(&f->vq);
	assert_int_equal(f->vq.num_max, VIRTQ_MAX);
	assert_int_equal(pop(f), 0);
	assert_false(virtq__has_avail(&f->vq));
	assert_false(virtq__wants_irq(&f->vq));
	virtq__set_notify(&f->vq, false); /* touches no ring */
	assert_int_equal(f->used->flags, 0);
}

static void suppression_flags(void **state)
{
	struct fixture *f = *state;

	assert_true(virtq__wants_irq(&f->vq));
	f->avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	assert_false(virtq__wants_irq(&f->vq));
	f->avail->flags = 0xfffe; /* only the lowest bit means anything */
	assert_true(virtq__wants_irq(&f->vq));
	virtq__set_notify(&f->vq, false);
	assert_int_equal(f->used->flags, VRING_USED_F_NO_NOTIFY);
	virtq__set_notify(&f->vq, true);
	assert_int_equal(f->used->flags, 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(pops_in_order),     T(indices_wrap),
		T(full_length_chain), T(broken_descriptors),
		T(rings_are_checked), T(broken_order),
		T(broken_avail),      T(queue_not_ready_is_empty),
		T(suppression_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
