#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# `ktstr trace`, and the tracer on its command line. First what needs no
# machine; then one machine under load, whose trace is read by everybody.

load common

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	export KTSTR_SIDECAR_DIR=$BATS_TEST_TMPDIR/logs
}

corpus=$BATS_TEST_DIRNAME/../fuzz/corpus/perfetto

# corpus_trace NAME: a trace of the fuzz corpus without the fuzzer's first byte
corpus_trace() { tail -c +2 "$corpus/$1" >"$1.pb"; }

@test "ktprof: wrong usage is status 2 and says what is right" {
	run "$O/ktprof" -T t.pb -e sched,cpu
	status_is 2
	has "no event 'cpu'"
	has "sched, irq, softirq and wq"
	for bad in "-d 0" "-d 10x" "-d -5" "-d 99999999999999999999" \
		"--ringbuf-size=big" "--ringbuf-cnt=0"; do
		# shellcheck disable=SC2086 # an option and its value
		run "$O/ktprof" -T t.pb $bad
		status_is 2
		has "is a number from"
	done
	run "$O/ktprof" -d 5
	status_is 2
	has "-T FILE"
	run "$O/ktprof" -T t.pb again
	status_is 2
	has "'again'"
	[ ! -e t.pb ]
}

@test "ktprof: a trace that cannot be written is status 4, before any capture" {
	run "$O/ktprof" -d 1 -T /nowhere/t.pb
	status_is 4
	has "/nowhere/t.pb: No such file"
	mkdir dir
	run "$O/ktprof" -d 1 -T dir
	status_is 4
	has "Is a directory"
}

@test "ktprof: a kernel that cannot be traced is status 3 and says what it needs" {
	run as_nobody "$O/ktprof" -d 1 -T /dev/null
	status_is 3
	[[ $output == *BTF* || $output == *root* ]]
}

@test "trace: wrong usage is status 2" {
	run "$O/ktstr" trace
	status_is 2
	has "which program"
	run "$O/ktstr" trace --info a.pb -- true
	status_is 2
	run "$O/ktstr" trace --topology 3n2l1c1t -- true
	status_is 2
	has "--topology"
	run "$O/ktstr" trace --events 'sched irq' -- true
	status_is 2
	has "sched irq"
}

@test "trace: where no trace can be written nothing is started" {
	run "$O/ktstr" trace -o /nowhere/t.pb -- true
	status_is 125
	has "cannot write beside /nowhere/t.pb"
	mkdir t.pb
	run "$O/ktstr" trace -o t.pb -- true
	status_is 125
	has "is a directory"
	run "$O/ktstr" trace -o u.pb -- ./no-such-program
	status_is 116
	has "no-such-program"
	[ "$(ls -A)" = t.pb ]
}

@test "trace --info: of ours, wprof's and perfetto's" {
	corpus_trace ktprof
	run "$O/ktstr" trace --info ktprof.pb
	status_is 0
	has "written by ktprof"
	has "lost events: 0"
	corpus_trace wprof
	run "$O/ktstr" trace --info wprof.pb
	status_is 0
	has "without closing statistics"
	has five
	corpus_trace ftrace
	run "$O/ktstr" trace --info ftrace.pb
	status_is 0
	has "lost events: 6"
	has seven
	corpus_trace compressed
	run "$O/ktstr" trace --info compressed.pb --threads=0
	status_is 0
	has seven
}

@test "trace --info: what is no whole trace is status 1 and says where" {
	corpus_trace ktprof
	for size in 1 700 2000 3119; do
		head -c $size ktprof.pb >cut.pb
		run "$O/ktstr" trace --info cut.pb
		status_is 1
		has "cut.pb: trace is cut short"
		has "at offset"
	done
	run "$O/ktstr" trace --info nothing.pb
	status_is 1
	has "nothing.pb: No such file"
	run "$O/ktstr" trace --info .
	status_is 1
	has "not a regular file"
	run "$O/ktstr" trace --info "$BATS_TEST_FILENAME"
	status_is 1
	has "no TracePacket at offset 0"
	run bash -c "'$O/ktstr' trace --info ktprof.pb >/dev/full"
	status_is 125
}

# One machine under load. In it the tracer is also asked for what it cannot do.
setup_file()
{
	cd "$BATS_FILE_TMPDIR" || return
	gcc -O2 -Wall -static -o load "$BATS_TEST_DIRNAME/trace-load.c" || return
	cat >work <<-'END'
	#!/bin/sh
	load 400 100
	/bin/wprof -d 1 -T /dev/full
	echo "full disk: status $?"
	umount -l /sys
	/bin/wprof -d 1 -T /tmp/none.pb
	echo "no BTF: status $?"
	exit 7
	END
	chmod +x work
	timeout 300 "$O/ktstr" trace --output trace.pb --timeout 120 \
		--topology 2n2l1c1t --events sched,irq,softirq,wq \
		--include load --include umount -- ./work >said 2>&1 \
		</dev/null || echo "machine: status $?" >>said
	ls -A >left
}

