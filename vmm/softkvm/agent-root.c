// SPDX-License-Identifier: GPL-2.0
/*
 * A session's file system: the host's root under a private overlay, the
 * kernel's own file systems, and the directories that are written through.
 * Runs in the session's new mount namespace, single-threaded.
 */
#include "vmm/softkvm/agent.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define R AGENT_ROOT_DIR

static int fail(struct kt_diag *diag, const char *what, const char *path)
{
	return diag__fail(diag, -errno, "%s %s: %s", what, path,
			  strerror(errno));
}

/*
 * A new overlay for every session: what changed on the host since the last
 * one is seen, since an overlay remembers names of its lower layer.
 */
static int mount_overlay(struct kt_diag *diag)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return fail(diag, "make private", "/");
	if (mount("upper", AGENT_UPPER_DIR, "tmpfs", 0, "mode=0755"))
		return fail(diag, "mount", AGENT_UPPER_DIR);
	if (mkdir(AGENT_UPPER_DIR "/upper", 0755) ||
	    mkdir(AGENT_UPPER_DIR "/work", 0755))
		return fail(diag, "mkdir in", AGENT_UPPER_DIR);
	if (mount("overlay", AGENT_ROOT_DIR, "overlay", 0,
		  "lowerdir=" AGENT_HOST_DIR ",upperdir=" AGENT_UPPER_DIR
		  "/upper,workdir=" AGENT_UPPER_DIR
		  "/work,redirect_dir=off,index=off,metacopy=off,xino=off"))
		return fail(diag, "mount overlay on", AGENT_ROOT_DIR);
	return 0;
}

static int mount_kernel_file_systems(struct kt_diag *diag)
{
	static const struct {
		const char *type, *target, *data;
	} rows[] = {
		{ "proc", R "/proc", NULL },
		{ "sysfs", R "/sys", NULL },
		{ "cgroup2", R "/sys/fs/cgroup", NULL },
		{ "devtmpfs", R "/dev", NULL },
		{ "devpts", R "/dev/pts", "newinstance,ptmxmode=0666" },
		{ "tmpfs", R "/dev/shm", "mode=1777" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (mount(rows[i].type, rows[i].target, rows[i].type, 0,
			  rows[i].data))
			return fail(diag, "mount on", rows[i].target);
	return 0;
}

static int bind_writable(const char *dir, struct kt_diag *diag)
{
	char *host __free(ptr) = NULL, *target __free(ptr) = NULL;

	if (*dir != '/' || asprintf(&host, AGENT_HOST_DIR "%s", dir) < 0 ||
	    asprintf(&target, AGENT_ROOT_DIR "%s", dir) < 0)
		return -EINVAL;
	if (mount(host, target, NULL, MS_BIND | MS_REC, NULL))
		return fail(diag, "write through", dir);
	return 0;
}

int session_root__enter(const struct sk_request *req, struct kt_diag *diag)
{
	int err = mount_overlay(diag);

	if (!err)
		err = mount_kernel_file_systems(diag);
	for (u32 i = 0; !err && i < req->nr_rw; i++)
		err = bind_writable(req->rw[i], diag);
	if (err)
		return err;
	/* The root file system cannot be pivoted away: cover it instead. */
	if (chdir(AGENT_ROOT_DIR) || mount(".", "/", NULL, MS_MOVE, NULL) ||
	    chroot("."))
		return fail(diag, "enter", AGENT_ROOT_DIR);
	if (chdir(req->cwd))
		return fail(diag, "working directory", req->cwd);
	return 0;
}
