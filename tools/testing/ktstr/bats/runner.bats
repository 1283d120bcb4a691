#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# run_tests.sh, the stock path and the TAP helpers, with fake test programs that
# pass, fail, die, hang, print garbage or nothing: the exit status tells the
# truth about each.

load common

setup()
{
	export PATH=$O:$PATH # ktstr
	export O=$BATS_TEST_TMPDIR
	bin=$O/kselftest/ktstr
	mkdir -p "$bin"
	unset kselftest_override_timeout
}

# program NAME BODY: a test program with tests f.a and f.b; BODY is what it does
# when run
program()
{
	printf '#!/bin/bash\n[ "$1" = --list ] && { printf "f.a\\nf.b\\n"; exit; }\n%s\n' \
		"$2" >"$bin/$1"
	chmod +x "$bin/$1"
}

run_tests() { run "$TOP/run_tests.sh" --no-build "$@"; }

good='echo TAP version 13; echo 1..2; echo ok 1 f.a; echo ok 2 f.b'
# Reports what -r asks for, and nothing else.
honest='n=0; while [ $# -gt 0 ]; do n=$((n + 1)); echo "ok $n $2"; shift 2; done'

# What a test started and lost, if any.
teardown()
{
	[ ! -e "$O/pids" ] || xargs kill -KILL <"$O/pids" 2>/dev/null || true
}

# gone PID: within a second; one that nobody has waited for yet is gone
gone()
{
	for _ in {1..20}; do
		kill -0 "$1" 2>/dev/null || return 0
		[ -n "$(tr -d '\0' <"/proc/$1/cmdline")" ] || return 0
		sleep 0.05
	done
	echo "process $1 is still there: $(tr '\0' ' ' <"/proc/$1/cmdline")"
	return 1
}

@test "all pass: status 0, plan and results" {
	program p1 "$good"
	program p2 "$good"
	run_tests
	status_is 0
	[ "${lines[0]}" = "TAP version 13" ]
	[ "${lines[1]}" = "1..2" ]
	has "# 1..2"
	has "# ok 2 f.b # time="
	has "ok 2 selftests: ktstr: p2"
	has "# Totals: pass:4 fail:0 xfail:0 xpass:0 skip:0 error:0"
}

@test "--cpu-cap and --no-perf-mode reach the programs; without, the environment does" {
	program p1 "echo \"# cap=\$KTSTR_CPU_CAP shared=\$KTSTR_NO_PERF_MODE\"; $good"
	run_tests --cpu-cap 3 --no-perf-mode
	status_is 0
	has "# cap=3 shared=1"
	KTSTR_CPU_CAP=5 run_tests
	has "# cap=5 shared="
	KTSTR_CPU_CAP=5 run_tests --cpu-cap 2
	has "# cap=2 shared="
	run_tests --cpu-cap 0
	status_is 2
	has "--cpu-cap takes a number from 1 to 8192, not '0'"
}

@test "a failed test: status 1, the others still run" {
	program p1 'echo 1..2; echo not ok 1 f.a; echo ok 2 f.b; exit 1'
	program p2 "$good"
	run_tests
	status_is 1
	has "not ok 1 selftests: ktstr: p1 # exit=1"
	has "ok 2 selftests: ktstr: p2"
}

@test "a failed test behind exit 0: status 1" {
	program p1 'echo 1..2; echo not ok 1 f.a; echo ok 2 f.b'
	run_tests
	status_is 1
}

@test "all passed, but exit 1: not a success" {
	program p1 "$good; exit 1"
	run_tests
	status_is 114
	has "not ok 1 selftests: ktstr: p1 # exit=1"
	has "although all its tests are good"
}

@test "a program that dies: the rest is torn_result, status 114" {
	program p1 'echo 1..2; echo ok 1 f.a; kill -SEGV $$'
	run_tests
	status_is 114
	has "# not ok 2 f.b # ERROR torn_result"
	has "killed by signal 11"
	has "# exit=139"
}

@test "a result without an end of line proves nothing" {
	program p1 'echo 1..2; echo ok 1 f.a; printf "ok 2 f.b"'
	run_tests
	status_is 114
	has "# ok 1 f.a"
	has "# not ok 2 f.b # ERROR torn_result"
}

