// SPDX-License-Identifier: GPL-2.0
/*
 * Something to trace: a pair that plays ping-pong over pipes, then a spinner
 * pinned to CPU 0. Says how long the former took and what the kernel charged
 * the latter, so that the trace can be held against it:
 *
 *	pingpong PID PID ROUNDS NANOSECONDS
 *	spinner PID NANOSECONDS
 *
 * trace-load [SPIN_MS [ROUNDS]]
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned long long now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		exit(1);
}

static pid_t spin(int ms)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_NAME, "spinner");
	pin(0);
	while (now_ns(CLOCK_PROCESS_CPUTIME_ID) < ms * 1000000ull)
		;
	_exit(0);
}

/* Passes the ball on; the one that serves starts. */
static pid_t player(const char *name, int in, int out, int rounds, int serves)
{
	pid_t pid = fork();
	char ball = 'o';

	if (pid)
		return pid;
	prctl(PR_SET_NAME, name);
	for (int i = 0; i < rounds; i++) {
		if (serves && write(out, &ball, 1) != 1)
			_exit(1);
		if (read(in, &ball, 1) != 1)
			_exit(1);
		if (!serves && write(out, &ball, 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static int ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && status == 0;
}

static int report_spinner(pid_t pid)
{
	unsigned long long ns = 0;
	char path[64];
	siginfo_t info;
	FILE *f;

	/* It is dead but not gone, so /proc has its final account. */
	if (waitid(P_PID, pid, &info, WEXITED | WNOWAIT))
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%llu", &ns) != 1)
		return 0;
	fclose(f);
	printf("spinner %d %llu\n", pid, ns);
	return ended_well(pid);
}

int main(int argc, char **argv)
{
	int ms = argc > 1 ? atoi(argv[1]) : 200;
	int rounds = argc > 2 ? atoi(argv[2]) : 100;
	unsigned long long start;
	int there[2], back[2], good;
	pid_t ping, pong;

	if (pipe(there) || pipe(back))
		return 1;
	start = now_ns(CLOCK_MONOTONIC);
	ping = player("ping", back[0], there[1], rounds, 1);
	pong = player("pong", there[0], back[1], rounds, 0);
	good = ended_well(ping) & ended_well(pong);
	printf("pingpong %d %d %d %llu\n", ping, pong, rounds,
	       now_ns(CLOCK_MONOTONIC) - start);
	/* Alone: what shares its CPU out there would blur where it begins. */
	if (ms)
		good &= report_spinner(spin(ms));
	return !good;
}
