// SPDX-License-Identifier: GPL-2.0
/*
 * Reading user-space ELF files with libelf: interpreter, needed libraries,
 * search paths, and how much of the file its program headers cover. Used by
 * closure.c; keeps no state.
 */
#include "vmm/initramfs/elf.h"
#include "vmm/initramfs/pack.h"

#include <gelf.h>
#include <limits.h>

DEFINE_FREE(elf, Elf *, elf_end(_T))

static int damaged(struct kt_diag *diag, const char *what)
{
	return diag__fail(diag, -EINVAL, "damaged ELF file: %s", what);
}

/* Copy of the NUL-terminated string at @off, NULL when it is not one. */
static char *dup_string(const Elf_Data *strtab, u64 off)
{
	const char *s = strtab->d_buf;

	if (!s || off >= strtab->d_size ||
	    !memchr(s + off, '\0', strtab->d_size - off))
		return NULL;
	return strdup(s + off);
}

/* File offset of a virtual address, through the segments that load it. */
static int vaddr_to_off(Elf *elf, size_t nr_phdr, u64 vaddr, u64 *ret_off)
{
	for (size_t i = 0; i < nr_phdr; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD)
			continue;
		if (vaddr < ph.p_vaddr || vaddr - ph.p_vaddr >= ph.p_filesz)
			continue;
		*ret_off = ph.p_offset + (vaddr - ph.p_vaddr);
		return 0;
	}
	return -ENOENT;
}

static int add_needed(struct elf_info *info, const Elf_Data *strtab, u64 off)
{
	int err;

	if (info->nr_needed == ELF_MAX_NEEDED)
		return -E2BIG;
	err = array__grow(&info->needed, info->nr_needed,
			  sizeof(*info->needed));
	if (err)
		return err;
	info->needed[info->nr_needed] = dup_string(strtab, off);
	if (!info->needed[info->nr_needed])
		return -EINVAL;
	info->nr_needed++;
	return 0;
}

static int set_path(char **slot, const Elf_Data *strtab, u64 off)
{
	if (*slot)
		return 0;
	*slot = dup_string(strtab, off);
	return *slot ? 0 : -EINVAL;
}

static int read_entry(struct elf_info *info, const GElf_Dyn *dyn,
		      const Elf_Data *strtab)
{
	if (dyn->d_tag == DT_NEEDED)
		return add_needed(info, strtab, dyn->d_un.d_val);
	if (dyn->d_tag == DT_RPATH)
		return set_path(&info->rpath, strtab, dyn->d_un.d_val);
	if (dyn->d_tag == DT_RUNPATH)
		return set_path(&info->runpath, strtab, dyn->d_un.d_val);
	return 0;
}

static int read_strtab(Elf *elf, size_t nr_phdr, Elf_Data *dyns,
		       Elf_Data **ret_strtab)
{
	u64 addr = 0, size = 0, off;
	GElf_Dyn dyn;

	for (int i = 0; gelf_getdyn(dyns, i, &dyn) && dyn.d_tag != DT_NULL;
	     i++) {
		if (dyn.d_tag == DT_STRTAB)
			addr = dyn.d_un.d_ptr;
		else if (dyn.d_tag == DT_STRSZ)
			size = dyn.d_un.d_val;
	}
	if (!addr || !size || size > ELF_MAX_STRTAB ||
	    vaddr_to_off(elf, nr_phdr, addr, &off) || off > LLONG_MAX)
		return -EINVAL;
	*ret_strtab = elf_getdata_rawchunk(elf, (s64)off, size, ELF_T_BYTE);
	return *ret_strtab ? 0 : -EINVAL;
}

static int read_dynamic(Elf *elf, size_t nr_phdr, const GElf_Phdr *ph,
			struct elf_info *info, struct kt_diag *diag)
{
	Elf_Data *strtab, *dyns = NULL;
	GElf_Dyn dyn;
	int err;

