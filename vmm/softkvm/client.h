/* SPDX-License-Identifier: GPL-2.0 */
/* A client's connection to the supervisor. */
#ifndef VMM_SOFTKVM_CLIENT_H
#define VMM_SOFTKVM_CLIENT_H

#include "vmm/softkvm/config.h"
#include "vmm/softkvm/proto.h"
#include "vmm/softkvm/rundir.h"

/**
 * client__open - connect to an instance that fits, starting one when needed
 * @quiet: no progress on standard error even when it is a terminal
 * @ret_fd: connected, hello exchanged
 */
int client__open(const struct softkvm_config *cfg, bool quiet, int *ret_fd,
		 struct kt_diag *diag);

/**
 * client__wait - next record of type @type from @fd into @to
 * @timeout_ms: for each read
 * Return: 0, -ETIMEDOUT, -ECONNRESET, -EPROTO, or SK_FAIL's errno.
 */
int client__wait(int fd, u32 type, void *to, size_t size, int timeout_ms,
		 struct kt_diag *diag);

/** client__kill_peer - kill a supervisor that does not answer */
void client__kill_peer(int fd);

#endif /* VMM_SOFTKVM_CLIENT_H */
