// SPDX-License-Identifier: GPL-2.0
/*
 * What attributes and the harness's own macros do to a machine and to a
 * verdict. Not part of the suite: run by bats/attrs.bats, which knows what each
 * test must be reported as. Fixture "here" runs on the host, without machines.
 */
#include <ktstr/harness.h>

#include <fcntl.h>

static const char *slurp(const char *path)
{
	static char buf[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (fd >= 0)
		close(fd);
	buf[n < 0 ? 0 : n] = '\0';
	return buf;
}

/* --- variants ------------------------------------------------------------ */

FIXTURE(shape)
{};
FIXTURE_VARIANT(shape)
{
	int cpus;
};
FIXTURE_VARIANT_ADD(shape, one){ .cpus = 1 };
FIXTURE_VARIANT_ADD(shape, three){ .cpus = 3 };
FIXTURE_SETUP(shape)
{
}
FIXTURE_TEARDOWN(shape)
{
}
KTSTR_FIXTURE_ATTR(shape, .cpus = 1, .memory_mib = 256, .tags = { "variants" });
KTSTR_VARIANT_ATTR(shape, three, .cpus = 3);

/* The first variant is expected to fail, the second passes. */
TEST_F(shape, has_three)
{
	TH_LOG("%ld of %d CPUs", sysconf(_SC_NPROCESSORS_ONLN), variant->cpus);
	ASSERT_EQ(variant->cpus, sysconf(_SC_NPROCESSORS_ONLN));
	ASSERT_EQ(3, variant->cpus);
}
XFAIL_ADD(shape, one, has_three);

/* --- one machine --------------------------------------------------------- */

FIXTURE(guest)
{};
FIXTURE_SETUP(guest)
{
}
FIXTURE_TEARDOWN(guest)
{
}
KTSTR_FIXTURE_ATTR(guest, .cpus = 1, .memory_mib = 256,
		   .sysctls = { "vm.swappiness=11", "vm.dirty_ratio=23" },
		   .expect_fail = true);

KTSTR_TEST_ATTR(guest, gets_what_it_said, .expect_fail = false, .kaslr = false,
		.duration_s = 3, .kargs = "ktstr_probe=42",
		.sysctls = { "vm.swappiness=17",
			     "net.ipv4.ping_group_range=5 50" });
TEST_F(guest, gets_what_it_said)
{
	const char *cmdline = slurp("/proc/cmdline");

	EXPECT_NE(NULL, strstr(cmdline, " nokaslr "));
	EXPECT_NE(NULL, strstr(cmdline, " ktstr_probe=42"));
	EXPECT_EQ(NULL, strstr(cmdline, "vm.swappiness=11"));
	EXPECT_STREQ("17\n", slurp("/proc/sys/vm/swappiness"));
	EXPECT_STREQ("23\n", slurp("/proc/sys/vm/dirty_ratio"));
	EXPECT_STREQ("5\t50\n", slurp("/proc/sys/net/ipv4/ping_group_range"));
	EXPECT_EQ(3U, ktstr_duration_s());
}

TEST_F(guest, fails_as_expected)
{
	EXPECT_EQ(1, 2);
}

TEST_F(guest, panics_unexpectedly)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(1, write(fd, "c", 1));
	pause();
}

KTSTR_TEST_ATTR(guest, is_not_sure, .expect_fail = false);
TEST_F(guest, is_not_sure)
{
	KTSTR_INCONCLUSIVE(return, "%d of %d # samples", 1, 3);
}

/* --- host callbacks ------------------------------------------------------ */

FIXTURE(hook)
{};
FIXTURE_SETUP(hook)
{
}
FIXTURE_TEARDOWN(hook)
{
}
KTSTR_FIXTURE_ATTR(hook, .cpus = 1, .memory_mib = 256);

static int says_a(const struct ktstr_vm_result *result, struct kt_diag *diag)
{
	return diag__fail(diag, -EPROTO, "A of %s", result->test_name);
}

static int says_b(const struct ktstr_vm_result *result, struct kt_diag *diag)
{
	return diag__fail(diag, -EPROTO, "B after %s",
			  ktstr_outcome__name(result->outcome));
}

static int skips(const struct ktstr_vm_result *result, struct kt_diag *diag)
{
	return ktstr_post_vm_skip(diag, "nothing to see");
}

KTSTR_TEST_ATTR(hook, both_fail, .post_vm = says_a,
		.post_vm_unconditional = says_b);
TEST_F(hook, both_fail)
{
}

