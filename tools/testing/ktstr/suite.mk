# SPDX-License-Identifier: GPL-2.0
# The collection itself; run by ./Makefile in the staging directory. A test
# program is one .c file beside this one.

here := $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
top := $(realpath $(here)/../../..)
STAGE := $(O)/kselftest

PROGS := $(sort $(patsubst $(here)/%.c,%,$(wildcard $(here)/*.c)))
TEST_GEN_PROGS := $(PROGS)

include $(top)/mk/flags.mk
override CPPFLAGS += -I$(top) -I$(top)/lib/include -isystem $(STAGE)
# The harness passes every test a variant, whether it looks at it or not.
override CFLAGS += -Wno-unused-parameter $(USERCFLAGS)
LIBKTSTR := $(O)/libktstr.a

# Asked for by name ("make TEST_GEN_PROGS=boot_basic run_tests"), the names
# arrive here without the directory; a bare name is the program of that name.
all:
$(PROGS): %: $(OUTPUT)/%

vpath %.c $(here)
LOCAL_HDRS := $(wildcard $(top)/lib/include/ktstr/*)
$(PROGS:%=$(OUTPUT)/%): $(LIBKTSTR)

include $(STAGE)/lib.mk

# Programs named from outside run where they are built.
run_tests: $(PROGS:%=$(OUTPUT)/%)

.PHONY: $(PROGS)
