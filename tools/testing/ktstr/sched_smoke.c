// SPDX-License-Identifier: GPL-2.0
/*
 * The scheduler of the guest kernel does what every scheduler must: runs two
 * tasks on two CPUs at once, moves tasks with their cpuset, wakes a futex
 * waiter, shares a CPU between equals.
 */
#include <ktstr/harness.h>

#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#define ROUND_TRIPS 200

static int pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

FIXTURE(sched)
{};
FIXTURE_SETUP(sched)
{
}
FIXTURE_TEARDOWN(sched)
{
}
KTSTR_FIXTURE_ATTR(sched, .cpus = 2);

/* Echo every byte back from CPU 1 until the pipe closes. */
static void pong(int from, int to)
{
	char byte;

	if (pin(1))
		_exit(1);
	while (read(from, &byte, 1) == 1)
		if (write(to, &byte, 1) != 1)
			_exit(2);
	_exit(sched_getcpu() == 1 ? 0 : 3);
}

TEST_F(sched, pipe_ping_pong)
{
	int there[2], back[2], status;
	char byte = 'x';
	pid_t pid;

	ASSERT_EQ(0, pipe(there));
	ASSERT_EQ(0, pipe(back));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		close(there[1]);
		pong(there[0], back[1]);
	}
	ASSERT_EQ(0, pin(0));
	for (int i = 0; i < ROUND_TRIPS; i++) {
		ASSERT_EQ(1, write(there[1], &byte, 1));
		ASSERT_EQ(1, read(back[0], &byte, 1));
	}
	EXPECT_EQ(0, sched_getcpu());
	close(there[1]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

#define CG "/sys/fs/cgroup/ktstr_move"

KTSTR_TEST_ATTR(sched, cpuset_move, .cpus = 3);
TEST_F(sched, cpuset_move)
{
	cpu_set_t set;
	char pid[32];

	ASSERT_EQ(0, mkdir(CG, 0755));
	ASSERT_EQ(0, write_file(CG "/cpuset.cpus", "2"));
	snprintf(pid, sizeof(pid), "%d", getpid());
	ASSERT_EQ(0, write_file(CG "/cgroup.procs", pid));
	EXPECT_EQ(2, sched_getcpu());
	ASSERT_EQ(0, sched_getaffinity(0, sizeof(set), &set));
	EXPECT_EQ(1, CPU_COUNT(&set));

	/* The set changes under a running task. */
	ASSERT_EQ(0, write_file(CG "/cpuset.cpus", "0-1"));
	sched_yield();
	EXPECT_NE(2, sched_getcpu());
	ASSERT_EQ(0, sched_getaffinity(0, sizeof(set), &set));
	EXPECT_EQ(2, CPU_COUNT(&set));
}

struct rendezvous {
	unsigned int futex;
	unsigned int woken;
};

TEST_F(sched, futex_wake)
{
	struct rendezvous *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long nr = 0;
	pid_t pid;
	int status;

	ASSERT_NE(MAP_FAILED, r);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		while (!__atomic_load_n(&r->futex, __ATOMIC_ACQUIRE))
			syscall(SYS_futex, &r->futex, FUTEX_WAIT, 0, NULL, NULL,
				0);
		__atomic_store_n(&r->woken, 1, __ATOMIC_RELEASE);
		_exit(0);
	}
	/* Wake only once it sleeps in the kernel, or nothing is tested. */
	for (int i = 0; i < 2000 && nr == 0; i++) {
		usleep(1000);
		nr = syscall(SYS_futex, &r->futex, FUTEX_REQUEUE, 0, (void *)1,
			     &r->woken, 0);
	}
	ASSERT_EQ(1, nr);
	__atomic_store_n(&r->futex, 1, __ATOMIC_RELEASE);
	EXPECT_EQ(1,
		  syscall(SYS_futex, &r->woken, FUTEX_WAKE, 1, NULL, NULL, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(1U, r->woken);
}

static long long cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Spin for @ms of wall time on CPU 0; CPU milliseconds go to @got. */
static void spin(int ms, long long *got)
{
	struct timespec ts;
	long long end;

	if (pin(0))
		_exit(1);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	end = ts.tv_sec * 1000LL + ts.tv_nsec / 1000000 + ms;
	do {
		clock_gettime(CLOCK_MONOTONIC, &ts);
	} while (ts.tv_sec * 1000LL + ts.tv_nsec / 1000000 < end);
	*got = cpu_ms();
	_exit(0);
}

TEST_F(sched, equals_share_a_cpu)
{
	long long *got = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	ASSERT_NE(MAP_FAILED, got);
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();

		ASSERT_GE(pid, 0);
		if (!pid)
			spin(1000, &got[i]);
	}
	for (int i = 0; i < 2; i++) {
		ASSERT_LT(0, wait(&status));
		EXPECT_EQ(0, status);
	}
	TH_LOG("CPU time of the two: %lld ms, %lld ms", got[0], got[1]);
	/* Half each, give or take a quarter of the whole. */
	EXPECT_GT(got[0] * 4, got[0] + got[1]);
	EXPECT_GT(got[1] * 4, got[0] + got[1]);
}

KTSTR_HARNESS_MAIN
