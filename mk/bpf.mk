# SPDX-License-Identifier: GPL-2.0
# BPF objects: bpf/NAME.bpf.c becomes $(O)/bpf/NAME.bpf.o, little-endian like
# every machine we boot. See bpf/README.md.

BPF_SRCS := $(sort $(wildcard bpf/*.bpf.c))
BPF_OBJS := $(BPF_SRCS:%.c=$(O)/%.o)
BPF_CLANG ?= clang

$(O)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call msg,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPF_CLANG) -target bpfel -mcpu=v3 -O2 -g -Wall -Werror \
		-Ilib/include -MMD -MP -c -o $@ $<

-include $(BPF_OBJS:.o=.d)
