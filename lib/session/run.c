// SPDX-License-Identifier: GPL-2.0
/*
 * One test's machine: build it from the session's parts and the test's
 * attributes, run it, hand what it left to report.c. Called in the harness's
 * forked child.
 */
#include "lib/session/run.h"

#include <fcntl.h>
#include <sys/random.h>

#include <ktstr/fd.h>
#include <ktstr/test-topology.h>
#include <ktstr/workload-file.h>

#include "lib/session/settle.h"

/* What results keep of each stream; the log file and the relay have the rest.
 */
#define KEEP_OUTPUT MIB(1)
#define KEEP_LOG KIB(256)
#define KEEP_COM2 KIB(64)

/*
 * A log that cannot be created is told, once, and the test goes on: the
 * verdict does not depend on it.
 */
static void open_log(struct run *run, const struct session *s)
{
	int len = snprintf(run->log_path, sizeof(run->log_path),
			   "%s/%s.kernel.log", s->log_dir, run->name);

	run->log_fd = -1;
	if (len < 0 || (size_t)len >= sizeof(run->log_path) ||
	    fd__mkdirs(s->log_dir) < 0)
		goto out;
	run->log_fd = open(run->log_path,
			   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
out:
	if (run->log_fd < 0) {
		fprintf(run->report,
			"# kernel log: cannot write below %s (set "
			"KTSTR_SIDECAR_DIR to a writable directory)\n",
			s->log_dir);
		run->log_path[0] = '\0';
	}
}

static void run__init(struct run *run, struct session *s, const char *name,
		      const struct ktstr_attr *attr, FILE *report)
{
	*run = (struct run){ .name = name, .attr = attr, .report = report };
	run->workload = s->workload;
	run->ev.exit_code = -1;
	run->ev.is_workload = s->workload != NULL;
	run->ev.program_status = -1;
	run->dilation = session__dilation(s);
	run->built_base =
		!atomic_fetch_add(s->machines, 1) && !s->base.cache_hit;
	keepbuf__init(&run->klog, KEEP_LOG, true);
	keepbuf__init(&run->dmesg, KEEP_LOG, true);
	keepbuf__init(&run->com2, KEEP_COM2, false);
	keepbuf__init(&run->out, KEEP_OUTPUT, false);
	keepbuf__init(&run->err, KEEP_OUTPUT, false);
	splat_scan__init(&run->klog_scan, s->allow);
	splat_scan__init(&run->dmesg_scan, s->allow);
	wire_asm__init(&run->wa);
	wire_asm__init(&run->com2_wa);
	pthread_mutex_init(&run->lock, NULL);
	run__relay_init(run);
	open_log(run, s);
	capture__prepare(&run->capture, s, name, attr, report);
}

static void run__fini(struct run *run)
{
	vm__free(run->vm);
	capture__fini(&run->capture);
	host_share__put(&run->share);
	if (run->log_fd >= 0)
		close(run->log_fd);
	fetch__fini(&run->fetch);
	wire_asm__fini(&run->wa);
	wire_asm__fini(&run->com2_wa);
	pthread_mutex_destroy(&run->lock);
	keepbuf__fini(&run->klog);
	keepbuf__fini(&run->dmesg);
	keepbuf__fini(&run->com2);
	keepbuf__fini(&run->out);
	keepbuf__fini(&run->err);
}

#define BODY_TIMEOUT_MAX_MS (24ull * 60 * 60 * 1000) /* guest/params.c */

static u64 body_timeout_ms(const struct session *s,
			   const struct ktstr_attr *attr)
{
	u64 ms = (u64)(attr->timeout_s * 1000.0 * session__stretch(s, attr));

	return KT_MIN(ms, BODY_TIMEOUT_MAX_MS);
}

/* Boot budget: features of the reference system, 10 s + 150 ms per vCPU. */
static u64 boot_budget_ms(const struct session *s,
			  const struct ktstr_attr *attr)
{
	u64 per_cpu_ms = KT_MIN(10000ULL + 150ULL * attr->cpus, 90000ULL);

	return (u64)((double)(10000 + per_cpu_ms) * session__stretch(s, attr));
}

/*
 * After the body's own deadline: init kills what is left, twice at most for
 * the 5 s of its own patience, ships the log and powers off.
 */
static u64 farewell_ms(const struct session *s, const struct ktstr_attr *attr)
{
	return 10000 + (u64)(5000 * session__stretch(s, attr));
}

unsigned int session__budget_s(const struct session *s,
			       const struct ktstr_attr *attr)
{
	/* Build and tear-down, on a host that is busy with other machines. */
	const u64 margin_ms = (u64)(30000 * session__stretch(s, attr));
	const u64 hold_ms =
		attr->wprof == true
			? capture__stretched_ms(s, attr, WPROF_HOLD_S)
			: 0;

	return (unsigned int)((body_timeout_ms(s, attr) +
			       boot_budget_ms(s, attr) + farewell_ms(s, attr) +
			       postvm__timeout_ms(attr, session__dilation(s)) +
			       hold_ms + margin_ms) /
			      1000);
}

/* The guest's argv[1..], one per line. */
static int args_blob(const struct run *run, struct initramfs_blob *ret_blob)
{
	char *text;
	int len =
		asprintf(&text, "-r\n%s\n-m\n%u\n", run->name, run->memory_mib);

	if (len < 0)
		return -ENOMEM;
	*ret_blob = (struct initramfs_blob){ .guest_path = "args",
					     .data = text,
					     .len = (size_t)len,
					     .mode = 0644 };
	return 0;
}

/* For the guest to compare; a test of the harness has its own declaration. */
static int machine_blob(const struct run *run, struct initramfs_blob *ret_blob)
{
	const struct topology declared = ktstr_attr__topology(run->attr);
	char *text;
	int err = test_topology__declare(&declared, run->memory_mib, &text);

	if (err)
		return err;
	*ret_blob = (struct initramfs_blob){ .guest_path = GUEST_MACHINE_NAME,
					     .data = text,
					     .len = strlen(text),
					     .mode = 0444 };
	return 0;
}

/* The part of the ramdisk that is this machine's own. */
static int build_suffix(struct run *run, void **ret_buf, size_t *ret_len,
			struct kt_diag *diag)
{
	struct initramfs_blob blobs[] = {
		{ .guest_path = MSG_NONCE_FILE,
		  .data = run->nonce,
		  .len = sizeof(run->nonce),
		  .mode = 0400 },
		{ 0 },
		{ 0 },
	};
	struct initramfs_blob *own = &blobs[1], *machine = &blobs[2];
	int err;

	if (getrandom(run->nonce, sizeof(run->nonce), 0) != sizeof(run->nonce))
		return diag__fail(diag, -EIO, "getrandom: %s", strerror(errno));
	err = run->workload ? workload__blob(run->workload, own, diag)
			    : args_blob(run, own);
	if (!err && run->workload)
		err = machine_blob(run, machine);
	if (!err)
		err = initramfs__suffix(blobs, machine->data ? 3 : 2, ret_buf,
					ret_len, diag);
	free((void *)(uintptr_t)own->data);
	free((void *)(uintptr_t)machine->data);
	return err;
}

/* Linux' own: seconds until RCU and the watchdog complain, and their maxima. */
#define RCU_STALL_S 21u
#define RCU_STALL_MAX_S 300u
#define WATCHDOG_S 10u
#define WATCHDOG_MAX_S 60u

/*
 * For a guest with more CPUs than it has here. Linux wakes all of them and then
 * takes them in one by one, while the others wait for their turn, spinning;
 * one after the other is faster. And where each waits for many others' turns,
 * what is a stall has to be measured by that; 192 CPUs on one were late by
 * 21 s at times.
 */
static void crowd_words(const struct session *s, unsigned int nr_cpus,
			char *buf, size_t size)
{
	unsigned int have = s->host.nr_allowed, crowding;
	size_t n;

	buf[0] = '\0';
	if (!have || have >= nr_cpus)
		return;
	n = (size_t)snprintf(buf, size, "cpuhp.parallel=0 ");
	crowding = vm__crowding(nr_cpus, have);
	if (crowding > 1)
		snprintf(
			buf + n, size - n,
			"rcupdate.rcu_cpu_stall_timeout=%u watchdog_thresh=%u ",
			KT_MIN(crowding * RCU_STALL_S, RCU_STALL_MAX_S),
			KT_MIN(crowding * WATCHDOG_S, WATCHDOG_MAX_S));
}

/* What a workload has to say to init comes last, which wins. */
static int build_cmdline(struct run *run, const struct session *s,
			 struct kt_diag *diag)
{
	struct ktstr_attr attr = *run->attr;
	char *all __free(ptr) = NULL;
	char crowd[128];
	int err;

	crowd_words(s, attr.cpus, crowd, sizeof(crowd));
	if (asprintf(&all, "%s%s%s", crowd, attr.kargs ? attr.kargs : "",
		     run->workload ? run->workload->words : "") < 0) {
		all = NULL;
		return -ENOMEM;
	}
	attr.kargs = all;
	err = cmdline__build(run->cmdline, sizeof(run->cmdline), &attr,
			     (unsigned int)body_timeout_ms(s, run->attr),
			     getenv("KTSTR_VERBOSE") != NULL, diag);
	if (!err)
		capture__add_words(&run->capture, run->cmdline,
				   sizeof(run->cmdline));
	return err;
}

static int build_machine(struct run *run, struct session *s,
			 struct kt_diag *diag)
{
	const struct ktstr_attr *attr = run->attr;
	struct topology topology = ktstr_attr__topology(attr);
	void *suffix __free(ptr) = NULL;
	struct vm_initrd_part parts[2];
	struct vm_config cfg = {
		.kernel = s->kernel.image,
		.initrd = parts,
		.nr_initrd = ARRAY_SIZE(parts),
		.cmdline = run->cmdline,
		.topology = &topology,
		.input_fd = -1,
		.placement = run->share.use,
	};
	const struct initramfs_base *base = &s->base;
	size_t suffix_len;
	int err;

	run__sinks(run, &cfg);
	run->farewell_ns =
		(farewell_ms(s, attr) + run->capture.hold_ms) * NSEC_PER_MSEC;
	run->limit_ns =
		body_timeout_ms(s, attr) * NSEC_PER_MSEC + run->farewell_ns;
	cfg.timeout_ns =
		run->limit_ns + boot_budget_ms(s, attr) * NSEC_PER_MSEC;
	err = session__machine_mib(s, attr, &run->memory_mib, diag);
	if (!err)
		err = build_cmdline(run, s, diag);
	if (run->capture.on)
		base = &run->capture.base;
	if (!err)
		err = build_suffix(run, &suffix, &suffix_len, diag);
	if (err)
		return err;
	cfg.memory_mib = run->memory_mib;
	parts[0] = (struct vm_initrd_part){ .fd = base->fd, .len = base->len };
	parts[1] = (struct vm_initrd_part){ .fd = -1,
					    .data = suffix,
					    .len = suffix_len };
	return vm__new(&cfg, &run->vm, diag);
}

/* Who may want to stop it. */
static void tell_machine(const struct run *run, struct vm *vm)
{
	if (run->workload && run->workload->io.started)
		run->workload->io.started(run->workload->io.ctx, vm);
}

/* Timed, because a test may have declared a budget for it. */
static void tear_down(struct run *run)
{
	u64 start_ns = kt_now_ns();

	vm__free(no_free_ptr(run->vm));
	/* Before anything is forked that would keep the locks. */
	host_share__put(&run->share);
	run->teardown_ns = kt_now_ns() - start_ns;
}

/*
 * The host cannot give what the test needs, for @reason; why is in @diag.
 * Return: 1, or -ECANCELED where the user wants no skips.
 */
static int skip_test(struct run *run, const struct session *s,
		     const char *reason, struct session_verdict *v,
		     struct kt_diag *diag)
{
	if (s->host.no_skip)
		return diag__context(diag, -ECANCELED, "host");
	fprintf(run->report, "# host: %s\n", diag->msg);
	v->outcome = KTSTR_SKIP;
	v->program_status = -1;
	v->ksft_code = ktstr_outcome__ksft_code(v->outcome);
	snprintf(v->reason, sizeof(v->reason), "%s", reason);
	return 1;
}

/* What the host can give. Return: 0, 1 for a skip, -errno. */
static int find_place(struct run *run, const struct session *s,
		      struct session_verdict *v, struct kt_diag *diag)
{
	const struct topology topo = ktstr_attr__topology(run->attr);
	const char *skip;
	int err = host_share__get(&s->host, run->attr, &topo, run->report,
				  &run->share, &skip, diag);
	double over = host_rules__overcommit(&s->host, run->attr);

	if (err)
		return diag__context(diag, -ECANCELED, "host");
	if (skip)
		return skip_test(run, s, skip, v, diag);
	if (over > 1)
		fprintf(run->report,
			"# host: %.1f vCPUs share a CPU, time limits x %.1f\n",
			over, session__stretch(s, run->attr));
	return 0;
}

int session__run_machine(struct session *s, const char *name,
			 const struct ktstr_attr *attr, FILE *report,
			 struct session_verdict *ret_verdict,
			 struct kt_diag *diag)
{
	/* On the heap: the relay alone is larger than a sensible frame. */
	struct run *run = malloc(sizeof(*run));
	struct kt_diag vm_diag = { 0 };
	struct vm_exit vx = { 0 };
	int err;

	if (!run)
		return -ENOMEM;
	run__init(run, s, name, attr, report);
	err = find_place(run, s, ret_verdict, diag);
	if (!err)
		err = build_machine(run, s, diag);
	if (err == -EBUSY)
		err = skip_test(run, s, HOST_SKIP_BUSY, ret_verdict, diag);
	if (!err) {
		run->start_ns = kt_now_ns();
		tell_machine(run, run->vm);
		err = vm__run(run->vm, &vx, &vm_diag);
		tell_machine(run, NULL);
		if (err)
			diag__fail(diag, err, "%s", diag__text(&vm_diag, err));
		tear_down(run);
		if (!err)
			run__conclude(run, &vx, &vm_diag, ret_verdict);
	}
	run__fini(run);
	free(run);
	return KT_MIN(err, 0);
}
