/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who holds a lock file: /proc/locks, read once, and a file's place in it.
 * Takes no lock itself.
 */
#ifndef VMM_HOST_HOLDERS_H
#define VMM_HOST_HOLDERS_H

#include <ktstr/diag.h>

/* A command line of at most 100 characters, "..." and NUL. */
#define HOST_CMDLINE_MAX 100u
#define HOST_CMDLINE_SIZE (HOST_CMDLINE_MAX + 4)

/** struct host_lock_entry - a flock that somebody has */
struct host_lock_entry {
	u32 major, minor;
	u64 inode;
	int pid; /* of whoever took it; 0: in a PID namespace we do not see */
	bool exclusive;
};

/** struct host_lock_table - all of them, and how files are found among them */
struct host_lock_table {
	struct host_lock_entry *entry;
	unsigned int nr;
	char *mountinfo;
};

/**
 * host_lock_table__read - from @proc ("/proc")
 * Return: 0 and a table to be released, or -errno with a message.
 */
int host_lock_table__read(const char *proc, struct host_lock_table *ret_table,
			  struct kt_diag *diag);
void host_lock_table__fini(struct host_lock_table *table);
DEFINE_FREE(host_lock_table, struct host_lock_table, host_lock_table__fini(&_T))

/** host_lock_table__parse - the entries of /proc/locks' @text, "->" left out */
int host_lock_table__parse(const char *text, struct host_lock_table *table);

/**
 * mountinfo__device - device of the file system that @path, absolute and
 * without symlinks, is on
 *
 * From mountinfo's text, because what stat() says differs from /proc/locks on
 * btrfs and overlayfs. Return: whether a mount point is above it.
 */
bool mountinfo__device(const char *text, const char *path, u32 *ret_major,
		       u32 *ret_minor);

/**
 * host_lock_table__each - call @fn for each holder of the file @path
 * Return: number of holders; a file that is not there has none.
 */
unsigned int host_lock_table__each(
	const struct host_lock_table *table, const char *path,
	void (*fn)(void *ctx, const struct host_lock_entry *entry), void *ctx);

/**
 * host_cmdline - what process @pid was started as, printable
 *
 * Cut with "..." behind HOST_CMDLINE_MAX characters; "<cmdline unavailable>"
 * when it cannot be read.
 */
void host_cmdline(const char *proc, int pid, char buf[HOST_CMDLINE_SIZE]);

#endif /* VMM_HOST_HOLDERS_H */
