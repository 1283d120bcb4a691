# SPDX-License-Identifier: GPL-2.0
# ktstr: build, test, install. `make help` lists the targets.
#
# Non-recursive: directories contribute sources by existing. Two exceptions
# call make again: tools/testing/ktstr, because it is a kselftest collection
# on the kernel's own lib.mk, and nothing else.

O ?= build
MAKEFLAGS += -r
export O

include mk/flags.mk

LIB_SRCS := $(sort $(wildcard lib/*/*.c vmm/*.c vmm/*/*.c guest/*.c))
CLI_SRCS := $(sort $(wildcard tools/ktstr/*.c))
UNIT_SRCS := $(sort $(wildcard tools/testing/ktstr/unit/test-*.c))

LIB_OBJS := $(LIB_SRCS:%.c=$(O)/%.o)
CLI_OBJS := $(CLI_SRCS:%.c=$(O)/%.o)
UNIT_PROGS := $(UNIT_SRCS:tools/testing/ktstr/unit/%.c=$(O)/unit/%)

LIBKTSTR := $(O)/libktstr.a

all: $(LIBKTSTR) $(if $(CLI_SRCS),$(O)/ktstr) ## build library and command

lib: $(LIBKTSTR)

$(LIBKTSTR): $(LIB_OBJS)
	$(call msg,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/ktstr: $(CLI_OBJS) $(LIBKTSTR)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(CLI_OBJS) $(LIBKTSTR) $(LDLIBS)

$(O)/unit/%: $(O)/tools/testing/ktstr/unit/%.o $(LIBKTSTR)
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LIBKTSTR) -lcmocka $(LDLIBS)

$(O)/%.o: %.c
	$(call msg,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

unit: $(UNIT_PROGS) ## build and run the unit tests
	$(Q)CMOCKA_MESSAGE_OUTPUT=TAP prove -e '' $(UNIT_PROGS)

clean: ## remove what was built
	rm -rf $(O)

help: ## this list
	@sed -n 's/^\([a-z_]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: all lib unit clean help
.SECONDARY:

-include $(LIB_OBJS:.o=.d) $(CLI_OBJS:.o=.d)
-include $(UNIT_SRCS:%.c=$(O)/%.d)