	if (ph->p_offset <= LLONG_MAX && ph->p_filesz)
		dyns = elf_getdata_rawchunk(elf, (s64)ph->p_offset,
					    ph->p_filesz, ELF_T_DYN);
	if (!dyns)
		return damaged(diag, "dynamic section outside the file");
	if (read_strtab(elf, nr_phdr, dyns, &strtab))
		return damaged(diag, "no dynamic string table inside the file");
	for (int i = 0; gelf_getdyn(dyns, i, &dyn) && dyn.d_tag != DT_NULL;
	     i++) {
		err = read_entry(info, &dyn, strtab);
		if (err == -E2BIG)
			return damaged(diag, "more than 512 needed libraries");
		if (err == -EINVAL)
			return damaged(diag, "string outside the string table");
		if (err)
			return err;
	}
	return 0;
}

static int read_interp(Elf *elf, const GElf_Phdr *ph, struct elf_info *info,
		       struct kt_diag *diag)
{
	Elf_Data *data = NULL;

	if (info->interp)
		return 0;
	if (ph->p_offset <= LLONG_MAX && ph->p_filesz &&
	    ph->p_filesz <= PATH_MAX)
		data = elf_getdata_rawchunk(elf, (s64)ph->p_offset,
					    ph->p_filesz, ELF_T_BYTE);
	if (data)
		info->interp = dup_string(data, 0);
	return info->interp ? 0
			    : damaged(diag, "interpreter is not a file name");
}

static int read_phdrs(Elf *elf, struct elf_info *info, struct kt_diag *diag)
{
	size_t nr_phdr, file_len;
	GElf_Phdr ph;
	int err = 0;

	if (elf_getphdrnum(elf, &nr_phdr) || nr_phdr > INT_MAX)
		return damaged(diag, "program headers outside the file");
	elf_rawfile(elf, &file_len);
	for (size_t i = 0; i < nr_phdr && !err; i++) {
		if (!gelf_getphdr(elf, (int)i, &ph))
			return damaged(diag,
				       "program headers outside the file");
		if (ph.p_filesz > file_len ||
		    ph.p_offset > file_len - ph.p_filesz)
			return damaged(
				diag,
				"segment outside the file (is it truncated?)");
		info->file_end =
			KT_MAX(info->file_end, ph.p_offset + ph.p_filesz);
		if (ph.p_type == PT_DYNAMIC)
			err = read_dynamic(elf, nr_phdr, &ph, info, diag);
		else if (ph.p_type == PT_INTERP)
			err = read_interp(elf, &ph, info, diag);
	}
	return err;
}

static int read_all(Elf *elf, struct elf_info *ret_info, struct kt_diag *diag)
{
	struct elf_info info __free(elf_info) = { 0 };
	GElf_Ehdr eh;
	int err;

	if (!elf || elf_kind(elf) != ELF_K_ELF)
		return -ENOEXEC;
	if (!gelf_getehdr(elf, &eh))
		return damaged(diag, "no complete ELF header");
	info.class = eh.e_ident[EI_CLASS];
	info.machine = eh.e_machine;
	info.file_end = KT_MAX(eh.e_ehsize,
			       eh.e_phoff + (u64)eh.e_phnum * eh.e_phentsize);
	err = read_phdrs(elf, &info, diag);
	if (err)
		return err;
	*ret_info = info;
	info = (struct elf_info){ 0 };
	return 0;
}

int elf_info__read(int fd, struct elf_info *ret_info, struct kt_diag *diag)
{
	Elf *elf __free(elf) = NULL;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	return read_all(elf, ret_info, diag);
}

int elf_info__parse(const void *buf, size_t len, struct elf_info *ret_info,
		    struct kt_diag *diag)
{
	Elf *elf __free(elf) = NULL;

	elf_version(EV_CURRENT);
	/* Only read; libelf's type has no const. */
	elf = elf_memory((char *)(uintptr_t)buf, len);
	return read_all(elf, ret_info, diag);
}

void elf_info__fini(struct elf_info *info)
{
	for (size_t i = 0; i < info->nr_needed; i++)
		free(info->needed[i]);
	free(info->needed);
	free(info->interp);
	free(info->rpath);
	free(info->runpath);
	*info = (struct elf_info){ 0 };
}
