// SPDX-License-Identifier: GPL-2.0
/*
 * Taking CPUs: a mode's candidates one after the other until one's locks are
 * all free. Called before a machine is built, in the process that runs it. No
 * lock is waited for, so there is nothing to deadlock on.
 */
#include "vmm/host/reserve.h"

#include <limits.h>
#include <time.h>

#include "vmm/host/holders.h"

/* Plans of shared mode, and walks over all windows, before we say "busy". */
#define PLAN_TRIES 2
#define WINDOW_TRIES 3
/* Between those walks: two that met in the middle are out of step then. */
#define WINDOW_PAUSE_NS (5 * NSEC_PER_MSEC)

static const char *const mode_names[] = {
	[HOST_MODE_WINDOW] = "window",
	[HOST_MODE_SHARED] = "shared",
	[HOST_MODE_PERFORMANCE] = "performance",
};
_Static_assert(ARRAY_SIZE(mode_names) == HOST_MODE_NR, "a name each");

const char *host_mode__name(enum host_mode mode)
{
	return (unsigned int)mode < HOST_MODE_NR ? mode_names[mode] : "unknown";
}

/* What a reservation is made with. */
struct job {
	const struct host_system *sys;
	const struct host_request *req;
	struct host_view view;
	int dir_fd; /* of the lock directory; -1: without locks */
	struct host_reservation r;
	struct kt_diag *diag;
};

static int job__open(struct job *job)
{
	int err = host_view__read(job->sys, &job->view, job->diag);

	if (err)
		return err;
	job->r.nr_allowed = job->view.nr_allowed;
	if (job->req && job->req->no_locks)
		return 0;
	return host_lockdir__open(job->sys->lock_dir, job->sys->fstatfs_fn,
				  &job->dir_fd, job->diag);
}

static void job__close(struct job *job)
{
	if (job->dir_fd >= 0)
		close(job->dir_fd);
	host_view__fini(&job->view);
	host_reservation__release(&job->r);
}

/* All of @set or none. Return: 0, -EBUSY without a message, -errno with. */
static int lock_all(struct job *job, enum host_lock_kind kind,
		    const struct cpuset *set, bool exclusive)
{
	unsigned int n;
	int err = 0;

	if (job->dir_fd < 0)
		return 0;
	cpuset__for_each(n, set)
	{
		err = host_locks__take(&job->r.locks, job->dir_fd,
				       job->sys->lock_dir, kind, n, exclusive,
				       job->diag);
		if (!err)
			continue;
		host_locks__release(&job->r.locks);
		return err;
	}
	return 0;
}

static void keep_plan(struct job *job, const struct host_plan *plan)
{
	unsigned int llc;

	job->r.cpus = plan->cpus;
	job->r.llcs = plan->llcs;
	job->r.mems = plan->mems;
	job->r.no_nodes = job->view.topo.no_nodes;
	cpuset__for_each(llc, &plan->llcs)
	{
		struct cpuset cpus;

		host_view__llc_cpus(&job->view, llc, &cpus);
		cpuset__or(&job->r.near, &cpus);
	}
}

/* --- who is in the way ---------------------------------------------------- */

static void lock_path(const struct job *job, enum host_lock_kind kind,
		      unsigned int n, char path[PATH_MAX])
{
	char name[HOST_LOCK_NAME_SIZE];

	host_lock__name(kind, n, name);
	snprintf(path, PATH_MAX, "%s/%s", job->sys->lock_dir, name);
}

struct names {
	const struct job *job;
	char *buf;
	size_t len, size;
	int last_pid;
};

static void add_holder(void *ctx, const struct host_lock_entry *e)
{
	struct names *names = ctx;
	char cmdline[HOST_CMDLINE_SIZE];

	if (e->pid == names->last_pid || names->len + 1 >= names->size)
		return;
	names->last_pid = e->pid;
	host_cmdline(names->job->sys->proc, e->pid, cmdline);
	names->len += (size_t)snprintf(names->buf + names->len,
				       names->size - names->len, "%s%d (%s)",
				       names->len ? ", " : "", e->pid, cmdline);
}

/* "4711 (ktstr run ...), ..." of the holders of @set; never fails. */
static void name_holders(const struct job *job, enum host_lock_kind kind,
			 const struct cpuset *set, char *buf, size_t size)
{
	struct host_lock_table table __free(host_lock_table) = { 0 };
	struct names names = { .job = job, .buf = buf, .size = size };
	char path[PATH_MAX];
	unsigned int n;

	buf[0] = '\0';
	if (!host_lock_table__read(job->sys->proc, &table, NULL))
		cpuset__for_each(n, set)
		{
			lock_path(job, kind, n, path);
			host_lock_table__each(&table, path, add_holder, &names);
		}
	if (!buf[0])
		snprintf(buf, size, "nobody by now");
}

