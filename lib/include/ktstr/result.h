/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a test declares about its machine, and what running it yields. Plain
 * data, seen by test authors (through ktstr/harness.h), the session and
 * post_vm callbacks.
 */
#ifndef KTSTR_RESULT_H
#define KTSTR_RESULT_H

#include <ktstr/diag.h>
#include <ktstr/outcome.h>

/**
 * struct ktstr_vm_result - everything known about one finished machine run
 *
 * Handed to post_vm callbacks; strings are NUL-terminated and live until the
 * callback returns. Guest-made text is unfiltered bytes of a hostile peer.
 */
struct ktstr_vm_result {
	const char *test_name; /* fixture[.variant].test */
	enum ktstr_outcome outcome;
	bool success; /* outcome is PASS and the guest powered off cleanly */
	bool timed_out;
	bool torn; /* a bulk record was damaged, unknown or cut short */

	unsigned int vcpus;
	unsigned int memory_mib;
	s32 exit_code;	    /* guest's exit record, -1 when none came */
	u32 term_signal;    /* signal that ended the test body, 0 = none */
	const char *reason; /* test's own skip or failure reason, "" = none */

	u64 duration_ns; /* host wall clock, machine built to machine gone */
	u64 body_ns;	 /* guest clock around the test body */
	u64 boot_ns;	 /* host wall clock, first vCPU run to guest init */
	u64 teardown_ns; /* host wall clock, tearing the machine down */
	u64 vm_exits;	 /* returns from KVM_RUN to user space */
	bool initramfs_cached;
	bool kernel_cached;
	u64 kaslr_offset; /* of the kernel's text; 0: where it was linked */

	const char *output; /* guest stdout */
	const char *stderr_text;
	const char *kernel_log; /* COM1, then the guest's own log tail */
	const char *kernel_log_path;
	const char *cmdline; /* kernel command line the guest booted with */
	const char *crash_message; /* init's PANIC:/FATAL: text, or NULL */

	/*
	 * Where artifacts of this run are, "" when it has none, and the hash
	 * that tells it from other variants of the test. Their paths are made
	 * from these (ktstr/wprof-check.h).
	 */
	const char *artifact_dir;
	u64 variant_hash;
	const char *wprof_outcome; /* a name of ktstr/wprof-outcome.def */
	const char *wprof_why;	   /* what went wrong with it, or "" */

	/*
	 * The kernel's first complaint that is not on the allow-list: its
	 * headline, and "1f2e3d4c inner < caller < ..." (a hash of kind and
	 * frames, then up to five function names; the same in every run of the
	 * same crash). NULL when there was none.
	 */
	const char *splat;
	const char *fingerprint;
	unsigned int splats_allowed; /* complaints that are on the list */
};

/**
 * typedef ktstr_post_vm_fn - host-side callback when the machine is gone
 *
 * Runs in a process of its own, forked for it: what it changes in memory is
 * gone afterwards, what it does to files stays, a crash or a hang of it is a
 * failure that says so. What it prints goes into the report as it is.
 * Return: 0, ktstr_post_vm_skip(), or -errno with the reason in @diag (the
 * test then fails). See the hooks in ktstr/attr.def for when it is called.
 */
typedef int (*ktstr_post_vm_fn)(const struct ktstr_vm_result *result,
				struct kt_diag *diag);

/* Value that only ktstr_post_vm_skip() returns. */
#define KTSTR_POST_VM_SKIP 1

/**
 * ktstr_post_vm_skip - turn the test into a skip: return this
 * @diag: the callback's
 * @reason: short and constant, because some CI systems make it part of the
 *          test's name
 *
 * Turns only a pass into a skip; what failed stays failed.
 * Return: KTSTR_POST_VM_SKIP.
 */
int ktstr_post_vm_skip(struct kt_diag *diag, const char *reason);

/* Host seconds a callback may take, times the report's "time limits" factor. */
#define KTSTR_POST_VM_TIMEOUT_S 30u

/*
 * Exit status in the guest's result record of a test that said
 * KTSTR_INCONCLUSIVE(): above those of kselftest.h (0 to 4) and of sysexits.h,
 * below those that shells give a meaning (125 and up). Only the macro makes it;
 * a body that exits with it by itself has failed.
 */
#define KTSTR_EXIT_INCONCLUSIVE 120

/* The same for a guest that is not as declared; its test did not begin. */
#define KTSTR_EXIT_TOPOLOGY_MISMATCH 121

#endif /* KTSTR_RESULT_H */
