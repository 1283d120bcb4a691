/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the dynamic linker looks for one library (ld.so(8)): DT_RPATH of the
 * object and of those that loaded it unless the object has DT_RUNPATH,
 * LD_LIBRARY_PATH, DT_RUNPATH, beside an unusual interpreter, ld.so.cache,
 * the default directories.
 */
#ifndef VMM_INITRAMFS_LIBSEARCH_H
#define VMM_INITRAMFS_LIBSEARCH_H

#include "vmm/initramfs/elf.h"
#include "vmm/initramfs/inputs.h"

#include <limits.h>

/** struct lib_object - a program, library or interpreter of the closure */
struct lib_object {
	struct elf_info info;
	char *soname; /* as asked for; NULL for the program */
	char *origin; /* directory it lies in, $ORIGIN */
	char *guest;  /* archive path, NULL for the program */
	const struct lib_object *loader; /* who needed it first, or NULL */
};

struct lib_search {
	struct inputs *inputs; /* directories searched in vain go here */
	char *ldcache;	       /* content of ld.so.cache or NULL */
	size_t ldcache_len;
	char *interp_dir; /* of an interpreter in no usual place, or NULL */
};

/** lib_search__init - read ld.so.cache; a missing one is fine */
int lib_search__init(struct lib_search *ls, struct inputs *inputs);
void lib_search__fini(struct lib_search *ls);

/**
 * lib_search__find - find @soname for @obj
 * @ret_path: PATH_MAX bytes; the path as searched
 * @ret_info: of the file found; same class and machine as @obj
 * Return: 0, -ENOENT, or -ENOMEM.
 */
int lib_search__find(struct lib_search *ls, const struct lib_object *obj,
		     const char *soname, char *ret_path,
		     struct elf_info *ret_info);

/**
 * lib_search__expand - replace $ORIGIN, $LIB and $PLATFORM, braced or not
 * @in: @len bytes of a path list element; empty stands for "."
 * Return: 0 or -ENAMETOOLONG.
 */
int lib_search__expand(const char *in, size_t len, const char *origin,
		       char *out, size_t size);

#endif /* VMM_INITRAMFS_LIBSEARCH_H */
