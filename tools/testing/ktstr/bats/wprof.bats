#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Traces of tests, with a tracer that is none: the way of its arguments in, the
# way of its file out, and everything that can go wrong on either.

bats_require_minimum_version 1.5.0
load common

setup_file()
{
	O=${KTSTR_O:-$BATS_TEST_DIRNAME/../../../../build}
	export PROGS=$O/kselftest/ktstr
	export KTSTR_WPROF_PATH=$PROGS/fake-tracer
	make -s -C "$BATS_TEST_DIRNAME/.." O="$O" all >&2
}

setup()
{
	export KTSTR_SIDECAR_DIR=$BATS_TEST_TMPDIR/logs
}

# trace TEST...: run these of the program, in this order
trace()
{
	local args=() test

	for test; do
		args+=(-r "trace.$test")
	done
	run "$PROGS/wprof" "${args[@]}"
}

# passed N TEST: result N says so
passed()
{
	grep -q "^ok $1 trace.$2 " <<<"$output" || has "a line: ok $1 trace.$2"
}

# pb TEST: path of its trace, which must be there and be the only one
pb()
{
	local found=("$KTSTR_SIDECAR_DIR"/wprof/trace."$1"-*.wprof.pb)

	[ "${#found[@]}" = 1 ] && [ -f "${found[0]}" ] || {
		echo "traces of $1: ${found[*]}" >&2
		return 1
	}
	echo "${found[0]}"
}

# no_pb TEST: no trace of it, nor anything that was to become one
no_pb()
{
	! compgen -G "$KTSTR_SIDECAR_DIR/wprof/trace.$1-*" || {
		echo "left: $(ls "$KTSTR_SIDECAR_DIR"/wprof)"
		return 1
	}
}

@test "arguments arrive byte for byte; an old trace and its like are gone" {
	local dir=$KTSTR_SIDECAR_DIR/wprof path

	trace odd_args
	# Nothing that is for terminals only.
	[[ $output != *[$'\r\e']* ]]
	has '# ok 1 wprof_pb_landed'
	has '# ok 2 arguments'
	passed 1 odd_args
	status_is 0
	path=$(pb odd_args)
	[[ $path =~ -[0-9a-f]{16}\.wprof\.pb$ ]]
	# The next run cannot have one: what is there now must not look like it.
	touch "${path%.wprof.pb}.repro.wprof.pb" "$path.tmp.999999999"
	KTSTR_WPROF_PATH=/no/such/tracer trace odd_args
	has '# the test said: pass'
	has '# wprof: no_tracer: there is no tracer on the host: KTSTR_WPROF_PATH=/no/such/tracer: No such file'
	has '# not ok 1 wprof_pb_landed'
	has 'not ok 1 trace.odd_args #  post_vm_fail'
	no_pb odd_args
	[ -f "$dir/trace.odd_args.kernel.log" ]
}

@test "300 MiB arrive as they were sent, seen to come on a terminal" {
	local path

	ON_TTY_S=400 run "$BATS_TEST_DIRNAME/on-tty" "$PROGS/wprof" -r trace.large </dev/null
	has $'\r# wprof: the test is over, waiting for its trace\e[K'
	has ' of 300 MiB of trace'$'\e[K'
	has $'\r\e[K# ok 1 wprof_pb_landed'
	passed 1 large
	has '(314572864 bytes in '
	status_is 0
	path=$(pb large)
	[ "$(stat -c %s "$path")" = $((300 * 1024 * 1024 + 64)) ]
	[ "$(head -c -64 "$path" | sha256sum | cut -d' ' -f1)" = "$(tail -c 64 "$path")" ]
}

@test "a guest that dies while it sends leaves no trace, but its verdict" {
	trace dies_while_it_ships
	has '# wprof: incomplete: the last frame of the trace never came: 4194304 of 41943040 bytes came, then the guest was gone; no .pb was written'
	has '# the test said: pass'
	has 'not ok 1 trace.dies_while_it_ships #  ERROR torn_result'
	no_pb dies_while_it_ships
}

