// SPDX-License-Identifier: GPL-2.0
/*
 * Lock files of CPUs and LLCs; see lockdir.h. Called by reserve.c before a
 * machine is built. Nothing here waits: whoever finds a lock taken gives back
 * what it has, so that no order of processes can deadlock.
 */
#include "vmm/host/lockdir.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>

/* Of tries to open a file that others remove and create. */
#define OPEN_TRIES 16

static const char *const prefixes[] = {
	[HOST_LOCK_LLC] = "ktstr-llc-",
	[HOST_LOCK_CPU] = "ktstr-cpu-",
};
_Static_assert(ARRAY_SIZE(prefixes) == HOST_LOCK_KINDS, "a prefix each");

/* Magic numbers that linux/magic.h lacks: fs/smb/client, fs/afs. */
#define SMB1_MAGIC 0xff534d42u
#define SMB2_MAGIC 0xfe534d42u
#define AFS_OLD_MAGIC 0x6b414653u

/* Locks there are a server's, which may grant them twice or never. */
static const struct {
	u32 magic;
	const char *name;
} remote[] = {
	{ NFS_SUPER_MAGIC, "NFS" },   { SMB_SUPER_MAGIC, "SMB" },
	{ SMB1_MAGIC, "CIFS" },	      { SMB2_MAGIC, "SMB2" },
	{ CEPH_SUPER_MAGIC, "Ceph" }, { AFS_SUPER_MAGIC, "AFS" },
	{ AFS_OLD_MAGIC, "AFS" },     { FUSE_SUPER_MAGIC, "FUSE" },
};

void host_lock__name(enum host_lock_kind kind, unsigned int n,
		     char buf[HOST_LOCK_NAME_SIZE])
{
	snprintf(buf, HOST_LOCK_NAME_SIZE, "%s%u.lock", prefixes[kind], n);
}

bool host_lock__parse_name(const char *name, enum host_lock_kind *ret_kind,
			   unsigned int *ret_n)
{
	char again[HOST_LOCK_NAME_SIZE];

	for (unsigned int k = 0; k < HOST_LOCK_KINDS; k++) {
		size_t len = strlen(prefixes[k]);
		unsigned long n;

		if (strncmp(name, prefixes[k], len))
			continue;
		n = strtoul(name + len, NULL, 10);
		if (n > UINT_MAX)
			return false;
		/* The name of that number, and no other way to write it. */
		host_lock__name((enum host_lock_kind)k, (unsigned int)n, again);
		if (strcmp(name, again))
			return false;
		*ret_kind = (enum host_lock_kind)k;
		*ret_n = (unsigned int)n;
		return true;
	}
	return false;
}

const char *host_lockdir__path(void)
{
	const char *env = getenv(HOST_LOCK_DIR_ENV);

	return env && *env ? env : HOST_LOCK_DIR_DEFAULT;
}

static const char *remote_name(u32 magic)
{
	for (size_t i = 0; i < ARRAY_SIZE(remote); i++)
		if (remote[i].magic == magic)
			return remote[i].name;
	return NULL;
}

