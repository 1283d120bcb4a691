// SPDX-License-Identifier: GPL-2.0
/* Exit statuses of a run; see status.h. */
#include "lib/runner/status.h"

int runner_status__exit(const struct runner_result *result, bool written)
{
	int status = ktstr_outcome__exit_status(result->worst);

	if (result->signal)
		return 128 + result->signal;
	if ((result->out_err || !written) &&
	    testplan_test__is_good(result->worst))
		return RUNNER_STATUS_INFRA;
	return status;
}

/* The kernel under test had no part in these. */
static bool blames_nobody(const struct plan_attempt *attempt)
{
	static const enum ktstr_outcome ours[] = {
		KTSTR_INCONCLUSIVE, KTSTR_GUEST_FATAL, KTSTR_NO_BULK_PORT,
		KTSTR_VMM_ERROR,    KTSTR_SETUP_ERROR, KTSTR_ZERO_TESTS,
		KTSTR_INTERRUPTED,
	};

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (attempt->outcome == ours[i])
			return true;
	return attempt->not_booted;
}

int runner_status__bisect(const struct runner_result *result,
			  const struct testplan *plan)
{
	unsigned int good = 0, unclear = 0;

	if (result->signal)
		return 128 + result->signal;
	for (unsigned int i = 0; i < plan->nr_tests; i++) {
		const struct plan_attempt *last =
			testplan_test__last(&plan->tests[i]);

		if (!last || (!testplan_test__is_good(last->outcome) &&
			      blames_nobody(last)))
			unclear++;
		else if (!testplan_test__is_good(last->outcome))
			return 1;
		else if (last->outcome != KTSTR_SKIP)
			good++;
	}
	return unclear || !good ? RUNNER_STATUS_INFRA : 0;
}
