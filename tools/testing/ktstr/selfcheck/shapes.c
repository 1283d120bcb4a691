// SPDX-License-Identifier: GPL-2.0
/*
 * Machines that tests declare: presets, forms and constraints that contradict
 * each other. Not part of the suite: bats/shapes.bats asks it for lists and for
 * what is wrong, and boots nothing.
 */
#include <ktstr/harness.h>

/* --- presets ------------------------------------------------------------- */

FIXTURE(sched_basic)
{};
KTSTR_PRESETS(sched_basic);
FIXTURE_SETUP(sched_basic)
{
}
FIXTURE_TEARDOWN(sched_basic)
{
}
KTSTR_FIXTURE_ATTR(sched_basic, .llcs = 2, .memory_mib = 300,
		   .tags = { "basic" });
KTSTR_PRESET_ATTR(sched_basic, tiny_2llc, .ignore = false);

TEST_F(sched_basic, two_cgroups)
{
	ASSERT_STREQ("none", variant->preset ? variant->preset->name : "none");
}

KTSTR_TEST_ATTR(sched_basic, siblings, .threads = 2, .requires_smt = true,
		.max_cpus = 16);
TEST_F(sched_basic, siblings)
{
}

KTSTR_TEST_ATTR(sched_basic, far_nodes, .min_numa_nodes = 2,
		.max_numa_nodes = 4, .max_cpus = 64);
TEST_F(sched_basic, far_nodes)
{
}

KTSTR_TEST_ATTR(sched_basic, here, .host_only = true);
TEST_F(sched_basic, here)
{
}

/* --- what is refused ------------------------------------------------------ */

FIXTURE(bad)
{};
FIXTURE_SETUP(bad)
{
}
FIXTURE_TEARDOWN(bad)
{
}

#define LONG_100                                             \
	"01234567890123456789012345678901234567890123456789" \
	"01234567890123456789012345678901234567890123456789"
#define LONG_500 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100

#define BAD(name, ...)                           \
	KTSTR_TEST_ATTR(bad, name, __VA_ARGS__); \
	TEST_F(bad, name)                        \
	{                                        \
	}

BAD(two_forms, .cpus = 4, .llcs = 2)
BAD(odd_llcs, .numa_nodes = 2, .llcs = 3)
BAD(no_cores, .llcs = 2, .cores = 0)
BAD(too_many, .llcs = 64, .cores = 16)
BAD(nodes_and_memory, .memory_mib = 512,
    .nodes = KTSTR_NODES({ .llcs = 1, .memory_mib = 512 }))
BAD(too_little_memory, .nodes = KTSTR_NODES({ .llcs = 1, .memory_mib = 100 }))
BAD(cpus_last, .nodes = KTSTR_NODES({ .memory_mib = 300 },
				    { .llcs = 1, .memory_mib = 300 }))
BAD(no_way_back, .numa_nodes = 2, .llcs = 2,
    .distances = KTSTR_DISTANCES(10, 20, 30, 10))
BAD(three_distances, .numa_nodes = 2, .llcs = 2,
    .distances = KTSTR_DISTANCES(10, 20, 20))
BAD(no_preset_left, .min_cpus = 8, .max_cpus = 4)
BAD(line_too_long, .kargs = "a=" LONG_500 LONG_500 " b=" LONG_500,
    .sysctls = { "kernel.x=" LONG_100 })

KTSTR_HARNESS_MAIN
