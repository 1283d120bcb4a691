// SPDX-License-Identifier: GPL-2.0
/* Starting and ending test programs; see child.h. The runner's one thread. */
#include "lib/runner/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <ktstr/exit-status.h>
#include <ktstr/fd.h>

struct pipes {
	int out[2], err[2], fail[2];
};

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
	pair[0] = pair[1] = -1;
}

static void close_pipes(struct pipes *p)
{
	close_pair(p->out);
	close_pair(p->err);
	close_pair(p->fail);
}

static int open_pipes(struct pipes *p)
{
	*p = (struct pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	if (pipe2(p->out, O_CLOEXEC) || pipe2(p->err, O_CLOEXEC) ||
	    pipe2(p->fail, O_CLOEXEC) ||
	    fcntl(p->out[0], F_SETFL, O_NONBLOCK) ||
	    fcntl(p->err[0], F_SETFL, O_NONBLOCK)) {
		int err = -errno;

		close_pipes(p);
		return err;
	}
	return 0;
}

/* Does @list set the variable that @entry of the environment sets? */
static bool overridden(const char *entry, const char *const *list,
		       unsigned int nr)
{
	size_t len = strcspn(entry, "=");

	for (unsigned int i = 0; i < nr; i++)
		if (strcspn(list[i], "=") == len &&
		    !memcmp(list[i], entry, len))
			return true;
	return false;
}

/* Our environment with @cfg's and @mark over it; strings are borrowed. */
static char **make_env(const struct runner_child_config *cfg, const char *mark)
{
	unsigned int nr = 0;
	char **env;

	while (environ && environ[nr])
		nr++;
	env = calloc((size_t)nr + cfg->nr_env + 2, sizeof(*env));
	if (!env)
		return NULL;
	nr = 0;
	for (char **e = environ; e && *e; e++)
		if (!overridden(*e, cfg->env, cfg->nr_env) &&
		    !overridden(*e, &mark, 1))
			env[nr++] = *e;
	for (unsigned int i = 0; i < cfg->nr_env; i++)
		if (strchr(cfg->env[i], '='))
			env[nr++] = (char *)(uintptr_t)cfg->env[i];
	env[nr] = (char *)(uintptr_t)mark;
	return env;
}

/* Between fork and exec; never returns. */
static void become(const struct runner_child_config *cfg, char **env,
		   const struct pipes *p, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), err;
	sigset_t none;

	setpgid(0, 0);
	/* The parent may have died before the signal was asked for. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(1); /* lint: exit ok, because this is the child */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (cfg->cpus)
		sched_setaffinity(0, sizeof(*cfg->cpus), cfg->cpus);
	if (null >= 0 && dup2(null, 0) == 0 && dup2(p->out[1], 1) == 1 &&
	    dup2(p->err[1], 2) == 2)
		execve(cfg->path, (char **)(uintptr_t)cfg->argv, env);
	err = errno;
	(void)!write(p->fail[1], &err, sizeof(err));
	_exit(127); /* lint: exit ok, because this is the child */
}

/* Return: 0 once the program runs, else its -errno; it is gone then. */
static int wait_exec(int fd, pid_t pid)
{
	int err = 0;

	if (fd__read_all(fd, &err, sizeof(err)))
		return 0; /* closed by exec */
	waitpid(pid, NULL, 0);
	return -err;
}

int runner_child__start(const struct runner_child_config *cfg,
			struct runner_child *ret_child, struct kt_diag *diag)
{
	struct runner_child child = RUNNER_CHILD_NONE;
	char mark[sizeof(RUNNER_CHILD_ENV) + 48];
	char **env __free(ptr) = NULL;
	struct pipes p;
	pid_t parent = getpid();
	int err = open_pipes(&p);

	if (err)
		return diag__fail(diag, err, "pipe: %s", strerror(-err));
	/* Unique on this machine while we live. */
	child.mark = kt_now_ns();
	snprintf(mark, sizeof(mark), RUNNER_CHILD_ENV "=%d.%llu", parent,
		 (unsigned long long)child.mark);
	env = make_env(cfg, mark);
	child.pid = env ? fork() : -1;
	if (child.pid == 0)
		become(cfg, env, &p, parent);
	err = child.pid < 0 ? -errno : 0;
	close(no_free_fd(p.out[1]));
	close(no_free_fd(p.err[1]));
	close(no_free_fd(p.fail[1]));
	if (!err) {
		setpgid(child.pid, child.pid);
		err = wait_exec(p.fail[0], child.pid);
	}
	if (!err) {
		child.pidfd = pidfd_open(child.pid, 0);
		if (child.pidfd < 0) {
			err = -errno;
			runner_child__kill(&child);
			waitpid(child.pid, NULL, 0);
		}
	}
	if (!err) {
		child.out_fd = no_free_fd(p.out[0]);
		child.err_fd = no_free_fd(p.err[0]);
		*ret_child = child;
	}
	close_pipes(&p);
	return err ? diag__fail(diag, err, "cannot run %s: %s", cfg->path,
				strerror(-err))
		   : 0;
}

void runner_child__kill(const struct runner_child *child)
{
	/* It is not reaped yet, so the number cannot be somebody else's. */
	if (child->pid > 0 && kill(-child->pid, SIGKILL))
		kill(child->pid, SIGKILL);
}

/* --- what it left behind -------------------------------------------------- */

/* Does /proc/PID/@file have the word @word, up to a NUL, anywhere? */
static bool proc_has(pid_t pid, const char *file, const char *word)
{
	char *text __free(ptr) = NULL, path[64];
	size_t len, size = strlen(word) + 1;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	if (fd__read_file(path, MIB(4), &text, &len))
		return false;
	return memmem(text, len + 1, word, size) != NULL;
}

static bool left_by(pid_t pid, const struct runner_child *child)
{
	char mark[sizeof(RUNNER_CHILD_ENV) + 48];

	snprintf(mark, sizeof(mark), RUNNER_CHILD_ENV "=%d.%llu", getpid(),
		 (unsigned long long)child->mark);
	return proc_has(pid, "environ", mark) &&
	       !proc_has(pid, "cmdline", "ktstr-softkvm");
}

/* Our children that are not started by us are adopted orphans. */
static unsigned int kill_orphans(const struct runner_child *child)
{
	char *text __free(ptr) = NULL, path[64];
	unsigned int killed = 0;
	size_t len;
	char *p;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/children",
		 syscall(SYS_gettid));
	if (fd__read_file(path, MIB(1), &text, &len))
		return 0;
	for (p = text; *p;) {
		char *end;
		pid_t pid = (pid_t)strtol(p, &end, 10);

		if (end == p)
			break;
		p = end + strspn(end, " \n");
		if (pid <= 1 || !left_by(pid, child))
			continue;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		killed++;
	}
	return killed;
}

void runner_child__forget(struct runner_child *child)
{
	const int fds[] = { child->pidfd, child->out_fd, child->err_fd };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	*child = (struct runner_child)RUNNER_CHILD_NONE;
}

int runner_child__reap(struct runner_child *child)
{
	int status = 0;

	if (waitpid(child->pid, &status, 0) != child->pid)
		status = 0;
	/* Killing one orphans its children, which are ours then. */
	while (kill_orphans(child))
		;
	runner_child__forget(child);
	return exit_status(status);
}

void runner_child__adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}
