#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# A wrapper of your own around the test programs: `make check` runs it. Of the
# two tests the second fails on purpose; what it prints is what you would see.
# The exit status of `ktstr test` tells the outcome; ktstr(1) lists them.

ktstr_test()
{
	run ktstr test --programs "${O:-build}" "$@"
	echo "$output"
	return "$status"
}

@test "placement: pinned tasks stay where they are" {
	ktstr_test placement
}

@test "fairness: nice 19 gets half of nice 0" {
	ktstr_test fairness
}
