#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# The ktstr command: help, usage errors and exit statuses of every subcommand.

load common

setup() { ktstr=$O/ktstr; }

commands() { "$ktstr" --help | sed -n 's/^  \([a-z-]*\)  .*/\1/p'; }

@test "--help lists the commands on stdout, status 0" {
	for flag in --help -h help; do
		run "$ktstr" $flag
		status_is 0
		has "Usage: ktstr COMMAND"
	done
	[ "$(commands | wc -l)" -ge 3 ]
}

@test "no command: usage on stderr, status 2" {
	run "$ktstr"
	status_is 2
	has "Usage:"
	[ -z "$("$ktstr" 2>/dev/null)" ]
}

@test "unknown command: named, status 2" {
	run "$ktstr" frobnicate
	status_is 2
	has "no command 'frobnicate'"
}

@test "every command has --help, status 0, on stdout" {
	for cmd in $(commands); do
		run "$ktstr" "$cmd" --help
		status_is 0
		has "Usage: ktstr $cmd"
		[ -z "$("$ktstr" "$cmd" --help 2>&1 >/dev/null)" ]
	done
}

@test "every command refuses an unknown option with status 2" {
	for cmd in $(commands); do
		run "$ktstr" "$cmd" --no-such-option
		status_is 2
		has "no-such-option"
	done
}

# "--option KIND" of command $1 for the options with an argument
options_with_argument()
{
	"$ktstr" "$1" --help |
		sed -n 's/^ \{2,6\}\(-., \)\?\(--[a-z-]*\)=\([^ ]*\).*/\2 \3/p'
}

@test "every option that takes a number refuses what is none, by name" {
	count=0
	for cmd in $(commands); do
		while read -r option kind; do
			case $kind in N | MIB | SECONDS | I/N) ;; *) continue ;; esac
			for value in banana -1 '' 99999999999999999999 7x; do
				run timeout 20 "$ktstr" "$cmd" "$option=$value" </dev/null
				[ "$status" = 2 ] || {
					echo "$cmd $option=$value: status $status"
					return 1
				}
				has "$option"
				count=$((count + 1))
			done
		done < <(options_with_argument "$cmd")
	done
	[ "$count" -ge 30 ]
}

@test "every option with named alternatives refuses another, and lists them" {
	count=0
	for cmd in $(commands); do
		while read -r option kind; do
			[[ $kind =~ ^[a-z]+(\|[a-z]+)+$ ]] || continue
			run timeout 20 "$ktstr" "$cmd" "$option=banana" </dev/null
			status_is 2
			has banana
			for word in ${kind//|/ }; do
				has "$word"
			done
			count=$((count + 1))
		done < <(options_with_argument "$cmd")
	done
	[ "$count" -ge 1 ]
}

@test "an option without its argument: status 2, nothing on stdout" {
	for cmd in $(commands); do
		while read -r option kind; do
			run timeout 20 "$ktstr" "$cmd" "$option" </dev/null
			status_is 2
			has "${option#--}"
			[ -z "$("$ktstr" "$cmd" "$option" 2>/dev/null </dev/null)" ]
		done < <(options_with_argument "$cmd")
	done
}

@test "it works through a link, from another directory, without an environment" {
	ln -s "$(realpath "$ktstr")" "$BATS_TEST_TMPDIR/kt"
	cd /
	run env -i "$BATS_TEST_TMPDIR/kt" --help
	status_is 0
	run env -i "$BATS_TEST_TMPDIR/kt" accel --help
	status_is 0
	run env -i "PATH=$PATH" "$TOP/run_tests.sh" --no-build --help
	status_is 0
	has "--shard"
}

@test "what cannot be printed is no success" {
	run bash -c "'$ktstr' --help >/dev/full"
	[ "$status" != 0 ]
	run bash -c "'$ktstr' --generate man >/dev/full"
	[ "$status" != 0 ]
	run bash -c "'$ktstr' accel --json >/dev/full"
	[ "$status" != 0 ]
}

# Long options of command $1 as each artefact has them, sorted.
help_options()
{
	"$ktstr" "$1" --help |
		grep -oE '^ +(-., |    )--[a-z0-9-]+' | grep -oE -e '--[a-z0-9-]+' |
		sort
}

man_options()
{
	groff -man -Tascii -P-cbou -rLL=78n "$O/ktstr.1" |
		awk -v section="   $1" '
			/^ ? ? ?[^ ]/ { inside = $0 == section }
			inside && /^       -/ { print }' |
		grep -oE '^ {7}(-., )?--[a-z0-9-]+' | grep -oE -e '--[a-z0-9-]+' |
		sort
}

completion_options()
{
	complete_line ktstr "$1" --
	printf '%s\n' "${COMPREPLY[@]%=}" | sort
}

@test "help, manual and completion have the same options for every command" {
	command -v groff >/dev/null || skip "no groff"
	for cmd in $(commands); do
		help=$(help_options "$cmd")
		# every command has these two; the manual says so once
		diff <(echo "$help") \
			<({ man_options "$cmd"; echo --help; echo --usage; } | sort)
		diff <(echo "$help") <(completion_options "$cmd")
	done
}

@test "the manual has help's line and statuses of every command" {
	for cmd in $(commands); do
		grep -qx "\.SS $cmd" "$O/ktstr.1"
		run "$ktstr" "$cmd" --help
		has "Exit status:"
	done
}

# complete_line WORD...: COMPREPLY for a command line of these words, of which
# the last is being completed
complete_line()
{
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	# shellcheck disable=SC1091 # made by the build
	. "$O/ktstr.bash-completion"
	if [ "${1##*/}" = run_tests.sh ]; then
		_ktstr_run_tests
	else
		_ktstr
	fi
}

# offers WORD...: exactly these, in any order
offers()
{
	diff <(printf '%s\n' "${COMPREPLY[@]}" | sort) <(printf '%s\n' "$@" | sort)
}

@test "run_tests.sh: the same options in help, manual and completion" {
	command -v groff >/dev/null || skip "no groff"
	help=$("$TOP/run_tests.sh" --no-build --help | grep -oE '(^| )--[a-z-]+' |
		tr -d ' ' | sort -u)
	page=$(groff -man -Tascii -P-cbou -rLL=78n "$O/run_tests.sh.1")
	for option in $help; do
		case $option in --help | --usage) continue ;; esac
		grep -qE "^ +(-., )?$option( |=|\$)" <<<"$page"
	done
	for option in $(grep -oE '^ {7}(-., )?--[a-z-]+' <<<"$page" | grep -oE -e '--[a-z-]+'); do
		grep -qx -e "$option" <<<"$help"
	done
	complete_line run_tests.sh --
	diff <(printf '%s\n' "${COMPREPLY[@]%=}" --help --usage | sort -u) \
		<(printf '%s\n' "$help" --help --usage | sort -u)
}

