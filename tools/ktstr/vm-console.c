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

struct console {
	struct vm *vm;
	struct vm_stats_mark mark;
	bool escape;	/* stdin is a terminal, here or outside softkvm */
	bool user_quit; /* escape key */
	int pipe_w;
};

/* What signal handlers and atexit() can reach. */
static struct vm *volatile running;
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
	struct vm *vm = running;

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
static void write_out(struct console *con, const char *p, size_t len)
{
	int tries = 50;

	while (len && tries) {
		ssize_t n = write(STDOUT_FILENO, p, len);

		if (n < 0 && errno == EINTR) {
			tries--;
		} else if (n < 0 && errno == EAGAIN) {
			usleep(1000);
		} else if (n < 0) {
			vm__stop(con->vm);
			return;
		} else {
			p += n;
			len -= (size_t)n;
		}
	}
}

static void console_write(void *ctx, const void *buf, size_t len)
{
	struct console *con = ctx;

	vm_stats_mark__feed(&con->mark, con->vm, buf, len);
	write_out(con, buf, len);
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

static void *stdin_thread(void *arg)
{
	struct console *con = arg;
	bool prefix = false;
	char buf[1024];

	for (;;) {
		ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (con->escape)
			n = filter_escape(buf, (size_t)n, &prefix);
		if (n < 0) {
			con->user_quit = true;
			vm__stop(con->vm);
			break;
		}
		if (fd__write_all(con->pipe_w, buf, (size_t)n))
			break;
	}
	close(con->pipe_w);
	return NULL;
}

static int start_stdin(struct console *con)
{
	sigset_t all, old;
	pthread_t t;
	int err;

	/* Signals are the main thread's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&t, NULL, stdin_thread, con);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!err)
		pthread_detach(t);
	return -err;
}

static int status_of(const struct vm_exit *e, const struct console *con,
		     const struct kt_diag *diag)
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
		if (con->user_quit)
			return CMD_OK;
		return got_signal ? 128 + got_signal : CMD_FAIL;
	case VM_EXIT_ERROR:
	case VM_EXIT_NR:
	default:
		fprintf(stderr, "ktstr vm: %s\n", diag__text(diag, -EIO));
		return CMD_INFRA;
	}
}

static int run_machine(const struct vm_config *cfg, struct console *con,
		       bool stats)
{
	struct vm *vm __free(vm) = NULL;
	struct kt_diag diag = { 0 };
	struct vm_exit e;
	int status;

	if (vm__new(cfg, &vm, &diag)) {
		fprintf(stderr, "ktstr vm: %s\n", diag__text(&diag, -EIO));
		return CMD_INFRA;
	}
	con->vm = vm;
	running = vm;
	/* A signal that came before there was a machine to stop. */
	if (got_signal)
		vm__stop(vm);
	con->escape |= vm_console__raw_tty();
	if (start_stdin(con) || vm__run(vm, &e, &diag)) {
		restore_tty();
		fprintf(stderr, "ktstr vm: %s\n", diag__text(&diag, -EIO));
		/* The input thread may still hold it: leave it to exit(). */
		no_free_ptr(vm);
		return CMD_INFRA;
	}
	restore_tty();
	running = NULL;
	if (stats)
		vm_stats__print(stderr, vm, &e, &con->mark);
	status = status_of(&e, con, &diag);
	no_free_ptr(vm); /* as above: exit() is next and takes everything */
	return status;
}

int vm_console__run(struct vm_config *cfg, const struct vm_console_opts *opts)
{
	static struct console con; /* outlives us: the input thread */
	int pipe_fd[2];

	con.mark.text = opts->mark;
	con.escape = opts->escape;
	cfg->sink[VM_STREAM_COM1] = (struct vm_sink){ console_write, &con };
	cfg->sink[VM_STREAM_HVC0] = (struct vm_sink){ console_write, &con };
	if (pipe2(pipe_fd, O_CLOEXEC)) {
		perror("ktstr vm: pipe");
		return CMD_INFRA;
	}
	con.pipe_w = pipe_fd[1];
	cfg->input_fd = pipe_fd[0];
	catch_signals();
	return run_machine(cfg, &con, opts->stats);
}
