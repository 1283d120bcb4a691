#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The shape of machines as declared: presets as tests of their own, constraints,
# the host's limits, and what is wrong with a declaration. Boots nothing.

bats_require_minimum_version 1.5.0
load common

setup_file()
{
	O=${KTSTR_O:-$BATS_TEST_DIRNAME/../../../../build}
	export PROG=$O/kselftest/ktstr/shapes
	export KTSTR_SIDECAR_DIR=$BATS_FILE_TMPDIR/logs
	make -s -C "$BATS_TEST_DIRNAME/.." O="$O" all >&2
	mkdir -p "$BATS_FILE_TMPDIR/programs"
	cp "$PROG" "$BATS_FILE_TMPDIR/programs/"
}

setup()
{
	export KTSTR_ACCEL=kvm KTSTR_KERNEL=/no/such/kernel
	unset KTSTR_NO_PERF_MODE
}

# runs NAME...: the tests that "$PROG" $args would run, in order
runs()
{
	run "$PROG" $args
	diff <(sed -nE 's/^(not )?ok [0-9]+ ([^ ]+) .*/\2/p' <<<"$output") \
		<(printf '%s\n' "$@")
	grep -qx "1\.\.$#" <<<"$output"
}

# wrong NAME TEXT: what is wrong with test bad.NAME
wrong()
{
	run "$PROG" --check -r "bad.$1"
	status_is 2
	has "bad.$1: $2"
}

