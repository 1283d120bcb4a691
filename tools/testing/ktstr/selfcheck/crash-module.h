/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Code of ours in the guest's kernel, to make it crash for real: a kernel
 * module written at run time, without a compiler or the kernel's headers. It
 * imports nothing; the little that depends on the kernel (struct module,
 * struct bug_entry) is looked up in the running kernel's BTF. Needs
 * CONFIG_MODULE_FORCE_LOAD and CONFIG_DEBUG_INFO_BTF. For selfcheck programs;
 * runs in the guest, as root.
 */
#ifndef SELFCHECK_CRASH_MODULE_H
#define SELFCHECK_CRASH_MODULE_H

#include <ktstr/fd.h>

#include <elf.h>
#include <linux/btf.h>
#include <linux/module.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum crash {
	CRASH_WARN, /* WARN_ON() and go on */
	CRASH_OOPS, /* an invalid opcode */
	CRASH_NULL, /* read of address 0 */
	CRASH_LOOP, /* for ever, interrupts on */
	CRASH_HANG, /* for ever, interrupts off */
	CRASH_NR,
};

struct crash_code {
	const char *symbol; /* what a trace shows */
	u8 code[16];
	u32 len;
	bool bug_entry; /* the opcode at 0 is a WARN_ON() */
};

static const struct crash_code crash_codes[CRASH_NR] = {
	[CRASH_WARN] = { "ktstr_warns",
			 { 0x0f, 0x0b, 0x31, 0xc0, 0xc3 },
			 5,
			 1 },
	[CRASH_OOPS] = { "ktstr_oopses", { 0x0f, 0x0b }, 2, 0 },
	[CRASH_NULL] = { "ktstr_reads_null", { 0x48, 0x8b, 0x04, 0x25 }, 8, 0 },
	[CRASH_LOOP] = { "ktstr_loops", { 0xeb, 0xfe }, 2, 0 },
	[CRASH_HANG] = { "ktstr_hangs", { 0xfa, 0xeb, 0xfe }, 3, 0 },
};

/* --- BTF ------------------------------------------------------------------ */

struct btf_view {
	char *data;
	size_t len;
	const struct btf_header *hdr;
};

/* Bytes behind a type's common part. */
static size_t btf_extra(const struct btf_type *t)
{
	size_t vlen = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
	case BTF_KIND_ENUM64:
		return vlen * 12;
	case BTF_KIND_ENUM:
	case BTF_KIND_FUNC_PROTO:
		return vlen * 8;
	default:
		return 0;
	}
}

static const char *btf_string(const struct btf_view *v, u32 off)
{
	return (const char *)v->hdr + v->hdr->hdr_len + v->hdr->str_off + off;
}

static const struct btf_type *btf_struct(const struct btf_view *v,
					 const char *name)
{
	const char *p =
		(const char *)v->hdr + v->hdr->hdr_len + v->hdr->type_off;
	const char *end = p + v->hdr->type_len;

	while (p < end) {
		const struct btf_type *t = (const void *)p;

		if (BTF_INFO_KIND(t->info) == BTF_KIND_STRUCT &&
		    !strcmp(btf_string(v, t->name_off), name))
			return t;
		p += sizeof(*t) + btf_extra(t);
	}
	return NULL;
}

/* Byte offset of a member, -1 if there is none. */
static long btf_member(const struct btf_view *v, const struct btf_type *t,
		       const char *name)
{
	const struct btf_member *m = (const void *)(t + 1);

	for (u32 i = 0; i < BTF_INFO_VLEN(t->info); i++, m++)
		if (!strcmp(btf_string(v, m->name_off), name))
			return (BTF_INFO_KFLAG(t->info)
					? BTF_MEMBER_BIT_OFFSET(m->offset)
					: m->offset) /
			       8;
	return -1;
}

/* --- the module ----------------------------------------------------------- */

/* Sections in file order; a module has exactly these. */
enum {
	SEC_NULL,
	SEC_TEXT,
	SEC_MODULE,
	SEC_MODULE_RELA,
	SEC_INFO,
	SEC_BUGS,
	SEC_BUGS_RELA,
	SEC_SYMS,
	SEC_STRS,
	SEC_NAMES,
	SEC_NR,
};

enum { SYM_NULL, SYM_CODE, SYM_FILE, SYM_NR };

