// SPDX-License-Identifier: GPL-2.0
/*
 * Console relay of `ktstr vm`. The main thread runs the machine; a detached
 * thread copies stdin into a pipe that the machine reads, watching for the
 * escape key. Output comes on vCPU threads.
 */
#include "tools/ktstr/vm-console.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <termios.h>

#include <ktstr/fd.h>

#include "tools/ktstr/cmd.h"
#include "tools/ktstr/vm-stats.h"

#define STATUS_TIMEOUT 124 /* as timeout(1) */
#define ESCAPE_PREFIX 0x01 /* Ctrl-A, then x */

/*
 * One per process. Lives until exit, because the input thread does; @lock keeps
 * it from stopping a machine that is gone. Signal handlers run on the main
 * thread, which is the one that frees it, and need no lock.
 */
static struct {
	pthread_mutex_t lock;
	struct vm *volatile vm;
	struct vm_stats_mark mark;
	bool escape;	/* stdin is a terminal, here or outside softkvm */
	bool user_quit; /* escape key */
	int pipe_w;
} con = { .lock = PTHREAD_MUTEX_INITIALIZER, .pipe_w = -1 };

static volatile sig_atomic_t got_signal;
static struct termios saved_tty;
static bool tty_changed;

static void restore_tty(void)
{
	if (tty_changed)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved_tty);
	tty_changed = false;
}

bool vm_console__raw_tty(void)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved_tty))
		return false;
	raw = saved_tty;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST; /* the guest's newlines still return */
	atexit(restore_tty);
	tty_changed = !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	return tty_changed;
}

static void on_signal(int sig)
{
	struct vm *vm = con.vm;

	got_signal = sig;
	if (vm)
		vm__stop(vm);
}

static void catch_signals(void)
{
	static const int stop[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction sa = { .sa_handler = on_signal };

	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(stop); i++)
		sigaction(stop[i], &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
}

/*
 * Runs on vCPU threads, whose only signal is the kick at the end of the run.
 * Output of a guest that ends normally still wants out; a reader that does
 * not read must not hold the machine for ever.
 */
void vm_console__write(int fd, const void *buf, size_t len)
{
	const char *p = buf;
	int tries = 50;

	while (len && tries) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR) {
			tries--;
		} else if (n < 0 && errno == EAGAIN) {
			usleep(1000);
		} else if (n < 0) {
			vm__stop(con.vm);
			return;
		} else {
			p += n;
			len -= (size_t)n;
		}
	}
}

static void console_write(void *ctx, const void *buf, size_t len)
{
	(void)ctx;
	vm_stats_mark__feed(&con.mark, con.vm, buf, len);
	vm_console__write(STDOUT_FILENO, buf, len);
}

/* Return: bytes kept, or -1 when the user asked to leave. */
static ssize_t filter_escape(char *buf, size_t len, bool *prefix)
{
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		char c = buf[i];

		if (!*prefix && c == ESCAPE_PREFIX) {
			*prefix = true;
			continue;
		}
		if (*prefix && c == 'x')
			return -1;
		*prefix = false;
		buf[out++] = c; /* Ctrl-A twice sends one */
	}
	return (ssize_t)out;
}

static void user_quit(void)
{
	pthread_mutex_lock(&con.lock);
	con.user_quit = true;
	if (con.vm)
		vm__stop(con.vm);
	pthread_mutex_unlock(&con.lock);
}

static void *stdin_thread(void *arg)
{
	bool prefix = false;
	char buf[1024];

	(void)arg;
	for (;;) {
		ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (con.escape)
			n = filter_escape(buf, (size_t)n, &prefix);
		if (n < 0) {
			user_quit();
			break;
		}
		if (fd__write_all(con.pipe_w, buf, (size_t)n))
			break;
	}
	close(con.pipe_w);
	return NULL;
}

static int start_stdin(void)
{
	sigset_t all, old;
	pthread_t t;
	int err;

	/* Signals are the main thread's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&t, NULL, stdin_thread, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!err)
		pthread_detach(t);
	return -err;
}

int vm_console__open(bool escape, int *ret_input_fd)
{
	int pipe_fd[2], err;

	if (pipe2(pipe_fd, O_CLOEXEC))
		return -errno;
	con.pipe_w = pipe_fd[1];
	con.escape = escape;
	con.escape |= vm_console__raw_tty();
	catch_signals();
	err = start_stdin();
	if (err)
		restore_tty();
	*ret_input_fd = pipe_fd[0];
	return err;
}

void vm_console__machine(struct vm *vm)
{
	pthread_mutex_lock(&con.lock);
	con.vm = vm;
	/* What came before there was a machine to stop. */
	if (vm && (got_signal || con.user_quit))
		vm__stop(vm);
	pthread_mutex_unlock(&con.lock);
}

void vm_console__close(void)
{
	restore_tty();
}

bool vm_console__quit(void)
{
	return con.user_quit;
}

int vm_console__signal(void)
{
	return got_signal;
}

static int status_of(const struct vm_exit *e, const struct kt_diag *diag)
{
	switch (e->reason) {
	case VM_EXIT_POWEROFF:
	case VM_EXIT_RESET:
		return CMD_OK;
	case VM_EXIT_PANIC:
	case VM_EXIT_TRIPLE_FAULT:
		fprintf(stderr, "ktstr vm: guest ended with %s\n",
			vm_exit_reason__name(e->reason));
		return CMD_FAIL;
	case VM_EXIT_DEADLINE:
		fprintf(stderr, "ktstr vm: timeout\n");
		return STATUS_TIMEOUT;
	case VM_EXIT_STOPPED:
		if (con.user_quit)
			return CMD_OK;
		return got_signal ? 128 + got_signal : CMD_FAIL;
	case VM_EXIT_ERROR:
	case VM_EXIT_NR:
	default:
		fprintf(stderr, "ktstr vm: %s\n", diag__text(diag, -EIO));
		return CMD_INFRA;
	}
}

static int run_machine(const struct vm_config *cfg, bool stats)
{
	struct vm *vm __free(vm) = NULL;
	struct kt_diag diag = { 0 };
	struct vm_exit e;
	int status;

	if (vm__new(cfg, &vm, &diag)) {
		vm_console__close();
		fprintf(stderr, "ktstr vm: %s\n", diag__text(&diag, -EIO));
		return CMD_INFRA;
	}
	vm_console__machine(vm);
	if (vm__run(vm, &e, &diag)) {
		vm_console__machine(NULL);
		vm_console__close();
		fprintf(stderr, "ktstr vm: %s\n", diag__text(&diag, -EIO));
		return CMD_INFRA;
	}
	vm_console__machine(NULL);
	vm_console__close();
	if (stats)
		vm_stats__print(stderr, vm, &e, &con.mark);
	status = status_of(&e, &diag);
	no_free_ptr(vm); /* exit() is next and takes everything, faster */
	return status;
}

int vm_console__run(struct vm_config *cfg, const struct vm_console_opts *opts)
{
	int err;

	con.mark.text = opts->mark;
	cfg->sink[VM_STREAM_COM1] = (struct vm_sink){ console_write, NULL };
	cfg->sink[VM_STREAM_HVC0] = (struct vm_sink){ console_write, NULL };
	err = vm_console__open(opts->escape, &cfg->input_fd);
	if (err) {
		fprintf(stderr, "ktstr vm: standard input: %s\n",
			strerror(-err));
		return CMD_INFRA;
	}
	return run_machine(cfg, opts->stats);
}
