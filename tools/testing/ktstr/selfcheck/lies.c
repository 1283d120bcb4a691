// SPDX-License-Identifier: GPL-2.0
/*
 * Ways to make a report say more than is true: each test here would like to be
 * green and must not be. Not part of the suite: run by bats/lies.bats, which
 * knows what each of them must be reported as.
 */
#include <ktstr/harness.h>

#include <fcntl.h>

#include "crash-module.h"

FIXTURE(lie)
{};
FIXTURE_SETUP(lie)
{
}
FIXTURE_TEARDOWN(lie)
{
}
KTSTR_FIXTURE_ATTR(lie, .cpus = 1, .memory_mib = 256, .timeout_s = 20);

/* --- the kernel complains, the test does not ------------------------------ */

TEST_F(lie, kernel_warns)
{
	ASSERT_EQ(0, crash_kernel(CRASH_WARN));
}

TEST_F(lie, kernel_oopses)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(crash_kernel(CRASH_OOPS));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
}

TEST_F(lie, kernel_reads_null)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(crash_kernel(CRASH_NULL));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
}

KTSTR_TEST_ATTR(lie, kernel_locks_up, .cpus = 2, .timeout_s = 6,
		.kargs = "watchdog_thresh=1");
TEST_F(lie, kernel_locks_up)
{
	crash_kernel(CRASH_LOOP);
}

KTSTR_TEST_ATTR(lie, kernel_hangs, .timeout_s = 2);
TEST_F(lie, kernel_hangs)
{
	crash_kernel(CRASH_HANG);
}

/* Whoever the kernel kills: the machine had too little memory for its test. */
TEST_F(lie, memory_runs_out)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid)
		for (;;)
			memset(malloc(MIB(1)), 1, MIB(1));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
}

KTSTR_HARNESS_MAIN
