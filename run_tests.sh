#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sets up, builds, and runs the suite through `ktstr test`, which does the work
# and decides the exit status.
set -u

top=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
O=$(realpath -m "${O:-$top/build}")
programs=$O/kselftest/ktstr

usage()
{
	cat <<-END
	Usage: ./run_tests.sh [--no-build] [OPTION...] [SELECTION...]
	Builds the suite, runs it, and leaves logs and results in
	$O/run_tests (--output takes another directory).
	--no-build takes the programs as they are.
	Environment: O (build directory), KTSTR_KERNEL, KTSTR_ACCEL, KTSTR_CACHE_DIR,
	KSRC; Documentation/running.md explains them.
	All else is for \`ktstr test':

	END
}

# The command beside the programs, else the one in PATH.
find_ktstr()
{
	if [ -x "$O/ktstr" ]; then
		echo "$O/ktstr"
	else
		command -v ktstr
	fi
}

build=1
args=()
for arg; do
	case $arg in
	--no-build) build="" ;;
	-h | --help) usage; set -- --help; build=""; args=(--help); break ;;
	*) args+=("$arg") ;;
	esac
done

[ -z "$build" ] || make -s -C "$top/tools/testing/ktstr" O="$O" all >&2 || {
	echo "run_tests: the build failed" >&2
	exit 125
}
ktstr=$(find_ktstr) || {
	echo "run_tests: no ktstr command in $O; leave out --no-build" >&2
	exit 125
}

# Not part of the suite: programs that fail on purpose, and, where the tree
# says what there is, leftovers whose source is gone.
exclude=()
for prog in "$programs"/*; do
	name=${prog##*/}
	if [ -e "$top/tools/testing/ktstr/selfcheck/$name.c" ] ||
		{ [ -n "$build" ] &&
			[ ! -e "$top/tools/testing/ktstr/$name.c" ]; }; then
		exclude+=("--exclude=$name")
	fi
done

exec "$ktstr" test --programs="$programs" --output="$O/run_tests" \
	"${exclude[@]}" "${args[@]}"
