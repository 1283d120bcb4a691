// SPDX-License-Identifier: GPL-2.0
/*
 * Claims that a task of nice 19 gets half as much of a CPU as one of nice 0.
 * Linux does not promise that: this test fails on purpose, to show how it
 * looks.
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <ktstr/harness.h>

FIXTURE(fairness)
{};
FIXTURE_SETUP(fairness)
{
}
FIXTURE_TEARDOWN(fairness)
{
}
KTSTR_FIXTURE_ATTR(fairness, .cpus = 1);

static pid_t start_hog(int niceness)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setpriority(PRIO_PROCESS, 0, niceness);
	for (;;)
		;
}

/* End a hog; how long it ran, in milliseconds. */
static long end_hog(pid_t pid)
{
	struct rusage used;
	int status;

	kill(pid, SIGKILL);
	if (wait4(pid, &status, 0, &used) != pid)
		return -1;
	return used.ru_utime.tv_sec * 1000 + used.ru_utime.tv_usec / 1000;
}

TEST_F(fairness, nice_19_gets_half_of_nice_0)
{
	pid_t normal = start_hog(0), nice = start_hog(19);
	long normal_ms, nice_ms;

	ASSERT_LT(0, normal);
	ASSERT_LT(0, nice);
	sleep(1);
	normal_ms = end_hog(normal);
	nice_ms = end_hog(nice);
	TH_LOG("nice 0 ran %ld ms, nice 19 ran %ld ms", normal_ms, nice_ms);
	EXPECT_LT(0, normal_ms);
	EXPECT_LE(normal_ms / 2, nice_ms);
}

KTSTR_HARNESS_MAIN
