#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# The collection as a kernel tree's: install, run_kselftest.sh, gen_tar,
# emit_tests, settings, all with the kernel's own scripts. Runs no machine: the
# programs that run are replaced by ones that finish at once.

load common

setup_file()
{
	"$BATS_TEST_DIRNAME/../../../../scripts/setup" --print-kselftest \
		>/dev/null 2>&1 || skip "no kselftest files"
	O=${KTSTR_O:-$BATS_TEST_DIRNAME/../../../../build}
	export DIR=$BATS_FILE_TMPDIR/install
	make -s -C "$BATS_TEST_DIRNAME/.." O="$O" install INSTALL_PATH="$DIR" \
		>"$BATS_FILE_TMPDIR/out" 2>&1
}

# replace PROGRAM BODY: in the installed collection
replace()
{
	printf '#!/bin/bash\n%s\n' "$2" >"$DIR/ktstr/$1"
}

@test "install: programs, settings, config, and what run_kselftest.sh needs" {
	for file in run_kselftest.sh kselftest/runner.sh kselftest/prefix.pl \
		ktstr/boot_basic ktstr/sched_smoke; do
		[ -x "$DIR/$file" ] || { echo "$file"; return 1; }
	done
	[ -s "$DIR/ktstr/settings" ]
	[ -s "$DIR/ktstr/config" ]
	# whole files: the place may be another machine
	[ -z "$(find "$DIR" -type l)" ]
	grep -qx ktstr:boot_basic "$DIR/kselftest-list.txt"
	# what fails on purpose is installed, but not run
	[ -x "$DIR/ktstr/outcomes" ]
	! grep -q outcomes "$DIR/kselftest-list.txt"
}

@test "run_kselftest.sh lists and runs it; settings is honoured" {
	run "$DIR/run_kselftest.sh" -l
	has ktstr:sched_smoke
	replace sched_smoke 'echo TAP version 13; echo 1..1; echo ok 1 a.b'
	run "$DIR/run_kselftest.sh" -t ktstr:sched_smoke
	status_is 0
	has "# timeout set to 600"
	has "ok 1 selftests: ktstr: sched_smoke"
	replace sched_smoke 'exec sleep 60'
	echo timeout=1 >"$DIR/ktstr/settings"
	run "$DIR/run_kselftest.sh" -t ktstr:sched_smoke
	has "not ok 1 selftests: ktstr: sched_smoke # TIMEOUT 1 seconds"
	run "$DIR/run_kselftest.sh" -o 2 -t ktstr:sched_smoke
	has "# TIMEOUT 2 seconds"
}

@test "the installed programs through ktstr test" {
	rm "$DIR/ktstr/outcomes"
	echo timeout=1 >"$DIR/ktstr/settings"
	for prog in "$DIR"/ktstr/*; do
		[ ! -x "$prog" ] || [ "${prog##*/}" = sched_smoke ] || rm "$prog"
	done
	replace sched_smoke '[ "$1" = --list ] && { echo a.b; exit; }; exec sleep 60'
	run "$O/ktstr" test --programs "$DIR/ktstr"
	status_is 124
	has "# TIMEOUT 1 seconds"
}

@test "gen_tar makes an archive that runs where it is unpacked" {
	run make -s -C "$TOP/tools/testing/ktstr" O="$O" gen_tar \
		INSTALL_PATH="$BATS_TEST_TMPDIR/to"
	status_is 0
	tar=$BATS_TEST_TMPDIR/to/kselftest-packages/kselftest.tar.gz
	has "Created $tar"
	mkdir "$BATS_TEST_TMPDIR/there"
	tar xf "$tar" -C "$BATS_TEST_TMPDIR/there"
	run "$BATS_TEST_TMPDIR/there/run_kselftest.sh" -l
	has ktstr:boot_basic
	run "$BATS_TEST_TMPDIR/there/ktstr/boot_basic" --list
	has boot.one_cpu
}

@test "emit_tests names the programs, once each" {
	run make -s -C "$TOP/tools/testing/ktstr" O="$O" emit_tests COLLECTION=ktstr
	status_is 0
	has ktstr:boot_basic
	[ -z "$(grep ^ktstr: <<<"$output" | sort | uniq -d)" ]
}