@test "every variable that a command names is in the manual's list" {
	page=$(groff -man -Tascii -P-cbou -rLL=78n "$O/ktstr.1" | sed -n '/^ENVIRONMENT/,$p')
	for cmd in $(commands); do
		for name in $("$ktstr" "$cmd" --help | sed -n '/^Environment/,$p' |
			grep -oE '[A-Za-z]+_[A-Za-z_]+'); do
			grep -q "^ *$name" <<<"$page" || {
				echo "$cmd: $name has no row in tools/ktstr/env.def"
				return 1
			}
		done
	done
}

@test "completion: commands" {
	complete_line ktstr ""
	# shellcheck disable=SC2046 # words
	offers $(commands) --help
	complete_line ktstr soft
	offers softkvm
	complete_line ktstr frob
	[ ${#COMPREPLY[@]} = 0 ]
}

@test "completion: verbs, files, directories, programs" {
	cd "$BATS_TEST_TMPDIR"
	mkdir a-dir && touch a-file
	complete_line ktstr softkvm st
	offers start stop status
	complete_line ktstr accel --device = a-
	offers a-dir a-file
	complete_line ktstr accel -d a-f
	offers a-file
	complete_line ktstr softkvm --rw = ""
	offers a-dir
	complete_line ktstr softkvm exec -- bash
	[[ " ${COMPREPLY[*]} " == *" bash "* ]]
	complete_line ktstr vm --cpus = ""
	[ ${#COMPREPLY[@]} = 0 ]
}

@test "completion: cached kernels, whose names are never run" {
	cd "$BATS_TEST_TMPDIR"
	export KTSTR_CACHE_DIR=$PWD/cache
	mkdir -p cache/kernels/6.12-mine 'cache/kernels/6.$(touch pwned)'
	complete_line ktstr vm --kernel = 6
	offers 6.12-mine '6.$(touch pwned)'
	[ ! -e pwned ]
}

@test "completion: tests, asked of the command on the line" {
	cd "$BATS_TEST_TMPDIR"
	for name in ktstr run_tests.sh; do
		cat >$name <<-'END'
			#!/bin/bash
			case ${0##*/}:$* in
			'ktstr:test --list' | 'run_tests.sh:--no-build --list') ;;
			*) exit 1 ;;
			esac
			printf '%s\n' boot:cpu.one boot:cpu.two 'sched:$(touch pwned)'
		END
		chmod +x $name
	done
	complete_line ./run_tests.sh b
	offers boot:cpu.one boot:cpu.two
	complete_line ./ktstr test boot
	offers boot:cpu.one boot:cpu.two
	# bash has what is before the colon already
	complete_line ./ktstr test boot : cpu.o
	offers cpu.one
	complete_line ./run_tests.sh --shard = 1/2 boot :
	offers cpu.one cpu.two
	complete_line ./run_tests.sh s
	offers 'sched:$(touch pwned)'
	[ ! -e pwned ]
	complete_line ./run_tests.sh --accel = s
	offers softkvm
}

@test "--generate: an unknown kind is named, status 2" {
	run "$ktstr" --generate frob
	status_is 2
	has "'frob'"
	has "man-run_tests completion"
}
