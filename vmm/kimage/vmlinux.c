// SPDX-License-Identifier: GPL-2.0
/*
 * vmlinux: an ET_EXEC file whose physical addresses say where each PT_LOAD
 * goes and whose entry is physical, too (arch/x86/kernel/vmlinux.lds.S).
 * Pure; called by kimage.c and the fuzzer.
 */
#include "vmm/kimage/vmlinux.h"
#include "vmm/kimage/bzimage.h"

#include <elf.h>

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

/* 237 thousand relocations, 1 MB, in a distribution's kernel */
#define RELOCS_MAX_BYTES MIB(64)

static const struct {
	u16 machine;
	const char *name;
} machines[] = {
	{ EM_386, "i386" },	   { EM_ARM, "arm" },
	{ EM_AARCH64, "aarch64" }, { EM_RISCV, "riscv" },
	{ EM_PPC, "powerpc" },	   { EM_PPC64, "powerpc64" },
	{ EM_S390, "s390" },	   { EM_MIPS, "mips" },
	{ EM_SPARCV9, "sparc64" }, { EM_LOONGARCH, "loongarch" },
	{ EM_BPF, "bpf" },	   { EM_X86_64, "x86_64" },
};

const char *vmlinux__machine_name(u16 machine)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i].machine == machine)
			return machines[i].name;
	return NULL;
}

bool vmlinux__match(const void *head, size_t len)
{
	return len >= SELFMAG && !memcmp(head, ELFMAG, SELFMAG);
}

static int wrong_machine(const Elf64_Ehdr *eh, struct kt_diag *diag)
{
	const char *name = vmlinux__machine_name(eh->e_machine);

	if (name)
		return diag__fail(
			diag, -ENOEXEC,
			"ELF file is for %s, an x86_64 kernel is needed", name);
	return diag__fail(
		diag, -ENOEXEC,
		"ELF file is for machine %u, an x86_64 kernel (62) is needed",
		eh->e_machine);
}

static int check_header(const Elf64_Ehdr *eh, size_t head_len,
			struct kt_diag *diag)
{
	/* e_machine lies at the same place in both classes. */
	if (eh->e_ident[EI_DATA] != ELFDATA2LSB)
		return diag__fail(
			diag, -ENOEXEC,
			"ELF file is big-endian, an x86_64 kernel is needed");
	if (eh->e_machine != EM_X86_64)
		return wrong_machine(eh, diag);
	if (eh->e_ident[EI_CLASS] != ELFCLASS64)
		return diag__fail(diag, -ENOEXEC,
				  "ELF file is x32 (32-bit class), an x86_64 "
				  "kernel is needed");
	if (eh->e_type != ET_EXEC)
		return diag__fail(
			diag, -ENOEXEC,
			"not a kernel: ELF file of type %u (%s), vmlinux has "
			"%u (executable)",
			eh->e_type,
			eh->e_type == ET_REL	? "object, such as a module"
			: eh->e_type == ET_DYN	? "program or shared library"
			: eh->e_type == ET_CORE ? "core dump"
						: "unknown",
			ET_EXEC);
	if (eh->e_phentsize != sizeof(Elf64_Phdr) || !eh->e_phnum ||
	    eh->e_phoff > head_len ||
	    eh->e_phnum * sizeof(Elf64_Phdr) > head_len - eh->e_phoff)
		return diag__fail(
			diag, -EINVAL,
			"damaged vmlinux: %u program headers at offset %llu",
			eh->e_phnum, (unsigned long long)eh->e_phoff);
	return 0;
}

static int check_load(const Elf64_Phdr *ph, u64 file_size, struct kt_diag *diag)
{
	if (ph->p_filesz > file_size || ph->p_offset > file_size - ph->p_filesz)
		return diag__fail(diag, -EINVAL,
				  "truncated vmlinux: a segment has %llu bytes "
				  "at offset %llu, the file has %llu",
				  (unsigned long long)ph->p_filesz,
				  (unsigned long long)ph->p_offset,
				  (unsigned long long)file_size);
	if (ph->p_filesz > ph->p_memsz || ph->p_memsz > KIMAGE_MAX_BYTES ||
	    ph->p_paddr > UINT64_MAX - ph->p_memsz)
		return diag__fail(diag, -EINVAL,
				  "damaged vmlinux: segment at 0x%llx of %llu "
				  "bytes, %llu in the file (limit 1 GiB)",
				  (unsigned long long)ph->p_paddr,
				  (unsigned long long)ph->p_memsz,
				  (unsigned long long)ph->p_filesz);
	return 0;
}

