// SPDX-License-Identifier: GPL-2.0
/*
 * The DSDT: \_S5 and one node per row of devs.def that has a _HID. This is
 * how the guest finds the serial ports and, since virtio_mmio has no command
 * line option in distribution kernels, every virtio device (LNRO0005).
 */
#include "vmm/acpi/acpi.h"
#include "vmm/acpi/aml.h"
#include "vmm/dev/acpi-pm.h"
#include "vmm/dev/dev.h"

/* Present, enabled, shown in the UI, functioning (6.3.7). */
#define STA_ALL 0xfu

static void add_hid(struct aml *a, const char *hid)
{
	aml__name(a, "_HID");
	/* EISA ids have a compressed form; others stay strings (6.1.5). */
	if (!strncmp(hid, "PNP", 3) && strlen(hid) == 7)
		aml__eisaid(a, hid);
	else
		aml__string(a, hid);
}

static void add_resources(struct aml *a, const struct dev_desc *d)
{
	struct aml_resources r = { .len = 0 };

	if (d->bus == DEV_PIO)
		aml_res__io(&r, (u16)d->base, (u8)d->size);
	else
		aml_res__memory32(&r, (u32)d->base, (u32)d->size);
	/* UARTs pulse like on ISA; virtio holds its line until acknowledged. */
	if (d->gsi)
		aml_res__interrupt(&r, d->gsi, d->bus == DEV_MMIO);
	aml__name(a, "_CRS");
	aml__resources(a, &r);
}

/* _UID only has to differ among nodes with the same _HID. */
static unsigned int uid_of(const struct dev_desc *d)
{
	unsigned int uid = 0;

	for (unsigned int i = 0; i < (unsigned int)d->id; i++)
		if (!strcmp(dev_descs[i].hid, d->hid))
			uid++;
	return uid;
}

static void add_device(struct aml *a, const struct dev_desc *d)
{
	char seg[8];
	struct aml_block b;

	snprintf(seg, sizeof(seg), "D%03X", (unsigned int)d->id & 0xfff);
	b = aml__open_device(a, seg);
	add_hid(a, d->hid);
	aml__name(a, "_UID");
	aml__integer(a, uid_of(d));
	aml__name(a, "_STA");
	aml__integer(a, STA_ALL);
	if (d->bus == DEV_MMIO) {
		/* DMA to guest memory is coherent (6.2.17). */
		aml__name(a, "_CCA");
		aml__integer(a, 1);
	}
	add_resources(a, d);
	aml__close(a, b);
}

int acpi__dsdt(u8 *buf, size_t cap, size_t *ret_len)
{
	struct aml a = { .buf = buf, .cap = cap };
	struct aml_block b;

	aml__name(&a, "_S5_");
	b = aml__open_package(&a, 4);
	aml__integer(&a, ACPI_PM_SLP_TYP_S5);
	for (int i = 0; i < 3; i++)
		aml__integer(&a, 0);
	aml__close(&a, b);

	b = aml__open_scope(&a, "_SB_");
	for (unsigned int i = 0; i < DEV_NR; i++)
		if (dev_descs[i].hid[0])
			add_device(&a, &dev_descs[i]);
	aml__close(&a, b);
	if (!aml__ok(&a))
		return -ENOSPC;
	*ret_len = a.len;
	return 0;
}
