# SPDX-License-Identifier: GPL-2.0
# make install DESTDIR= prefix=

prefix ?= /usr/local
bindir ?= $(prefix)/bin
libdir ?= $(prefix)/lib
includedir ?= $(prefix)/include
mandir ?= $(prefix)/share/man
INSTALL ?= install

install: $(LIBKTSTR) $(O)/ktstr ## install under DESTDIR, prefix (/usr/local)
	$(call msg,INSTALL,$(DESTDIR)$(prefix))
	$(Q)$(INSTALL) -D -m 755 $(O)/ktstr $(DESTDIR)$(bindir)/ktstr
	$(Q)$(INSTALL) -D -m 644 $(LIBKTSTR) $(DESTDIR)$(libdir)/libktstr.a
	$(Q)$(INSTALL) -d $(DESTDIR)$(includedir)/ktstr
	$(Q)$(INSTALL) -m 644 $(wildcard lib/include/ktstr/*) \
		$(DESTDIR)$(includedir)/ktstr
	$(Q)$(INSTALL) -D -m 644 Documentation/ktstr.1 \
		$(DESTDIR)$(mandir)/man1/ktstr.1

uninstall: ## remove what install put there
	rm -rf $(DESTDIR)$(bindir)/ktstr $(DESTDIR)$(libdir)/libktstr.a \
		$(DESTDIR)$(includedir)/ktstr $(DESTDIR)$(mandir)/man1/ktstr.1

.PHONY: install uninstall
