// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's byte streams, taken apart as they arrive: serial ports into
 * bounded memory and the log file, the bulk port into records, and these into
 * evidence. Called on vCPU threads; see run.h.
 */
#include "lib/session/run.h"

#include <ktstr/fd.h>

static void on_com1(void *ctx, const void *buf, size_t len)
{
	struct run *run = ctx;
	const struct workload *w = run->workload;
	const char *p = buf, *end = p + len;

	splat_scan__feed(&run->klog_scan, buf, len);
	if (w && w->io.kernel_log)
		w->io.kernel_log(w->io.ctx, buf, len);

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

static void on_result(struct run *run, const struct wire_record *rec)
{
	struct msg_test_result result;
	const char *reason;

	/* A second result contradicts the first by existing. */
	if (run->ev.have_result) {
		run->ev.doubled = run->ev.damaged = true;
		return;
	}
	if (msg__parse_test_result(rec, &result, &reason)) {
		run->ev.damaged = true;
		return;
	}
	if (memcmp(result.nonce, run->nonce, sizeof(run->nonce))) {
		run->ev.forged = run->ev.damaged = true;
		return;
	}
	run->ev.result = result;
	snprintf(run->ev.reason, sizeof(run->ev.reason), "%.*s",
		 (int)result.reason_len, reason);
	run->ev.have_result = true;
	/* What is left to come is a trace and a goodbye. */
	if (!run->capture.on)
		return;
	vm__limit(run->vm, run->farewell_ns);
	capture__held_up(&run->capture);
}

/* A workload's owner takes its output itself, as it is, and keeps what it will.
 */
static void take_output(struct run *run, enum ktap_stream stream,
			struct keepbuf *kept, const struct wire_record *rec)
{
	const struct workload *w = run->workload;

	capture__hide_progress(&run->capture);
	if (w && w->io.output) {
		w->io.output(w->io.ctx, stream == KTAP_STREAM_STDERR ? 2 : 1,
			     rec->payload, rec->len);
		return;
	}
	keepbuf__add(kept, rec->payload, rec->len);
	ktap_relay__feed(&run->relay, stream, rec->payload, rec->len);
}

static void on_stdout(struct run *run, const struct wire_record *rec)
{
	take_output(run, KTAP_STREAM_STDOUT, &run->out, rec);
}

static void on_stderr(struct run *run, const struct wire_record *rec)
{
	take_output(run, KTAP_STREAM_STDERR, &run->err, rec);
}

static void on_exec_exit(struct run *run, const struct wire_record *rec)
{
	run->ev.damaged |= run->ev.have_program;
	memcpy(&run->ev.program_status, rec->payload,
	       sizeof(run->ev.program_status));
	run->ev.have_program = true;
}

static void on_dmesg(struct run *run, const struct wire_record *rec)
{
	keepbuf__add(&run->dmesg, rec->payload, rec->len);
	splat_scan__feed(&run->dmesg_scan, rec->payload, rec->len);
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

/* The boot's budget is not the body's: a kernel that stands still ends soon. */
static void on_scenario_start(struct run *run, const struct wire_record *rec)
{
	(void)rec;
	vm__limit(run->vm, run->limit_ns);
}

static const struct {
	u32 type;
	void (*fn)(struct run *run, const struct wire_record *rec);
} handlers[] = {
	{ MSG_STDOUT, on_stdout },
	{ MSG_STDERR, on_stderr },
	{ MSG_DMESG, on_dmesg },
	{ MSG_TEST_RESULT, on_result },
	{ MSG_EXIT, on_exit_code },
	{ MSG_SYS_RDY, on_sys_rdy },
	{ MSG_EXEC_EXIT, on_exec_exit },
	{ MSG_SCENARIO_START, on_scenario_start },
};

static void handle(struct run *run, struct wire_stats *stats,
		   const struct wire_record *rec)
{
	if (!wire__usable(stats, rec)) {
		/* Unknown types are a newer guest's business, not damage. */
		run->ev.damaged |= !rec->crc_ok || msg__find(rec->type);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(handlers); i++)
		if (handlers[i].type == rec->type)
			handlers[i].fn(run, rec);
}

static void take_record(struct run *run, struct wire_stats *stats,
			const struct wire_record *rec)
{
	struct wire_record fetched;

	if (fetch__is_output(rec)) {
		if (fetch__record(&run->fetch, run->vm, rec, &fetched))
			run->ev.damaged = true;
		else
			handle(run, stats, &fetched);
	} else if (capture__takes(rec->type)) {
		/*
		 * Good or bad, it says nothing about the test; but where pages
		 * are torn it is not known that they were not output.
		 */
		run->ev.damaged |= rec->type == MSG_PAGES && !rec->crc_ok;
		capture__record(&run->capture, run->vm, rec);
	} else {
		handle(run, stats, rec);
	}
}

static void on_bulk_record(void *ctx, const struct wire_record *rec)
{
	struct run *run = ctx;

	take_record(run, &run->wa.stats, rec);
}

static void on_com2_record(void *ctx, const struct wire_record *rec)
{
	struct run *run = ctx;

	take_record(run, &run->com2_wa.stats, rec);
}

static void on_bulk(void *ctx, const void *buf, size_t len)
{
	struct run *run = ctx;

	pthread_mutex_lock(&run->lock);
	if (wire_asm__feed(&run->wa, buf, len, on_bulk_record, run) < 0)
		run->ev.damaged = true;
	pthread_mutex_unlock(&run->lock);
}

static void on_com2_bytes(void *ctx, const u8 *data, size_t len)
{
	struct run *run = ctx;

	if (wire_asm__feed(&run->com2_wa, data, len, on_com2_record, run) < 0)
		run->ev.damaged = true;
}

static void on_com2_line(void *ctx, const char *line, size_t len)
{
	struct run *run = ctx;

	keepbuf__add(&run->com2, line, len);
	keepbuf__add(&run->com2, "\n", 1);
}

static const struct wire_text_ops com2_ops = {
	.bytes = on_com2_bytes,
	.text = on_com2_line,
};

static void on_com2(void *ctx, const void *buf, size_t len)
{
	struct run *run = ctx;

	pthread_mutex_lock(&run->lock);
	wire_text__feed(&run->com2_text, buf, len, &com2_ops, run);
	pthread_mutex_unlock(&run->lock);
}

static bool is_unfinished(const struct wire_asm *wa)
{
	return wire_asm__residual(wa) || wa->stats.resyncs;
}

void run__finish_streams(struct run *run)
{
	wire_text__finish(&run->com2_text, &com2_ops, run);
	run->ev.over_com2 = run->com2_wa.stats.records != 0;
	if (is_unfinished(&run->wa) || is_unfinished(&run->com2_wa) ||
	    run->com2_text.bad_lines)
		run->ev.damaged = true;
	/* Init has one port; whoever used the other one is not init. */
	if (run->ev.over_com2 && run->wa.stats.records)
		run->ev.damaged = true;
	splat_scan__finish(&run->klog_scan);
	splat_scan__finish(&run->dmesg_scan);
}

static void on_console(void *ctx, const void *buf, size_t len)
{
	const struct workload *w = ((struct run *)ctx)->workload;

	w->io.console(w->io.ctx, buf, len);
}

void run__sinks(struct run *run, struct vm_config *cfg)
{
	const struct workload *w = run->workload;

	cfg->sink[VM_STREAM_COM1] = (struct vm_sink){ on_com1, run };
	cfg->sink[VM_STREAM_COM2] = (struct vm_sink){ on_com2, run };
	cfg->sink[VM_STREAM_BULK] = (struct vm_sink){ on_bulk, run };
	if (!w || !w->interactive)
		return;
	if (w->io.console)
		cfg->sink[VM_STREAM_HVC0] = (struct vm_sink){ on_console, run };
	cfg->input_fd = w->io.input_fd;
	cfg->input_stream = VM_STREAM_HVC0;
}
