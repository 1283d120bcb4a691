// SPDX-License-Identifier: GPL-2.0
/*
 * The heart of PID 1: fork the test, then one poll loop over its two pipes
 * and SIGCHLD. Single-threaded; called once per machine by init.c and by unit
 * tests on the host.
 */
#include "guest/run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <ktstr/fd.h>
#include <ktstr/wire.h>

#include "guest/child.h"
#include "guest/port.h"
#include "guest/wprof.h"
#include "lib/ktap/ksft.h"

/* Output that trickles is collected for this long. */
#define HOLD_OFF_NS (50 * NSEC_PER_MSEC)

/*
 * This much at once is a writer at work. It gets time to fill the pipe, or a
 * single CPU would go back and forth once per page, but not so much that the
 * pipe gets full and the writer waits.
 */
#define BURST_MIN 4096u
#define BURST_HOLD_OFF_NS (2 * NSEC_PER_MSEC)

/* Room for a burst to land in while PID 1 does not look. */
#define PIPE_SIZE (1 << 20)

struct run {
	const struct run_config *cfg;
	struct guest_result *shared;
	pid_t pid;
	int sig_fd;
	int pipe_fd[2]; /* read ends, -1 after end of file */
	bool reaped;
	bool childless;
	bool stuck; /* did not even die of SIGKILL */
	bool timed_out;
	int status; /* of waitpid(), valid once reaped */
	u64 start_ns;
	u64 end_ns;
	u64 hold_until_ns;
	int err; /* first failure of the port; no more relaying then */
};

static const u32 stream_type[2] = { MSG_STDOUT, MSG_STDERR };

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void run_init(struct run *run, const struct run_config *cfg)
{
	*run = (struct run){
		.cfg = cfg,
		.sig_fd = -1,
		.pipe_fd = { -1, -1 },
	};
}

static void run_fini(struct run *run)
{
	close_fd(&run->pipe_fd[0]);
	close_fd(&run->pipe_fd[1]);
	close_fd(&run->sig_fd);
	if (run->shared)
		munmap(run->shared, sizeof(*run->shared));
}

static int open_pipe(int *ret_read, int *ret_write)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC))
		return -errno;
	/* The read end only: the flag is not shared between the ends. */
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	/* Best effort: a small pipe works too. */
	fcntl(p[1], F_SETPIPE_SZ, PIPE_SIZE);
	*ret_read = p[0];
	*ret_write = p[1];
	return 0;
}

