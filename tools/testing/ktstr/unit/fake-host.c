// SPDX-License-Identifier: GPL-2.0
/* See fake-host.h; linked into every unit test. */
#include "tools/testing/ktstr/unit/fake-host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include <ktstr/fd.h>

__attribute__((format(printf, 3, 4))) static void
put(const char *root, const char *text, const char *fmt, ...)
{
	char name[128], path[PATH_MAX];
	va_list ap;
	int fd;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "%s/devices/system/%s", root, name);
	*strrchr(path, '/') = '\0';
	assert_int_equal(fd__mkdirs(path), 0);
	snprintf(path, sizeof(path), "%s/devices/system/%s", root, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fd__write_all(fd, text, strlen(text)), 0);
	close(fd);
}

struct cpuset fake_host__set(const char *list)
{
	struct cpuset set;

	assert_int_equal(cpulist__parse(list, &set, NULL), 0);
	return set;
}

static void put_for_each(const char *root, const char *list, const char *fmt)
{
	struct cpuset cpus = fake_host__set(list);
	char name[128];
	unsigned int cpu;

	cpuset__for_each(cpu, &cpus)
	{
		snprintf(name, sizeof(name), "cpu/cpu%u/%s", cpu, fmt);
		put(root, list, "%s", name);
	}
}

static void put_llc(const char *root, const char *list)
{
	struct cpuset cpus = fake_host__set(list);
	unsigned int cpu;

	cpuset__for_each(cpu, &cpus)
	{
		put(root, "3\n", "cpu/cpu%u/cache/index0/level", cpu);
	}
	put_for_each(root, list, "cache/index0/shared_cpu_list");
}

void fake_host__write(const struct fake_host *host, const char *root)
{
	unsigned int nodes = 0;
	char list[16];

	put(root, host->online, "cpu/online");
	for (unsigned int i = 0; host->llc[i]; i++)
		put_llc(root, host->llc[i]);
	for (unsigned int i = 0; host->core[i]; i++)
		put_for_each(root, host->core[i],
			     "topology/thread_siblings_list");
	for (; host->node[nodes]; nodes++) {
		put(root, host->node[nodes], "node/node%u/cpulist", nodes);
		if (host->distance[nodes])
			put(root, host->distance[nodes], "node/node%u/distance",
			    nodes);
	}
	snprintf(list, sizeof(list), "0-%u", nodes - 1);
	if (nodes)
		put(root, list, "node/online");
}

void fake_host__view(const struct fake_host *host, const char *root,
		     const char *allowed, struct host_view *ret_view)
{
	struct cpuset set = fake_host__set(allowed ? allowed : host->online);
	const struct host_system sys = { .sysfs = root, .allowed = &set };
	struct kt_diag diag = { 0 };

	fake_host__write(host, root);
	if (host_view__read(&sys, ret_view, &diag))
		fail_msg("%s", diag.msg);
}

void fake_place__make(struct fake_place *place, const struct fake_host *host)
{
	scratch__make(place->root);
	snprintf(place->locks, sizeof(place->locks), "%s/locks", place->root);
	assert_int_equal(mkdir(place->locks, 01777), 0);
	fake_host__write(host, place->root);
	place->allowed = fake_host__set(host->online);
	place->sys = (struct host_system){ .sysfs = place->root,
					   .proc = "/proc",
					   .lock_dir = place->locks,
					   .allowed = &place->allowed };
}

void fake_place__remove(struct fake_place *place)
{
	scratch__remove(place->root);
}

void assert_list(const struct cpuset *set, const char *list)
{
	char text[1024];

	assert_int_equal(cpulist__print(set, text, sizeof(text)), 0);
	assert_string_equal(text, list);
}
