#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# `ktstr shell`: a command, a session on a terminal, and what it refuses.

load common

shell() { run timeout 120 "$O/ktstr" shell "$@" </dev/null; }

# typed TEXT: lines typed into an interactive shell
typed()
{
	run "$BATS_TEST_DIRNAME/on-tty" "$O/ktstr" shell --cpus 1 \
		< <(printf '%s\n' "$@")
}

@test "interactive without a terminal: refused, says --exec" {
	shell
	status_is 2
	has "--exec"
}

@test "memory below 128 MiB, no busybox, include that is not there" {
	shell --memory 100 --exec true
	status_is 2
	has "128 MiB"
	PATH=/nowhere run /usr/bin/timeout 60 "$O/ktstr" shell --exec true </dev/null
	status_is 116
	has busybox-static
	shell -i no-such-file --exec true
	status_is 116
	has "no-such-file"
}

@test "--exec: output, exit status, busybox's commands, an included tool" {
	printf '#!/bin/sh\necho tool "$@"\n' >"$BATS_TEST_TMPDIR/mytool"
	chmod +x "$BATS_TEST_TMPDIR/mytool"
	shell --cpus 1 -i "$BATS_TEST_TMPDIR/mytool" \
		--exec 'mytool "a  b"; uname -s; ls /bin/vi; exit 7'
	status_is 7
	has "tool a  b"
	has Linux
	has /bin/vi
}

@test "--exec past its time limit: 124 and a name" {
	shell --cpus 1 --exec-timeout 1 --exec 'sleep 1000'
	status_is 124
	has timeout
}

@test "on a terminal: pseudo terminal, its size, the shell's exit status" {
	export TERM=xterm-256color
	typed 'tty; stty size; echo "<$TERM>"; exit 5'
	status_is 5
	has "^Ax=quit"
	has /dev/pts/0
	has "33 101"
	has "<xterm-256color>"
	has "Connection to VM closed."
	has "tty restored"
}

@test "Ctrl-A x leaves a busy machine, the terminal is as before" {
	typed 'while :; do :; done\r\x01x'
	status_is 0
	has "Connection to VM closed."
	has "tty restored"
}

@test "a signal ends it, the terminal is as before" {
	typed 'signal SIGTERM'
	status_is 143
	has "tty restored"
}
