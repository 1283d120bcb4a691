/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The per-user cache: kernels, decompressed kernel images, initramfs bases,
 * softkvm state. Nothing in it is precious; everything works without it.
 */
#ifndef KTSTR_CACHE_H
#define KTSTR_CACHE_H

#include <ktstr/diag.h>

/**
 * cache__root - resolve the cache directory
 * @buf: receives KTSTR_CACHE_DIR verbatim, else $XDG_CACHE_HOME/ktstr, else
 *       $HOME/.cache/ktstr; not created
 * Return: 0, -ENOENT when none of the variables is set, -ENAMETOOLONG.
 */
int cache__root(char *buf, size_t size, struct kt_diag *diag);

/**
 * cache__dir - cache__root() + "/" + @sub, created when missing
 * Return: 0 or -errno; the message names the directory and says to set
 * KTSTR_CACHE_DIR to a writable place (read-only and full are the usual
 * causes).
 */
int cache__dir(const char *sub, char *buf, size_t size, struct kt_diag *diag);

/**
 * struct cache_slot - place of one sealed entry, which need not exist yet
 *
 * All zero is a valid empty slot.
 */
struct cache_slot {
	char *dir;
	char *path;
	u64 key;
};

/**
 * cache_slot__init - name the entry @name of cache__dir(@sub)
 * Return: 0 or -errno without a message: a cache that cannot be used is
 * no failure of the run; @slot is then empty.
 */
int cache_slot__init(struct cache_slot *slot, const char *sub, const char *name,
		     u64 key);
void cache_slot__fini(struct cache_slot *slot);
DEFINE_FREE(cache_slot, struct cache_slot, cache_slot__fini(&_T))

/**
 * cache__create - open a temporary file for a new entry
 * @path: the entry's final path; the directory exists
 * @tmp_path: receives the name to give to cache__publish() or unlink()
 *
 * Return: 0 with @ret_fd open for reading and writing, or -errno.
 */
int cache__create(const char *path, char *tmp_path, size_t size, int *ret_fd);

/**
 * cache__seal - append the trailer that cache__open_sealed() checks
 * @fd: complete file; content is everything up to its present end
 * @key: what the content was made from
 * Return: 0 or -errno.
 */
int cache__seal(int fd, u64 key);

/**
 * cache__open_sealed - open an entry written with cache__seal()
 * @key: must equal the sealing key
 * @ret_len: content length, trailer excluded
 *
 * A truncated or foreign file is -ENOENT: to the caller it does not exist, and
 * publishing a new one replaces it. Marks the entry as used, to the minute.
 * Return: 0, -ENOENT or -errno.
 */
int cache__open_sealed(const char *path, u64 key, int *ret_fd, u64 *ret_len);

/**
 * cache__publish - make a finished temporary file visible under its key
 * @tmp_path: complete file in the same directory; gone afterwards, also on
 *            error
 *
 * fsync is not needed: a torn file after a power cut is caught by the users'
 * own validation. rename() makes concurrent writers of one key harmless.
 * Return: 0 or -errno.
 */
int cache__publish(const char *tmp_path, const char *path);

/**
 * cache__trim - keep the @keep most recently used files of a cache directory
 *
 * Recency is mtime; users of an entry touch it. Also removes "*.tmp.*" files
 * older than one hour, left by killed writers. Best effort, no error.
 */
void cache__trim(const char *dir, unsigned int keep);

/**
 * file_identity - 64-bit hash of what makes a file's content "the same"
 *
 * Over path, device-independent identity (inode, size, mtime, ctime): cheap,
 * and wrong only if someone rewrites a file in place within the clock tick
 * while restoring all of them. st_dev is left out on purpose: the same file
 * has another st_dev inside softkvm.
 * Return: 0 or -errno of stat.
 */
int file_identity(const char *path, u64 *ret_hash);

#endif /* KTSTR_CACHE_H */