static const struct {
	const char *name;
	u32 type;
	u64 flags;
	u32 link, info;
	u64 entsize;
} module_sections[SEC_NR] = {
	[SEC_NULL] = { "", SHT_NULL, 0, 0, 0, 0 },
	[SEC_TEXT] = { ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0, 0,
		       0 },
	[SEC_MODULE] = { ".gnu.linkonce.this_module", SHT_PROGBITS,
			 SHF_ALLOC | SHF_WRITE, 0, 0, 0 },
	[SEC_MODULE_RELA] = { ".rela.gnu.linkonce.this_module", SHT_RELA, 0,
			      SEC_SYMS, SEC_MODULE, sizeof(Elf64_Rela) },
	[SEC_INFO] = { ".modinfo", SHT_PROGBITS, SHF_ALLOC, 0, 0, 0 },
	[SEC_BUGS] = { "__bug_table", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0, 0,
		       0 },
	[SEC_BUGS_RELA] = { ".rela__bug_table", SHT_RELA, 0, SEC_SYMS, SEC_BUGS,
			    sizeof(Elf64_Rela) },
	[SEC_SYMS] = { ".symtab", SHT_SYMTAB, 0, SEC_STRS, SYM_NR,
		       sizeof(Elf64_Sym) },
	[SEC_STRS] = { ".strtab", SHT_STRTAB, 0, 0, 0, 0 },
	[SEC_NAMES] = { ".shstrtab", SHT_STRTAB, 0, 0, 0, 0 },
};

static const char module_info[] = "license=GPL\0name=ktstr_crash";
/* The file name in the WARN's line; behind the code, which is kept. */
#define MODULE_FILE_OFF 16
#define MODULE_FILE "crash.c"

struct module_image {
	u8 *data;
	size_t len;
	Elf64_Shdr sh[SEC_NR];
};

#define MODULE_IMAGE_MAX KIB(64)

static void put_section(struct module_image *img, int sec, const void *data,
			size_t len)
{
	img->len = KT_ALIGN_UP(img->len, (size_t)64);
	img->sh[sec] = (Elf64_Shdr){
		.sh_type = module_sections[sec].type,
		.sh_flags = module_sections[sec].flags,
		.sh_link = module_sections[sec].link,
		.sh_info = module_sections[sec].info,
		.sh_entsize = module_sections[sec].entsize,
		.sh_offset = img->len,
		.sh_size = len,
		.sh_addralign = 64,
	};
	if (data)
		memcpy(img->data + img->len, data, len);
	img->len += len;
}

static int put_this_module(struct module_image *img, const struct btf_view *v)
{
	const struct btf_type *t = btf_struct(v, "module");
	Elf64_Rela rela = { .r_info = ELF64_R_INFO(SYM_CODE, R_X86_64_64) };
	long init_off = t ? btf_member(v, t, "init") : -1;
	long name_off = t ? btf_member(v, t, "name") : -1;

	if (init_off < 0 || name_off < 0 || t->size > KIB(16))
		return -ENOENT;
	put_section(img, SEC_MODULE, NULL, t->size);
	strcpy((char *)img->data + img->sh[SEC_MODULE].sh_offset + name_off,
	       "ktstr_crash");
	rela.r_offset = (u64)init_off;
	put_section(img, SEC_MODULE_RELA, &rela, sizeof(rela));
	return 0;
}

/* One WARN_ON(): where, in which file, "only a warning". */
static int put_bugs(struct module_image *img, const struct btf_view *v)
{
	const struct btf_type *t = btf_struct(v, "bug_entry");
	const u16 warning = 1 | 9 << 8; /* BUGFLAG_WARNING, taint 9: warned */
	const u16 line = 42;
	Elf64_Rela rela[2] = {
		{ .r_info = ELF64_R_INFO(SYM_CODE, R_X86_64_PC32) },
		{ .r_info = ELF64_R_INFO(SYM_FILE, R_X86_64_PC32) },
	};
	long file_off = t ? btf_member(v, t, "file_disp") : -1;
	long line_off = t ? btf_member(v, t, "line") : -1;
	long flags_off = t ? btf_member(v, t, "flags") : -1;
	u8 *bug;

	if (file_off < 0 || line_off < 0 || flags_off < 0 || t->size > 64)
		return -ENOENT;
	put_section(img, SEC_BUGS, NULL, t->size);
	bug = img->data + img->sh[SEC_BUGS].sh_offset;
	memcpy(bug + line_off, &line, sizeof(line));
	memcpy(bug + flags_off, &warning, sizeof(warning));
	rela[1].r_offset = (u64)file_off;
	put_section(img, SEC_BUGS_RELA, rela, sizeof(rela));
	return 0;
}

