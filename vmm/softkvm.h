/* SPDX-License-Identifier: GPL-2.0 */
/*
 * softkvm: a machine with working KVM on a host without it. A QEMU TCG guest
 * with emulated AMD SVM runs the default kernel; the host's root is visible
 * through virtiofs under a private overlay; programs are re-run in there.
 *
 * Roles, all in one executable: client (any program linked with us), supervisor
 * (owns QEMU and virtiofsd, one per instance, leaves when idle), agent (PID 1
 * inside, starts programs).
 */
#ifndef VMM_SOFTKVM_H
#define VMM_SOFTKVM_H

#include <ktstr/diag.h>

struct accel_probe;

#define SOFTKVM_ENV "KTSTR_SOFTKVM" /* set to "1" for programs inside */
/*
 * Which of a program's standard output and error arrive at a terminal: device
 * and inode of the pipes they are inside, so that no other one is taken for it.
 */
#define SOFTKVM_TTY_ENV "KTSTR_SOFTKVM_TTY"
#define SOFTKVM_IDLE_ENV "KTSTR_SOFTKVM_IDLE" /* seconds, default 300 */
/*
 * Which of this user's machines to use, default 0. Each has one processor, so
 * whoever wants to use several of the host's starts several.
 */
#define SOFTKVM_INSTANCE_ENV "KTSTR_SOFTKVM_INSTANCE"
#define SOFTKVM_INSTANCES 64u

/** enum softkvm_rc - exit status of softkvm__exec() beyond the program's own */
enum softkvm_rc {
	SOFTKVM_RC_INFRA = 125, /* softkvm failed; the program did not decide */
};

/**
 * softkvm__main - run the supervisor or agent role if this process is one
 *
 * Must be the first call of main() in every program that may start softkvm.
 * Return: true when the process had such a role; *@ret_status is then what
 * main() returns.
 */
bool softkvm__main(int argc, char **argv, int *ret_status);

struct softkvm_exec {
	char *const *argv; /* argv[0] is an absolute path or found in PATH */
	const char *const
		*rw_dirs;	 /* absolute host directories written through */
	unsigned int nr_rw_dirs; /* the cache directory is always added */
	bool quiet;		 /* no progress text on stderr */
	/* May be NULL; sees what the program writes, fd 1 or 2, as it passes.
	 */
	void (*on_output)(void *ctx, int fd, const void *buf, size_t len);
	void *ctx;
};

/**
 * softkvm__exec - run a program inside, as if it had been run here
 *
 * Starts an instance when none is usable (stale, dead, other version: it is
 * replaced). argv, environment, working directory, stdin, stdout, stderr,
 * exit status and the signals SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH are
 * passed. A program killed by signal N yields *@ret_status 128 + N.
 * Return: 0 with the program's status, or -errno with the reason and remedy
 * in @diag (package missing, softkvm died, ...).
 */
int softkvm__exec(const struct softkvm_exec *req, int *ret_status,
		  struct kt_diag *diag);

/**
 * softkvm__wanted - must this process run its machines inside?
 * @ret_probe: what was measured; only KTSTR_SOFTKVM was looked at inside
 *             softkvm when @measure_inside is false
 *
 * Follows KTSTR_ACCEL. Return: 0, or -errno with the remedy in @diag when it
 * asks for what is not there.
 */
int softkvm__wanted(bool measure_inside, struct accel_probe *ret_probe,
		    bool *ret_wanted, struct kt_diag *diag);

/**
 * softkvm__rerun - softkvm__exec() of this very program
 * @req: argv[0] is not used; the path of this executable is
 */
int softkvm__rerun(const struct softkvm_exec *req, int *ret_status,
		   struct kt_diag *diag);

/** softkvm__is_tty - is @fd a terminal, or on its way out of here to one? */
bool softkvm__is_tty(int fd);

/** softkvm__start - make sure an instance is up; prints nothing */
int softkvm__start(bool quiet, struct kt_diag *diag);

/**
 * softkvm__instance - what the environment selects, 0 to SOFTKVM_INSTANCES - 1
 * Return: 0 or -EINVAL with a message.
 */
int softkvm__instance(unsigned int *ret_instance, struct kt_diag *diag);

/** softkvm__stop - stop every machine of this user, leave nothing */
int softkvm__stop(struct kt_diag *diag);

struct softkvm_status {
	bool running;
	unsigned int instance;
	int supervisor_pid, qemu_pid, virtiofsd_pid;
	unsigned int clients;
	u64 uptime_ms, boot_ms, idle_limit_s;
	char kernel[128];
	char run_dir[256];
};

/** softkvm__status - describe one machine; @ret_status->running tells */
int softkvm__status(unsigned int instance, struct softkvm_status *ret_status,
		    struct kt_diag *diag);

#endif /* VMM_SOFTKVM_H */
