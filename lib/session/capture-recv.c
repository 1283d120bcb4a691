// SPDX-License-Identifier: GPL-2.0
/*
 * What the guest sends of a trace, on its way into the file. Called on vCPU
 * threads under the run's lock; a guest is hostile, so a wrong record ends the
 * capture and nothing else.
 */
#include "lib/session/capture.h"

#include <inttypes.h>
#include <poll.h>

#include <ktstr/fd.h>

/* How often a terminal is told. */
#define SHOW_NS (200 * NSEC_PER_MSEC)

bool capture__takes(u32 type)
{
	return wprof_stream__takes(type) || type == MSG_PAGES ||
	       type == MSG_WPROF_STATUS;
}

/* A terminal that does not take it now must not stop the machine. */
static void show(const struct capture *c, const char *line)
{
	struct pollfd pfd = { .fd = c->progress_fd, .events = POLLOUT };

	if (poll(&pfd, 1, 0) > 0)
		(void)!write(c->progress_fd, line, strlen(line));
}

static void show_progress(struct capture *c)
{
	u64 now = kt_now_ns();
	char line[128];

	if (c->progress_fd < 0 || now - c->shown_ns < SHOW_NS)
		return;
	c->shown_ns = now;
	snprintf(line, sizeof(line),
		 "\r# wprof: %" PRIu64 " of %" PRIu64 " MiB of trace\033[K",
		 c->stream.bytes >> 20, c->expected >> 20);
	show(c, line);
}

void capture__held_up(struct capture *c)
{
	if (!c->on || c->progress_fd < 0)
		return;
	c->shown_ns = kt_now_ns();
	show(c, "\r# wprof: the test is over, waiting for its trace\033[K");
}

void capture__hide_progress(struct capture *c)
{
	if (c->shown_ns)
		show(c, "\r\033[K");
	c->shown_ns = 0;
}

/* --- how the tracer ended ------------------------------------------------- */

static const struct {
	enum msg_wprof_word word;
	enum wprof_outcome outcome;
	const char *what; /* printf format for the detail */
} words[] = {
	{ MSG_WPROF_NOT_STARTED, WPROF_NOT_STARTED, "errno" },
	{ MSG_WPROF_FAILED, WPROF_TRACER_FAILED, "exit status" },
	{ MSG_WPROF_KILLED, WPROF_TRACER_FAILED, "signal" },
	{ MSG_WPROF_HUNG, WPROF_TRACER_HUNG, "ended by signal" },
	{ MSG_WPROF_UNREADABLE, WPROF_UNREADABLE, "errno" },
};

static void failed(struct capture *c, const struct msg_wprof_status *st,
		   const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (words[i].word != st->word)
			continue;
		c->outcome = st->no_btf ? WPROF_NO_BTF : words[i].outcome;
		diag__fail(&c->why, -EIO, "%s %d after %" PRIu64 " ms%s%.*s",
			   words[i].what, st->detail,
			   st->run_ns / NSEC_PER_MSEC,
			   st->text_len ? "; its last words: " : "",
			   (int)st->text_len, text);
		return;
	}
}

static void on_status(struct capture *c, const struct wire_record *rec)
{
	struct msg_wprof_status status;
	const char *text;

	/* What follows is judged by itself. */
	if (!rec->crc_ok || msg__parse_wprof_status(rec, &status, &text))
		return;
	if (c->outcome != WPROF_NOTHING_CAME)
		return;
	if (status.word == MSG_WPROF_SHIPS) {
		c->said = true;
		c->first_ns = c->last_ns = kt_now_ns();
		c->expected = status.size;
		c->run_ns = status.run_ns;
		snprintf(c->last_words, sizeof(c->last_words), "%.*s",
			 (int)status.text_len, text);
		return;
	}
	failed(c, &status, text);
}

/* --- frames by reference -------------------------------------------------- */

/* Return: whether all of the run is guest memory. */
static bool take_run(struct capture *c, struct vm *vm,
		     const struct msg_run *run, u32 *left)
{
	u32 len = (u32)KT_MIN(run->len, (u64)*left);
	const u8 *p = vm__guest_ptr(vm, run->gpa, run->len);

	if (!p)
		return false;
	wire_crc__add(c->crc, p, len);
	wprof_stream__piece(&c->stream, p, len);
	*left -= len;
	return true;
}

static void on_pages(struct capture *c, struct vm *vm,
		     const struct wire_record *rec)
{
	struct msg_pages head = { 0 };
	u32 nr = 0, left;
	bool good = rec->crc_ok && !msg__parse_pages(rec, &head, &nr) &&
		    wprof_stream__takes(head.type);

	wire_crc__init(c->crc, 0);
	left = head.len;
	for (u32 i = 0; good && i < nr; i++) {
		struct msg_run run = msg_pages__run(rec, i);

		good = take_run(c, vm, &run, &left);
	}
	wprof_stream__end(&c->stream, head.type,
			  good && wire_crc__value(c->crc) == head.crc32);
}

void capture__record(struct capture *c, struct vm *vm,
		     const struct wire_record *rec)
{
	const struct wprof_entry entry = {
		.type = rec->type,
		.crc_ok = rec->crc_ok,
		.payload = rec->payload,
		.len = rec->len,
	};

	if (!c->on)
		return;
	if (rec->type == MSG_WPROF_STATUS) {
		on_status(c, rec);
		return;
	}
	if (rec->type == MSG_PAGES)
		on_pages(c, vm, rec);
	else
		wprof_stream__record(&c->stream, &entry);
	c->last_ns = kt_now_ns();
	c->first_ns = c->first_ns ? c->first_ns : c->last_ns;
	show_progress(c);
}
