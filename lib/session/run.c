// SPDX-License-Identifier: GPL-2.0
/*
 * One test's machine: boot it, take its streams apart while it runs, judge
 * what is left when it is gone. Output callbacks arrive on vCPU threads, one
 * at a time per stream; each stream has its own part of struct run, and the
 * main thread reads them only after vm__run() has joined the vCPUs.
 */
#include "lib/session/session-internal.h"

#include <ktstr/fd.h>
#include <ktstr/ktap.h>

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

/* What result structures keep of each stream; files and relay have the rest. */
#define KEEP_OUTPUT MIB(1)
#define KEEP_LOG KIB(256)
#define KEEP_COM2 KIB(64)
/* Lines of kernel log printed under a test that ended badly. */
#define TAIL_LINES 12

struct run {
	const char *name;
	const struct ktstr_attr *attr;
	FILE *report;
	struct vm *vm;
	char cmdline[VM_CMDLINE_MAX + 1];
	char log_path[PATH_MAX];

	/* COM1 */
	int log_fd;
	struct keepbuf klog;
	/* COM2 */
	struct keepbuf com2;
	/* bulk port */
	struct wire_asm wa;
	struct keepbuf dmesg;
	struct keepbuf out, err;
	struct ktap_relay relay;
	struct evidence ev;
	u64 start_ns;
	u64 ready_ns; /* SYS_RDY arrived */
};

/* --- streams ------------------------------------------------------------- */

static void on_com1(void *ctx, const void *buf, size_t len)
{
	struct run *run = ctx;
	const char *p = buf, *end = p + len;

	/* A serial console ends lines with CR LF; for us LF is enough. */
	while (p < end) {
		const char *cr = memchr(p, '\r', (size_t)(end - p));
		size_t n = (size_t)((cr ? cr : end) - p);

		keepbuf__add(&run->klog, p, n);
		p += n + (cr != NULL);
	}
	/* The log is a convenience: a full disk must not change a verdict. */
	if (run->log_fd >= 0 && fd__write_all(run->log_fd, buf, len) < 0) {
		close(run->log_fd);
		run->log_fd = -1;
	}
}

static void on_com2(void *ctx, const void *buf, size_t len)
{
	struct run *run = ctx;

	keepbuf__add(&run->com2, buf, len);
}

static void take_result(struct run *run, const struct wire_record *rec)
{
	struct msg_test_result *res = &run->ev.result;
	size_t room = rec->len - sizeof(*res);

	memcpy(res, rec->payload, sizeof(*res));
	if (res->version != MSG_TEST_RESULT_VERSION || res->reason_len > room) {
		run->ev.damaged = true;
		return;
	}
	/* A second result contradicts the first by existing. */
	if (run->ev.have_result)
		run->ev.damaged = true;
	snprintf(run->ev.reason, sizeof(run->ev.reason), "%.*s",
		 (int)res->reason_len,
		 (const char *)rec->payload + sizeof(*res));
	run->ev.have_result = true;
}

static void on_stdout(struct run *run, const struct wire_record *rec)
{
	keepbuf__add(&run->out, rec->payload, rec->len);
	ktap_relay__feed(&run->relay, KTAP_STREAM_STDOUT, rec->payload,
			 rec->len);
}

static void on_stderr(struct run *run, const struct wire_record *rec)
{
	keepbuf__add(&run->err, rec->payload, rec->len);
	ktap_relay__feed(&run->relay, KTAP_STREAM_STDERR, rec->payload,
			 rec->len);
}

static void on_dmesg(struct run *run, const struct wire_record *rec)
{
	keepbuf__add(&run->dmesg, rec->payload, rec->len);
}

static void on_exit_code(struct run *run, const struct wire_record *rec)
{
	memcpy(&run->ev.exit_code, rec->payload, sizeof(run->ev.exit_code));
	run->ev.have_exit = true;
}

static void on_sys_rdy(struct run *run, const struct wire_record *rec)
{
	(void)rec;
	if (!run->ready_ns)
		run->ready_ns = kt_now_ns();
}

static const struct {
	u32 type;
	void (*fn)(struct run *run, const struct wire_record *rec);
} handlers[] = {
	{ MSG_STDOUT, on_stdout },  { MSG_STDERR, on_stderr },
	{ MSG_DMESG, on_dmesg },    { MSG_TEST_RESULT, take_result },
	{ MSG_EXIT, on_exit_code }, { MSG_SYS_RDY, on_sys_rdy },
};