static int add_segment(struct kimage *img, const Elf64_Phdr *ph,
		       struct kt_diag *diag)
{
	u64 end = ph->p_paddr + ph->p_memsz;

	for (unsigned int i = 0; i < img->nr_seg; i++) {
		const struct kimage_segment *s = &img->seg[i];

		if (ph->p_paddr < s->paddr + s->memsz && s->paddr < end)
			return diag__fail(diag, -EINVAL,
					  "damaged vmlinux: segments at 0x%llx "
					  "and 0x%llx overlap",
					  (unsigned long long)s->paddr,
					  (unsigned long long)ph->p_paddr);
	}
	if (img->nr_seg == KIMAGE_MAX_SEGMENTS)
		return diag__fail(
			diag, -EINVAL,
			"damaged vmlinux: more than %u segments to load",
			KIMAGE_MAX_SEGMENTS);
	img->seg[img->nr_seg++] = (struct kimage_segment){
		.paddr = ph->p_paddr,
		.file_off = ph->p_offset,
		.filesz = ph->p_filesz,
		.memsz = ph->p_memsz,
	};
	img->start = img->nr_seg == 1 ? ph->p_paddr
				      : KT_MIN(img->start, ph->p_paddr);
	img->end = KT_MAX(img->end, end);
	return 0;
}

static bool in_file_part(const struct kimage *img, u64 paddr)
{
	for (unsigned int i = 0; i < img->nr_seg; i++)
		if (paddr >= img->seg[i].paddr &&
		    paddr - img->seg[i].paddr < img->seg[i].filesz)
			return true;
	return false;
}

static int check_whole(const struct kimage *img, struct kt_diag *diag)
{
	if (!img->nr_seg)
		return diag__fail(diag, -EINVAL,
				  "damaged vmlinux: nothing to load");
	if (img->end - img->start > KIMAGE_MAX_BYTES)
		return diag__fail(diag, -EINVAL,
				  "damaged vmlinux: spans %llu bytes from "
				  "0x%llx (limit 1 GiB)",
				  (unsigned long long)(img->end - img->start),
				  (unsigned long long)img->start);
	if (!in_file_part(img, img->entry))
		return diag__fail(diag, -EINVAL,
				  "damaged vmlinux: entry 0x%llx is outside "
				  "everything loaded",
				  (unsigned long long)img->entry);
	return 0;
}

/*
 * A bzImage's payload is a vmlinux with words behind its section headers, the
 * first of them zero; a plain vmlinux ends with those headers.
 */
static void find_relocs(const Elf64_Ehdr *eh, u64 file_size, struct kimage *img)
{
	u64 len, elf_end;

	if (__builtin_add_overflow(
		    eh->e_shoff, (u64)eh->e_shnum * eh->e_shentsize, &elf_end))
		return;
	for (unsigned int i = 0; i < img->nr_seg; i++)
		elf_end = KT_MAX(elf_end,
				 img->seg[i].file_off + img->seg[i].filesz);
	len = elf_end < file_size ? file_size - elf_end : 0;
	if (!len || len % sizeof(u32) || len > RELOCS_MAX_BYTES)
		return;
	img->relocs_off = elf_end;
	img->relocs_len = len;
}

int vmlinux__parse(const void *head, size_t len, u64 file_size,
		   struct kimage *ret_img, struct kt_diag *diag)
{
	struct kimage img = { .fd = -1 };
	Elf64_Ehdr eh;
	int err;

	if (len < sizeof(eh))
		return diag__fail(diag, -EINVAL,
				  "truncated vmlinux: %zu bytes, not even an "
				  "ELF header (%zu)",
				  len, sizeof(eh));
	memcpy(&eh, head, sizeof(eh));
	err = check_header(&eh, len, diag);
	if (err)
		return err;
	for (unsigned int i = 0; i < eh.e_phnum; i++) {
		Elf64_Phdr ph;

		memcpy(&ph, (const u8 *)head + eh.e_phoff + i * sizeof(ph),
		       sizeof(ph));
		if (ph.p_type == PT_INTERP || ph.p_type == PT_TLS)
			return diag__fail(
				diag, -ENOEXEC,
				"not a kernel: an x86_64 user-space program");
		if (ph.p_type != PT_LOAD || !ph.p_memsz)
			continue;
		err = check_load(&ph, file_size, diag);
		if (!err)
			err = add_segment(&img, &ph, diag);
		if (err)
			return err;
	}
	img.entry = eh.e_entry;
	err = check_whole(&img, diag);
	if (err)
		return err;
	img.init_end = img.end;
	img.align = MIB(2);
	find_relocs(&eh, file_size, &img);
	*ret_img = img;
	return 0;
}