@test "a program that prints nothing and exits 0: zero_tests" {
	program p1 :
	run_tests
	status_is 117
	has "# not ok 1 f.a # ERROR zero_tests"
	has "# not ok 2 f.b # ERROR zero_tests"
}

@test "garbage does not pass, and does not reach the terminal" {
	program p1 'head -c 100000 /dev/urandom'
	"$TOP/run_tests.sh" --no-build >"$O/out" 2>&1 || status=$?
	[ "$status" = 117 ]
	grep -q "# not ok 2 f.b # ERROR zero_tests" "$O/out"
	! LC_ALL=C grep -q '[[:cntrl:]]' <(tr -d '\n\t' <"$O/out")
}

@test "an exit status of softkvm's failure is vmm_error" {
	program p1 'exit 125'
	run_tests
	status_is 115
	has "# not ok 1 f.a # ERROR vmm_error"
}

@test "a program that cannot be executed: setup_error" {
	printf '#!/bin/bash\nprintf "f.a\\nf.b\\n"; rm "$0"\n' >"$bin/p1"
	chmod +x "$bin/p1"
	program p2 "$honest"
	run_tests
	status_is 116
	has "# # cannot run $bin/p1"
	has "# not ok 2 f.b # ERROR setup_error"
	has "ok 2 selftests: ktstr: p2"
}

@test "each outcome's name is understood" {
	program p1 'echo "not ok 1 f.a #  ERROR guest_panic"; echo "not ok 2 f.b # ERROR oom"'
	run_tests
	status_is 110
	has "# not ok 1 f.a # ERROR guest_panic"
	has "# not ok 2 f.b # ERROR oom"
	has "error:2"
}

@test "a result that nobody planned is shown, and is no success" {
	program p1 "$good; echo ok 3 f.c; echo ok 4 f.a"
	run_tests
	status_is 114
	has "# # ok 3 f.c"
	has "not ok 1 selftests: ktstr: p1"
}

@test "what a program says on stderr is never a result" {
	program p1 "echo ok 1 f.b >&2; echo not ok 1 f.a; echo not ok 2 f.b; exit 1"
	run_tests
	status_is 1
	has "# # ok 1 f.b"
}

@test "a program that hangs: timeout, in time, the rest is reported" {
	program p1 'echo ok 1 f.a; exec sleep 1000'
	program p2 "$good"
	start=$SECONDS
	run_tests --timeout 1
	status_is 124
	has "# ok 1 f.a"
	has "# not ok 2 f.b # ERROR timeout"
	has "not ok 1 selftests: ktstr: p1 # TIMEOUT 1 seconds"
	has "ok 2 selftests: ktstr: p2"
	[ $((SECONDS - start)) -lt 10 ]
}

@test "settings and kselftest_override_timeout limit a program" {
	program p1 'exec sleep 1000'
	echo timeout=1 >"$bin/settings"
	run_tests
	status_is 124
	has "# TIMEOUT 1 seconds"
	kselftest_override_timeout=2 run_tests
	has "# TIMEOUT 2 seconds"
	echo timeout=soon >"$bin/settings"
	run_tests
	status_is 125
	has "timeout='soon'"
}

@test "what outlives its program is killed and does not hang the runner" {
	program p1 "$good; setsid sleep 60 & echo \$! >$BATS_TEST_TMPDIR/pid"
	start=$SECONDS
	run_tests
	status_is 0
	[ $((SECONDS - start)) -lt 20 ]
	gone "$(cat "$BATS_TEST_TMPDIR/pid")"
}

@test "everything skipped: nothing was proved, status 4" {
	program p1 'echo 1..2; echo "ok 1 f.a # SKIP no reason"; echo "ok 2 f.b # SKIP"; exit 4'
	run_tests
	status_is 4
	has "ok 1 selftests: ktstr: p1 # SKIP"
	program p1 'echo "1..0 # SKIP not today"; exit 4'
	run_tests
	status_is 4
	has "# ok 2 f.b # SKIP not today"
}

@test "no programs: status 125" {
	run_tests
	status_is 125
}

@test "a program whose list is unusable: status 125, named" {
	printf '#!/bin/bash\necho oops >&2; exit 3\n' >"$bin/p1"
	chmod +x "$bin/p1"
	run_tests
	status_is 125
	has "p1 --list failed with status 3: oops"
	printf '#!/bin/bash\necho a; echo a\n' >"$bin/p1"
	run_tests
	status_is 125
	has "names a twice"
	printf '#!/bin/bash\necho "../../etc"\n' >"$bin/p1"
	run_tests
	status_is 125
	has "no test name"
}

