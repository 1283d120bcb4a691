// SPDX-License-Identifier: GPL-2.0
/*
 * When the machine is gone: from what it left to the verdict, the lines of the
 * report and the log file. Main thread.
 */
#include "lib/session/run.h"

#include <inttypes.h>

#include <ktstr/fd.h>

#include "lib/session/settle.h"

/* Lines of kernel log printed under a test that ended badly. */
#define TAIL_LINES 12

static int write_report(void *ctx, const char *text, size_t len)
{
	FILE *report = ctx;

	return fwrite(text, 1, len, report) == len ? 0 : -EIO;
}

void run__relay_init(struct run *run)
{
	ktap_relay__init(&run->relay, KTAP_RELAY_BUDGET_DEFAULT, write_report,
			 run->report);
}

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
	run__relay_init(run);
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

/*
 * The guest's own log is complete when it came; what stopped the machine is on
 * the serial port only.
 */
static const struct splat_scan *splats(const struct run *run)
{
	return run->dmesg_scan.first.kind != SPLAT_NONE ? &run->dmesg_scan
							: &run->klog_scan;
}

static void finish_scans(struct run *run)
{
	run->ev.splat = splats(run)->first.kind;
	run->ev.oom_panic =
		run->klog_scan.oom_panic || run->dmesg_scan.oom_panic;
	if (run->ev.splat != SPLAT_NONE)
		splat__fingerprint(&splats(run)->first, run->fingerprint,
				   sizeof(run->fingerprint));
}

static void print_splats(struct run *run, const struct ktstr_vm_result *res)
{
	if (res->splat) {
		fprintf(run->report, "# the kernel complained:\n");
		relay_line(run, res->splat);
		fprintf(run->report, "# fingerprint: %s\n", res->fingerprint);
	}
	if (res->splats_allowed)
		fprintf(run->report, "# kernel complaints allowed by %s: %u\n",
			splat_allow__path(run->klog_scan.allow),
			res->splats_allowed);
}

static const char *kernel_log(struct run *run)
{
	return run->dmesg.len ? keepbuf__text(&run->dmesg)
			      : keepbuf__text(&run->klog);
}

