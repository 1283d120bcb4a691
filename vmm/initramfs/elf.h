/* SPDX-License-Identifier: GPL-2.0 */
/* What packing needs to know about a user-space ELF file. */
#ifndef VMM_INITRAMFS_ELF_H
#define VMM_INITRAMFS_ELF_H

#include <ktstr/diag.h>

#define ELF_MAX_NEEDED 512u
#define ELF_MAX_STRTAB MIB(64)

struct elf_info {
	u8 class;     /* ELFCLASS32, ELFCLASS64 */
	u16 machine;  /* EM_* */
	u64 file_end; /* first byte behind everything program headers name */
	char *interp; /* PT_INTERP or NULL */
	char *rpath;  /* DT_RPATH or NULL; the list as written */
	char *runpath;
	char **needed; /* DT_NEEDED in order */
	size_t nr_needed;
};

/**
 * elf_info__read - read the program headers and the dynamic section of @fd
 *
 * Section headers are not looked at: they may be stripped and the dynamic
 * linker does not need them either. Every offset is checked against the file.
 * Return: 0, -ENOEXEC when it is no ELF file (no message), -EINVAL with a
 * message for a damaged one, or -errno. Release with elf_info__fini().
 */
int elf_info__read(int fd, struct elf_info *ret_info, struct kt_diag *diag);

/** elf_info__parse - the same on memory */
int elf_info__parse(const void *buf, size_t len, struct elf_info *ret_info,
		    struct kt_diag *diag);

void elf_info__fini(struct elf_info *info);
DEFINE_FREE(elf_info, struct elf_info, elf_info__fini(&_T))

#endif /* VMM_INITRAMFS_ELF_H */
