// SPDX-License-Identifier: GPL-2.0
/*
 * Starts a supervisor: the running program again, in another role, as a
 * daemon. Called by a client that holds the run directory's lock.
 */
#include "vmm/softkvm/starter.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <ktstr/fd.h>

#include "vmm/softkvm/rundir.h"
#include "vmm/softkvm/spawn.h"
#include "vmm/softkvm/super.h"

/* Names are never reused while one is in use: we hold the lock. */
static int make_instance(const char *run_dir, char *instance, size_t size,
			 int *ret_log_fd, struct kt_diag *diag)
{
	char path[RUNDIR_MAX + 64];
	unsigned int nr = (unsigned int)getpid();

	for (int tries = 0; tries < 1000; tries++, nr++) {
		snprintf(instance, size, "i-%u", nr);
		snprintf(path, sizeof(path), "%s/%s", run_dir, instance);
		if (!mkdir(path, 0700)) {
			strncat(path, "/log", sizeof(path) - strlen(path) - 1);
			*ret_log_fd = open(path,
					   O_WRONLY | O_CREAT | O_EXCL |
						   O_APPEND | O_CLOEXEC,
					   0600);
			if (*ret_log_fd >= 0)
				return 0;
		}
		if (errno != EEXIST)
			break;
	}
	return diag__fail(diag, -errno, "cannot create %s: %s", path,
			  strerror(errno));
}

static int wait_report(int fd, struct kt_diag *diag)
{
	struct starter_report report;
	int err = fd__read_all(fd, &report, sizeof(report));

	if (err)
		return diag__fail(diag, -EIO,
				  "softkvm's supervisor died while starting");
	report.text[sizeof(report.text) - 1] = '\0';
	if (report.err)
		return diag__fail(diag, report.err, "%s", report.text);
	return 0;
}

int starter__start(const char *run_dir, int lock_fd, struct kt_diag *diag)
{
	char instance[32], ready_arg[16], lock_arg[16];
	const char *argv[SUPER_ARGC + 1] = { SUPER_ARGV0, SUPER_ROLE, run_dir,
					     instance,	  ready_arg,  lock_arg,
					     NULL };
	int log_fd __free(fd) = -1, rd __free(fd) = -1, wr __free(fd) = -1;
	int keep[2], pair[2], err;
	struct sk_spawn spawn = {
		.argv = (char *const *)(uintptr_t)argv,
		.path = "/proc/self/exe",
		.keep_fds = keep,
		.nr_keep_fds = ARRAY_SIZE(keep),
	};

	if (pipe2(pair, O_CLOEXEC))
		return -errno;
	rd = pair[0];
	wr = pair[1];
	err = make_instance(run_dir, instance, sizeof(instance), &log_fd, diag);
	if (err)
		return err;
	keep[0] = wr;
	keep[1] = lock_fd;
	snprintf(ready_arg, sizeof(ready_arg), "%d", wr);
	snprintf(lock_arg, sizeof(lock_arg), "%d", lock_fd);
	err = sk_spawn__daemon(&spawn, log_fd, diag);
	close(no_free_fd(wr));
	if (!err)
		err = wait_report(rd, diag);
	if (err)
		rundir__remove_instance(run_dir, instance);
	return err;
}
