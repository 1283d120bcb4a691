// SPDX-License-Identifier: GPL-2.0
/*
 * CPU sets and their text form, as sysfs, cpuset.cpus and taskset have it.
 * What is parsed may come from any file or user. Pure, any thread.
 */
#include <ktstr/cpulist.h>

void cpuset__add(struct cpuset *set, unsigned int cpu)
{
	if (cpu < CPUSET_MAX)
		set->word[cpu / 64] |= 1ULL << cpu % 64;
}

void cpuset__add_range(struct cpuset *set, unsigned int first, unsigned int nr)
{
	for (unsigned int i = 0; i < nr && first + i < CPUSET_MAX; i++)
		cpuset__add(set, first + i);
}

bool cpuset__has(const struct cpuset *set, unsigned int cpu)
{
	return cpu < CPUSET_MAX && set->word[cpu / 64] >> cpu % 64 & 1;
}

unsigned int cpuset__count(const struct cpuset *set)
{
	unsigned int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(set->word); i++)
		n += (unsigned int)__builtin_popcountll(set->word[i]);
	return n;
}

bool cpuset__equal(const struct cpuset *a, const struct cpuset *b)
{
	return !memcmp(a, b, sizeof(*a));
}

void cpuset__and(struct cpuset *set, const struct cpuset *other)
{
	for (size_t i = 0; i < ARRAY_SIZE(set->word); i++)
		set->word[i] &= other->word[i];
}

void cpuset__or(struct cpuset *set, const struct cpuset *other)
{
	for (size_t i = 0; i < ARRAY_SIZE(set->word); i++)
		set->word[i] |= other->word[i];
}

unsigned int cpuset__next(const struct cpuset *set, unsigned int from)
{
	for (unsigned int cpu = from; cpu < CPUSET_MAX;) {
		u64 rest = set->word[cpu / 64] >> cpu % 64;

		if (rest)
			return cpu + (unsigned int)__builtin_ctzll(rest);
		cpu = (cpu / 64 + 1) * 64;
	}
	return CPUSET_MAX;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Digits at *@p that make a CPU number; false leaves @p where it cannot be. */
static bool take_cpu(const char **p, const char *end, unsigned int *ret_cpu)
{
	unsigned int cpu = 0;
	const char *s = *p;

	for (; s < end && *s >= '0' && *s <= '9'; s++) {
		cpu = cpu * 10 + (unsigned int)(*s - '0');
		if (cpu >= CPUSET_MAX)
			return false;
	}
	if (s == *p)
		return false;
	*p = s;
	*ret_cpu = cpu;
	return true;
}

/* One part without blanks around it: "3" or "0-3". */
static bool add_part(const char *p, const char *end, struct cpuset *set)
{
	unsigned int first, last;

	if (!take_cpu(&p, end, &first))
		return false;
	last = first;
	if (p < end && *p == '-') {
		p++;
		if (!take_cpu(&p, end, &last) || last < first)
			return false;
	}
	if (p != end)
		return false;
	cpuset__add_range(set, first, last - first + 1);
	return true;
}

/* Return: parts that are none; the first one is *@ret_bad. @stop there. */
static unsigned int parse(const char *text, struct cpuset *set, bool stop,
			  const char **ret_bad, size_t *ret_len)
{
	unsigned int bad = 0;

	*set = (struct cpuset){ 0 };
	for (const char *p = text; *p;) {
		const char *next = p + strcspn(p, ",");
		const char *end = next;

		while (p < end && is_blank(*p))
			p++;
		while (end > p && is_blank(end[-1]))
			end--;
		if (p < end && !add_part(p, end, set)) {
			if (!bad++) {
				*ret_bad = p;
				*ret_len = (size_t)(end - p);
			}
			if (stop)
				break;
		}
		p = *next ? next + 1 : next;
	}
	return bad;
}

int cpulist__parse(const char *text, struct cpuset *ret_set,
		   struct kt_diag *diag)
{
	struct cpuset set;
	const char *bad = text;
	size_t len = 0;

	if (parse(text, &set, true, &bad, &len))
		return diag__fail(diag, -EINVAL,
				  "CPU list: '%.*s' is no CPU from 0 to %u and "
				  "no range of them such as 0-3",
				  (int)KT_MIN(len, (size_t)64), bad,
				  CPUSET_MAX - 1);
	*ret_set = set;
	return 0;
}

unsigned int cpulist__parse_lenient(const char *text, struct cpuset *ret_set)
{
	const char *bad;
	size_t len;

	return parse(text, ret_set, false, &bad, &len);
}

int cpulist__print(const struct cpuset *set, char *buf, size_t size)
{
	size_t len = 0;

	if (!size)
		return -ENOSPC;
	buf[0] = '\0';
	for (unsigned int cpu = cpuset__next(set, 0); cpu < CPUSET_MAX;) {
		unsigned int last = cpu;
		int n;

		while (cpuset__has(set, last + 1))
			last++;
		if (last > cpu)
			n = snprintf(buf + len, size - len, "%s%u-%u",
				     len ? "," : "", cpu, last);
		else
			n = snprintf(buf + len, size - len, "%s%u",
				     len ? "," : "", cpu);
		if (n < 0 || (size_t)n >= size - len) {
			buf[0] = '\0';
			return -ENOSPC;
		}
		len += (size_t)n;
		cpu = cpuset__next(set, last + 1);
	}
	return 0;
}
