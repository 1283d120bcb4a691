/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plan of an archive: entries in the order they will be written, and the
 * inputs they come from. File contents are not read before pack__write(),
 * which lets the kernel copy them from file to file.
 */
#ifndef VMM_INITRAMFS_PACK_H
#define VMM_INITRAMFS_PACK_H

#include "vmm/initramfs/inputs.h"

#define PACK_HEAD_LEN 64u /* sizeof(Elf64_Ehdr), what the cut rewrites */
#define PACK_MAX_ENTRIES 4096u
#define PACK_PAGE 4096u

struct pack_entry {
	char *name;
	u32 mode;
	u32 rdev_major, rdev_minor;
	u64 size;
	char *host; /* file contents come from here, or */
	void *data; /* from here; neither: no data */
	/* The first @head_len bytes of @host are replaced by these. */
	u32 head_len;
	u8 head[PACK_HEAD_LEN];
};

struct pack {
	struct pack_entry *entry;
	size_t nr;
	struct inputs inputs;
};

/**
 * array__grow - room for one more element behind the @nr present ones
 * @array: address of the pointer; capacity doubles at powers of two, so that
 *         it does not have to be stored
 */
static inline int array__grow(void *array, size_t nr, size_t elem)
{
	void **p = array;
	void *bigger;

	if (nr & (nr - 1))
		return 0;
	bigger = realloc(*p, (nr ? nr * 2 : 1) * elem);
	if (!bigger)
		return -ENOMEM;
	*p = bigger;
	return 0;
}

/**
 * pack__add_file - plan a copy of the regular file @host as @name
 *
 * The same pair again is nothing; another source for a taken name is -EEXIST
 * naming both. Records @host as an input.
 * Return: 0 or -errno; @ret_entry (may be NULL) is valid until the next add.
 */
int pack__add_file(struct pack *pk, const char *name, u32 perm,
		   const char *host, struct pack_entry **ret_entry,
		   struct kt_diag *diag);

/** pack__add_data - plan a file with @data, which is freed even on error */
int pack__add_data(struct pack *pk, const char *name, u32 perm, void *data,
		   size_t len, struct kt_diag *diag);

/** pack__add_link - plan a symbolic link; an equal one already there is fine */
int pack__add_link(struct pack *pk, const char *name, const char *target,
		   struct kt_diag *diag);

/** pack__add_node - plan a character device */
int pack__add_node(struct pack *pk, const char *name, u32 perm, u32 major,
		   u32 minor, struct kt_diag *diag);

/** pack__find - entry called @name or NULL */
const struct pack_entry *pack__find(const struct pack *pk, const char *name);

/**
 * pack__write - write directories, then all entries, then @marker
 * @fd: at offset 0; a file or memfd
 * @marker: last entry, its data sized so that the archive ends on a page
 *          boundary without stray bytes before the next archive, which not
 *          every reader of cpio files forgives
 * Return: 0 with the archive's length, or -errno.
 */
int pack__write(const struct pack *pk, int fd, const char *marker, u64 *ret_len,
		struct kt_diag *diag);

void pack__fini(struct pack *pk);

#endif /* VMM_INITRAMFS_PACK_H */
