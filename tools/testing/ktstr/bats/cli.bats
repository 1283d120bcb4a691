#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# The ktstr command: help, usage errors and exit statuses of every subcommand.

load common

setup() { ktstr=$O/ktstr; }

commands() { "$ktstr" --help | sed -n 's/^  \([a-z-]*\)  .*/\1/p'; }

@test "--help lists the commands on stdout, status 0" {
	for flag in --help -h help; do
		run "$ktstr" $flag
		status_is 0
		has "Usage: ktstr COMMAND"
	done
	[ "$(commands | wc -l)" -ge 3 ]
}

@test "no command: usage on stderr, status 2" {
	run "$ktstr"
	status_is 2
	has "Usage:"
	[ -z "$("$ktstr" 2>/dev/null)" ]
}

@test "unknown command: named, status 2" {
	run "$ktstr" frobnicate
	status_is 2
	has "no command 'frobnicate'"
}

@test "every command has --help, status 0, on stdout" {
	for cmd in $(commands); do
		run "$ktstr" "$cmd" --help
		status_is 0
		has "Usage: ktstr $cmd"
		[ -z "$("$ktstr" "$cmd" --help 2>&1 >/dev/null)" ]
	done
}

@test "every command refuses an unknown option with status 2" {
	for cmd in $(commands); do
		run "$ktstr" "$cmd" --no-such-option
		status_is 2
		has "no-such-option"
	done
}

@test "every command has a section in the manual page" {
	for cmd in $(commands); do
		grep -q "^\.SS .*$cmd" "$TOP/Documentation/ktstr.1"
	done
}
