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
 * typedef ktstr_post_vm_fn - host-side check after a passing guest
 * Return: 0, or -errno with the reason in @diag (the test then fails).
 */
typedef int (*ktstr_post_vm_fn)(const struct ktstr_vm_result *result,
				struct kt_diag *diag);

#define KTSTR_DEFAULT_CPUS 2u
#define KTSTR_DEFAULT_MEMORY_MIB 512u
#define KTSTR_DEFAULT_TIMEOUT_S 30u

/** struct ktstr_attr - a test's demands; zero means "not said": inherit */
struct ktstr_attr {
	unsigned int cpus;	 /* 1..64, default KTSTR_DEFAULT_CPUS */
	unsigned int memory_mib; /* raised to max(64 * cpus, 256) */
	unsigned int timeout_s;	 /* test body; boot time comes on top */
	const char *kargs;	 /* appended to the kernel command line */
	bool host_only;		 /* run here, without a machine */
	ktstr_post_vm_fn post_vm;
};

#endif /* KTSTR_RESULT_H */
