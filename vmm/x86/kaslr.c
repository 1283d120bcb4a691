// SPDX-License-Identifier: GPL-2.0
/*
 * KASLR on the host's side; called from arch__load() before any vCPU exists.
 *
 * The table behind the vmlinux (arch/x86/tools/relocs.c) has three lists of
 * 32-bit words, each led by a zero: addresses of 64-bit values to increase, of
 * 32-bit values to decrease (relative to the per-CPU area), of 32-bit values
 * to increase. An address is virtual and sign-extended.
 */
#include "vmm/x86/kaslr.h"

#include <ktstr/fd.h>

/* arch/x86/include/asm/page_64_types.h, for a kernel with RANDOMIZE_BASE */
#define START_KERNEL_MAP 0xffffffff80000000ULL
#define KERNEL_IMAGE_SIZE GIB(1)

u64 kaslr__offset(const struct kimage *img, u64 random)
{
	u64 span = img->init_end - img->start, slots;

	if (!img->relocs_len || img->start + span > KERNEL_IMAGE_SIZE)
		return 0;
	slots = 1 + (KERNEL_IMAGE_SIZE - img->start - span) / img->align;
	return random % slots * img->align;
}

struct patch {
	u8 *base; /* host pointer to img->start */
	u64 start, len;
	u64 offset;
};

static void add64(u8 *at, u64 offset)
{
	u64 v;

	memcpy(&v, at, sizeof(v));
	v += offset;
	memcpy(at, &v, sizeof(v));
}

static void sub32(u8 *at, u64 offset)
{
	u32 v;

	memcpy(&v, at, sizeof(v));
	v -= (u32)offset;
	memcpy(at, &v, sizeof(v));
}

static void add32(u8 *at, u64 offset)
{
	u32 v;

	memcpy(&v, at, sizeof(v));
	v += (u32)offset;
	memcpy(at, &v, sizeof(v));
}

static const struct {
	void (*apply)(u8 *at, u64 offset);
	u64 size;
} lists[] = {
	{ add64, sizeof(u64) },
	{ sub32, sizeof(u32) },
	{ add32, sizeof(u32) },
};

/* One list from @i on; Return: index behind it, 0 when an entry is bad. */
static size_t apply_list(const struct patch *p, unsigned int list,
			 const s32 *table, size_t i, size_t nr, size_t *ret_bad)
{
	for (; i < nr && table[i]; i++) {
		u64 at = (u64)(s64)table[i] - START_KERNEL_MAP - p->start;

		if (at >= p->len || p->len - at < lists[list].size) {
			*ret_bad = i;
			return 0;
		}
		lists[list].apply(p->base + at, p->offset);
	}
	return i;
}

static int apply(const struct patch *p, const s32 *table, size_t nr,
		 struct kt_diag *diag)
{
	size_t i = 0, bad = 0;

	for (unsigned int list = 0; list < ARRAY_SIZE(lists); list++) {
		if (i >= nr || table[i])
			return diag__fail(
				diag, -EINVAL,
				"damaged kernel: its relocation table "
				"of %zu entries has %u of 3 lists",
				nr, list);
		i = apply_list(p, list, table, i + 1, nr, &bad);
		if (!i)
			return diag__fail(
				diag, -EINVAL,
				"damaged kernel: relocation %zu of %zu "
				"points outside it (%#x)",
				bad, nr, (u32)table[bad]);
	}
	return i == nr ? 0
		       : diag__fail(diag, -EINVAL,
				    "damaged kernel: %zu words behind its "
				    "relocation table",
				    nr - i);
}

int kaslr__relocate(const struct gmem *gm, const struct kimage *img, u64 offset,
		    struct kt_diag *diag)
{
	struct patch p = {
		.base = gmem__ptr(gm, img->start, img->end - img->start),
		.start = img->start,
		.len = img->end - img->start,
		.offset = offset,
	};
	s32 *table __free(ptr) = NULL;
	int err;

	if (!offset)
		return 0;
	table = malloc(img->relocs_len);
	if (!p.base || !table)
		return diag__fail(diag, -ENOMEM,
				  "no memory to relocate the kernel");
	err = fd__pread_all(img->fd, table, img->relocs_len, img->relocs_off);
	if (err)
		return diag__fail(diag, err,
				  "cannot read the kernel's relocations: %s",
				  strerror(-err));
	return apply(&p, table, img->relocs_len / sizeof(*table), diag);
}
