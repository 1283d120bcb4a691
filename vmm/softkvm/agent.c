// SPDX-License-Identifier: GPL-2.0
/*
 * PID 1 of the outer machine: receives requests from the supervisor, keeps
 * the sessions' pipes moving, reports how programs ended. One thread with
 * real-time priority, one poll loop; it blocks only in writing to the port,
 * which the supervisor always reads.
 */
#include "vmm/softkvm/agent.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <ktstr/exit-status.h>
#include <ktstr/fd.h>

#include "vmm/softkvm/machine.h"

#define POLL_FIXED 2 /* port, signals */
#define POLL_PER_SESSION 4

struct agent {
	int port, signal_fd;
	bool broken;
	u64 last_end_ns; /* of a session */
	struct wire_asm in;
	struct session sessions[AGENT_MAX_SESSIONS];
	u8 scratch[KIB(64)];
};

static void send_record(struct agent *a, u32 type, const void *payload,
			size_t len)
{
	if (!a->broken && wire__send(a->port, type, payload, len))
		a->broken = true;
}

static void send_word(struct agent *a, u32 type, u32 session, u32 value)
{
	struct sk_word word = { .session = session, .value = value };

	send_record(a, type, &word, sizeof(word));
}

static void send_fail(struct agent *a, u32 session, int err, const char *text)
{
	struct sk_fail fail;
	size_t len = sk_fail__set(&fail, session, err, text);

	send_record(a, SK_FAIL, &fail, len);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static struct session *find_session(struct agent *a, u32 id)
{
	for (size_t i = 0; i < AGENT_MAX_SESSIONS; i++)
		if (a->sessions[i].used && a->sessions[i].id == id)
			return &a->sessions[i];
	return NULL;
}

/*
 * Whatever the kernel still believes about the host when a program starts
 * must have been learnt after the program was asked for: else a file rebuilt
 * a moment ago might be missed. Sessions are what make it learn, so a new one
 * waits until the beliefs of the others, and of those just gone, are void.
 */
static u64 session_start_delay_ns(const struct agent *a)
{
	/* Timeouts are counted in ticks of 4 ms; one may be late. */
	const u64 void_ns = (SK_FS_TIMEOUT_MS + 20) * NSEC_PER_MSEC;
	u64 since_ns = kt_now_ns() - a->last_end_ns;

	for (size_t i = 0; i < AGENT_MAX_SESSIONS; i++)
		if (a->sessions[i].used)
			return void_ns;
	return since_ns < void_ns ? void_ns - since_ns : 0;
}

static void on_exec(struct agent *a, const struct wire_record *rec)
{
	u32 id = sk_record__session(rec);
	struct sk_request req;
	void *copy __free(ptr) = NULL;
	struct session *s = NULL;
	int err;

	for (size_t i = 0; !s && i < AGENT_MAX_SESSIONS; i++)
		if (!a->sessions[i].used)
			s = &a->sessions[i];
	copy = malloc(rec->len ? rec->len : 1);
	if (!s || !copy) {
		send_fail(a, id, -EAGAIN, "too many programs in softkvm");
		return;
	}
	memcpy(copy, rec->payload, rec->len);
	err = sk_request__decode(copy, rec->len, &req);
	if (!err) {
		err = session__start(s, id, &req, session_start_delay_ns(a));
		sk_request__fini(&req);
	}
	if (err)
		send_fail(a, id, err, strerror(-err));
}

static void on_data(struct agent *a, const struct wire_record *rec)
{
	struct session *s = find_session(a, sk_record__session(rec));
	size_t head = offsetof(struct sk_data, bytes);

	if (!s || rec->len < head)
		return;
	if (rec->len == head)
		s->in_eof = true;
	else if (s->in_fd < 0)
		/* Nobody reads it any more: let the client run dry. */
		send_record(a, SK_ACK,
			    &(struct sk_ack){ s->id, SK_STDIN,
					      rec->len - (u32)head },
			    sizeof(struct sk_ack));
	else if (outq__add(&s->in, rec->payload + head, rec->len - head))
		kill(s->init, SIGKILL); /* overran its window */
}

static void on_ack(struct agent *a, const struct wire_record *rec)
{
	struct session *s = find_session(a, sk_record__session(rec));
	struct sk_ack ack;

	if (!s || !sk_record__get(rec, &ack, sizeof(ack)) ||
	    ack.stream >= SK_NR_STREAMS ||
	    ack.bytes > SK_WINDOW - s->credit[ack.stream])
		return;
	s->credit[ack.stream] += ack.bytes;
}

static void on_signal(struct agent *a, const struct wire_record *rec)
{
	struct session *s = find_session(a, sk_record__session(rec));
	struct sk_word word;

	if (s && s->init && sk_record__get(rec, &word, sizeof(word)) &&
	    word.value > 0 && word.value < NSIG)
		kill(s->init, (int)word.value);
}

static void on_close(struct agent *a, const struct wire_record *rec)
{
	struct session *s = find_session(a, sk_record__session(rec));
	struct sk_word word;

	if (s && sk_record__get(rec, &word, sizeof(word)) &&
	    (word.value == SK_STDOUT || word.value == SK_STDERR))
		close_fd(&s->out_fd[word.value]);
}

/* The client left: nobody wants the rest. */
static void on_kill(struct agent *a, const struct wire_record *rec)
{
	struct session *s = find_session(a, sk_record__session(rec));

	if (!s)
		return;
	close_fd(&s->out_fd[SK_STDOUT]);
	close_fd(&s->out_fd[SK_STDERR]);
	if (s->init)
		kill(s->init, SIGKILL);
}

static void on_ping(struct agent *a, const struct wire_record *rec)
{
	(void)rec;
	send_word(a, SK_PONG, 0, 0);
}

static const struct {
	u32 type;
	void (*fn)(struct agent *a, const struct wire_record *rec);
} handlers[] = {
	{ SK_EXEC, on_exec },	  { SK_DATA, on_data },	  { SK_ACK, on_ack },
	{ SK_SIGNAL, on_signal }, { SK_CLOSE, on_close }, { SK_KILL, on_kill },
	{ SK_PING, on_ping },
};

static void on_record(void *arg, const struct wire_record *rec)
{
	struct agent *a = arg;

	if (!rec->crc_ok) {
		a->broken = true;
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(handlers); i++)
		if (handlers[i].type == rec->type)
			handlers[i].fn(a, rec);
}

static void port_readable(struct agent *a)
{
	ssize_t n = read(a->port, a->scratch, sizeof(a->scratch));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 ||
	    wire_asm__feed(&a->in, a->scratch, (size_t)n, on_record, a))
		a->broken = true;
}

