#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# softkvm as a user meets it: what passes in and out, what is private, what is
# replaced, and what is left behind. Every file of these tests has its own run
# directory, so a softkvm in use elsewhere is not touched.

bats_require_minimum_version 1.5.0
load common

setup_file()
{
	export XDG_RUNTIME_DIR=$BATS_FILE_TMPDIR/run
	mkdir -m 700 "$XDG_RUNTIME_DIR"
	unset KTSTR_SOFTKVM_IDLE KTSTR_SOFTKVM
}

teardown_file() { "${KTSTR_O:-build}/ktstr" softkvm stop; }

setup()
{
	[ "$(id -u)" = 0 ] || skip "needs root"
	ktstr=$O/ktstr
	dir=$BATS_TEST_TMPDIR
}

# inside COMMAND...: run it in softkvm
inside() { "$ktstr" softkvm exec -- "$@" </dev/null; }

# field NAME: of the status
field() { "$ktstr" softkvm status --json | sed "s/.*\"$1\":\([^,}]*\).*/\1/"; }

# until_true COMMAND...: give it ten seconds
until_true()
{
	for _ in $(seq 100); do
		"$@" && return
		sleep 0.1
	done
	echo "never true: $*"
	return 1
}

gone() { ! kill -0 "$1" 2>/dev/null; }

# clients_are N: so many programs run
clients_are() { [ "$(field clients)" = "$1" ]; }

# nothing_left PID...: no process, no file
nothing_left()
{
	for pid in "$@"; do
		until_true gone "$pid"
	done
	until_true test ! -e "$XDG_RUNTIME_DIR/ktstr-softkvm"
}

instance_pids() { echo "$(field supervisor_pid) $(field qemu_pid) $(field virtiofsd_pid)"; }

@test "status says that nothing runs, status 1" {
	"$ktstr" softkvm stop
	run "$ktstr" softkvm status
	status_is 1
	has "not running"
	[ "$(field running)" = false ]
}

@test "exec starts it; /dev/kvm inside is usable and fast enough" {
	run inside "$ktstr" accel
	status_is 0
	has "KVM of softkvm: hardware"
	has "tests run in: kvm"
	run "$ktstr" softkvm status
	status_is 0
	has "running for"
}

@test "on real KVM: vCPUs pinned and real-time, memory in huge pages" {
	make -s -C "$TOP" O="$O" "$O/unit/test-vm-place" >&2
	# shellcheck disable=SC2016
	run inside sh -c 'echo 40 >/proc/sys/vm/nr_hugepages
		CMOCKA_MESSAGE_OUTPUT=TAP "$0"; status=$?
		echo 0 >/proc/sys/vm/nr_hugepages
		exit $status' "$O/unit/test-vm-place"
	status_is 0
	[[ $output != *"too few huge pages"* ]]
	has "ok 2 - performance_is_pinned_and_realtime"
	has "ok 10 - a_machine_runs_in_huge_pages"
}

@test "arguments, environment and working directory arrive" {
	mkdir "$dir/a b"
	cd "$dir/a b"
	KT_VAR=$'two\nlines' run inside sh -c \
		'printf "%s|" "$@"; printf "%s|%s|%s" "$KT_VAR" "$PWD" "$KTSTR_SOFTKVM"' \
		sh 'x y' '' '*' $'tab\there'
	status_is 0
	[ "$output" = "x y||*|"$'tab\there|two\nlines'"|$dir/a b|1" ]
}

@test "a missing working directory and a missing program are told apart" {
	mkdir "$dir/gone"
	cd "$dir/gone"
	rmdir "$dir/gone"
	run inside true
	status_is 125
	has "working directory"
	mkdir /dev/shm/ktstr-bats.$$	# inside, /dev/shm is another one
	cd /dev/shm/ktstr-bats.$$
	run inside true
	rmdir /dev/shm/ktstr-bats.$$
	status_is 125
	has "working directory /dev/shm/ktstr-bats.$$"
	cd "$dir"
	run -127 inside no-such-program
	status_is 127
	has "no-such-program: No such file"
	echo text >"$dir/plain"
	run inside "$dir/plain"
	status_is 126
}

