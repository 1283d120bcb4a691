// SPDX-License-Identifier: GPL-2.0
/*
 * The supervisor's side of the agent: records in both directions, and whether
 * it is alive. Called from the supervisor's loop.
 */
#include "vmm/softkvm/super.h"

#include <ktstr/fd.h>

/*
 * The agent has real-time priority over everything inside, so silence this
 * long means a dead guest, not a busy one, even on a loaded host.
 */
#define PING_EVERY_S 5u
#define SILENCE_LIMIT_S 60u
/* Between QEMU closing the port and its end. */
#define EOF_LIMIT_S 3u

void super__to_agent(struct super *s, u32 type, const void *payload, size_t len)
{
	int err = outq__add_record(&s->agent_out, type, payload, len);

	if (err)
		super__fail(s, err, "requests to softkvm pile up: %s",
			    strerror(-err));
	else if (s->agent_up)
		super__to_agent_flush(s);
}

void super__to_agent_flush(struct super *s)
{
	int err = outq__flush(&s->agent_out, s->machine.agent_fd, NULL);

	if (err)
		super__fail(s, err, "cannot write to softkvm's guest: %s",
			    strerror(-err));
}

static void on_ready(struct super *s)
{
	if (s->agent_up)
		return;
	s->agent_up = true;
	s->boot_ns = kt_now_ns() - s->start_ns;
}

/* Exit and failure end a session; data and credit do not. */
static void to_client(struct super *s, const struct wire_record *rec)
{
	struct super_client *c = super__find(s, sk_record__session(rec));

	/* Records of a session whose client left are on their way for long. */
	if (!c || !c->busy)
		return;
	if (rec->type == SK_EXIT || rec->type == SK_FAIL)
		c->busy = false;
	super__reply(s, c, rec->type, rec->payload, rec->len);
}

static void on_record(void *arg, const struct wire_record *rec)
{
	struct super *s = arg;

	if (!rec->crc_ok)
		return;
	s->heard_ns = kt_now_ns();
	switch (rec->type) {
	case SK_READY:
		on_ready(s);
		break;
	case SK_DATA:
	case SK_ACK:
	case SK_EXIT:
	case SK_FAIL:
		to_client(s, rec);
		break;
	default: /* SK_PONG: having been heard is all it is for */
		break;
	}
}

void super__agent_readable(struct super *s)
{
	ssize_t n = read(s->machine.agent_fd, s->scratch, sizeof(s->scratch));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		/* QEMU is going; its exit status will say why. */
		s->agent_eof_ns = kt_now_ns();
		return;
	}
	if (wire_asm__feed(&s->agent_in, s->scratch, (size_t)n, on_record, s))
		super__fail(s, -ENOMEM, "out of memory");
}

void super__check_agent(struct super *s, u64 now_ns)
{
	struct sk_word word = { 0 };

	if (s->agent_eof_ns) {
		if (now_ns - s->agent_eof_ns > EOF_LIMIT_S * NSEC_PER_SEC)
			super__fail(s, -EIO, "QEMU closed softkvm's port");
		return;
	}
	if (!s->agent_up) {
		if (now_ns - s->start_ns > SUPER_BOOT_LIMIT_S * NSEC_PER_SEC)
			super__fail(s, -ETIMEDOUT,
				    "softkvm's guest did not come up in %u s",
				    SUPER_BOOT_LIMIT_S);
		return;
	}
	if (now_ns - s->heard_ns > SILENCE_LIMIT_S * NSEC_PER_SEC) {
		super__fail(s, -ETIMEDOUT,
			    "softkvm's guest is silent for %u s: it hangs",
			    SILENCE_LIMIT_S);
		return;
	}
	if (now_ns - s->pinged_ns < PING_EVERY_S * NSEC_PER_SEC)
		return;
	s->pinged_ns = now_ns;
	super__to_agent(s, SK_PING, &word, sizeof(word));
}
