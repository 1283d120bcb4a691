// SPDX-License-Identifier: GPL-2.0
/* vm__stats(): KVM's statistics and our own exit histogram under one roof. */
#include "vmm/kvm.h"
#include "vmm/vm-priv.h"

#define MAX_STATS 256u
#define NAME_LEN 64u

struct stat_sum {
	char name[NAME_LEN];
	u64 value;
};

struct collect {
	struct stat_sum sum[MAX_STATS];
	unsigned int nr;
};

static void add(void *ctx, const char *name, u64 value)
{
	struct collect *c = ctx;

	for (unsigned int i = 0; i < c->nr; i++) {
		if (strcmp(c->sum[i].name, name))
			continue;
		c->sum[i].value += value;
		return;
	}
	if (c->nr == MAX_STATS)
		return;
	snprintf(c->sum[c->nr].name, NAME_LEN, "%.*s", (int)NAME_LEN - 1, name);
	c->sum[c->nr++].value = value;
}

static void report(const struct collect *c, const char *prefix,
		   void (*fn)(void *ctx, const char *name, u64 value),
		   void *ctx)
{
	char name[NAME_LEN + 16];

	for (unsigned int i = 0; i < c->nr; i++) {
		snprintf(name, sizeof(name), "%s.%s", prefix, c->sum[i].name);
		fn(ctx, name, c->sum[i].value);
	}
}

static void report_hist(struct vm_hist *hist,
			void (*fn)(void *ctx, const char *name, u64 value),
			void *ctx)
{
	char name[NAME_LEN];

	for (unsigned int i = 0; i < VM_HIST_PORTS; i++) {
		u32 n = atomic_load_explicit(&hist->port[i],
					     memory_order_relaxed);

		if (!n)
			continue;
		snprintf(name, sizeof(name), "pio.%#x", i);
		fn(ctx, name, n);
	}
	pthread_mutex_lock(&hist->lock);
	for (unsigned int i = 0; i < hist->nr_pages; i++) {
		snprintf(name, sizeof(name), "mmio.%#llx",
			 (unsigned long long)hist->page[i].gpa);
		fn(ctx, name, hist->page[i].count);
	}
	pthread_mutex_unlock(&hist->lock);
}

int vm__stats(struct vm *vm, void (*fn)(void *ctx, const char *name, u64 value),
	      void *ctx)
{
	struct collect *c __free(ptr) = calloc(1, sizeof(*c));
	int stats __free(fd) = -1;
	int err;

	if (!c)
		return -ENOMEM;
	stats = kvm__open_stats(vm->vm_fd);
	err = kvm__read_stats(stats, add, c);
	report(c, "vm", fn, ctx);
	c->nr = 0;
	for (unsigned int i = 0; !err && i < vm->nr_cpus; i++)
		err = kvm__read_stats(vm->vcpu[i].stats_fd, add, c);
	report(c, "vcpu", fn, ctx);
	if (vm->hist)
		report_hist(vm->hist, fn, ctx);
	return err;
}
