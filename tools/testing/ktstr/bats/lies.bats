#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Verdicts that cannot lie: selfcheck/lies would like to be green. It runs once
# and boots a machine per test; each @test here looks at one part of its report.
# KTSTR_LIES=all adds the variations, which take as long again.

setup_file()
{
	O=${KTSTR_O:-$BATS_TEST_DIRNAME/../../../../build}
	export PROG=$O/kselftest/ktstr/lies
	export KTSTR_SIDECAR_DIR=$BATS_FILE_TMPDIR/logs
	export OUT=$BATS_FILE_TMPDIR/out
	make -s -C "$BATS_TEST_DIRNAME/.." O="$O" all >&2
	more=()
	[ "${KTSTR_LIES:-}" != all ] || more=(--ignored)
	# Nothing here may take longer than the sum of its bounds.
	timeout 1200 "$PROG" "${more[@]}" >"$OUT" 2>&1 && STATUS=0 || STATUS=$?
	export STATUS
}

# part NAME: what was reported for lie.NAME, into $output
part()
{
	output=$(sed -nE "/^#  RUN +lie\.$1 /,/^(not )?ok [0-9]+ lie\.$1 /p" "$OUT")
	echo "$output"
	[ -n "$output" ]
	[[ $(tail -n 1 <<<"$output") != *"# SKIP ignored"* ]] ||
		skip "KTSTR_LIES=all runs lie.$1"
}

# fails: it is the test's own failure, with something to look at
fails()
{
	[[ $(tail -n 1 <<<"$output") == "not ok "*"#  time="*ms ]]
	grep -q '^# last lines of the kernel log:' <<<"$output"
	grep -q '^# kernel log: /.*\.kernel\.log$' <<<"$output"
}

# outcome NAME: lie.NAME is not green, its result says ERROR NAME, and there is
# something to look at
outcome()
{
	[[ $(tail -n 1 <<<"$output") == "not ok "*"#  ERROR $1" ]]
	grep -q '^# last lines of the kernel log:' <<<"$output"
	grep -q '^# kernel log: /.*\.kernel\.log$' <<<"$output"
}

@test "no lie is green, every planned test is reported, in bounded time" {
	cat "$OUT"
	[ "$STATUS" = 1 ]
	planned=$(sed -n 's/^1\.\.//p' "$OUT")
	[ "$planned" -gt 0 ]
	[ "$(grep -cE '^(not )?ok [0-9]+ lie\.' "$OUT")" = "$planned" ]
	! grep -E '^ok ' "$OUT" | grep -v '# SKIP ignored'
}

@test "a WARN under a passing test: kernel_splat with a fingerprint" {
	part kernel_warns
	outcome kernel_splat
	grep -qE '^# \| WARNING: CPU: .* at crash.c:42 ktstr_warns' <<<"$output"
	grep -qE '^# fingerprint: [0-9a-f]{8} ktstr_warns' <<<"$output"
}

@test "an oops without a panic: kernel_splat, the machine goes on" {
	part kernel_oopses
	outcome kernel_splat
	grep -qE '^# fingerprint: [0-9a-f]{8} ktstr_oopses' <<<"$output"
	grep -q '^# vm: poweroff' <<<"$output"
}

@test "a null pointer in the kernel: kernel_splat" {
	part kernel_reads_null
	outcome kernel_splat
	grep -q '^# | BUG: kernel NULL pointer dereference' <<<"$output"
}

@test "a soft lockup: kernel_splat, not just a time-out" {
	part kernel_locks_up
	outcome kernel_splat
	grep -q '^# | watchdog: BUG: soft lockup' <<<"$output"
	grep -qE '^# fingerprint: [0-9a-f]{8} ktstr_loops' <<<"$output"
}

@test "a kernel that stands still: timeout" {
	part kernel_hangs
	outcome timeout
	grep -q '^# vm: deadline' <<<"$output"
}

@test "a machine without one of the declared CPUs: topology_mismatch" {
	part cpu_is_missing
	outcome topology_mismatch
	grep -q '^# topology_mismatch: online CPUs: the kernel sees 1, declared is 2 (CONFIG_NR_CPUS, or maxcpus=' <<<"$output"
	! grep -q 'the body ran' <<<"$output"
}

