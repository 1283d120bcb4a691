// SPDX-License-Identifier: GPL-2.0
/*
 * Between fork() and the test body. Runs in the test child only; what it
 * cannot set up is reported through the result and status 1, like a failure
 * of the test, because the parent has no other ear for it.
 */
#include "guest/child.h"

#include <fcntl.h>
#include <signal.h>

#include "guest/die.h"

#define INIT_SIGNALS_END 65

void child__reset_signals(void)
{
	sigset_t none;

	die__remove_crash_hook();
	for (int sig = 1; sig < INIT_SIGNALS_END; sig++)
		signal(sig, SIG_DFL); /* fails for a few, harmlessly */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int take_stdio(const int out_fd[2])
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0 || dup2(null_fd, 0) < 0 || dup2(out_fd[0], 1) < 0 ||
	    dup2(out_fd[1], 2) < 0)
		return -errno;
	/*
	 * Close-on-exec is not enough without an exec: a stray write must not
	 * reach the bulk port.
	 */
	close_range(3, ~0u, 0);
	return 0;
}

void child__main(const struct guest_ops *ops, int argc, char **argv,
		 const int out_fd[2], struct guest_result *result)
{
	int err;

	setsid();
	child__reset_signals();
	err = take_stdio(out_fd);
	if (err) {
		result->exit_code = 1;
		snprintf(result->reason, sizeof(result->reason),
			 "test child: stdio: %s", strerror(-err));
		_exit(1);
	}
	ops->run_test(ops->ctx, argc, argv, result);
	fflush(NULL);
	_exit(result->exit_code < 0 ? 1 : result->exit_code & 0xff);
}
