#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# run_tests.sh, the stock path and the TAP helpers, with fake test programs that
# pass, fail, die, hang, print garbage or nothing: the exit status tells the
# truth about each.

load common

setup()
{
	export O=$BATS_TEST_TMPDIR
	bin=$O/kselftest/ktstr
	mkdir -p "$bin"
}

# program NAME BODY: a test program; BODY is what it does when run
program()
{
	printf '#!/bin/bash\n[ "$1" = --list ] && { printf "f.a\\nf.b\\n"; exit; }\n%s\n' \
		"$2" >"$bin/$1"
	chmod +x "$bin/$1"
}

run_tests() { run "$TOP/run_tests.sh" --no-build "$@"; }

good='echo TAP version 13; echo 1..2; echo ok 1 f.a; echo ok 2 f.b'

@test "all pass: status 0, plan and results" {
	program p1 "$good"
	program p2 "$good"
	run_tests
	status_is 0
	[ "${lines[0]}" = "TAP version 13" ]
	[ "${lines[1]}" = "1..2" ]
	has "ok 2 selftests: ktstr: p2"
	has "# Totals: pass:4 fail:0 skip:0"
}

@test "a failed test: status 1, the others still run" {
	program p1 'echo 1..1; echo not ok 1 f.a; exit 1'
	program p2 "$good"
	run_tests
	status_is 1
	has "not ok 1 selftests: ktstr: p1 # exit=1"
	has "ok 2 selftests: ktstr: p2"
}

@test "a failed test behind exit 0: status 1" {
	program p1 'echo 1..1; echo not ok 1 f.a'
	run_tests
	status_is 1
}

@test "a program that dies: status 1" {
	program p1 'echo 1..2; echo ok 1 f.a; kill -SEGV $$'
	run_tests
	status_is 1
	has "# exit=139"
}

@test "a program that prints nothing and exits 0: status 1" {
	program p1 :
	run_tests
	status_is 1
	has "# ERROR no test ran"
}

@test "garbage does not pass" {
	program p1 'head -c 100000 /dev/urandom'
	run_tests
	status_is 1
}

@test "a program that hangs: TIMEOUT, status 1, in time" {
	program p1 'exec sleep 1000'
	start=$SECONDS
	run_tests --timeout 1
	status_is 1
	has "# TIMEOUT 1 seconds"
	[ $((SECONDS - start)) -lt 10 ]
}

@test "an orphan that holds the output does not hang the runner" {
	program p1 "$good; setsid sleep 60 & echo \$! >$BATS_TEST_TMPDIR/pid"
	start=$SECONDS
	run_tests
	kill "$(cat "$BATS_TEST_TMPDIR/pid")"
	status_is 0
	[ $((SECONDS - start)) -lt 20 ]
}

@test "everything skipped: nothing was proved, status 125" {
	program p1 'echo 1..1; echo "ok 1 f.a # SKIP no reason"; exit 4'
	run_tests
	status_is 125
	has "no test was executed"
}

@test "no programs: status 125" {
	run_tests
	status_is 125
}

@test "--list and selections" {
	program p1 "echo 1..1; echo \"ok 1 \$*\""
	program p2 "$good"
	run_tests --list
	status_is 0
	[ "$output" = $'p1:f.a\np1:f.b\np2:f.a\np2:f.b' ]
	run_tests p1:f.b
	status_is 0
	has "# ok 1 -r f.b"
	[[ $output != *p2* ]]
	run_tests p2
	status_is 0
	[[ $output != *p1* ]]
	run_tests f.a
	status_is 0
	has "1..2"
}

@test "a selection that names nothing: status 2" {
	program p1 "$good"
	run_tests p1 nonsense
	status_is 2
	has "no test 'nonsense'"
}

@test "bad options: status 2" {
	run_tests --frobnicate
	status_is 2
	run_tests --timeout soon
	status_is 2
}

@test "kunit.py and prove accept a passing run and refuse a failing one" {
	program p1 "$good"
	run "$TOP/scripts/setup" --print-kselftest
	[ "$status" = 0 ] || skip "no kselftest files fetched"
	"$TOP/run_tests.sh" --no-build >"$O/pass.tap"
	run "$TOP/scripts/tap-accept" "$O/pass.tap"
	status_is 0
	program p2 'echo 1..1; echo not ok 1 f.a; exit 1'
	"$TOP/run_tests.sh" --no-build >"$O/fail.tap" || true
	run "$TOP/scripts/tap-accept" "$O/fail.tap"
	status_is 1
}

@test "tap-verdict: failed, torn, empty and skipped runs are failures" {
	tap=$BATS_TEST_TMPDIR/tap
	verdict() { printf "$1" >"$tap"; run "$TOP/scripts/tap-verdict" "$tap"; }
	verdict '1..1\nok 1 a\n'
	status_is 0
	verdict '1..2\nok 1 a\nnot ok 2 b\n'
	status_is 1
	verdict '1..2\nok 1 a\n'
	status_is 1
	verdict ''
	status_is 1
	verdict '1..1\nok 1 a # SKIP why\n'
	status_is 1
}

@test "tap-count: innermost results, directives, a program that died" {
	tap=$BATS_TEST_TMPDIR/tap
	printf '%s\n' '# ok 1 a' '# not ok 2 b' '# ok 3 c # SKIP x' 'not ok 1 p' \
		'not ok 2 died' '# ok 1 d' 'not ok 3 died-later' >"$tap"
	run "$TOP/scripts/tap-count" "$tap"
	[ "$output" = "2 3 1" ]
}

@test "tap-run: a command that fails without a failed test fails" {
	run "$TOP/scripts/tap-run" x "$BATS_TEST_TMPDIR/t.tap" bash -c 'echo ok 1 a; exit 3'
	status_is 3
	run "$TOP/scripts/tap-run" x "$BATS_TEST_TMPDIR/t.tap" true
	status_is 1
	has "no test ran"
}
