#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# `ktstr share`: a command on a share of the CPUs. On this host, whatever its
# cgroups are; and in a machine, whose cgroups are known.

bats_require_minimum_version 1.5.0
load common

setup()
{
	ktstr=$O/ktstr
	mkdir "$BATS_TEST_TMPDIR/locks"
	export KTSTR_LOCK_DIR=$BATS_TEST_TMPDIR/locks
	unset KTSTR_CPU_CAP KTSTR_BYPASS_LLC_LOCKS KTSTR_CONTENTION_BYPASS
	n=$((($(nproc) * 30 + 99) / 100))
}

share() { run timeout 60 "$ktstr" share "$@" </dev/null; }

# no cgroup of a command that is gone
nothing_left() { [ -z "$(find /sys/fs/cgroup -name "ktstr-build-*-$1")" ]; }

@test "no command, a cap that is none: usage; a command that is none: 126, 127" {
	share
	status_is 2
	has "which command"
	share --cpu-cap 0 -- true
	status_is 2
	has "--cpu-cap='0' is no number of CPUs from 1 to 8192"
	run -127 "$ktstr" share -- /no/such/command
	has "/no/such/command: No such file"
	share -- /etc/passwd
	status_is 126
	has "Permission denied"
}

@test "30 % of the CPUs, their number in the environment, the status as it is" {
	share -- sh -c 'echo "<$KTSTR_BUILD_JOBS jobs, $(nproc) CPUs>"; exit 7'
	status_is 7
	has "ktstr share: shared: CPUs "
	has "<$n jobs, $n CPUs>"
	share -- sh -c 'kill -KILL $$'
	status_is 137
}

@test "machines in performance mode keep off while it runs, and it keeps off theirs" {
	share -- "$ktstr" locks --json
	has '"pid"'
	has "$ktstr share -- $ktstr locks --json"
	# Somebody has every LLC for himself.
	for i in $(seq 0 $(($(nproc --all) - 1))); do
		: >"$KTSTR_LOCK_DIR/ktstr-llc-$i.lock"
		exec {fd}<"$KTSTR_LOCK_DIR/ktstr-llc-$i.lock"
		flock -n "$fd"
	done
	share -- true
	status_is 125
	has "somebody has one of these LLCs for himself"
	has "KTSTR_CONTENTION_BYPASS"
	KTSTR_CONTENTION_BYPASS=1 share -- echo among them
	status_is 0
	has "KTSTR_CONTENTION_BYPASS is set: runs among others"
	has "among them"
}

@test "signals reach the command, and its cgroup goes with it" {
	for sig in TERM INT HUP; do
		env --default-signal=INT "$ktstr" share -- sh -c \
			'echo up; exec sleep 100' >"$BATS_TEST_TMPDIR/out" 3>&- &
		pid=$!
		for _ in $(seq 100); do
			! grep -q up "$BATS_TEST_TMPDIR/out" || break
			sleep 0.1
		done
		kill -s $sig $pid
		status=0
		wait $pid || status=$?
		[ "$status" = $((128 + $(kill -l $sig))) ]
		nothing_left $pid
	done
}

@test "words about the host: bypass, a cap too large, both, a bad lock directory" {
	KTSTR_BYPASS_LLC_LOCKS=1 share -- sh -c 'echo "<$KTSTR_BUILD_JOBS>"'
	status_is 0
	[ "$output" = "<$(nproc)>" ]
	[ -z "$(ls "$KTSTR_LOCK_DIR")" ]
	share --cpu-cap 8000 -- echo ran
	status_is 125
	has "a cap of 8000 CPUs (--cpu-cap, KTSTR_CPU_CAP): this process is allowed $(nproc)"
	[[ $output != *ran ]]
	KTSTR_BYPASS_LLC_LOCKS=1 share --cpu-cap 1 -- true
	status_is 125
	has "resource contract"
	KTSTR_LOCK_DIR=/no/such/dir share -- true
	status_is 125
	has "lock directory /no/such/dir"
}

@test "a cap where cgroups cannot keep it is an error with a remedy, else it is kept" {
	share --cpu-cap 1 -- sh -c 'nproc; cat /proc/self/cgroup'
	if [ "$status" = 0 ]; then
		has "ktstr-build-"
	else
		status_is 125
		has "ktstr share: cgroup /sys/fs/cgroup"
		share -- true
		has "on its CPUs by affinity only: cgroup /sys/fs/cgroup"
	fi
}

# Everything about real cgroups, in one machine.
@test "in a machine with cgroup v2: confined, drained, removed; the root refused" {
	cat >"$BATS_TEST_TMPDIR/inside" <<-'END'
	cd /sys/fs/cgroup || exit 9
	ktstr share --cpu-cap 2 -- true
	echo "root: $?"
	mkdir own && echo $$ >own/cgroup.procs || exit 9
	ktstr share --cpu-cap 2 -- sh -c '
		echo "<$KTSTR_BUILD_JOBS jobs, $(nproc) CPUs>"
		grep 0:: /proc/self/cgroup
		cat own/ktstr-build-*/cpuset.cpus own/cgroup.subtree_control
		ktstr locks --hold window --topology 1n1l3c1t </dev/null
		ktstr locks --hold window --topology 1n1l2c1t </dev/null'
	echo "kept: $?"
	ls -d own/ktstr-build-* 2>&1
	echo "after: <$(cat own/cgroup.subtree_control)>"
	echo "nested: $(ktstr share --cpu-cap 2 -- ktstr share --cpu-cap 1 -- nproc)"
	# What the command leaves goes back; it is not killed.
	ktstr share -- sh -c 'sleep 1000 & echo $! >/left'
	echo "left: $? $(grep 0:: /proc/$(cat /left)/cgroup)"
	ktstr share -- sleep 1000 &
	until cat own/ktstr-build-*/cgroup.threads 2>/dev/null | grep -q .; do sleep 1; done
	kill $!
	wait $!
	echo "killed: $?"
	mkdir own/ktstr-build-1-999999
	ktstr share -- true
	ls -d own/ktstr-build-* 2>&1
	mkdir own/other
	sleep 1000 &
	echo $! >own/other/cgroup.procs
	ktstr share --cpu-cap 1 -- true
	echo "crowded: $?"
	END
	run timeout 240 "$ktstr" shell --cpus 4 -i "$ktstr" \
		-i "$BATS_TEST_TMPDIR/inside" \
		--exec 'KTSTR_LOCK_DIR=/tmp sh /include-files/inside 2>&1' </dev/null
	status_is 0
	has "cgroup /sys/fs/cgroup: the root of all cgroups is not divided"
	has "root: 125"
	has "<2 jobs, 2 CPUs>"
	has "0::/own/ktstr-build-"
	has "0-1"
	has "cpuset"
	has "3 vCPUs: this process is allowed 2 CPUs"
	has "window: CPUs 0-1, LLCs 0"
	has "kept: 0"
	has "own/ktstr-build-*: No such file"
	has "after: <>"
	has "nested: 1"
	has "left: 0 0::/own"
	has "killed: 143"
	has "own: Device or resource busy: it has other controllers or children"
	has "crowded: 125"
	[ "$(grep -c 'ktstr-build-\*: No such file' <<<"$output")" = 2 ]
	[[ $output != *"affinity only"* && $output != *"left behind"* ]]
}
