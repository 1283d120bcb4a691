// SPDX-License-Identifier: GPL-2.0
/*
 * Guest physical memory. One memfd holds all RAM; its pieces, cut at the MMIO
 * gap and between NUMA nodes, are mapped into one reserved address range whose
 * guest addresses and host addresses differ by a constant on each side of the
 * gap. Filled by the
 * loader before vCPUs exist, read by devices on vCPU threads afterwards. The
 * slot table never changes after init, so no lock is needed.
 */
#include "vmm/gmem.h"

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <ktstr/fd.h>

#define HUGE_PAGE MIB(2)
/* MFD_HUGE_2MB of linux/memfd.h, which does not go with sys/mman.h. */
#define MFD_HUGE_PAGE (21u << 26)

static void add_slot(struct gmem *gm, u64 gpa, u64 len, u8 *hva, u64 off)
{
	gm->slot[gm->nr_slots++] = (struct gmem_slot){
		.gpa = gpa,
		.len = len,
		.hva = hva,
		.file_off = off,
	};
}

static void add_slots(struct gmem *gm, u8 *base)
{
	add_slot(gm, 0, KT_MIN(gm->size, (u64)GMEM_GAP_START), base, 0);
	if (gm->size > GMEM_GAP_START)
		add_slot(gm, GMEM_GAP_END, gm->size - GMEM_GAP_START,
			 base ? base + GMEM_GAP_START : NULL, GMEM_GAP_START);
}

/*
 * Huge pages need host and guest addresses that agree modulo 2 MiB: reserve
 * more, map in the middle, give the ends back. NORESERVE: pages exist once
 * somebody touches them, not before.
 */
