#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# scripts/kernel with a source tree whose Makefile only pretends: what it names
# its kernels, when it builds, and what it says when that fails.

load common

setup()
{
	export KTSTR_CACHE_DIR=$BATS_TEST_TMPDIR/cache KSRC=$BATS_TEST_TMPDIR/src
	mkdir -p "$KTSTR_CACHE_DIR/kernels" "$KSRC" "$BATS_TEST_TMPDIR/bin"
	cat >"$KSRC/Makefile" <<-'END'
	.RECIPEPREFIX = >
	kernelversion:
	> @echo 6.12.5
	allnoconfig:
	> @grep ^CONFIG_ $(KCONFIG_ALLCONFIG) | grep -v '$(DROP)' >$(O)/.config
	bzImage:
	> @echo "it says $(SAY)"; test -z '$(BROKEN)'
	> @mkdir -p $(O)/arch/x86/boot $(O)/include/config
	> @echo image >$(O)/arch/x86/boot/bzImage
	> @cp /bin/true $(O)/vmlinux
	> @echo 6.12.5-ktstr >$(O)/include/config/kernel.release
	> @echo built >>$(KSRC)/count
	> @echo "$$KTSTR_BUILD_JOBS jobs, $$(nproc) CPUs" >$(KSRC)/share
	END
	# Whose CPUs it builds on is one test's business.
	built=$O
	export DROP=NOTHING O=$BATS_TEST_TMPDIR/not-built
	unset KTSTR_CPU_CAP KTSTR_BYPASS_LLC_LOCKS
	# packages are another test's business
	mkdir -p "$BATS_TEST_TMPDIR/scripts"
	cp "$TOP"/scripts/{kernel,kernel.config} "$BATS_TEST_TMPDIR/scripts"
	cp "$TOP/config" "$BATS_TEST_TMPDIR"
	printf '#!/bin/sh\n[ "$1" != --print-cache ] || echo "$KTSTR_CACHE_DIR"\n' \
		>"$BATS_TEST_TMPDIR/scripts/setup"
	chmod +x "$BATS_TEST_TMPDIR/scripts/setup"
	kernel=$BATS_TEST_TMPDIR/scripts/kernel
}

@test "a kernel is built once, complete, and found by its name" {
	run "$kernel" --print
	[ "$status" = 1 ]
	run "$kernel" --jobs 2
	status_is 0
	has "test kernel 6.12.5-ktstr is $KTSTR_CACHE_DIR/kernels/test-6.12.5-"
	dir=$("$kernel" --print)
	[[ $dir == "$KTSTR_CACHE_DIR"/kernels/test-6.12.5-???????? ]]
	[ "$(ls "$dir" | xargs)" = "complete config release vmlinux vmlinuz" ]
	[ ! -e "$KTSTR_CACHE_DIR/kbuild/${dir##*/}" ]
	run "$kernel"
	status_is 0
	[ -z "$output" ]
	[ "$(wc -l <"$KSRC/count")" = 1 ]
	run "$kernel" --force
	status_is 0
	[ "$(wc -l <"$KSRC/count")" = 2 ]
}

@test "another configuration is another kernel, changed sources are built again" {
	"$kernel"
	echo CONFIG_MORE=y >>"$BATS_TEST_TMPDIR/scripts/kernel.config"
	run "$kernel" --print
	[ "$status" = 1 ]
	"$kernel"
	[ "$(ls "$KTSTR_CACHE_DIR/kernels" | wc -l)" = 2 ]
	git -C "$KSRC" init -q
	echo count >"$KSRC/.gitignore"
	git -C "$KSRC" -c user.name=t -c user.email=t@t add .
	git -C "$KSRC" -c user.name=t -c user.email=t@t commit -qm one
	"$kernel"
	[[ $("$kernel" --print) == */test-6.12.5-g????????????-???????? ]]
	echo '# edited' >>"$KSRC/Makefile"
	"$kernel"
	"$kernel"
	[[ $("$kernel" --print) == *-dirty-* ]]
	[ "$(wc -l <"$KSRC/count")" = 5 ]
}

@test "a line of the configuration that the source does not take is an error" {
	DROP=CONFIG_SCHED_CLASS_EXT run "$kernel"
	status_is 1
	has "this source does not take: CONFIG_SCHED_CLASS_EXT=y"
	[ -z "$(ls "$KTSTR_CACHE_DIR/kernels")" ]
}

@test "a build that fails: the end of its log, nothing in the cache" {
	BROKEN=1 SAY="error: no such type" run "$kernel"
	status_is 1
	has "it says error: no such type"
	has "building failed, see $KTSTR_CACHE_DIR/kbuild/"
	run "$kernel" --print
	[ "$status" = 1 ]
	run "$kernel"
	status_is 0
}

@test "it builds on its share of the CPUs, or, where ktstr is not built, on all" {
	mkdir "$BATS_TEST_TMPDIR/locks"
	export KTSTR_LOCK_DIR=$BATS_TEST_TMPDIR/locks
	n=$((($(nproc) * 30 + 99) / 100))
	O=$built run "$kernel"
	status_is 0
	has "ktstr share: shared: CPUs "
	has "kernel: with -j$n"
	[ "$(cat "$KSRC/share")" = "$n jobs, $n CPUs" ]
	O=$built run "$kernel" --force --jobs 7
	status_is 0
	has "kernel: with -j7"
	[ "$(cat "$KSRC/share")" = "$n jobs, $n CPUs" ]
	O=$built run "$kernel" --force --cpu-cap 8000
	status_is 1
	has "a cap of 8000 CPUs (--cpu-cap, KTSTR_CPU_CAP): this process is allowed"
	has "building failed"
	O=$built KTSTR_BYPASS_LLC_LOCKS=1 run "$kernel" --force
	status_is 0
	has "kernel: with -j$(nproc)"
	[ "$(cat "$KSRC/share")" = "$(nproc) jobs, $(nproc) CPUs" ]
	run "$kernel" --force
	status_is 0
	has "$O/ktstr is not built, so all processors are used"
	has "kernel: with -j$(nproc)"
	KTSTR_CPU_CAP=1 run "$kernel" --force
	status_is 1
	has "a cap on CPUs needs $O/ktstr"
}

@test "KSRC is no kernel tree; a cache that cannot be written; bad options" {
	KSRC=$BATS_TEST_TMPDIR/bin run "$kernel"
	status_is 1
	has "make kernelversion failed; is it a kernel tree?"
	KTSTR_CACHE_DIR=/proc/nowhere run "$kernel"
	status_is 1
	has "set KTSTR_CACHE_DIR to a writable directory"
	run "$kernel" --frobnicate
	status_is 2
	has "--help lists them"
}