static void print_tail(struct run *run)
{
	const char *log = kernel_log(run);
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

/* Under an ordinary failure the boot is noise. */
static void print_since_start(struct run *run)
{
	const char *log = kernel_log(run), *next = log, *since = log;
	const char *tail;

	while ((next = strstr(next, "ktstr-init: " GUEST_TEST_STARTS)))
		since = next += strcspn(next, "\n");
	since += *since == '\n';
	tail = last_lines(log, TAIL_LINES);
	tail = tail < since ? since : tail;
	if (run->workload && !*tail)
		return;
	fprintf(run->report, "# last lines of the kernel log:\n");
	relay_text(run, *tail ? tail : "(nothing since the test started)");
}

/*
 * Is the test's verdict one to be told beside @outcome, the run's? It is where
 * the run cannot be believed as a whole, and where a trace was what the run
 * failed for.
 */
static bool hides_verdict(const struct run *run, enum ktstr_outcome judged,
			  enum ktstr_outcome outcome)
{
	if (run->ev.over_com2)
		return true;
	if (run->capture.outcome == WPROF_OFF)
		return false;
	if (ktstr_outcome__is_infra(judged))
		return run->capture.on && judged != KTSTR_INCONCLUSIVE;
	return outcome != judged;
}

static void print_fallback(struct run *run, enum ktstr_outcome judged,
			   enum ktstr_outcome outcome)
{
	if (run->ev.over_com2)
		fprintf(run->report,
			"# bulk port never came up; results from COM2\n");
	if (!hides_verdict(run, judged, outcome))
		return;
	if (run->ev.have_result && !run->ev.forged && !run->ev.doubled &&
	    !(run->ev.over_com2 && run->ev.damaged))
		fprintf(run->report, "# the test said: %s\n",
			ktstr_outcome__name(verdict__test_said(&run->ev)));
}

/* What was wrong with the wire, so that a torn result can be explained. */
static void print_wire(const struct run *run)
{
	struct wire_stats st = run->wa.stats;
	bool quiet = !(st.bad_crc + st.malformed + st.resyncs + st.unknown);

	if (!quiet)
		fprintf(run->report,
			"# wire: %" PRIu64 " records, %" PRIu64
			" with a bad checksum, %" PRIu64
			" of a wrong length, %" PRIu64 " unknown, %" PRIu64
			" times out of sync\n",
			st.records, st.bad_crc, st.malformed, st.unknown,
			st.resyncs);
	if (run->ev.forged)
		fprintf(run->report, "# wire: a result that is not init's was "
				     "not believed\n");
	if (run->ev.doubled)
		fprintf(run->report, "# wire: more than one result record\n");
	if (run->ev.have_result && run->ev.have_exit)
		return;
	fprintf(run->report, "# missing from the guest: %s%s%s\n",
		run->ev.have_result ? "" : "result record",
		run->ev.have_result || run->ev.have_exit ? "" : ", ",
		run->ev.have_exit ? "" : "exit record");
}

static const char *crash_message(struct run *run)
{
	const char *text = keepbuf__text(&run->com2);
	const char *at = strstr(text, "KTSTR_FATAL:");

	return at ? at : strstr(text, "PANIC:");
}

static void fill_result(struct run *run, const struct vm_exit *vx,
			enum ktstr_outcome outcome, struct ktstr_vm_result *res)
{
	*res = (struct ktstr_vm_result){
		.test_name = run->name,
		.outcome = outcome,
		.success = outcome == KTSTR_PASS,
		.timed_out = outcome == KTSTR_TIMEOUT,
		.torn = run->ev.damaged,
		.vcpus = run->attr->cpus,
		.memory_mib = run->memory_mib,
		.exit_code = run->ev.exit_code,
		.term_signal = run->ev.result.term_signal,
		.reason = run->ev.reason,
		.duration_ns = kt_now_ns() - run->start_ns,
		.body_ns = run->ev.result.duration_ns,
		.boot_ns = run->ready_ns ? run->ready_ns - run->start_ns : 0,
		.teardown_ns = run->teardown_ns,
		.vm_exits = vx->counters.exits,
		.initramfs_cached = !run->built_base,
		.kernel_cached = vx->counters.kernel_cache_hit,
		.kaslr_offset = vx->counters.kaslr_offset,
		.output = keepbuf__text(&run->out),
		.stderr_text = keepbuf__text(&run->err),
		.kernel_log = run->dmesg.len ? keepbuf__text(&run->dmesg)
					     : keepbuf__text(&run->klog),
		.kernel_log_path = run->log_path,
		.cmdline = run->cmdline,
		.artifact_dir = run->capture.dir,
		.variant_hash = run->capture.hash,
		.wprof_outcome = wprof_outcome__name(run->capture.outcome),
		.wprof_why = run->capture.why.msg,
		.crash_message = crash_message(run),
		.splats_allowed =
			KT_MAX(run->klog_scan.allowed, run->dmesg_scan.allowed),
	};
	if (run->ev.splat != SPLAT_NONE) {
		res->splat = splats(run)->first.headline;
		res->fingerprint = run->fingerprint;
	}
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
	print_wire(run);
	capture__print(&run->capture, run->report);
	if (run->log_path[0])
		fprintf(run->report, "# kernel log: %s\n", run->log_path);
}

/* The word on the result line is constant; here is what the guest said. */
static void print_said(struct run *run, enum ktstr_outcome judged)
{
	char said[512];

	verdict__sanitize(said, sizeof(said), run->ev.reason);
	fprintf(run->report, "# %s: %s\n", ktstr_outcome__name(judged), said);
}

void run__conclude(struct run *run, const struct vm_exit *vx,
		   const struct kt_diag *vm_diag, struct session_verdict *v)
{
	struct host_findings found = { 0 };
	struct ktstr_vm_result res;
	enum ktstr_outcome judged;

	run->ev.exit = vx->reason;
	run__finish_streams(run);
	run->ev.fatal = crash_message(run) != NULL;
	finish_scans(run);
	finish_log(run);
	capture__finish(&run->capture);
	judged = verdict__judge(&run->ev);
	fill_result(run, vx, judged, &res);
	postvm__ask(run, &res, &found);
	v->outcome = settle__outcome(run->attr, judged, &found);
	v->program_status = run->ev.program_status;
	settle__reason(v, run->ev.reason, judged, &found, res.duration_ns);
	if (judged == KTSTR_INCONCLUSIVE || judged == KTSTR_TOPOLOGY_MISMATCH)
		print_said(run, judged);
	if (vx->reason == VM_EXIT_ERROR)
		fprintf(run->report, "# vmm: %s\n", vm_diag->msg);
	if (ktstr_outcome__is_infra(v->outcome) &&
	    v->outcome != KTSTR_INCONCLUSIVE)
		print_tail(run);
	else if (v->outcome == KTSTR_FAIL)
		print_since_start(run);
	print_fallback(run, judged, v->outcome);
	print_splats(run, &res);
	print_report(run, &res, vx);
}