static u8 *map_aligned(int fd, u64 size, int flags)
{
	u64 room = size + HUGE_PAGE;
	u8 *area, *base;

	area = mmap(NULL, room, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		return NULL;
	base = (u8 *)KT_ALIGN_UP((uintptr_t)area, (uintptr_t)HUGE_PAGE);
	if (mmap(base, size, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED | flags, fd, 0) == MAP_FAILED) {
		int err = errno;

		munmap(area, room);
		errno = err;
		return NULL;
	}
	if (base > area)
		munmap(area, (size_t)(base - area));
	munmap(base + size, room - size - (u64)(base - area));
	return base;
}

/* Whether MADV_HUGEPAGE means something for a memfd on this host. */
static bool host_has_huge_memfd(void)
{
	static const char *const words[] = { "[advise]", "[always]",
					     "[within_size]", "[force]" };
	char *text __free(ptr) = NULL;

	if (fd__read_file("/sys/kernel/mm/transparent_hugepage/shmem_enabled",
			  GMEM_PAGE, &text, NULL))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

int gmem__init(struct gmem *gm, u64 size, struct kt_diag *diag)
{
	int fd __free(fd) = -1;
	u8 *base;

	if (!size || size % GMEM_PAGE || size > (u64)INT64_MAX)
		return diag__fail(diag, -EINVAL,
				  "guest memory of %llu bytes: must be a "
				  "positive multiple of %u",
				  (unsigned long long)size, GMEM_PAGE);
	fd = memfd_create("ktstr-guest", MFD_CLOEXEC);
	if (fd < 0)
		return diag__fail(diag, -errno, "guest memory: memfd: %s",
				  strerror(errno));
	if (ftruncate(fd, (off_t)size))
		return diag__fail(
			diag, -errno, "guest memory: memfd of %llu MiB: %s",
			(unsigned long long)(size >> 20), strerror(errno));
	base = map_aligned(fd, size, MAP_NORESERVE);
	if (!base)
		return diag__fail(diag, -errno,
				  "guest memory: cannot map %llu MiB: %s; use "
				  "less memory",
				  (unsigned long long)(size >> 20),
				  strerror(errno));
	/* A core dump of the VMM should not contain the guest. */
	(void)madvise(base, size, MADV_DONTDUMP);
	(void)madvise(base, size, MADV_HUGEPAGE);
	*gm = (struct gmem){
		.fd = no_free_fd(fd),
		.size = size,
		.huge = host_has_huge_memfd(),
	};
	add_slots(gm, base);
	return 0;
}

u64 gmem__huge_pages(u64 size)
{
	return (size + HUGE_PAGE - 1) / HUGE_PAGE;
}

u64 gmem__free_huge_pages(void)
{
	char *text __free(ptr) = NULL;

	if (fd__read_file("/sys/kernel/mm/hugepages/hugepages-2048kB/"
			  "free_hugepages",
			  GMEM_PAGE, &text, NULL))
		return 0;
	return strtoull(text, NULL, 10);
}

int gmem__init_huge(struct gmem *gm, u64 size)
{
	u64 whole = gmem__huge_pages(size) * HUGE_PAGE;
	int fd __free(fd) = memfd_create(
		"ktstr-guest", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_PAGE);
	u8 *base;

	if (!size || size % GMEM_PAGE || size > (u64)INT64_MAX - HUGE_PAGE)
		return -EINVAL;
	if (fd < 0 || ftruncate(fd, (off_t)whole))
		return -errno;
	/* Reserved: a page that is missing later would be a SIGBUS. */
	base = map_aligned(fd, whole, 0);
	if (!base)
		return -errno;
	(void)madvise(base, whole, MADV_DONTDUMP);
	*gm = (struct gmem){
		.fd = no_free_fd(fd), .size = size, .huge = true, .pool = true
	};
	add_slots(gm, base);
	return 0;
}

int gmem__bind(const struct gmem *gm, unsigned int node,
	       const struct cpuset *mems)
{
	u64 unit = gm->pool ? HUGE_PAGE : GMEM_PAGE;

	for (unsigned int i = 0; i < gm->nr_slots; i++) {
		const struct gmem_slot *s = &gm->slot[i];
		uintptr_t start = KT_ALIGN_UP((uintptr_t)s->hva, unit);
		uintptr_t end = KT_ALIGN_UP((uintptr_t)s->hva + s->len, unit);

		if (s->node != node || !s->hva || start >= end)
			continue;
		/* The kernel looks at one bit less than it is told. */
		if (syscall(SYS_mbind, start, end - start, MPOL_BIND,
			    mems->word, (unsigned long)CPUSET_MAX + 1, 0))
			return -errno;
	}
	return 0;
}

void gmem__layout(struct gmem *gm, u64 size)
{
	*gm = (struct gmem){ .fd = -1, .size = size };
	add_slots(gm, NULL);
}

/* [@off, @off + @len) of all RAM, of which GMEM_GAP_START bytes are low. */
static void add_piece(struct gmem *gm, unsigned int node, u64 off, u64 len,
		      u8 *base)
{
	bool high = off >= GMEM_GAP_START;

	add_slot(gm, high ? off + (GMEM_GAP_END - GMEM_GAP_START) : off, len,
		 base ? base + off : NULL, off);
	gm->slot[gm->nr_slots - 1].node = node;
}

void gmem__split(struct gmem *gm, const struct topology *t)
{
	u8 *base = gm->slot[0].hva;
	u64 off = 0;

	gm->nr_slots = 0;
	for (unsigned int node = 0; node < t->numa_nodes; node++) {
		u64 len = MIB(topo__node_memory_mib(t, node, gm->size >> 20));

		if (off < GMEM_GAP_START && off + len > GMEM_GAP_START) {
			u64 low = GMEM_GAP_START - off;

			add_piece(gm, node, off, low, base);
			off += low;
			len -= low;
		}
		if (len)
			add_piece(gm, node, off, len, base);
		off += len;
	}
}

u64 gmem__low_end(const struct gmem *gm)
{
	u64 end = 0;

	for (unsigned int i = 0; i < gm->nr_slots; i++)
		if (gm->slot[i].gpa == end)
			end += gm->slot[i].len;
	return end;
}

void gmem__wrap(struct gmem *gm, void *buf, u64 size)
{
	*gm = (struct gmem){ .fd = -1, .size = size };
	add_slot(gm, 0, size, buf, 0);
}

void gmem__fini(struct gmem *gm)
{
	/* A wrapped buffer belongs to its owner. */
	if (gm->fd < 0 || !gm->nr_slots)
		return;
	munmap(gm->slot[0].hva,
	       gm->pool ? gmem__huge_pages(gm->size) * HUGE_PAGE : gm->size);
	close(gm->fd);
	*gm = (struct gmem){ .fd = -1 };
}

/* Slots that are one piece of RAM for the host as well. */
static bool adjoin(const struct gmem_slot *a, const struct gmem_slot *b)
{
	return b->gpa - a->gpa == a->len && b->hva == a->hva + a->len;
}

void *gmem__ptr(const struct gmem *gm, u64 gpa, u64 len)
{
	for (unsigned int i = 0; len && i < gm->nr_slots; i++) {
		const struct gmem_slot *s = &gm->slot[i];
		u64 room;

		/* Written so that no sum of guest values can wrap. */
		if (!s->hva || gpa < s->gpa || gpa - s->gpa >= s->len)
			continue;
		room = s->len - (gpa - s->gpa);
		for (; room < len && i + 1 < gm->nr_slots &&
		       adjoin(&gm->slot[i], &gm->slot[i + 1]);
		     i++)
			room += gm->slot[i + 1].len;
		return len <= room ? s->hva + (gpa - s->gpa) : NULL;
	}
	return NULL;
}

int gmem__write(const struct gmem *gm, u64 gpa, const void *buf, u64 len)
{
	void *p = gmem__ptr(gm, gpa, len);

	if (!p)
		return len ? -EFAULT : 0;
	memcpy(p, buf, len);
	return 0;
}

int gmem__read(const struct gmem *gm, u64 gpa, void *buf, u64 len)
{
	const void *p = gmem__ptr(gm, gpa, len);

	if (!p)
		return len ? -EFAULT : 0;
	memcpy(buf, p, len);
	return 0;
}

int gmem__map_file(const struct gmem *gm, u64 gpa, int fd, u64 off, u64 len)
{
	void *p = gmem__ptr(gm, gpa, len);

	if (!len)
		return 0;
	if ((gpa | off | len) % GMEM_PAGE)
		return -EINVAL;
	if (!p)
		return -EFAULT;
	/* A wrapped buffer need not be page aligned, nor ours to map over. */
	if (gm->fd < 0)
		return -EINVAL;
	if (mmap(p, len, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd,
		 (off_t)off) == MAP_FAILED)
		return -errno;
	(void)madvise(p, len, MADV_DONTDUMP);
	return 0;
}

int gmem__load_file(const struct gmem *gm, u64 gpa, int fd, u64 off, u64 len)
{
	bool aligned = !((gpa | off) % GMEM_PAGE);
	u64 mapped = 0;
	void *rest;

	if (aligned && !gm->huge && gm->fd >= 0) {
		int err;

		mapped = KT_ALIGN_DOWN(len, (u64)GMEM_PAGE);
		err = gmem__map_file(gm, gpa, fd, off, mapped);
		if (err)
			return err;
	}
	if (mapped == len)
		return 0;
	rest = gmem__ptr(gm, gpa + mapped, len - mapped);
	if (!rest)
		return -EFAULT;
	return fd__pread_all(fd, rest, len - mapped, off + mapped);
}