static void on_record(void *ctx, const struct wire_record *rec)
{
	struct run *run = ctx;

	if (!wire__usable(&run->wa.stats, rec)) {
		/* Unknown types are a newer guest's business, not damage. */
		run->ev.damaged |= !rec->crc_ok || msg__find(rec->type);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(handlers); i++)
		if (handlers[i].type == rec->type)
			handlers[i].fn(run, rec);
}

static void on_bulk(void *ctx, const void *buf, size_t len)
{
	struct run *run = ctx;

	if (wire_asm__feed(&run->wa, buf, len, on_record, run) < 0)
		run->ev.damaged = true;
}

static int write_report(void *ctx, const char *text, size_t len)
{
	FILE *report = ctx;

	return fwrite(text, 1, len, report) == len ? 0 : -EIO;
}

/* --- set-up and tear-down ------------------------------------------------ */

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
	run->ev.exit_code = -1;
	keepbuf__init(&run->klog, KEEP_LOG, true);
	keepbuf__init(&run->dmesg, KEEP_LOG, true);
	keepbuf__init(&run->com2, KEEP_COM2, false);
	keepbuf__init(&run->out, KEEP_OUTPUT, false);
	keepbuf__init(&run->err, KEEP_OUTPUT, false);
	wire_asm__init(&run->wa);
	ktap_relay__init(&run->relay, KTAP_RELAY_BUDGET_DEFAULT, write_report,
			 report);
	open_log(run, s);
}

static void run__fini(struct run *run)
{
	vm__free(run->vm);
	if (run->log_fd >= 0)
		close(run->log_fd);
	wire_asm__fini(&run->wa);
	keepbuf__fini(&run->klog);
	keepbuf__fini(&run->dmesg);
	keepbuf__fini(&run->com2);
	keepbuf__fini(&run->out);
	keepbuf__fini(&run->err);
}

static u64 body_timeout_ms(const struct session *s,
			   const struct ktstr_attr *attr)
{
	return (u64)(attr->timeout_s * 1000.0 * session__dilation(s));
}

/* Boot budget: features of the reference system, 10 s + 150 ms per vCPU. */
static u64 boot_budget_ms(const struct session *s,
			  const struct ktstr_attr *attr)
{
	u64 per_cpu_ms = KT_MIN(10000ULL + 150ULL * attr->cpus, 90000ULL);

	return (u64)((double)(10000 + per_cpu_ms) * session__dilation(s));
}

unsigned int session__budget_s(const struct session *s,
			       const struct ktstr_attr *attr)
{
	const unsigned int margin_s = 10; /* build, tear-down, post_vm */

	return (unsigned int)((body_timeout_ms(s, attr) +
			       boot_budget_ms(s, attr)) /
			      1000) +
	       margin_s;
}

static int build_machine(struct run *run, struct session *s,
			 struct kt_diag *diag)
{
	const struct ktstr_attr *attr = run->attr;
	void *suffix __free(ptr) = NULL;
	char args[1100];
	struct initramfs_blob blob = { .guest_path = "args",
				       .data = args,
				       .mode = 0644 };
	struct vm_initrd_part parts[2];
	struct vm_config cfg = {
		.kernel = s->kernel.image,
		.initrd = parts,
		.nr_initrd = ARRAY_SIZE(parts),
		.cmdline = run->cmdline,
		.nr_cpus = attr->cpus,
		.memory_mib = attr__memory_mib(attr),
		.timeout_ns =
			(body_timeout_ms(s, attr) + boot_budget_ms(s, attr)) *
			NSEC_PER_MSEC,
		.input_fd = -1,
		.sink = { [VM_STREAM_COM1] = { on_com1, run },
			  [VM_STREAM_COM2] = { on_com2, run },
			  [VM_STREAM_BULK] = { on_bulk, run } },
	};
	size_t suffix_len;
	int err;

