/* SPDX-License-Identifier: GPL-2.0 */
/* What a run's exit status is. Pure, any thread. */
#ifndef LIB_RUNNER_STATUS_H
#define LIB_RUNNER_STATUS_H

#include "lib/runner/runner.h"

#define RUNNER_STATUS_INFRA 125

/**
 * runner_status__exit - of a finished run
 *
 * 128 + N when signal N ended it, else the status of its worst outcome
 * (ktstr/outcome.def); RUNNER_STATUS_INFRA when that would be a success but
 * the results could not be written (@written is false, or standard output
 * failed).
 */
int runner_status__exit(const struct runner_result *result, bool written);

/**
 * runner_status__bisect - what `git bisect run` should think of the kernel
 *
 * 1 bad: a test in a kernel that came up did not end well. 125 cannot tell:
 * otherwise some test could not be judged, or none passed. 0 good. A signal
 * is 128 + N, which ends the bisection.
 */
int runner_status__bisect(const struct runner_result *result,
			  const struct testplan *plan);

#endif /* LIB_RUNNER_STATUS_H */
