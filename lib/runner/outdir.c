// SPDX-License-Identifier: GPL-2.0
/*
 * A run's output directory; see outdir.h. All names are resolved from its
 * descriptor: a directory that is removed and made anew by somebody else is
 * theirs.
 */
#include "lib/runner/outdir.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <ktstr/fd.h>

#define LOCK_NAME ".lock"

static const char *const result_files[] = { "results.ktap", "results.json",
					    "results.xml" };

static void keep_error(struct outdir *dir, int err, const char *name)
{
	if (dir->err)
		return;
	dir->err = err;
	diag__fail(&dir->why, err,
		   "output directory %s: cannot write %s: %s; results on "
		   "standard output are complete",
		   dir->path, name, strerror(-err));
}

static int lock(struct outdir *dir, struct kt_diag *diag)
{
	char pid[32] = "";
	int n;

	dir->lock_fd = openat(dir->fd, LOCK_NAME,
			      O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (dir->lock_fd < 0)
		return diag__fail(diag, -errno, "cannot create %s/%s: %s",
				  dir->path, LOCK_NAME, strerror(errno));
	if (flock(dir->lock_fd, LOCK_EX | LOCK_NB)) {
		(void)!pread(dir->lock_fd, pid, sizeof(pid) - 1, 0);
		return diag__fail(diag, -EBUSY,
				  "%s is in use by another run, process %.*s: "
				  "wait for it or take another --output",
				  dir->path, (int)strcspn(pid, "\n"), pid);
	}
	/* For that message only; without it the lock is as good. */
	n = snprintf(pid, sizeof(pid), "%d\n", getpid());
	if (!ftruncate(dir->lock_fd, 0))
		(void)!pwrite(dir->lock_fd, pid, (size_t)n, 0);
	return 0;
}

int outdir__open(const char *path, struct outdir *ret_dir, struct kt_diag *diag)
{
	struct outdir dir = OUTDIR_NONE;
	int err = fd__mkdirs(path);

	dir.path = err ? NULL : realpath(path, NULL);
	if (dir.path)
		dir.fd = open(dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir.fd < 0) {
		err = err ? err : -errno;
		free(dir.path);
		return diag__fail(diag, err,
				  "cannot use %s as output directory: %s", path,
				  strerror(-err));
	}
	err = lock(&dir, diag);
	for (size_t i = 0; !err && i < ARRAY_SIZE(result_files); i++)
		if (unlinkat(dir.fd, result_files[i], 0) && errno != ENOENT)
			err = diag__fail(diag, -errno,
					 "cannot remove %s/%s of an earlier "
					 "run: %s",
					 dir.path, result_files[i],
					 strerror(errno));
	if (err) {
		outdir__close(&dir);
		return err;
	}
	*ret_dir = dir;
	return 0;
}

static int make_parents(int fd, const char *rel)
{
	char part[PATH_MAX];

	for (const char *p = strchr(rel, '/'); p; p = strchr(p + 1, '/')) {
		size_t len = (size_t)(p - rel);

		if (len >= sizeof(part))
			return -ENAMETOOLONG;
		memcpy(part, rel, len);
		part[len] = '\0';
		if (mkdirat(fd, part, 0755) && errno != EEXIST)
			return -errno;
	}
	return 0;
}

int outdir__create_log(struct outdir *dir, const char *rel)
{
	int fd, err = make_parents(dir->fd, rel);

	if (err) {
		keep_error(dir, err, rel);
		return -1; /* lint: minus-one ok, because it is a descriptor */
	}
	fd = openat(dir->fd, rel, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		    0644);
	if (fd < 0)
		keep_error(dir, -errno, rel);
	return fd;
}

void outdir__log(struct outdir *dir, int fd, const char *text, size_t len)
{
	int err = fd < 0 ? 0 : fd__write_all(fd, text, len);

	if (err)
		keep_error(dir, err, "a test's log");
}

void outdir__rename_log(struct outdir *dir, const char *from, const char *to)
{
	if (renameat(dir->fd, from, dir->fd, to))
		keep_error(dir, -errno, to);
}

void outdir__publish(struct outdir *dir, const char *name, const char *text,
		     size_t len)
{
	char tmp[64];
	int fd, err;

	if (dir->fd < 0)
		return;
	snprintf(tmp, sizeof(tmp), ".%s.tmp", name);
	fd = openat(dir->fd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		    0644);
	err = fd < 0 ? -errno : fd__write_all(fd, text, len);
	if (fd >= 0 && close(fd) && !err)
		err = -errno;
	if (!err && renameat(dir->fd, tmp, dir->fd, name))
		err = -errno;
	if (!err)
		return;
	unlinkat(dir->fd, tmp, 0);
	keep_error(dir, err, name);
}

void outdir__close(struct outdir *dir)
{
	if (dir->lock_fd >= 0)
		close(dir->lock_fd);
	if (dir->fd >= 0)
		close(dir->fd);
	free(dir->path);
	dir->path = NULL;
	dir->fd = dir->lock_fd = -1;
}
