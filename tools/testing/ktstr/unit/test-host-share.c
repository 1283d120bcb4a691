// SPDX-License-Identifier: GPL-2.0
/*
 * What follows for a test from the user's words, its own and the host: the
 * mode, the time limits, a skip, an error or a line in the report.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>

#include "fake-host.h"
#include "lib/session/session-internal.h"
#include "vmm/host/checks.h"

static const struct fake_host four_llcs = {
	.online = "0-15",
	.llc = { "0-3", "4-7", "8-11", "12-15" },
};

struct place {
	struct fake_place at;
	struct host_rules rules;
	struct ktstr_attr attr;
	struct host_share share;
	struct session session; /* on fast hardware */
	char *report;
	size_t report_len;
	FILE *f;
	const char *skip;
	struct kt_diag diag;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	fake_place__make(&p->at, &four_llcs);
	p->rules = (struct host_rules){ .sys = p->at.sys, .nr_allowed = 16 };
	p->session.accel.mips = 4000;
	assert_int_equal(ktstr_attr__resolve(NULL, 0, &p->attr, NULL), 0);
	p->f = open_memstream(&p->report, &p->report_len);
	assert_non_null(p->f);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	host_share__put(&p->share);
	fclose(p->f);
	free(p->report);
	fake_place__remove(&p->at);
	free(p);
	return 0;
}

static void set_cpus(struct place *p, unsigned int cpus)
{
	const struct topology t = TOPO_EVEN(1, 1, cpus, 1);

	ktstr_attr__set_topology(&p->attr, &t);
}

static int get(struct place *p)
{
	const struct topology t = ktstr_attr__topology(&p->attr);
	int err;

	p->diag = (struct kt_diag){ 0 };
	err = host_share__get(&p->rules, &p->attr, &t, p->f, &p->share,
			      &p->skip, &p->diag);
	fflush(p->f);
	return err;
}

static void skipped(struct place *p, const char *reason, const char *why)
{
	assert_int_equal(get(p), 0);
	assert_non_null(p->skip);
	assert_string_equal(p->skip, reason);
	if (!strstr(p->diag.msg, why))
		fail_msg("'%s' lacks '%s'", p->diag.msg, why);
	assert_null(p->share.use);
	assert_int_equal(p->share.r.locks.nr, 0);
}

static void got(struct place *p, const char *line)
{
	assert_int_equal(get(p), 0);
	assert_null(p->skip);
	if (!strstr(p->report, line))
		fail_msg("'%s' lacks '%s'", p->report, line);
}

static void modes_follow_the_words(void **state)
{
	struct place *p = *state;

	assert_int_equal(host_rules__mode(&p->rules, &p->attr),
			 HOST_MODE_WINDOW);
	p->attr.performance_mode = true;
	assert_int_equal(host_rules__mode(&p->rules, &p->attr),
			 HOST_MODE_PERFORMANCE);
	p->rules.cap = 3; /* nothing to performance mode */
	assert_int_equal(host_rules__mode(&p->rules, &p->attr),
			 HOST_MODE_PERFORMANCE);
	p->rules.no_perf = true;
	assert_int_equal(host_rules__mode(&p->rules, &p->attr),
			 HOST_MODE_SHARED);
	p->rules.no_perf = false;
	p->attr.performance_mode = false;
	assert_int_equal(host_rules__mode(&p->rules, &p->attr),
			 HOST_MODE_SHARED);
	p->rules.cap = 0;
	p->attr.no_perf_mode = true;
	assert_int_equal(host_rules__mode(&p->rules, &p->attr),
			 HOST_MODE_SHARED);
}

static void window_stays_in_its_llcs(void **state)
{
	struct place *p = *state;

	got(p, "# host: window: CPUs 0-1, LLCs 0\n");
	assert_ptr_equal(p->share.use, &p->share.placement);
	assert_list(p->share.use->cpus, "0-3");
	assert_false(p->share.use->performance);
	assert_null(p->share.use->pin);
	host_share__put(&p->share);
	/* All there is: then nobody needs to be told to stay. */
	set_cpus(p, 16);
	got(p, "# host: window: CPUs 0-15, LLCs 0-3\n");
	assert_null(p->share.use->cpus);
}

