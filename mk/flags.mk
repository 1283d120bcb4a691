# SPDX-License-Identifier: GPL-2.0
# Compiler flags. SAN=address,undefined builds with sanitizers; WERROR=0
# turns -Werror off; V=1 shows commands.

ifeq ($(origin CC),default)
CC := gcc
endif
AR ?= ar

ifeq ($(V),1)
Q :=
msg =
else ifneq ($(findstring s,$(firstword -$(MAKEFLAGS))),)
Q := @
msg =
else
Q := @
msg = @printf '  %-7s %s\n' "$(1)" "$(patsubst $(CURDIR)/%,%,$(2))"
endif

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wpointer-arith -Wwrite-strings -Wundef -Wvla \
	-Wformat=2 -Wimplicit-fallthrough -Wswitch-enum -Wcast-align \
	-Wnull-dereference -Wframe-larger-than=16384
ifneq ($(findstring clang,$(CC)),clang)
WARN += -Wlogical-op -Wduplicated-cond -Wduplicated-branches
else
# KVM's structures with trailing arrays are used inside larger ones.
WARN += -Wno-gnu-variable-sized-type-not-at-end
endif
ifneq ($(WERROR),0)
WARN += -Werror
endif

CFLAGS ?= -O2 -g
override CFLAGS += -std=gnu11 $(WARN) -fno-common -fno-strict-aliasing \
	-fvisibility=hidden -pthread
override CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -Ilib/include
ifneq ($(SAN),)
override CFLAGS += -fsanitize=$(SAN) -fno-omit-frame-pointer \
	-fno-sanitize-recover=all
endif
ifeq ($(FUZZ),1)
override CFLAGS += -fsanitize=fuzzer-no-link
endif
override LDFLAGS += -pthread -Wl,--as-needed
LDLIBS := -lelf -lzstd -llz4 -llzma -lz -lxxhash -ldl -ljson-c
