/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which accelerator do we have? Decided by measuring, never by access(2):
 * some hosts expose a /dev/kvm that interprets guest code at under 1 MIPS.
 */
#ifndef VMM_ACCEL_H
#define VMM_ACCEL_H

#include <ktstr/diag.h>

#define ACCEL_PROBE_DEADLINE_MS 50u
/* Below this a stock kernel takes minutes to boot; hardware does > 1000. */
#define ACCEL_SLOW_MIPS 10u

enum accel_kind {
	ACCEL_HARDWARE,	     /* usable here (softkvm's own /dev/kvm included) */
	ACCEL_SLOW,	     /* KVM without hardware behind it */
	ACCEL_ABSENT,	     /* no /dev/kvm, or no KVM behind it */
	ACCEL_NO_PERMISSION, /* /dev/kvm exists, this user may not open it */
	ACCEL_KIND_NR,
};

struct accel_probe {
	enum accel_kind kind;
	double mips; /* guest instructions/s measured, 0 if none ran */
	u64 probe_ns;
	int err;	     /* -errno behind ABSENT / NO_PERMISSION */
	bool inside_softkvm; /* KTSTR_SOFTKVM is set in the environment */
};

/**
 * accel__probe - run a counting loop in a one-page guest for at most
 * ACCEL_PROBE_DEADLINE_MS
 * @kvm_path: normally "/dev/kvm"; tests pass others
 *
 * Never fails: every failure is a classification.
 */
void accel__probe(const char *kvm_path, struct accel_probe *ret);

/** accel_kind__name - "hardware", "slow", "absent", "no permission" */
const char *accel_kind__name(enum accel_kind kind);

/** accel__remedy - one sentence telling the user what to do, or "" */
const char *accel__remedy(enum accel_kind kind);

enum accel_choice {
	ACCEL_USE_KVM,	   /* run here */
	ACCEL_USE_SOFTKVM, /* re-run this process inside softkvm */
};

/**
 * accel__choose - apply KTSTR_ACCEL=kvm|softkvm|auto to a probe
 *
 * "kvm" on anything but hardware is -ENODEV with the remedy in @diag; an
 * unknown word is -EINVAL; "softkvm" inside softkvm means KVM here.
 */
int accel__choose(const struct accel_probe *probe, const char *env,
		  enum accel_choice *ret_choice, struct kt_diag *diag);

/** accel__describe - one line for reports: which is used, speed, why */
void accel__describe(const struct accel_probe *probe, char *buf, size_t size);

#endif /* VMM_ACCEL_H */