@test "a machine without its second node: topology_mismatch" {
	part nodes_are_missing
	outcome topology_mismatch
	grep -q '^# topology_mismatch: NUMA nodes: the kernel sees 1, declared is 2' <<<"$output"
	! grep -q 'the body ran' <<<"$output"
}

@test "memory exhausted in the guest: oom" {
	part memory_runs_out
	outcome oom
	grep -q '^# | Out of memory: Killed process' <<<"$output"
}

@test "a warning that is flooded out of the log: kernel_splat" {
	part log_is_flooded
	outcome kernel_splat
}

@test "a warning that the test clears: kernel_splat" {
	part log_is_cleared
	outcome kernel_splat
}

@test "a warning behind other mounts: kernel_splat" {
	part log_is_mounted_over
	outcome kernel_splat
}

@test "a guest kernel panic: guest_panic with its reason and fingerprint" {
	part kernel_panics
	outcome guest_panic
	grep -q '^# | Kernel panic - not syncing: sysrq triggered crash' <<<"$output"
	grep -qE '^# fingerprint: [0-9a-f]{8} sysrq_handle_crash < ' <<<"$output"
}

@test "init exits: guest_panic" {
	part init_exits
	outcome guest_panic
	grep -q '^# | .*Attempted to kill init! exitcode=0x00000000' <<<"$output"
}

@test "init is killed: guest_fatal" {
	part init_is_killed
	outcome guest_fatal
	grep -q '^# | PANIC: guest init: SIGSEGV sent by pid' <<<"$output"
}

@test "the test powers the machine off: torn_result" {
	part test_powers_off
	outcome torn_result
	grep -q '^# missing from the guest: result record, exit record$' \
		<<<"$output"
}

@test "the test resets the machine: torn_result" {
	part test_resets
	outcome torn_result
}

@test "a result with a bad checksum: torn_result" {
	part result_has_bad_checksum
	outcome torn_result
	grep -q '^# wire: .* 1 with a bad checksum' <<<"$output"
}

@test "the test passes but its exit record never comes: torn_result" {
	part exit_never_comes
	outcome torn_result
	grep -q '^# missing from the guest: exit record$' <<<"$output"
}

@test "the exit record is cut short: torn_result" {
	part exit_is_cut_short
	outcome torn_result
}

@test "two results: torn_result" {
	part result_comes_twice
	outcome torn_result
	grep -q '^# wire: more than one result record$' <<<"$output"
}

@test "a result that the test forges is not believed: torn_result" {
	part result_is_forged
	outcome torn_result
	grep -q "^# wire: a result that is not init's was not believed" \
		<<<"$output"
	[[ $output != *Expected* ]] # the port cannot be opened twice
}

@test "a result forged on COM2 is not believed: torn_result" {
	part com2_is_forged
	outcome torn_result
	grep -q "^# wire: a result that is not init's was not believed" \
		<<<"$output"
}

@test "the bulk port never comes up: no_bulk_port, results from COM2" {
	part bulk_port_never_comes
	outcome no_bulk_port
	grep -q '^# bulk port never came up; results from COM2$' <<<"$output"
	grep -q '^# | KTSTR_FALLBACK: .*no virtio console driver' <<<"$output"
	grep -q '^# the test said: pass$' <<<"$output"
	grep -q '^# | more than COM2 has room for, line 0$' <<<"$output"
	grep -q 'bytes of output did not fit COM2' <<<"$output"
}

@test "the test is killed by a signal: fail" {
	part test_is_killed
	fails
	grep -q 'Test terminated unexpectedly by signal 9' <<<"$output"
}

@test "the harness around the test is killed: fail" {
	part harness_is_killed
	fails
	grep -q '^# | ok 1 lie.harness_is_killed$' <<<"$output"
}

@test "the body calls exit(0) before its end: fail" {
	part body_exits
	fails
	grep -q '^# | # exit(0) in the middle of the body$' <<<"$output"
}

