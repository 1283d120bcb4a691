/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lock files by which runs of any user share out the host's CPUs: one per LLC
 * and one per CPU, in a directory that all of them see. A lock is a flock(2) on
 * an open file, so it ends with its process however that ends; the files stay.
 */
#ifndef VMM_HOST_LOCKDIR_H
#define VMM_HOST_LOCKDIR_H

#include <limits.h>
#include <sys/vfs.h>

#include <ktstr/diag.h>

#define HOST_LOCK_DIR_ENV "KTSTR_LOCK_DIR"
/* Not in a user's own directory: the CPUs are everybody's. */
#define HOST_LOCK_DIR_DEFAULT "/tmp"

enum host_lock_kind { HOST_LOCK_LLC, HOST_LOCK_CPU, HOST_LOCK_KINDS };

/** host_lock__name - "ktstr-llc-3.lock"; @n is an LLC's or a CPU's number */
#define HOST_LOCK_NAME_SIZE 32u
void host_lock__name(enum host_lock_kind kind, unsigned int n,
		     char buf[HOST_LOCK_NAME_SIZE]);

/** host_lock__parse_name - Return: whether @name is a lock file's */
bool host_lock__parse_name(const char *name, enum host_lock_kind *ret_kind,
			   unsigned int *ret_n);

/** typedef host_fstatfs_fn - fstatfs(2), or a test's */
typedef int (*host_fstatfs_fn)(int fd, struct statfs *buf);

/** host_lockdir__path - KTSTR_LOCK_DIR, else the default */
const char *host_lockdir__path(void);

/**
 * host_lockdir__open - a descriptor of the directory
 * @path: absolute
 * @fstatfs_fn: NULL for the system's
 *
 * Refuses file systems whose locks other machines or servers decide about.
 * Return: 0, -EINVAL, -EOPNOTSUPP or -errno; the message names KTSTR_LOCK_DIR.
 */
int host_lockdir__open(const char *path, host_fstatfs_fn fstatfs_fn,
		       int *ret_fd, struct kt_diag *diag);

/** struct host_locks - locks held; all zero: none. Any one thread. */
struct host_locks {
	int *fd;
	unsigned int nr, cap;
};

/**
 * host_locks__take - one more lock, without waiting
 * @dir_fd: of host_lockdir__open(), @dir its path for messages
 * @exclusive: LOCK_EX, else LOCK_SH
 *
 * Return: 0, -EBUSY when somebody's lock is in the way (no message), or -errno
 * with one.
 */
int host_locks__take(struct host_locks *locks, int dir_fd, const char *dir,
		     enum host_lock_kind kind, unsigned int n, bool exclusive,
		     struct kt_diag *diag);

/** host_locks__release - give all back; empty is fine */
void host_locks__release(struct host_locks *locks);
DEFINE_FREE(host_locks, struct host_locks, host_locks__release(&_T))

#endif /* VMM_HOST_LOCKDIR_H */
