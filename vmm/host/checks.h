/* SPDX-License-Identifier: GPL-2.0 */
/* What about the host makes measurements worse than they could be. */
#ifndef VMM_HOST_CHECKS_H
#define VMM_HOST_CHECKS_H

#include <ktstr/base.h>

/**
 * host_checks - tell what is wrong, one line each
 * @nr_vcpus: of the machine that is to be measured
 *
 * Load of others, a clock that is no TSC. Nothing is said where the kernel
 * does not say.
 */
void host_checks(void (*tell)(void *ctx, const char *text), void *ctx,
		 unsigned int nr_vcpus);

/**
 * host_clock - what the host's kernel keeps time by, "tsc" for one
 * Return: for free(), or NULL where it does not say.
 */
char *host_clock(void);

/** host_checks__running - processes that run or want to, by /proc/stat's text
 */
unsigned int host_checks__running(const char *stat);

#endif /* VMM_HOST_CHECKS_H */
