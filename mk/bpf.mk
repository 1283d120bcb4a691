# SPDX-License-Identifier: GPL-2.0
# BPF objects: bpf/NAME.bpf.c becomes $(O)/bpf/NAME.bpf.o, little-endian like
# every machine we boot, and $(O)/bpf/NAME.skel.h for the program that loads
# it. See bpf/README.md. And that program: $(O)/ktprof.

BPF_SRCS := $(sort $(wildcard bpf/*.bpf.c))
BPF_OBJS := $(BPF_SRCS:%.c=$(O)/%.o)
BPF_SKELS := $(BPF_SRCS:%.bpf.c=$(O)/%.skel.h)
BPF_CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)

# <asm/types.h> is in the compiling machine's own directory.
BPF_CFLAGS := -target bpfel -mcpu=v3 -O2 -g -Wall -Werror -I. -Ilib/include \
	-idirafter /usr/include/$(shell uname -m)-linux-gnu

$(O)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call msg,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPF_CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

# bpftool's linker leaves the debugging information out.
$(O)/bpf/%.skel.h: $(O)/bpf/%.bpf.o
	$(call msg,SKEL,$@)
	$(Q)$(BPFTOOL) gen object $(@:.skel.h=.linked.o) $<
	$(Q)$(BPFTOOL) gen skeleton $(@:.skel.h=.linked.o) name $*_bpf > $@

# The tracer is one file, so that starting it in a guest takes no dynamic
# linking; sanitizers need their shared libraries.
KTPROF_SRCS := $(sort $(wildcard tools/ktprof/*.c))
KTPROF_OBJS := $(KTPROF_SRCS:%.c=$(O)/%.o)
KTPROF_STATIC := $(if $(SAN),,-static)

$(KTPROF_OBJS): override CPPFLAGS += -isystem $(O)/bpf
$(O)/tools/ktprof/capture.o: $(O)/bpf/ktprof.skel.h

$(O)/ktprof: $(KTPROF_OBJS) $(LIBKTSTR)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(KTPROF_STATIC) -o $@ $(KTPROF_OBJS) \
		$(LIBKTSTR) -lbpf -lelf -lz

-include $(BPF_OBJS:.o=.d) $(KTPROF_OBJS:.o=.d)
