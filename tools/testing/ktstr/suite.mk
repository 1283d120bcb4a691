# SPDX-License-Identifier: GPL-2.0
# The collection itself; run by ./Makefile in the staging directory. A test
# program is one .c file beside this one.

here := $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
top := $(realpath $(here)/../../..)
STAGE := $(O)/kselftest

PROGS := $(sort $(patsubst $(here)/%.c,%,$(wildcard $(here)/*.c)))
TEST_GEN_PROGS := $(PROGS)

# Programs that fail on purpose: built and installed, not run with the suite.
SELFCHECK := $(filter-out fake-tracer,$(sort \
	$(patsubst $(here)/selfcheck/%.c,%,$(wildcard $(here)/selfcheck/*.c))))
TEST_GEN_PROGS_EXTENDED := $(SELFCHECK)

# Beside the programs, because that is where they look for it. Tracers are for
# guests: not executable, as what is executable here is asked for its tests.
TRACERS := ktprof fake-tracer
TEST_GEN_FILES := splat.allow $(TRACERS)

include $(top)/mk/flags.mk
override CPPFLAGS += -I$(top) -I$(top)/lib/include -isystem $(STAGE)
# The harness passes every test a variant, whether it looks at it or not, and
# its macros define functions that nobody declares.
override CFLAGS += -Wno-unused-parameter -Wno-missing-prototypes $(USERCFLAGS)
LIBKTSTR := $(O)/libktstr.a

# Asked for by name ("make TEST_GEN_PROGS=boot_basic run_tests"), the names
# arrive here without the directory; a bare name is the program of that name.
all:
$(PROGS): %: $(OUTPUT)/%

vpath %.c $(here) $(here)/selfcheck
LOCAL_HDRS := $(wildcard $(top)/lib/include/ktstr/* $(here)/selfcheck/*.h)
$(PROGS:%=$(OUTPUT)/%) $(SELFCHECK:%=$(OUTPUT)/%): $(LIBKTSTR)

include $(STAGE)/lib.mk

$(OUTPUT)/splat.allow: $(here)/splat.allow
	@cp $< $@

$(OUTPUT)/ktprof: $(O)/ktprof
	@install -m 644 $< $@

$(OUTPUT)/fake-tracer: fake-tracer.c $(LIBKTSTR)
	@$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@ && chmod 644 $@

# Programs named from outside run where they are built.
run_tests: $(PROGS:%=$(OUTPUT)/%)

.PHONY: $(PROGS)
