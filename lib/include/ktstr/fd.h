/* SPDX-License-Identifier: GPL-2.0 */
/*
 * File descriptor helpers: the only place that retries EINTR and short
 * transfers. Every descriptor made here is close-on-exec.
 */
#ifndef KTSTR_FD_H
#define KTSTR_FD_H

#include <ktstr/base.h>

/** fd__write_all - write @len bytes, retrying; Return: 0 or -errno */
int fd__write_all(int fd, const void *buf, size_t len);

/**
 * fd__read_all - read exactly @len bytes
 * Return: 0, -ENODATA when the file ends first, or -errno.
 */
int fd__read_all(int fd, void *buf, size_t len);

/** fd__pread_all - fd__read_all() at @off without moving the file position */
int fd__pread_all(int fd, void *buf, size_t len, u64 off);

/**
 * fd__read_file - whole file into memory
 * @max: refuse larger files with -EFBIG
 * @ret_buf: NUL-terminated (beyond @ret_len), owned by the caller, free()
 * Return: 0 or -errno.
 */
int fd__read_file(const char *path, size_t max, char **ret_buf,
		  size_t *ret_len);

/** fd__mkdirs - mkdir -p, mode 0755; Return: 0 or -errno */
int fd__mkdirs(const char *path);

/** kt_now_ns - CLOCK_MONOTONIC in nanoseconds */
u64 kt_now_ns(void);

#endif /* KTSTR_FD_H */
