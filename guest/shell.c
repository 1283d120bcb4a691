// SPDX-License-Identifier: GPL-2.0
/*
 * A program on a terminal: a pseudo terminal whose other side is copied from
 * and to the machine's console port, hvc0. Runs in the test child, alone.
 */
#include "guest/exec.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>

#include <ktstr/exit-status.h>
#include <ktstr/fd.h>

#define CONSOLE "/dev/hvc0"

/* How long what a dead shell left in the terminal may take to come out. */
#define LEFTOVERS_MS 200

struct shell {
	int console;
	int master;
	int slave;
	int pid_fd;
	pid_t pid;
	/* Typed, and not yet taken by the terminal. */
	char typed[4096];
	size_t typed_len;
};

static void shell__fini(struct shell *sh)
{
	const int fds[] = { sh->console, sh->master, sh->slave, sh->pid_fd };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int open_console(void)
{
	int fd __free(fd) = open(CONSOLE, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios tio;

	if (fd < 0)
		return -errno;
	/* The pseudo terminal does the editing; here bytes just pass. */
	if (tcgetattr(fd, &tio))
		return -errno;
	cfmakeraw(&tio);
	if (tcsetattr(fd, TCSANOW, &tio))
		return -errno;
	return no_free_fd(fd);
}

/*
 * The slave side is opened before there is a shell, or the master would read
 * as ended until then.
 */
static int open_pty(struct shell *sh, const struct guest_params *params)
{
	struct winsize ws = { .ws_col = params->cols, .ws_row = params->rows };
	char name[64];

	sh->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (sh->master < 0 || grantpt(sh->master) || unlockpt(sh->master) ||
	    ptsname_r(sh->master, name, sizeof(name)) ||
	    ioctl(sh->master, TIOCSWINSZ, &ws))
		return -errno;
	sh->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return sh->slave < 0 ? -errno : 0;
}

/* In the shell's process: the terminal becomes its own, then the program. */
static void become_shell(const struct shell *sh, struct exec_ctx *ctx)
{
	struct guest_result result = { 0 };

	setsid();
	if (ioctl(sh->slave, TIOCSCTTY, 0) || dup2(sh->slave, 0) < 0 ||
	    dup2(sh->slave, 1) < 0 || dup2(sh->slave, 2) < 0)
		_exit(EXIT_NOT_EXECUTABLE);
	exec__program(ctx, 0, NULL, &result);
	_exit(result.exit_code);
}

static int start(struct shell *sh, struct exec_ctx *ctx)
{
	sh->pid = fork();
	if (sh->pid == 0)
		become_shell(sh, ctx);
	if (sh->pid < 0)
		return -errno;
	close(sh->slave);
	sh->slave = -1;
	sh->pid_fd = (int)syscall(SYS_pidfd_open, sh->pid, 0);
	return sh->pid_fd < 0 ? -errno : 0;
}

/* Return: false when the terminal was closed by everyone. */
static bool from_terminal(const struct shell *sh)
{
	char buf[4096];
	ssize_t n = read(sh->master, buf, sizeof(buf));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	return n > 0 && !fd__write_all(sh->console, buf, (size_t)n);
}

static void from_console(struct shell *sh)
{
	ssize_t n = read(sh->console, sh->typed, sizeof(sh->typed));

	sh->typed_len = n > 0 ? (size_t)n : 0;
}

static void to_terminal(struct shell *sh)
{
	ssize_t n = write(sh->master, sh->typed, sh->typed_len);

	if (n <= 0)
		return;
	sh->typed_len -= (size_t)n;
	memmove(sh->typed, sh->typed + n, sh->typed_len);
}

/*
 * Until the terminal is closed by everyone, or the shell is gone and what it
 * left behind is silent. Input waits while the terminal does not take it.
 */
static void relay(struct shell *sh)
{
	struct pollfd pfd[3] = { { .fd = sh->master },
				 { .fd = sh->console },
				 { .fd = sh->pid_fd, .events = POLLIN } };
	int timeout_ms = -1;

	for (;;) {
		int n;

		pfd[0].events = sh->typed_len ? POLLIN | POLLOUT : POLLIN;
		pfd[1].events = sh->typed_len ? 0 : POLLIN;
		n = poll(pfd, ARRAY_SIZE(pfd), timeout_ms);
		if (n == 0)
			return;
		if (n < 0)
			continue;
		if (pfd[0].revents & POLLOUT)
			to_terminal(sh);
		if (pfd[0].revents & ~POLLOUT && !from_terminal(sh))
			return;
		if (pfd[1].revents)
			from_console(sh);
		if (pfd[2].revents) {
			pfd[2].fd = -1;
			timeout_ms = LEFTOVERS_MS;
		}
	}
}

static int wait_status(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return exit_status(status);
}

static void fail(struct guest_result *result, const char *what, int err)
{
	snprintf(result->reason, sizeof(result->reason), "%s: %s", what,
		 strerror(-err));
	dprintf(STDERR_FILENO, "ktstr-init: %s\n", result->reason);
	result->exit_code = EXIT_NOT_EXECUTABLE;
}

static void run_shell(struct shell *sh, struct exec_ctx *ctx,
		      struct guest_result *result)
{
	int err;

	sh->console = open_console();
	if (sh->console < 0) {
		fail(result,
		     CONSOLE " (the kernel needs CONFIG_VIRTIO_CONSOLE)",
		     sh->console);
		return;
	}
	err = open_pty(sh, ctx->params);
	if (err) {
		fail(result,
		     "pseudo terminal (the kernel needs CONFIG_UNIX98_PTYS)",
		     err);
		return;
	}
	err = start(sh, ctx);
	if (err) {
		fail(result, "starting the shell", err);
		return;
	}
	relay(sh);
	kill(sh->pid, SIGHUP);
	result->exit_code = wait_status(sh->pid);
}

void exec__shell(void *ctx, int argc, char **argv, struct guest_result *result)
{
	struct shell sh = {
		.console = -1, .master = -1, .slave = -1, .pid_fd = -1
	};

	(void)argc;
	(void)argv;
	run_shell(&sh, ctx, result);
	shell__fini(&sh);
}
