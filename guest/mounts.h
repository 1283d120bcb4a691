/* SPDX-License-Identifier: GPL-2.0 */
/* File systems of the guest, and the modules that come with it. */
#ifndef GUEST_MOUNTS_H
#define GUEST_MOUNTS_H

#include <ktstr/diag.h>

#include <sys/types.h>

/** struct mount_row - one mount; the target is created when missing */
struct mount_row {
	const char *type;
	const char *target;
	const char *data;
	unsigned long flags;
	bool required; /* else a failure is one line in the kernel log */
	/*
	 * Not 0: what the ramdisk put there is not mounted over, the
	 * directory gets this mode instead (the root is a tmpfs as well).
	 */
	mode_t keep_mode;
};

/**
 * mounts__apply - mount @nr rows in order; what is mounted already is fine
 * Return: 0, or -errno of the first required row that failed.
 */
int mounts__apply(const struct mount_row *rows, size_t nr,
		  struct kt_diag *diag);

/** mounts__first - /sys and /dev: what the bulk port needs */
int mounts__first(struct kt_diag *diag);

/** mounts__rest - everything else, and the links in /dev */
int mounts__rest(struct kt_diag *diag);

/**
 * mounts__trace_dir - a directory @path for one large file: huge pages, so that
 * it is written, mapped and sent in few pieces; any directory where the kernel
 * has none
 */
void mounts__trace_dir(const char *path);

/**
 * cgroups__enable - let the root cgroup's children use the usual controllers
 * @root: "/sys/fs/cgroup" but in tests
 *
 * cpuset, cpu, io, memory and pids, as far as the kernel has them.
 */
void cgroups__enable(const char *root);

/**
 * modules__insert - insert every *.ko of @dir in name order
 *
 * A module that is there already, or finds no hardware, is fine, as is a
 * missing directory.
 * Return: 0, or -errno naming the module.
 */
int modules__insert(const char *dir, struct kt_diag *diag);

/**
 * modules__unsigned_len - length of a module without the appended signature
 * Return: @len when there is none, or when its lengths make no sense.
 */
size_t modules__unsigned_len(const void *image, size_t len);

#endif /* GUEST_MOUNTS_H */
