// SPDX-License-Identifier: GPL-2.0
/*
 * Tests that end in every way a test can end. Not part of the suite: run by
 * bats/harness.bats, which knows what each of them must be reported as.
 */
#include <ktstr/harness.h>

#include <fcntl.h>

FIXTURE(outcome)
{};
FIXTURE_SETUP(outcome)
{
}
FIXTURE_TEARDOWN(outcome)
{
}
KTSTR_FIXTURE_ATTR(outcome, .cpus = 1, .memory_mib = 256);

TEST_F(outcome, passes)
{
	EXPECT_EQ(1, 1);
}

TEST_F(outcome, fails)
{
	EXPECT_EQ(1, 2);
}

TEST_F(outcome, asserts)
{
	ASSERT_EQ(1, 2);
}

TEST_F(outcome, skips)
{
	SKIP(return, "nothing to do here");
}

TEST_F(outcome, crashes)
{
	raise(SIGSEGV);
}

KTSTR_TEST_ATTR(outcome, hangs, .timeout_s = 1);
TEST_F(outcome, hangs)
{
	for (;;)
		pause();
}

TEST_F(outcome, panics)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(1, write(fd, "c", 1));
	pause();
}

/* Its pipe end outlives the test; the verdict must not wait for it. */
TEST_F(outcome, leaves_a_daemon)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		setsid();
		for (;;)
			pause();
	}
}

static int refuse(const struct ktstr_vm_result *result, struct kt_diag *diag)
{
	return diag__fail(diag, -EPROTO, "the host says no to %s",
			  result->test_name);
}

KTSTR_TEST_ATTR(outcome, host_refuses, .post_vm = refuse);
TEST_F(outcome, host_refuses)
{
}

KTSTR_TEST_ATTR(outcome, too_many_cpus, .cpus = 100000);
TEST_F(outcome, too_many_cpus)
{
}

KTSTR_HARNESS_MAIN
