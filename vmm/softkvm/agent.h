/* SPDX-License-Identifier: GPL-2.0 */
/* The agent: PID 1 inside, starts one namespace per session. */
#ifndef VMM_SOFTKVM_AGENT_H
#define VMM_SOFTKVM_AGENT_H

#include <sys/types.h>

#include "vmm/softkvm/outq.h"
#include "vmm/softkvm/proto.h"

#define AGENT_ENV "KTSTR_SOFTKVM_AGENT" /* set by the kernel command line */
#define AGENT_MAX_SESSIONS 64u
#define AGENT_HOST_DIR "/host" /* the host's root, through virtiofs */
#define AGENT_ROOT_DIR "/root" /* where a session puts its root together */
#define AGENT_UPPER_DIR "/upper"

/** struct session - one program, its pipes and its credit */
struct session {
	u32 id;
	bool used;
	pid_t init; /* PID 1 of the session's namespace; 0: reaped */
	int status; /* wait status of init */
	int in_fd;
	int out_fd[SK_NR_STREAMS]; /* [SK_STDIN] unused */
	u32 credit[SK_NR_STREAMS];
	int error_fd; /* why the program could not be started */
	struct outq in;
	bool in_eof;
	char error[512];
};

/** agent__main - the role; returns only when there is no way to go on */
int agent__main(void);

/**
 * session__start - fork the namespace and its init
 * @req: valid during the call
 * @delay_ns: wait this long inside before looking at the host's files
 * Return: 0 or -errno with nothing left.
 */
int session__start(struct session *s, u32 id, const struct sk_request *req,
		   u64 delay_ns);

/** session_init__main - body of PID 1 of a session; the report goes to
 * @error_fd, an empty one means that the program was started */
_Noreturn void session_init__main(const struct sk_request *req, int error_fd);

/** session_root__enter - private overlay of the host's root becomes "/" */
int session_root__enter(const struct sk_request *req, struct kt_diag *diag);

/** boot__mounts - what PID 1 needs before anything else */
int boot__mounts(struct kt_diag *diag);
/** boot__modules - insert lib/modules/NN-*.ko in order */
int boot__modules(struct kt_diag *diag);
/** boot__devices - virtiofs, /dev for everybody, loopback */
int boot__devices(struct kt_diag *diag);
/** boot__open_port - the virtio-serial port to the supervisor */
int boot__open_port(int *ret_fd, struct kt_diag *diag);

#endif /* VMM_SOFTKVM_AGENT_H */
