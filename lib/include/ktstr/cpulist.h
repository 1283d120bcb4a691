/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets of CPUs and the kernel's text form of them, "0-3,8". Plain values the
 * caller owns; any thread.
 */
#ifndef KTSTR_CPULIST_H
#define KTSTR_CPULIST_H

#include <ktstr/diag.h>

/* The largest NR_CPUS that x86 and arm64 kernels are built with. */
#define CPUSET_MAX 8192u

/* Every other CPU of CPUSET_MAX: 4096 numbers of at most 4 digits. */
#define CPULIST_SIZE 20480u

/** struct cpuset - CPUs 0 to CPUSET_MAX - 1; all zero is the empty set */
struct cpuset {
	u64 word[CPUSET_MAX / 64];
};

/** cpuset__add - @cpu >= CPUSET_MAX is ignored */
void cpuset__add(struct cpuset *set, unsigned int cpu);
/** cpuset__add_range - @nr CPUs from @first on */
void cpuset__add_range(struct cpuset *set, unsigned int first, unsigned int nr);
bool cpuset__has(const struct cpuset *set, unsigned int cpu);
unsigned int cpuset__count(const struct cpuset *set);
bool cpuset__equal(const struct cpuset *a, const struct cpuset *b);
/** cpuset__and - @set keeps what is in @other too */
void cpuset__and(struct cpuset *set, const struct cpuset *other);
/** cpuset__or - @set gets what is in @other too */
void cpuset__or(struct cpuset *set, const struct cpuset *other);
/** cpuset__next - first member >= @from, or CPUSET_MAX */
unsigned int cpuset__next(const struct cpuset *set, unsigned int from);

/** cpuset__for_each - @cpu walks @set upwards */
#define cpuset__for_each(cpu, set)                               \
	for ((cpu) = cpuset__next((set), 0); (cpu) < CPUSET_MAX; \
	     (cpu) = cpuset__next((set), (cpu) + 1))

/**
 * cpulist__parse - the set a list names
 * @text: numbers and ranges with commas between them; blanks around them and
 *	empty parts do not count
 *
 * Return: 0, or -EINVAL naming the part that is no number, no range, reversed
 * or beyond CPUSET_MAX in @diag.
 */
int cpulist__parse(const char *text, struct cpuset *ret_set,
		   struct kt_diag *diag);

/**
 * cpulist__parse_lenient - the same from sources that must not stop us
 * Return: number of parts that were left out.
 */
unsigned int cpulist__parse_lenient(const char *text, struct cpuset *ret_set);

/**
 * cpulist__print - the shortest list that names @set, "" for the empty one
 * @size: CPULIST_SIZE always suffices
 * Return: 0, or -ENOSPC with @buf as an empty string.
 */
int cpulist__print(const struct cpuset *set, char *buf, size_t size);

#endif /* KTSTR_CPULIST_H */
