/* SPDX-License-Identifier: GPL-2.0 */
/* What an instance is made from, and the hash that tells two such apart. */
#ifndef VMM_SOFTKVM_CONFIG_H
#define VMM_SOFTKVM_CONFIG_H

#include <ktstr/diag.h>
#include <ktstr/kernel.h>

struct softkvm_config {
	struct kernel_ref kernel;
	char qemu[PATH_MAX];
	char virtiofsd[PATH_MAX];
	unsigned int memory_mib;
	unsigned int idle_s;
	u64 identity; /* equal: an instance can serve us */
};

/* Part of the identity, as softkvm_cmdline is. */
#define SK_MACHINE_TYPE "pc,vmport=off,usb=off,hpet=off"
/*
 * TCG does not intercept XSETBV: with XSAVE, KVM would never learn of a
 * guest's XCR0, and guest kernels complain at length. With ERMS, kernels copy
 * by "rep movsb", which TCG executes byte by byte; without it they move eight
 * at a time (16 MB through pipes and consoles: 1.3 s instead of 2.2 s). With
 * SMAP, TCG looks up user memory in a cache of its own for copies of the
 * kernel, and begins a block of code at each end of them: write() to tmpfs, 8
 * MiB in huge pages, 2.3 GiB/s without and 1.8 with it.
 */
#define SK_CPU "max,+svm,la57=off,xsave=off,erms=off,smap=off"

/** softkvm_cmdline - the outer kernel's command line */
extern const char softkvm_cmdline[];

/**
 * softkvm_config__load - find QEMU, virtiofsd and the default kernel
 *
 * Return: 0 or -errno; a missing piece is -ENOENT and the message says how to
 * get it.
 */
int softkvm_config__load(struct softkvm_config *ret, struct kt_diag *diag);

/**
 * softkvm_config__number - the number in the variable @env
 * @ret_n: left as it is when @env is not set or empty
 * Return: 0, or -EINVAL naming @env, its value, @least and @most.
 */
int softkvm_config__number(const char *env, unsigned int least,
			   unsigned int most, unsigned int *ret_n,
			   struct kt_diag *diag);

#endif /* VMM_SOFTKVM_CONFIG_H */