/* --- shared: a budget of CPUs --------------------------------------------- */

static void note_exclusive(void *ctx, const struct host_lock_entry *e)
{
	bool *exclusive = ctx;

	*exclusive |= e->exclusive;
}

/*
 * How many hold each LLC. Not knowing is no failure: then all are equal.
 * @avoid: rank those last that somebody has for himself
 */
static void count_holders(const struct job *job, bool avoid,
			  unsigned int *holders)
{
	struct host_lock_table table __free(host_lock_table) = { 0 };
	char path[PATH_MAX];

	if (job->dir_fd < 0 ||
	    host_lock_table__read(job->sys->proc, &table, NULL))
		return;
	for (unsigned int llc = 0; llc < job->view.topo.nr_llcs; llc++) {
		bool exclusive = false;

		lock_path(job, HOST_LOCK_LLC, llc, path);
		holders[llc] = host_lock_table__each(
			&table, path, note_exclusive, &exclusive);
		if (exclusive && avoid)
			holders[llc] = HOST_HOLDERS_AVOID;
	}
}

static int plan_once(struct job *job, unsigned int target, bool avoid,
		     struct host_plan *plan)
{
	unsigned int *holders __free(ptr) =
		calloc(job->view.topo.nr_llcs, sizeof(*holders));
	int err;

	if (!holders)
		return diag__fail(job->diag, -ENOMEM, "out of memory");
	count_holders(job, avoid, holders);
	err = host_plan__make(&job->view, holders, target, plan, job->diag);
	if (!err)
		err = lock_all(job, HOST_LOCK_LLC, &plan->llcs, false);
	return err;
}

static int reserve_shared(struct job *job)
{
	struct host_plan plan = { 0 };
	char who[512], llcs[128];
	unsigned int target;
	int err = host_budget__target(&job->req->budget, job->view.nr_allowed,
				      &target, job->diag);

	if (err)
		return err;
	err = -EBUSY;
	/* Gathering where somebody is leads to who wants to be alone, too. */
	for (int i = 0; err == -EBUSY && i < PLAN_TRIES; i++)
		err = plan_once(job, target, i > 0, &plan);
	if (!err)
		keep_plan(job, &plan);
	if (err != -EBUSY)
		return err;
	name_holders(job, HOST_LOCK_LLC, &plan.llcs, who, sizeof(who));
	if (cpulist__print(&plan.llcs, llcs, sizeof(llcs)))
		snprintf(llcs, sizeof(llcs), "many");
	return diag__fail(job->diag, -EBUSY,
			  "%u CPUs of LLC %s are wanted, and somebody has one "
			  "of these LLCs for himself; locks are held by %s",
			  target, llcs, who);
}

/* --- window: CPUs of its own ---------------------------------------------- */

static int lock_window(struct job *job, const struct host_plan *plan)
{
	int err = lock_all(job, HOST_LOCK_CPU, &plan->cpus, true);

	return err ? err : lock_all(job, HOST_LOCK_LLC, &plan->llcs, false);
}

static int walk_windows(struct job *job, unsigned int count)
{
	struct host_plan plan;
	int err = -EBUSY;

	for (unsigned int at = 0;
	     err == -EBUSY && host_plan__window(&job->view, at, count, &plan);
	     at++) {
		err = lock_window(job, &plan);
		if (!err)
			keep_plan(job, &plan);
	}
	return err;
}

static int reserve_window(struct job *job)
{
	const struct timespec pause = { .tv_nsec = WINDOW_PAUSE_NS };
	unsigned int count = topo__nr_cpus(job->req->topo);
	char who[512];
	int err = -EBUSY;

	if (count > job->view.nr_allowed)
		return diag__fail(job->diag, -ERANGE,
				  "%u vCPUs: this process is allowed %u CPUs",
				  count, job->view.nr_allowed);
	for (int i = 0; err == -EBUSY && i < WINDOW_TRIES; i++) {
		if (i)
			nanosleep(&pause, NULL);
		err = walk_windows(job, count);
	}
	if (err != -EBUSY)
		return err;
	name_holders(job, HOST_LOCK_CPU, &job->view.allowed, who, sizeof(who));
	return diag__fail(job->diag, -EBUSY,
			  "no %u consecutive CPUs are free; locks are held by "
			  "%s",
			  count, who);
}

/* --- performance: whole LLCs ---------------------------------------------- */

