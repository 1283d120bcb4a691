/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What client, supervisor and agent say to each other: wire records whose
 * payload begins with a session id. Client and supervisor talk over a unix
 * socket, supervisor and agent over a virtio-serial port; the supervisor
 * translates session ids and is otherwise a router.
 *
 * Data flows under credit: the sender of a stream may have SK_WINDOW bytes on
 * their way; the final consumer returns credit with SK_ACK. So a slow client
 * stops its program, not the others, and nobody buffers without bound.
 */
#ifndef VMM_SOFTKVM_PROTO_H
#define VMM_SOFTKVM_PROTO_H

#include <ktstr/diag.h>
#include <ktstr/wire.h>

/* Any change of a record or of the agent's behaviour takes a new number. */
#define SK_VERSION 3u

#define SK_WINDOW (256u << 10)	    /* unacknowledged bytes per stream */
#define SK_CHUNK (32u << 10)	    /* data bytes in one record */
#define SK_MAX_REQUEST (3u << 20)   /* argv and environment (ARG_MAX 2 MiB) */
#define SK_MAX_STRINGS (256u << 10) /* argv, environment, directories */

enum sk_type {
	SK_HELLO = WIRE_TAG('S', 'H', 'E', 'L'),  /* both ways, first */
	SK_EXEC = WIRE_TAG('S', 'E', 'X', 'E'),	  /* to agent */
	SK_DATA = WIRE_TAG('S', 'D', 'A', 'T'),	  /* both; empty: end of file */
	SK_ACK = WIRE_TAG('S', 'A', 'C', 'K'),	  /* both: credit */
	SK_SIGNAL = WIRE_TAG('S', 'S', 'I', 'G'), /* to agent */
	SK_CLOSE = WIRE_TAG('S', 'C', 'L', 'S'),  /* to agent: reader gone */
	SK_KILL = WIRE_TAG('S', 'K', 'I', 'L'),	  /* supervisor to agent */
	SK_EXIT = WIRE_TAG('S', 'E', 'X', 'I'),	  /* to client: program ended */
	SK_FAIL = WIRE_TAG('S', 'F', 'A', 'I'),	  /* to client: not run */
	SK_READY = WIRE_TAG('S', 'R', 'D', 'Y'),  /* agent is up */
	SK_PING = WIRE_TAG('S', 'P', 'I', 'N'),	  /* to agent */
	SK_PONG = WIRE_TAG('S', 'P', 'O', 'N'),	  /* from agent */
	SK_STATUS = WIRE_TAG('S', 'S', 'T', 'A'), /* both */
	SK_STOP = WIRE_TAG('S', 'S', 'T', 'P'),	  /* to supervisor */
	SK_RETIRE = WIRE_TAG('S', 'R', 'E', 'T'), /* finish, then leave */
};

enum sk_stream { SK_STDIN, SK_STDOUT, SK_STDERR, SK_NR_STREAMS };

/* Record payloads. Host and softkvm are the same architecture. */
struct sk_hello {
	u32 session; /* 0 */
	u32 version;
	u64 identity; /* what the instance was made from */
	u32 idle_s;   /* the client's wish; 0 in the answer */
	u32 pad;
};

struct sk_data {
	u32 session;
	u32 stream;
	u8 bytes[];
};

struct sk_ack {
	u32 session;
	u32 stream;
	u32 bytes;
};

/* SK_SIGNAL: signal number. SK_CLOSE: stream. SK_EXIT: status. Others: 0. */
struct sk_word {
	u32 session;
	u32 value;
};

struct sk_fail {
	u32 session;
	s32 err;	/* -errno */
	char text[900]; /* as much of it as there is, no NUL */
};

struct sk_status {
	u32 session; /* 0 */
	s32 supervisor_pid, qemu_pid, virtiofsd_pid;
	u32 clients;
	u32 idle_s;
	u64 uptime_ms, boot_ms;
	char kernel[128];
};

/** struct sk_request - a program to run, as SK_EXEC carries it */
struct sk_request {
	const char *cwd;
	char **argv; /* NULL-terminated */
	char **envp; /* NULL-terminated */
	char **rw;   /* NULL-terminated */
	u32 nr_argv, nr_envp, nr_rw;
	u32 umask, uid, gid;
};

/**
 * sk_request__encode - payload of SK_EXEC, session id 0 in front
 * @ret_buf: owned by the caller, free()
 * Return: 0, -E2BIG or -ENOMEM.
 */
int sk_request__encode(const struct sk_request *req, void **ret_buf,
		       size_t *ret_len, struct kt_diag *diag);

/**
 * sk_request__decode - check @payload and point into it
 * @payload: stays in use by @ret_req
 *
 * Return: 0, -EBADMSG or -ENOMEM; release with sk_request__fini().
 */
int sk_request__decode(void *payload, size_t len, struct sk_request *ret_req);
void sk_request__fini(struct sk_request *req);

/** sk_send - one record to a socket; no SIGPIPE; Return: 0 or -errno */
int sk_send(int fd, u32 type, const void *payload, size_t len);

/** sk_send_word - sk_send() of a struct sk_word */
int sk_send_word(int fd, u32 type, u32 session, u32 value);

/** sk_record__session - session id of a record; 0 when it is too short */
u32 sk_record__session(const struct wire_record *rec);

/**
 * sk_record__get - copy the fixed part of a payload
 * Return: false when the record is damaged or shorter than @size.
 */
bool sk_record__get(const struct wire_record *rec, void *to, size_t size);

/** sk_fail__set - fill in @fail; Return: length of the payload */
size_t sk_fail__set(struct sk_fail *fail, u32 session, int err,
		    const char *text);

/** sk_record__fail_text - text of SK_FAIL into @diag; Return: its -errno */
int sk_record__fail_text(const struct wire_record *rec, struct kt_diag *diag);

#endif /* VMM_SOFTKVM_PROTO_H */
