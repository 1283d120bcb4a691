/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an archive was made from: the path and identity of every file read
 * and of every directory searched in vain. Kept behind the archive in its
 * cache entry, so that one stat() per input tells whether it is still good,
 * without reading a single ELF file again.
 */
#ifndef VMM_INITRAMFS_INPUTS_H
#define VMM_INITRAMFS_INPUTS_H

#include <ktstr/diag.h>

struct inputs {
	char *buf; /* records: kind, 16 hex digits, path, NUL */
	size_t len;
};

/** inputs__add_file - note a file's present identity; 0 or -errno */
int inputs__add_file(struct inputs *in, const char *path);

/**
 * inputs__add_dir - note a searched directory; it may be missing
 *
 * Its modification time changes when a file appears in it, which could then
 * win the search. Return: 0 or -ENOMEM.
 */
int inputs__add_dir(struct inputs *in, const char *path);

/**
 * inputs__current - do all records in @buf still describe the file system?
 * @buf: from the cache, hostile: anything malformed means false
 */
bool inputs__current(const char *buf, size_t len);

void inputs__fini(struct inputs *in);

#endif /* VMM_INITRAMFS_INPUTS_H */
