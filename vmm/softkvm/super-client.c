// SPDX-License-Identifier: GPL-2.0
/*
 * The supervisor's side of its clients: hello, requests, routing to the
 * agent. Called from the supervisor's loop. A client is the same user, but
 * may be any version of us or something else entirely.
 */
#include "vmm/softkvm/super.h"

#include <sys/socket.h>

#include <ktstr/fd.h>

/* Two output streams in flight, their headers, and small change. */
#define CLIENT_QUEUE_LIMIT (4u * SK_WINDOW)

unsigned int super__count_clients(const struct super *s)
{
	unsigned int nr = 0;

	for (size_t i = 0; i < SUPER_MAX_CLIENTS; i++)
		nr += s->clients[i].fd >= 0;
	return nr;
}

struct super_client *super__find(struct super *s, u32 session)
{
	for (size_t i = 0; i < SUPER_MAX_CLIENTS; i++)
		if (s->clients[i].fd >= 0 && s->clients[i].session == session)
			return &s->clients[i];
	return NULL;
}

void super__drop(struct super *s, struct super_client *c)
{
	if (c->fd < 0)
		return;
	if (c->busy) {
		struct sk_word word = { .session = c->session };

		c->busy = false;
		super__to_agent(s, SK_KILL, &word, sizeof(word));
	}
	close(c->fd);
	wire_asm__fini(&c->in);
	outq__fini(&c->out);
	c->fd = -1;
}

void super__accept(struct super *s)
{
	int fd =
		accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (size_t i = 0; i < SUPER_MAX_CLIENTS; i++) {
		struct super_client *c = &s->clients[i];

		if (c->fd >= 0)
			continue;
		*c = (struct super_client){ .fd = fd,
					    .session = ++s->last_session };
		wire_asm__init(&c->in);
		outq__init(&c->out, CLIENT_QUEUE_LIMIT);
		return;
	}
	close(fd); /* the loop does not accept while all slots are taken */
}

void super__reply(struct super *s, struct super_client *c, u32 type,
		  const void *payload, size_t len)
{
	if (c->fd < 0)
		return;
	/* Whoever overruns the window is broken, on either side. */
	if (outq__add_record(&c->out, type, payload, len) ||
	    outq__flush(&c->out, c->fd, NULL))
		super__drop(s, c);
}

static void refuse(struct super *s, struct super_client *c, int err,
		   const char *text)
{
	struct sk_fail fail;
	size_t len = sk_fail__set(&fail, 0, err, text);

	super__reply(s, c, SK_FAIL, &fail, len);
	c->leaving = true;
}

static void on_hello(struct super *s, struct super_client *c,
		     const struct wire_record *rec)
{
	struct sk_hello hello,
		answer = { .version = SK_VERSION, .identity = s->cfg.identity };
	if (s->retiring)
		answer.identity = 0; /* fits nobody */
	if (!sk_record__get(rec, &hello, sizeof(hello)))
		return;
	super__reply(s, c, SK_HELLO, &answer, sizeof(answer));
	if (hello.version != SK_VERSION || s->retiring)
		return;
	c->welcome = true;
	if (hello.idle_s)
		s->cfg.idle_s = hello.idle_s;
}

static void on_status(struct super *s, struct super_client *c,
		      const struct wire_record *rec)
{
	struct sk_status st = {
		.supervisor_pid = getpid(),
		.qemu_pid = s->machine.qemu,
		.virtiofsd_pid = s->machine.virtiofsd,
		.clients = super__count_clients(s) - 1,
		.idle_s = s->cfg.idle_s,
		.uptime_ms = (kt_now_ns() - s->start_ns) / NSEC_PER_MSEC,
		.boot_ms = s->boot_ns / NSEC_PER_MSEC,
	};

	(void)rec;
	snprintf(st.kernel, sizeof(st.kernel), "%s", s->cfg.kernel.name);
	super__reply(s, c, SK_STATUS, &st, sizeof(st));
}

static void on_stop(struct super *s, struct super_client *c,
		    const struct wire_record *rec)
{
	(void)rec;
	(void)c;
	super__fail(s, -ECONNRESET, "softkvm was stopped");
}

static void on_retire(struct super *s, struct super_client *c,
		      const struct wire_record *rec)
{
	(void)rec;
	s->retiring = true;
	c->leaving = true;
}

/* Forward @rec under the session id that the agent knows. */
static void route(struct super *s, struct super_client *c,
		  const struct wire_record *rec)
{
	u8 *copy __free(ptr) = NULL;

	if (!c->welcome || !c->busy || rec->len < sizeof(c->session))
		return;
	copy = malloc(rec->len);
	if (!copy) {
		super__drop(s, c);
		return;
	}
	memcpy(copy, rec->payload, rec->len);
	memcpy(copy, &c->session, sizeof(c->session));
	super__to_agent(s, rec->type, copy, rec->len);
}

static void on_exec(struct super *s, struct super_client *c,
		    const struct wire_record *rec)
{
	if (!c->welcome || c->busy) {
		refuse(s, c, -EPROTO, "unexpected request");
		return;
	}
	c->busy = true;
	route(s, c, rec);
}

static const struct {
	u32 type;
	void (*fn)(struct super *s, struct super_client *c,
		   const struct wire_record *rec);
} handlers[] = {
	{ SK_HELLO, on_hello },	  { SK_EXEC, on_exec },
	{ SK_DATA, route },	  { SK_ACK, route },
	{ SK_SIGNAL, route },	  { SK_CLOSE, route },
	{ SK_STATUS, on_status }, { SK_STOP, on_stop },
	{ SK_RETIRE, on_retire },
};

struct feed_ctx {
	struct super *s;
	struct super_client *c;
};

static void on_record(void *arg, const struct wire_record *rec)
{
	struct feed_ctx *ctx = arg;

	if (ctx->c->fd < 0 || ctx->c->leaving)
		return;
	if (!rec->crc_ok) {
		ctx->c->leaving = true;
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(handlers); i++)
		if (handlers[i].type == rec->type)
			handlers[i].fn(ctx->s, ctx->c, rec);
}

void super__client_readable(struct super *s, struct super_client *c)
{
	/*
	 * The assembler outlives the client: a handler may drop the client
	 * while its records are still being delivered.
	 */
	struct wire_asm in = c->in;
	struct feed_ctx ctx = { s, c };
	ssize_t n = read(c->fd, s->scratch, sizeof(s->scratch));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		super__drop(s, c);
		return;
	}
	wire_asm__init(&c->in);
	if (wire_asm__feed(&in, s->scratch, (size_t)n, on_record, &ctx) ||
	    c->fd < 0 || wire_asm__residual(&in) > SK_MAX_REQUEST + KIB(64)) {
		wire_asm__fini(&in);
		super__drop(s, c);
		return;
	}
	c->in = in;
	if (c->leaving && outq__empty(&c->out))
		super__drop(s, c);
}

void super__client_writable(struct super *s, struct super_client *c)
{
	if (outq__flush(&c->out, c->fd, NULL) ||
	    (c->leaving && outq__empty(&c->out)))
		super__drop(s, c);
}
