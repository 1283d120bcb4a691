#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Attributes and the harness's macros: what they do to a machine, a verdict and
# a list; how a bad one is told. One test boots a dozen machines.

bats_require_minimum_version 1.5.0
load common

setup_file()
{
	O=${KTSTR_O:-$BATS_TEST_DIRNAME/../../../../build}
	export PROG=$O/kselftest/ktstr/attrs
	export KTSTR_SIDECAR_DIR=$BATS_FILE_TMPDIR/logs
	make -s -C "$BATS_TEST_DIRNAME/.." O="$O" all >&2
}

# Nothing below may start a machine, but where it says so.
setup()
{
	export KTSTR_ACCEL=kvm KTSTR_KERNEL=/no/such/kernel
}

# line REGEX: $output has a line that is one
line()
{
	grep -qxE "$1" <<<"$output" && return
	echo "expected a line: $1"
	echo "got: $output"
	return 1
}

# compile_attr CODE: make a program with CODE in it
compile_attr()
{
	printf '%s\n' '#include <ktstr/harness.h>' 'FIXTURE(f) {};' \
		'FIXTURE_SETUP(f) {}' 'FIXTURE_TEARDOWN(f) {}' "$1" \
		'TEST_F(f, t) {}' KTSTR_HARNESS_MAIN >"$BATS_TEST_TMPDIR/p.c"
	run "${CC:-gcc}" -D_GNU_SOURCE -I "$TOP/lib/include" \
		-I "$(dirname "$PROG")/.." -c -o "$BATS_TEST_TMPDIR/p.o" \
		"$BATS_TEST_TMPDIR/p.c"
}

# --- lists -------------------------------------------------------------------

@test "-l and --list print every test, one a line, status 0" {
	run --separate-stderr "$PROG" -l
	status_is 0
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq 28 ]
	line shape.one.has_three
	line shape.three.has_three
	line global.dies_of_its_signal
	listed=$output
	run "$PROG" --list
	[ "$output" = "$listed" ]
}

@test "--list obeys the filters" {
	run "$PROG" --list -v three
	[ "$output" = shape.three.has_three ]
	run "$PROG" --list -r shape.one.has_three -t passes
	[ "$output" = $'shape.one.has_three\nhere.passes' ]
	run "$PROG" -l -V one -F here -F guest -F hook -T never_begins
	[ "${#lines[@]}" -eq 3 ]
}

@test "--list=tags has own and inherited tags, host_only and ignore" {
	run "$PROG" --list=tags
	line $'shape.one.has_three\tvariants'
	line $'here.passes\tquick host_only'
	line $'here.is_ignored\tquick slow host_only ignore'
	line guest.is_not_sure
	tags=$output
	KTSTR_LIST=tags run "$PROG" --list
	[ "$output" = "$tags" ]
}

@test "--list=long has every attribute: test before variant before fixture" {
	run "$PROG" --list=long
	line $'shape.one.has_three\tcpus=1\t.*\tmemory_mib=256\t.*\texpect_fail=1\t.*'
	line $'shape.three.has_three\tcpus=3\t.*\tmemory_mib=256\t.*\texpect_fail=0\t.*'
	line $'guest.gets_what_it_said\t.*\tkaslr=0\t.*\texpect_fail=0\t.*\tkargs=ktstr_probe=42\tsysctls=vm.dirty_ratio=23,vm.swappiness=17,net.ipv4.ping_group_range=5 50\t.*'
	line $'guest.fails_as_expected\t.*\texpect_fail=1\t.*'
	line $'hook.both_fail\t.*\tpost_vm=1\tpost_vm_unconditional=1\t.*'
	line $'here.says_its_time\t.*\ttimeout_s=77\t.*'
	line $'here.hangs\t.*\tduration_s=1\ttimeout_s=1\t.*'
	line $'here.has_a_machine\t.*\tfault=here.has_a_machine: .cpus: .*'
}

# --- filters -----------------------------------------------------------------

@test "a filter that matches nothing is named, whatever else is selected" {
	for filter in -t -T -f -F -v -V -r; do
		run "$PROG" -t passes "$filter" no_such
		status_is 2
		has "$filter no_such selects no test"
		run "$PROG" --list "$filter" no_such
		status_is 2
	done
	# a part of a name is no name
	run "$PROG" -r shape.has_three
	status_is 2
}

@test "filters that leave nothing together are all named" {
	run "$PROG" -T passes -t passes
	status_is 2
	has "-T passes -t passes together select no test"
}

@test "stray words and bad options are usage errors" {
	run "$PROG" here.passes
	status_is 2
	has "'here.passes' is no option"
	run "$PROG" -x
	status_is 2
	has "unknown option -x"
	run "$PROG" --kernel
	status_is 2
	has "--kernel needs an argument"
	run "$PROG" -t
	status_is 2
	has "-t needs an argument"
	run "$PROG" --list=wide
	status_is 2
	has "--list=wide"
}

@test "-h and --help explain both halves, status 0" {
	for flag in -h --help; do
		run --separate-stderr "$PROG" "$flag"
		status_is 0
		has --check
		has "include fixture"
	done
}

# --- rules -------------------------------------------------------------------

@test "--check names every bad attribute and boots nothing" {
	run "$PROG" --check
	status_is 2
	[ "${#lines[@]}" -eq 2 ]
	has "here.has_a_machine: .cpus: a test that is .host_only has no machine"
	has "here.has_a_bad_sysctl: .sysctls: 'vm/swappiness=1'"
	run "$PROG" --check -f guest
	status_is 0
	has "4 tests: all attributes are valid"
}

