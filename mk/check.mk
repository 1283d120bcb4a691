# SPDX-License-Identifier: GPL-2.0
# Tests that need no kernel, and the static gates.

TESTDIR := tools/testing/ktstr
UNIT_SRCS := $(sort $(wildcard $(TESTDIR)/unit/test-*.c))
UNIT_HELPER_SRCS := $(filter-out $(UNIT_SRCS),$(wildcard $(TESTDIR)/unit/*.c))
UNIT_PROGS := $(UNIT_SRCS:$(TESTDIR)/unit/%.c=$(O)/unit/%)
UNIT_HELPER_OBJS := $(UNIT_HELPER_SRCS:%.c=$(O)/%.o)

FUZZ_SRCS := $(sort $(wildcard $(TESTDIR)/fuzz/fuzz-*.c))
FUZZ_NAMES := $(FUZZ_SRCS:$(TESTDIR)/fuzz/fuzz-%.c=%)
REPLAY_PROGS := $(FUZZ_NAMES:%=$(O)/fuzz/replay-%)
FUZZ_PROGS := $(FUZZ_NAMES:%=$(O)/fuzz/fuzz-%)
FUZZ_SECONDS ?= 60

BATS := $(sort $(wildcard $(TESTDIR)/bats/*.bats))

check: ## unit tests, fuzz corpora, bats, lint
	$(Q)scripts/setup --for check
	$(Q)$(MAKE) unit replay bats lint

$(O)/unit/%: $(O)/$(TESTDIR)/unit/%.o $(UNIT_HELPER_OBJS) $(LIBKTSTR)
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(UNIT_HELPER_OBJS) \
		$(LIBKTSTR) -lcmocka $(LDLIBS)

unit: $(UNIT_PROGS) ## build and run the unit tests
	$(Q)scripts/tap-run unit $(O)/tap/unit.tap \
		prove -v -e scripts/cmocka-tap $(UNIT_PROGS)

# The corpora are replayed by an ordinary main(), with any compiler.
$(O)/fuzz/replay-%: $(O)/$(TESTDIR)/fuzz/fuzz-%.o \
		$(O)/$(TESTDIR)/fuzz/replay.o $(LIBKTSTR)
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

replay: $(REPLAY_PROGS) ## replay the fuzz corpora
	$(Q)$(if $(FUZZ_NAMES),scripts/tap-run replay $(O)/tap/replay.tap \
		scripts/replay-corpora $(O)/fuzz $(FUZZ_NAMES))

# New inputs are searched for by clang's libFuzzer in a build of its own.
fuzz: ## fuzz each target for FUZZ_SECONDS seconds
	$(Q)scripts/setup --for check
	$(Q)$(MAKE) O=$(O)/libfuzzer CC=clang SAN=address,undefined FUZZ=1 \
		fuzz-run

$(O)/fuzz/fuzz-%: $(O)/$(TESTDIR)/fuzz/fuzz-%.o $(LIBKTSTR)
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LDLIBS)

fuzz-run: $(FUZZ_PROGS)
	$(Q)for name in $(FUZZ_NAMES); do \
		mkdir -p $(O)/found/$$name; \
		$(O)/fuzz/fuzz-$$name -max_total_time=$(FUZZ_SECONDS) \
			-artifact_prefix=$(O)/found/$$name- \
			$(O)/found/$$name $(TESTDIR)/fuzz/corpus/$$name \
			> $(O)/found/$$name.log 2>&1 || \
			{ tail -n 60 $(O)/found/$$name.log; exit 1; }; \
		echo "fuzz-$$name: $$(grep DONE $(O)/found/$$name.log)"; \
	done

# A test that calls make is a user's shell: our O= and flags are not its own.
bats: all ## test the commands and scripts
	$(Q)scripts/setup --for check
	$(Q)env -u MAKEFLAGS -u MAKEOVERRIDES -u MFLAGS -u MAKELEVEL PATH="$(O):$$PATH" KTSTR_O=$(O) \
		scripts/tap-run bats $(O)/tap/bats.tap bats --tap $(BATS)

lint: ## formatting, layering, sizes, static checks
	$(Q)scripts/setup --for check
	$(Q)scripts/lint

.PHONY: check unit replay fuzz fuzz-run bats lint

-include $(UNIT_SRCS:%.c=$(O)/%.d) $(UNIT_HELPER_SRCS:%.c=$(O)/%.d)
-include $(FUZZ_SRCS:%.c=$(O)/%.d)