static int pin_slot(struct job *job, unsigned int slot, struct kt_diag *diag)
{
	struct host_pins pins __free(host_pins) = { 0 };
	struct host_plan plan = { 0 };
	int err =
		host_pins__make(&job->view, job->req->topo, slot, &pins, diag);

	if (!err)
		err = lock_all(job, HOST_LOCK_LLC, &pins.llcs, true);
	if (err)
		return err;
	for (unsigned int i = 0; i < topo__nr_cpus(job->req->topo); i++)
		cpuset__add(&plan.cpus, pins.cpu[i]);
	host_view__nodes_of(&job->view, &plan.cpus, &plan.mems);
	plan.llcs = pins.llcs;
	keep_plan(job, &plan);
	job->r.pins = pins;
	pins = (struct host_pins){ 0 };
	return 0;
}

static int reserve_performance(struct job *job)
{
	unsigned int slots = host_pins__slots(&job->view, job->req->topo);
	struct kt_diag first = { 0 };
	struct cpuset all = { 0 };
	bool busy = false;
	char who[512];
	int err = 0;

	/* LLCs differ: where one place is too small another may do. */
	for (unsigned int slot = 0; slot < slots; slot++) {
		err = pin_slot(job, slot, &first);
		if (err != -EBUSY && err != -ERANGE)
			break;
		busy |= err == -EBUSY;
	}
	if (!err)
		return 0;
	if (!busy)
		return diag__fail(job->diag, err, "%s",
				  diag__text(&first, err));
	cpuset__add_range(&all, 0, job->view.topo.nr_llcs);
	name_holders(job, HOST_LOCK_LLC, &all, who, sizeof(who));
	return diag__fail(job->diag, -EBUSY,
			  "all %u places of %u LLCs are in use; locks are held "
			  "by %s",
			  slots, job->req->topo->llcs, who);
}

/* --- all of them ---------------------------------------------------------- */

static int (*const reserve[])(struct job *job) = {
	[HOST_MODE_WINDOW] = reserve_window,
	[HOST_MODE_SHARED] = reserve_shared,
	[HOST_MODE_PERFORMANCE] = reserve_performance,
};
_Static_assert(ARRAY_SIZE(reserve) == HOST_MODE_NR, "one each");

int host__reserve(const struct host_system *sys, const struct host_request *req,
		  struct host_reservation *ret_r, struct kt_diag *diag)
{
	struct job job = { .sys = sys, .req = req, .dir_fd = -1, .diag = diag };
	int err = job__open(&job);

	if (!err)
		err = reserve[req->mode](&job);
	if (!err) {
		job.r.mode = req->mode;
		*ret_r = job.r;
		job.r = (struct host_reservation){ 0 };
	}
	job__close(&job);
	return err;
}

static int avoid(struct job *job)
{
	struct host_plan plan = { 0 };

	for (unsigned int llc = 0; llc < job->view.topo.nr_llcs; llc++) {
		struct cpuset cpus;
		int err;

		host_view__llc_cpus(&job->view, llc, &cpus);
		if (!cpuset__count(&cpus))
			continue;
		err = host_locks__take(&job->r.locks, job->dir_fd,
				       job->sys->lock_dir, HOST_LOCK_LLC, llc,
				       false, job->diag);
		if (err == -EBUSY)
			continue;
		if (err)
			return err;
		cpuset__add(&plan.llcs, llc);
		cpuset__or(&plan.cpus, &cpus);
	}
	if (!cpuset__count(&plan.llcs))
		return diag__fail(job->diag, -EBUSY,
				  "others have every LLC for themselves "
				  "(performance mode)");
	host_view__nodes_of(&job->view, &plan.cpus, &plan.mems);
	keep_plan(job, &plan);
	return 0;
}

int host__avoid(const struct host_system *sys, struct host_reservation *ret_r,
		struct kt_diag *diag)
{
	struct job job = { .sys = sys, .dir_fd = -1, .diag = diag };
	int err = job__open(&job);

	if (!err)
		err = avoid(&job);
	if (!err) {
		job.r.mode = HOST_MODE_SHARED;
		*ret_r = job.r;
		job.r = (struct host_reservation){ 0 };
	}
	job__close(&job);
	return err;
}

void host_reservation__release(struct host_reservation *r)
{
	host_pins__fini(&r->pins);
	host_locks__release(&r->locks);
	*r = (struct host_reservation){ 0 };
}

static void print_list(const struct cpuset *set, char buf[128])
{
	if (cpulist__print(set, buf, 128))
		snprintf(buf, 128, "(%u of them)", cpuset__count(set));
}

void host_reservation__describe(const struct host_reservation *r, char *buf,
				size_t size)
{
	char cpus[128], llcs[128], service[48] = "";

	print_list(&r->cpus, cpus);
	print_list(&r->llcs, llcs);
	if (r->mode == HOST_MODE_PERFORMANCE)
		snprintf(service, sizeof(service), ", service CPU %u",
			 r->pins.service_cpu);
	snprintf(buf, size, "%s: CPUs %s, LLCs %s%s", host_mode__name(r->mode),
		 cpus, llcs, service);
}
