# SPDX-License-Identifier: GPL-2.0
# ktstr: build, test, install. `make help` lists the targets.
#
# Non-recursive: directories contribute sources by existing. One exception
# calls make again: tools/testing/ktstr, because it is a kselftest collection
# on the kernel's own lib.mk.
#
# O=DIR builds elsewhere, V=1 shows commands, CC=clang, WERROR=0,
# SAN=address,undefined (or thread) builds with sanitizers.

# Absolute, because it is part of the names in the .d files: with two spellings
# of one directory, what was built under one would not be rebuilt under the
# other.
O ?= build
override O := $(abspath $(O))
MAKEFLAGS += -r --no-print-directory
export O

all: # the default goal; what it makes is listed below

include mk/flags.mk

LIB_SRCS := $(sort $(wildcard lib/*/*.c vmm/*.c vmm/*/*.c guest/*.c))
CLI_SRCS := $(sort $(wildcard tools/ktstr/*.c))

LIB_OBJS := $(LIB_SRCS:%.c=$(O)/%.o)
CLI_OBJS := $(CLI_SRCS:%.c=$(O)/%.o)

LIBKTSTR := $(O)/libktstr.a
SUITE := $(MAKE) -C tools/testing/ktstr O=$(O)

include mk/check.mk
include mk/bpf.mk
include mk/generated.mk
include mk/install.mk

all: $(LIBKTSTR) $(O)/ktstr $(O)/ktprof $(BPF_OBJS) $(MAN_PAGES) $(COMPLETION) ## build library, command, manual

lib: $(LIBKTSTR)

$(LIBKTSTR): $(LIB_OBJS)
	$(call msg,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(LIB_OBJS)

$(O)/ktstr: $(CLI_OBJS) $(LIBKTSTR)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(CLI_OBJS) $(LIBKTSTR) $(LDLIBS)

# The list of objects is an input too: a removed source must leave the archive.
$(LIBKTSTR): $(O)/libktstr.list
$(O)/libktstr.list: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(LIB_OBJS)' | cmp -s - $@ || echo '$(LIB_OBJS)' > $@

# So is how they are compiled.
$(O)/compile.list: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(CC) $(CPPFLAGS) $(CFLAGS)' | cmp -s - $@ || \
		echo '$(CC) $(CPPFLAGS) $(CFLAGS)' > $@

$(O)/%.o: %.c $(O)/compile.list
	$(call msg,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# These build what they need by a make of their own, and two of them must not
# build the same files at once: "make -j2 all suite" is one after the other.
suite: $(filter-out suite run_tests,$(MAKECMDGOALS))
run_tests: $(filter-out run_tests,$(MAKECMDGOALS))

suite: ## build the suite's test programs
	+$(Q)$(SUITE) all

run_tests: ## run the suite in virtual machines; the exit status tells
	$(Q)O='$(O)' ./run_tests.sh

kernel: ## build the test kernel (sched_ext, BTF) into the cache, 15 minutes
	$(Q)scripts/setup --packages
	$(Q)$(MAKE) $(O)/ktstr
	$(Q)O='$(O)' scripts/kernel

bench: all ## speed and size against QEMU, as ratios
	$(Q)scripts/setup --for bench
	$(Q)O='$(O)' tools/testing/ktstr/bench/run
	$(Q)O='$(O)' tools/testing/ktstr/bench/stdout
	$(Q)O='$(O)' tools/testing/ktstr/bench/ktprof
	$(Q)O='$(O)' tools/testing/ktstr/bench/wprof
	$(Q)O='$(O)' tools/testing/ktstr/bench/runner
	$(Q)O='$(O)' tools/testing/ktstr/bench/topology

proof: all ## selftests of the kernel give the same results here and in QEMU
	$(Q)scripts/setup --for bench
	$(Q)O='$(O)' tools/testing/ktstr/proof/run

nightly: all ## what takes too long for check: 200 starts, all presets, proof
	$(Q)scripts/setup --for check
	$(Q)O='$(O)' tools/testing/ktstr/starts 200
	$(Q)O='$(O)' tools/testing/ktstr/eyes/run nightly
	$(Q)O='$(O)' CPUS='1 2 4 8 16 64 252' tools/testing/ktstr/bench/topology
	$(Q)$(MAKE) proof

clean: ## remove what was built
	rm -rf $(O)

help: ## this list
	@sed -n 's/^\([a-z_-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | \
		sort | expand -t 16
	@echo
	@echo '  O=DIR  V=1  CC=clang  WERROR=0  SAN=address,undefined  KSRC=TREE'

.PHONY: all lib suite run_tests kernel bench proof nightly clean help FORCE
.SECONDARY:
.DELETE_ON_ERROR:

-include $(LIB_OBJS:.o=.d) $(CLI_OBJS:.o=.d)
