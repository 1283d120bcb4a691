// SPDX-License-Identifier: GPL-2.0
/* Collecting, ordering and printing what vm__stats() reports. */
#include "tools/ktstr/vm-stats.h"

#include <ktstr/fd.h>

static void collect(void *ctx, const char *name, u64 value)
{
	struct vm_stats_set *set = ctx;

	if (!value || set->nr == VM_STATS_MAX)
		return;
	snprintf(set->stat[set->nr].name, sizeof(set->stat[0].name), "%s",
		 name);
	set->stat[set->nr++].value = value;
}

void vm_stats_mark__feed(struct vm_stats_mark *mark, struct vm *vm,
			 const char *buf, size_t len)
{
	if (!mark->text || mark->taken)
		return;
	for (size_t i = 0; i < len; i++) {
		/* Restarting at the first byte is enough for plain words. */
		if (buf[i] != mark->text[mark->matched])
			mark->matched = 0;
		if (buf[i] == mark->text[mark->matched])
			mark->matched++;
		if (mark->text[mark->matched])
			continue;
		mark->taken = true;
		mark->ns = kt_now_ns();
		(void)vm__stats(vm, collect, &mark->set);
		return;
	}
}

static int by_value(const void *a, const void *b)
{
	const u64 *x = (const u64 *)a, *y = (const u64 *)b;

	return *x < *y ? 1 : *x > *y ? -1 : 0;
}

static void print_set(FILE *to, const char *title,
		      const struct vm_stats_set *set)
{
	struct {
		u64 value;
		unsigned int i;
	} order[VM_STATS_MAX] = { 0 };

	for (unsigned int i = 0; i < set->nr; i++) {
		order[i].value = set->stat[i].value;
		order[i].i = i;
	}
	qsort(order, set->nr, sizeof(order[0]), by_value);
	fprintf(to, "# %s\n", title);
	for (unsigned int i = 0; i < set->nr; i++)
		fprintf(to, "%-40s %12llu\n", set->stat[order[i].i].name,
			(unsigned long long)order[i].value);
}

void vm_stats__print(FILE *to, struct vm *vm, const struct vm_exit *e,
		     const struct vm_stats_mark *mark)
{
	const struct vm_counters *c = &e->counters;
	struct vm_stats_set *end __free(ptr) = calloc(1, sizeof(*end));
	u64 run_start = kt_now_ns() - c->run_ns;
	int err;

	if (!end)
		return;
	err = vm__stats(vm, collect, end);
	fprintf(to, "# ended: %s; setup %llu.%03llu ms, run %llu.%03llu ms\n",
		vm_exit_reason__name(e->reason),
		(unsigned long long)(c->setup_ns / 1000000),
		(unsigned long long)(c->setup_ns / 1000 % 1000),
		(unsigned long long)(c->run_ns / 1000000),
		(unsigned long long)(c->run_ns / 1000 % 1000));
	fprintf(to,
		"# exits to user space: %llu (pio %llu, mmio %llu, interrupted "
		"%llu, other %llu)\n",
		(unsigned long long)c->exits, (unsigned long long)c->pio_exits,
		(unsigned long long)c->mmio_exits,
		(unsigned long long)c->intr_exits,
		(unsigned long long)c->other_exits);
	if (mark->taken) {
		fprintf(to, "# '%s' seen about %llu ms after the start\n",
			mark->text,
			(unsigned long long)((mark->ns - run_start) / 1000000));
		print_set(to, "statistics at the mark", &mark->set);
	} else if (mark->text) {
		fprintf(to, "# '%s' was never seen\n", mark->text);
	}
	print_set(to,
		  err ? "statistics at the end (KVM gives none)"
		      : "statistics at the end",
		  end);
}
