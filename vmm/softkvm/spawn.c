// SPDX-License-Identifier: GPL-2.0
/*
 * fork and exec with the details done once. Between fork and exec only
 * async-signal-safe calls are made, since a client may have threads.
 */
#include "vmm/softkvm/spawn.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <ktstr/fd.h>

#include "vmm/softkvm/noatime.h"

/* Everything a child needs that cannot be made after fork. */
struct child_plan {
	const struct sk_spawn *spawn;
	int null_fd;
	int log_fd; /* -1: keep the caller's output */
	int error_fd;
	pid_t parent; /* 0: need not die with anybody */
	char uid_map[48], gid_map[48];
};

static int write_file(const char *path, const char *text)
{
	int fd __free(fd) = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd__write_all(fd, text, strlen(text));
}

/*
 * virtiofsd wants to chroot and to open files by handle of its own; a user
 * may grant that to itself in a namespace. The ids stay what they are there,
 * so the capabilities must be ambient to survive exec.
 */
static int enter_user_namespace(const struct child_plan *plan)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct cap[2];
	int err;

	if (unshare(CLONE_NEWUSER))
		return -errno;
	err = write_file("/proc/self/uid_map", plan->uid_map);
	if (!err)
		err = write_file("/proc/self/setgroups", "deny");
	if (!err)
		err = write_file("/proc/self/gid_map", plan->gid_map);
	if (err)
		return err;
	if (syscall(SYS_capget, &head, cap))
		return -errno;
	cap[0].inheritable = cap[0].permitted;
	cap[1].inheritable = cap[1].permitted;
	if (syscall(SYS_capset, &head, cap))
		return -errno;
	for (unsigned long i = 0; i < 64; i++)
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0);
	return noatime__filter();
}

static void reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Make @fd available as @to, open across exec. */
static int place_fd(int fd, int to)
{
	if (fd == to)
		return fcntl(fd, F_SETFD, 0) ? -errno : 0;
	return dup3(fd, to, 0) < 0 ? -errno : 0;
}

static int arrange_fds(const struct child_plan *plan)
{
	const struct sk_spawn *spawn = plan->spawn;
	int err = place_fd(plan->null_fd, 0);

	if (!err && plan->log_fd >= 0)
		err = place_fd(plan->log_fd, 1);
	if (!err && plan->log_fd >= 0)
		err = place_fd(plan->log_fd, 2);
	if (err)
		return err;
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC))
		return -errno;
	for (unsigned int i = 0; i < spawn->nr_keep_fds; i++)
		if (fcntl(spawn->keep_fds[i], F_SETFD, 0))
			return -errno;
	return 0;
}

static _Noreturn void child_main(const struct child_plan *plan)
{
	const struct sk_spawn *spawn = plan->spawn;
	int err = 0;

	if (plan->parent) {
		/* The parent may be gone before we asked. */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) ||
		    getppid() != plan->parent)
			_exit(127);
	}
	reset_signals();
	err = arrange_fds(plan);
	if (!err && spawn->user_namespace)
		err = enter_user_namespace(plan);
	if (!err) {
		execv(spawn->path ? spawn->path : spawn->argv[0], spawn->argv);
		err = -errno;
	}
	if (write(plan->error_fd, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

/* Between the two forks of a daemon: leave the session, then go away. */
static _Noreturn void daemon_main(const struct child_plan *plan)
{
	pid_t pid;

	if (setsid() < 0 || chdir("/"))
		_exit(127);
	pid = fork();
	if (pid == 0)
		child_main(plan);
	_exit(pid < 0 ? 127 : 0);
}

/* Learn whether exec worked: the error pipe closes by it. */
static int wait_exec(int fd, const char *what, const char *name,
		     struct kt_diag *diag)
{
	int err, got = fd__read_all(fd, &err, sizeof(err));

	if (got == -ENODATA)
		return 0;
	return diag__fail(diag, got ? got : err, "cannot %s %s: %s", what, name,
			  strerror(got ? -got : -err));
}

static int spawn_one(const struct sk_spawn *spawn, int log_fd, bool daemonize,
		     pid_t *ret_pid, struct kt_diag *diag)
{
	int null_fd __free(fd) = open("/dev/null", O_RDWR | O_CLOEXEC);
	int rd __free(fd) = -1, wr __free(fd) = -1;
	struct child_plan plan = { .spawn = spawn, .log_fd = log_fd };
	int pair[2], err;
	pid_t pid;

	if (null_fd < 0 || pipe2(pair, O_CLOEXEC))
		return -errno;
	rd = pair[0];
	wr = pair[1];
	plan.null_fd = null_fd;
	plan.error_fd = wr;
	plan.parent = daemonize ? 0 : getpid();
	snprintf(plan.uid_map, sizeof(plan.uid_map), "%u %u 1", geteuid(),
		 geteuid());
	snprintf(plan.gid_map, sizeof(plan.gid_map), "%u %u 1", getegid(),
		 getegid());
	pid = fork();
	if (pid < 0)
		return diag__fail(diag, -errno, "fork: %s", strerror(errno));
	if (pid == 0) {
		if (daemonize)
			daemon_main(&plan);
		child_main(&plan);
	}
	close(no_free_fd(wr));
	if (daemonize)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	err = wait_exec(rd,
			spawn->user_namespace ? "start in a user namespace"
					      : "start",
			spawn->argv[0], diag);
	if (err && !daemonize)
		waitpid(pid, NULL, 0);
	if (!err && ret_pid)
		*ret_pid = pid;
	return err;
}

int sk_spawn__child(const struct sk_spawn *spawn, pid_t *ret_pid,
		    struct kt_diag *diag)
{
	return spawn_one(spawn, -1, false, ret_pid, diag);
}

int sk_spawn__daemon(const struct sk_spawn *spawn, int log_fd,
		     struct kt_diag *diag)
{
	return spawn_one(spawn, log_fd, true, NULL, diag);
}