static void shared_gets_its_budget(void **state)
{
	struct place *p = *state;

	p->attr.no_perf_mode = true;
	got(p, "# host: shared: CPUs 0-4, LLCs 0-1\n");
	assert_list(p->share.use->cpus, "0-4");
	host_share__put(&p->share);
	p->attr.cpu_budget = 3;
	got(p, "# host: shared: CPUs 0-2, LLCs 0\n");
	host_share__put(&p->share);
	p->rules.cap = 1;
	got(p, "# host: shared: CPUs 0, LLCs 0\n");
	p->rules.cap = 17;
	host_share__put(&p->share);
	assert_int_equal(get(p), -EINVAL);
	assert_null(p->skip);
	assert_non_null(strstr(p->diag.msg, "cap of 17 CPUs"));
	assert_non_null(strstr(p->diag.msg, "allowed 16"));
}

static void performance_is_pinned_or_skipped(void **state)
{
	struct place *p = *state;
	struct host_reservation other __free(host_reservation) = { 0 };
	const struct topology one = TOPO_EVEN(1, 1, 1, 1);
	const struct host_request req = { .topo = &one };

	p->attr.performance_mode = true;
	got(p, "# host: performance: CPUs 0-1, LLCs 0, service CPU 2\n");
	assert_true(p->share.use->performance);
	assert_int_equal(p->share.use->pin[1], 1);
	assert_int_equal(p->share.use->service_cpu, 2);
	host_share__put(&p->share);
	set_cpus(p, 5);
	skipped(p, "host topology insufficient", "5 CPUs in an LLC");
	set_cpus(p, 16);
	skipped(p, "host topology insufficient", "needs 17 CPUs");
	/* Somebody in each LLC. */
	set_cpus(p, 2);
	p->at.allowed = fake_host__set("0-7");
	assert_int_equal(host__reserve(&p->rules.sys, &req, &other, NULL), 0);
	p->at.allowed = fake_host__set("0,1,2,15");
	skipped(p, "host resources busy", "are in use");
	assert_non_null(strstr(p->diag.msg, "test-host-share"));
}

static void words_that_skip(void **state)
{
	struct place *p = *state;

	p->attr.performance_mode = true;
	p->rules.no_perf = true;
	skipped(p, "performance mode is off", "KTSTR_NO_PERF_MODE");
	p->rules.no_perf = false;
	p->attr.performance_mode = false;
	p->rules.perf_only = true;
	skipped(p, "not a performance test", "KTSTR_PERF_ONLY");
	p->rules.perf_only = false;
	p->rules.emulated = true;
	p->attr.performance_mode = true;
	skipped(p, "host topology insufficient", "softkvm");
}

static void softkvm_reserves_nothing_and_says_nothing(void **state)
{
	struct place *p = *state;

	p->rules.emulated = true;
	p->rules.nr_allowed = 1;
	p->rules.cap = 4; /* the host's outside */
	set_cpus(p, 252);
	assert_int_equal(get(p), 0);
	assert_null(p->skip);
	assert_null(p->share.use);
	assert_string_equal(p->report, "");
	assert_true(host_rules__overcommit(&p->rules, &p->attr) == 1);
	assert_string_equal(scratch__shell(p->at.locks, "ls"), "");
}

