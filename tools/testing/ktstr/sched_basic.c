// SPDX-License-Identifier: GPL-2.0
/*
 * What a scheduler owes to cgroups, on any machine: `-v PRESET` runs these
 * tests on each of the preset topologies.
 */
#include <ktstr/harness.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <time.h>

#include <ktstr/fd.h>

#define GROUPS 2
#define WORK_MS 400

static int write_file(const char *path, const char *text)
{
	int fd __free(fd) = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd__write_all(fd, text, strlen(text));
}

static long long ms_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* What a worker tells, in memory that it shares with the test. */
struct account {
	long long cpu_ms;
	unsigned int strayed; /* times it was on a CPU of the others */
	unsigned int looked;
};

static void work(const char *procs, const struct cpuset *mine,
		 struct account *account)
{
	long long end;

	/* Whoever writes 0 moves itself. */
	if (write_file(procs, "0"))
		_exit(1);
	end = ms_of(CLOCK_MONOTONIC) + WORK_MS;
	while (ms_of(CLOCK_MONOTONIC) < end) {
		account->strayed +=
			!cpuset__has(mine, (unsigned int)sched_getcpu());
		account->looked++;
	}
	account->cpu_ms = ms_of(CLOCK_PROCESS_CPUTIME_ID);
	_exit(0);
}

FIXTURE(sched_basic)
{
	struct account *account; /* of each group's workers in turn */
	unsigned int workers;	 /* of each group */
	struct cpuset set[GROUPS];
};
KTSTR_PRESETS(sched_basic);

FIXTURE_SETUP(sched_basic)
{
	test_topology__overlapping_cpusets(ktstr_topology(), GROUPS, 0,
					   self->set);
	self->workers = cpuset__count(&self->set[0]);
	self->account =
		mmap(NULL, GROUPS * self->workers * sizeof(struct account),
		     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->account);
}
FIXTURE_TEARDOWN(sched_basic)
{
}
KTSTR_FIXTURE_ATTR(sched_basic, .llcs = 2, .cores = 1, .max_llcs = 64,
		   .max_cpus = 512, .max_numa_nodes = 8);

static int make_group(unsigned int group, const struct cpuset *cpus,
		      char *procs, size_t size)
{
	static char list[CPULIST_SIZE]; /* too large to be inlined with */
	char path[64], file[80];

	snprintf(path, sizeof(path), "/sys/fs/cgroup/basic%u", group);
	snprintf(file, sizeof(file), "%s/cpuset.cpus", path);
	snprintf(procs, size, "%s/cgroup.procs", path);
	if (mkdir(path, 0755))
		return -errno;
	cpulist__print(cpus, list, sizeof(list));
	return write_file(file, list);
}

/*
 * Half of the CPUs for each of two groups, and as many workers as CPUs: nobody
 * leaves its half, and none of them is forgotten.
 */
TEST_F(sched_basic, two_cgroups)
{
	unsigned int all = GROUPS * self->workers;
	int status;

	for (unsigned int g = 0; g < GROUPS; g++) {
		char procs[80];

		ASSERT_EQ(0,
			  make_group(g, &self->set[g], procs, sizeof(procs)));
		for (unsigned int w = 0; w < self->workers; w++) {
			pid_t pid = fork();

			ASSERT_LE(0, pid);
			if (!pid)
				work(procs, &self->set[g],
				     &self->account[g * self->workers + w]);
		}
	}
	for (unsigned int i = 0; i < all; i++) {
		ASSERT_LT(0, wait(&status));
		EXPECT_EQ(0, status);
	}
	for (unsigned int i = 0; i < all; i++) {
		struct account *a = &self->account[i];

		EXPECT_LT(0U, a->looked);
		EXPECT_EQ(0U, a->strayed);
		/* A CPU each; a fifth allows for many on one CPU of the host.
		 */
		EXPECT_LT(WORK_MS / 5, a->cpu_ms);
	}
}

KTSTR_HARNESS_MAIN
