# SPDX-License-Identifier: GPL-2.0
# make install DESTDIR= prefix=

prefix ?= /usr/local
bindir ?= $(prefix)/bin
libdir ?= $(prefix)/lib
includedir ?= $(prefix)/include
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
completionsdir ?= $(datadir)/bash-completion/completions
pkgconfigdir ?= $(libdir)/pkgconfig
INSTALL ?= install
VERSION := 0.1

# The kernel's two headers that ktstr/harness.h needs; scripts/setup has them.
KSELFTEST_HDRS = $(addprefix $(shell scripts/setup --print-kselftest)/,\
	kselftest.h kselftest_harness.h)
PC_WORDS = $(foreach word,prefix libdir includedir,-e 's|@$(word)@|$($(word))|') \
	-e 's|@version@|$(VERSION)|' -e 's|@libs@|$(LDLIBS)|'

install: $(LIBKTSTR) $(O)/ktstr $(O)/ktprof $(MAN_PAGES) $(COMPLETION) ## install under DESTDIR, prefix (/usr/local)
	$(call msg,INSTALL,$(DESTDIR)$(prefix))
	$(Q)scripts/setup --headers
	$(Q)$(INSTALL) -D -m 755 $(O)/ktstr $(DESTDIR)$(bindir)/ktstr
	$(Q)$(INSTALL) -D -m 755 $(O)/ktprof $(DESTDIR)$(bindir)/ktprof
	$(Q)$(INSTALL) -D -m 644 $(LIBKTSTR) $(DESTDIR)$(libdir)/libktstr.a
	$(Q)$(INSTALL) -d $(DESTDIR)$(includedir)/ktstr
	$(Q)$(INSTALL) -m 644 $(wildcard lib/include/ktstr/*) \
		$(DESTDIR)$(includedir)/ktstr
	$(Q)$(INSTALL) -d $(DESTDIR)$(includedir)/ktstr/kselftest
	$(Q)$(INSTALL) -m 644 $(KSELFTEST_HDRS) \
		$(DESTDIR)$(includedir)/ktstr/kselftest
	$(Q)$(INSTALL) -d $(DESTDIR)$(pkgconfigdir)
	$(Q)sed $(PC_WORDS) mk/ktstr.pc.in > $(DESTDIR)$(pkgconfigdir)/ktstr.pc
	$(Q)$(INSTALL) -d $(DESTDIR)$(mandir)/man1
	$(Q)$(INSTALL) -m 644 $(MAN_PAGES) $(DESTDIR)$(mandir)/man1
	$(Q)$(INSTALL) -D -m 644 $(COMPLETION) \
		$(DESTDIR)$(completionsdir)/ktstr

uninstall: ## remove what install put there
	rm -rf $(DESTDIR)$(bindir)/ktstr $(DESTDIR)$(bindir)/ktprof $(DESTDIR)$(libdir)/libktstr.a \
		$(DESTDIR)$(includedir)/ktstr \
		$(DESTDIR)$(pkgconfigdir)/ktstr.pc \
		$(MAN_PAGES:$(O)/%=$(DESTDIR)$(mandir)/man1/%) \
		$(DESTDIR)$(completionsdir)/ktstr

.PHONY: install uninstall
