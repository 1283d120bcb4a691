// SPDX-License-Identifier: GPL-2.0
/*
 * The supervisor's life: start the machine, tell the starter, serve, leave
 * nothing. Its standard output and error are the instance's log.
 */
#include "vmm/softkvm/super.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <ktstr/fd.h>

#include "vmm/softkvm/starter.h"

/* Beyond this clients are not read until the agent took some. */
#define AGENT_QUEUE_BUSY (1u << 20)
#define AGENT_QUEUE_LIMIT                                                  \
	(AGENT_QUEUE_BUSY + SUPER_MAX_CLIENTS * KIB(64) + SK_MAX_REQUEST + \
	 KIB(64))

#define TICK_MS 1000 /* pings and limits are looked at this often */

/* What the starter waits for: the outcome of the start, once. */
static void tell_starter(struct super *s, int err, const char *text)
{
	struct starter_report report = { .err = err };

	if (s->ready_fd < 0)
		return;
	snprintf(report.text, sizeof(report.text), "%s", text);
	if (fd__write_all(s->ready_fd, &report, sizeof(report)))
		printf("the starter is gone\n");
	close(no_free_fd(s->ready_fd));
	if (s->lock_fd >= 0)
		close(no_free_fd(s->lock_fd));
}

/* The last lines of a file in the instance directory, for messages. */
static void tail_of(const struct super *s, const char *file, char *buf,
		    size_t size)
{
	char path[RUNDIR_MAX + 64];
	int fd __free(fd) = -1;
	struct stat st;
	ssize_t n;

	buf[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s/%s", s->run_dir, s->instance, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return;
	n = pread(fd, buf, size - 1,
		  st.st_size > (off_t)size ? st.st_size - (off_t)size + 1 : 0);
	buf[n > 0 ? n : 0] = '\0';
	while (n > 0 && (buf[n - 1] == '\n' || buf[n - 1] == '\r'))
		buf[--n] = '\0';
	for (ssize_t i = 0; i < n; i++)
		if ((unsigned char)buf[i] < ' ')
			buf[i] = buf[i] == '\n' ? '|' : ' ';
}

void super__fail(struct super *s, int err, const char *fmt, ...)
{
	char text[800];
	struct sk_fail fail;
	va_list ap;
	size_t len;

	if (s->leave)
		return;
	s->leave = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("leaving: %s\n", text);
	len = sk_fail__set(&fail, 0, err, text);
	for (size_t i = 0; i < SUPER_MAX_CLIENTS; i++) {
		struct super_client *c = &s->clients[i];

		c->busy = false;
		super__reply(s, c, SK_FAIL, &fail, len);
	}
	tell_starter(s, err, text);
}

static void on_children(struct super *s)
{
	char log[256], console[256];
	int status;
	pid_t pid = sk_machine__reap(&s->machine, &status);

	if (!pid)
		return;
	tail_of(s, "log", log, sizeof(log));
	tail_of(s, "console", console, sizeof(console));
	super__fail(s, -EIO, "softkvm's %s ended (%s %d)%s%s%s%s",
		    s->machine.qemu ? "virtiofsd" : "QEMU",
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status)
					: WEXITSTATUS(status),
		    *log ? "; log: " : "", log,
		    *console ? "; its kernel's last words: " : "", console);
}