@test "stdin, stdout and stderr are three streams; empty input is an end" {
	out=$(printf 'a\nb\n' | "$ktstr" softkvm exec -- sh -c 'cat; echo err >&2' 2>"$dir/err")
	[ "$out" = $'a\nb' ]
	[ "$(cat "$dir/err")" = err ]
	[ -z "$(inside cat)" ]
}

@test "megabytes in both directions, unchanged; a slow reader loses nothing" {
	head -c 3000000 /dev/urandom >"$dir/data"
	"$ktstr" softkvm exec -- cat <"$dir/data" | { sleep 1; cat; } | cmp - "$dir/data"
}

@test "a reader that leaves ends the program, as in a pipe" {
	run timeout 20 sh -c "'$ktstr' softkvm exec -- yes </dev/null | head -1"
	status_is 0
	[ "$output" = y ]
}

@test "exit status: the program's own, 128 + N after signal N" {
	run inside sh -c 'exit 7'
	status_is 7
	run inside sh -c 'kill -KILL $$'
	status_is 137
	run inside sh -c 'kill -SEGV $$'
	status_is 139
}

@test "SIGTERM reaches the program, which may handle it" {
	"$ktstr" softkvm exec -- sh -c \
		'trap "exit 33" TERM; echo ready; while :; do sleep 0.1; done' \
		</dev/null >"$dir/out" &
	pid=$!
	until_true grep -q ready "$dir/out"
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	status_is 33
}

@test "killing the client kills the program and all it started" {
	"$ktstr" softkvm exec --rw "$dir" -- sh -c \
		"(while :; do date +%N >'$dir/beat'; sleep 0.1; done) & wait" </dev/null &
	pid=$!
	until_true test -s "$dir/beat"
	kill -KILL $pid
	until_true clients_are 0
	sleep 1
	before=$(cat "$dir/beat")
	sleep 1
	[ "$(cat "$dir/beat")" = "$before" ]
}

@test "a program's children do not outlive it, nor hold it up" {
	run timeout 20 "$ktstr" softkvm exec -- sh -c 'sleep 100 & echo done' </dev/null
	status_is 0
	[ "$output" = done ]
}

@test "writes are private and gone with the program" {
	echo host >"$dir/file"
	run inside sh -c "echo mine >'$dir/file'; cat '$dir/file'; echo x >'$dir/new'; rm -rf /usr/share/doc; ls '$dir'"
	status_is 0
	has mine
	has new
	[ "$(cat "$dir/file")" = host ]
	[ ! -e "$dir/new" ]
	[ -d /usr/share/doc ]
	run inside cat "$dir/file"
	[ "$output" = host ]
}

@test "--rw directories and the cache are written through" {
	mkdir "$dir/rw" "$dir/private"
	run "$ktstr" softkvm exec --rw "$dir/rw" -- sh -c \
		"echo 1 >'$dir/rw/f'; echo 1 >'$dir/private/f'" </dev/null
	status_is 0
	[ "$(cat "$dir/rw/f")" = 1 ]
	[ ! -e "$dir/private/f" ]
	mark=$("$TOP/scripts/setup" --print-cache)/bats-mark
	inside touch "$mark"
	[ -e "$mark" ]
	rm "$mark"
}

@test "--rw of what is not a directory: refused by name" {
	run "$ktstr" softkvm exec --rw "$dir/none" -- true
	status_is 125
	has "$dir/none"
	run "$ktstr" softkvm exec --rw / -- true
	status_is 125
	has "other than /"
}

