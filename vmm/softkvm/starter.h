/* SPDX-License-Identifier: GPL-2.0 */
/* Between the client that starts an instance and the new supervisor. */
#ifndef VMM_SOFTKVM_STARTER_H
#define VMM_SOFTKVM_STARTER_H

#include <ktstr/diag.h>

/* argv of the supervisor: argv0, role, run dir, instance, two descriptors */
#define SUPER_ARGC 6

/** struct starter_report - written once to the pipe of the starter */
struct starter_report {
	int err; /* 0: it is up; else -errno */
	char text[800];
};

/**
 * starter__start - replace the current instance by a new one
 * @run_dir: from rundir__path()
 * @lock_fd: rundir__lock() is held; the supervisor keeps a copy while it boots
 *
 * Returns when the instance serves or has failed.
 */
int starter__start(const char *run_dir, int lock_fd, struct kt_diag *diag);

#endif /* VMM_SOFTKVM_STARTER_H */
