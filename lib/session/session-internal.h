/* SPDX-License-Identifier: GPL-2.0 */
/* Pieces of a session that are pure enough to be tested on their own. */
#ifndef LIB_SESSION_SESSION_INTERNAL_H
#define LIB_SESSION_SESSION_INTERNAL_H

#include <ktstr/session.h>
#include <ktstr/wire.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "lib/session/host-share.h"
#include "lib/session/splat.h"
#include "vmm/accel.h"
#include "vmm/initramfs.h"
#include "vmm/vm.h"

struct session {
	pid_t owner;
	struct kernel_ref kernel;
	u64 kernel_bytes; /* of memory, until its init is done */
	struct accel_probe accel;
	struct host_rules host;
	struct initramfs_base base;	 /* fd -1 while not built */
	const struct workload *workload; /* NULL: tests of the harness */
	const char *init;		 /* borrowed */
	char log_dir[PATH_MAX];
	struct splat_allow *allow; /* NULL: no list */
	atomic_uint *machines; /* started so far; shared with forked tests */
	bool broken;	       /* set-up failed, @why says how */
	struct kt_diag why;
};

/**
 * struct keepbuf - the first or last @max bytes of a stream, NUL-terminated
 *
 * Memory follows what arrived, never more than about twice @max.
 */
struct keepbuf {
	char *data;
	size_t len, cap, max;
	bool tail; /* keep the end instead of the beginning */
	u64 total; /* bytes that ever arrived */
};

void keepbuf__init(struct keepbuf *kb, size_t max, bool tail);
void keepbuf__fini(struct keepbuf *kb);
void keepbuf__add(struct keepbuf *kb, const void *data, size_t len);
/** keepbuf__text - what is kept; never NULL */
const char *keepbuf__text(struct keepbuf *kb);

/** struct evidence - what is known when the machine is gone */
struct evidence {
	enum vm_exit_reason exit;
	bool have_result;
	struct msg_test_result result;
	char reason[1024];
	bool is_workload;  /* not a test of ours, so that this must come: */
	bool have_program; /* its EXEC_EXIT record */
	s32 program_status;
	bool have_exit;
	s32 exit_code;
	bool damaged;	       /* bulk stream had bad, cut or unknown records */
	bool doubled;	       /* more than one result came */
	bool forged;	       /* a result came that was not init's */
	bool over_com2;	       /* records came as text on COM2 */
	bool fatal;	       /* init said FATAL or PANIC on COM2 */
	enum splat_kind splat; /* first complaint of the kernel not allowed */
	bool oom_panic;	       /* the panic was about memory */
};

/**
 * verdict__judge - the one place that turns evidence into an outcome
 *
 * A pass needs all of: result record, exit record that agrees with it,
 * undamaged stream, clean power-off, and a kernel that did not complain.
 * Anything less names what is missing.
 */
enum ktstr_outcome verdict__judge(const struct evidence *ev);

/** verdict__test_said - the result record alone; valid with ev->have_result */
enum ktstr_outcome verdict__test_said(const struct evidence *ev);

/**
 * verdict__sanitize - copy hostile text so that it fits a KTAP directive:
 * one line, printable ASCII, no '#'
 */
void verdict__sanitize(char *dst, size_t size, const char *src);

/**
 * cmdline__build - kernel command line for a test machine with @attr
 *
 * ktstr's own words, nokaslr, the sysctls, the kargs: of contradicting words
 * the kernel believes the last.
 * Return: 0, or -E2BIG naming length, limit and what is how long.
 */
int cmdline__build(char *buf, size_t size, const struct ktstr_attr *attr,
		   unsigned int timeout_ms, bool verbose, struct kt_diag *diag);

/**
 * attr__check - ktstr_attr__check(), or, for callers that know what they do,
 * the same with every word allowed in the kargs
 */
int attr__check(const char *name, const struct ktstr_attr *attr, bool any_kargs,
		struct kt_diag *diag);

/**
 * session__beside_program - path of @name in the directory of the executable
 * Return: 0, or -errno; the file need not exist.
 */
int session__beside_program(const char *name, char *buf, size_t size,
			    struct kt_diag *diag);

/**
 * session__build_base - the part of the ramdisk that machines of @s share
 * @extra: one more file for this one, or NULL
 */
int session__build_base(const struct session *s,
			const struct initramfs_file *extra,
			struct initramfs_base *ret_base, struct kt_diag *diag);

/**
 * attr__memory_mib - max(64 * cpus, 256, asked), and what a tracer needs
 *
 * A size that is meant exactly, or said node by node, does not grow for the
 * tracer's sake.
 */
unsigned int attr__memory_mib(const struct ktstr_attr *attr);

/**
 * memory__floor_mib - what a machine needs to get to its test
 * @kernel_bytes: memory that the kernel takes while it starts
 * @packed_bytes: of the ramdisk as it is loaded
 * @unpacked_bytes: of the files in it
 */
u64 memory__floor_mib(u64 kernel_bytes, u64 packed_bytes, u64 unpacked_bytes);

/**
 * memory__check_host - can a host with @host_mib hold a guest with @mib?
 *
 * Memory is the host's only once the guest has touched it, so a guest may have
 * more than the host (*@ret_tight), as long as it can begin to.
 * Return: 0, or -ENOMEM with both numbers.
 */
int memory__check_host(unsigned int mib, u64 host_mib, bool *ret_tight,
		       struct kt_diag *diag);

/**
 * memory__check - memory__check_host() of this host
 *
 * Tells in @report what works only until the guest touches it.
 * Return: 0, also where the kernel does not say, or -ENOMEM.
 */
int memory__check(unsigned int mib, FILE *report, struct kt_diag *diag);

/**
 * session__machine_mib - memory of the machine for @attr: what it asks for, at
 * least the floor. Return: 0, or -EINVAL when its .nodes have less.
 */
int session__machine_mib(const struct session *s, const struct ktstr_attr *attr,
			 unsigned int *ret_mib, struct kt_diag *diag);

/* No accelerator stretches time limits by more. */
#define DILATION_MAX 6

/**
 * session__dilate - stretch factor for an accelerator that runs at @mips
 *
 * 1 from 2000 MIPS up, which hardware exceeds in the probe's loop, growing
 * inversely below, at most DILATION_MAX: the same cap that the time-out rules
 * use for over-committed hosts.
 */
double session__dilate(double mips);

/**
 * session__stretch - factor on every time limit of @attr's machine
 *
 * The accelerator's dilation times the vCPUs that share a CPU, at most
 * DILATION_MAX. All deadlines go through here.
 */
double session__stretch(const struct session *s, const struct ktstr_attr *attr);

/**
 * session__run_machine - boot, stream, collect; the body of session__run_test
 *
 * Return: 0 with the outcome and its reason, or -errno when the machine could
 * not be built (reason in @diag); -ECANCELED when the host's CPUs cannot be had
 * as the user says.
 */
int session__run_machine(struct session *s, const char *name,
			 const struct ktstr_attr *attr, FILE *report,
			 struct session_verdict *ret_verdict,
			 struct kt_diag *diag);

#endif /* LIB_SESSION_SESSION_INTERNAL_H */
