# SPDX-License-Identifier: GPL-2.0
# Manual pages and completion, printed by the command from its own table
# (tools/ktstr/cmd.h).

MAN_PAGES := $(O)/ktstr.1 $(O)/run_tests.sh.1
COMPLETION := $(O)/ktstr.bash-completion

man: $(MAN_PAGES) ## write the manual pages

$(O)/ktstr.1: $(O)/ktstr
	$(call msg,GEN,$@)
	$(Q)$(O)/ktstr --generate man > $@

$(O)/run_tests.sh.1: $(O)/ktstr
	$(call msg,GEN,$@)
	$(Q)$(O)/ktstr --generate man-run_tests > $@

$(COMPLETION): $(O)/ktstr tools/ktstr/completion.bash
	$(call msg,GEN,$@)
	$(Q)$(O)/ktstr --generate completion > $@
	$(Q)cat tools/ktstr/completion.bash >> $@

.PHONY: man
