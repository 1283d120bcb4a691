#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# `ktstr run`: programs that know nothing of us. First what needs no machine,
# then machines with programs that end in every way there is.

load common

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	export KTSTR_SIDECAR_DIR=$BATS_TEST_TMPDIR/logs
}

krun() { run timeout 180 "$O/ktstr" run "$@" </dev/null; }

# script NAME BODY: an executable script for the guest
script()
{
	printf '#!/bin/sh\n%s\n' "$2" >"$1"
	chmod +x "$1"
}

# refused TEXT...: set-up error, reported under the result that was promised
refused()
{
	status_is 116
	has "1..1"
	has "# ERROR setup_error"
	for text in "$@"; do
		has "$text"
	done
}

@test "no program named: usage" {
	krun
	status_is 2
	has "which program"
	krun --cpus
	status_is 2
}

@test "missing, not executable, no program, a directory, below /dev" {
	krun -- ./nothing
	refused nothing
	krun -- no-such-program-anywhere
	refused "no-such-program-anywhere" PATH
	echo text >plain
	krun -- ./plain
	refused "chmod +x"
	chmod +x plain
	krun -- ./plain
	refused "neither an ELF program nor a script"
	krun -- ./
	refused directory
	krun -- /dev/null
	refused "mounts its own /dev"
}

@test "words about the host that contradict, or that nobody understands" {
	KTSTR_CPU_CAP=x krun -- /bin/true
	refused "KTSTR_CPU_CAP='x' is no number of CPUs from 1 to 8192"
	KTSTR_BYPASS_LLC_LOCKS=1 krun --cpu-cap 3 -- /bin/true
	refused "KTSTR_CPU_CAP=3" "resource contract" "KTSTR_BYPASS_LLC_LOCKS"
}

@test "performance mode in softkvm: a skip with a constant reason, or an error" {
	export KTSTR_ACCEL=softkvm
	krun --performance-mode --cpu-cap 64 -- /bin/true
	status_is 4
	has "ok 1 selftests: ktstr: true # SKIP host topology insufficient"
	has "# host: softkvm has one emulated CPU"
	krun --performance-mode --no-perf-mode --raw -- /bin/true
	status_is 4
	has "performance mode is off"
	KTSTR_NO_SKIP_MODE=1 krun --performance-mode -- /bin/true
	status_is 116
	has "ERROR setup_error"
	has "softkvm has one emulated CPU"
}

@test "KVM gets no more files for vCPUs: a skip that names call and remedy, or an error" {
	short_of_files() {
		# shellcheck disable=SC2016
		run timeout 240 "$O/ktstr" softkvm exec -- bash -c \
			'ulimit -n 80; exec "$0" run --cpus 64 -- /bin/true' \
			"$O/ktstr" </dev/null
	}
	short_of_files
	status_is 4
	has "ok 1 selftests: ktstr: true # SKIP host resources busy"
	has ": KVM_CREATE_VCPU: Too many open files, 8 times; a machine takes two"
	has "raise ulimit -n"
	KTSTR_NO_SKIP_MODE=1 short_of_files
	status_is 116
	has "# ERROR setup_error"
	has "host: vCPU "
}

# softkvm's KVM, with the rules of a host of one CPU
@test "on a host of one CPU: two vCPUs share it and have more time, six are a skip" {
	on_one_cpu() {
		run timeout 240 "$O/ktstr" softkvm exec -- env -u KTSTR_SOFTKVM \
			"$O/ktstr" run "$@" -- /bin/true </dev/null
	}
	on_one_cpu --cpus 6
	status_is 4
	has "6 vCPUs on 1 CPUs"
	has "# SKIP host topology insufficient"
	on_one_cpu --cpus 1 --cpu-cap 2
	status_is 116
	has "a cap of 2 CPUs (--cpu-cap, KTSTR_CPU_CAP): this process is allowed 1"
	on_one_cpu --cpus 2
	status_is 0
	has "# host: no CPUs reserved: 2 vCPUs: this process is allowed 1 CPUs"
	has "# host: shared: CPUs 0, LLCs 0"
	has "# host: 2.0 vCPUs share a CPU, time limits x"
}

@test "wrong architecture: names it" {
	cp /bin/true arm64
	printf '\xb7\x00' | dd of=arm64 bs=1 seek=18 conv=notrunc status=none
	krun -- ./arm64
	refused arm64 "machine 183"
}

@test "unresolved library: names the soname" {
	echo 'int f(void) { return 0; }' >lib.c
	echo 'int f(void); int main(void) { return f(); }' >prog.c
	gcc -shared -fPIC -Wl,-soname,libnot-there.so.7 -o libnot.so lib.c
	gcc -o prog prog.c ./libnot.so
	rm libnot.so
	krun -- ./prog
	refused libnot-there.so.7
}

@test "interpreter that is not here" {
	printf '#!/no/such/sh\n' >s
	chmod +x s
	krun -- ./s
	refused /no/such/sh
}

