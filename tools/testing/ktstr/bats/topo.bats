#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# ktstr topo: presets, drawings, the host from a made-up sysfs.

load common

setup() { ktstr=$O/ktstr; }

# put FILE TEXT: below the made-up sysfs
put()
{
	mkdir -p "$BATS_TEST_TMPDIR/sys/devices/system/${1%/*}"
	printf '%s\n' "$2" >"$BATS_TEST_TMPDIR/sys/devices/system/$1"
}

@test "topo --list: 24 presets, each of which can be drawn" {
	run "$ktstr" topo --list
	status_is 0
	[ "${#lines[@]}" = 24 ]
	has "smt-2llc            1n2l2c2t      8 CPUs"
	"$ktstr" topo --list | while read -r name label cpus _; do
		head=$("$ktstr" topo "$name" | head -n 1)
		[[ $head == "$name = $label: $cpus CPUs, "* ]]
		diff <("$ktstr" topo "$name" | tail -n +2) \
			<("$ktstr" topo "$label" | tail -n +2)
	done
}

@test "topo --list --json: the same for programs" {
	"$ktstr" topo --list --json | python3 -c '
import json, sys
rows = json.load(sys.stdin)
assert len(rows) == 24
for r in rows:
    assert r["label"] == "%(numa_nodes)dn%(llcs)dl%(cores)dc%(threads)dt" % r
    assert r["cpus"] == r["llcs"] * r["cores"] * r["threads"]
'
}

@test "topo LABEL: nodes, LLCs, cores and distances" {
	run "$ktstr" topo 2n4l2c2t
	status_is 0
	diff <(echo "$output") - <<-'END'
		2n4l2c2t: 16 CPUs, 8 cores, 4 LLCs, 2 NUMA nodes

		node 0: CPUs 0-7
		  LLC 0  [ 0  1]  [ 2  3]
		  LLC 1  [ 4  5]  [ 6  7]

		node 1: CPUs 8-15
		  LLC 2  [ 8  9]  [10 11]
		  LLC 3  [12 13]  [14 15]

		distance    0    1
		       0   10   20
		       1   20   10
	END
}

@test "topo: no line is wider than a terminal" {
	for name in $("$ktstr" topo --list | cut -d' ' -f1) 1n1l512c1t; do
		[ "$("$ktstr" topo "$name" | wc -L)" -le 80 ]
	done
}

@test "topo --json: every CPU once, in its LLC and node" {
	"$ktstr" topo --json numa4-12llc | python3 -c '
import json, sys
t = json.load(sys.stdin)
assert [c["cpu"] for c in t["cpus"]] == list(range(192))
assert [c["llc"] for c in t["cpus"]] == [i // 16 for i in range(192)]
assert [c["node"] for c in t["cpus"]] == [i // 48 for i in range(192)]
assert [c["core"] for c in t["cpus"]] == [i // 2 * 2 for i in range(192)]
assert t["llcs"][11] == {"id": 11, "cpus": "176-191"}
assert t["nodes"][3] == {"id": 3, "cpus": "144-191", "memory_mib": None,
	"distances": [20, 20, 20, 10]}
'
}

@test "topo --svg: well-formed, a box per CPU, LLC and node" {
	"$ktstr" topo --svg 2n4l4c2t | python3 -c '
import sys, xml.etree.ElementTree as xml
root = xml.parse(sys.stdin).getroot()
boxes = [r.get("class") for r in root.iter("{http://www.w3.org/2000/svg}rect")]
assert boxes.count("cpu") == 32, boxes
assert boxes.count("llc") == 4
assert boxes.count("node") == 2
width, height = int(root.get("width")), int(root.get("height"))
for r in root.iter("{http://www.w3.org/2000/svg}rect"):
    assert int(r.get("x")) + int(r.get("width")) <= width
    assert int(r.get("y")) + int(r.get("height")) <= height
'
}

@test "topo: wrong labels and usage, status 2" {
	run "$ktstr" topo 3n4l4c2t
	status_is 2
	has "ktstr topo: topology: llcs is 4, it must be a multiple of numa_nodes 3"
	run "$ktstr" topo 2n4l
	status_is 2
	has "at column 5 the number of cores per LLC and 'c' are expected"
	run "$ktstr" topo huge
	status_is 2
	has "'huge' is no preset (\`ktstr topo --list\` shows them)"
	for args in "" "--list --host" "--list 1n1l1c1t" "1n1l1c1t 1n1l1c1t" \
		"--svg --json 1n1l1c1t" "--svg --list"; do
		# shellcheck disable=SC2086 # words
		run "$ktstr" topo $args
		status_is 2
	done
}

@test "topo --host: LLCs, SMT, offline CPUs and nodes from sysfs" {
	put cpu/online 0-2,4
	for cpu in 0 1 2 3 4; do
		put cpu/cpu$cpu/cache/index0/level 3
		put cpu/cpu$cpu/topology/thread_siblings_list $cpu
	done
	put cpu/cpu0/topology/thread_siblings_list 0,4
	put cpu/cpu4/topology/thread_siblings_list 0,4
	for cpu in 0 1 4; do
		put cpu/cpu$cpu/cache/index0/shared_cpu_list 0-1,4
	done
	for cpu in 2 3; do
		put cpu/cpu$cpu/cache/index0/shared_cpu_list 2-3
	done
	put node/online 0,3
	put node/node0/cpulist 0-1,4
	put node/node0/distance "10 21"
	put node/node0/meminfo "Node 0 MemTotal: 2097152 kB"
	put node/node3/cpulist 2-3
	put node/node3/distance "21 10"
	run "$ktstr" topo --host --sysfs "$BATS_TEST_TMPDIR/sys"
	status_is 0
	diff <(echo "$output") - <<-'END'
		host: 4 CPUs, 3 cores, 2 LLCs, 2 NUMA nodes

		node 0: CPUs 0-1,4, 2048 MiB
		  LLC 0  [0 4]  [1]

		node 3: CPUs 2
		  LLC 1  [2]

		distance    0    3
		       0   10   21
		       3   21   10
	END
	"$ktstr" topo --host --json --sysfs "$BATS_TEST_TMPDIR/sys" |
		python3 -c '
import json, sys
t = json.load(sys.stdin)
assert t["nodes"][1]["id"] == 3 and t["nodes"][0]["memory_mib"] == 2048
assert [c["node"] for c in t["cpus"]] == [0, 0, 0, 3]
'
}

@test "topo --host: kernels without NUMA and caches; no sysfs, status 125" {
	run "$ktstr" topo --host --sysfs "$BATS_TEST_TMPDIR/none"
	status_is 125
	has "/none/devices/system/cpu/online: No such file or directory"
	has "is sysfs mounted?"
	put cpu/online 0-1
	run "$ktstr" topo --host --sysfs "$BATS_TEST_TMPDIR/sys"
	status_is 0
	has "host: 2 CPUs, 2 cores, 1 LLC, 1 NUMA node"
	run "$ktstr" topo --host
	status_is 0
	has "host: $(getconf _NPROCESSORS_ONLN) CPU"
}
