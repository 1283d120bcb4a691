#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# Sharing out the host's CPUs: many processes on a host of 64 CPUs that is made
# up, with real locks; `ktstr locks`; what the options refuse. Boots nothing.

bats_require_minimum_version 1.5.0
load common

# 64 CPUs in 8 LLCs on 2 nodes, once for all tests
setup_file()
{
	local cpu i sys=$BATS_FILE_TMPDIR/sys/devices/system

	mkdir -p "$sys"/node/node{0,1}
	for cpu in {0..63}; do
		i=$sys/cpu/cpu$cpu/cache/index0
		mkdir -p "$i"
		echo 3 >"$i/level"
		echo "$((cpu / 8 * 8))-$((cpu / 8 * 8 + 7))" >"$i/shared_cpu_list"
	done
	echo 0-63 >"$sys/cpu/online"
	echo 0-1 >"$sys/node/online"
	echo 0-31 >"$sys/node/node0/cpulist"
	echo 32-63 >"$sys/node/node1/cpulist"
}

setup()
{
	ktstr=$O/ktstr
	sys=$BATS_FILE_TMPDIR/sys
	dir=$BATS_TEST_TMPDIR
	mkdir "$dir/locks" "$dir/out"
	export KTSTR_LOCK_DIR=$dir/locks KTSTR_CACHE_DIR=$dir/cache
	unset KTSTR_CPU_CAP KTSTR_BYPASS_LLC_LOCKS
	holders=()
	# What holders wait on: open for as long as this shell lives.
	mkfifo "$dir/never"
	exec 7<>"$dir/never"
}

teardown()
{
	local pid

	exec 7<&-
	for pid in "${holders[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
}

# hold NAME ARG...: reserve in the background until killed
hold()
{
	local name=$1

	shift
	"$ktstr" locks --sysfs "$sys" "$@" <"$dir/never" \
		>"$dir/out/$name" 2>"$dir/out/$name.err" 7<&- 3>&- &
	holders+=($!)
}

# decided: every holder has said what it has, or has left
decided()
{
	local i pid

	for i in $(seq 300); do
		for pid in "${holders[@]}"; do
			grep -qs "^$pid " "$dir"/out/* ||
				! kill -0 "$pid" 2>/dev/null || continue 2
		done
		return 0
	done
	echo "undecided: $pid"
	return 1
}

# wait until decided, with pauses
settle()
{
	for _ in $(seq 100); do
		decided && return
		sleep 0.1
	done
	return 1
}

# no_overlap: from what the holders say; those that live
no_overlap()
{
	python3 - "$dir"/out/* <<-'END'
		import os, re, sys
		def numbers(text):
		    out = set()
		    for part in text.split(","):
		        a, _, b = part.partition("-")
		        out |= set(range(int(a), int(b or a) + 1))
		    return out
		rows = []
		for name in sys.argv[1:]:
		    m = re.match(r"(\d+) (\w+): CPUs ([0-9,-]+), LLCs ([0-9,-]*[0-9])",
		                 open(name).read())
		    if m and os.path.exists("/proc/" + m[1]):
		        rows.append((m[2], numbers(m[3]), numbers(m[4]), name))
		for i, a in enumerate(rows):
		    for b in rows[:i]:
		        modes = {a[0], b[0]}
		        if modes == {"window"}:
		            assert not a[1] & b[1], (a, b)
		        if "performance" in modes:
		            assert not a[2] & b[2], (a, b)
		print(len(rows), *sorted({r[0] for r in rows}))
	END
}

# llcs_held: by the kernel's word, number of LLC files somebody has
held() { "$ktstr" locks --sysfs "$sys" --json | python3 -c "
import json, sys
print(sum(1 for r in json.load(sys.stdin)['$1'] if r['holders']))"; }

@test "20 at once, windows of different sizes: none overlap, all that fit get theirs" {
	# 3 * 20 = 60 of 64 CPUs on average, whatever the order
	for i in {1..20}; do
		hold "$i" --hold window --topology "1n1l$((1 + i % 5))c1t"
	done
	settle
	run no_overlap
	status_is 0
	has "window"
	[ "${output%% *}" -ge 18 ]
	# What they say is what the kernel says.
	[ "$(held cpus)" = "$(sed -n 's/.*CPUs \([^ ]*\), .*/\1/p' "$dir"/out/* |
		tr , '\n' | awk -F- '{ n += ($2 == "" ? 1 : $2 - $1 + 1) } END { print n }')" ]
}