static void put_symbols(struct module_image *img, const struct crash_code *c)
{
	char strs[64] = "\0file";
	Elf64_Sym syms[SYM_NR] = {
		[SYM_CODE] = { .st_name = 6,
			       .st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC),
			       .st_shndx = SEC_TEXT,
			       .st_size = c->len },
		[SYM_FILE] = { .st_name = 1,
			       .st_info = ELF64_ST_INFO(STB_LOCAL, STT_OBJECT),
			       .st_shndx = SEC_TEXT,
			       .st_value = MODULE_FILE_OFF },
	};

	strcpy(strs + 6, c->symbol);
	put_section(img, SEC_SYMS, syms, sizeof(syms));
	put_section(img, SEC_STRS, strs, sizeof(strs));
}

static void put_headers(struct module_image *img)
{
	char names[256] = "";
	size_t at = 0;
	Elf64_Ehdr eh = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_REL,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(eh),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = SEC_NR,
		.e_shstrndx = SEC_NAMES,
	};

	for (int i = 0; i < SEC_NR; i++) {
		strcpy(names + at, module_sections[i].name);
		img->sh[i].sh_name = (u32)at;
		at += strlen(module_sections[i].name) + 1;
	}
	put_section(img, SEC_NAMES, names, at);
	/* The name is set twice: put_section() begins a header anew. */
	img->sh[SEC_NAMES].sh_name =
		(u32)(at - strlen(module_sections[SEC_NAMES].name) - 1);
	img->len = KT_ALIGN_UP(img->len, (size_t)64);
	eh.e_shoff = img->len;
	memcpy(img->data + img->len, img->sh, sizeof(img->sh));
	img->len += sizeof(img->sh);
	memcpy(img->data, &eh, sizeof(eh));
}

static int build_module(struct module_image *img, const struct btf_view *v,
			const struct crash_code *c)
{
	u8 text[MODULE_FILE_OFF + sizeof(MODULE_FILE)] = { 0 };
	int err;

	memcpy(text, c->code, c->len);
	memcpy(text + MODULE_FILE_OFF, MODULE_FILE, sizeof(MODULE_FILE));
	img->len = sizeof(Elf64_Ehdr);
	put_section(img, SEC_TEXT, text, sizeof(text));
	err = put_this_module(img, v);
	if (err)
		return err;
	put_section(img, SEC_INFO, module_info, sizeof(module_info));
	err = put_bugs(img, v);
	if (err)
		return err;
	if (!c->bug_entry) /* nothing is expected to go wrong: the table is
			      empty */
		img->sh[SEC_BUGS].sh_size = img->sh[SEC_BUGS_RELA].sh_size = 0;
	put_symbols(img, c);
	put_headers(img);
	return 0;
}

/**
 * crash_kernel - run code in the kernel that ends as @how says
 *
 * Of these only CRASH_WARN returns: CRASH_OOPS and CRASH_NULL kill the caller.
 * Return: 0, or -errno when the module could not be made or was refused.
 */
static inline int crash_kernel(enum crash how)
{
	struct module_image img = { 0 };
	u8 *mem __free(ptr) = calloc(1, MODULE_IMAGE_MAX);
	char *btf __free(ptr) = NULL;
	struct btf_view v = { 0 };
	int fd __free(fd) = memfd_create("crash.ko", MFD_CLOEXEC);
	int err =
		fd__read_file("/sys/kernel/btf/vmlinux", MIB(64), &btf, &v.len);

	if (err)
		return err;
	if (!mem || fd < 0)
		return -ENOMEM;
	v.data = btf;
	v.hdr = (const void *)btf;
	img.data = mem;
	err = build_module(&img, &v, &crash_codes[how]);
	if (!err)
		err = fd__write_all(fd, img.data, img.len);
	if (err)
		return err;
	if (syscall(SYS_finit_module, fd, "",
		    MODULE_INIT_IGNORE_MODVERSIONS |
			    MODULE_INIT_IGNORE_VERMAGIC))
		return -errno;
	return 0;
}

#endif /* SELFCHECK_CRASH_MODULE_H */
