// SPDX-License-Identifier: GPL-2.0
/*
 * Linux/x86 64-bit boot protocol. Runs once per machine, from vm__new(),
 * before any vCPU exists.
 */
#include "vmm/x86/boot.h"

#include "vmm/x86/layout.h"

/* Boot protocol 2.15 (Linux 5.5): the newest, fields we do not set are 0. */
#define BOOT_PROTOCOL_VERSION 0x020f
#define BOOT_MAGIC 0x53726448u /* "HdrS" */
#define BOOT_FLAG 0xaa55u
#define BOOT_LOADER_UNDEFINED 0xffu

#define PTE_PRESENT 0x1ULL
#define PTE_WRITE 0x2ULL
#define PTE_LARGE 0x80ULL

static u64 mib_up(u64 bytes)
{
	return (bytes + MIB(1) - 1) >> 20;
}

unsigned int boot__e820(const struct gmem *gm, struct boot_e820_entry *table)
{
	unsigned int n = 0;

	table[n++] = (struct boot_e820_entry){ 0, X86_LOWMEM_END, 1 };
	table[n++] = (struct boot_e820_entry){
		X86_LOWMEM_END, X86_HIGHMEM_START - X86_LOWMEM_END, 2
	};
	table[n++] = (struct boot_e820_entry){
		X86_HIGHMEM_START, gmem__low_end(gm) - X86_HIGHMEM_START, 1
	};
	if (gm->size > gmem__low_end(gm))
		table[n++] = (struct boot_e820_entry){
			GMEM_GAP_END, gm->size - gmem__low_end(gm), 1
		};
	return n;
}

int boot__check_kernel(const struct gmem *gm, const struct kimage *img,
		       struct kt_diag *diag)
{
	if (img->start < X86_HIGHMEM_START)
		return diag__fail(diag, -EINVAL,
				  "kernel wants to be loaded at %#llx, below 1 "
				  "MiB: not a Linux vmlinux?",
				  (unsigned long long)img->start);
	if (img->init_end > gmem__low_end(gm))
		return diag__fail(
			diag, -ENOMEM,
			"memory of %llu MiB is too small: this kernel alone "
			"needs %llu MiB below 3 GiB; raise the memory size",
			(unsigned long long)(gm->size >> 20),
			(unsigned long long)mib_up(img->init_end));
	return 0;
}

int boot__load_kernel(const struct gmem *gm, const struct kimage *img,
		      struct kt_diag *diag)
{
	int err = boot__check_kernel(gm, img, diag);

	if (err)
		return err;
	for (unsigned int i = 0; i < img->nr_seg; i++) {
		const struct kimage_segment *s = &img->seg[i];

		if (!s->filesz)
			continue;
		err = gmem__load_file(gm, s->paddr, img->fd, s->file_off,
				      s->filesz);
		if (err)
			return diag__fail(
				diag, err,
				"kernel segment %u (%llu bytes at %#llx): %s",
				i, (unsigned long long)s->filesz,
				(unsigned long long)s->paddr, strerror(-err));
	}
	return 0;
}

int boot__place_initrd(const struct gmem *gm, u64 kernel_end, u64 len,
		       struct boot_initrd *ret_place, struct kt_diag *diag)
{
	u64 floor = KT_ALIGN_UP(kernel_end, (u64)GMEM_PAGE);
	u64 top = gmem__low_end(gm);

	if (!len) {
		*ret_place = (struct boot_initrd){ 0, 0 };
		return 0;
	}
	/* The protocol's ramdisk_size has 32 bits; low RAM is less anyway. */
	if (len > top)
		return diag__fail(diag, -ENOMEM,
				  "initrd of %llu MiB is larger than the "
				  "guest's %llu MiB of memory below 3 GiB; at "
				  "least %llu MiB are needed",
				  (unsigned long long)mib_up(len),
				  (unsigned long long)(top >> 20),
				  (unsigned long long)mib_up(floor + len));
	if (KT_ALIGN_DOWN(top - len, (u64)GMEM_PAGE) < floor)
		return diag__fail(diag, -ENOMEM,
				  "memory of %llu MiB is too small for the "
				  "kernel (up to %llu MiB) and an initrd of "
				  "%llu MiB; at least %llu MiB are needed",
				  (unsigned long long)(gm->size >> 20),
				  (unsigned long long)mib_up(floor),
				  (unsigned long long)mib_up(len),
				  (unsigned long long)mib_up(floor + len));
	*ret_place = (struct boot_initrd){
		.gpa = KT_ALIGN_DOWN(top - len, (u64)GMEM_PAGE),
		.len = len,
	};
	return 0;
}

int boot__initrd_len(const struct vm_initrd_part *part, unsigned int nr,
		     u64 *ret_len, struct kt_diag *diag)
{
	u64 len = 0;

	for (unsigned int i = 0; i < nr; i++)
		if (__builtin_add_overflow(len, part[i].len, &len))
			return diag__fail(diag, -EINVAL,
					  "initrd parts exceed 2^64 bytes");
	*ret_len = len;
	return 0;
}