@test "--list and selections" {
	program p1 "$honest"
	program p2 "$honest"
	run_tests --list
	status_is 0
	[ "$output" = $'p1:f.a\np1:f.b\np2:f.a\np2:f.b' ]
	run_tests p1:f.b
	status_is 0
	has "# ok 1 f.b"
	[[ $output != *p2* ]]
	run_tests p2
	status_is 0
	[[ $output != *p1* ]]
	run_tests f.a
	status_is 0
	has "1..2"
	run_tests --list 'p*:*.a'
	[ "$output" = $'p1:f.a\np2:f.a' ]
	run_tests --list '*.b' p1
	[ "$output" = $'p1:f.a\np1:f.b\np2:f.b' ]
}

@test "--tag" {
	printf '#!/bin/bash\nprintf "f.a\\tslow,net\\nf.b net\\n"\n' >"$bin/p1"
	chmod +x "$bin/p1"
	run_tests --list --tag slow
	[ "$output" = p1:f.a ]
	run_tests --list --tag slow --tag net
	[ "$output" = $'p1:f.a\np1:f.b' ]
	run_tests --list --tag ne
	status_is 2
	has "'ne'"
}

@test "tests tagged ignore are skipped unless named" {
	printf '#!/bin/bash\n[ "$1" = --list ] && { printf "f.a\\tignore\\nf.b\\n"; exit; }\n%s\n' \
		"$honest" >"$bin/p1"
	chmod +x "$bin/p1"
	run_tests
	status_is 0
	has "f.a # SKIP ignored"
	has "f.b # time="
	run_tests p1:f.a
	has "# ok 1 f.a # time="
}

@test "--shard: disjoint and complete" {
	program p1 "$honest"
	program p2 "$honest"
	run_tests --list
	all=$output
	for n in 1 2 3 4; do
		for i in $(seq $n); do
			"$TOP/run_tests.sh" --no-build --list --shard "$i/$n"
		done >"$O/parts"
		[ "$(sort "$O/parts")" = "$(sort <<<"$all")" ]
	done
	run_tests --shard 0/2
	status_is 2
	run_tests --shard 3/2
	status_is 2
	run_tests --shard 5/5
	status_is 4
	has "1..0 # SKIP"
}

@test "several kernels: each test in each, the kernel in its name" {
	program p1 'n=0; while [ $# -gt 0 ]; do n=$((n + 1)); echo "# runs $KTSTR_KERNEL"; echo "ok $n $2"; shift 2; done'
	run_tests --kernel 6.12 --kernel /x/y/bzImage f.a
	status_is 0
	has "# # runs 6.12"
	has "# # runs /x/y/bzImage"
	has "# ok 1 f.a.kernel_6_12 # time="
	[[ $output =~ "# ok 2 f.a.kernel_path_bzimage_"[0-9a-f]{6}" # time=" ]]
	run_tests --kernel 6.12 f.a
	has "# ok 1 f.a # time="
	run_tests --kernel 6.12 --kernel 6_12
	status_is 2
	has "same label"
}

@test "--retry-failed: both results shown, a good end counts" {
	program p1 'for t; do [ "$t" = -r ] && continue; if [ "$t" = f.a ] && [ ! -e "$O/again" ]; then touch "$O/again"; echo "not ok 1 $t"; else echo "ok 1 $t"; fi; done'
	run_tests --retry-failed 1
	status_is 0
	has "# # attempt 1: not ok f.a"
	has "# # flaky: good at attempt 2"
	has "ok 2 f.a # time="
	has "# 1 of the passed tests failed before"
	has "ok 1 selftests: ktstr: p1"
	program p1 'echo not ok 1 $2; exit 1'
	run_tests --retry-failed 2 f.a
	status_is 1
	has "# # attempt 2: not ok f.a"
	has "# not ok 1 f.a"
}

@test "--fail-fast: the others are skipped, not lost" {
	program p1 'echo not ok 1 f.a; sleep 60'
	program p2 "$good"
	run_tests --fail-fast
	status_is 1
	has "# not ok 1 f.a"
	has "# ok 2 f.b # SKIP not run after a failure"
	has "ok 2 selftests: ktstr: p2 # SKIP"
}

