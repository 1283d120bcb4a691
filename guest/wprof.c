// SPDX-License-Identifier: GPL-2.0
/*
 * The tracer's life: started by init.c, reaped by run.c, judged here.
 */
#include "guest/wprof.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <ktstr/fd.h>

#include "guest/child.h"
#include "guest/port.h"

#define LOG_FILE "/tmp/wprof.log"
#define BTF_FILE "/sys/kernel/btf/vmlinux"

int tracer__init(struct tracer *tr, const char *cmdline, u64 grace_ns,
		 bool tells_ready, struct kt_diag *diag)
{
	int err;

	*tr = (struct tracer){ .program = WPROF_GUEST_TRACER,
			       .trace = WPROF_GUEST_TRACE,
			       .log = LOG_FILE,
			       .btf = BTF_FILE,
			       .grace_ns = grace_ns,
			       .tells_ready = tells_ready };
	err = wprof_config__parse(&tr->cfg, cmdline, diag);
	if (err)
		return err == -ENOENT ? 0 : err;
	tr->wanted = true;
	tr->duration_ns =
		wprof_args__duration_ms(tr->cfg.args, tr->cfg.nr_args) *
		NSEC_PER_MSEC;
	return 0;
}

/* --- start --------------------------------------------------------------- */

static int take_stdio(const struct tracer *tr)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out =
		open(tr->log,
		     O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

	if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(out, 2) < 0)
		return errno;
	return close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) ? errno : 0;
}

/*
 * In the child; what it returns is an errno for the parent. A tracer that can
 * say when it is ready keeps one descriptor more, and is told which.
 */
static int become(const struct tracer *tr, int ready_fd)
{
	char *argv[WPROF_ARGS_MAX + 5], ready[32];
	unsigned int nr = 0;
	int err = take_stdio(tr), keep;

	if (err)
		return err;
	argv[nr++] = (char *)(uintptr_t)tr->program;
	for (unsigned int i = 0; i < tr->cfg.nr_args; i++)
		argv[nr++] = tr->cfg.args[i];
	if (tr->tells_ready) {
		keep = fcntl(ready_fd, F_DUPFD, 3);
		if (keep < 0)
			return errno;
		snprintf(ready, sizeof(ready), WPROF_READY_ARG "%d", keep);
		argv[nr++] = ready;
	}
	argv[nr++] = (char *)(uintptr_t) "-T";
	argv[nr++] = (char *)(uintptr_t)tr->trace;
	argv[nr] = NULL;
	execv(tr->program, argv);
	return errno;
}

static void run_child(const struct tracer *tr, int err_fd, int ready_fd)
{
	int err;

	setsid();
	child__reset_signals();
	err = become(tr, ready_fd);
	(void)!write(err_fd, &err, sizeof(err));
	_exit(127);
}

/*
 * A byte, or the end of the tracer; or enough of waiting. Only then does its
 * duration begin, and the test.
 */
static void wait_ready(struct tracer *tr, int ready_fd)
{
	struct pollfd pfd = { .fd = ready_fd, .events = POLLIN };
	u64 until_ns = tr->start_ns + tr->grace_ns, now_ns;

	while ((now_ns = kt_now_ns()) < until_ns) {
		u64 ms = (until_ns - now_ns) / NSEC_PER_MSEC + 1;

		if (poll(&pfd, 1, (int)KT_MIN(ms, 60000ULL)) > 0)
			break;
	}
	tr->ready_ns = kt_now_ns();
}

/* @p: what an exec that failed says; @r: a byte when it is ready. */
static void start(struct tracer *tr, int p[2], int r[2])
{
	int err = 0;

	tr->pid = fork();
	if (tr->pid == 0)
		run_child(tr, p[1], r[1]);
	close(no_free_fd(p[1]));
	close(no_free_fd(r[1]));
	if (tr->pid < 0) {
		tr->err = errno;
		tr->pid = 0;
	} else if (!fd__read_all(p[0], &err, sizeof(err))) {
		/* Nothing to read is an exec that worked. */
		tr->err = err;
		while (waitpid(tr->pid, NULL, 0) < 0 && errno == EINTR)
			;
		tr->pid = 0;
	} else if (tr->tells_ready) {
		wait_ready(tr, r[0]);
	}
}

void tracer__start(struct tracer *tr)
{
	int p[2] = { -1, -1 }, r[2] = { -1, -1 };

	if (!tr->wanted)
		return;
	(void)unlink(tr->trace);
	tr->ready_ns = tr->start_ns = kt_now_ns();
	if (pipe2(p, O_CLOEXEC) || pipe2(r, O_CLOEXEC))
		tr->err = errno;
	else
		start(tr, p, r);
	for (int i = 0; i < 2; i++) {
		if (p[i] >= 0)
			close(p[i]);
		if (r[i] >= 0)
			close(r[i]);
	}
}

/* --- end ----------------------------------------------------------------- */

