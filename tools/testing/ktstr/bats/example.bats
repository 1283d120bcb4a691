#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# Documentation/example-suite, used as its README says: copied out of the tree,
# built against an installed ktstr, run. Boots two machines.

load common

setup_file()
{
	root=$BATS_FILE_TMPDIR/root
	make -s -C "$TOP" O="$O" install DESTDIR="$root" prefix=/usr
	cp -r "$TOP/Documentation/example-suite" "$BATS_FILE_TMPDIR/suite"
	export PKG_CONFIG_SYSROOT_DIR=$root
	export PKG_CONFIG_LIBDIR=$root/usr/lib/pkgconfig
	# without the directory that bats adds to its own: ours is a user's shell
	export PATH=$root/usr/bin:${PATH//$BATS_LIBEXEC:/}
	unset KTSTR_O
}

setup()
{
	cd "$BATS_FILE_TMPDIR/suite"
	export O=build # as the suite's Makefile has it
}

@test "it builds against the installed tree, and against nothing else" {
	run make
	status_is 0
	[[ $output != *"$TOP"* ]]
	[ -x build/placement ]
	[ -x build/fairness ]
}

@test "one passes and one fails, and the failure explains itself" {
	# a bats in a bats must not inherit the outer one's state
	local outer=()
	mapfile -t outer < <(compgen -e BATS_ | sed 's/^/--unset=/')
	run env "${outer[@]}" make check
	[ "$status" != 0 ]
	has "1..2"
	has "ok 1 placement: pinned tasks stay where they are"
	has "not ok 2 fairness: nice 19 gets half of nice 0"
	# what README promises below the failure
	has "Expected normal_ms / 2"
	has "nice 0 ran "
	has "not ok 1 selftests: ktstr: fairness # exit=1"
	log=$(sed -n 's/.*kernel log: \([^ ]*\)$/\1/p' <<<"$output" | tail -n 1)
	grep -q 'Linux version' "$log"
}

@test "its README shows what it prints" {
	while read -r line; do
		grep -qF "@test \"$line\"" suite.bats || {
			echo "README.md promises: $line"
			return 1
		}
	done < <(sed -n 's/^    \(not \)\?ok [0-9] //p' README.md)
}
