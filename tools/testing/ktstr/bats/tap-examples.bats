#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# TAP-examples/: there is a transcript for every outcome, it says that outcome,
# and each reader concludes from it what TAP-examples/expected says.

load common

outcomes()
{
	sed -n 's/^OUTCOME([A-Z_]*, *"\([a-z_]*\)".*/\1/p' \
		"$TOP/lib/include/ktstr/outcome.def" | grep -vx interrupted
}

# result_of OUTCOME: how the result line of a test with it ends
result_of()
{
	case $1 in
	pass) echo '^ok 1 example\.pass #  ?time=[0-9]+ms$' ;;
	fail) echo '^not ok 1 example\.fail #  ?time=[0-9]+ms$' ;;
	skip) echo '^ok 1 example\.skip # SKIP nothing to try here$' ;;
	xfail) echo '^ok 1 example\.xfail # XFAIL ' ;;
	xpass) echo '^not ok 1 example\.xpass #  ?XPASS time=' ;;
	post_vm_fail) echo '^not ok 1 example\.post_vm_fail #  ?post_vm_fail time=' ;;
	*) echo "^not ok 1 example\\.$1 #  ?ERROR $1\$" ;;
	esac
}

@test "every outcome has its transcript, flat and nested, and says so" {
	cd "$TOP/TAP-examples"
	for name in $(outcomes); do
		echo "$name"
		sed 's/^# //' "nested/$name.tap" | grep -qE "$(result_of "$name")"
		# a program that runs nothing prints nothing
		[ "$name" != zero_tests ] || continue
		grep -qE "$(result_of "$name")" "flat/$name.tap"
	done
}

@test "the table has every transcript and no other" {
	cd "$TOP/TAP-examples"
	diff <(grep -v '^#' expected | cut -d' ' -f1 | sort) \
		<(ls flat/*.tap nested/*.tap | sort)
}

@test "each reader concludes what the table says" {
	"$TOP/scripts/setup" --print-kselftest >/dev/null ||
		skip "no kselftest files"
	cd "$TOP/TAP-examples"
	bad=0 missing=""
	while read -r file passed failed skipped verdict; do
		want=$(printf '%s\n' "kunit $passed $failed $skipped" \
			"prove $verdict" \
			"tap-parser $passed $failed $skipped" \
			"tappy $passed $failed $skipped")
		got=$("$TOP/scripts/tap-readers" "$file")
		while read -r reader; do
			missing=$reader
			want=$(sed "s/^$reader .*/$reader -/" <<<"$want")
		done < <(sed -n 's/ -$//p' <<<"$got")
		[ "$want" = "$got" ] || {
			echo "$file:"
			diff <(echo "$want") <(echo "$got") || bad=1
		}
	done < <(grep -v '^#' expected)
	[ $bad = 0 ]
	[ -z "$missing" ] || skip "the rest agrees; not installed: $missing"
}

@test "a transcript has no path of the machine that made it" {
	cd "$TOP/TAP-examples"
	! grep -nE '/(tmp/tmp\.|root/|work/|home/)' flat/* nested/*
}
