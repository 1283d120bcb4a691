// SPDX-License-Identifier: GPL-2.0
/*
 * The machine a test declares is the machine it gets: CPUs, memory, command
 * line, clocks, cgroup controllers, and the way back to the host.
 */
#include <ktstr/harness.h>

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <time.h>

static long long now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Whole small file as a string; empty when it cannot be read. */
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

FIXTURE(boot)
{};
FIXTURE_SETUP(boot)
{
}
FIXTURE_TEARDOWN(boot)
{
}
KTSTR_FIXTURE_ATTR(boot, .cpus = 2, .memory_mib = 512);

KTSTR_TEST_ATTR(boot, one_cpu, .cpus = 1);
TEST_F(boot, one_cpu)
{
	ASSERT_EQ(1, sysconf(_SC_NPROCESSORS_CONF));
	ASSERT_EQ(1, sysconf(_SC_NPROCESSORS_ONLN));
}

KTSTR_TEST_ATTR(boot, four_cpus, .cpus = 4);
TEST_F(boot, four_cpus)
{
	cpu_set_t set;

	ASSERT_EQ(4, sysconf(_SC_NPROCESSORS_ONLN));
	/* Each of them really runs us. */
	for (int cpu = 0; cpu < 4; cpu++) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
		EXPECT_EQ(cpu, sched_getcpu());
	}
}

KTSTR_TEST_ATTR(boot, memory_size, .memory_mib = 768);
TEST_F(boot, memory_size)
{
	struct sysinfo si;
	unsigned long long mib;

	ASSERT_EQ(0, sysinfo(&si));
	mib = (unsigned long long)si.totalram * si.mem_unit >> 20;
	/* The kernel keeps its image and page structures to itself. */
	EXPECT_LE(mib, 768ULL);
	EXPECT_GE(mib, 768ULL - 768 / 6);
}

KTSTR_TEST_ATTR(boot, memory_above_4g, .memory_mib = 5120);
TEST_F(boot, memory_above_4g)
{
	const char *line = strstr(slurp("/proc/zoneinfo"), "zone   Normal");

	/* "Normal" begins at 4 GiB, above the hole for devices. */
	ASSERT_NE(NULL, line);
	EXPECT_GT(sysconf(_SC_PHYS_PAGES), (4096L << 20) / 4096);
}

KTSTR_TEST_ATTR(boot, command_line, .kargs = "ktstr_probe=42");
TEST_F(boot, command_line)
{
	const char *cmdline = slurp("/proc/cmdline");

	EXPECT_NE(NULL, strstr(cmdline, " ktstr_probe=42"));
	EXPECT_NE(NULL, strstr(cmdline, "KTSTR_GUEST=1"));
}

TEST_F(boot, clock_advances)
{
	struct timespec nap = { .tv_nsec = 20 * 1000 * 1000 };
	long long before = now_ns(CLOCK_MONOTONIC), slept;
	const char *source;

	ASSERT_EQ(0, nanosleep(&nap, NULL));
	slept = now_ns(CLOCK_MONOTONIC) - before;
	EXPECT_GE(slept, 20 * 1000 * 1000LL);
	/* kvmclock hands the host's wall clock to the guest. */
	EXPECT_GT(now_ns(CLOCK_REALTIME), 1700000000LL * 1000000000LL);
	/* Either is the host's clock; which one is a matter of its TSC. */
	source = slurp("/sys/devices/system/clocksource/clocksource0/"
		       "current_clocksource");
	if (strcmp(source, "tsc\n"))
		EXPECT_STREQ("kvm-clock\n", source);
}

TEST_F(boot, cgroup2_controllers)
{
	const char *have = slurp("/sys/fs/cgroup/cgroup.controllers");

	EXPECT_NE(NULL, strstr(have, "cpuset"));
	EXPECT_NE(NULL, strstr(have, "cpu "));
	have = slurp("/sys/fs/cgroup/cgroup.subtree_control");
	EXPECT_NE(NULL, strstr(have, "cpuset"));
}

static int check_on_host(const struct ktstr_vm_result *result,
			 struct kt_diag *diag)
{
	if (!strstr(result->output, "hello from the guest"))
		return diag__fail(diag, -EPROTO,
				  "guest stdout did not arrive: '%s'",
				  result->output);
	if (!strstr(result->stderr_text, "and its stderr"))
		return diag__fail(diag, -EPROTO, "guest stderr did not arrive");
	if (!strstr(result->cmdline, "KTSTR_GUEST=1"))
		return diag__fail(diag, -EPROTO, "no command line in result");
	if (access(result->kernel_log_path, R_OK))
		return diag__fail(diag, -errno, "no kernel log at %s",
				  result->kernel_log_path);
	return 0;
}

KTSTR_TEST_ATTR(boot, output_reaches_host, .post_vm = check_on_host);
TEST_F(boot, output_reaches_host)
{
	printf("hello from the guest\n");
	fprintf(stderr, "and its stderr\n");
	/* Must stay a diagnostic line out there. */
	printf("not ok 1 a line that looks like a result\n");
}

/* Where vmlinux.lds.S links _text with the default CONFIG_PHYSICAL_START. */
#define LINKED_TEXT 0xffffffff81000000ULL

static void print_text_address(void)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[256] = "";

	while (f && fgets(line, sizeof(line), f) && !strstr(line, " _text\n"))
		;
	printf("%s", line);
	if (f)
		fclose(f);
}

static int check_offset(const struct ktstr_vm_result *result,
			struct kt_diag *diag)
{
	unsigned long long text = strtoull(result->output, NULL, 16);

	if (text != LINKED_TEXT + result->kaslr_offset)
		return diag__fail(diag, -EPROTO,
				  "guest has _text at %#llx, the host put it "
				  "at %#llx",
				  text, LINKED_TEXT + result->kaslr_offset);
	return 0;
}

static int check_no_offset(const struct ktstr_vm_result *result,
			   struct kt_diag *diag)
{
	if (result->kaslr_offset)
		return diag__fail(diag, -EPROTO, "moved despite nokaslr");
	return check_offset(result, diag);
}

KTSTR_TEST_ATTR(boot, kaslr, .post_vm = check_offset);
TEST_F(boot, kaslr)
{
	print_text_address();
}

KTSTR_TEST_ATTR(boot, nokaslr, .kaslr = false, .post_vm = check_no_offset);
TEST_F(boot, nokaslr)
{
	print_text_address();
}

KTSTR_TEST_ATTR(boot, host_side, .host_only = true);
TEST_F(boot, host_side)
{
	EXPECT_EQ(NULL, strstr(slurp("/proc/cmdline"), "KTSTR_GUEST=1"));
}

KTSTR_HARNESS_MAIN
