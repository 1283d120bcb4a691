# SPDX-License-Identifier: GPL-2.0
# Shared by the .bats files: load common
#
# KTSTR_O is the build directory; `make bats` sets it.

TOP=$(cd "$BATS_TEST_DIRNAME/../../../.." && pwd)
O=${KTSTR_O:-$TOP/build}

# has TEXT: $output contains it; says what it was when it does not
has()
{
	[[ $output == *"$1"* ]] && return
	echo "expected: $1"
	echo "got: $output"
	return 1
}

# status_is N: $status is N
status_is()
{
	[ "$status" = "$1" ] && return
	echo "exit status $status instead of $1; output: $output"
	return 1
}

# Put a fake COMMAND with BODY first in PATH.
fake()
{
	mkdir -p "$BATS_TEST_TMPDIR/fake"
	printf '#!/bin/bash\n%s\n' "$2" >"$BATS_TEST_TMPDIR/fake/$1"
	chmod +x "$BATS_TEST_TMPDIR/fake/$1"
	PATH=$BATS_TEST_TMPDIR/fake:$PATH
}

# as_nobody COMMAND...: run it without root's powers
as_nobody()
{
	if [ "$(id -u)" = 0 ]; then
		chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}
