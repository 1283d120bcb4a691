#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# A wrapper of your own around test programs: `make check` runs it. Of the two
# tests the second fails on purpose; what it prints is what you would see.

programs=${O:-build}

@test "placement: pinned tasks stay where they are" {
	run "$programs/placement"
	echo "$output"
	[ "$status" = 0 ]
}

@test "fairness: nice 19 gets half of nice 0" {
	run "$programs/fairness"
	echo "$output"
	[ "$status" = 0 ]
}