static void on_signal(struct super *s)
{
	struct signalfd_siginfo si;

	while (read(s->signal_fd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			on_children(s);
		else
			super__fail(s, -ECONNRESET,
				    "softkvm's supervisor got signal %u",
				    si.ssi_signo);
	}
}

static void check_idle(struct super *s, u64 now_ns)
{
	/* While booting the starter waits, which is no connection yet. */
	if (super__count_clients(s) || !s->agent_up) {
		s->idle_since_ns = 0;
		return;
	}
	if (s->retiring) {
		super__fail(s, -ECONNRESET, "replaced by another instance");
		return;
	}
	if (!s->idle_since_ns)
		s->idle_since_ns = now_ns;
	if (now_ns - s->idle_since_ns >= s->cfg.idle_s * NSEC_PER_SEC)
		super__fail(s, -ECONNRESET, "nobody came for %u s",
			    s->cfg.idle_s);
}

static void went_up(struct super *s)
{
	int err = rundir__publish(s->run_dir, s->instance);

	if (err) {
		super__fail(s, err, "cannot publish %s/%s: %s", s->run_dir,
			    s->instance, strerror(-err));
		return;
	}
	printf("up after %llu ms\n",
	       (unsigned long long)(s->boot_ns / NSEC_PER_MSEC));
	tell_starter(s, 0, "");
}

/* poll slots: three fixed ones, then the clients */
enum { SLOT_SIGNAL, SLOT_AGENT, SLOT_LISTEN, SLOT_CLIENTS };

static void fill_poll(struct super *s, struct pollfd *pfd)
{
	bool busy = s->agent_out.len > AGENT_QUEUE_BUSY;
	bool full = super__count_clients(s) == SUPER_MAX_CLIENTS;

	pfd[SLOT_SIGNAL] =
		(struct pollfd){ .fd = s->signal_fd, .events = POLLIN };
	pfd[SLOT_AGENT] = (struct pollfd){
		.fd = s->machine.agent_fd,
		.events = POLLIN |
			  (s->agent_up && !outq__empty(&s->agent_out) ? POLLOUT
								      : 0),
	};
	/* An agent descriptor at its end would spin until QEMU is reaped. */
	if (s->agent_eof_ns)
		pfd[SLOT_AGENT].fd = -1;
	pfd[SLOT_LISTEN] = (struct pollfd){ .fd = full ? -1 : s->listen_fd,
					    .events = POLLIN };
	for (size_t i = 0; i < SUPER_MAX_CLIENTS; i++) {
		struct super_client *c = &s->clients[i];

		pfd[SLOT_CLIENTS + i] = (struct pollfd){
			.fd = c->fd,
			.events = (busy || c->leaving ? 0 : POLLIN) |
				  (outq__empty(&c->out) ? 0 : POLLOUT),
		};
	}
}

static void handle_poll(struct super *s, const struct pollfd *pfd)
{
	if (pfd[SLOT_SIGNAL].revents)
		on_signal(s);
	if (pfd[SLOT_AGENT].revents & (POLLIN | POLLHUP | POLLERR))
		super__agent_readable(s);
	if (pfd[SLOT_AGENT].revents & POLLOUT)
		super__to_agent_flush(s);
	for (size_t i = 0; i < SUPER_MAX_CLIENTS; i++) {
		struct super_client *c = &s->clients[i];
		const struct pollfd *p = &pfd[SLOT_CLIENTS + i];

		if (c->fd < 0 || c->fd != p->fd)
			continue;
		if (p->revents & POLLOUT)
			super__client_writable(s, c);
		if (c->fd >= 0 && (p->revents & (POLLHUP | POLLERR)) &&
		    !(p->revents & POLLIN))
			super__drop(s, c);
		if (c->fd >= 0 && (p->revents & POLLIN))
			super__client_readable(s, c);
	}
	if (pfd[SLOT_LISTEN].revents)
		super__accept(s);
}

static void serve(struct super *s)
{
	struct pollfd pfd[SLOT_CLIENTS + SUPER_MAX_CLIENTS];

	while (!s->leave) {
		u64 now_ns;

		fill_poll(s, pfd);
		if (poll(pfd, ARRAY_SIZE(pfd), TICK_MS) < 0) {
			if (errno == EINTR)
				continue;
			super__fail(s, -errno, "poll: %s", strerror(errno));
			return;
		}
		handle_poll(s, pfd);
		if (s->leave)
			break;
		if (s->agent_up && s->ready_fd >= 0)
			went_up(s);
		now_ns = kt_now_ns();
		super__check_agent(s, now_ns);
		check_idle(s, now_ns);
	}
}

static int open_signals(struct super *s)
{
	static const int wanted[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		sigaddset(&set, wanted[i]);
	if (sigprocmask(SIG_SETMASK, &set, NULL) ||
	    signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signal_fd < 0 ? -errno : 0;
}

static int bring_up(struct super *s, struct kt_diag *diag)
{
	char dir[RUNDIR_MAX + 48];
	int err = open_signals(s);

	if (!err)
		err = softkvm_config__load(&s->cfg, diag);
	if (err)
		return err;
	snprintf(dir, sizeof(dir), "%s/%s", s->run_dir, s->instance);
	err = rundir__listen(dir, &s->listen_fd, diag);
	if (err)
		return err;
	s->start_ns = kt_now_ns();
	return sk_machine__start(&s->cfg, dir, &s->machine, diag);
}

/* Leave no process and no file; the lock may be a new starter's by now. */
static void tear_down(struct super *s)
{
	int lock __free(fd) = -1;

	for (size_t i = 0; i < SUPER_MAX_CLIENTS; i++)
		super__drop(s, &s->clients[i]);
	sk_machine__stop(&s->machine);
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	rundir__remove_instance(s->run_dir, s->instance);
	if (!rundir__lock(s->run_dir, false, &lock, NULL))
		rundir__remove_if_empty(s->run_dir);
	wire_asm__fini(&s->agent_in);
	outq__fini(&s->agent_out);
}

static int parse_fd(const char *text)
{
	int fd = (int)strtol(text, NULL, 10);

	return fcntl(fd, F_SETFD, FD_CLOEXEC) ? -1 : fd;
}

static struct super *super__new(char **argv)
{
	struct super *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	snprintf(s->run_dir, sizeof(s->run_dir), "%s", argv[2]);
	snprintf(s->instance, sizeof(s->instance), "%s", argv[3]);
	s->ready_fd = parse_fd(argv[4]);
	s->lock_fd = parse_fd(argv[5]);
	s->listen_fd = s->signal_fd = s->machine.agent_fd = -1;
	for (size_t i = 0; i < SUPER_MAX_CLIENTS; i++)
		s->clients[i].fd = -1;
	wire_asm__init(&s->agent_in);
	outq__init(&s->agent_out, AGENT_QUEUE_LIMIT);
	return s;
}

int super__main(int argc, char **argv)
{
	struct super *s __free(ptr) = NULL;
	struct kt_diag diag = { 0 };
	int err;

	if (argc != SUPER_ARGC)
		return 1;
	s = super__new(argv);
	if (!s)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_NAME, "softkvm");
	umask(077);
	err = bring_up(s, &diag);
	if (err)
		super__fail(s, err, "%s", diag__text(&diag, err));
	else
		serve(s);
	tear_down(s);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
	return err ? 1 : 0;
}
