// SPDX-License-Identifier: GPL-2.0
/*
 * Ways to make a report say more than is true: each test here would like to be
 * green and must not be. Not part of the suite: run by bats/lies.bats, which
 * knows what each of them must be reported as.
 */
#include <ktstr/harness.h>

#include <fcntl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/time.h>
#include <termios.h>

#include "crash-module.h"
#include "take-over.h"

FIXTURE(lie)
{};
FIXTURE_SETUP(lie)
{
}
FIXTURE_TEARDOWN(lie)
{
}
KTSTR_FIXTURE_ATTR(lie, .cpus = 1, .memory_mib = 256, .timeout_s = 20);

/* Variations on a lie that another test tells: run with --ignored. */
#define MORE .ignore = true

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

KTSTR_TEST_ATTR(lie, kernel_reads_null, MORE);
TEST_F(lie, kernel_reads_null)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(crash_kernel(CRASH_NULL));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
}

KTSTR_TEST_ATTR(lie, kernel_locks_up, MORE, .cpus = 2, .timeout_s = 6,
		.kargs = "watchdog_thresh=1");
TEST_F(lie, kernel_locks_up)
{
	crash_kernel(CRASH_LOOP);
}

KTSTR_TEST_ATTR(lie, kernel_hangs, MORE, .timeout_s = 2);
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

/* --- ... and the test hides that it did ----------------------------------- */

#define SYSLOG_ACTION_CLEAR 5

KTSTR_TEST_ATTR(lie, log_is_cleared, MORE);
TEST_F(lie, log_is_cleared)
{
	ASSERT_EQ(0, crash_kernel(CRASH_WARN));
	ASSERT_EQ(0, klogctl(SYSLOG_ACTION_CLEAR, NULL, 0));
}

/* Twice the ring: what was in it is gone. */
TEST_F(lie, log_is_flooded)
{
	char line[512];
	int limit = open("/proc/sys/kernel/printk_devkmsg", O_WRONLY);
	int fd = open("/dev/kmsg", O_WRONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, crash_kernel(CRASH_WARN));
	ASSERT_EQ(2, write(limit, "on", 2));
	memset(line, 'x', sizeof(line));
	for (int i = 0; i < 1000; i++)
		ASSERT_EQ(sizeof(line), write(fd, line, sizeof(line)));
}

KTSTR_TEST_ATTR(lie, log_is_mounted_over, MORE);
TEST_F(lie, log_is_mounted_over)
{
	ASSERT_EQ(0, crash_kernel(CRASH_WARN));
	ASSERT_EQ(0, mount("none", "/dev", "tmpfs", 0, NULL));
	ASSERT_EQ(0, mount("none", "/proc", "tmpfs", 0, NULL));
	ASSERT_EQ(0, mount("none", "/sys", "tmpfs", 0, NULL));
}

/* --- the machine goes away ------------------------------------------------ */

static void sysrq(char key)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY);

	if (write(fd, &key, 1) == 1)
		sleep(60);
}

TEST_F(lie, kernel_panics)
{
	sysrq('c');
}

KTSTR_TEST_ATTR(lie, test_powers_off, MORE);
TEST_F(lie, test_powers_off)
{
	reboot(RB_POWER_OFF);
}

KTSTR_TEST_ATTR(lie, test_resets, MORE);
TEST_F(lie, test_resets)
{
	sysrq('b');
}

KTSTR_TEST_ATTR(lie, init_is_killed, MORE);
TEST_F(lie, init_is_killed)
{
	kill(1, SIGSEGV);
	sleep(60);
}

TEST_F(lie, init_exits)
{
	ASSERT_EQ(0, take_over(port__put, put_and_exit));
}

/* --- init tells only a part ----------------------------------------------- */

TEST_F(lie, result_has_bad_checksum)
{
	ASSERT_EQ(0, take_over(port__put, put_bad_checksum));
}

TEST_F(lie, exit_never_comes)
{
	ASSERT_EQ(0, take_over(port__put, put_no_exit));
}

KTSTR_TEST_ATTR(lie, exit_is_cut_short, MORE);
TEST_F(lie, exit_is_cut_short)
{
	ASSERT_EQ(0, take_over(port__put, put_half_an_exit));
}

KTSTR_TEST_ATTR(lie, result_comes_twice, MORE);
TEST_F(lie, result_comes_twice)
{
	ASSERT_EQ(0, take_over(port__put, put_result_twice));
}

/* --- the machine is another one ------------------------------------------- */

KTSTR_TEST_ATTR(lie, cpu_is_missing, .llcs = 1, .cores = 2, .threads = 1,
		.kargs = "maxcpus=1");
TEST_F(lie, cpu_is_missing)
{
	printf("the body ran\n");
}

KTSTR_TEST_ATTR(lie, nodes_are_missing, MORE, .numa_nodes = 2, .llcs = 2,
		.cores = 1, .kargs = "numa=off");
TEST_F(lie, nodes_are_missing)
{
	printf("the body ran\n");
}

/* --- somebody else tells ---------------------------------------------------
 */

static void forge_result(int fd)
{
	struct msg_test_result pass = { .version = MSG_TEST_RESULT_VERSION };
	s32 code = 0;

	wire__send(fd, MSG_TEST_RESULT, &pass, sizeof(pass));
	wire__send(fd, MSG_EXIT, &code, sizeof(code));
}