@test "20 at once in all modes, some killed, others take their place: never an overlap" {
	local round i

	for round in 1 2 3; do
		for i in {1..7}; do
			hold "w$round.$i" --hold window --topology "1n1l$((i + 1))c1t"
			hold "s$round.$i" --hold shared --cpu-cap $((i * 3))
			[ $i = 7 ] || hold "p$round.$i" --hold performance \
				--topology "1n1l${i}c1t"
		done
		settle
		run no_overlap
		status_is 0
		echo "round $round: $output"
		# a third of them, any
		for i in $(seq 0 3 $((${#holders[@]} - 1))); do
			kill -KILL "${holders[i]}" 2>/dev/null || true
			wait "${holders[i]}" 2>/dev/null || true
		done
	done
	run no_overlap
	status_is 0
	for i in "${holders[@]}"; do
		kill -KILL "$i" 2>/dev/null || true
		wait "$i" 2>/dev/null || true
	done
	# Nothing is left of any: no lock, and no file that is not one.
	[ "$(held llcs)" = 0 ]
	[ "$(held cpus)" = 0 ]
	! ls "$dir/locks" | grep -vE '^ktstr-(llc|cpu)-[0-9]+\.lock$'
	[ -z "$(find "$dir/locks" -type f -size +0)" ]
	run "$ktstr" locks --sysfs "$sys" --hold performance --topology 2n6l8c1t </dev/null
	status_is 0
}

@test "coming and going: 20 runners that wait for nobody all end" {
	local i pids=()

	for i in {1..20}; do
		(
			for _ in {1..8}; do
				timeout 20 "$ktstr" locks --sysfs "$sys" --hold window \
					--topology "1n1l$((1 + i * 3))c1t" </dev/null \
					>/dev/null 2>>"$dir/err.$i" || [ $? = 1 ] || exit 1
			done
		) 3>&- 7<&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	[ "$(held cpus)" = 0 ]
}

@test "who is in the way is named" {
	hold first --hold performance --topology 1n7l4c1t
	settle
	hold second --hold window --topology 1n1l8c1t
	settle
	grep -q "window: CPUs 56-63" "$dir/out/second"
	run "$ktstr" locks --sysfs "$sys" --hold window --topology 1n1l2c1t </dev/null
	status_is 1
	has "no 2 consecutive CPUs are free"
	has "${holders[1]} ($ktstr locks --sysfs"
	run "$ktstr" locks --sysfs "$sys" --hold shared --cpu-cap 9 </dev/null
	status_is 1
	has "9 CPUs of LLC"
	has "${holders[0]} ($ktstr locks --sysfs"
	run "$ktstr" locks --sysfs "$sys" --hold performance --topology 1n1l1c1t </dev/null
	status_is 1
	has "all 8 places of 1 LLCs are in use"
}

@test "locks: text and JSON agree, with nodes and holders" {
	run "$ktstr" locks --sysfs "$sys"
	status_is 0
	[ "$(grep -c 'no lock files' <<<"$output")" -ge 3 ]
	hold a --hold shared --cpu-cap 2
	settle
	hold b --hold window --topology 1n1l9c1t
	settle
	run "$ktstr" locks --sysfs "$sys"
	has "LLCs:"
	has "  0 (node 0)       $dir/locks/ktstr-llc-0.lock"
	has "    ${holders[0]}  $ktstr locks --sysfs $sys --hold shared"
	"$ktstr" locks --sysfs "$sys" --json | python3 -c "
import json, sys
lines = sys.stdin.read().splitlines()
assert len(lines) == 1
top = json.loads(lines[0])
assert list(top) == ['llcs', 'cpus', 'cache', 'run_dirs']
assert [r['llc_idx'] for r in top['llcs']] == [0, 1]
assert [r['cpu'] for r in top['cpus']] == list(range(9))
assert {r['numa_node'] for r in top['cpus']} == {0}
a, b = ${holders[0]}, ${holders[1]}
assert sorted(h['pid'] for h in top['llcs'][0]['holders']) == sorted([a, b])
assert [h['pid'] for h in top['cpus'][8]['holders']] == [b]
assert top['cpus'][8]['holders'][0]['cmdline'].startswith('$ktstr locks')
assert top['cpus'][8]['lockfile'] == '$dir/locks/ktstr-cpu-8.lock'
"
	kill "${holders[1]}"
	wait "${holders[1]}" || true
	run "$ktstr" locks --sysfs "$sys"
	has "<none recorded>"
}

@test "locks: those of the cache and of softkvm" {
	export XDG_RUNTIME_DIR=$dir/run
	mkdir -p "$dir/cache/.locks" "$dir/run/ktstr-softkvm"
	: >"$dir/cache/.locks/kernel-6.12.lock" >"$dir/cache/.setup.lock"
	: >"$dir/run/ktstr-softkvm/lock"
	exec 8<"$dir/cache/.setup.lock"
	flock -n 8
	"$ktstr" locks --json | python3 -c "
import json, sys
top = json.load(sys.stdin)
by_key = {r['cache_key']: r for r in top['cache']}
assert sorted(by_key) == ['kernel-6.12.lock', 'setup'], by_key
assert len(by_key['setup']['holders']) == 1
assert by_key['kernel-6.12.lock']['holders'] == []
assert 'softkvm 0' in {r['run_key'] for r in top['run_dirs']}
"
	exec 8<&-
}

@test "locks --watch: a line of JSON each time, until interrupted" {
	timeout -s INT 3 "$ktstr" locks --json --watch 1 >"$dir/watched" || status=$?
	[ "${status:-0}" = 124 ] || [ "${status:-0}" = 0 ]
	[ "$(wc -l <"$dir/watched")" -ge 2 ]
	python3 -c 'import json, sys; [json.loads(l) for l in sys.stdin]' <"$dir/watched"
	run "$ktstr" locks --watch 0
	status_is 2
	run "$ktstr" locks --watch x
	status_is 2
}

@test "a lock directory that cannot be used: which, and what to set" {
	local cmd=("$ktstr" locks --sysfs "$sys" --hold window)

	KTSTR_LOCK_DIR=rel run "${cmd[@]}" </dev/null
	status_is 125
	has "KTSTR_LOCK_DIR='rel' is no absolute path"
	KTSTR_LOCK_DIR=$dir/none run "${cmd[@]}" </dev/null
	status_is 125
	has "lock directory $dir/none: No such file"
	has "set KTSTR_LOCK_DIR"
	if [ "$(id -u)" = 0 ] && unshare -m true; then
		# shellcheck disable=SC2016
		run unshare -m sh -c 'mount -t tmpfs -o ro none "$0" && shift 0 && exec "$@"' \
			"$dir/locks" "${cmd[@]}" </dev/null
		status_is 125
		has "ktstr-cpu-0.lock: Read-only file system"
		has "set KTSTR_LOCK_DIR"
	fi
}

@test "caps that are none, and caps with bypassed locks" {
	local cap

	for cap in 0 -1 x 8193 "1 2"; do
		for cmd in run shell vm; do
			run "$ktstr" $cmd --cpu-cap="$cap"
			status_is 2
			has "--cpu-cap='$cap' is no number of CPUs from 1 to 8192"
		done
		run "$ktstr" test --cpu-cap="$cap"
		status_is 2
		has "--cpu-cap takes a number from 1 to 8192, not '$cap'"
	done
	run "$ktstr" locks --sysfs "$sys" --hold shared --cpu-cap 65 </dev/null
	status_is 125
	has "a cap of 65 CPUs"
	has "allowed 64"
}

@test "a restricted CPU set counts; a sysfs that cannot be read is named" {
	run taskset -c 0 "$ktstr" locks --hold window --topology 1n1l2c1t </dev/null
	status_is 3
	has "2 vCPUs: this process is allowed 1 CPUs"
	run taskset -c 0 "$ktstr" locks --hold window --topology 1n1l1c1t </dev/null
	status_is 0
	has "window: CPUs 0, LLCs 0"
	run "$ktstr" locks --sysfs /nowhere --hold window </dev/null
	status_is 125
	has "/nowhere/devices/system/cpu/online"
}
