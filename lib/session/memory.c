// SPDX-License-Identifier: GPL-2.0
/*
 * How much memory a machine gets: what its test asks for, what its shape needs,
 * and what kernel and ramdisk need to get as far as the test. Pure but for
 * memory__check(); called by run.c for a machine and by the commands.
 */
#include "lib/session/session-internal.h"

#include <sys/sysinfo.h>

#include <ktstr/wprof.h>

/* For the test, and for init, once all is unpacked. */
#define WORKING_MIB 256u

static u64 to_mib(u64 bytes)
{
	return (bytes + MIB(1) - 1) >> 20;
}

static u64 div_up(u64 a, u64 b)
{
	return (a + b - 1) / b;
}

unsigned int attr__memory_mib(const struct ktstr_attr *attr)
{
	struct topology t = ktstr_attr__topology(attr);

	bool is_exact = attr->memory_exact == true || attr->nodes;
	unsigned int mib = (unsigned int)topo__memory_mib(&t, attr->memory_mib);

	return wprof__memory_mib(mib, attr->wprof == true && !is_exact);
}

/*
 * The archive as it is packed (C) lies beside the kernel (K) until it is
 * unpacked (U) into a root file system of at most 9/10 of what is left; a
 * sixty-fourth is page structures. Before initramfs_options= the root was half
 * of what is left: that is more from 288 MiB of U on.
 */
u64 memory__floor_mib(u64 kernel_bytes, u64 packed_bytes, u64 unpacked_bytes)
{
	u64 u = to_mib(unpacked_bytes);
	u64 root = div_up(u * 10, 9);

	if (2 * u > root + WORKING_MIB)
		root = 2 * u - WORKING_MIB;
	return div_up((root + to_mib(kernel_bytes) + to_mib(packed_bytes)) * 64,
		      63) +
	       WORKING_MIB;
}

/* What comes behind the base for one machine is a page or two. */
#define SUFFIX_BYTES 8192u

unsigned int session__memory_mib(const struct session *s)
{
	u64 archive = s->base.len + SUFFIX_BYTES;
	u64 mib = memory__floor_mib(s->kernel_bytes, archive, archive);

	return (unsigned int)KT_MIN(mib, (u64)VM_MAX_MEMORY_MIB + 1);
}

int session__machine_mib(const struct session *s, const struct ktstr_attr *attr,
			 unsigned int *ret_mib, struct kt_diag *diag)
{
	unsigned int asked = attr__memory_mib(attr);
	unsigned int least = session__memory_mib(s);

	if (attr->nodes && attr->memory_mib < least)
		return diag__fail(diag, -EINVAL,
				  ".nodes: memory_mib of all nodes are %u, "
				  "kernel and ramdisk need %u",
				  attr->memory_mib, least);
	*ret_mib = KT_MAX(asked, least);
	return 0;
}

/* Of a guest's memory its kernel touches this part for page structures. */
#define PAGE_STRUCTS 64u

int memory__check_host(unsigned int mib, u64 host_mib, bool *ret_tight,
		       struct kt_diag *diag)
{
	if (mib / PAGE_STRUCTS >= host_mib)
		return diag__fail(diag, -ENOMEM,
				  "memory_mib of %u: the host has %llu MiB, "
				  "not enough for the guest's page structures",
				  mib, (unsigned long long)host_mib);
	*ret_tight = mib > host_mib;
	return 0;
}

int memory__check(unsigned int mib, FILE *report, struct kt_diag *diag)
{
	struct sysinfo si;
	u64 host_mib;
	bool tight = false;
	int err;

	if (sysinfo(&si))
		return 0;
	host_mib = (u64)si.totalram * si.mem_unit >> 20;
	err = memory__check_host(mib, host_mib, &tight, diag);
	if (!err && tight)
		fprintf(report,
			"# memory of %u MiB: the host has %llu MiB, so the "
			"guest must not use all of it\n",
			mib, (unsigned long long)host_mib);
	return err;
}