@test "--summary: programs, and what failed" {
	program p1 'echo not ok 1 f.a; echo ok 2 f.b; exit 1'
	run_tests --summary
	status_is 1
	has "not ok 1 selftests: ktstr: p1"
	has "# p1:f.a fail, log: $O/run_tests/logs/p1/f.a.log"
	[[ $output != *"ok 2 f.b"* ]]
}

@test "--jobs: the document is in order and complete" {
	program p1 "sleep 0.3; $honest"
	program p2 "$honest"
	program p3 "sleep 0.1; $honest"
	run_tests --jobs 3
	status_is 0
	[ "$(grep -c '^# ok [12] f\.' <<<"$output")" = 6 ]
	[ "$(grep '^ok' <<<"$output")" = "$(printf 'ok %d selftests: ktstr: p%d\n' 1 1 2 2 3 3)" ]
}

@test "--bisect: good, bad, cannot tell" {
	program p1 "$good"
	run_tests --bisect
	status_is 0
	program p2 'echo not ok 1 f.a; echo ok 2 f.b; exit 1'
	run_tests --bisect
	status_is 1
	program p2 'echo not ok 1 f.a "# ERROR setup_error"; echo ok 2 f.b; exit 1'
	run_tests --bisect
	status_is 125
	program p2 'echo "# vm: reset, 2 cpus, 512 MiB, boot 0 ms, body 0 ms"; echo not ok 1 f.a "# ERROR guest_panic"; echo ok 2 f.b'
	run_tests --bisect
	status_is 125
	program p2 'echo "# vm: reset, 2 cpus, 512 MiB, boot 900 ms, body 0 ms"; echo not ok 1 f.a "# ERROR guest_panic"; echo ok 2 f.b'
	run_tests --bisect
	status_is 1
}

@test "a selection that names nothing: status 2" {
	program p1 "$good"
	run_tests p1 nonsense
	status_is 2
	has "no test 'nonsense'"
	run_tests 'x*'
	status_is 2
}

@test "bad options: status 2" {
	program p1 "$good"
	for bad in --frobnicate --timeout=soon --jobs=0 --jobs=65 --shard=x \
		--accel=magic --retry-failed=-1; do
		run_tests $bad
		status_is 2
	done
}

# --- being stopped --------------------------------------------------------

# start_run ARG...: p1 reports f.a and then hangs with a child of its own and a
# daemon; wait until it does
start_run()
{
	program p1 'echo ok 1 f.a; sleep 1000 & echo $! >"$O/pids"; setsid sleep 1000 & echo $! $$ >>"$O/pids"; touch "$O/up"; wait'
	program p2 "$good"
	rm -f "$O/up"
	"$TOP/run_tests.sh" --no-build "$@" >"$O/out" 2>"$O/err" &
	runner=$!
	for _ in {1..100}; do
		[ ! -e "$O/up" ] || return 0
		sleep 0.05
	done
	return 1
}

