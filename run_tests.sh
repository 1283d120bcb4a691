#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the suite and tells the truth in its exit status. The output has the
# shape of the kernel's runner.sh, so that what reads kselftest output reads
# this.
set -u -o pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$top" || exit 125
O=$(realpath -m "${O:-build}")
bin=$O/kselftest/ktstr
results=$O/run_tests

usage()
{
	cat <<-END
	Usage: ./run_tests.sh [--list] [--no-build] [--timeout SECONDS]
	                      [SELECTION...]
	Runs all test programs, or what is selected:
	  PROGRAM                 all tests of one program
	  PROGRAM:FIXTURE.TEST    one test
	  FIXTURE.TEST            one test, in whichever program has it
	--list prints PROGRAM:FIXTURE.TEST of every test. --no-build takes the
	programs as they are. --timeout limits one program (default:
	tools/testing/ktstr/settings).
	Exit status: 0 all passed, 1 something failed, 2 wrong usage, 125 the suite
	could not be run or no test was executed.
	Environment: O (build directory), KTSTR_KERNEL, KTSTR_ACCEL, KTSTR_CACHE_DIR,
	KSRC; Documentation/running.md explains them.
	END
}

infra() { echo "run_tests: $*" >&2; exit 125; }

# PROGRAM:TEST of every test
list_tests()
{
	local prog name test

	for prog in "$bin"/*; do
		[ -f "$prog" ] && [ -x "$prog" ] || continue
		name=${prog##*/}
		# a leftover whose source is gone, or one that fails on purpose
		[ -z "$build" ] || [ -e "tools/testing/ktstr/$name.c" ] || continue
		[ ! -e "tools/testing/ktstr/selfcheck/$name.c" ] || continue
		"$prog" --list </dev/null | while read -r test; do
			echo "$name:$test"
		done || infra "$name --list failed"
	done
}

# The selected PROGRAM:TESTs, in the order of the list; a selection that names
# nothing is an error.
select_tests()
{
	local all=$1 word picked=""
	shift
	[ $# -gt 0 ] || { echo "$all"; return; }
	for word in "$@"; do
		# whole program, program:test, or test in any program
		picked+=$(awk -F: -v w="$word" '
			$0 == w || $1 == w || $2 == w' <<<"$all")$'\n'
		[ -n "$(tail -n 2 <<<"$picked" | tr -d '\n')" ] || {
			echo "run_tests: no test '$word'; --list names them" >&2
			exit 2
		}
	done
	grep -xF -f <(grep . <<<"$picked") <<<"$all"
}

# Run program $1 with arguments $2...; lines come out prefixed, and are kept.
# A test child that outlives its program may hold the pipe: it gets 5 s.
run_program()
{
	local prog=$1 status writer pid
	shift
	exec {writer}> >(exec perl -e '
		$| = 1;
		open my $log, ">", shift or die;
		$log->autoflush(1);
		while (<STDIN>) { print "# $_"; print $log "# $_"; }
	' "$results/$prog.log")
	pid=$!
	timeout -k 10 "$limit" "$bin/$prog" "$@" >&"$writer" 2>&1 \
		</dev/null {writer}>&-
	status=$?
	exec {writer}>&-
	for _ in {1..50}; do
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	kill $pid 2>/dev/null
	return $status
}

# result line for program $2, number $1, exit status $3
report()
{
	local name="selftests: ktstr: $2" passed failed skipped

	read -r passed failed skipped < <(scripts/tap-count "$results/$2.log")
	total_passed=$((total_passed + passed))
	total_failed=$((total_failed + failed))
	total_skipped=$((total_skipped + skipped))
	case $3 in
	0)
		if [ $((passed + failed + skipped)) = 0 ]; then
			echo "not ok $1 $name # ERROR no test ran"
		elif [ "$failed" != 0 ]; then
			echo "not ok $1 $name # exit=0 with failed tests"
		else
			echo "ok $1 $name"
			return
		fi ;;
	4) echo "ok $1 $name # SKIP"; return ;;
	124 | 137) echo "not ok $1 $name # TIMEOUT $limit seconds" ;;
	*) echo "not ok $1 $name # exit=$3" ;;
	esac
	failed_programs=$((failed_programs + 1))
}

run_selected()
{
	local selected=$1 n=0 prog status test
	local -a progs args

	mapfile -t progs < <(cut -d: -f1 <<<"$selected" | uniq)
	echo "TAP version 13"
	echo "1..${#progs[@]}"
	for prog in "${progs[@]}"; do
		n=$((n + 1))
		args=()
		while read -r test; do
			args+=(-r "$test")
		done < <(sed -n "s/^$prog://p" <<<"$selected")
		echo "# selftests: ktstr: $prog"
		run_program "$prog" "${args[@]}"
		status=$?
		report $n "$prog" $status
	done
	echo "# Totals: pass:$total_passed fail:$total_failed skip:$total_skipped"
}

build=1 list=""
limit=$(sed -n 's/^timeout=//p' tools/testing/ktstr/settings)
while [ $# -gt 0 ]; do
	case $1 in
	--list | -l) list=1 ;;
	--no-build) build="" ;;
	--timeout)
		[[ ${2:-} =~ ^[1-9][0-9]*$ ]] || {
			echo "run_tests: --timeout takes seconds" >&2
			exit 2
		}
		limit=$2
		shift ;;
	-h | --help) usage; exit 0 ;;
	-*) echo "run_tests: no option '$1'; --help lists them" >&2; exit 2 ;;
	*) break ;;
	esac
	shift
done

[ -z "$build" ] || make -s -C tools/testing/ktstr O="$O" all >&2 ||
	infra "the build failed"
all=$(list_tests) || exit 125
[ -n "$all" ] || infra "no test programs in $bin"
selected=$(select_tests "$all" "$@") || exit 2
[ -z "$list" ] || { echo "$selected"; exit 0; }

rm -rf "$results"
mkdir -p "$results" || infra "cannot create $results"
total_passed=0 total_failed=0 total_skipped=0 failed_programs=0
run_selected "$selected"
[ $((total_passed + total_failed)) -gt 0 ] || [ $failed_programs -gt 0 ] ||
	infra "no test was executed"
[ $failed_programs = 0 ] || exit 1
