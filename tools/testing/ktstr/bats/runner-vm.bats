#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# The runner with real machines under it: stopped, killed, several at once. Has
# softkvms of its own, where it needs any. Boots about five machines.

load common

setup_file()
{
	export XDG_RUNTIME_DIR=$BATS_FILE_TMPDIR/run
	mkdir -m 700 "$XDG_RUNTIME_DIR"
	unset KTSTR_SOFTKVM_INSTANCE KTSTR_SIDECAR_DIR kselftest_override_timeout
	O=${KTSTR_O:-$BATS_TEST_DIRNAME/../../../../build}
	make -s -C "$BATS_TEST_DIRNAME/.." O="$O" all >&2
}

teardown_file() { "${KTSTR_O:-build}/ktstr" softkvm stop; }

setup()
{
	programs=$O/kselftest/ktstr
	out=$BATS_TEST_TMPDIR/out
	pattern="^$programs/outcomes -r"
}

teardown() { [ -z "${runner:-}" ] || kill -KILL "$runner" 2>/dev/null || true; }

run_test() { "$O/ktstr" test --programs "$programs" --timeout 300 --output "$out" "$@"; }

# Start a test that hangs, and wait until its machine runs.
start_hanging()
{
	"$O/ktstr" test --programs "$programs" --timeout 300 --output "$out" \
		outcomes:outcome.hangs outcomes:outcome.leaves_a_daemon \
		>"$BATS_TEST_TMPDIR/tap" 2>&1 &
	runner=$!
	for _ in $(seq 600); do
		! grep -qs '^#  RUN' "$out/logs/outcomes/outcome.hangs.log" || break
		sleep 0.1
	done
	sleep 2
	pgrep -f "$pattern" >/dev/null
}

# No process of the program, here or in softkvm.
nothing_left()
{
	for _ in $(seq 20); do
		pgrep -f "$pattern" >/dev/null || break
		sleep 0.05
	done
	! pgrep -af "$pattern"
	! "$O/ktstr" softkvm status >/dev/null ||
		! "$O/ktstr" softkvm exec -- pgrep -af "$pattern" </dev/null
}

@test "SIGINT with a machine running: gone within a second, all reported" {
	start_hanging
	start=${EPOCHREALTIME/./}
	kill -INT "$runner"
	wait "$runner" || status=$?
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
	echo "took $took ms"
	[ "$status" = 130 ]
	[ "$took" -lt 1000 ]
	nothing_left
	grep -q '^# not ok 1 outcome.hangs # ERROR interrupted' "$BATS_TEST_TMPDIR/tap"
	grep -q '^# not ok 2 outcome.leaves_a_daemon # ERROR interrupted' "$BATS_TEST_TMPDIR/tap"
	grep -q '"signal":2' <(tr -d ' ' <"$out/results.json")
}

@test "a program is killed with its machine: torn_result, and the next run is clean" {
	ls /dev/shm >"$BATS_TEST_TMPDIR/shm"
	start_hanging
	kill -KILL "$(pgrep -o -f "$pattern")"
	wait "$runner" || status=$?
	[ "$status" = 114 ]
	nothing_left
	grep -q '^# not ok 1 outcome.hangs # ERROR torn_result' "$BATS_TEST_TMPDIR/tap"
	grep -q '^# not ok 2 outcome.leaves_a_daemon # ERROR torn_result' "$BATS_TEST_TMPDIR/tap"
	grep -q 'killed by signal 9' "$BATS_TEST_TMPDIR/tap"
	diff "$BATS_TEST_TMPDIR/shm" <(ls /dev/shm)
	run run_test outcomes:outcome.passes
	status_is 0
	has "# ok 1 outcome.passes # time="
}

@test "the runner is killed with a machine running: nothing is left" {
	start_hanging
	kill -KILL "$runner"
	wait "$runner" || true
	nothing_left
	# its lock is nobody's now
	run run_test --list outcomes:outcome.passes
	status_is 0
	exec 9<"$out/.lock"
	flock -n 9
	exec 9<&-
}

@test "--jobs 2: machines of both workers, one report" {
	run run_test --jobs 2 outcomes:outcome.passes outcomes:outcome.skips
	status_is 0
	has "outcome.passes # time="
	has "outcome.skips # SKIP"
	has "pass:1 fail:0 xfail:0 xpass:0 skip:1 error:0"
	! "$O/ktstr" softkvm status || "$O/ktstr" softkvm status | grep -q '^instance  *1$'
}