@test "SIGINT, SIGTERM, SIGHUP: everything gone within a second, all reported" {
	for sig in 2:INT 15:TERM 1:HUP; do
		start_run
		start=${EPOCHREALTIME/./}
		kill -"${sig#*:}" "$runner"
		wait "$runner" || status=$?
		[ $((${EPOCHREALTIME/./} - start)) -lt 1000000 ]
		[ "$status" = $((128 + ${sig%:*})) ]
		for pid in $(cat "$O/pids"); do
			gone "$pid"
		done
		grep -q "^# ok 1 f.a" "$O/out"
		grep -q "^# not ok 2 f.b # ERROR interrupted" "$O/out"
		[ "$(grep -c "# ERROR interrupted" "$O/out")" = 3 ]
		grep -q "^not ok 2 selftests: ktstr: p2" "$O/out"
	done
}

@test "the runner is killed with SIGKILL: nothing is left, the next run works" {
	start_run
	kill -KILL "$runner"
	wait "$runner" || true
	gone "$(sed -n '2s/.* //p' "$O/pids")" # the program
	program p1 "$good"
	run_tests
	status_is 0
}

@test "the reader of standard output goes away: the run ends" {
	program p1 'echo ok 1 f.a; echo $$ >"$O/pid"; sleep 1000'
	run bash -c '"$0" --no-build | head -n 5 >/dev/null; echo ${PIPESTATUS[0]}' \
		"$TOP/run_tests.sh"
	[ "${lines[-1]}" = 141 ]
	gone "$(cat "$O/pid")"
}

@test "the terminal is closed: the run ends" {
	program p1 'echo ok 1 f.a; echo $$ >"$O/pid"; sleep 1000'
	# script(1) gives it a terminal; killing script closes that
	script -qfc "'$TOP/run_tests.sh' --no-build; echo status \$? >'$O/status'" \
		/dev/null >"$O/out" 2>&1 </dev/null &
	for _ in {1..100}; do
		[ ! -s "$O/pid" ] || break
		sleep 0.05
	done
	kill -KILL $!
	wait $! || true
	gone "$(cat "$O/pid")"
}

@test "a reader that does not read delays no signal" {
	program p1 'yes "# a long line to fill the pipe with" | head -c 1000000; echo ok 1 f.a; sleep 1000'
	mkfifo "$O/fifo"
	sleep 1000 <"$O/fifo" &
	reader=$!
	"$TOP/run_tests.sh" --no-build >"$O/fifo" &
	runner=$!
	sleep 0.5
	kill -INT "$runner"
	start=${EPOCHREALTIME/./}
	wait "$runner" || status=$?
	kill "$reader"
	[ "$status" = 130 ]
	[ $((${EPOCHREALTIME/./} - start)) -lt 1000000 ]
}

# --- the output directory ---------------------------------------------------

@test "two runs in one output directory: the second is refused, and says who" {
	start_run
	run_tests
	status_is 125
	has "in use by another run, process $runner"
	kill "$runner"
	wait "$runner" || true
	program p1 "$good"
	run_tests
	status_is 0
}

@test "the log directory is removed during the run: told, not a success" {
	program p1 "echo ok 1 f.a; rm -rf $BATS_TEST_TMPDIR/run_tests; echo ok 2 f.b"
	run_tests
	status_is 125
	has "# ok 2 f.b"
	has "output directory $BATS_TEST_TMPDIR/run_tests: cannot write"
	program p1 "echo not ok 1 f.a; rm -rf $BATS_TEST_TMPDIR/run_tests; echo ok 2 f.b"
	run_tests
	status_is 1
}

@test "the disk is full: told, results are on standard output" {
	[ "$(id -u)" = 0 ] || skip "needs root to mount a small disk"
	mkdir "$O/full"
	mount -t tmpfs -o size=16k none "$O/full" || skip "cannot mount"
	program p1 'echo ok 1 f.a; head -c 50000 /dev/zero | tr "\0" x; echo; echo ok 2 f.b'
	run_tests --output "$O/full"
	umount "$O/full"
	status_is 125
	has "No space left on device"
	has "# ok 2 f.b"
}

@test "an output directory that cannot be: status 125" {
	program p1 "$good"
	run_tests --output /dev/null/x
	status_is 125
	has "/dev/null/x"
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

# --- result files -----------------------------------------------------------

# A run with one of everything; leaves $O/run_tests
mixed_run()
{
	printf '#!/bin/bash\n[ "$1" = --list ] && { printf "%%s\\n" a.pass a.fail a.skip a.xfail a.panic a.flaky a.lost; exit; }\n%s\n' '
		while [ $# -gt 0 ]; do
			case $2 in
			a.pass) echo "ok 1 $2 #  time=1500ms" ;;
			a.fail) echo "# <&> \"said\" ]]> Kernel panic - not syncing: VFS: x"; echo "# Subtest: liar"; echo "1..4 cpus"; echo "not ok 2 $2" ;;
			a.skip) echo "ok 3 $2 # SKIP no such thing" ;;
			a.xfail) echo "ok 4 $2 # XFAIL known" ;;
			a.panic) echo "# fingerprint: of the guest"; echo "# fingerprint: 1f2e3d4c a < b"; echo "not ok 5 $2 # ERROR guest_panic" ;;
			a.flaky) [ -e "$O/again" ] && echo "ok 6 $2" || echo "not ok 6 $2"; touch "$O/again" ;;
			esac
			shift 2
		done; exit 1' >"$bin/p1"
	chmod +x "$bin/p1"
	program p2 "$good"
	rm -f "$O/again"
	run_tests --retry-failed 1 "$@"
}

# name: status, of each case in a kunit-shaped JSON
cases()
{
	python3 -c '
import json, sys
for group in json.load(open(sys.argv[1]))["sub_groups"]:
    for case in group["test_cases"]:
        print(group["name"], case["name"], case["status"])' "$1"
}

