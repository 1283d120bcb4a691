// SPDX-License-Identifier: GPL-2.0
/* Rules for what a test may demand, and the command line made from it. */
#include "lib/session/session-internal.h"

#include <ctype.h>

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

int cmdline__build(char *buf, size_t size, const char *kargs,
		   unsigned int timeout_ms, bool verbose, struct kt_diag *diag)
{
	int len = snprintf(
		buf, size, "%s %s KTSTR_TEST_TIMEOUT_MS=%u%s%s", base_words,
		verbose ? "earlyprintk=serial loglevel=7" : "quiet", timeout_ms,
		kargs && *kargs ? " " : "", kargs ? kargs : "");

	if (len < 0 || (size_t)len >= size || (size_t)len > VM_CMDLINE_MAX)
		return diag__fail(diag, -E2BIG,
				  "kernel command line is %d characters, the "
				  "kernel takes %u; .kargs are %zu of them",
				  len, VM_CMDLINE_MAX,
				  kargs ? strlen(kargs) : 0);
	return 0;
}

unsigned int attr__memory_mib(const struct ktstr_attr *attr)
{
	unsigned int floor_mib = KT_MAX(64 * attr->cpus, 256u);

	return KT_MAX(floor_mib, attr->memory_mib);
}

/* More than this is a typing error, not a test: 1 TiB, one day. */
#define MEMORY_MIB_MAX (1u << 20)
#define TIMEOUT_S_MAX 86400u

int attr__validate(const char *name, const struct ktstr_attr *attr,
		   struct kt_diag *diag)
{
	if (attr->cpus < 1 || attr->cpus > VM_MAX_CPUS)
		return diag__fail(diag, -EINVAL,
				  "%s: .cpus = %u is outside 1..%u", name,
				  attr->cpus, VM_MAX_CPUS);
	if (attr->memory_mib < 1 || attr->memory_mib > MEMORY_MIB_MAX)
		return diag__fail(diag, -EINVAL,
				  "%s: .memory_mib = %u is outside 1..%u", name,
				  attr->memory_mib, MEMORY_MIB_MAX);
	if (attr->timeout_s < 1 || attr->timeout_s > TIMEOUT_S_MAX)
		return diag__fail(diag, -EINVAL,
				  "%s: .timeout_s = %u is outside 1..%u", name,
				  attr->timeout_s, TIMEOUT_S_MAX);
	for (const char *p = attr->kargs; p && *p; p++)
		if (!isprint((unsigned char)*p))
			return diag__fail(diag, -EINVAL,
					  "%s: .kargs has byte 0x%02x at "
					  "offset %td; only printable ASCII "
					  "reaches the kernel",
					  name, (unsigned char)*p,
					  p - attr->kargs);
	return 0;
}

double session__dilate(double mips)
{
	const double native_mips = 2000, cap = 6;
	double factor = mips > 0 ? native_mips / mips : cap;

	return KT_MIN(KT_MAX(factor, 1.0), cap);
}