@test "no program of the suite has a bad attribute" {
	for source in "$TOP"/tools/testing/ktstr/*.c; do
		run "$(dirname "$PROG")/$(basename "$source" .c)" --check
		status_is 0
		has "all attributes are valid"
	done
}

@test "a bad attribute is its own test's error, and the others run" {
	run "$PROG" -t has_a_bad_sysctl -t passes
	status_is 1
	has "# bad attribute: here.has_a_bad_sysctl: .sysctls"
	line 'ok 1 here.passes #  time=[0-9]+ms'
	line 'not ok 2 here.has_a_bad_sysctl #  ERROR setup_error'
}

@test "two declarations for one target do not compile, nor a field twice" {
	compile_attr 'KTSTR_TEST_ATTR(f, t, .cpus = 1, .kaslr = false);'
	status_is 0
	compile_attr 'KTSTR_TEST_ATTR(f, t, .cpus = 1);
		KTSTR_TEST_ATTR(f, t, .memory_mib = 300);'
	[ "$status" -ne 0 ]
	has "ktstr__attr_test_f__t"
	compile_attr 'KTSTR_TEST_ATTR(f, t, .cpus = 1, .cpus = 2);'
	[ "$status" -ne 0 ]
	has cpus
	compile_attr 'KTSTR_FIXTURE_ATTR(f, .cpu = 1);'
	[ "$status" -ne 0 ]
	has cpu
}

@test "an attribute without a target stops the program with its name" {
	compile_attr 'KTSTR_VARIANT_ATTR(f, v, .cpus = 1);'
	status_is 0
	"${CC:-gcc}" -pthread -o "$BATS_TEST_TMPDIR/p" "$BATS_TEST_TMPDIR/p.o" \
		"$O/libktstr.a" -lelf -lzstd -llz4 -llzma -lz -lxxhash -ldl
	run "$BATS_TEST_TMPDIR/p" --list
	status_is 2
	has "attributes are given for f.v, which is no test"
}

# --- verdicts ----------------------------------------------------------------

@test "expectations decide about tests on the host" {
	run "$PROG" -f here
	status_is 1
	line '1\.\.15'
	line 'ok 1 here.passes #  time=[0-9]+ms'
	line 'not ok 2 here.fails #  time=[0-9]+ms'
	line 'ok 3 here.skips # SKIP not today'
	line 'not ok 4 here.passes_unexpectedly #  XPASS time=[0-9]+ms'
	line 'ok 5 here.fails_as_expected # XFAIL expected to fail'
	line 'ok 6 here.skips_although_expected_to_fail # SKIP not today'
	line '# inconclusive: half of it is missing'
	line 'not ok 7 here.is_not_sure #  ERROR inconclusive'
	line 'ok 8 here.may_be_unsure # SKIP inconclusive'
	line 'not ok 9 here.failed_before_it_was_unsure #  time=[0-9]+ms'
	line 'not ok 10 here.exits_like_an_unsure_one #  time=[0-9]+ms'
	line 'not ok 11 here.hangs #  ERROR timeout'
	line 'ok 12 here.is_ignored # SKIP ignored'
	line 'not ok 13 here.has_a_machine #  ERROR setup_error'
}

@test "an ignored test runs when it is named, or all do" {
	run "$PROG" -t is_ignored
	line 'ok 1 here.is_ignored #  time=[0-9]+ms'
	run "$PROG" -r here.is_ignored
	line 'ok 1 here.is_ignored #  time=[0-9]+ms'
	run "$PROG" -f here --ignored
	line 'ok 12 here.is_ignored #  time=[0-9]+ms'
	run "$PROG" -r here.is_ignored --ignored=skip
	line 'ok 1 here.is_ignored # SKIP ignored'
}

@test "attributes, callbacks and the harness's macros in machines" {
	unset KTSTR_ACCEL KTSTR_KERNEL
	run "$PROG" -F here
	status_is 1
	line 'ok 1 global.dies_of_its_signal #  time=[0-9]+ms'
	line 'ok 2 shape.one.has_three # XFAIL expected to fail'
	line 'ok 3 shape.three.has_three #  time=[0-9]+ms'
	line 'ok 4 guest.gets_what_it_said #  time=[0-9]+ms'
	line 'ok 5 guest.fails_as_expected # XFAIL expected to fail'
	# a dead guest is no expected failure
	line 'not ok 6 guest.panics_unexpectedly #  ERROR guest_panic'
	line '# inconclusive: 1 of 3 \? samples'
	line 'not ok 7 guest.is_not_sure #  ERROR inconclusive'
	line '# post_vm: A of hook.both_fail; post_vm_unconditional: B after pass'
	line 'not ok 8 hook.both_fail #  post_vm_fail time=[0-9]+ms'
	line '# post_vm_unconditional: B after fail'
	line 'not ok 9 hook.after_a_failure #  time=[0-9]+ms'
	[[ "$output" != *"A of hook.after_a_failure"* ]]
	line 'ok 10 hook.turns_it_into_a_skip # SKIP nothing to see'
	line "# cleanup: the machine's tear-down took .* ms, the budget is .*"
	line 'not ok 11 hook.leaves_a_mess #  post_vm_fail time=[0-9]+ms'
	has 'torn down by the parent, touched 2'
	line 'ok 12 parent.tears_down #  time=[0-9]+ms'
	line 'not ok 13 broken.never_begins #  time=[0-9]+ms'
	[[ "$output" != *"the body ran"* ]]
}
