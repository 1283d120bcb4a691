// SPDX-License-Identifier: GPL-2.0
/*
 * Output of `ktstr run`; see run-output.h. run_output__take() runs on vCPU
 * threads, one at a time, the rest before and after the machine.
 */
#include "tools/ktstr/run-output.h"

#include <stdarg.h>

#include "tools/ktstr/cmd.h"

/*
 * The only signal a vCPU thread gets says that the machine shall end; a reader
 * that does not read must then not hold it for ever.
 */
#define TRIES_WHEN_ENDING 50

static void put(struct run_output *out, int fd, const char *p, size_t len)
{
	int tries = TRIES_WHEN_ENDING;

	while (len && !out->err) {
		ssize_t n = write(fd, p, len);

		if (n >= 0) {
			p += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			usleep(1000);
		} else if (errno != EINTR || !tries--) {
			out->err = -errno;
		}
	}
}

static void flush(struct run_output *out)
{
	put(out, STDOUT_FILENO, out->buf, out->used);
	out->used = 0;
}

static int add(void *ctx, const char *text, size_t len)
{
	struct run_output *out = ctx;

	if (len > sizeof(out->buf) - out->used)
		flush(out);
	if (len > sizeof(out->buf)) {
		put(out, STDOUT_FILENO, text, len);
	} else {
		memcpy(out->buf + out->used, text, len);
		out->used += len;
	}
	return out->err;
}

void run_output__begin(struct run_output *out, bool raw)
{
	out->raw = raw;
	out->used = 0;
	out->fold = (struct ktap_fold){ 0 };
	ktap_relay__init(&out->relay, KTAP_RELAY_BUDGET_DEFAULT, add, out);
	/* Nested TAP is to be found by those who look for it. */
	out->relay.prefix = KTAP_RELAY_NESTED;
}

void run_output__take(void *ctx, int fd, const void *buf, size_t len)
{
	struct run_output *out = ctx;

	if (out->raw) {
		put(out, fd, buf, len);
		return;
	}
	if (fd == STDOUT_FILENO)
		ktap_fold__feed(&out->fold, buf, len);
	ktap_relay__feed(&out->relay,
			 fd == STDOUT_FILENO ? KTAP_STREAM_STDOUT
					     : KTAP_STREAM_STDERR,
			 buf, len);
	flush(out);
}

__attribute__((format(printf, 2, 3))) static void line(struct run_output *out,
						       const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text) - 1, fmt, ap);
	va_end(ap);
	n = KT_MIN(n, (int)sizeof(text) - 2);
	text[n++] = '\n';
	add(out, text, (size_t)n);
}

static int program_status(const struct session_verdict *v)
{
	if (ktstr_outcome__is_infra(v->outcome) || v->program_status < 0)
		return ktstr_outcome__exit_status(v->outcome);
	return v->program_status;
}

static int report_result(struct run_output *out, unsigned int number,
			 const char *name, const struct session_verdict *v)
{
	int status = program_status(v);
	char why[128];

	if (ktstr_outcome__is_infra(v->outcome)) {
		line(out, "not ok %u %s # ERROR %s", number, name,
		     ktstr_outcome__name(v->outcome));
	} else if (v->outcome == KTSTR_SKIP) {
		/* The program's own has no reason that we know. */
		line(out, "ok %u %s # SKIP%s%s", number, name,
		     v->program_status < 0 ? " " : "",
		     v->program_status < 0 ? v->reason : "");
	} else if (v->outcome != KTSTR_PASS) {
		line(out, "not ok %u %s # exit=%d", number, name, status);
	} else if (!ktap_fold__agrees(&out->fold, why, sizeof(why))) {
		/* Its status says success, its report does not. */
		line(out, "not ok %u %s # exit=0 but %s", number, name, why);
		status = ktstr_outcome__exit_status(KTSTR_FAIL);
	} else {
		line(out, "ok %u %s", number, name);
	}
	return status;
}

int run_output__end(struct run_output *out, const char *report,
		    unsigned int number, const char *name,
		    const struct session_verdict *v)
{
	int status = program_status(v);

	if (out->raw) {
		if (ktstr_outcome__is_infra(v->outcome))
			fprintf(stderr, "%sktstr run: %s: %s\n", report,
				ktstr_outcome__name(v->outcome),
				ktstr_outcome__help(v->outcome));
		else if (v->outcome == KTSTR_SKIP && v->program_status < 0)
			fprintf(stderr, "%sktstr run: skipped: %s\n", report,
				v->reason);
	} else {
		ktap_relay__finish(&out->relay, NULL);
		add(out, report, strlen(report));
		status = report_result(out, number, name, v);
		flush(out);
	}
	if (!out->err)
		return status;
	fprintf(stderr, "ktstr run: writing output: %s; it is not complete\n",
		strerror(-out->err));
	return CMD_INFRA;
}
