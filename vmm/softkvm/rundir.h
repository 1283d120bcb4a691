/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where softkvm keeps what is running, per user:
 *
 *   RUN/lock              held while an instance is being started or removed
 *   RUN/current -> i-PID  the instance new clients use
 *   RUN/i-PID/socket      supervisor's socket
 *   RUN/i-PID/log         messages of supervisor, QEMU, virtiofsd
 *   RUN/i-PID/console     kernel messages of the guest
 *
 * RUN is $XDG_RUNTIME_DIR/ktstr-softkvm or /tmp/ktstr-softkvm-UID, ours alone
 * (mode 0700). It exists only while an instance does. A user's further machines
 * (KTSTR_SOFTKVM_INSTANCE=N) have directories of their own, RUN.N, and so
 * nothing in common with each other.
 */
#ifndef VMM_SOFTKVM_RUNDIR_H
#define VMM_SOFTKVM_RUNDIR_H

#include <ktstr/diag.h>

#define RUNDIR_MAX 80 /* "/i-PID/socket" must fit a sockaddr_un with it */
#define RUNDIR_CURRENT "current"

/** rundir__path - RUN of machine @number; Return: 0 or -ENAMETOOLONG */
int rundir__path(char buf[RUNDIR_MAX], unsigned int number,
		 struct kt_diag *diag);

/**
 * rundir__check - is @path a directory that only we can enter?
 * Return: 0, -ENOENT when it does not exist, -EPERM when it is somebody
 * else's or open to others.
 */
int rundir__check(const char *path, struct kt_diag *diag);

/**
 * rundir__lock - create RUN when missing and take its lock
 * @wait: wait for a holder; else -EWOULDBLOCK
 * @ret_fd: the lock; inherited copies hold it too, close() releases
 */
int rundir__lock(const char *path, bool wait, int *ret_fd,
		 struct kt_diag *diag);

/** rundir__connect - connect to @instance's supervisor */
int rundir__connect(const char *path, const char *instance, int *ret_fd);

/** rundir__listen - make instance directory and socket of this process */
int rundir__listen(const char *instance_dir, int *ret_fd, struct kt_diag *diag);

/** rundir__publish - make @instance current, atomically */
int rundir__publish(const char *path, const char *instance);

/** rundir__remove_instance - delete an instance's files and its "current" */
void rundir__remove_instance(const char *path, const char *instance);

/**
 * rundir__each - call @fn for every instance directory
 * @fn: returns 0 to go on, anything else ends the walk
 * Return: what ended the walk, or 0; no RUN is no instance.
 */
int rundir__each(const char *path,
		 int (*fn)(const char *path, const char *instance, void *ctx),
		 void *ctx);

/**
 * rundir__remove_dead - delete instances nobody listens in
 * Call with the lock held.
 */
void rundir__remove_dead(const char *path);

/**
 * rundir__remove_if_empty - delete RUN when no instance is left
 * Call with the lock held; it is worth nothing afterwards.
 */
void rundir__remove_if_empty(const char *path);

#endif /* VMM_SOFTKVM_RUNDIR_H */
