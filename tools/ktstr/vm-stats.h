/* SPDX-License-Identifier: GPL-2.0 */
/* `ktstr vm --stats`: exit statistics, at the end and at a mark. */
#ifndef TOOLS_KTSTR_VM_STATS_H
#define TOOLS_KTSTR_VM_STATS_H

#include "vmm/vm.h"

#define VM_STATS_MAX 512u

struct vm_stats_set {
	struct {
		char name[72];
		u64 value;
	} stat[VM_STATS_MAX];
	unsigned int nr;
};

/** struct vm_stats_mark - statistics when @text first passed by; zeroed */
struct vm_stats_mark {
	const char *text; /* NULL: no mark */
	size_t matched;
	bool taken;
	u64 ns; /* CLOCK_MONOTONIC */
	struct vm_stats_set set;
};

/** vm_stats_mark__feed - look at console bytes; one thread at a time */
void vm_stats_mark__feed(struct vm_stats_mark *mark, struct vm *vm,
			 const char *buf, size_t len);

/** vm_stats__print - times, then non-zero statistics, largest first */
void vm_stats__print(FILE *to, struct vm *vm, const struct vm_exit *e,
		     const struct vm_stats_mark *mark);

#endif /* TOOLS_KTSTR_VM_STATS_H */
