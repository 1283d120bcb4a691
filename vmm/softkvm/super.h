/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The supervisor: one process per instance, one thread, one poll loop. It
 * owns the machine, routes records between clients and the agent, and leaves
 * when told, when nobody came for a while, or when the machine is gone.
 */
#ifndef VMM_SOFTKVM_SUPER_H
#define VMM_SOFTKVM_SUPER_H

#include "vmm/softkvm/config.h"
#include "vmm/softkvm/machine.h"
#include "vmm/softkvm/outq.h"
#include "vmm/softkvm/proto.h"
#include "vmm/softkvm/rundir.h"

#define SUPER_ARGV0 "ktstr-softkvm"
#define SUPER_ROLE "supervisor"
#define SUPER_MAX_CLIENTS 64u

/* From QEMU's start to the agent's first record; a busy host is slow. */
#define SUPER_BOOT_LIMIT_S 120u

struct super_client {
	int fd; /* -1: free slot */
	u32 session;
	bool welcome; /* said hello */
	bool busy;    /* its program runs */
	bool leaving; /* closed as soon as its queue is written */
	struct wire_asm in;
	struct outq out;
};

struct super {
	struct softkvm_config cfg;
	char run_dir[RUNDIR_MAX];
	char instance[32];
	int listen_fd, signal_fd;
	int ready_fd; /* to the starter, -1 when told */
	int lock_fd;  /* held while starting */
	struct sk_machine machine;
	struct wire_asm agent_in;
	struct outq agent_out;
	struct super_client clients[SUPER_MAX_CLIENTS];
	u32 last_session;
	bool agent_up, retiring, leave;
	u64 start_ns, boot_ns; /* boot_ns: how long it took */
	u64 idle_since_ns;     /* 0: not idle */
	u64 heard_ns, pinged_ns;
	u64 agent_eof_ns; /* 0: its port is open */
	u8 scratch[KIB(64)];
};

/** super__main - the role's main(); argv as made by the client */
int super__main(int argc, char **argv);

/** super__fail - tell everyone waiting why, then leave */
void super__fail(struct super *s, int err, const char *fmt, ...)
	__printf_like(3, 4);

/* super-client.c */
void super__accept(struct super *s);
void super__client_readable(struct super *s, struct super_client *c);
void super__client_writable(struct super *s, struct super_client *c);
unsigned int super__count_clients(const struct super *s);
struct super_client *super__find(struct super *s, u32 session);
void super__drop(struct super *s, struct super_client *c);
void super__reply(struct super *s, struct super_client *c, u32 type,
		  const void *payload, size_t len);

/* super-agent.c */
void super__agent_readable(struct super *s);
void super__to_agent(struct super *s, u32 type, const void *payload,
		     size_t len);
void super__to_agent_flush(struct super *s);
/** super__check_agent - ping it; give up on it when it is silent for long */
void super__check_agent(struct super *s, u64 now_ns);

#endif /* VMM_SOFTKVM_SUPER_H */
