#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# `ktstr vm` and `ktstr accel` with what they cannot use: every case ends at
# once, is not a success, and names the thing, its value and the limit or
# remedy. No guest runs here.

load common

setup()
{
	# readable by an unprivileged user wherever the tree is
	ktstr=$BATS_TEST_TMPDIR/ktstr
	cp "$O/ktstr" "$ktstr"
	kernel=$("$TOP/scripts/setup" --print-cache)/kernels/default/vmlinuz
	export KTSTR_CACHE_DIR=$BATS_TEST_TMPDIR/cache
}

vm() { run timeout 60 "$ktstr" vm "$@" </dev/null; }
need_kernel() { [ -r "$kernel" ] || skip "no default kernel fetched"; }

# refused STATUS TEXT...: status and all texts
refused()
{
	status_is "$1"
	shift
	for text in "$@"; do
		has "$text"
	done
}

@test "no kernel given and none fetched: names what fetches one" {
	cd "$BATS_TEST_TMPDIR"
	vm
	refused 125 "no kernel to boot" scripts/setup KTSTR_KERNEL
}

@test "kernel that does not exist" {
	vm --kernel /no/such/kernel
	refused 125 /no/such/kernel "No such file"
}

@test "not a kernel" {
	vm --kernel "$TOP/README.md"
	refused 125 "not a kernel"
}

@test "a directory, an empty file, a device" {
	for file in / /dev/null; do
		vm --kernel "$file"
		refused 125 "$file"
	done
	: >"$BATS_TEST_TMPDIR/empty"
	vm --kernel "$BATS_TEST_TMPDIR/empty"
	refused 125 empty
}

@test "an executable that is no kernel, of another architecture" {
	vm --kernel /bin/true
	refused 125 "not a kernel"
	# ELF header of an arm64 executable
	cp /bin/true "$BATS_TEST_TMPDIR/arm64"
	printf '\x02\x00\xb7\x00' |
		dd of="$BATS_TEST_TMPDIR/arm64" bs=1 seek=16 conv=notrunc status=none
	vm --kernel "$BATS_TEST_TMPDIR/arm64"
	refused 125 arm64
}

@test "truncated bzImage, at several places" {
	need_kernel
	for size in 513 600 20000 1000000; do
		head -c $size "$kernel" >"$BATS_TEST_TMPDIR/cut"
		vm --kernel "$BATS_TEST_TMPDIR/cut"
		refused 125 cut
	done
}

@test "damaged bzImage payload" {
	need_kernel
	cp "$kernel" "$BATS_TEST_TMPDIR/bad"
	head -c 4096 /dev/urandom |
		dd of="$BATS_TEST_TMPDIR/bad" bs=4096 seek=600 conv=notrunc status=none
	vm --kernel "$BATS_TEST_TMPDIR/bad"
	refused 125 bad
}

@test "zero and 100 000 CPUs" {
	need_kernel
	vm --kernel "$kernel" --cpus 0
	refused 125 "0 CPUs" "1 to 512"
	vm --kernel "$kernel" --cpus 100000
	refused 125 "100000 CPUs" "1 to 512"
	vm --kernel "$kernel" --cpus many
	refused 2 many
}

@test "1 MiB of memory" {
	need_kernel
	vm --kernel "$kernel" --memory 1
	refused 125 "1 MiB" "32 MiB"
}

@test "memory that holds no decompressed kernel" {
	need_kernel
	vm --kernel "$kernel" --memory 32
	refused 125 "32 MiB"
}

@test "initrd larger than memory" {
	need_kernel
	truncate -s 300M "$BATS_TEST_TMPDIR/initrd"
	vm --kernel "$kernel" --memory 256 --initrd "$BATS_TEST_TMPDIR/initrd"
	[ "$status" != 0 ]
	has "300"
}

@test "initrd that does not exist" {
	need_kernel
	vm --kernel "$kernel" --initrd /no/such/initrd
	refused 125 /no/such/initrd
}

@test "command line too long" {
	need_kernel
	vm --kernel "$kernel" --cmdline "$(printf 'x%.0s' {1..2100})"
	refused 125 2100 2047
}

@test "/dev/kvm without permission: says what to do" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	run as_nobody "$ktstr" accel
	if [ -e /dev/kvm ] && [ "$(stat -c %a /dev/kvm)" != 666 ]; then
		has "permission"
		has "group"
	fi
	KTSTR_ACCEL=kvm run as_nobody "$ktstr" accel
	[ "$status" != 0 ] || [ "$(stat -c %a /dev/kvm)" = 666 ]
}

@test "/dev/kvm absent: kvm refused with a remedy, auto means softkvm" {
	run "$ktstr" accel --device /no/such/kvm
	has "run in: softkvm"
	KTSTR_ACCEL=kvm run "$ktstr" accel --device /no/such/kvm
	refused 1 softkvm
}

@test "/dev/kvm that is something else" {
	KTSTR_ACCEL=kvm run "$ktstr" accel --device /dev/null
	[ "$status" = 1 ]
}

@test "unknown KTSTR_ACCEL: names it and the choices" {
	KTSTR_ACCEL=magic run "$ktstr" accel
	[ "$status" != 0 ]
	has magic
	has softkvm
}

@test "cache that cannot be written: the machine is still refused or built, never hung" {
	need_kernel
	KTSTR_CACHE_DIR=/proc/nope vm --kernel "$kernel" --memory 1
	refused 125 "1 MiB"
}

@test "topologies: wrong ones, and those the machine or memory is too small for" {
	vm --topology 3n4l1c1t
	refused 2 "--topology: topology: llcs is 4" "numa_nodes 3"
	vm --topology nonsense
	refused 2 "'nonsense' is no preset"
	need_kernel
	vm --kernel "$kernel" --topology 1n2l2c1t --cpus 3
	refused 125 "3 CPUs: the topology has 4"
	vm --kernel "$kernel" --topology 4n4l1c1t --memory 60
	refused 125 "memory of 60 MiB for 4 NUMA nodes: each needs 16 MiB"
}