static void feed_stdin(struct agent *a, struct session *s)
{
	struct sk_ack ack = { .session = s->id, .stream = SK_STDIN };
	size_t waiting = s->in.len, written = 0;

	if (s->in_fd < 0)
		return;
	if (outq__flush(&s->in, s->in_fd, &written)) {
		/* The program closed it; what it did not read is consumed. */
		written = waiting;
		s->in.len = 0;
		close_fd(&s->in_fd);
	}
	if (written) {
		ack.bytes = (u32)written;
		send_record(a, SK_ACK, &ack, sizeof(ack));
	}
	if (s->in_eof && outq__empty(&s->in))
		close_fd(&s->in_fd);
}

static void drain_output(struct agent *a, struct session *s, u32 stream)
{
	struct sk_data *data = (struct sk_data *)(void *)a->scratch;
	size_t max = KT_MIN(s->credit[stream], SK_CHUNK);
	ssize_t n;

	if (!max)
		return;
	n = read(s->out_fd[stream], data->bytes, max);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_fd(&s->out_fd[stream]);
		return;
	}
	s->credit[stream] -= (u32)n;
	data->session = s->id;
	data->stream = stream;
	send_record(a, SK_DATA, data,
		    offsetof(struct sk_data, bytes) + (size_t)n);
}

static void read_error(struct session *s)
{
	size_t have = strlen(s->error);
	ssize_t n =
		read(s->error_fd, s->error + have, sizeof(s->error) - have - 1);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		close_fd(&s->error_fd);
	else
		s->error[have + (size_t)n] = '\0';
}

/* Done when init is reaped and everything it wrote has been sent. */
static void finish_if_done(struct agent *a, struct session *s)
{
	if (s->init || s->out_fd[SK_STDOUT] >= 0 || s->out_fd[SK_STDERR] >= 0)
		return;
	while (s->error_fd >= 0)
		read_error(s);
	if (s->error[0])
		send_fail(a, s->id, -ENOENT, s->error);
	else
		send_word(a, SK_EXIT, s->id, (u32)exit_status(s->status));
	close_fd(&s->in_fd);
	outq__fini(&s->in);
	*s = (struct session){ 0 };
	a->last_end_ns = kt_now_ns();
}

