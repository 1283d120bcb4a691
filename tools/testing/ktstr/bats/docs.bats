#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# What the documents claim: the README's test compiles and is short, links
# lead somewhere, make help and make install cover what exists.

load common

@test "README's test has at most 12 lines and compiles" {
	src=$BATS_TEST_TMPDIR/readme.c
	sed -n '/^```c$/,/^```$/p' "$TOP/README.md" | sed '1d;$d' >"$src"
	[ -s "$src" ]
	[ "$(wc -l <"$src")" -le 12 ]
	ksft=$("$TOP/scripts/setup" --print-kselftest) || skip "no kselftest files"
	run gcc -std=gnu11 -Wall -Werror -D_GNU_SOURCE -I"$TOP/lib/include" \
		-isystem "$ksft" -c -o "$BATS_TEST_TMPDIR/readme.o" "$src"
	status_is 0
}

@test "links between documents lead to files" {
	cd "$TOP"
	for doc in README.md Documentation/*.md */README.md; do
		for link in $(grep -o ']([A-Za-z0-9_./-]*)' "$doc" | tr -d ']()'); do
			[ -e "$(dirname "$doc")/$link" ] || {
				echo "$doc: $link"
				return 1
			}
		done
	done
}

@test "the manual pages format without a warning" {
	command -v groff >/dev/null || skip "no groff"
	for page in "$O"/*.1; do
		# -ww names every warning; what it formats is not of interest
		run bash -c "groff -man -Tutf8 -ww -rLL=78n '$page' 2>&1 >/dev/null"
		status_is 0
		[ -z "$output" ]
	done
}

@test "make help names the targets of the issue" {
	run make -s -C "$TOP" help
	status_is 0
	for target in check run_tests lint bench install clean help; do
		has "  $target "
	done
}

@test "make install fills DESTDIR, make uninstall empties it" {
	dest=$BATS_TEST_TMPDIR/root
	run make -s -C "$TOP" O="$O" install DESTDIR="$dest" prefix=/usr
	status_is 0
	"$dest/usr/bin/ktstr" --help
	[ -s "$dest/usr/lib/libktstr.a" ]
	[ -s "$dest/usr/include/ktstr/harness.h" ]
	cmp "$O/ktstr.1" "$dest/usr/share/man/man1/ktstr.1"
	[ -s "$dest/usr/share/bash-completion/completions/ktstr" ]
	run make -s -C "$TOP" O="$O" uninstall DESTDIR="$dest" prefix=/usr
	status_is 0
	[ -z "$(find "$dest" -type f)" ]
}

@test "each line of config is in the default kernel, except sched_ext's" {
	config=$(KTSTR_CACHE_DIR='' "$TOP/scripts/setup" --print-cache)/kernels/default/config
	[ -r "$config" ] || skip "no default kernel fetched"
	sed '/--- sched_ext ---/,$d' "$TOP/config" | grep ^CONFIG | while read -r line; do
		symbol=${line%%=*}
		grep -q "^$symbol=[ym]" "$config" || {
			echo "$symbol is not in the default kernel"
			exit 1
		}
	done
}

@test "TAP-examples: readers see in them what they are said to show" {
	cd "$TOP/TAP-examples"
	run "$TOP/scripts/tap-count" pass.tap
	[[ $output =~ ^[1-9][0-9]*\ 0\ 0$ ]]
	run "$TOP/scripts/tap-count" fail.tap
	[ "$output" = "2 7 1" ]
	"$TOP/scripts/setup" --print-kselftest >/dev/null || skip "no kselftest files"
	run "$TOP/scripts/tap-accept" pass.tap
	status_is 0
	run "$TOP/scripts/tap-accept" fail.tap
	status_is 1
	[[ $output != *Traceback* ]]
}