static int prepare(struct run *run, int write_fd[2])
{
	sigset_t chld;
	void *mem = mmap(NULL, sizeof(*run->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int err;

	if (mem == MAP_FAILED)
		return -errno;
	run->shared = mem;
	run->shared->exit_code = -1;
	for (int i = 0; i < 2; i++) {
		err = open_pipe(&run->pipe_fd[i], &write_fd[i]);
		if (err)
			return err;
	}
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	run->sig_fd = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	return run->sig_fd < 0 ? -errno : 0;
}

static int start(struct run *run)
{
	int write_fd[2] = { -1, -1 };
	int err = prepare(run, write_fd);

	run->start_ns = kt_now_ns();
	run->end_ns = run->start_ns;
	if (!err) {
		run->pid = fork();
		if (run->pid == 0)
			child__main(run->cfg->ops, run->cfg->argc,
				    run->cfg->argv, write_fd, run->shared);
		err = run->pid < 0 ? -errno : 0;
	}
	close_fd(&write_fd[0]);
	close_fd(&write_fd[1]);
	return err;
}

/* One signal may stand for many children, and most are not the test. */
static void reap(struct run *run)
{
	struct signalfd_siginfo info;
	pid_t pid;
	int status;

	while (read(run->sig_fd, &info, sizeof(info)) == sizeof(info))
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (run->cfg->tracer &&
		    tracer__reaped(run->cfg->tracer, pid, status))
			continue;
		if (pid != run->pid)
			continue;
		run->status = status;
		run->reaped = true;
		run->end_ns = kt_now_ns();
	}
	run->childless = pid < 0 && errno == ECHILD;
}

/*
 * Queue one record from pipe @i. *ret_more: the pipe may hold more. *ret_len
 * grows by what was taken.
 */
static int relay_one(struct run *run, int i, size_t *ret_len, bool *ret_more)
{
	bool more = false;
	size_t len;
	int err;

	if (run->pipe_fd[i] < 0)
		return 0;
	err = port__relay(run->cfg->port, stream_type[i], run->pipe_fd[i], &len,
			  &more);
	if (err)
		return err == -EAGAIN ? 0 : err;
	if (!len)
		close_fd(&run->pipe_fd[i]);
	*ret_more |= more;
	*ret_len += len;
	return 0;
}

/* What both pipes hold now goes out in one write. */
static void relay(struct run *run)
{
	bool more = false;
	size_t len = 0;
	int err = relay_one(run, 0, &len, &more);

	if (!err)
		err = relay_one(run, 1, &len, &more);
	if (!err)
		err = port__flush(run->cfg->port);
	if (err) {
		run->err = err;
		close_fd(&run->pipe_fd[0]);
		close_fd(&run->pipe_fd[1]);
	}
	run->hold_until_ns =
		more ? 0
		     : kt_now_ns() + (len >= BURST_MIN ? BURST_HOLD_OFF_NS
						       : HOLD_OFF_NS);
}

/* Poll timeout until @when_ns; 0 = never. Rounded up: early is a busy loop. */
static int ms_until(u64 when_ns, u64 now_ns)
{
	u64 ms;

	if (!when_ns)
		return -1;
	if (when_ns <= now_ns)
		return 0;
	ms = (when_ns - now_ns + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC;
	return (int)KT_MIN(ms, (u64)INT32_MAX);
}

static u64 earlier(u64 a, u64 b)
{
	return !a ? b : !b ? a : KT_MIN(a, b);
}

/*
 * Wait for a signal, for output unless it is being collected, or for @end_ns
 * (0 = no end); then reap and relay.
 */
static void step(struct run *run, u64 end_ns)
{
	u64 now = kt_now_ns();
	bool hold = now < run->hold_until_ns;
	u64 wake = hold ? earlier(end_ns, run->hold_until_ns) : end_ns;
	struct pollfd pfd[3] = {
		{ .fd = run->sig_fd, .events = POLLIN },
		{ .fd = hold ? -1 : run->pipe_fd[0], .events = POLLIN },
		{ .fd = hold ? -1 : run->pipe_fd[1], .events = POLLIN },
	};

	/* EINTR is the only way to fail here, and then nothing is ready. */
	if (poll(pfd, ARRAY_SIZE(pfd), ms_until(wake, now)) <= 0)
		return;
	if (pfd[0].revents)
		reap(run);
	if (pfd[1].revents || pfd[2].revents)
		relay(run);
}

/* The test is over or out of time: a tracer that runs gets to its end. */
static void finish_tracer(struct run *run)
{
	struct tracer *tracer = run->cfg->tracer;
	u64 until_ns;

	/* It may have ended before anybody listened. */
	reap(run);
	while (tracer && !run->err &&
	       (until_ns = tracer__nudge(tracer, kt_now_ns())))
		step(run, until_ns);
}

static void kill_all(const struct run *run)
{
	if (run->cfg->owns_all)
		kill(-1, SIGKILL);
	else
		kill(-run->pid, SIGKILL);
}

/* Until the test child is gone, by itself or by force. */
static void supervise(struct run *run)
{
	u64 timeout_ns = run->cfg->timeout_ns;
	u64 end_ns = timeout_ns ? run->start_ns + timeout_ns : 0;

	while (!run->reaped && !run->err) {
		step(run, end_ns);
		if (run->reaped || !end_ns || kt_now_ns() < end_ns)
			continue;
		if (run->timed_out) {
			run->stuck = true;
			run->end_ns = kt_now_ns();
			return;
		}
		run->timed_out = true;
		finish_tracer(run);
		kill_all(run);
		end_ns = kt_now_ns() + run->cfg->drain_ns;
	}
}

static bool is_done(const struct run *run)
{
	bool dry = run->pipe_fd[0] < 0 && run->pipe_fd[1] < 0;

	return dry && (run->cfg->owns_all ? run->childless : run->reaped);
}

/* The test is over: nothing else may live on, and its last words count. */
static void wind_down(struct run *run)
{
	static const char left[] = "ktstr-init: a process of the test outlived "
				   "SIGKILL; what it writes from here on is "
				   "lost\n";
	u64 end_ns;

	finish_tracer(run);
	end_ns = kt_now_ns() + run->cfg->drain_ns;
	kill_all(run);
	reap(run);
	while (!is_done(run) && kt_now_ns() < end_ns) {
		run->hold_until_ns = 0;
		step(run, end_ns);
	}
	if (!is_done(run) && !run->err)
		run->err = port__put(run->cfg->port, MSG_STDERR, left,
				     sizeof(left) - 1);
}

/* What a kselftest runner makes of the status of a program. */
static void judge_foreign(const struct run *run, struct run_outcome *out)
{
	s32 said = run->shared->exit_code;

	out->program_status = said >= 0		 ? said & 0xff
			      : out->term_signal ? 128 + (s32)out->term_signal
						 : WEXITSTATUS(run->status);
	out->exit_code = out->program_status == KSFT_PASS   ? KSFT_PASS
			 : out->program_status == KSFT_SKIP ? KSFT_SKIP
							    : KSFT_FAIL;
	if (said >= 0 && run->shared->refused)
		out->exit_code = out->program_status;
	if (said >= 0)
		memcpy(out->reason, run->shared->reason, sizeof(out->reason));
}

static void judge_test(const struct run *run, struct run_outcome *out)
{
	size_t size = sizeof(out->reason);
	s32 said = run->shared->exit_code;

	if (said < 0) {
		snprintf(out->reason, size,
			 "ended with status %d before it reported a result",
			 WEXITSTATUS(run->status));
	} else if (said != WEXITSTATUS(run->status)) {
		snprintf(out->reason, size,
			 "reported status %d but ended with %d", said,
			 WEXITSTATUS(run->status));
	} else {
		out->exit_code = said;
		memcpy(out->reason, run->shared->reason, size);
	}
}

/* The mapping is out of the test's reach by now, or as good as. */
static void judge(const struct run *run, struct run_outcome *out)
{
	size_t size = sizeof(out->reason);

	memset(out, 0, sizeof(*out));
	out->exit_code = KSFT_FAIL;
	out->timed_out = run->timed_out;
	out->duration_ns = run->end_ns - run->start_ns;
	if (run->reaped && WIFSIGNALED(run->status))
		out->term_signal = (u32)WTERMSIG(run->status);
	if (run->cfg->foreign)
		judge_foreign(run, out);

	if (run->timed_out) {
		snprintf(out->reason, size, "killed after its %llu ms%s",
			 (unsigned long long)(run->cfg->timeout_ns /
					      NSEC_PER_MSEC),
			 run->stuck ? "; it did not die" : "");
	} else if (out->term_signal) {
		const char *name = sigabbrev_np((int)out->term_signal);

		snprintf(out->reason, size, "killed by signal %u (SIG%s)",
			 out->term_signal, name ? name : "?");
	} else if (!run->cfg->foreign) {
		judge_test(run, out);
	}
	out->reason[size - 1] = '\0';
	/* One line, whatever the test put there. */
	for (char *p = out->reason; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
}

static int run_all(struct run *run, struct kt_diag *diag)
{
	int err = start(run);

	if (err)
		return diag__fail(diag, err, "cannot start the test: %s",
				  strerror(-err));
	supervise(run);
	wind_down(run);
	if (run->err)
		diag__fail(diag, run->err,
			   "relaying the test's output failed: %s",
			   strerror(-run->err));
	return run->err;
}

int run__test(const struct run_config *cfg, struct run_outcome *ret_outcome,
	      struct kt_diag *diag)
{
	sigset_t chld, old;
	struct run run;
	int err;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, &old);
	run_init(&run, cfg);
	err = run_all(&run, diag);
	if (!err)
		judge(&run, ret_outcome);
	run_fini(&run);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return err;
}
