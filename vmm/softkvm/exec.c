// SPDX-License-Identifier: GPL-2.0
/*
 * softkvm__exec(): sends the program with its surroundings and moves bytes
 * and signals until it ends. Runs in the caller's thread; signals meant for
 * the program are blocked in it meanwhile.
 */
#include "vmm/softkvm.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include <ktstr/cache.h>
#include <ktstr/fd.h>

#include "vmm/softkvm/client.h"
#include "vmm/softkvm/terminal.h"

struct relay {
	const struct softkvm_exec *ex;
	int sock, signal_fd;
	bool in_open;
	u32 in_credit;
	bool out_closed[SK_NR_STREAMS];
	bool done;
	int status, err;
	struct kt_diag *diag;
	u8 scratch[sizeof(struct sk_data) + SK_CHUNK];
};

static void relay__end(struct relay *r, int err)
{
	if (!r->done)
		r->err = err;
	r->done = true;
}

static void relay__send(struct relay *r, u32 type, const void *payload,
			size_t len)
{
	/* A supervisor that left said why; that is still to be read. */
	if (sk_send(r->sock, type, payload, len))
		r->in_open = false;
}

/* Our reader is gone: the program's next write must fail like ours. */
static void close_output(struct relay *r, u32 stream)
{
	struct sk_word word = { .value = stream };

	if (r->out_closed[stream])
		return;
	r->out_closed[stream] = true;
	relay__send(r, SK_CLOSE, &word, sizeof(word));
}

static int write_output(int fd, const u8 *buf, size_t len)
{
	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLOUT };
		ssize_t n = len ? write(fd, buf, len) : 0;

		if (!len)
			return 0;
		if (n >= 0) {
			buf += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			poll(&pfd, 1, -1);
		} else if (errno != EINTR) {
			return -errno;
		}
	}
}

static void on_data(struct relay *r, const struct wire_record *rec)
{
	size_t head = offsetof(struct sk_data, bytes);
	struct sk_ack ack = { .bytes = rec->len - (u32)head };
	struct sk_data data;

	if (!sk_record__get(rec, &data, head) ||
	    (data.stream != SK_STDOUT && data.stream != SK_STDERR))
		return;
	ack.stream = data.stream;
	if (r->ex->on_output)
		r->ex->on_output(r->ex->ctx, (int)data.stream,
				 rec->payload + head, ack.bytes);
	if (!r->out_closed[data.stream] &&
	    write_output((int)data.stream, rec->payload + head, ack.bytes))
		close_output(r, data.stream);
	relay__send(r, SK_ACK, &ack, sizeof(ack));
}

static void on_record(void *arg, const struct wire_record *rec)
{
	struct relay *r = arg;
	struct sk_word word;
	struct sk_ack ack;

	if (r->done)
		return;
	if (!rec->crc_ok) {
		relay__end(r, diag__fail(r->diag, -EPROTO,
					 "damaged record from softkvm"));
		return;
	}
	switch (rec->type) {
	case SK_DATA:
		on_data(r, rec);
		break;
	case SK_ACK:
		if (sk_record__get(rec, &ack, sizeof(ack)) &&
		    ack.bytes <= SK_WINDOW - r->in_credit)
			r->in_credit += ack.bytes;
		break;
	case SK_EXIT:
		if (sk_record__get(rec, &word, sizeof(word)))
			r->status = (int)(word.value & 0xff);
		relay__end(r, 0);
		break;
	case SK_FAIL:
		relay__end(r, sk_record__fail_text(rec, r->diag));
		break;
	default:
		break;
	}
}

static void read_input(struct relay *r)
{
	struct sk_data *data = (struct sk_data *)(void *)r->scratch;
	ssize_t n = read(0, data->bytes, KT_MIN(r->in_credit, SK_CHUNK));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		r->in_open = false;
		n = 0;
	}
	data->session = 0;
	data->stream = SK_STDIN;
	r->in_credit -= (u32)n;
	relay__send(r, SK_DATA, data,
		    offsetof(struct sk_data, bytes) + (size_t)n);
}

static void read_signals(struct relay *r)
{
	struct signalfd_siginfo si;
	struct sk_word word = { 0 };

	while (read(r->signal_fd, &si, sizeof(si)) == sizeof(si)) {
		word.value = si.ssi_signo;
		relay__send(r, SK_SIGNAL, &word, sizeof(word));
	}
}

static void read_records(struct relay *r, struct wire_asm *in)
{
	u8 buf[KIB(8)];
	ssize_t n = read(r->sock, buf, sizeof(buf));
	int err;

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		relay__end(r, diag__fail(r->diag, -ECONNRESET,
					 "softkvm's supervisor died; run the "
					 "command again to start a new one"));
		return;
	}
	err = wire_asm__feed(in, buf, (size_t)n, on_record, r);
	if (err)
		relay__end(r, err);
}

static void relay__run(struct relay *r)
{
	struct wire_asm in;

	wire_asm__init(&in);
	while (!r->done) {
		struct pollfd pfd[] = {
			{ .fd = r->sock, .events = POLLIN },
			{ .fd = r->signal_fd, .events = POLLIN },
			{ .fd = r->in_open && r->in_credit ? 0 : -1,
			  .events = POLLIN },
		};

		if (poll(pfd, ARRAY_SIZE(pfd), -1) < 0)
			continue;
		if (pfd[1].revents)
			read_signals(r);
		if (pfd[2].revents)
			read_input(r);
		if (pfd[0].revents)
			read_records(r, &in);
	}
	wire_asm__fini(&in);
}

