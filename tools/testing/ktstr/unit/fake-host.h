/* SPDX-License-Identifier: GPL-2.0 */
/* Hosts that do not exist, as a sysfs tree. */
#ifndef UNIT_FAKE_HOST_H
#define UNIT_FAKE_HOST_H

#include "scratch.h"
#include "vmm/host/view.h"

#define FAKE_ROWS_MAX 16u

/** struct fake_host - lists of CPUs; rows end with NULL */
struct fake_host {
	const char *online;
	const char *llc[FAKE_ROWS_MAX];	     /* CPUs of each LLC */
	const char *node[FAKE_ROWS_MAX];     /* of each NUMA node, 0 upwards */
	const char *distance[FAKE_ROWS_MAX]; /* from each node */
	const char *core[FAKE_ROWS_MAX];     /* siblings */
};

/** fake_host__write - as devices/system of the directory @root */
void fake_host__write(const struct fake_host *host, const char *root);

/** fake_host__view - written to @root and read back; @allowed NULL: online */
void fake_host__view(const struct fake_host *host, const char *root,
		     const char *allowed, struct host_view *ret_view);

/** struct fake_place - a host and its lock directory; must not move */
struct fake_place {
	char root[SCRATCH_PATH_MAX];
	char locks[SCRATCH_PATH_MAX + 8];
	struct cpuset allowed;
	struct host_system sys; /* points to the others, and to /proc */
};

/** fake_place__make - @host, all of its online CPUs allowed, no locks yet */
void fake_place__make(struct fake_place *place, const struct fake_host *host);
void fake_place__remove(struct fake_place *place);

/** fake_host__set - the set that a list names */
struct cpuset fake_host__set(const char *list);

/** assert_list - that @set is the one that @list names */
void assert_list(const struct cpuset *set, const char *list);

#endif /* UNIT_FAKE_HOST_H */
