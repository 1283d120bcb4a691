/* SPDX-License-Identifier: GPL-2.0 */
/* What `ktstr locks` shows: lock files and who holds them, found once. */
#ifndef TOOLS_KTSTR_LOCKS_VIEW_H
#define TOOLS_KTSTR_LOCKS_VIEW_H

#include "vmm/host/holders.h"
#include "vmm/host/view.h"

enum lock_category {
	LOCKS_LLC,
	LOCKS_CPU,
	LOCKS_CACHE,
	LOCKS_RUN_DIR,
	LOCKS_NR
};

struct lock_holder {
	int pid;
	char cmdline[HOST_CMDLINE_SIZE];
};

/** struct lock_row - a lock file */
struct lock_row {
	enum lock_category category;
	unsigned int number; /* of the LLC or CPU */
	char *key;	     /* of what else */
	int node;	     /* NUMA node's id, -1: not known */
	char *path;
	struct lock_holder *holder;
	unsigned int nr_holders;
};

/** struct locks_view - rows by category, in each by number or path */
struct locks_view {
	struct lock_row *row;
	unsigned int nr;
};

/**
 * locks_view__read - look once; takes no lock
 * Return: 0 and a view to be released, or -errno with a message.
 */
int locks_view__read(const struct host_system *sys, struct locks_view *ret_view,
		     struct kt_diag *diag);
void locks_view__fini(struct locks_view *view);
DEFINE_FREE(locks_view, struct locks_view, locks_view__fini(&_T))

/** locks_view__print - as text */
void locks_view__print(const struct locks_view *view, FILE *to);
/** locks_view__json - as one line with one object; 0 or -ENOMEM */
int locks_view__json(const struct locks_view *view, FILE *to);

#endif /* TOOLS_KTSTR_LOCKS_VIEW_H */