TEST_F(lie, result_is_forged)
{
	char path[PATH_MAX];
	int fd = steal_port(path);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, open(path, O_RDWR));
	EXPECT_EQ(EBUSY, errno);
	forge_result(fd);
	sleep(1); /* the port's buffers drain */
	reboot(RB_POWER_OFF);
}

#define NO_BULK "initcall_blacklist=virtio_console_init"

KTSTR_TEST_ATTR(lie, bulk_port_never_comes, .kargs = NO_BULK);
TEST_F(lie, bulk_port_never_comes)
{
	for (int i = 0; i < 1000; i++)
		printf("more than COM2 has room for, line %d\n", i);
}

/* What passes for a result there is not init's. */
KTSTR_TEST_ATTR(lie, com2_is_forged, MORE, .kargs = NO_BULK);
TEST_F(lie, com2_is_forged)
{
	struct port *port = calloc(1, sizeof(*port));
	struct msg_test_result pass = { .version = MSG_TEST_RESULT_VERSION };
	s32 code = 0;

	ASSERT_EQ(0, port__fall_back(port, "forged"));
	port__put(port, MSG_TEST_RESULT, &pass, sizeof(pass));
	port__put(port, MSG_EXIT, &code, sizeof(code));
	port__flush(port);
	tcdrain(port->fd);
	reboot(RB_POWER_OFF);
}

/* --- the test's own ways ---------------------------------------------------
 */

TEST_F(lie, test_is_killed)
{
	kill(getpid(), SIGKILL);
}

/* Who waits for the body is gone; the body would go on. */
KTSTR_TEST_ATTR(lie, harness_is_killed, MORE);
TEST_F(lie, harness_is_killed)
{
	kill(getppid(), SIGKILL);
	printf("ok 1 lie.harness_is_killed\n");
	fflush(stdout);
	_exit(0);
}

/* As a library might. */
TEST_F(lie, body_exits)
{
	exit(0);
}

KTSTR_TEST_ATTR(lie, test_hangs, .timeout_s = 1);
TEST_F(lie, test_hangs)
{
	signal(SIGTERM, SIG_IGN);
	for (;;)
		pause();
}

/* Its deadline is not kept by the clock that it turns. */
KTSTR_TEST_ATTR(lie, clock_jumps, .timeout_s = 2);
TEST_F(lie, clock_jumps)
{
	const struct timeval then = { .tv_sec = 1000000 };
	const struct timeval later = { .tv_sec = 4000000000 };

	for (int i = 0;; i++) {
		ASSERT_EQ(0, settimeofday(i % 2 ? &then : &later, NULL));
		usleep(100000);
	}
}

#define FLOOD_MIB 200

/* The guest's memory is shared memory; what is anonymous is the host's own. */
static int host_stays_small(const struct ktstr_vm_result *result,
			    struct kt_diag *diag)
{
	char path[64], *text __free(ptr) = NULL;
	const char *at;
	unsigned long kib;

	snprintf(path, sizeof(path), "/proc/%d/status", getppid());
	if (fd__read_file(path, KIB(64), &text, NULL))
		return diag__fail(diag, -EIO, "%s: unreadable", path);
	at = strstr(text, "RssAnon:");
	kib = at ? strtoul(at + 8, NULL, 10) : 0;
	if (!kib || kib > KIB(64))
		return diag__fail(diag, -E2BIG,
				  "the host's process has %lu KiB", kib);
	return 0;
}

KTSTR_TEST_ATTR(lie, output_floods, .timeout_s = 120,
		.post_vm_unconditional = host_stays_small);
TEST_F(lie, output_floods)
{
	static char buf[MIB(1)];

	memset(buf, 'f', sizeof(buf));
	for (size_t i = 99; i < sizeof(buf); i += 100)
		buf[i] = '\n';
	for (int i = 0; i < FLOOD_MIB; i++)
		ASSERT_EQ(0, fd__write_all(1, buf, sizeof(buf)));
	EXPECT_EQ(FLOOD_MIB, 0); /* so that it is not green for a reason */
}

static const char nasty[] =
	"ok 1 lie.output_looks_like_tap\n"
	"1..1\n"
	"TAP version 13\n"
	"KTAP version 1\n"
	"not ok 2 x # SKIP y\n"
	"Bail out! now\n"
	"  ok 1 - nested\n"
	"# ok 1 comment\n"
	"\rok 1 return\n"
	"\x1b[2J\x1b[1;1Hok 1 screen\n"
	"\x1b]0;title\x07\n"
	"\xc2\x85ok 1 next line\n"
	"\xe2\x80\xa8ok 1 separator\n"
	"reboot: System halted\n"
	"# Totals: pass:99 fail:0\n"
	"# kernel log: /etc/passwd\n"
	"ok 1 lie.output_looks_like_tap"; /* and no newline */

TEST_F(lie, output_looks_like_tap)
{
	for (int fd = 1; fd <= 2; fd++)
		ASSERT_EQ(0, fd__write_all(fd, nasty, sizeof(nasty)));
	EXPECT_EQ(1, 2);
}

/* It holds the pipe, ignores what it can and talks on after the test. */
TEST_F(lie, daemon_lives_on)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		setsid();
		for (int sig = 1; sig < 32; sig++)
			signal(sig, SIG_IGN);
		for (;;) {
			dprintf(1, "ok 1 lie.daemon_lives_on\n");
			usleep(10000);
		}
	}
	EXPECT_EQ(1, 2);
}

KTSTR_HARNESS_MAIN
