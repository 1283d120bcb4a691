// SPDX-License-Identifier: GPL-2.0
/*
 * A test's share of the host; see host-share.h. Rules are read once by the main
 * process, shares taken in the forked child that runs the machine and given
 * back before anything else is forked: locks follow descriptors.
 */
#include "lib/session/host-share.h"

#include "vmm/host/checks.h"

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

static int check_contract(const struct host_rules *rules, struct kt_diag *diag)
{
	if (rules->no_locks && rules->cap)
		return diag__fail(diag, -EINVAL,
				  HOST_CPU_CAP_ENV
				  "=%u (--cpu-cap) is a resource contract with "
				  "other runs, " HOST_BYPASS_ENV
				  " ignores them; unset one",
				  rules->cap);
	return 0;
}

int host_rules__read(bool emulated, struct host_rules *ret_rules,
		     struct kt_diag *diag)
{
	struct host_rules rules = {
		.sys = { .sysfs = "/sys",
			 .proc = "/proc",
			 .lock_dir = host_lockdir__path() },
		.emulated = emulated,
		.no_perf = is_set(HOST_NO_PERF_ENV),
		.no_locks = is_set(HOST_BYPASS_ENV),
		.not_skip_busy = is_set(HOST_CONTENTION_ENV),
		.no_skip = getenv(HOST_NO_SKIP_ENV) != NULL,
		.perf_only = is_set(HOST_PERF_ONLY_ENV),
		.dir_said = is_set(HOST_LOCK_DIR_ENV),
	};
	struct cpuset allowed;
	int err = host_cap__parse(HOST_CPU_CAP_ENV, getenv(HOST_CPU_CAP_ENV),
				  &rules.cap, diag);

	if (!err)
		err = check_contract(&rules, diag);
	if (err)
		return err;
	if (!host_allowed(&rules.sys, &allowed, NULL))
		rules.nr_allowed = cpuset__count(&allowed);
	*ret_rules = rules;
	return 0;
}

enum host_mode host_rules__mode(const struct host_rules *rules,
				const struct ktstr_attr *attr)
{
	if (attr->no_perf_mode || rules->no_perf)
		return HOST_MODE_SHARED;
	if (attr->performance_mode)
		return HOST_MODE_PERFORMANCE;
	/* Who says how many CPUs machines may use wants them to share these. */
	return rules->cap ? HOST_MODE_SHARED : HOST_MODE_WINDOW;
}

static unsigned int said_budget(const struct host_rules *rules,
				const struct ktstr_attr *attr)
{
	return rules->cap ? rules->cap : attr->cpu_budget;
}

double host_rules__overcommit(const struct host_rules *rules,
			      const struct ktstr_attr *attr)
{
	unsigned int budget = said_budget(rules, attr), has = rules->nr_allowed;

	if (rules->emulated || !has ||
	    host_rules__mode(rules, attr) == HOST_MODE_PERFORMANCE)
		return 1;
	if (budget)
		has = KT_MIN(has, budget);
	return KT_MAX((double)attr->cpus / has, 1.0);
}

/* Reasons that are there before anybody looks at the host. */
static const char *skip_early(const struct host_rules *rules,
			      const struct ktstr_attr *attr,
			      struct kt_diag *diag)
{
	double ratio = host_rules__overcommit(rules, attr);

	if (attr->performance_mode && rules->no_perf) {
		diag__fail(diag, -EINVAL, HOST_NO_PERF_ENV " is set");
		return HOST_SKIP_NO_PERF;
	}
	if (!attr->performance_mode && rules->perf_only) {
		diag__fail(diag, -EINVAL, HOST_PERF_ONLY_ENV " is set");
		return HOST_SKIP_PERF_ONLY;
	}
	if (attr->performance_mode && rules->emulated) {
		diag__fail(diag, -ERANGE,
			   "softkvm has one emulated CPU, which no machine can "
			   "have for itself");
		return HOST_SKIP_SMALL;
	}
	/* Who said how few it shall be knows. */
	if (!said_budget(rules, attr) && ratio >= HOST_OVERCOMMIT_MAX) {
		diag__fail(diag, -ERANGE,
			   "%u vCPUs on %u CPUs: from %.0f vCPUs a CPU on "
			   "nothing that is measured means "
			   "anything; " HOST_CPU_CAP_ENV
			   " or .cpu_budget runs it anyway",
			   attr->cpus, rules->nr_allowed, HOST_OVERCOMMIT_MAX);
		return HOST_SKIP_SMALL;
	}
	return NULL;
}

static void tell(void *ctx, const char *text)
{
	fprintf(ctx, "# host: %s\n", text);
}

