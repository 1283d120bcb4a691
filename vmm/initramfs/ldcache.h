/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /etc/ld.so.cache, format "glibc-ld.so.cache1.1" (glibc's
 * sysdeps/generic/dl-cache.h): a 48-byte header, 24-byte entries, strings at
 * offsets from the header. Written by ldconfig, possibly behind the older
 * "ld.so-1.7.0" table.
 */
#ifndef VMM_INITRAMFS_LDCACHE_H
#define VMM_INITRAMFS_LDCACHE_H

#include <ktstr/diag.h>

#define LDCACHE_PATH "/etc/ld.so.cache"
#define LDCACHE_MAX MIB(16)

/**
 * ldcache__lookup - path of the x86-64 library @soname
 * @buf: the file's content, unaligned and untrusted
 *
 * The plain variant wins over those for particular processors: which of them
 * the guest's processor could use is not known here.
 * Return: pointer into @buf, or NULL.
 */
const char *ldcache__lookup(const void *buf, size_t len, const char *soname);

#endif /* VMM_INITRAMFS_LDCACHE_H */