@test "results.json has what kunit.py parse --json makes of results.ktap" {
	mixed_run
	status_is 117
	[ "$(cases "$O/run_tests/results.json" | wc -l)" = 9 ]
	ksft=$("$TOP/scripts/setup" --print-kselftest) || skip "no kselftest files"
	python3 "$(realpath "$ksft/../kunit/kunit.py")" parse \
		--json="$O/kunit.json" "$O/run_tests/results.ktap" >"$O/kunit.out" || true
	diff <(cases "$O/kunit.json") <(cases "$O/run_tests/results.json")
	! grep -F '[ERROR]' "$O/kunit.out"
	python3 - "$O/kunit.json" "$O/run_tests/results.json" <<-'END'
	import json, sys
	kunit, ours = (json.load(open(name)) for name in sys.argv[1:])
	def keys(theirs, ours):
	    missing = set(theirs) - set(ours)
	    assert not missing, missing
	keys(kunit, ours)
	for a, b in zip(kunit["sub_groups"], ours["sub_groups"]):
	    keys(a, b)
	    for x, y in zip(a["test_cases"], b["test_cases"]):
	        keys(x, y)
	END
}

@test "results.json tells outcomes apart and keeps every attempt" {
	mixed_run
	python3 - "$O/run_tests/results.json" <<-'END'
	import json, os, sys
	top = json.load(open(sys.argv[1]))
	cases = {c["name"]: c for c in top["sub_groups"][0]["test_cases"]}
	outcomes = {name: c["outcome"] for name, c in cases.items()}
	assert outcomes == {"a.pass": "pass", "a.fail": "fail", "a.skip": "skip",
	    "a.xfail": "xfail", "a.panic": "guest_panic", "a.flaky": "pass",
	    "a.lost": "zero_tests"}, outcomes
	assert cases["a.pass"]["time_ms"] == 1500
	assert cases["a.flaky"]["flaky"] and not cases["a.pass"]["flaky"]
	assert [a["outcome"] for a in cases["a.flaky"]["attempts"]] == ["fail", "pass"]
	prints = {c["fingerprint"] for c in cases.values()}
	assert prints == {None, "1f2e3d4c a < b"}, prints
	assert cases["a.panic"]["fingerprint"]
	for case in cases.values():
	    assert os.path.exists(case["log"]), case
	assert top["exit_status"] == 117 and top["outcome"] == "zero_tests"
	assert top["totals"]["pass"] == 4 and top["totals"]["flaky"] == 1
	END
}

@test "--json prints it, and nothing else" {
	program p1 "$good"
	"$TOP/run_tests.sh" --no-build --json >"$O/json"
	diff "$O/json" "$O/run_tests/results.json"
}

@test "results.xml is well-formed and has every test once" {
	mixed_run
	python3 - "$O/run_tests/results.xml" <<-'END'
	import sys, xml.etree.ElementTree as tree
	root = tree.parse(sys.argv[1]).getroot()
	suite = root.find("testsuite[@name='p1']")
	assert suite.attrib["tests"] == "7" and suite.attrib["failures"] == "1", suite.attrib
	assert suite.attrib["errors"] == "2" and suite.attrib["skipped"] == "1", suite.attrib
	case = {c.attrib["name"]: c for c in suite}
	assert len(case) == 7
	assert '<&> "said" ]]>' in case["a.fail"].find("failure").text
	assert case["a.panic"].find("error").attrib["type"] == "guest_panic"
	assert case["a.flaky"].find("flakyFailure") is not None
	assert case["a.flaky"].find("failure") is None
	END
}

@test "a bad exit behind good tests is an error in results.xml, too" {
	program p1 "$good; exit 1"
	run_tests
	status_is 114
	grep -q '<testcase classname="ktstr.p1" name="exit status 1">' "$O/run_tests/results.xml"
	grep -q '^not ok 1 p1 # exit=1' "$O/run_tests/results.ktap"
}

@test "an earlier run's results are gone when a run starts" {
	program p1 "$good"
	run_tests
	[ -s "$O/run_tests/results.json" ]
	start_run
	[ ! -e "$O/run_tests/results.json" ]
	kill "$runner"
	wait "$runner" || true
	grep -q interrupted "$O/run_tests/results.json"
}
