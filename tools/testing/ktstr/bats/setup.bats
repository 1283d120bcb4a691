#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# scripts/setup: what it says and leaves behind when things are missing,
# broken, interrupted or busy. No network: apt and dpkg are fakes that hand out
# a small package made here.

load common

setup()
{
	setup=$BATS_TEST_TMPDIR/scripts/setup
	# a copy that an unprivileged user can read wherever the tree is
	mkdir -p "$BATS_TEST_TMPDIR/scripts"
	cp "$TOP"/scripts/{setup,packages,ksrc-paths} "$BATS_TEST_TMPDIR/scripts"
	export KTSTR_CACHE_DIR=$BATS_TEST_TMPDIR/cache
	unset KSRC
}

# A .deb that looks like a kernel package, in $BATS_TEST_TMPDIR/deb; the fake
# apt-get "downloads" it. $1: content of vmlinuz at offset 514.
fake_kernel()
{
	local dir=$BATS_TEST_TMPDIR/pkg r=6.12.0-fake
	mkdir -p "$dir/DEBIAN" "$dir/boot" "$dir/lib/modules/$r/kernel"
	{ head -c 514 /dev/zero; printf %s "${1:-HdrS}"; } >"$dir/boot/vmlinuz-$r"
	echo CONFIG_SMP=y >"$dir/boot/config-$r"
	touch "$dir/lib/modules/$r/modules.order" "$dir/lib/modules/$r/modules.builtin"
	printf '%s\n' "Package: linux-image-$r" 'Version: 6.12.0-1' \
		'Architecture: all' 'Maintainer: t <t@t>' 'Description: t' \
		>"$dir/DEBIAN/control"
	deb=$BATS_TEST_TMPDIR/kernel.deb
	dpkg-deb -b "$dir" "$deb" >/dev/null
	sum=$(sha256sum "$deb" | cut -d' ' -f1)
	fake apt-cache '
		case "$*" in
		*depends*) echo "  Depends: linux-image-'$r'" ;;
		*show*) echo "Version: 6.12.0-1"; echo "SHA256: '"$sum"'" ;;
		esac'
	fake apt-get '
		case "$*" in
		*download*) '"${2:-}"' cp '"$deb"' ./k.deb; echo x >>'"$BATS_TEST_TMPDIR"'/downloads ;;
		esac'
	# every package is installed
	fake dpkg-query 'for p; do case $p in -*) ;; *) echo "$p installed" ;; esac; done'
}

@test "missing package, not root: exactly one apt-get line and failure" {
	fake dpkg-query 'for p; do case $p in -* | bats) ;; *) echo "$p installed" ;; esac; done'
	run as_nobody "$setup" --for check --packages 2>/dev/null
	status_is 1
	[ "${lines[-1]}" = "sudo apt-get install -y --no-install-recommends bats" ]
}

@test "missing packages, root: one apt-get install with all of them" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	fake dpkg-query '[ -e '"$BATS_TEST_TMPDIR"'/done ] || set --
		for p; do case $p in -*) ;; *) echo "$p installed" ;; esac; done'
	fake apt-get 'echo "$*" >>'"$BATS_TEST_TMPDIR"'/apt; touch '"$BATS_TEST_TMPDIR"'/done'
	run "$setup" --packages
	status_is 0
	[ "$(grep -c install "$BATS_TEST_TMPDIR/apt")" = 1 ]
	grep -q 'install.* gcc .*zlib1g-dev' "$BATS_TEST_TMPDIR/apt"
}

@test "apt-get that fails: fresh lists, one more try, then a message" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	fake dpkg-query 'exit 1'
	fake apt-get 'echo "$1" >>'"$BATS_TEST_TMPDIR"'/apt; [ "$1" = update ]'
	run "$setup" --packages
	status_is 1
	has "could not install"
	[ "$(grep -c install "$BATS_TEST_TMPDIR/apt")" = 2 ]
}

@test "kernel: fetched, verified, laid out; the second time is silent" {
	fake_kernel
	run "$setup" --kernel
	status_is 0
	k=$KTSTR_CACHE_DIR/kernels/default
	[ -s "$k/vmlinuz" ] && [ -s "$k/config" ] && [ -e "$k/complete" ]
	[ "$(cat "$k/release")" = 6.12.0-fake ]
	[ -s "$k/lib/modules/6.12.0-fake/modules.dep.bin" ]
	[ -z "$(compgen -G "$KTSTR_CACHE_DIR/kernels/.tmp.*")" ]
	run "$setup" --kernel
	status_is 0
	[ -z "$output" ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/downloads")" = 1 ]
}

@test "kernel: a download with another hash is not used" {
	fake_kernel
	echo >>"$deb"
	run "$setup" --kernel
	status_is 1
	has "SHA-256"
	[ ! -e "$KTSTR_CACHE_DIR/kernels/default" ]
}

@test "kernel: a package without a boot image is not used" {
	fake_kernel Nope
	run "$setup" --kernel
	status_is 1
	has "no boot header"
	[ ! -e "$KTSTR_CACHE_DIR/kernels/default" ]
}

