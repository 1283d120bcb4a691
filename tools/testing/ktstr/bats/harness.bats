#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Test programs as a user meets them: arguments, verdicts, what goes wrong
# before a machine boots. The slow part boots one machine per outcome.

setup_file()
{
	O=${KTSTR_O:-$BATS_TEST_DIRNAME/../../../../build}
	export PROG=$O/kselftest/ktstr/outcomes
	export KTSTR_SIDECAR_DIR=$BATS_FILE_TMPDIR/logs
	make -s -C "$BATS_TEST_DIRNAME/.." O="$O" all >&2
}

@test "an unknown option is a usage error" {
	run "$PROG" --no-such-option
	[ "$status" -eq 2 ]
	[[ "$output" == *"unknown option --no-such-option"* ]]
}

@test "--help explains our options and the harness's" {
	run "$PROG" --help
	[[ "$output" == *--kernel* ]]
	[[ "$output" == *"include fixture"* ]]
}

@test "-l lists without a machine" {
	KTSTR_ACCEL=kvm KTSTR_CACHE_DIR=/nonexistent run "$PROG" -l
	[[ "$output" == *leaves_a_daemon* ]]
}

@test "a filter that matches nothing is an error" {
	run "$PROG" -t no_such_test
	[ "$status" -eq 2 ]
	[[ "$output" == *"-t no_such_test selects no test"* ]]
}

@test "a bad KTSTR_ACCEL fails every planned test and says why" {
	KTSTR_ACCEL=magic run "$PROG" -t passes -t skips
	[ "$status" -eq 1 ]
	[[ "$output" == *"magic"* ]]
	[ "$(grep -c '^not ok .* ERROR setup_error' <<<"$output")" -eq 2 ]
}

@test "a kernel that is not there fails every planned test and says where" {
	run "$PROG" --kernel /no/such/kernel -t passes
	[ "$status" -eq 1 ]
	[[ "$output" == *"/no/such/kernel"* ]]
	[[ "$output" == *"not ok 1 outcome.passes"*"ERROR setup_error"* ]]
}

@test "every way a test can end has its own report" {
	run "$PROG"
	echo "$output"
	[ "$status" -eq 1 ]
	grep -qE '^ok 1 outcome.passes #  time=[0-9]+ms$' <<<"$output"
	grep -qE '^not ok 2 outcome.fails #  time=' <<<"$output"
	grep -qE '^not ok 3 outcome.asserts #  time=' <<<"$output"
	grep -qE '^ok 4 outcome.skips # SKIP nothing to do here$' <<<"$output"
	grep -qE '^not ok 5 outcome.crashes #  time=' <<<"$output"
	grep -qE 'signal 11' <<<"$output"
	grep -qE '^not ok 6 outcome.hangs #  ERROR timeout$' <<<"$output"
	grep -qE '^not ok 7 outcome.panics #  ERROR guest_panic$' <<<"$output"
	grep -qE '^# \| .*Kernel panic' <<<"$output"
	grep -qE '^ok 8 outcome.leaves_a_daemon #  time=' <<<"$output"
	grep -qE '^not ok 9 outcome.host_refuses #  post_vm_fail time=' \
		<<<"$output"
	grep -qE '^# post_vm: the host says no to outcome.host_refuses' \
		<<<"$output"
	grep -qE '^not ok 10 outcome.too_many_cpus #  ERROR setup_error$' \
		<<<"$output"
	grep -qF '.cpus = 100000 is outside 1..512' <<<"$output"
	[ "$(grep -c '^# kernel log: ' <<<"$output")" -ge 8 ]
}

@test "nothing is left after the program is killed" {
	"$PROG" -t hangs >/dev/null 2>&1 &
	pid=$!
	sleep 3
	kill -KILL "$pid"
	sleep 2
	[ -z "$(pgrep -f "$PROG -t hangs" || true)" ]
}

# Kills the process that holds the first test's machine; runs where KVM works.
killer()
{
	cat <<-'END'
	"$PROG" -t passes -t skips >"$OUT" 2>&1 &
	pid=$!
	for _ in $(seq 300); do
		! grep -q '^#  RUN' "$OUT" || break
		sleep 0.1
	done
	sleep 0.5
	kill -KILL $(pgrep -P $pid)
	status=0
	wait $pid || status=$?
	cat "$OUT"
	exit $status
	END
}

@test "a VMM that is killed is its test's vmm_error, and the others run" {
	ktstr=$(dirname "$PROG")/../../ktstr
	OUT=$(mktemp) PROG=$(realpath "$PROG")
	export OUT PROG
	in_kvm=()
	! "$ktstr" accel | grep -q softkvm ||
		in_kvm=("$ktstr" softkvm -q exec --)
	run "${in_kvm[@]}" bash -c "$(killer)" </dev/null
	rm "$OUT"
	echo "$output"
	[ "$status" -eq 1 ]
	grep -q '^not ok 1 outcome.passes #  ERROR vmm_error$' <<<"$output"
	grep -q '^ok 2 outcome.skips # SKIP nothing to do here$' <<<"$output"
}

@test "softkvm killed under a program: its report names it and is complete" {
	"$(dirname "$PROG")/../../ktstr" accel | grep -q softkvm ||
		skip "this host has KVM of its own"
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR
	ktstr=$(dirname "$PROG")/../../ktstr
	"$PROG" -t hangs -t passes >"$BATS_TEST_TMPDIR/out" 2>&1 &
	pid=$!
	for _ in $(seq 300); do
		! grep -q '^#  RUN' "$BATS_TEST_TMPDIR/out" || break
		sleep 0.2
	done
	kill -KILL "$("$ktstr" softkvm status |
		sed -n 's/.*QEMU \([0-9]*\).*/\1/p')"
	status=0
	wait "$pid" || status=$?
	cat "$BATS_TEST_TMPDIR/out"
	[ "$status" -eq 1 ]
	grep -q '^# softkvm: .*QEMU' "$BATS_TEST_TMPDIR/out"
	[ "$(grep -cE '^not ok [12] outcome\..* #  ERROR vmm_error$' \
		"$BATS_TEST_TMPDIR/out")" -eq 2 ]
	[ "$(grep -c '^TAP version' "$BATS_TEST_TMPDIR/out")" -eq 1 ]
}