static void overcommit_stretches_then_skips(void **state)
{
	struct place *p = *state;
	struct session *s = &p->session;

	p->rules.nr_allowed = 2;
	p->at.allowed = fake_host__set("0-1");
	set_cpus(p, 2);
	assert_true(host_rules__overcommit(&p->rules, &p->attr) == 1);
	set_cpus(p, 11);
	assert_true(host_rules__overcommit(&p->rules, &p->attr) == 5.5);
	got(p, "# host: no CPUs reserved: 11 vCPUs: this process is allowed 2 "
	       "CPUs\n# host: shared: CPUs 0-1, LLCs 0\n");
	host_share__put(&p->share);
	s->host = p->rules;
	assert_true(session__stretch(s, &p->attr) == 5.5);
	set_cpus(p, 12);
	skipped(p, "host topology insufficient", "12 vCPUs on 2 CPUs");
	/* Who says how many it shall be gets them, and six times the time. */
	p->attr.no_perf_mode = true;
	p->attr.cpu_budget = 1;
	got(p, "# host: shared: CPUs 0, LLCs 0\n");
	assert_true(host_rules__overcommit(&p->rules, &p->attr) == 12);
	assert_true(session__stretch(s, &p->attr) == DILATION_MAX);
	p->attr.cpu_budget = 99;
	assert_true(host_rules__overcommit(&p->rules, &p->attr) == 6);
	p->rules.nr_allowed = 0; /* nobody knows */
	assert_true(host_rules__overcommit(&p->rules, &p->attr) == 1);
}

static void limits_have_one_factor(void **state)
{
	struct place *p = *state;
	struct session *s = &p->session;
	unsigned int before, softkvm;

	before = session__budget_s(s, &p->attr);
	s->host = p->rules;
	assert_int_equal(session__budget_s(s, &p->attr), before);
	/* Twice as long for two vCPUs on one; no more where it is the most. */
	s->host.nr_allowed = 1;
	assert_in_range(session__budget_s(s, &p->attr), 2 * before - 12,
			2 * before);
	s->accel.mips = 70;
	softkvm = session__budget_s(s, &p->attr);
	s->host.nr_allowed = 16;
	assert_int_equal(session__budget_s(s, &p->attr), softkvm);
}

static void default_mode_goes_without(void **state)
{
	struct place *p = *state;
	struct host_reservation other __free(host_reservation) = { 0 };
	const struct topology all = TOPO_EVEN(1, 1, 16, 1);
	const struct topology alone = TOPO_EVEN(1, 3, 1, 1);
	struct host_request req = { .topo = &all };

	assert_int_equal(host__reserve(&p->rules.sys, &req, &other, NULL), 0);
	got(p, "# host: no CPUs reserved: no 2 consecutive CPUs are free");
	assert_non_null(strstr(p->report, "# host: shared: CPUs 0-15"));
	assert_null(p->share.use->cpus);
	host_share__put(&p->share);
	host_reservation__release(&other);
	/* Not where somebody wants to be alone. */
	req.topo = &alone;
	req.mode = HOST_MODE_PERFORMANCE;
	assert_int_equal(host__reserve(&p->rules.sys, &req, &other, NULL), 0);
	set_cpus(p, 5);
	got(p, "# host: shared: CPUs 12-15, LLCs 3\n");
	assert_list(p->share.use->cpus, "12-15");
	host_share__put(&p->share);
	p->at.allowed = fake_host__set("0-11");
	skipped(p, "host resources busy", "every LLC");
	/* Sharing on one's own word is a contract, not a courtesy. */
	p->attr.no_perf_mode = true;
	skipped(p, "host resources busy", "LLC 0-1");
}

static void among_others_on_the_users_word(void **state)
{
	struct place *p = *state;
	struct host_reservation other __free(host_reservation) = { 0 };
	const struct topology alone = TOPO_EVEN(1, 3, 1, 1);
	const struct host_request req = { .topo = &alone,
					  .mode = HOST_MODE_PERFORMANCE };

	assert_int_equal(host__reserve(&p->rules.sys, &req, &other, NULL), 0);
	p->at.allowed = fake_host__set("0-11");
	skipped(p, "host resources busy", "every LLC");
	p->rules.not_skip_busy = true;
	got(p, "# host: no CPUs reserved: no 2 consecutive CPUs are free");
	got(p, "# host: KTSTR_CONTENTION_BYPASS is set: runs among others\n");
	assert_null(p->share.use);
	assert_null(strstr(p->report, "performance mode;"));
	p->attr.performance_mode = true;
	got(p, "# host: no CPUs reserved: all 4 places of 1 LLCs");
	got(p, "# host: without performance mode; measurements suffer\n");
	assert_null(p->share.use);
	assert_int_equal(p->share.r.locks.nr, 0);
	/* A cap is a promise, and kept. */
	p->attr.performance_mode = false;
	p->rules.cap = 3;
	got(p, "# host: no CPUs reserved: 3 CPUs of LLC 0 are wanted");
	got(p, "# host: shared: CPUs 0-2, LLCs 0\n");
	assert_list(p->share.use->cpus, "0-2");
	assert_int_equal(p->share.r.locks.nr, 0);
}

