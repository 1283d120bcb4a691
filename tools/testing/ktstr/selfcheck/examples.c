// SPDX-License-Identifier: GPL-2.0
/*
 * One test for each outcome of ktstr/outcome.def, named after it. Not part of
 * the suite: scripts/tap-examples runs them for the transcripts in
 * TAP-examples/, with another kernel or none where that is what it takes.
 */
#include <ktstr/harness.h>

#include <fcntl.h>

#include "crash-module.h"
#include "take-over.h"

FIXTURE(example)
{};
FIXTURE_SETUP(example)
{
}
FIXTURE_TEARDOWN(example)
{
}
KTSTR_FIXTURE_ATTR(example, .cpus = 1, .memory_mib = 256);

TEST_F(example, skip)
{
	SKIP(return, "nothing to try here");
}

TEST_F(example, pass)
{
	ASSERT_EQ(1, sysconf(_SC_NPROCESSORS_ONLN));
}

KTSTR_TEST_ATTR(example, xfail, .expect_fail = true);
TEST_F(example, xfail)
{
	EXPECT_EQ(2, sysconf(_SC_NPROCESSORS_ONLN));
}

TEST_F(example, inconclusive)
{
	KTSTR_INCONCLUSIVE(return, "too noisy to tell");
}

KTSTR_TEST_ATTR(example, xpass, .expect_fail = true);
TEST_F(example, xpass)
{
	EXPECT_EQ(1, sysconf(_SC_NPROCESSORS_ONLN));
}

TEST_F(example, fail)
{
	printf("ok 1 so says the guest\n");
	EXPECT_EQ(2, sysconf(_SC_NPROCESSORS_ONLN));
}

static int refuse(const struct ktstr_vm_result *result, struct kt_diag *diag)
{
	return diag__fail(diag, -EPROTO, "the host says no to %s",
			  result->test_name);
}

KTSTR_TEST_ATTR(example, post_vm_fail, .post_vm = refuse);
TEST_F(example, post_vm_fail)
{
}

KTSTR_TEST_ATTR(example, no_bulk_port,
		.kargs = "initcall_blacklist=virtio_console_init");
TEST_F(example, no_bulk_port)
{
	printf("said over COM2\n");
}

TEST_F(example, kernel_splat)
{
	ASSERT_EQ(0, crash_kernel(CRASH_WARN));
}

TEST_F(example, oom)
{
	for (;;)
		memset(malloc(MIB(1)), 1, MIB(1));
}

KTSTR_TEST_ATTR(example, timeout, .timeout_s = 1);
TEST_F(example, timeout)
{
	for (;;)
		pause();
}

TEST_F(example, guest_panic)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY);

	ASSERT_EQ(1, write(fd, "c", 1));
	sleep(60);
}

TEST_F(example, guest_fatal)
{
	kill(1, SIGSEGV);
	sleep(60);
}

TEST_F(example, torn_result)
{
	ASSERT_EQ(0, take_over(port__put, put_no_exit));
}

KTSTR_TEST_ATTR(example, topology_mismatch, .cpus = 2, .kargs = "maxcpus=1");
TEST_F(example, topology_mismatch)
{
	printf("the body does not run\n");
}

/* Run with a kernel that jumps to where no memory is. */
TEST_F(example, vmm_error)
{
}

/* Run with a kernel that is not there. */
TEST_F(example, setup_error)
{
}

KTSTR_HARNESS_MAIN
