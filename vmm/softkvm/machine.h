/* SPDX-License-Identifier: GPL-2.0 */
/* The outer machine: QEMU, its virtiofsd, and the port to the agent. */
#ifndef VMM_SOFTKVM_MACHINE_H
#define VMM_SOFTKVM_MACHINE_H

#include <sys/types.h>

#include "vmm/softkvm/config.h"

#define SK_PORT_NAME "ktstr.softkvm" /* virtio-serial port of the agent */
/*
 * How long the guest may believe what it knows of names and attributes. A
 * question to the host costs a millisecond or two, so this is what makes
 * programs start quickly; see session_start_delay_ns() for why nothing stale
 * is seen all the same.
 */
#define SK_FS_TIMEOUT_MS 250u
#define SK_FS_TAG "ktstr-root" /* virtiofs tag of the host's root */

struct sk_machine {
	pid_t qemu, virtiofsd; /* 0: not running; children of the caller */
	int agent_fd;	       /* non-blocking; -1 when not started */
};

/**
 * sk_machine__start - start both processes
 * @dir: instance directory, for the console file and a passing socket
 *
 * They are killed when the calling thread ends, whatever ends it. The caller's
 * standard output and error become theirs.
 * Return: 0 or -errno with nothing left behind.
 */
int sk_machine__start(const struct softkvm_config *cfg, const char *dir,
		      struct sk_machine *ret, struct kt_diag *diag);

/** sk_machine__stop - end both, reap them, close the port */
void sk_machine__stop(struct sk_machine *m);

/**
 * sk_machine__reap - collect children that ended
 * Return: pid of one that was ours (now 0 in @m) with its @ret_status, else 0.
 */
pid_t sk_machine__reap(struct sk_machine *m, int *ret_status);

#endif /* VMM_SOFTKVM_MACHINE_H */