KTSTR_TEST_ATTR(hook, after_a_failure, .post_vm = says_a,
		.post_vm_unconditional = says_b);
TEST_F(hook, after_a_failure)
{
	EXPECT_EQ(1, 2);
}

KTSTR_TEST_ATTR(hook, turns_it_into_a_skip, .post_vm = skips);
TEST_F(hook, turns_it_into_a_skip)
{
}

/* Memory that was touched takes a while to give back. */
KTSTR_TEST_ATTR(hook, leaves_a_mess, .memory_mib = 768, .cleanup_budget_ms = 1);
TEST_F(hook, leaves_a_mess)
{
	size_t size = 150 << 20;
	char *mem = malloc(size);

	ASSERT_NE(NULL, mem);
	for (size_t i = 0; i < size; i += 4096)
		*(volatile char *)&mem[i] = 1;
	free(mem);
}

/* --- the harness's macros, in a machine ---------------------------------- */

KTSTR_FIXTURE_ATTR(global, .cpus = 1, .memory_mib = 256);
TEST_SIGNAL(dies_of_its_signal, SIGUSR1)
{
	raise(SIGUSR1);
}

FIXTURE(parent)
{
	int touched;
};
FIXTURE_SETUP(parent)
{
	self->touched = 1;
}
FIXTURE_TEARDOWN_PARENT(parent)
{
	TH_LOG("torn down by the parent, touched %d", self->touched);
}
KTSTR_FIXTURE_ATTR(parent, .cpus = 1, .memory_mib = 256);
TEST_F(parent, tears_down)
{
	self->touched = 2;
}

FIXTURE(broken)
{};
FIXTURE_SETUP(broken)
{
	ASSERT_EQ(1, 2);
}
FIXTURE_TEARDOWN(broken)
{
}
KTSTR_FIXTURE_ATTR(broken, .cpus = 1, .memory_mib = 256);
TEST_F(broken, never_begins)
{
	TH_LOG("the body ran");
}

/* --- on the host --------------------------------------------------------- */

FIXTURE(here)
{};
FIXTURE_SETUP(here)
{
}
FIXTURE_TEARDOWN(here)
{
}
KTSTR_FIXTURE_ATTR(here, .host_only = true, .tags = { "quick" });

TEST_F(here, passes)
{
}

TEST_F(here, fails)
{
	ASSERT_EQ(1, 2);
}

TEST_F(here, skips)
{
	SKIP(return, "not today");
}

KTSTR_TEST_ATTR(here, passes_unexpectedly, .expect_fail = true);
TEST_F(here, passes_unexpectedly)
{
}

KTSTR_TEST_ATTR(here, fails_as_expected, .expect_fail = true);
TEST_F(here, fails_as_expected)
{
	EXPECT_EQ(1, 2);
}

KTSTR_TEST_ATTR(here, skips_although_expected_to_fail, .expect_fail = true);
TEST_F(here, skips_although_expected_to_fail)
{
	SKIP(return, "not today");
}

TEST_F(here, is_not_sure)
{
	KTSTR_INCONCLUSIVE(return, "half of it is missing");
}

KTSTR_TEST_ATTR(here, may_be_unsure, .allow_inconclusive = true);
TEST_F(here, may_be_unsure)
{
	KTSTR_INCONCLUSIVE(return, "half of it is missing");
}

TEST_F(here, failed_before_it_was_unsure)
{
	EXPECT_EQ(1, 2);
	KTSTR_INCONCLUSIVE(return, "half of it is missing");
}

/* The status alone says nothing: only the macro does. */
TEST_F(here, exits_like_an_unsure_one)
{
	_exit(KTSTR_EXIT_INCONCLUSIVE);
}

KTSTR_TEST_ATTR(here, hangs, .timeout_s = 1);
TEST_F(here, hangs)
{
	for (;;)
		pause();
}

KTSTR_TEST_ATTR(here, is_ignored, .ignore = true, .tags = { "slow" });
TEST_F(here, is_ignored)
{
}

KTSTR_TEST_ATTR(here, has_a_machine, .cpus = 2);
TEST_F(here, has_a_machine)
{
}

KTSTR_TEST_ATTR(here, has_a_bad_sysctl, .host_only = false,
		.sysctls = { "vm/swappiness=1" });
TEST_F(here, has_a_bad_sysctl)
{
}

TEST_F_TIMEOUT(here, says_its_time, 77)
{
}

KTSTR_HARNESS_MAIN
