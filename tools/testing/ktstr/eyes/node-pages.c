// SPDX-License-Identifier: GPL-2.0
/*
 * Runs in the guest: for each NUMA node with memory a page bound to it by
 * mbind(2), as "NODE PHYSICAL-ADDRESS" by /proc/self/pagemap. Static: no
 * libnuma goes along.
 */
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NODES 64
#define PAGES 8 /* of each node: one could be there by chance */
#define PAGE 4096ul

/* Documentation/admin-guide/mm/pagemap.rst: bit 63 present, 0 to 54 the frame
 */
static uint64_t frame_of(int pagemap, const void *p)
{
	uint64_t entry = 0;
	off_t at = (off_t)((uintptr_t)p / PAGE * sizeof(entry));

	if (pread(pagemap, &entry, sizeof(entry), at) != sizeof(entry) ||
	    !(entry >> 63))
		return 0;
	return entry & ((1ull << 55) - 1);
}

static int has_memory(int node)
{
	char path[80], line[128];
	unsigned long long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo",
		 node);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Node %*d MemTotal: %llu", &kib) == 1)
			break;
	fclose(f);
	return kib > 0;
}

static int show(int pagemap, unsigned int node)
{
	unsigned long mask = 1ul << node;
	char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 1;
	(void)madvise(p, PAGES * PAGE, MADV_NOHUGEPAGE);
	if (syscall(SYS_mbind, p, PAGES * PAGE, MPOL_BIND, &mask, NODES + 1,
		    0)) {
		perror("mbind");
		return 1;
	}
	memset(p, 1, PAGES * PAGE);
	for (int i = 0; i < PAGES; i++)
		printf("%u %#llx\n", node,
		       (unsigned long long)frame_of(pagemap, p + i * PAGE) *
			       PAGE);
	return munmap(p, PAGES * PAGE) != 0;
}

int main(void)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int status = pagemap < 0;

	for (unsigned int node = 0; node < NODES && !status; node++)
		if (has_memory((int)node))
			status = show(pagemap, node);
	return status;
}