said() { grep -E "$1" "$BATS_FILE_TMPDIR/said"; }

@test "VM: a program is recorded, and nothing of it is lost" {
	output=$(<"$BATS_FILE_TMPDIR/said")
	has "machine: status 7" # the program's own
	has "trace.pb: "
	has "slices of"
	[ "$(sort "$BATS_FILE_TMPDIR/left")" = "$(printf '%s\n' left load said trace.pb work)" ]
	cp "$BATS_FILE_TMPDIR/trace.pb" .
	run "$O/ktstr" trace --info trace.pb --threads 0
	status_is 0
	has "written by ktprof"
	has "lost events: 0"
	has " ping "
	has " pong "
	[[ $output != *"other half"* ]]
	# cpu node llc slices running idle overlaps
	[ "$(awk '$1 == "cpu" { t = 1; next } t && !NF { exit }
		t && $4 > 0 && $7 == 0 { print $1, $2, $3 }' <<<"$output")" = \
		$'0 0 0\n1 1 1' ]
}

@test "VM: a pinned spinner's slices are its CPU time, within 2 %" {
	read -r _ pid ns < <(said '^spinner')
	"$O/ktstr" trace --info "$BATS_FILE_TMPDIR/trace.pb" --threads 0 |
		awk -v pid="$pid" -v ns="$ns" '
			$1 == pid && $6 == "spinner" { ran = $4 * 1e6 }
			END {
				print "ran " ran " ns, was charged " ns " ns"
				exit !(ran > 0.98 * ns && ran < 1.02 * ns)
			}'
}

@test "VM: protoc reads it, and knows all of its fields" {
	pb=$BATS_FILE_TMPDIR/trace.pb
	protoc --decode_raw <"$pb" >raw
	[ "$(grep -c '^1 {' raw)" = "$("$O/ktstr" trace --info "$pb" |
		sed -n 's/.* bytes, \([0-9]*\) packets.*/\1/p')" ]
	protoc -I "$TOP/lib/perfetto" --decode=Trace ktprof.proto <"$pb" >text
	run grep -nE '^ *[0-9]+[:{ ]' text
	[ -z "$output" ]
	for word in HARDIRQ SOFTIRQ WQ ONCPU WAKING; do
		grep -q "name: \"$word\"" text
	done
}

@test "VM: protobufjs reads the same in it as we do" {
	node=$("$TOP/scripts/setup" --print-cache)/node/node_modules
	command -v node >/dev/null && [ -d "$node/protobufjs" ] ||
		skip "no node with protobufjs"
	pb=$BATS_FILE_TMPDIR/trace.pb
	run env NODE_PATH="$node" node "$BATS_TEST_DIRNAME/trace-check.js" \
		"$TOP/lib/perfetto/ktprof.proto" "$pb"
	status_is 0
	sort <<<"$output" | awk '
		$1 == "cpu" { printf "%s %s %.3f\n", $2, $3, $4 / 1e6 }
		$1 == "thread" { printf "%s %s %.3f\n", $2, $4, $5 / 1e6 }' |
		sort >theirs
	"$O/ktstr" trace --info "$pb" --threads 0 | awk '
		$1 == "cpu" || $1 == "tid" { what = $1; next }
		!NF { what = "" }
		what == "cpu" { print $1, $4, $5 }
		what == "tid" && $3 { print $1, $3, $4 }' | sort >ours
	diff theirs ours
	has "$("$O/ktstr" trace --info "$pb" |
		sed -n 's/^wakeup latency of \([0-9]*\) .*/wakeups \1/p')"
}

@test "VM: cut anywhere, it is no trace" {
	pb=$BATS_FILE_TMPDIR/trace.pb
	size=$(stat -c %s "$pb")
	RANDOM=$((size % 32768))
	for _ in {1..40}; do
		at=$(((RANDOM << 15 | RANDOM) % size))
		head -c $at "$pb" >cut.pb
		run "$O/ktstr" trace --info cut.pb
		status_is 1
		has "cut.pb"
	done
}

@test "VM: a full disk is status 4, a kernel without BTF status 3" {
	output=$(<"$BATS_FILE_TMPDIR/said")
	has "full disk: status 4"
	has "/dev/full failed after"
	has "No space left on device"
	has "no BTF: status 3"
	has "CONFIG_DEBUG_INFO_BTF=y"
}