bool tracer__reaped(struct tracer *tr, pid_t pid, int status)
{
	if (!tr->pid || pid != tr->pid)
		return false;
	tr->status = status;
	tr->end_ns = kt_now_ns();
	tr->pid = 0;
	return true;
}

static void send_signal(struct tracer *tr, u64 now_ns)
{
	kill(tr->pid, tr->signals ? SIGKILL : SIGINT);
	tr->signals++;
	tr->signal_ns = now_ns;
}

u64 tracer__nudge(struct tracer *tr, u64 now_ns)
{
	u64 due = tr->signals ? tr->signal_ns + tr->grace_ns
		  : tr->duration_ns
			  ? tr->ready_ns + tr->duration_ns + tr->grace_ns
			  : now_ns;

	if (!tr->pid)
		return 0;
	if (now_ns < due)
		return due;
	if (tr->signals == 2)
		return 0; /* not even SIGKILL */
	send_signal(tr, now_ns);
	return now_ns + tr->grace_ns;
}

/* --- how it ended -------------------------------------------------------- */

/* More signals than it takes to end a tracer that was to be interrupted. */
static bool has_hung(const struct tracer *tr)
{
	return tr->pid || tr->signals > (tr->duration_ns ? 0 : 1);
}

static struct msg_wprof_status judge(const struct tracer *tr)
{
	struct msg_wprof_status st = {
		.version = MSG_WPROF_STATUS_VERSION,
		.word = MSG_WPROF_SHIPS,
		.run_ns = tr->end_ns > tr->start_ns ? tr->end_ns - tr->start_ns
						    : 0,
	};

	if (tr->err) {
		st.word = MSG_WPROF_NOT_STARTED;
		st.detail = tr->err;
	} else if (has_hung(tr)) {
		st.word = MSG_WPROF_HUNG;
		st.detail = WIFSIGNALED(tr->status) ? WTERMSIG(tr->status) : 0;
	} else if (WIFSIGNALED(tr->status)) {
		st.word = MSG_WPROF_KILLED;
		st.detail = WTERMSIG(tr->status);
	} else if (WEXITSTATUS(tr->status)) {
		st.word = MSG_WPROF_FAILED;
		st.detail = WEXITSTATUS(tr->status);
	}
	st.no_btf = st.word != MSG_WPROF_SHIPS &&
		    st.word != MSG_WPROF_NOT_STARTED && access(tr->btf, F_OK);
	return st;
}

/* The end of what the tracer printed. */
static u32 last_words(const struct tracer *tr, char *text, size_t size)
{
	int fd __free(fd) = open(tr->log, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	n = pread(fd, text, size,
		  st.st_size > (off_t)size ? st.st_size - (off_t)size : 0);
	return n > 0 ? (u32)n : 0;
}

static int put_status(struct tracer *tr, struct port *port,
		      struct msg_wprof_status st)
{
	struct {
		struct msg_wprof_status head;
		char text[TRACER_TEXT_MAX];
	} msg = { .head = st };

	msg.head.text_len = last_words(tr, msg.text, sizeof(msg.text));
	return port__put(port, MSG_WPROF_STATUS, &msg,
			 sizeof(msg.head) + msg.head.text_len);
}

static int put_unreadable(struct tracer *tr, struct port *port, int err)
{
	struct msg_wprof_status st = judge(tr);

	st.word = MSG_WPROF_UNREADABLE;
	st.detail = -err;
	return put_status(tr, port, st);
}

/* A file that is not there is one in which nothing was written. */
static int open_trace(const struct tracer *tr, u64 *ret_size)
{
	int fd __free(fd) =
		open(tr->trace, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	struct stat st = { 0 };

	if (fd < 0 && errno == ENOENT)
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	else if (fd >= 0 && !fstat(fd, &st) && !S_ISREG(st.st_mode))
		return -EINVAL;
	if (fd < 0)
		return -errno;
	*ret_size = (u64)st.st_size;
	return no_free_fd(fd);
}

static int ship(struct tracer *tr, struct port *port,
		struct msg_wprof_status st)
{
	int fd __free(fd) = open_trace(tr, &st.size);
	int file_err = 0, err;

	if (fd < 0)
		return put_unreadable(tr, port, fd);
	err = put_status(tr, port, st);
	/* Should the machine not live to send more, this has been said. */
	if (!err)
		err = port__flush(port);
	if (!err)
		err = ship__file(fd, st.size, port, &file_err);
	if (!err && file_err)
		err = put_unreadable(tr, port, file_err);
	return err;
}

int tracer__ship(struct tracer *tr, struct port *port)
{
	struct msg_wprof_status st = judge(tr);
	int err;

	if (!tr->wanted)
		return 0;
	/* COM2 has no room for a trace. */
	if (st.word == MSG_WPROF_SHIPS && port->text)
		err = put_unreadable(tr, port, -ENOLINK);
	else if (st.word == MSG_WPROF_SHIPS)
		err = ship(tr, port, st);
	else
		err = put_status(tr, port, st);
	return err ? err : port__flush(port);
}