@test "the test hangs past its deadline, whatever the clock: timeout" {
	part test_hangs
	outcome timeout
	part clock_jumps
	outcome timeout
	# what init measured is not what the test did to the wall clock
	ms=$(sed -n 's/^# vm: .* body \([0-9]*\) ms.*/\1/p' <<<"$output")
	[ "$ms" -ge 2000 ] && [ "$ms" -lt 60000 ]
}

@test "200 MB of output: fail, bounded, what is left out is counted" {
	part output_floods
	fails
	grep -qE '^# ktstr: 208[0-9]{6} bytes of guest output not shown' \
		<<<"$output"
	[ ${#output} -lt 3000000 ]
	# lies.c looks at the host's process when the guest is gone
	[[ $output != *"the host's process has"* ]]
}

@test "TAP and escape sequences in the output: every reader sees one failure" {
	part output_looks_like_tap
	fails
	[ "$(grep -cvE '^# |^#  |^not ok [0-9]+ lie' <<<"$output")" = 0 ]
	[ "$(LC_ALL=C grep -c $'[\x01-\x08\x0b-\x1f\x7f]' <<<"$output")" = 0 ]
	{ printf 'TAP version 13\n1..1\n'; sed 's/^not ok [0-9]*/not ok 1/' <<<"$output"; } \
		>"$BATS_TEST_TMPDIR/tap"
	run prove -e cat "$BATS_TEST_TMPDIR/tap"
	[[ $output == *"Failed 1/1 subtests"* ]]
	kunit=$("$BATS_TEST_DIRNAME/../../../../scripts/setup" --print-kselftest)
	run python3 "$kunit/../kunit/kunit.py" parse "$BATS_TEST_TMPDIR/tap"
	[[ $output == *"Ran 1 tests: failed: 1"* ]]
}

@test "a daemon that outlives the test and talks on: fail, no hang" {
	part daemon_lives_on
	fails
	[[ $(grep -c '^# | ok 1 lie.daemon_lives_on' <<<"$output") -ge 1 ]]
}

@test "a triple fault before the console: guest_panic, all tests reported" {
	printf '.globl _start\n_start: lidt none(%%rip)\n ud2\nnone: .space 10\n' \
		>"$BATS_TEST_TMPDIR/t.S"
	gcc -nostdlib -static -no-pie -Wl,-Ttext=0x1000000 \
		-Wl,--build-id=none -o "$BATS_TEST_TMPDIR/triple" \
		"$BATS_TEST_TMPDIR/t.S"
	run "$PROG" --kernel "$BATS_TEST_TMPDIR/triple" -t test_hangs \
		-t output_floods
	echo "$output"
	[ "$status" = 1 ]
	[ "$(grep -c '^not ok [12] lie\..* #  ERROR guest_panic$' \
		<<<"$output")" = 2 ]
	grep -q '^# vm: triple fault' <<<"$output"
	grep -q '^# last lines of the kernel log:' <<<"$output"
}

@test "the same crash has the same fingerprint, and can be allowed" {
	print=$(sed -n 's/^# fingerprint: \([0-9a-f]*\) ktstr_warns.*/\1/p' "$OUT")
	[ -n "$print" ]
	echo "^$print ktstr_warns" >"$BATS_TEST_TMPDIR/allow"
	KTSTR_SPLAT_ALLOW=$BATS_TEST_TMPDIR/allow run "$PROG" -t kernel_warns
	echo "$output"
	[ "$status" = 0 ]
	grep -q '^# kernel complaints allowed by .*/allow: 1$' <<<"$output"
	grep -q '^ok 1 lie.kernel_warns' <<<"$output"
}

@test "a bad allow-list is a set-up error naming file and line" {
	printf '# fine\nWARNING: (\n' >"$BATS_TEST_TMPDIR/allow"
	KTSTR_SPLAT_ALLOW=$BATS_TEST_TMPDIR/allow run "$PROG" -t kernel_warns
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"/allow:2: 'WARNING: ('"* ]]
	[[ $output == *"not ok 1 lie.kernel_warns #  ERROR setup_error"* ]]
	KTSTR_SPLAT_ALLOW=/no/such run "$PROG" -t kernel_warns
	[[ $output == *"/no/such"*"ERROR setup_error"* ]]
}
