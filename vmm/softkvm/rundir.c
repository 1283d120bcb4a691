// SPDX-License-Identifier: GPL-2.0
/*
 * The run directory: checks, lock, sockets, cleaning. Used by clients and the
 * supervisor of one user; the lock orders them. No state.
 */
#include "vmm/softkvm/rundir.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

DEFINE_FREE(dir, DIR *, if (_T) closedir(_T))

#define INSTANCE_PREFIX "i-"

int rundir__path(char buf[RUNDIR_MAX], unsigned int number,
		 struct kt_diag *diag)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	char suffix[16] = "";
	struct stat st;
	int n;

	if (number)
		snprintf(suffix, sizeof(suffix), ".%u", number);
	/* After su and sudo the variable names somebody else's directory. */
	if (xdg && *xdg == '/' && !stat(xdg, &st) && S_ISDIR(st.st_mode) &&
	    st.st_uid == geteuid())
		n = snprintf(buf, RUNDIR_MAX, "%s/ktstr-softkvm%s", xdg,
			     suffix);
	else
		n = snprintf(buf, RUNDIR_MAX, "/tmp/ktstr-softkvm-%u%s",
			     geteuid(), suffix);
	if (n < 0 || n >= RUNDIR_MAX)
		return diag__fail(diag, -ENAMETOOLONG,
				  "XDG_RUNTIME_DIR is longer than %d bytes, "
				  "too long for a socket name: shorten or "
				  "unset it",
				  RUNDIR_MAX - 20);
	return 0;
}

int rundir__check(const char *path, struct kt_diag *diag)
{
	struct stat st;

	if (lstat(path, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077))
		return diag__fail(diag, -EPERM,
				  "%s is not a directory of user %u with mode "
				  "0700 (owner %u, mode %04o): remove it or "
				  "set XDG_RUNTIME_DIR",
				  path, geteuid(), st.st_uid,
				  st.st_mode & 07777);
	return 0;
}

/* True when @fd still is the file called @path: a holder may remove it. */
static bool is_file(int fd, const char *path)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(path, &b) && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

int rundir__lock(const char *path, bool wait, int *ret_fd, struct kt_diag *diag)
{
	char name[RUNDIR_MAX + 8];

	snprintf(name, sizeof(name), "%s/lock", path);
	for (;;) {
		int fd __free(fd) = -1;
		int err;

		if (mkdir(path, 0700) && errno != EEXIST)
			return diag__fail(diag, -errno, "cannot create %s: %s",
					  path, strerror(errno));
		err = rundir__check(path, diag);
		if (err == -ENOENT)
			continue;
		if (err)
			return err;
		fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			  0600);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return diag__fail(diag, -errno, "cannot open %s: %s",
					  name, strerror(errno));
		if (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB))) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (!is_file(fd, name))
			continue;
		*ret_fd = no_free_fd(fd);
		return 0;
	}
}

static int socket_address(struct sockaddr_un *sun, const char *dir)
{
	int n;

	sun->sun_family = AF_UNIX;
	n = snprintf(sun->sun_path, sizeof(sun->sun_path), "%s/socket", dir);
	return n < 0 || (size_t)n >= sizeof(sun->sun_path) ? -ENAMETOOLONG : 0;
}

int rundir__connect(const char *path, const char *instance, int *ret_fd)
{
	int fd __free(fd) = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char dir[RUNDIR_MAX + NAME_MAX + 2];
	struct sockaddr_un sun;
	int err;

	if (fd < 0)
		return -errno;
	snprintf(dir, sizeof(dir), "%s/%s", path, instance);
	err = socket_address(&sun, dir);
	if (err)
		return err;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)))
		return -errno;
	*ret_fd = no_free_fd(fd);
	return 0;
}

int rundir__listen(const char *instance_dir, int *ret_fd, struct kt_diag *diag)
{
	int fd __free(fd) =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un sun;
	int err = socket_address(&sun, instance_dir);

	if (fd < 0)
		err = -errno;
	if (!err && bind(fd, (struct sockaddr *)&sun, sizeof(sun)))
		err = -errno;
	if (!err && listen(fd, 64))
		err = -errno;
	if (err)
		return diag__fail(diag, err, "cannot listen on %s/socket: %s",
				  instance_dir, strerror(-err));
	*ret_fd = no_free_fd(fd);
	return 0;
}

int rundir__publish(const char *path, const char *instance)
{
	char tmp[RUNDIR_MAX + 32], name[RUNDIR_MAX + 32];

	snprintf(tmp, sizeof(tmp), "%s/.%s", path, RUNDIR_CURRENT);
	snprintf(name, sizeof(name), "%s/%s", path, RUNDIR_CURRENT);
	if (unlink(tmp) && errno != ENOENT)
		return -errno;
	if (symlink(instance, tmp) || rename(tmp, name))
		return -errno;
	return 0;
}

void rundir__remove_instance(const char *path, const char *instance)
{
	static const char *const files[] = { "socket", "log", "console",
					     "vhost" };
	char name[RUNDIR_MAX + NAME_MAX + 16], target[NAME_MAX + 1];
	ssize_t n;

	snprintf(name, sizeof(name), "%s/%s", path, RUNDIR_CURRENT);
	n = readlink(name, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	if (!strcmp(target, instance))
		unlink(name);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(name, sizeof(name), "%s/%s/%s", path, instance,
			 files[i]);
		unlink(name);
	}
	snprintf(name, sizeof(name), "%s/%s", path, instance);
	rmdir(name);
}

int rundir__each(const char *path,
		 int (*fn)(const char *path, const char *instance, void *ctx),
		 void *ctx)
{
	DIR *dir __free(dir) = opendir(path);
	struct dirent *de;
	int err = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!err && (de = readdir(dir)))
		if (!strncmp(de->d_name, INSTANCE_PREFIX,
			     strlen(INSTANCE_PREFIX)))
			err = fn(path, de->d_name, ctx);
	return err;
}

static int remove_if_dead(const char *path, const char *instance, void *ctx)
{
	int fd __free(fd) = -1;

	(void)ctx;
	if (rundir__connect(path, instance, &fd))
		rundir__remove_instance(path, instance);
	return 0;
}

static int found_one(const char *path, const char *instance, void *ctx)
{
	(void)path;
	(void)instance;
	(void)ctx;
	return 1;
}

void rundir__remove_dead(const char *path)
{
	rundir__each(path, remove_if_dead, NULL);
}

void rundir__remove_if_empty(const char *path)
{
	char name[RUNDIR_MAX + 32];

	if (rundir__each(path, found_one, NULL))
		return;
	snprintf(name, sizeof(name), "%s/%s", path, RUNDIR_CURRENT);
	unlink(name);
	snprintf(name, sizeof(name), "%s/lock", path);
	unlink(name);
	rmdir(path);
}
