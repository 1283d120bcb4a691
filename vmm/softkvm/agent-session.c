// SPDX-License-Identifier: GPL-2.0
/*
 * A session: PID and mount namespace, an init in it that starts the program,
 * passes signals on to its process group, reaps orphans and ends with the
 * program's status. When init ends, or is killed because the client left,
 * the kernel kills everything in the namespace.
 */
#include "vmm/softkvm/agent.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <ktstr/exit-status.h>
#include <ktstr/fd.h>

#include "vmm/softkvm.h"
#include "vmm/softkvm/terminal.h"

static int become_user(const struct sk_request *req)
{
	gid_t gid = req->gid;

	if (!req->uid && !req->gid)
		return 0;
	if (setgroups(1, &gid) || setresgid(gid, gid, gid) ||
	    setresuid(req->uid, req->uid, req->uid))
		return -errno;
	return 0;
}

static _Noreturn void program_main(const struct sk_request *req)
{
	sigset_t none;
	int err;

	setpgid(0, 0);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(req->umask & 0777);
	environ = req->envp;
	terminal__name();
	err = become_user(req);
	if (!err) {
		execvp(req->argv[0], req->argv);
		err = -errno;
	}
	dprintf(2, "softkvm: %s: %s\n", req->argv[0], strerror(-err));
	_exit(err == -ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

/*
 * Until the program itself ends; its orphans do not hold us up.
 * Return: the status to end with, or -EAGAIN.
 */
static int reap_until(pid_t program)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid <= 0)
			return -EAGAIN;
		if (pid == program)
			return exit_status(status);
	}
}

_Noreturn void session_init__main(const struct sk_request *req, int error_fd)
{
	struct kt_diag diag = { 0 };
	sigset_t all;
	pid_t program;
	int err, status;

	/* Blocked signals reach the init of a namespace; others do not. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	err = session_root__enter(req, &diag);
	program = err ? 0 : fork();
	if (program < 0)
		err = -errno;
	if (err) {
		const char *text = diag__text(&diag, err);

		fd__write_all(error_fd, text, strlen(text));
		_exit(1);
	}
	if (!program)
		program_main(req);
	/* The program is the only writer and reader of its pipes. */
	close_range(0, ~0U, 0);
	for (;;) {
		siginfo_t si;
		int sig = sigwaitinfo(&all, &si);

		if (sig == SIGCHLD) {
			status = reap_until(program);
			if (status >= 0)
				_exit(status);
		} else if (sig > 0 && kill(-program, sig)) {
			/* Not yet a group of its own: a moment later it is. */
			kill(program, sig);
		}
	}
}

/* Pipe ends of one session, in the program's view. */
struct session_pipes {
	int fd[SK_NR_STREAMS + 1][2]; /* the last one carries errors */
};

static void close_pipes(struct session_pipes *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(p->fd); i++)
		for (int end = 0; end < 2; end++)
			if (p->fd[i][end] >= 0)
				close(p->fd[i][end]);
}

static int make_pipes(struct session_pipes *p)
{
	memset(p, 0xff, sizeof(*p));
	for (size_t i = 0; i < ARRAY_SIZE(p->fd); i++) {
		int ours = i == SK_STDIN ? 1 : 0;

		if (pipe2(p->fd[i], O_CLOEXEC))
			return -errno;
		if (fcntl(p->fd[i][ours], F_SETFL, O_NONBLOCK))
			return -errno;
	}
	return 0;
}

static _Noreturn void child_main(const struct sk_request *req,
				 struct session_pipes *p, u64 delay_ns)
{
	struct timespec delay = {
		.tv_sec = (time_t)(delay_ns / NSEC_PER_SEC),
		.tv_nsec = (long)(delay_ns % NSEC_PER_SEC),
	};
	int error_fd = p->fd[SK_NR_STREAMS][1];

	/* The agent's own 0 to 3 are the console and its port. */
	if (dup3(p->fd[SK_STDIN][0], 0, 0) < 0 ||
	    dup3(p->fd[SK_STDOUT][1], 1, 0) < 0 ||
	    dup3(p->fd[SK_STDERR][1], 2, 0) < 0 ||
	    dup3(error_fd, 3, O_CLOEXEC) < 0)
		_exit(1);
	close_range(4, ~0U, 0);
	nanosleep(&delay, NULL);
	session_init__main(req, 3);
}

int session__start(struct session *s, u32 id, const struct sk_request *req,
		   u64 delay_ns)
{
	struct session_pipes p;
	int err = make_pipes(&p);
	long pid;

	if (err) {
		close_pipes(&p);
		return err;
	}
	pid = syscall(SYS_clone, CLONE_NEWNS | CLONE_NEWPID | SIGCHLD, 0, 0, 0,
		      0);
	if (pid == 0)
		child_main(req, &p, delay_ns);
	if (pid < 0) {
		err = -errno;
		close_pipes(&p);
		return err;
	}
	*s = (struct session){ .id = id, .used = true, .init = (pid_t)pid };
	s->in_fd = no_free_fd(p.fd[SK_STDIN][1]);
	s->out_fd[SK_STDIN] = -1;
	s->out_fd[SK_STDOUT] = no_free_fd(p.fd[SK_STDOUT][0]);
	s->out_fd[SK_STDERR] = no_free_fd(p.fd[SK_STDERR][0]);
	s->error_fd = no_free_fd(p.fd[SK_NR_STREAMS][0]);
	s->credit[SK_STDOUT] = s->credit[SK_STDERR] = SK_WINDOW;
	outq__init(&s->in, SK_WINDOW);
	close_pipes(&p);
	return 0;
}