@test "a fixture's tests are there on every preset that they accept" {
	run "$PROG" --list -f sched_basic
	status_is 0
	[ "${#lines[@]}" = 23 ]
	has sched_basic.smt-2llc.two_cgroups
	# requires_smt and max_cpus = 16; numa nodes; no machine at all
	[ "$(grep -c '\.siblings$' <<<"$output")" = 3 ]
	[ "$(grep -c '\.far_nodes$' <<<"$output")" = 3 ]
	[ "$(grep -c '\.here$' <<<"$output")" = 1 ]
	# the default constraints: one node, at most 12 LLCs and 192 CPUs
	want=$("$O/ktstr" topo --list --json | python3 -c '
import json, sys
print(sum(t["numa_nodes"] == 1 and t["llcs"] <= 12 and t["cpus"] <= 192
	  for t in json.load(sys.stdin)))')
	[ "$(grep -c '\..*\.two_cgroups$' <<<"$output")" = "$want" ]
}

@test "the machine of such a test is the preset's" {
	run "$PROG" --list=long -v smt-2llc
	[ "${#lines[@]}" = 2 ]
	has $'two_cgroups\tcpus=8\tnuma_nodes=1\tllcs=2\tcores=2\tthreads=2\t'
	has $'\tmemory_mib=300\t'
	run "$PROG" --list=long -r sched_basic.two_cgroups
	has $'two_cgroups\tcpus=4\tnuma_nodes=1\tllcs=2\tcores=2\tthreads=1\t'
}

@test "presets run when asked for, and say that they are left out" {
	args='-f sched_basic' runs sched_basic.{two_cgroups,siblings,far_nodes,here} \
		sched_basic.tiny-2llc.two_cgroups
	has "# on presets, not asked for (-v, -r, --ignored): 18 tests"
	args='-t two_cgroups' runs sched_basic.two_cgroups \
		sched_basic.tiny-2llc.two_cgroups
	args='-v smt-2llc' runs sched_basic.smt-2llc.{two_cgroups,siblings}
	args='-r sched_basic.odd-7llc.two_cgroups' \
		runs sched_basic.odd-7llc.two_cgroups
	args='-f sched_basic -V smt-2llc -t siblings' runs \
		sched_basic.{two_cgroups,siblings,far_nodes,here} \
		sched_basic.tiny-2llc.two_cgroups
	run "$PROG" -f sched_basic --ignored
	grep -qx '1\.\.23' <<<"$output"
}

@test "a preset that the constraints leave out is named with the reason" {
	run "$PROG" -r sched_basic.tiny-2llc.siblings
	status_is 2
	has "the constraints of sched_basic.tiny-2llc.siblings leave it out (no SMT)"
	run "$PROG" -r sched_basic.numa2-4llc.two_cgroups
	status_is 2
	has "(too many NUMA nodes)"
	run "$PROG" -v max-cpu
	status_is 2
	has "(too many LLCs)"
	run "$PROG" -v no-such-preset
	status_is 2
	has "this program has no variant of that name"
}

@test "a host that is too small for a preset: a skip with a constant reason" {
	# whatever the host has, this is one CPU of it
	taskset -c 0 "$PROG" -v medium-4llc >"$BATS_TEST_TMPDIR/out" || true
	output=$(<"$BATS_TEST_TMPDIR/out")
	has "# 1n4l4c2t: more CPUs than the host has, 1 CPUs in "
	grep -qxE 'ok 1 sched_basic.medium-4llc.two_cgroups # SKIP host topology insufficient' \
		<<<"$output"
	# what a test declares for itself is run wherever it is
	run "$PROG" -r sched_basic.siblings
	has "ERROR setup_error"
}

@test "run_tests.sh: presets by name, by glob part by part, by tag" {
	list() { "$O/ktstr" test --programs="$BATS_FILE_TMPDIR/programs" --list "$@"; }

	[ "$(list | grep -c two_cgroups)" = "$("$PROG" --list -t two_cgroups | wc -l)" ]
	[ "$(list sched_basic.smt-2llc.siblings)" = shapes:sched_basic.smt-2llc.siblings ]
	[ "$(list 'sched_basic.*.siblings')" = "$(printf 'shapes:sched_basic.%s\n' \
		smt-2llc.siblings smt-3llc.siblings)" ]
	run "$O/ktstr" test --programs="$BATS_FILE_TMPDIR/programs" \
		--output="$BATS_TEST_TMPDIR/out" 'sched_basic.*'
	grep -q '# 1\.\.5' <<<"$output"
	run "$O/ktstr" test --programs="$BATS_FILE_TMPDIR/programs" \
		--output="$BATS_TEST_TMPDIR/out" '*.numa2-*.*'
	grep -qE 'sched_basic.numa2-4llc.far_nodes' <<<"$output"
	grep -q '# 1\.\.1' <<<"$output"
}

@test "what is wrong with a shape: test, field, value, limit" {
	wrong two_forms ".cpus = 4 and .llcs: .cpus is short for"
	wrong odd_llcs "topology: llcs is 3, it must be a multiple of numa_nodes 2"
	wrong no_cores ".cores = 0 is outside 1..512"
	wrong too_many ".llcs = 64 times .cores = 16 times .threads = 1 are 1024 CPUs, at most 512"
	wrong nodes_and_memory ".nodes and .memory_mib: each of the 1 nodes says its own"
	wrong too_little_memory ".nodes: memory_mib of all nodes are 100, a machine with 2 CPUs needs 256"
	wrong cpus_last "topology: nodes[1] has llcs 1 after nodes[0] without"
	wrong no_way_back "topology: distance of node 0 to node 1 is 20, but 30 the other way"
	wrong three_distances "topology: nr_distances is 3, it must be 4"
	wrong no_preset_left "constraints: min_cpus is 8, above max_cpus 4"
}

@test "a command line that is too long: what is the longest of it" {
	wrong line_too_long "kernel command line is "
	has "the kernel takes 2047"
	has "longest are .kargs 'a=0123"
	has "' of 1002, .kargs 'b=0123"
	has "' of 502, .sysctls 'kernel.x=0123"
}

@test "ktstr run and shell --topology: labels and presets, with reasons" {
	for words in "run --topology 2n3l1c1t -- /bin/true" \
		"shell --topology 2n3l1c1t"; do
		# shellcheck disable=SC2086 # words
		run "$O/ktstr" $words
		status_is 2
		has "--topology: topology: llcs is 3, it must be a multiple of numa_nodes 2"
	done
	run "$O/ktstr" run --topology huge -- /bin/true
	status_is 2
	has "topology 'huge' is no preset"
}

@test "500 tests of presets are listed in less than 50 ms" {
	{
		printf '%s\n' '#include <ktstr/harness.h>' 'FIXTURE(f) {};' \
			'KTSTR_PRESETS(f);' 'FIXTURE_SETUP(f) {}' \
			'FIXTURE_TEARDOWN(f) {}' \
			'KTSTR_FIXTURE_ATTR(f, .max_llcs = 64, .max_cpus = 512, .max_numa_nodes = 8);'
		printf 'TEST_F(f, t%d) {}\n' {1..20}
		echo KTSTR_HARNESS_MAIN
	} >"$BATS_TEST_TMPDIR/p.c"
	"${CC:-gcc}" -D_GNU_SOURCE -O2 -I "$TOP/lib/include" \
		-I "$(dirname "$PROG")/.." -pthread -o "$BATS_TEST_TMPDIR/p" \
		"$BATS_TEST_TMPDIR/p.c" "$O/libktstr.a" \
		-lelf -lzstd -llz4 -llzma -lz -lxxhash -ldl
	[ "$("$BATS_TEST_TMPDIR/p" --list | wc -l)" = 500 ]
	best=1000000
	for _ in 1 2 3 4 5; do
		from=${EPOCHREALTIME/./}
		"$BATS_TEST_TMPDIR/p" --list >/dev/null
		us=$((${EPOCHREALTIME/./} - from))
		best=$((us < best ? us : best))
	done
	echo "$best us"
	[ "$best" -lt 50000 ]
}