/* Say what was reserved and let the machine have it. */
static void use(struct host_share *share, const char *sysfs,
		unsigned int nr_vcpus)
{
	struct host_reservation *r = &share->r;
	/* A window counts CPUs; which of its LLCs' to use is the kernel's. */
	const struct cpuset *cpus =
		r->mode == HOST_MODE_WINDOW ? &r->near : &r->cpus;
	char text[512];

	host_reservation__describe(r, text, sizeof(text));
	tell(share->report, text);
	share->placement = (struct vm_placement){
		.cpus = cpuset__count(cpus) < r->nr_allowed ? cpus : NULL,
		.warn = tell,
		.ctx = share->report,
	};
	if (r->mode == HOST_MODE_PERFORMANCE) {
		share->placement.performance = true;
		share->placement.pin = r->pins.cpu;
		share->placement.service_cpu = r->pins.service_cpu;
		if (r->no_nodes)
			fprintf(share->report,
				"# host: memory of no node in particular: "
				"%s/devices/system/node/online names no NUMA "
				"nodes (CONFIG_NUMA, or is sysfs hidden?)\n",
				sysfs);
		else
			share->placement.mems = r->pins.mems;
		host_checks(tell, share->report, nr_vcpus);
	}
	if (cpuset__count(&r->mems) > 1 && r->mode == HOST_MODE_SHARED)
		tell(share->report, "its CPUs are on several NUMA nodes");
	share->use = &share->placement;
}

/*
 * Others have what the machine needs, and the user says that it shall run all
 * the same. A budget stays one: others rely on it. Nothing else is kept; pinned
 * to CPUs with real-time priority, two machines would stop each other.
 */
static int run_all_the_same(const struct host_rules *rules,
			    const struct host_request *req,
			    struct host_share *share, struct kt_diag *diag)
{
	struct host_request unlocked = *req;
	int err;

	tell(share->report, HOST_CONTENTION_ENV " is set: runs among others");
	if (req->mode == HOST_MODE_PERFORMANCE)
		tell(share->report, "without performance mode; measurements "
				    "suffer");
	if (req->mode != HOST_MODE_SHARED)
		return 0;
	unlocked.no_locks = true;
	err = host__reserve(&rules->sys, &unlocked, &share->r, diag);
	if (!err)
		use(share, rules->sys.sysfs, req->budget.vcpus);
	return err;
}

/* The machine gets no CPUs of its own, and says so. */
static int go_without(const struct host_rules *rules,
		      const struct host_request *req, int why_err,
		      const struct kt_diag *why, struct host_share *share,
		      const char **ret_skip, struct kt_diag *diag)
{
	int err;

	fprintf(share->report, "# host: no CPUs reserved: %s\n",
		diag__text(why, why_err));
	if (why_err != -EBUSY && why_err != -ERANGE)
		return 0;
	/* Sharing, but with nobody who must not be disturbed. */
	err = host__avoid(&rules->sys, &share->r, diag);
	if (err == -EBUSY && rules->not_skip_busy) {
		tell(share->report, diag->msg);
		*diag = (struct kt_diag){ 0 };
		return run_all_the_same(rules, req, share, diag);
	}
	if (err == -EBUSY) {
		*ret_skip = HOST_SKIP_BUSY;
		return 0;
	}
	/* The lock directory; a courtesy that nobody asked for. */
	if (err && !rules->dir_said) {
		fprintf(share->report, "# host: %s\n", diag__text(diag, err));
		*diag = (struct kt_diag){ 0 };
		return 0;
	}
	if (!err)
		use(share, rules->sys.sysfs, 0);
	return err;
}

/* Whether a failure is the host's to have rather than the run's to stop at. */
static bool may_go_without(const struct host_rules *rules, enum host_mode mode,
			   int err)
{
	if (mode == HOST_MODE_PERFORMANCE)
		return false;
	if (err == -EBUSY || err == -ERANGE)
		return mode == HOST_MODE_WINDOW;
	return !rules->cap && !rules->dir_said;
}

int host_share__get(const struct host_rules *rules,
		    const struct ktstr_attr *attr, const struct topology *topo,
		    FILE *report, struct host_share *share,
		    const char **ret_skip, struct kt_diag *diag)
{
	const struct host_request req = {
		.topo = topo,
		.mode = host_rules__mode(rules, attr),
		.budget = { .cap = rules->cap,
			    .budget = attr->cpu_budget,
			    .vcpus = attr->cpus },
		.no_locks = rules->no_locks,
	};
	struct kt_diag why = { 0 };
	int err;

	*share = (struct host_share){ .report = report };
	*ret_skip = skip_early(rules, attr, diag);
	if (*ret_skip || rules->emulated)
		return 0;
	/* Without locks nothing is planned, but pinning is no lock. */
	if (rules->no_locks && req.mode != HOST_MODE_PERFORMANCE)
		return 0;
	err = host__reserve(&rules->sys, &req, &share->r, &why);
	if (!err) {
		use(share, rules->sys.sysfs, attr->cpus);
		return 0;
	}
	if (may_go_without(rules, req.mode, err))
		return go_without(rules, &req, err, &why, share, ret_skip,
				  diag);
	if (err == -EBUSY && rules->not_skip_busy) {
		fprintf(report, "# host: no CPUs reserved: %s\n", why.msg);
		return run_all_the_same(rules, &req, share, diag);
	}
	diag__fail(diag, err, "%s", diag__text(&why, err));
	if (err == -EBUSY || err == -ERANGE)
		*ret_skip = err == -EBUSY ? HOST_SKIP_BUSY : HOST_SKIP_SMALL;
	return *ret_skip ? 0 : err;
}

void host_share__put(struct host_share *share)
{
	host_reservation__release(&share->r);
	share->use = NULL;
}