@test "includes: missing, and two files for one name" {
	krun --include no-such-file -- /bin/true
	refused "no-such-file"
	mkdir a b
	echo 1 >a/same
	echo 2 >b/same
	krun --include a/same --include b/same -- /bin/true
	refused include-files/same a/same b/same
}

@test "--raw refuses on stderr only" {
	run bash -c '"$1" run --raw -- ./nothing 2>err' _ "$O/ktstr"
	status_is 116
	[ -z "$output" ]
	grep -q nothing err
}

@test "kernel that is not there, limits of attributes" {
	krun --kernel /no/such/kernel -- /bin/true
	refused /no/such/kernel
	krun --cpus many -- /bin/true
	status_is 2
}

@test "memory that the host cannot even begin to give" {
	export KTSTR_ACCEL=softkvm
	krun --memory 500000 -- /bin/true
	refused "memory_mib of 500000: the host has "
	run timeout 120 "$O/ktstr" vm --memory 500000 </dev/null
	status_is 125
	has "memory_mib of 500000: the host has "
}

@test "arguments, directory and environment; exit status; report" {
	script s 'printf "<%s>\n" "$0" "$@"; pwd; echo err >&2; env; exit 7'
	LEAK=me krun --cpus 1 -- ./s 'a
b' '' "$(printf '\303\251')"
	status_is 7
	has "# selftests: ktstr: s"
	has "# <./s>"
	has $'# <a\n# b>'
	has "# <>"
	has "# <é>"
	has "# $BATS_TEST_TMPDIR"
	has "# err"
	has "not ok 1 selftests: ktstr: s # exit=7"
	[[ $output != *LEAK* ]]
}

@test "--raw: bytes as they are, few and many, on both streams; includes in PATH" {
	mkdir dir
	echo data >dir/file
	head -c 3000001 /dev/urandom >many
	script dir/tool 'cat /include-files/dir/file; printf "\\001\\377"'
	script s 'tool; cat /include-files/many; cat /include-files/many >&2; echo err >&2'
	run bash -c '"$1" run --cpus 1 --raw -i dir -i cat -i many -- ./s \
		>out 2>err' _ "$O/ktstr"
	status_is 0
	printf 'data\n\001\377' | cat - many | cmp - out
	echo err | cat many - | cmp - err
}

@test "TAP with a failure behind exit status 0 is not ok" {
	script s 'echo TAP version 13; echo 1..2; echo ok 1 a; echo not ok 2 b'
	krun --cpus 1 -- ./s
	status_is 1
	has "# not ok 2 b"
	has "not ok 1 selftests: ktstr: s # exit=0 but 1 of its 2 tests failed"
}

@test "skip: exit status 4" {
	script s 'echo "1..0 # SKIP nothing here"; exit 4'
	krun --cpus 1 -- ./s
	status_is 4
	has "ok 1 selftests: ktstr: s # SKIP"
}

@test "death by a signal: 128 + N" {
	script s 'echo before; kill -SEGV $$'
	krun --cpus 1 -- ./s
	status_is 139
	has "# before"
	has "not ok 1 selftests: ktstr: s # exit=139"
}

@test "past its time limit: 124, and its output until then" {
	script s 'echo before; while :; do :; done'
	krun --cpus 1 --timeout 1 -- ./s
	status_is 124
	has "# before"
	has "not ok 1 selftests: ktstr: s # ERROR timeout"
}

@test "panic inside: 110, and the kernel's last lines" {
	script s 'echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger'
	krun --cpus 1 -- ./s
	status_is 110
	has "not ok 1 selftests: ktstr: s # ERROR guest_panic"
	has "sysrq"
}

@test "another machine than was asked for: 118, and nothing begins" {
	krun --cpus 2 --kargs maxcpus=1 -- /bin/echo it ran
	status_is 118
	has "# topology_mismatch: online CPUs: the kernel sees 1, declared is 2"
	has "not ok 1 selftests: ktstr: echo # ERROR topology_mismatch"
	[[ $output != *"it ran"* ]]
}

@test "a flood: what is not shown is counted, the result is there" {
	krun --cpus 1 --timeout 100 -- /bin/dd if=/dev/zero bs=64k count=320 status=none
	status_is 0
	has "bytes of guest output not shown above"
	has "ok 1 selftests: ktstr: dd"
}

@test "two kernels: one result each, named after it" {
	kernel=$(realpath "$("$TOP/scripts/setup" --print-cache)/kernels/default")
	mkdir -p second/lib
	cp "$kernel/vmlinuz" second/
	ln -s "$kernel/lib/modules" second/lib/modules
	krun --cpus 1 --kernel "$kernel/vmlinuz" --kernel second/vmlinuz -- /bin/true
	status_is 0
	has "1..2"
	has "ok 1 selftests: ktstr: true.kernel_"
	has "ok 2 selftests: ktstr: true.kernel_"
}

@test "twenty machines in a row: no result lost, doubled or wrong" {
	O=$O run "$TOP/tools/testing/ktstr/starts" 20
	status_is 0
	has "20 starts, 0 results lost, doubled or wrong"
}
