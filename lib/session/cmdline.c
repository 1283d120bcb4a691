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
 *   unprivileged_bpf, schedstats, delayacct: what scheduler tests look at
 */
static const char base_words[] =
	"console=ttyS0 8250.nr_uarts=2 pci=off panic=-1 reboot=acpi "
	"mitigations=off random.trust_cpu=on tsc=reliable no_timer_check "
	"cryptomgr.notests initcall_blacklist=jent_mod_init swiotlb=noforce "
	"lockdown=none rdinit=/init "
	"sysctl.kernel.unprivileged_bpf_disabled=0 "
	"sysctl.kernel.sched_schedstats=1 delayacct "
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

int cmdline__build(char *buf, size_t size, const struct ktstr_attr *attr,
		   unsigned int timeout_ms, bool verbose, struct kt_diag *diag)
{
	const char *kargs = attr->kargs ? attr->kargs : "";
	size_t own, sysctls, total;
	size_t len = 0;

	advance(&len, size,
		snprintf(buf, size, "%s %s KTSTR_TEST_TIMEOUT_MS=%u%s",
			 base_words,
			 verbose ? "earlyprintk=serial loglevel=7" : "quiet",
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
		return diag__fail(
			diag, -E2BIG,
			"kernel command line is %zu characters or "
			"more, the kernel takes %u: .kargs are %zu of "
			"them, .sysctls %zu, ktstr's own %zu",
			total, VM_CMDLINE_MAX, strlen(kargs), sysctls, own);
	return 0;
}

unsigned int attr__memory_mib(const struct ktstr_attr *attr)
{
	unsigned int floor_mib = KT_MAX(64 * attr->cpus, 256u);

	return KT_MAX(floor_mib, attr->memory_mib);
}

double session__dilate(double mips)
{
	const double native_mips = 2000, cap = DILATION_MAX;
	double factor = mips > 0 ? native_mips / mips : cap;

	return KT_MIN(KT_MAX(factor, 1.0), cap);
}