static void bypassing_contention_changes_nothing_else(void **state)
{
	struct place *p = *state;

	p->rules.not_skip_busy = true;
	got(p, "# host: window: CPUs 0-1, LLCs 0\n");
	assert_true(p->share.r.locks.nr > 0);
	host_share__put(&p->share);
	/* Too small is not busy. */
	p->attr.performance_mode = true;
	set_cpus(p, 5);
	skipped(p, "host topology insufficient", "5 CPUs in an LLC");
	p->rules.sys.lock_dir = "/no/such/dir";
	set_cpus(p, 2);
	assert_int_equal(get(p), -ENOENT);
	p->attr.performance_mode = false;
	p->rules.sys.lock_dir = p->at.locks;
	p->rules.cap = 17;
	assert_int_equal(get(p), -EINVAL);
}

static void lock_directories_that_cannot_be_used(void **state)
{
	struct place *p = *state;

	p->rules.sys.lock_dir = "/no/such/dir";
	got(p, "# host: no CPUs reserved: lock directory /no/such/dir: ");
	assert_null(p->share.use);
	/* Said by the user, or needed: an error. */
	p->rules.dir_said = true;
	assert_int_equal(get(p), -ENOENT);
	assert_non_null(strstr(p->diag.msg, "KTSTR_LOCK_DIR"));
	set_cpus(p, 17);
	assert_int_equal(get(p), -ENOENT);
	set_cpus(p, 2);
	p->rules.dir_said = false;
	p->attr.performance_mode = true;
	assert_int_equal(get(p), -ENOENT);
	assert_null(p->skip);
	p->attr.performance_mode = false;
	p->rules.cap = 2;
	assert_int_equal(get(p), -ENOENT);
}

static void unreadable_sysfs(void **state)
{
	struct place *p = *state;

	p->rules.sys.sysfs = "/no/sys";
	got(p, "# host: no CPUs reserved: /no/sys/devices/system/cpu/online");
	p->attr.no_perf_mode = true;
	got(p, "no CPUs reserved");
	p->rules.cap = 1;
	assert_int_equal(get(p), -ENOENT);
	assert_non_null(strstr(p->diag.msg, "/no/sys"));
}

static void numa_sysfs_that_is_missing(void **state)
{
	struct place *p = *state;

	/* Two nodes, which is what memory is bound to. */
	scratch__shell(p->at.root,
		       "cd devices/system && mkdir -p node/node0 node/node1 && "
		       "echo 0-1 >node/online && echo 0-7 >node/node0/cpulist "
		       "&& echo 8-15 >node/node1/cpulist");
	p->attr.performance_mode = true;
	got(p, "# host: performance: CPUs 0-1, LLCs 0, service CPU 2\n");
	assert_null(strstr(p->report, "NUMA"));
	assert_list(&p->share.use->mems[0], "0");
	host_share__put(&p->share);
	scratch__shell(p->at.root, "rm -r devices/system/node");
	got(p, "/devices/system/node/online names no NUMA nodes (CONFIG_NUMA");
	assert_null(p->share.use->mems);
	host_share__put(&p->share);
}

static void bypassing_locks(void **state)
{
	struct place *p = *state;

	p->rules.no_locks = true;
	assert_int_equal(get(p), 0);
	assert_null(p->share.use);
	p->attr.performance_mode = true;
	got(p, "# host: performance: CPUs 0-1");
	assert_string_equal(scratch__shell(p->at.locks, "ls"), "");
}

/* --- environment ------------------------------------------------------------
 */