@test "no network: a message, and nothing left behind" {
	fake_kernel
	fake apt-get 'exit 100'
	run "$setup" --kernel
	status_is 1
	has "network"
	[ -z "$(compgen -G "$KTSTR_CACHE_DIR/kernels/.tmp.*")" ]
}

@test "interrupted: temporary files go, the next set-up works" {
	fake_kernel HdrS 'touch '"$BATS_TEST_TMPDIR"'/started; sleep 1;'
	"$setup" --kernel 2>/dev/null 3>&- &
	pid=$!
	while [ ! -e "$BATS_TEST_TMPDIR/started" ]; do sleep 0.05; done
	kill -TERM $pid
	! wait $pid
	[ ! -e "$KTSTR_CACHE_DIR/kernels/default" ]
	[ -z "$(compgen -G "$KTSTR_CACHE_DIR/kernels/.tmp.*")" ]
	run "$setup" --kernel
	status_is 0
	[ -e "$KTSTR_CACHE_DIR/kernels/default/complete" ]
}

@test "killed: the next set-up removes what was left and works" {
	fake_kernel HdrS 'touch '"$BATS_TEST_TMPDIR"'/started; sleep 1;'
	"$setup" --kernel 2>/dev/null 3>&- &
	pid=$!
	while [ ! -e "$BATS_TEST_TMPDIR/started" ]; do sleep 0.05; done
	kill -KILL $pid
	! wait $pid
	[ -n "$(compgen -G "$KTSTR_CACHE_DIR/kernels/.tmp.*")" ]
	run "$setup" --kernel
	status_is 0
	[ -z "$(compgen -G "$KTSTR_CACHE_DIR/kernels/.tmp.*")" ]
	[ -e "$KTSTR_CACHE_DIR/kernels/default/complete" ]
}

@test "two at once: one waits and says so, one download" {
	fake_kernel HdrS 'touch '"$BATS_TEST_TMPDIR"'/started; sleep 1;'
	"$setup" --kernel 2>/dev/null 3>&- &
	pid=$!
	while [ ! -e "$BATS_TEST_TMPDIR/started" ]; do sleep 0.05; done
	run "$setup" --kernel
	status_is 0
	has "waiting for another setup"
	wait $pid
	[ "$(wc -l <"$BATS_TEST_TMPDIR/downloads")" = 1 ]
}

@test "KSRC that is no kernel tree: says what it lacks" {
	KSRC=$BATS_TEST_TMPDIR run "$setup" --headers
	status_is 1
	has "KSRC=$BATS_TEST_TMPDIR is not a kernel source tree"
	has "unset it"
}

@test "KSRC that is a kernel tree: used as it is" {
	run env KTSTR_CACHE_DIR= "$TOP/scripts/setup" --print-kselftest
	[ "$status" = 0 ] || skip "no kselftest files fetched"
	tree=$(realpath "$output/../../..")
	KSRC=$tree run "$setup" --headers
	status_is 0
	KSRC=$tree run "$setup" --print-kselftest
	[ "$output" = "$tree/tools/testing/selftests" ]
}

@test "cache directory that cannot be written: names KTSTR_CACHE_DIR" {
	fake_kernel
	mkdir "$KTSTR_CACHE_DIR"
	chmod 555 "$KTSTR_CACHE_DIR"
	run as_nobody "$setup" --kernel
	status_is 1
	has "set KTSTR_CACHE_DIR to a writable directory"
}

@test "cache directory below a file: names KTSTR_CACHE_DIR" {
	fake_kernel
	touch "$BATS_TEST_TMPDIR/file"
	KTSTR_CACHE_DIR=$BATS_TEST_TMPDIR/file/cache run "$setup" --kernel
	status_is 1
	has "set KTSTR_CACHE_DIR to a writable directory"
}

@test "full cache directory: names KTSTR_CACHE_DIR, leaves nothing" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	fake_kernel
	mkdir "$KTSTR_CACHE_DIR"
	mount -t tmpfs -o size=1m none "$KTSTR_CACHE_DIR" || skip "no mount here"
	run "$setup" --kernel
	left=$(compgen -G "$KTSTR_CACHE_DIR/kernels/.tmp.*" || true)
	umount "$KTSTR_CACHE_DIR"
	status_is 1
	has "set KTSTR_CACHE_DIR"
	[ -z "$left" ]
}

@test "no home, no cache variable: says which to set" {
	run env -u HOME -u XDG_CACHE_HOME -u KTSTR_CACHE_DIR "$setup" --kernel
	status_is 1
	has "set KTSTR_CACHE_DIR"
}

@test "--check changes nothing and lists what is missing" {
	fake_kernel
	run "$setup" --check
	status_is 1
	has "missing: default kernel"
	has "missing: kselftest files"
	[ ! -e "$KTSTR_CACHE_DIR" ]
}

@test "unknown option: status 2" {
	run "$setup" --frobnicate
	status_is 2
	has "--help"
}