@test "tracers that fail, write nothing or do not know when to end" {
	trace tracer_fails tracer_writes_nothing until_interrupted no_btf
	has '# the test said: pass'
	has '# wprof: tracer_failed: the tracer ended with a status or by a signal: exit status 3 after'
	has 'its last words: out_of_luck'
	has 'trace.tracer_fails #  post_vm_fail'
	has '# wprof: empty: the tracer wrote nothing; no .pb was written'
	# A hook that is always called; the test's own failure is what counts.
	has 'trace.tracer_writes_nothing #  time='
	passed 3 until_interrupted
	pb until_interrupted
	has '# wprof: no_btf: the tracer failed and the guest'\''s kernel has no BTF: exit status 1'
	no_pb tracer_fails
	no_pb tracer_writes_nothing
	no_pb no_btf
}

@test "a tracer that never ends is ended, and is no pass" {
	trace tracer_hangs
	has '# wprof: tracer_hung: '
	has 'not ok 1 trace.tracer_hangs #  post_vm_fail'
	no_pb tracer_hangs
}

@test "VM: the tracer that there is when none is named" {
	unset KTSTR_WPROF_PATH
	trace by_our_own
	has '# ok 1 wprof_pb_landed'
	has '# ok 2 wprof_pb_valid'
	passed 1 by_our_own
	"$O/ktstr" trace --info "$(pb by_our_own)"
}

@test "what is wrong on the host is told, and the test runs all the same" {
	local dir=$KTSTR_SIDECAR_DIR/wprof

	trace long_args control_byte
	has '# wprof: args_too_long: the tracer'\''s arguments do not fit on the kernel command line'
	has '# wprof: bad_args: the tracer'\''s arguments cannot be put on a kernel command line'
	has 'byte 0x1f at offset 1'
	has 'not ok 1 trace.long_args #  post_vm_fail'
	has 'not ok 2 trace.control_byte #  post_vm_fail'
	[ "$(grep -c '^# the test said: pass' <<<"$output")" = 2 ]
	no_pb long_args

	KTSTR_WPROF_PATH=$BATS_TEST_FILENAME trace plain
	has '# wprof: not_elf: the tracer is not an ELF file'
	has '# wprof: the machine keeps its 256 MiB as asked for; with less than 2048'
	has 'not ok 1 trace.plain #  post_vm_fail'

	# Of another machine: AArch64.
	cp "$PROGS/fake-tracer" "$BATS_TEST_TMPDIR/foreign"
	printf '\xb7' | dd of="$BATS_TEST_TMPDIR/foreign" bs=1 seek=18 conv=notrunc status=none
	KTSTR_WPROF_PATH=$BATS_TEST_TMPDIR/foreign trace plain
	has '# wprof: wrong_arch: the tracer is for another architecture: '
	has 'for machine 183'
	has '# the test said: pass'
	has 'not ok 1 trace.plain #  post_vm_fail'

	# A directory in the trace's place cannot be removed.
	rm -rf "$dir" && trace plain
	passed 1 plain
	path=$(pb plain)
	rm "$path" && mkdir "$path"
	trace plain
	has '# wprof: sidecar_unwritable: the file cannot be made on the host: cannot remove'
	has 'not ok 1 trace.plain #  post_vm_fail'
}

@test "a disk that runs full while the trace comes" {
	local where=()

	[ "$(id -u)" = 0 ] || skip "needs root to make a small disk"
	"$O/ktstr" accel | grep -q 'run in: softkvm' && where=("$O/ktstr" softkvm exec --)
	run "${where[@]}" unshare -m sh -c 'mkdir -p "$1" &&
		mount -t tmpfs -o size=20M none "$1" || exit 90
		"$2" -r trace.fills_the_disk; status=$?
		ls "$1"/wprof; exit $status' sh "$KTSTR_SIDECAR_DIR" "$PROGS/wprof" </dev/null
	status_is 1
	has '# the test said: pass'
	has '# wprof: disk_full: the host'\''s disk ran full while the trace came: '
	has ': No space left on device after '
	has '# not ok 1 wprof_pb_landed'
	has 'not ok 1 trace.fills_the_disk #  post_vm_fail'
	has $'\ntrace.fills_the_disk.kernel.log'
	[[ $output != *$'\ntrace.fills_the_disk-'* ]]
}
