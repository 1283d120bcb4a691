// SPDX-License-Identifier: GPL-2.0
/* Shares of processors; see share.h. */
#include "lib/runner/share.h"

bool runner_share__split(const cpu_set_t *allowed, unsigned int jobs,
			 cpu_set_t *ret_shares)
{
	unsigned int nr = (unsigned int)CPU_COUNT(allowed), at = 0;

	if (!jobs || nr / jobs < RUNNER_SHARE_MIN)
		return false;
	for (unsigned int i = 0; i < jobs; i++)
		CPU_ZERO(&ret_shares[i]);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, allowed))
			CPU_SET(cpu, &ret_shares[(u64)at++ * jobs / nr]);
	return true;
}