static void reap(struct agent *a)
{
	struct signalfd_siginfo si;

	if (read(a->signal_fd, &si, sizeof(si)) < 0 && errno != EAGAIN)
		a->broken = true;
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid <= 0)
			return;
		for (size_t i = 0; i < AGENT_MAX_SESSIONS; i++) {
			struct session *s = &a->sessions[i];

			if (!s->used || s->init != pid)
				continue;
			s->init = 0;
			s->status = status;
		}
	}
}

static void fill_session_poll(const struct session *s, struct pollfd *pfd)
{
	pfd[0] = (struct pollfd){ .fd = s->in_fd, .events = POLLOUT };
	if (!s->used || outq__empty(&s->in))
		pfd[0].fd = -1;
	for (u32 i = SK_STDOUT; i <= SK_STDERR; i++)
		pfd[i] = (struct pollfd){
			.fd = s->used && s->credit[i] ? s->out_fd[i] : -1,
			.events = POLLIN,
		};
	pfd[3] = (struct pollfd){ .fd = s->used ? s->error_fd : -1,
				  .events = POLLIN };
}

static void handle_session(struct agent *a, struct session *s,
			   const struct pollfd *pfd)
{
	feed_stdin(a, s);
	for (u32 i = SK_STDOUT; i <= SK_STDERR; i++)
		if (s->out_fd[i] >= 0 && pfd[i].fd == s->out_fd[i] &&
		    pfd[i].revents)
			drain_output(a, s, i);
	if (s->error_fd >= 0 && pfd[3].fd == s->error_fd && pfd[3].revents)
		read_error(s);
	finish_if_done(a, s);
}

static void serve(struct agent *a)
{
	static const size_t nr =
		POLL_FIXED + POLL_PER_SESSION * AGENT_MAX_SESSIONS;
	struct pollfd *pfd __free(ptr) = calloc(nr, sizeof(*pfd));

	while (pfd && !a->broken) {
		pfd[0] = (struct pollfd){ .fd = a->port, .events = POLLIN };
		pfd[1] =
			(struct pollfd){ .fd = a->signal_fd, .events = POLLIN };
		for (size_t i = 0; i < AGENT_MAX_SESSIONS; i++)
			fill_session_poll(
				&a->sessions[i],
				&pfd[POLL_FIXED + i * POLL_PER_SESSION]);
		if (poll(pfd, nr, -1) < 0)
			continue;
		if (pfd[1].revents)
			reap(a);
		for (size_t i = 0; i < AGENT_MAX_SESSIONS; i++)
			if (a->sessions[i].used)
				handle_session(a, &a->sessions[i],
					       &pfd[POLL_FIXED +
						    i * POLL_PER_SESSION]);
		if (pfd[0].revents)
			port_readable(a);
	}
}

static int start_up(struct agent *a, struct kt_diag *diag)
{
	struct sched_param param = { .sched_priority = 1 };
	sigset_t set;
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	err = boot__mounts(diag);
	if (!err)
		err = boot__modules(diag);
	if (!err)
		err = boot__devices(diag);
	if (!err)
		err = boot__open_port(&a->port, diag);
	if (err)
		return err;
	a->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (a->signal_fd < 0)
		return -errno;
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param))
		return diag__fail(diag, -errno, "real-time priority: %s",
				  strerror(errno));
	a->last_end_ns = kt_now_ns();
	send_word(a, SK_READY, 0, SK_VERSION);
	return 0;
}

int agent__main(void)
{
	struct agent *a = calloc(1, sizeof(*a));
	struct kt_diag diag = { 0 };
	int err = -ENOMEM;

	if (a) {
		wire_asm__init(&a->in);
		err = start_up(a, &diag);
		if (!err)
			serve(a);
	}
	/* Standard error is the console, which the supervisor quotes. */
	fprintf(stderr, "softkvm agent: %s\n",
		err ? diag__text(&diag, err) : "lost the supervisor");
	reboot(RB_AUTOBOOT);
	return 1;
}
