/* SPDX-License-Identifier: GPL-2.0 */
/*
 * overlayfs opens its lower files with O_NOATIME, which on the host only a
 * file's owner or root may do; QEMU's virtiofsd passes it on and fails. When
 * we are an ordinary user, virtiofsd runs traced and its openat(2) calls with
 * that flag stop, to go on without it. All others run at full speed.
 */
#ifndef VMM_SOFTKVM_NOATIME_H
#define VMM_SOFTKVM_NOATIME_H

#include <sys/types.h>

#include <ktstr/diag.h>

/** noatime__filter - in the child, before exec: which calls stop or are faked
 */
int noatime__filter(void);

/** noatime__trace - in the parent, after exec: become the tracer of @pid */
int noatime__trace(pid_t pid, struct kt_diag *diag);

/** noatime__resume - let @tid go on after a stop reported by waitpid() */
void noatime__resume(pid_t tid, int status);

#endif /* VMM_SOFTKVM_NOATIME_H */