static void clear_environment(void)
{
	static const char *const names[] = {
		HOST_LOCK_DIR_ENV,   HOST_CPU_CAP_ENV, HOST_NO_PERF_ENV,
		HOST_BYPASS_ENV,     HOST_NO_SKIP_ENV, HOST_PERF_ONLY_ENV,
		HOST_CONTENTION_ENV,
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unsetenv(names[i]);
}

static void rules_come_from_the_environment(void **state)
{
	struct host_rules r;
	struct kt_diag diag = { 0 };

	(void)state;
	clear_environment();
	assert_int_equal(host_rules__read(false, &r, &diag), 0);
	assert_false(r.emulated || r.no_perf || r.no_locks || r.no_skip ||
		     r.perf_only || r.dir_said || r.cap || r.not_skip_busy);
	assert_string_equal(r.sys.lock_dir, "/tmp");
	assert_true(r.nr_allowed > 0);
	setenv("KTSTR_NO_PERF_MODE", "", 1);
	setenv("KTSTR_NO_SKIP_MODE", "", 1);
	setenv("KTSTR_CPU_CAP", "", 1);
	setenv("KTSTR_CONTENTION_BYPASS", "", 1);
	assert_int_equal(host_rules__read(true, &r, &diag), 0);
	assert_true(r.emulated && r.no_skip && !r.no_perf && !r.cap &&
		    !r.not_skip_busy);
	setenv("KTSTR_CONTENTION_BYPASS", "1", 1);
	setenv("KTSTR_NO_PERF_MODE", "1", 1);
	setenv("KTSTR_PERF_ONLY", "1", 1);
	setenv("KTSTR_CPU_CAP", "3", 1);
	setenv("KTSTR_LOCK_DIR", "/x", 1);
	assert_int_equal(host_rules__read(false, &r, &diag), 0);
	assert_true(r.no_perf && r.perf_only && r.dir_said && r.cap == 3 &&
		    r.not_skip_busy);
	assert_string_equal(r.sys.lock_dir, "/x");
	setenv("KTSTR_BYPASS_LLC_LOCKS", "1", 1);
	assert_int_equal(host_rules__read(false, &r, &diag), -EINVAL);
	assert_non_null(strstr(diag.msg, "resource contract"));
	assert_non_null(strstr(diag.msg, "KTSTR_CPU_CAP=3"));
	assert_non_null(strstr(diag.msg, "KTSTR_BYPASS_LLC_LOCKS"));
	diag = (struct kt_diag){ 0 };
	setenv("KTSTR_CPU_CAP", "many", 1);
	assert_int_equal(host_rules__read(false, &r, &diag), -EINVAL);
	assert_non_null(strstr(diag.msg, "KTSTR_CPU_CAP='many'"));
	clear_environment();
}

static void running_processes_are_counted(void **state)
{
	(void)state;
	assert_int_equal(host_checks__running("cpu 1 2\nprocs_running 7\n"), 7);
	assert_int_equal(host_checks__running("procs_running 7\n"), 0);
	assert_int_equal(host_checks__running(""), 0);
}

#define AT_A_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(modes_follow_the_words),
		AT_A_PLACE(window_stays_in_its_llcs),
		AT_A_PLACE(shared_gets_its_budget),
		AT_A_PLACE(performance_is_pinned_or_skipped),
		AT_A_PLACE(words_that_skip),
		AT_A_PLACE(softkvm_reserves_nothing_and_says_nothing),
		AT_A_PLACE(overcommit_stretches_then_skips),
		AT_A_PLACE(limits_have_one_factor),
		AT_A_PLACE(default_mode_goes_without),
		AT_A_PLACE(among_others_on_the_users_word),
		AT_A_PLACE(bypassing_contention_changes_nothing_else),
		AT_A_PLACE(lock_directories_that_cannot_be_used),
		AT_A_PLACE(unreadable_sysfs),
		AT_A_PLACE(numa_sysfs_that_is_missing),
		AT_A_PLACE(bypassing_locks),
		cmocka_unit_test(rules_come_from_the_environment),
		cmocka_unit_test(running_processes_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