	err = cmdline__build(run->cmdline, sizeof(run->cmdline), attr->kargs,
			     (unsigned int)body_timeout_ms(s, attr),
			     getenv("KTSTR_VERBOSE") != NULL, diag);
	if (err)
		return err;
	/* The guest's argv[1..], one per line. */
	blob.len = (size_t)snprintf(args, sizeof(args), "-r\n%s\n", run->name);
	if (blob.len >= sizeof(args))
		return diag__fail(diag, -ENAMETOOLONG,
				  "test name is longer than %zu characters",
				  sizeof(args) - 10);
	err = initramfs__suffix(&blob, 1, &suffix, &suffix_len, diag);
	if (err)
		return err;
	parts[0] =
		(struct vm_initrd_part){ .fd = s->base.fd, .len = s->base.len };
	parts[1] = (struct vm_initrd_part){ .fd = -1,
					    .data = suffix,
					    .len = suffix_len };
	return vm__new(&cfg, &run->vm, diag);
}

/* --- after the machine --------------------------------------------------- */

/* The guest's own log follows what reached the serial console. */
static void finish_log(struct run *run)
{
	static const char head[] = "\n--- log of the guest (/dev/kmsg) ---\n";

	ktap_relay__finish(&run->relay, NULL);
	if (run->log_fd >= 0 && run->dmesg.len &&
	    !fd__write_all(run->log_fd, head, sizeof(head) - 1))
		(void)!fd__write_all(run->log_fd, keepbuf__text(&run->dmesg),
				     strlen(keepbuf__text(&run->dmesg)));
	if (run->com2.len && run->log_fd >= 0)
		(void)!fd__write_all(run->log_fd, keepbuf__text(&run->com2),
				     run->com2.len);
}

/* The relay is free again once the guest's output is finished. */
static void relay_bytes(struct run *run, const char *text, size_t len)
{
	ktap_relay__init(&run->relay, KTAP_RELAY_BUDGET_DEFAULT, write_report,
			 run->report);
	ktap_relay__feed(&run->relay, KTAP_STREAM_STDOUT, text, len);
	ktap_relay__finish(&run->relay, NULL);
}

static void relay_text(struct run *run, const char *text)
{
	relay_bytes(run, text, strlen(text));
}

static void relay_line(struct run *run, const char *text)
{
	relay_bytes(run, text, strcspn(text, "\n"));
}

/* Start of the last @lines lines of @text. */
static const char *last_lines(const char *text, unsigned int lines)
{
	const char *p = text + strlen(text);

	if (p > text && p[-1] == '\n')
		p--;
	while (p > text) {
		if (p[-1] == '\n' && --lines == 0)
			break;
		p--;
	}
	return p;
}

static void print_tail(struct run *run)
{
	const char *log = run->dmesg.len ? keepbuf__text(&run->dmesg)
					 : keepbuf__text(&run->klog);
	const char *tail = last_lines(log, TAIL_LINES);
	const char *panic = strstr(log, "Kernel panic - ");

	if (run->com2.len) {
		fprintf(run->report, "# guest's last words (COM2):\n");
		relay_text(run, keepbuf__text(&run->com2));
	}
	fprintf(run->report, "# last lines of the kernel log:\n");
	/* The register dump after it must not push the reason out. */
	if (panic && panic < tail)
		relay_line(run, panic);
	relay_text(run,
		   *log ? tail : "(nothing; KTSTR_VERBOSE=1 shows the boot)");
}

static const char *crash_message(struct run *run)
{
	const char *text = keepbuf__text(&run->com2);
	const char *at = strstr(text, "KTSTR_FATAL:");

	return at ? at : strstr(text, "PANIC:");
}

static void fill_result(struct run *run, const struct session *s,
			const struct vm_exit *vx, enum ktstr_outcome outcome,
			struct ktstr_vm_result *res)
{
	*res = (struct ktstr_vm_result){
		.test_name = run->name,
		.outcome = outcome,
		.success = outcome == KTSTR_PASS,
		.timed_out = outcome == KTSTR_TIMEOUT,
		.torn = run->ev.damaged,
		.vcpus = run->attr->cpus,
		.memory_mib = attr__memory_mib(run->attr),
		.exit_code = run->ev.exit_code,
		.term_signal = run->ev.result.term_signal,
		.reason = run->ev.reason,
		.duration_ns = kt_now_ns() - run->start_ns,
		.body_ns = run->ev.result.duration_ns,
		.boot_ns = run->ready_ns ? run->ready_ns - run->start_ns : 0,
		.vm_exits = vx->counters.exits,
		.initramfs_cached = s->base.cache_hit,
		.kernel_cached = vx->counters.kernel_cache_hit,
		.output = keepbuf__text(&run->out),
		.stderr_text = keepbuf__text(&run->err),
		.kernel_log = run->dmesg.len ? keepbuf__text(&run->dmesg)
					     : keepbuf__text(&run->klog),
		.kernel_log_path = run->log_path,
		.cmdline = run->cmdline,
		.crash_message = crash_message(run),
	};
}

