# SPDX-License-Identifier: GPL-2.0
# make install DESTDIR= prefix=

prefix ?= /usr/local
bindir ?= $(prefix)/bin
libdir ?= $(prefix)/lib
includedir ?= $(prefix)/include
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
completionsdir ?= $(datadir)/bash-completion/completions
INSTALL ?= install

install: $(LIBKTSTR) $(O)/ktstr $(MAN_PAGES) $(COMPLETION) ## install under DESTDIR, prefix (/usr/local)
	$(call msg,INSTALL,$(DESTDIR)$(prefix))
	$(Q)$(INSTALL) -D -m 755 $(O)/ktstr $(DESTDIR)$(bindir)/ktstr
	$(Q)$(INSTALL) -D -m 644 $(LIBKTSTR) $(DESTDIR)$(libdir)/libktstr.a
	$(Q)$(INSTALL) -d $(DESTDIR)$(includedir)/ktstr
	$(Q)$(INSTALL) -m 644 $(wildcard lib/include/ktstr/*) \
		$(DESTDIR)$(includedir)/ktstr
	$(Q)$(INSTALL) -d $(DESTDIR)$(mandir)/man1
	$(Q)$(INSTALL) -m 644 $(MAN_PAGES) $(DESTDIR)$(mandir)/man1
	$(Q)$(INSTALL) -D -m 644 $(COMPLETION) \
		$(DESTDIR)$(completionsdir)/ktstr

uninstall: ## remove what install put there
	rm -rf $(DESTDIR)$(bindir)/ktstr $(DESTDIR)$(libdir)/libktstr.a \
		$(DESTDIR)$(includedir)/ktstr \
		$(MAN_PAGES:$(O)/%=$(DESTDIR)$(mandir)/man1/%) \
		$(DESTDIR)$(completionsdir)/ktstr

.PHONY: install uninstall