int boot__load_initrd(const struct gmem *gm, u64 kernel_end,
		      const struct vm_initrd_part *part, unsigned int nr,
		      struct boot_initrd *ret_place, struct kt_diag *diag)
{
	struct boot_initrd place;
	u64 len = 0, gpa;
	int err = boot__initrd_len(part, nr, &len, diag);

	if (err)
		return err;
	err = boot__place_initrd(gm, kernel_end, len, &place, diag);
	if (err)
		return err;
	gpa = place.gpa;
	for (unsigned int i = 0; i < nr; gpa += part[i++].len) {
		if (part[i].fd >= 0)
			err = gmem__load_file(gm, gpa, part[i].fd, 0,
					      part[i].len);
		else
			err = gmem__write(gm, gpa, part[i].data, part[i].len);
		if (err)
			return diag__fail(diag, err, "initrd part %u: %s", i,
					  err == -ENODATA
						  ? "file is shorter than said"
						  : strerror(-err));
	}
	*ret_place = place;
	return 0;
}

/* Whether @word stands alone on the command line, before any "--". */
static bool cmdline_has(const char *cmdline, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = cmdline; *p;) {
		size_t n = strcspn(p, " \t\n");

		if (n == 2 && !strncmp(p, "--", 2))
			return false;
		if (n == len && !strncmp(p, word, n))
			return true;
		p += n;
		p += strspn(p, " \t\n");
	}
	return false;
}

bool boot__wants_kaslr(const char *cmdline)
{
	return !cmdline_has(cmdline, "nokaslr");
}

int boot__write_params(const struct gmem *gm, const struct kimage *img,
		       const char *cmdline, const struct boot_initrd *initrd,
		       u64 rsdp_gpa, struct kt_diag *diag)
{
	struct boot_params *bp = gmem__ptr(gm, X86_ZERO_PAGE_ADDR, sizeof(*bp));
	size_t len = strlen(cmdline);
	int err;

	if (len > VM_CMDLINE_MAX)
		return diag__fail(diag, -E2BIG,
				  "kernel command line of %zu bytes: the limit "
				  "is %u; shorten it",
				  len, VM_CMDLINE_MAX);
	err = gmem__write(gm, X86_CMDLINE_ADDR, cmdline, len + 1);
	if (err || !bp)
		return diag__fail(diag, -EFAULT, "no memory for the zero page");
	memset(bp, 0, sizeof(*bp));
	bp->acpi_rsdp_addr = rsdp_gpa;
	bp->e820_entries = (u8)boot__e820(gm, bp->e820_table);
	bp->hdr.header = BOOT_MAGIC;
	bp->hdr.version = BOOT_PROTOCOL_VERSION;
	bp->hdr.boot_flag = BOOT_FLAG;
	bp->hdr.type_of_loader = BOOT_LOADER_UNDEFINED;
	bp->hdr.loadflags = LOADED_HIGH;
	if (boot__wants_kaslr(cmdline))
		bp->hdr.loadflags |= KASLR_FLAG;
	bp->hdr.cmd_line_ptr = X86_CMDLINE_ADDR;
	bp->hdr.cmdline_size = VM_CMDLINE_MAX;
	bp->hdr.kernel_alignment = (u32)img->align;
	bp->hdr.pref_address = img->start;
	bp->hdr.init_size = (u32)(img->init_end - img->start);
	if (initrd->len) {
		bp->hdr.ramdisk_image = (u32)initrd->gpa;
		bp->hdr.ramdisk_size = (u32)initrd->len;
	}
	return 0;
}

int boot__write_tables(const struct gmem *gm)
{
	/* The protocol wants __BOOT_CS = 0x10 and __BOOT_DS = 0x18. */
	static const u64 gdt[] = {
		0, 0, 0x00af9b000000ffffULL, /* 64-bit code, ring 0 */
		0x00cf93000000ffffULL,	     /* data, ring 0 */
	};
	u64 *pml4 = gmem__ptr(gm, X86_PML4_ADDR, GMEM_PAGE);
	u64 *pdpt = gmem__ptr(gm, X86_PDPT_ADDR, GMEM_PAGE);
	u64 *pd = gmem__ptr(gm, X86_PD_ADDR, (u64)X86_IDENTITY_GIB * GMEM_PAGE);

	if (!pml4 || !pdpt || !pd)
		return -EFAULT;
	pml4[0] = X86_PDPT_ADDR | PTE_PRESENT | PTE_WRITE;
	for (u64 i = 0; i < X86_IDENTITY_GIB; i++)
		pdpt[i] =
			(X86_PD_ADDR + i * GMEM_PAGE) | PTE_PRESENT | PTE_WRITE;
	for (u64 i = 0; i < (u64)X86_IDENTITY_GIB * 512; i++)
		pd[i] = (i << 21) | PTE_PRESENT | PTE_WRITE | PTE_LARGE;
	return gmem__write(gm, X86_GDT_ADDR, gdt, sizeof(gdt));
}