static void print_report(struct run *run, const struct ktstr_vm_result *res,
			 const struct vm_exit *vx)
{
	if (res->term_signal)
		fprintf(run->report, "# test killed by signal %u (%s)\n",
			res->term_signal, strsignal((int)res->term_signal));
	fprintf(run->report,
		"# vm: %s, %u cpus, %u MiB, boot %" PRIu64 " ms, body %" PRIu64
		" ms, %" PRIu64 " exits, kernel %s, initramfs %s\n",
		vm_exit_reason__name(vx->reason), res->vcpus, res->memory_mib,
		res->boot_ns / NSEC_PER_MSEC, res->body_ns / NSEC_PER_MSEC,
		res->vm_exits, res->kernel_cached ? "cached" : "decompressed",
		res->initramfs_cached ? "cached" : "built");
	if (run->wa.stats.unknown)
		fprintf(run->report, "# wire: %" PRIu64 " unknown records\n",
			run->wa.stats.unknown);
	if (run->log_path[0])
		fprintf(run->report, "# kernel log: %s\n", run->log_path);
}

/* Word after the directive; names of infrastructure outcomes are constant. */
static void write_reason(struct run *run, const struct ktstr_vm_result *res,
			 struct session_verdict *v)
{
	char said[512];

	verdict__sanitize(said, sizeof(said), run->ev.reason);
	if (verdict__is_infra(v->outcome))
		snprintf(v->reason, sizeof(v->reason), "ERROR %s",
			 ktstr_outcome__name(v->outcome));
	else if (v->outcome == KTSTR_SKIP)
		snprintf(v->reason, sizeof(v->reason), "%s",
			 said[0] ? said : "no reason given");
	else
		snprintf(v->reason, sizeof(v->reason), "time=%" PRIu64 "ms",
			 res->duration_ns / NSEC_PER_MSEC);
}

static void call_post_vm(struct run *run, struct ktstr_vm_result *res,
			 struct session_verdict *v)
{
	struct kt_diag why = { 0 };
	int err;

	if (!run->attr->post_vm || v->outcome != KTSTR_PASS)
		return;
	err = run->attr->post_vm(res, &why);
	if (!err)
		return;
	v->outcome = KTSTR_POST_VM_FAIL;
	fprintf(run->report, "# post_vm:\n");
	relay_text(run, diag__text(&why, err));
}

/* Judge, let the host callback see the result, tell. */
static void conclude(struct run *run, struct session *s,
		     const struct vm_exit *vx, const struct kt_diag *vm_diag,
		     struct session_verdict *v)
{
	struct ktstr_vm_result res;

	run->ev.exit = vx->reason;
	if (wire_asm__residual(&run->wa) || run->wa.stats.resyncs)
		run->ev.damaged = true;
	run->ev.fatal = crash_message(run) != NULL;
	finish_log(run);
	v->outcome = verdict__judge(&run->ev);
	fill_result(run, s, vx, v->outcome, &res);
	call_post_vm(run, &res, v);
	v->ksft_code = verdict__ksft_code(v->outcome);
	write_reason(run, &res, v);
	if (vx->reason == VM_EXIT_ERROR)
		fprintf(run->report, "# vmm: %s\n", vm_diag->msg);
	if (verdict__is_infra(v->outcome))
		print_tail(run);
	print_report(run, &res, vx);
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
	err = build_machine(run, s, diag);
	if (!err) {
		run->start_ns = kt_now_ns();
		err = vm__run(run->vm, &vx, &vm_diag);
		if (err)
			diag__fail(diag, err, "%s", diag__text(&vm_diag, err));
		else
			conclude(run, s, &vx, &vm_diag, ret_verdict);
	}
	run__fini(run);
	free(run);
	return err;
}
