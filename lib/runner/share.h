/* SPDX-License-Identifier: GPL-2.0 */
/* Dividing the host's processors among workers. Pure, any thread. */
#ifndef LIB_RUNNER_SHARE_H
#define LIB_RUNNER_SHARE_H

#include <sched.h>

#include <ktstr/base.h>

/* With fewer for each, machines run better where the host puts them. */
#define RUNNER_SHARE_MIN 2u

/**
 * runner_share__split - disjoint shares of the allowed processors
 * @ret_shares: room for @jobs; neighbours by number stay together
 * Return: false when there are fewer than RUNNER_SHARE_MIN for each.
 */
bool runner_share__split(const cpu_set_t *allowed, unsigned int jobs,
			 cpu_set_t *ret_shares);

#endif /* LIB_RUNNER_SHARE_H */
