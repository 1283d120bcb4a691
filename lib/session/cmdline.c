// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers and the kernel command line that a test's attributes turn into.
 * Pure; called by run.c for a machine and by attr-check.c before there is one.
 */
#include "lib/session/session-internal.h"

/*
 * Why each word is there:
 *   console=ttyS0 quiet        log on COM1, errors only: a character is an exit
 *   8250.nr_uarts=2            do not probe UARTs that are not there
 *   pci=off                    there is no PCI bus to scan
 *   panic=-1 reboot=acpi       a panic resets at once, through our register
 *   mitigations=off            the guest is ours; they only cost time
 *   random.trust_cpu=on        no wait for entropy
 *   tsc=reliable               no clocksource watchdog
 *   cryptomgr.notests          no crypto self-tests at boot
 *   initcall_blacklist=...     jitterentropy tests itself for a fifth of the
 *                              boot's instructions
 *   rdinit=/init               our ramdisk's init
 *   initramfs_options=...      which may have more than half of the memory
 *                              (since 6.18; others take no notice)
 *   unprivileged_bpf, schedstats, delayacct: what scheduler tests look at
 *   overcommit_memory=1        no refusals by guesswork in small machines
 */
static const char base_words[] =
	"console=ttyS0 8250.nr_uarts=2 pci=off panic=-1 reboot=acpi "
	"mitigations=off random.trust_cpu=on tsc=reliable no_timer_check "
	"cryptomgr.notests initcall_blacklist=jent_mod_init swiotlb=noforce "
	"lockdown=none rdinit=/init initramfs_options=size=90% "
	"sysctl.kernel.unprivileged_bpf_disabled=0 "
	"sysctl.kernel.sched_schedstats=1 delayacct "
	"sysctl.kernel.task_delayacct=1 sysctl.vm.overcommit_memory=1 "
	"KTSTR_GUEST=1 KTSTR_MODE=run";

/* A sysctl's value may have blanks: the kernel takes quotes off. */
static int add_sysctl(char *buf, size_t size, const char *sysctl)
{
	const char *value = strchr(sysctl, '=');
	bool quote = value && strpbrk(value, " \t");

	if (!value)
		return snprintf(buf, size, " sysctl.%s", sysctl);
	return snprintf(buf, size,
			quote ? " sysctl.%.*s=\"%s\"" : " sysctl.%.*s=%s",
			(int)(value - sysctl), sysctl, value + 1);
}

static void advance(size_t *len, size_t size, int wrote)
{
	*len = KT_MIN(*len + (size_t)KT_MAX(wrote, 0), size - 1);
}

/* --- who made it how long ------------------------------------------------- */

/* A piece of the command line, and whose it is. */
struct piece {
	const char *whose;
	const char *text;
	size_t len;
};

#define PIECES_SHOWN 3u
#define PIECE_SHOWN_LEN 40

/* The longest ones, longest first. */
struct longest {
	struct piece piece[PIECES_SHOWN];
};

static void note(struct longest *l, const char *whose, const char *text,
		 size_t len)
{
	struct piece p = { whose, text, len };

	for (unsigned int i = 0; i < PIECES_SHOWN; i++)
		if (p.len > l->piece[i].len) {
			struct piece shorter = l->piece[i];

			l->piece[i] = p;
			p = shorter;
		}
}

/* A word ends at a blank outside quotes. */
static void note_words(struct longest *l, const char *whose, const char *text)
{
	while (*text) {
		const char *word = text += strspn(text, " ");
		bool quoted = false;

		for (; *text && (quoted || *text != ' '); text++)
			quoted ^= *text == '"';
		note(l, whose, word, (size_t)(text - word));
	}
}

static void describe(const struct longest *l, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < PIECES_SHOWN && l->piece[i].len; i++) {
		const struct piece *p = &l->piece[i];
		int shown = (int)KT_MIN(p->len, (size_t)PIECE_SHOWN_LEN);

		advance(&len, size,
			snprintf(buf + len, size - len, "%s%s '%.*s%s' of %zu",
				 i ? ", " : "", p->whose, shown, p->text,
				 p->len > PIECE_SHOWN_LEN ? "..." : "",
				 p->len));
	}
}

static int too_long(const struct ktstr_attr *attr, size_t total, size_t own,
		    size_t sysctls, struct kt_diag *diag)
{
	const char *kargs = attr->kargs ? attr->kargs : "";
	struct longest l = { 0 };
	char longest[256];

	note_words(&l, ".kargs", kargs);
	for (unsigned int i = 0; i < KTSTR_LIST_MAX && attr->sysctls[i]; i++)
		note(&l, ".sysctls", attr->sysctls[i],
		     strlen(attr->sysctls[i]));
	describe(&l, longest, sizeof(longest));
	return diag__fail(diag, -E2BIG,
			  "kernel command line is %zu characters or more, the "
			  "kernel takes %u: .kargs are %zu of them, .sysctls "
			  "%zu, ktstr's own %zu; longest are %s",
			  total, VM_CMDLINE_MAX, strlen(kargs), sysctls, own,
			  longest);
}

/* Pages move by themselves only where there is a slower kind of memory. */
static bool has_memory_only_node(const struct ktstr_attr *attr)
{
	for (unsigned int i = 0; attr->nodes && i < attr->nodes->nr; i++)
		if (!attr->nodes->node[i].llcs)
			return true;
	return false;
}

int cmdline__build(char *buf, size_t size, const struct ktstr_attr *attr,
		   unsigned int timeout_ms, bool verbose, struct kt_diag *diag)
{
	const char *kargs = attr->kargs ? attr->kargs : "";
	size_t own, sysctls, total;
	size_t len = 0;

	advance(&len, size,
		snprintf(buf, size,
			 "%s %s numa_balancing=%s KTSTR_TEST_TIMEOUT_MS=%u%s",
			 base_words,
			 verbose ? "earlyprintk=serial loglevel=7" : "quiet",
			 has_memory_only_node(attr) ? "enable" : "disable",
			 timeout_ms, attr->kaslr ? "" : " nokaslr"));
	own = len;
	for (unsigned int i = 0; i < KTSTR_LIST_MAX && attr->sysctls[i]; i++)
		advance(&len, size,
			add_sysctl(buf + len, size - len, attr->sysctls[i]));
	sysctls = len - own;
	advance(&len, size,
		snprintf(buf + len, size - len, "%s%s", *kargs ? " " : "",
			 kargs));
	total = own + sysctls + strlen(kargs) + (*kargs != 0);
	if (total >= size || total > VM_CMDLINE_MAX)
		return too_long(attr, total, own, sysctls, diag);
	return 0;
}

double session__dilate(double mips)
{
	const double native_mips = 2000, cap = DILATION_MAX;
	double factor = mips > 0 ? native_mips / mips : cap;

	return KT_MIN(KT_MAX(factor, 1.0), cap);
}
