/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest physical memory: memfd-backed slots in one reserved address range.
 * The only way any code may turn a guest address into a host pointer.
 *
 * The guest runs while we look: a pointer stays valid for the machine's life,
 * but the bytes behind it may change between two reads. Copy what you check.
 */
#ifndef VMM_GMEM_H
#define VMM_GMEM_H

#include <ktstr/cpulist.h>
#include <ktstr/topo.h>

#define GMEM_PAGE 4096u
/* RAM stops here and continues at 4 GiB: the hole holds MMIO and the APICs. */
#define GMEM_GAP_START 0xc0000000ULL
#define GMEM_GAP_END 0x100000000ULL
/* One per NUMA node, and one more for the node that the gap cuts. */
#define GMEM_MAX_SLOTS (TOPO_MAX_NODES + 1)

struct gmem_slot {
	u64 gpa;
	u64 len;
	u8 *hva;
	u64 file_off; /* in the memfd */
	unsigned int node;
};

struct gmem {
	int fd; /* memfd */
	u64 size;
	bool huge; /* the host backs the memfd with huge pages */
	bool pool; /* from its pool of them, and mapped up to a whole one */
	struct gmem_slot slot[GMEM_MAX_SLOTS];
	unsigned int nr_slots;
};

/** gmem__init - reserve @size bytes (page multiple) of guest memory, untouched
 */
int gmem__init(struct gmem *gm, u64 size, struct kt_diag *diag);
/**
 * gmem__init_huge - gmem__init() with pages of 2 MiB from the host's pool
 *
 * They are the machine's from now on, so that it cannot run out of them.
 * Return: 0, or -errno when the pool has not enough.
 */
int gmem__init_huge(struct gmem *gm, u64 size);
/** gmem__huge_pages - how many pages of 2 MiB @size bytes take */
u64 gmem__huge_pages(u64 size);
/** gmem__free_huge_pages - how many the host has left */
u64 gmem__free_huge_pages(void);
/** gmem__wrap - one slot at address 0 over the caller's buffer, for tests */
void gmem__wrap(struct gmem *gm, void *buf, u64 size);
/**
 * gmem__layout - slot table of a guest of @size bytes, without any memory
 *
 * For planning: where things would go. gmem__ptr() yields NULL everywhere;
 * nothing to release.
 */
void gmem__layout(struct gmem *gm, u64 size);
/**
 * gmem__split - give the nodes of @t their slots
 * @gm: fresh from gmem__init() or gmem__layout(); topo__check_memory() agreed
 *
 * Memory goes to the nodes in their order, cut again at the gap. Neighbours
 * stay neighbours in host memory, so ranges may still cross nodes.
 */
void gmem__split(struct gmem *gm, const struct topology *t);
/**
 * gmem__bind - take the pages of guest node @node from the host's nodes @mems
 *
 * Before they are touched. Where huge pages cross nodes the lower one has them.
 * Return: 0 or -errno, -ENOSYS where the kernel knows no nodes.
 */
int gmem__bind(const struct gmem *gm, unsigned int node,
	       const struct cpuset *mems);
/** gmem__low_end - end of the RAM that starts at 0 */
u64 gmem__low_end(const struct gmem *gm);
void gmem__fini(struct gmem *gm);

/**
 * gmem__ptr - host pointer for [@gpa, @gpa + @len), NULL when any byte of it
 * is outside RAM or beyond the gap. @len 0 yields NULL.
 */
void *gmem__ptr(const struct gmem *gm, u64 gpa, u64 len);

/** gmem__write / gmem__read - bounds-checked copies; 0 or -EFAULT */
int gmem__write(const struct gmem *gm, u64 gpa, const void *buf, u64 len);
int gmem__read(const struct gmem *gm, u64 gpa, void *buf, u64 len);

/**
 * gmem__map_file - replace guest pages by a private (copy-on-write) mapping
 * @gpa, @off, @len: page multiples; range on one side of the gap
 *
 * The guest then reads the page cache and writes private copies; the memfd
 * does not see them. Return: 0 or -errno.
 */
int gmem__map_file(const struct gmem *gm, u64 gpa, int fd, u64 off, u64 len);

/**
 * gmem__load_file - bring file bytes into guest memory the cheaper way
 *
 * Mapped as gmem__map_file() does, as far as alignment allows, on a host with
 * small pages. Copied where guest memory has huge pages: a file mapping would
 * break them up, and the guest would take one nested page fault per 4 KiB
 * instead of one per 2 MiB. Return: 0, -ENODATA for a file that is too short,
 * -EFAULT outside RAM, or -errno.
 */
int gmem__load_file(const struct gmem *gm, u64 gpa, int fd, u64 off, u64 len);

#endif /* VMM_GMEM_H */