int host_lockdir__open(const char *path, host_fstatfs_fn fstatfs_fn,
		       int *ret_fd, struct kt_diag *diag)
{
	int fd __free(fd) = -1;
	const char *name;
	struct statfs fs;

	if (*path != '/')
		return diag__fail(diag, -EINVAL,
				  HOST_LOCK_DIR_ENV "='%s' is no absolute path",
				  path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return diag__fail(
			diag, -errno,
			"lock directory %s: %s; set " HOST_LOCK_DIR_ENV
			" to a writable local directory",
			path, strerror(errno));
	if ((fstatfs_fn ? fstatfs_fn : fstatfs)(fd, &fs))
		return diag__fail(diag, -errno, "lock directory %s: statfs: %s",
				  path, strerror(errno));
	name = remote_name((u32)fs.f_type);
	if (name)
		return diag__fail(
			diag, -EOPNOTSUPP,
			"lock directory %s is on %s, where locks are "
			"not this machine's alone; set " HOST_LOCK_DIR_ENV
			" to a directory on a local file system",
			path, name);
	*ret_fd = no_free_fd(fd);
	return 0;
}

/*
 * Without O_CREAT first: fs.protected_regular refuses that for files of other
 * users in a directory like /tmp. Locking takes no write permission.
 */
static int open_or_create(int dir_fd, const char *name)
{
	for (int i = 0; i < OPEN_TRIES; i++) {
		int fd = openat(dir_fd, name,
				O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

		if (fd >= 0 || errno != ENOENT)
			return fd >= 0 ? fd : -errno;
		fd = openat(dir_fd, name,
			    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			    0666);
		if (fd >= 0) {
			/* Whatever the umask: it is everybody's. */
			(void)fchmod(fd, 0666);
			return fd;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EAGAIN;
}

/* Whether @name still is the file that was opened. */
static bool is_file(int dir_fd, const char *name, int fd)
{
	struct stat a, b;

	return !fstat(fd, &a) &&
	       !fstatat(dir_fd, name, &b, AT_SYMLINK_NOFOLLOW) &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static int open_failed(const char *dir, const char *name, int err,
		       struct kt_diag *diag)
{
	return diag__fail(diag, err,
			  "lock directory %s: cannot open or create %s: %s; "
			  "set " HOST_LOCK_DIR_ENV
			  " to a writable local directory",
			  dir, name, strerror(-err));
}

/* Return: a locked descriptor, -EBUSY or -errno with a message. */
static int lock_file(int dir_fd, const char *dir, const char *name, int how,
		     struct kt_diag *diag)
{
	for (int i = 0; i < OPEN_TRIES; i++) {
		int fd __free(fd) = open_or_create(dir_fd, name);
		struct stat st;

		if (fd < 0)
			return open_failed(dir, name, fd, diag);
		if (fstat(fd, &st) || !S_ISREG(st.st_mode))
			return diag__fail(diag, -EINVAL,
					  "lock directory %s: %s is no regular "
					  "file; remove it",
					  dir, name);
		while (flock(fd, how | LOCK_NB))
			if (errno == EWOULDBLOCK)
				return -EBUSY;
			else if (errno != EINTR)
				return diag__fail(diag, -errno,
						  "lock directory %s: flock "
						  "of %s: %s",
						  dir, name, strerror(errno));
		if (!is_file(dir_fd, name, fd))
			continue;
		/* Young, so that nobody's tidying of /tmp removes it. */
		(void)futimens(fd, NULL);
		return no_free_fd(fd);
	}
	return open_failed(dir, name, -EAGAIN, diag);
}

static int grow(struct host_locks *locks)
{
	unsigned int cap = locks->cap ? locks->cap * 2 : 16;
	int *fd;

	if (locks->nr < locks->cap)
		return 0;
	fd = reallocarray(locks->fd, cap, sizeof(*fd));
	if (!fd)
		return -ENOMEM;
	locks->fd = fd;
	locks->cap = cap;
	return 0;
}

int host_locks__take(struct host_locks *locks, int dir_fd, const char *dir,
		     enum host_lock_kind kind, unsigned int n, bool exclusive,
		     struct kt_diag *diag)
{
	char name[HOST_LOCK_NAME_SIZE];
	int fd, err = grow(locks);

	if (err)
		return diag__fail(diag, err, "out of memory");
	host_lock__name(kind, n, name);
	fd = lock_file(dir_fd, dir, name, exclusive ? LOCK_EX : LOCK_SH, diag);
	if (fd < 0)
		return fd;
	locks->fd[locks->nr++] = fd;
	return 0;
}

void host_locks__release(struct host_locks *locks)
{
	while (locks->nr)
		close(locks->fd[--locks->nr]);
	free(locks->fd);
	*locks = (struct host_locks){ 0 };
}
