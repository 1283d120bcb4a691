// SPDX-License-Identifier: GPL-2.0
/* A task that is pinned to a CPU runs there and nowhere else. Passes. */
#include <sched.h>

#include <ktstr/harness.h>

FIXTURE(placement)
{};
FIXTURE_SETUP(placement)
{
}
FIXTURE_TEARDOWN(placement)
{
}
KTSTR_FIXTURE_ATTR(placement, .cpus = 2);

TEST_F(placement, a_pinned_task_stays)
{
	cpu_set_t second;

	CPU_ZERO(&second);
	CPU_SET(1, &second);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(second), &second));
	for (int i = 0; i < 1000; i++) {
		ASSERT_EQ(1, sched_getcpu());
		sched_yield();
	}
}

KTSTR_HARNESS_MAIN