/* Block what is passed on, and SIGPIPE, which only our peers may cause. */
static int block_signals(sigset_t *old, int *ret_fd)
{
	static const int passed[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
				      SIGWINCH };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
		sigaddset(&set, passed[i]);
	*ret_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (*ret_fd < 0)
		return -errno;
	sigaddset(&set, SIGPIPE);
	return -pthread_sigmask(SIG_BLOCK, &set, old);
}

static void restore_signals(const sigset_t *old)
{
	struct timespec now = { 0 };
	sigset_t pipe_set;

	sigemptyset(&pipe_set);
	sigaddset(&pipe_set, SIGPIPE);
	if (!sigismember(old, SIGPIPE))
		while (sigtimedwait(&pipe_set, NULL, &now) > 0)
			;
	pthread_sigmask(SIG_SETMASK, old, NULL);
}

static void free_list(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

DEFINE_FREE(list, char **, free_list(_T))

static int add_writable(char **list, size_t nr, const char *dir,
			struct kt_diag *diag)
{
	struct stat st;

	list[nr] = realpath(dir, NULL);
	if (!list[nr] || stat(list[nr], &st))
		return diag__fail(diag, -errno, "cannot write through %s: %s",
				  dir, strerror(errno));
	if (!S_ISDIR(st.st_mode) || !strcmp(list[nr], "/"))
		return diag__fail(diag, -EINVAL,
				  "cannot write through %s: it must be a "
				  "directory other than /",
				  dir);
	return 0;
}

/* The asked-for directories and the cache, if that exists or can. */
static int writable_dirs(const struct softkvm_exec *ex, char ***ret_list,
			 u32 *ret_nr, struct kt_diag *diag)
{
	char **list __free(list) =
		calloc((size_t)ex->nr_rw_dirs + 2, sizeof(*list));
	char *cache __free(ptr) = malloc(PATH_MAX);
	u32 nr = 0;

	if (!list || !cache)
		return -ENOMEM;
	for (; nr < ex->nr_rw_dirs; nr++) {
		int err = add_writable(list, nr, ex->rw_dirs[nr], diag);

		if (err)
			return err;
	}
	if (!cache__dir("", cache, PATH_MAX, NULL) &&
	    !add_writable(list, nr, cache, NULL))
		nr++;
	*ret_list = no_free_ptr(list);
	*ret_nr = nr;
	return 0;
}

static bool is_variable(const char *var, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(var, name, len) && var[len] == '=';
}

/* The environment with the marks of being inside; strings stay environ's. */
static int make_environment(char ***ret_env, u32 *ret_nr)
{
	static const char mark[] = SOFTKVM_ENV "=1";
	const char *tty =
		terminal__mark(isatty(STDOUT_FILENO), isatty(STDERR_FILENO));
	char **env;
	u32 nr = 0;

	while (environ && environ[nr])
		nr++;
	env = calloc((size_t)nr + 3, sizeof(*env));
	if (!env)
		return -ENOMEM;
	nr = 0;
	for (char **var = environ; var && *var; var++)
		if (!is_variable(*var, SOFTKVM_ENV) &&
		    !is_variable(*var, SOFTKVM_TTY_ENV))
			env[nr++] = *var;
	env[nr++] = (char *)(uintptr_t)mark;
	if (tty)
		env[nr++] = (char *)(uintptr_t)tty;
	*ret_env = env;
	*ret_nr = nr;
	return 0;
}

static int send_request(int sock, const struct softkvm_exec *ex,
			struct kt_diag *diag)
{
	char *cwd __free(ptr) = getcwd(NULL, 0);
	char **env __free(ptr) = NULL;
	char **rw __free(list) = NULL;
	void *buf __free(ptr) = NULL;
	struct sk_request req = { .cwd = cwd,
				  .argv = (char **)(uintptr_t)ex->argv,
				  .uid = geteuid(),
				  .gid = getegid() };
	size_t len;
	int err;

	if (!cwd)
		return diag__fail(diag, -errno, "working directory: %s",
				  strerror(errno));
	while (req.argv[req.nr_argv])
		req.nr_argv++;
	if (!req.nr_argv)
		return -EINVAL;
	req.umask = umask(0);
	umask(req.umask);
	err = make_environment(&env, &req.nr_envp);
	if (!err)
		err = writable_dirs(ex, &rw, &req.nr_rw, diag);
	req.envp = env;
	req.rw = rw;
	if (!err)
		err = sk_request__encode(&req, &buf, &len, diag);
	return err ? err : sk_send(sock, SK_EXEC, buf, len);
}

int softkvm__exec(const struct softkvm_exec *ex, int *ret_status,
		  struct kt_diag *diag)
{
	struct softkvm_config *cfg __free(ptr) = calloc(1, sizeof(*cfg));
	struct relay *r __free(ptr) = calloc(1, sizeof(*r));
	int sock __free(fd) = -1, signal_fd __free(fd) = -1;
	sigset_t old;
	int err;

	if (!cfg || !r)
		return -ENOMEM;
	err = softkvm_config__load(cfg, diag);
	if (!err)
		err = client__open(cfg, ex->quiet, &sock, diag);
	if (!err)
		err = block_signals(&old, &signal_fd);
	if (err)
		return err;
	err = send_request(sock, ex, diag);
	if (!err) {
		r->ex = ex;
		r->sock = sock;
		r->signal_fd = signal_fd;
		r->in_open = true;
		r->in_credit = SK_WINDOW;
		r->diag = diag;
		relay__run(r);
		err = r->err;
	}
	restore_signals(&old);
	if (!err)
		*ret_status = r->status;
	return err;
}
