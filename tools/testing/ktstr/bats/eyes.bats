#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# The machine that is declared is the machine that programs in the guest see:
# six of them are booted and compared (see eyes/run). And what is no machine is
# refused before anything boots.

load common

eyes=$TOP/tools/testing/ktstr/eyes

vm() { run timeout 60 "$O/ktstr" vm "$@" </dev/null; }

# compare NAME ARG...: what was collected on machine NAME with another one
compare() { run "$eyes/compare" "$O/eyes/$1.out" "${@:2}"; }

@test "lscpu, hwloc, numactl, caches, domains and pages of six machines" {
	O=$O run "$eyes/run" smoke
	echo "$output"
	status_is 0
	has "6 of 6 machines are what they were declared to be"
}

@test "the comparison notices what differs" {
	[ -s "$O/eyes/tiers.out" ] || skip "nothing was collected"
	nodes=(--node llcs=2,memory=512,latency=80 --node llcs=1,memory=256
		--node memory=256,bandwidth=9000,cache=65536)
	distances=10,31,40/31,10,28/40,28,10
	compare tiers 3n3l1c1t 1024 "${nodes[@]}" --distances $distances
	status_is 0
	compare tiers 3n3l1c1t 1024 "${nodes[@]}" --distances ${distances//31/30}
	status_is 1
	has "not ok numactl"
	has "not ok node"
	compare tiers 3n3l1c1t 1024 "${nodes[@]/latency=80/latency=90}" \
		--distances $distances
	has "# node 0 read_latency: '80', not '90'"
	compare tiers 3n3l1c1t 1024 --node llcs=1,memory=512 \
		--node llcs=2,memory=256 --node memory=256 --distances $distances
	for section in lscpu lstopo domains schedstat hmat; do
		has "not ok $section"
	done
	compare tiers 3n3l1c1t 1024 "${nodes[@]//=512/=256}" --distances $distances
	has "not ok srat"
	has "not ok pages"
	compare numa-smt 2n4l1c1t 768
	for section in lscpu lstopo topology cache domains; do
		has "not ok $section"
	done
	head -c 2000 "$O/eyes/numa-smt.out" >"$BATS_TEST_TMPDIR/numa-smt.out"
	run "$eyes/compare" "$BATS_TEST_TMPDIR/numa-smt.out" 2n2l1c2t 768
	status_is 1
	has "nothing was collected"
	has "the collection is cut off"
}

@test "--node and --distances: what is wrong, where, and what would be right" {
	vm --node llcs=1
	status_is 2
	has "--node and --distances go with --topology"
	vm --topology 2n2l1c1t --node llcs=1,memory
	status_is 2
	has "at column 8 is no key; a node is llcs=N,memory=MIB"
	vm --topology 2n2l1c1t --node llcs=one
	has "at column 6 is no value for it"
	vm --topology 2n2l1c1t --node llcs=1,llcs=2
	has "at column 8 a key comes again"
	vm --topology 2n2l1c1t --node "llcs=1 memory=2"
	has "at column 7 only a comma may follow"
	vm --topology 2n2l1c1t --node llcs=1,memory=64
	status_is 2
	has "nr_nodes is 1, it must equal numa_nodes 2"
	vm --topology 2n2l1c1t --node llcs=2,memory=64 --node llcs=1
	has "the nodes' llcs add up to 3, they must add up to llcs 2"
	vm --topology 2n2l1c1t --node memory=64 --node llcs=2,memory=64
	has "nodes without CPUs come last"
	vm --topology 2n2l1c1t --distances 10,20
	status_is 2
	has "wrong at column 6; for 2 nodes they are 2 rows"
	vm --topology 2n2l1c1t --distances 10,20/21,10
	has "distance of node 0 to node 1 is 20, but 21 the other way"
	vm --topology 2n2l1c1t --distances 10,10/10,10
	has "it must be 11 to 255"
	vm --topology 2n2l1c1t --distances 10,300/300,10
	has "wrong at column 7"
	run "$O/ktstr" run --cpus 2 --topology 1n1l2c1t -- /bin/true </dev/null
	status_is 2
	has "--cpus or --topology, not both"
}