@test "a file rebuilt a moment ago is the one that runs" {
	for i in $(seq 10); do
		printf '#!/bin/sh\necho renamed %s\n' "$i" >"$dir/tmp"
		chmod +x "$dir/tmp"
		mv "$dir/tmp" "$dir/prog"
		[ "$(inside "$dir/prog")" = "renamed $i" ]
		# Same size, same inode, within the same second.
		printf '#!/bin/sh\necho inplace %s\n' "$i" >"$dir/prog"
		[ "$(inside "$dir/prog")" = "inplace $i" ]
	done
	# A running program sees it too.
	echo old >"$dir/data"
	"$ktstr" softkvm exec --rw "$dir" -- sh -c \
		"cat '$dir/data'; until [ -e '$dir/go' ]; do sleep 0.1; done; cat '$dir/data'" \
		</dev/null >"$dir/seen" &
	until_true grep -q old "$dir/seen"
	echo new >"$dir/data"
	touch "$dir/go"
	wait $!
	[ "$(cat "$dir/seen")" = $'old\nnew' ]
}

@test "programs run side by side and do not see each other" {
	inside sh -c 'echo 1 >/tmp/ktstr-bats-side; sleep 2; ps ax' >"$dir/ps" &
	for i in 1 2 3; do
		inside sh -c "echo $i; test ! -e /tmp/ktstr-bats-side" >"$dir/$i" &
	done
	wait %2 && wait %3 && wait %4
	wait %1
	[ "$(cat "$dir"/[123])" = $'1\n2\n3' ]
	! grep -q "echo 2" "$dir/ps"
}

@test "an instance made from another kernel is replaced" {
	old=$(field supervisor_pid)
	cache=$("$TOP/scripts/setup" --print-cache)
	mkdir -p "$dir/cache/kernels"
	cp -rL "$cache/kernels/default" "$dir/cache/kernels/default"
	KTSTR_CACHE_DIR=$dir/cache inside true
	[ "$(field supervisor_pid)" != "$old" ]
	until_true gone "$old"
	[ "$(ls -d "$XDG_RUNTIME_DIR"/ktstr-softkvm/i-* | wc -l)" = 1 ]
}

@test "QEMU killed: the program's client says so, the next exec works" {
	"$ktstr" softkvm exec -- sleep 100 </dev/null 2>"$dir/err" &
	pid=$!
	until_true clients_are 1
	kill -KILL "$(field qemu_pid)"
	status=0
	wait $pid || status=$?
	status_is 125
	grep -q "QEMU ended (signal 9)" "$dir/err"
	[ "$(inside echo again)" = again ]
}

@test "virtiofsd killed: same" {
	"$ktstr" softkvm exec -- sleep 100 </dev/null 2>"$dir/err" &
	pid=$!
	until_true clients_are 1
	kill -KILL "$(field virtiofsd_pid)"
	status=0
	wait $pid || status=$?
	status_is 125
	grep -q "virtiofsd ended" "$dir/err"
}

@test "supervisor killed: QEMU and virtiofsd die with it, the next exec works" {
	inside true
	read -r super qemu virtiofsd <<<"$(instance_pids)"
	kill -KILL "$super"
	until_true gone "$qemu"
	until_true gone "$virtiofsd"
	[ "$(inside echo again)" = again ]
	[ "$(ls -d "$XDG_RUNTIME_DIR"/ktstr-softkvm/i-* | wc -l)" = 1 ]
}

@test "a supervisor that does not answer is replaced" {
	inside true
	old=$(field supervisor_pid)
	kill -STOP "$old"
	[ "$(inside echo again)" = again ]
	until_true gone "$old"
}

@test "stop while a program runs: it ends with 125; nothing is left" {
	inside true
	read -r super qemu virtiofsd <<<"$(instance_pids)"
	"$ktstr" softkvm exec -- sleep 100 </dev/null 2>"$dir/err" &
	pid=$!
	until_true clients_are 1
	run "$ktstr" softkvm stop
	status_is 0
	status=0
	wait $pid || status=$?
	status_is 125
	grep -q "stopped" "$dir/err"
	nothing_left "$super" "$qemu" "$virtiofsd"
	run "$ktstr" softkvm stop
	status_is 0
}

