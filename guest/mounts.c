// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's file systems: two tables and a walker. PID 1 only, once.
 */
#include "guest/mounts.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <ktstr/fd.h>

#include "guest/die.h"

#define NO_EXTRAS (MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* /proc is there since guest__is_init(); the kernel would stack a second. */
static const struct mount_row first[] = {
	{ "sysfs", "/sys", NULL, NO_EXTRAS, true, 0 },
	{ "devtmpfs", "/dev", "mode=0755", MS_NOSUID, true, 0 },
};

static const struct mount_row rest[] = {
	{ "tmpfs", "/tmp", "mode=1777", 0, true, 01777 },
	{ "tmpfs", "/run", "mode=0755", 0, false, 0755 },
	{ "tmpfs", "/dev/shm", "mode=1777", 0, false, 0 },
	{ "devpts", "/dev/pts", "mode=0620,ptmxmode=0666", MS_NOSUID, false,
	  0 },
	{ "cgroup2", "/sys/fs/cgroup", NULL, NO_EXTRAS, false, 0 },
	{ "bpf", "/sys/fs/bpf", NULL, NO_EXTRAS, false, 0 },
	{ "debugfs", "/sys/kernel/debug", NULL, NO_EXTRAS, false, 0 },
	{ "tracefs", "/sys/kernel/tracing", NULL, NO_EXTRAS, false, 0 },
};

static const struct {
	const char *target, *link;
} dev_links[] = {
	{ "/proc/self/fd", "/dev/fd" },
	{ "/proc/self/fd/0", "/dev/stdin" },
	{ "/proc/self/fd/1", "/dev/stdout" },
	{ "/proc/self/fd/2", "/dev/stderr" },
};

static bool has_entries(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *de;
	bool found = false;

	while (dir && !found && (de = readdir(dir)))
		found = strcmp(de->d_name, ".") && strcmp(de->d_name, "..");
	if (dir)
		closedir(dir);
	return found;
}

static int mount_row(const struct mount_row *row)
{
	int err;

	if (row->keep_mode && has_entries(row->target))
		return chmod(row->target, row->keep_mode) ? -errno : 0;
	if (!mount(row->type, row->target, row->type, row->flags, row->data))
		return 0;
	err = -errno;
	if (err == -ENOENT && !fd__mkdirs(row->target))
		err = mount(row->type, row->target, row->type, row->flags,
			    row->data)
			      ? -errno
			      : 0;
	return err == -EBUSY ? 0 : err;
}

int mounts__apply(const struct mount_row *rows, size_t nr, struct kt_diag *diag)
{
	for (size_t i = 0; i < nr; i++) {
		const struct mount_row *row = &rows[i];
		int err = mount_row(row);

		if (err && row->required)
			return diag__fail(diag, err,
					  "%s on %s: %s (is it in the kernel's "
					  "configuration?)",
					  row->type, row->target,
					  strerror(-err));
		if (err)
			die__note(5, "no %s on %s: %s", row->type, row->target,
				  strerror(-err));
	}
	return 0;
}

int mounts__first(struct kt_diag *diag)
{
	return mounts__apply(first, ARRAY_SIZE(first), diag);
}

int mounts__rest(struct kt_diag *diag)
{
	for (size_t i = 0; i < ARRAY_SIZE(dev_links); i++)
		if (symlink(dev_links[i].target, dev_links[i].link) &&
		    errno != EEXIST)
			die__note(5, "no link %s: %s", dev_links[i].link,
				  strerror(errno));
	return mounts__apply(rest, ARRAY_SIZE(rest), diag);
}

void mounts__trace_dir(const char *path)
{
	int err = fd__mkdirs(path);

	if (!err && mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV,
			  "mode=0755,huge=always"))
		err = -errno;
	if (err)
		die__note(5, "no huge pages for %s: %s", path, strerror(-err));
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = strstr(text, word); p; p = strstr(p + 1, word))
		if ((p == text || p[-1] == ' ') && strchr(" \n", p[len]))
			return true;
	return false;
}

void cgroups__enable(const char *root)
{
	static const char *const wanted[] = { "cpuset", "cpu", "io", "memory",
					      "pids" };
	char *have __free(ptr) = NULL;
	char path[300], line[64];
	int fd __free(fd) = -1;
	size_t len = 0;

	snprintf(path, sizeof(path), "%s/cgroup.controllers", root);
	if (fd__read_file(path, 4096, &have, NULL))
		return; /* no cgroup2: the mount has said so */
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (has_word(have, wanted[i]))
			len += (size_t)snprintf(line + len, sizeof(line) - len,
						"+%s ", wanted[i]);
	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", root);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || (len && fd__write_all(fd, line, len)))
		die__note(4, "%s: cannot write '%.*s': %s", path, (int)len,
			  line, strerror(errno));
}
