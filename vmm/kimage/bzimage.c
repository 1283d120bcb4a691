// SPDX-License-Identifier: GPL-2.0
/*
 * The setup header of a bzImage. Offsets and meanings from the kernel's
 * Documentation/arch/x86/boot.rst. Pure; called by kimage.c and the fuzzer.
 */
#include "vmm/kimage/bzimage.h"

#define OFF_SETUP_SECTS 0x1f1u
#define OFF_SYSSIZE 0x1f4u
#define OFF_BOOT_FLAG 0x1feu
#define OFF_HEADER 0x202u
#define OFF_VERSION 0x206u
#define OFF_XLOADFLAGS 0x236u
#define OFF_PAYLOAD_OFFSET 0x248u
#define OFF_PAYLOAD_LENGTH 0x24cu
#define OFF_KERNEL_ALIGNMENT 0x230
#define OFF_INIT_SIZE 0x260u
#define HEADER_END 0x264u

#define BOOT_FLAG 0xaa55u
#define VERSION_MIN 0x020cu /* 2.12, Linux 3.8: xloadflags */
#define XLF_KERNEL_64 1u
#define SECTOR 512u
#define SETUP_SECTS_OLD 4u /* what 0 stands for */
#define SYSSIZE_UNIT 16u

static u16 get_u16(const u8 *p)
{
	u16 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static u32 get_u32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

bool bzimage__match(const void *head, size_t len)
{
	const u8 *h = head;

	return len >= OFF_HEADER + 4 && !memcmp(h + OFF_HEADER, "HdrS", 4) &&
	       get_u16(h + OFF_BOOT_FLAG) == BOOT_FLAG;
}

/* What the header says must be inside the file. */
static int check_extent(const struct bzimage *bz, u64 setup, u64 sys,
			u64 file_size, struct kt_diag *diag)
{
	u64 want = KT_MAX(setup + sys, bz->payload_off + bz->payload_len);

	if (want > file_size)
		return diag__fail(
			diag, -EINVAL,
			"truncated bzImage: its header describes %llu bytes, "
			"the file has %llu; fetch or build it again",
			(unsigned long long)want,
			(unsigned long long)file_size);
	if (bz->payload_len < 8 || bz->payload_len > KIMAGE_MAX_BYTES)
		return diag__fail(diag, -EINVAL,
				  "damaged bzImage: payload of %u bytes",
				  bz->payload_len);
	return 0;
}

int bzimage__parse(const void *head, size_t len, u64 file_size,
		   struct bzimage *ret_bz, struct kt_diag *diag)
{
	struct bzimage bz;
	const u8 *h = head;
	u64 setup, sys;
	u16 version;
	int err;

	if (len < HEADER_END)
		return diag__fail(diag, -EINVAL,
				  "truncated bzImage: %zu bytes, not even a "
				  "setup header (%u)",
				  len, HEADER_END);
	version = get_u16(h + OFF_VERSION);
	if (version < VERSION_MIN)
		return diag__fail(diag, -EINVAL,
				  "bzImage has boot protocol %u.%02u, at least "
				  "2.12 is needed (Linux 3.8 or later)",
				  version >> 8, version & 0xffu);
	if (!(get_u16(h + OFF_XLOADFLAGS) & XLF_KERNEL_64))
		return diag__fail(diag, -ENOEXEC,
				  "bzImage is for i386 (32 bits), an x86_64 "
				  "kernel is needed");
	setup = h[OFF_SETUP_SECTS] ? h[OFF_SETUP_SECTS] : SETUP_SECTS_OLD;
	setup = (setup + 1) * SECTOR;
	sys = (u64)get_u32(h + OFF_SYSSIZE) * SYSSIZE_UNIT;
	bz.payload_off = setup + get_u32(h + OFF_PAYLOAD_OFFSET);
	bz.payload_len = get_u32(h + OFF_PAYLOAD_LENGTH);
	bz.init_size = get_u32(h + OFF_INIT_SIZE);
	bz.align = get_u32(h + OFF_KERNEL_ALIGNMENT);
	if (bz.align & (bz.align - 1))
		return diag__fail(diag, -EINVAL,
				  "damaged bzImage: alignment %#x is no power "
				  "of two",
				  bz.align);
	err = check_extent(&bz, setup, sys, file_size, diag);
	if (err)
		return err;
	*ret_bz = bz;
	return 0;
}