@test "two starts at once make one instance" {
	inside true &
	inside true &
	wait %1 && wait %2
	[ "$(ls -d "$XDG_RUNTIME_DIR"/ktstr-softkvm/i-* | wc -l)" = 1 ]
}

@test "owner SIGKILLed: after the idle time nothing is left" {
	KTSTR_SOFTKVM_IDLE=2 "$ktstr" softkvm exec -- sleep 100 </dev/null &
	pid=$!
	until_true clients_are 1
	read -r super qemu virtiofsd <<<"$(instance_pids)"
	[ "$(field idle_limit_s)" = 2 ]
	kill -KILL $pid
	nothing_left "$super" "$qemu" "$virtiofsd"
}

@test "no QEMU: the message names the package" {
	mkdir "$dir/bin"
	PATH=$dir/bin run "$ktstr" softkvm exec -- true
	status_is 125
	has "apt-get install qemu-system-x86"
}

@test "no kernel: the message names the command" {
	KTSTR_CACHE_DIR=$dir/empty run "$ktstr" softkvm start
	status_is 125
	has "scripts/setup"
}

@test "bad settings are named" {
	for bad in 0 -1 abc 5s 99999999999; do
		KTSTR_SOFTKVM_IDLE=$bad run "$ktstr" softkvm start
		status_is 125
		has "KTSTR_SOFTKVM_IDLE is '$bad'"
	done
	mkdir -m 755 "$dir/ktstr-softkvm"
	XDG_RUNTIME_DIR=$dir run "$ktstr" softkvm start
	status_is 125
	has "mode 0700"
}

@test "usage errors: status 2" {
	run "$ktstr" softkvm
	status_is 2
	run "$ktstr" softkvm exec
	status_is 2
	has "which program"
	run "$ktstr" softkvm frob
	status_is 2
	has "no 'frob'"
	run "$ktstr" softkvm stop now
	status_is 2
}

@test "an ordinary user has softkvm too, with no more rights than outside" {
	cache=$("$TOP/scripts/setup" --print-cache)
	mkdir -p "$dir/cache/kernels" "$dir/home"
	cp -rL "$cache/kernels/default" "$dir/cache/kernels/default"
	cp "$ktstr" "$dir/ktstr"
	chown -R 65534:65534 "$dir"
	cd "$dir/home"
	export KTSTR_CACHE_DIR=$dir/cache
	run as_nobody "$dir/ktstr" softkvm exec -- sh -c \
		'id -u; test -w /dev/kvm && echo kvm; echo mine >f; cat f; cat /etc/shadow' </dev/null
	as_nobody "$dir/ktstr" softkvm stop
	status_is 1
	has $'65534\nkvm\nmine'
	has "/etc/shadow: Permission denied"
	[ ! -e f ]
	[ ! -e /tmp/ktstr-softkvm-65534 ]
}

@test "several machines: KTSTR_SOFTKVM_INSTANCE; status and stop see all" {
	KTSTR_SOFTKVM_INSTANCE=64 run "$ktstr" softkvm start
	status_is 125
	has "from 0 to 63"
	KTSTR_SOFTKVM_INSTANCE=3 "$ktstr" softkvm start
	KTSTR_SOFTKVM_INSTANCE=3 run "$ktstr" softkvm exec -- echo inside
	has inside
	run "$ktstr" softkvm status
	has "instance    3"
	pids=$(KTSTR_SOFTKVM_INSTANCE=3 instance_pids)
	"$ktstr" softkvm stop
	for pid in $pids; do
		until_true gone "$pid"
	done
	[ ! -e "$XDG_RUNTIME_DIR/ktstr-softkvm.3" ]
}
