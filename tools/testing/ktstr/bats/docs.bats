#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# What the documents claim: the README's test compiles and is short, links
# and paths lead somewhere, every command that they tell a reader to type
# exists and has the options given, and what is marked `sh run` works.

load common

setup()
{
	cd "$TOP"
	docs=(README.md Documentation/*.md Documentation/*/*.md)
}

# the lines DOCUMENT:LINE: COMMAND whose command matches $1
commands_like() { scripts/doc-commands "${docs[@]}" | grep -E "^[^:]*:[0-9]*: $1"; }

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

@test "test programs in the documents compile without a warning" {
	ksft=$("$TOP/scripts/setup" --print-kselftest) || skip "no kselftest files"
	for doc in Documentation/*.md; do
		src=$BATS_TEST_TMPDIR/$(basename "$doc" .md).c
		sed -n '/^```c$/,/^```$/p' "$doc" | grep -v '^```' >"$src" || true
		grep -q KTSTR_HARNESS_MAIN "$src" || continue
		# what comes behind a program would be in it
		sed -i '/^KTSTR_HARNESS_MAIN$/d' "$src"
		echo KTSTR_HARNESS_MAIN >>"$src"
		run gcc -std=gnu11 -Wall -Werror -D_GNU_SOURCE -Ilib/include \
			-isystem "$ksft" -c -o "${src%.c}.o" "$src"
		status_is 0
		checked=1
	done
	[ "$checked" = 1 ]
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

@test "every ktstr and run_tests.sh command line in the documents is valid" {
	# shellcheck disable=SC1091 # made by the build
	. "$O/ktstr.bash-completion"
	count=0
	while IFS= read -r line; do
		read -r word cmd rest <<<"${line#*: }"
		rest=${rest%% -- *}
		if [[ $word == *run_tests.sh ]]; then
			rest="$cmd $rest" cmd=run_tests.sh
		fi
		# ktstr(1), ktstr --help, ktstr COMMAND, ktstr test|run
		[[ $cmd =~ ^[a-z_.]+$ ]] || continue
		count=$((count + 1))
		if [ "$cmd" = run_tests.sh ]; then
			known=" $(./run_tests.sh --help | grep -oE -e '--[a-z-]+' | xargs) "
		else
			known=" $(_ktstr_options "$cmd") "
		fi
		[ "$known" != "  " ] || { echo "$line: no command '$cmd'"; return 1; }
		for option in $(grep -oE -e '--[a-z][a-z-]*' <<<"$rest"); do
			[[ $known == *" $option "* || $known == *" $option= "* ]] || {
				echo "$line: $cmd has no $option"
				return 1
			}
		done
	done < <(commands_like '("\$KTSTR"/|\./|\.\./)*(build/)?(ktstr|run_tests\.sh)( |$)')
	[ "$count" -ge 5 ]
}

@test "every make command line in the documents names targets that exist" {
	while IFS= read -r line; do
		makefiles="Makefile mk/*.mk"
		# a suite of the user's has its own
		[[ $line != *example-suite/README.md*:\ make\ check ]] || continue
		line=${line%%[>|&]*}
		for word in ${line#*: make}; do
			case $word in
			bzImage) ;; # of the kernel's
			*tools/testing/ktstr) makefiles=tools/testing/ktstr/Makefile ;;
			*=* | -* | */* | [A-Z]* | '[') ;;
			*)
				# shellcheck disable=SC2086 # several files
				grep -qE "^([a-z_-]+ )*$word[ :]|^(GOALS|\.PHONY).*\<$word\>" $makefiles || {
					echo "$line: $makefiles has no target '$word'"
					return 1
				} ;;
			esac
		done
	done < <(commands_like 'make ')
}

@test "every path that the documents name is there" {
	status=0
	for path in $(scripts/doc-commands "${docs[@]}" | sed 's/^[^:]*:[0-9]*: //' |
		grep -xE '(lib|vmm|guest|bpf|mk|scripts|tools|Documentation|bats|unit|fuzz|selfcheck|ktstr)/[a-z0-9_./-]*' | sort -u); do
		[ -e "$path" ] || [ -e "tools/testing/ktstr/$path" ] ||
			[ -e "lib/include/$path" ] || {
			echo "no $path"
			status=1
		}
	done
	[ $status = 0 ]
}

@test "blocks marked sh run work as they stand" {
	scripts/doc-commands --run "${docs[@]}" >"$BATS_TEST_TMPDIR/run"
	[ -s "$BATS_TEST_TMPDIR/run" ]
	# readers have O=build
	sed -i "s,^build/,$O/," "$BATS_TEST_TMPDIR/run"
	O=$O PATH=$O:$PATH run bash -eu "$BATS_TEST_TMPDIR/run"
	status_is 0
}

@test "blocks marked yaml are YAML, shell in them and beside them parses" {
	scripts/doc-commands --yaml "${docs[@]}"
	for doc in "${docs[@]}"; do
		awk '/^```sh/ { inside = 1; next } /^```/ { inside = 0 } inside' "$doc" |
			bash -n
	done
}

@test "every variable that the code looks at is documented" {
	for name in $(git grep -hoE '(getenv\(|_ENV )"KTSTR_[A-Z_]+"' -- 'lib/*.[ch]' 'vmm/*.[ch]' 'tools/ktstr/*.[ch]' |
		grep -o 'KTSTR_[A-Z_]*' | sort -u); do
		case $name in
		# between our own processes
		KTSTR_SOFTKVM | KTSTR_SOFTKVM_AGENT | KTSTR_SOFTKVM_TTY | KTSTR_GUEST_INIT | KTSTR_RUNNER_CHILD | KTSTR_LIST) continue ;;
		esac
		grep -qF "ENV(\"$name\"," tools/ktstr/env.def || {
			echo "$name has no row in tools/ktstr/env.def"
			return 1
		}
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

@test "what was built is rebuilt, however O= is spelled" {
	for spelling in "$O" "$(realpath --relative-to="$TOP" "$O")"; do
		run make -C "$TOP" -n O="$spelling" -W tools/ktstr/commands.def all
		[ "$status" = 0 ]
		has "-c -o $(realpath "$O")/tools/ktstr/commands.o"
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
