// SPDX-License-Identifier: GPL-2.0
/*
 * Fixed ACPI tables. Called once per machine from vm__new().
 */
#include "vmm/acpi/acpi.h"

#include "vmm/dev/acpi-pm.h"
#include "vmm/dev/dev.h"

#define OEM_ID "KTSTR "
#define CREATOR_ID "KTSR"
#define OEM_REVISION 1u

/* 5.2.9, FADT fixed feature flags */
#define FADT_WBINVD (1u << 0)
#define FADT_PWR_BUTTON (1u << 4) /* no fixed-hardware button */
#define FADT_SLP_BUTTON (1u << 5)
#define FADT_RESET_REG_SUP (1u << 10)
#define FADT_HW_REDUCED_ACPI (1u << 20)

/* 5.2.9.3, IA-PC boot architecture: nothing legacy to look for. 8042 clear. */
#define FADT_NO_VGA (1u << 2)
#define FADT_NO_CMOS_RTC (1u << 5)

#define GAS_SYSTEM_IO 1u
#define GAS_BYTE_ACCESS 1u

#define MADT_LAPIC 0u
#define MADT_IOAPIC 1u
#define MADT_LAPIC_NMI 4u
#define MADT_LAPIC_ENABLED 1u

struct acpi_header {
	char signature[4];
	u32 length;
	u8 revision;
	u8 checksum;
	char oem_id[6];
	char oem_table_id[8];
	u32 oem_revision;
	char creator_id[4];
	u32 creator_revision;
} __attribute__((packed));

struct acpi_gas {
	u8 space, width, offset, access;
	u64 address;
} __attribute__((packed));

struct acpi_rsdp {
	char signature[8];
	u8 checksum; /* of the first 20 bytes */
	char oem_id[6];
	u8 revision;
	u32 rsdt;
	u32 length;
	u64 xsdt;
	u8 ext_checksum;
	u8 reserved[3];
} __attribute__((packed));

struct acpi_xsdt {
	struct acpi_header head;
	u64 table[2];
} __attribute__((packed));

/* Only what a hardware-reduced machine fills; offsets checked below. */
struct acpi_fadt {
	struct acpi_header head;
	u8 unused_hw[73]; /* 36..108: fixed hardware, ignored */
	u16 iapc_boot_arch;
	u8 reserved;
	u32 flags;
	struct acpi_gas reset_reg;
	u8 reset_value;
	u16 arm_boot_arch;
	u8 minor;
	u64 x_facs;
	u64 x_dsdt;
	u8 unused_x[96]; /* 148..243: X_PM blocks, ignored */
	struct acpi_gas sleep_control;
	struct acpi_gas sleep_status;
	char hypervisor_id[8];
} __attribute__((packed));

_Static_assert(offsetof(struct acpi_fadt, iapc_boot_arch) == 109, "FADT");
_Static_assert(offsetof(struct acpi_fadt, flags) == 112, "FADT");
_Static_assert(offsetof(struct acpi_fadt, x_dsdt) == 140, "FADT");
_Static_assert(offsetof(struct acpi_fadt, sleep_control) == 244, "FADT");
_Static_assert(sizeof(struct acpi_fadt) == ACPI_FADT_LEN, "FADT");

struct acpi_madt {
	struct acpi_header head;
	u32 lapic_addr;
	u32 flags; /* PCAT_COMPAT stays clear: no 8259 */
} __attribute__((packed));

struct madt_lapic {
	u8 type, length, uid, apic_id;
	u32 flags;
} __attribute__((packed));

struct madt_ioapic {
	u8 type, length, id, reserved;
	u32 addr, gsi_base;
} __attribute__((packed));

struct madt_lapic_nmi {
	u8 type, length, uid;
	u16 flags;
	u8 lint;
} __attribute__((packed));

/* Bump allocation in the caller's buffer; tables start 16-byte aligned. */
struct builder {
	u8 *buf;
	u64 gpa;
	size_t len, cap;
};

static void *alloc(struct builder *b, size_t len, u64 *ret_gpa)
{
	size_t at = KT_ALIGN_UP(b->len, (size_t)16);

	if (at > b->cap || len > b->cap - at)
		return NULL;
	b->len = at + len;
	memset(b->buf + at, 0, len);
	if (ret_gpa)
		*ret_gpa = b->gpa + at;
	return b->buf + at;
}

static u8 checksum(const void *p, size_t len)
{
	u8 sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += ((const u8 *)p)[i];
	return (u8)-sum;
}

/* Header last: its checksum covers the finished table. */
static void seal(struct acpi_header *h, const char *sig, u8 revision,
		 size_t len)
{
	memcpy(h->signature, sig, 4);
	h->length = (u32)len;
	h->revision = revision;
	memcpy(h->oem_id, OEM_ID, sizeof(h->oem_id));
	memcpy(h->oem_table_id, CREATOR_ID, 4);
	memcpy(h->oem_table_id + 4, sig, 4);
	h->oem_revision = OEM_REVISION;
	memcpy(h->creator_id, CREATOR_ID, sizeof(h->creator_id));
	h->creator_revision = OEM_REVISION;
	h->checksum = 0;
	h->checksum = checksum(h, len);
}

static int build_dsdt(struct builder *b, u64 *ret_gpa)
{
	struct acpi_header *h = alloc(b, sizeof(*h), ret_gpa);
	size_t len;
	int err;

	if (!h)
		return -ENOSPC;
	err = acpi__dsdt(b->buf + b->len, b->cap - b->len, &len);
	if (err)
		return err;
	b->len += len;
	seal(h, "DSDT", 2, sizeof(*h) + len); /* 2: 64-bit integers */
	return 0;
}

static struct acpi_gas pm_register(unsigned int off)
{
	return (struct acpi_gas){
		.space = GAS_SYSTEM_IO,
		.width = 8,
		.access = GAS_BYTE_ACCESS,
		.address = dev_descs[DEV_ACPI_PM].base + off,
	};
}

static int build_fadt(struct builder *b, u64 dsdt, u64 *ret_gpa)
{
	struct acpi_fadt *f = alloc(b, sizeof(*f), ret_gpa);

	if (!f)
		return -ENOSPC;
	f->iapc_boot_arch = FADT_NO_VGA | FADT_NO_CMOS_RTC;
	f->flags = FADT_WBINVD | FADT_PWR_BUTTON | FADT_SLP_BUTTON |
		   FADT_RESET_REG_SUP | FADT_HW_REDUCED_ACPI;
	f->reset_reg = pm_register(ACPI_PM_RESET);
	f->reset_value = ACPI_PM_RESET_VALUE;
	f->minor = 5;
	f->x_dsdt = dsdt;
	f->sleep_control = pm_register(ACPI_PM_SLEEP_CONTROL);
	f->sleep_status = pm_register(ACPI_PM_SLEEP_STATUS);
	memcpy(f->hypervisor_id, "KTSTR", 5);
	seal(&f->head, "FACP", 6, sizeof(*f));
	return 0;
}

static int build_madt(struct builder *b, const struct acpi_params *p,
		      u64 *ret_gpa)
{
	size_t len = sizeof(struct acpi_madt) +
		     p->nr_cpus * sizeof(struct madt_lapic) +
		     sizeof(struct madt_ioapic) + sizeof(struct madt_lapic_nmi);
	struct acpi_madt *m = alloc(b, len, ret_gpa);
	u8 *at;

	if (!m)
		return -ENOSPC;
	at = (u8 *)(m + 1);
	m->lapic_addr = p->lapic_addr;
	for (unsigned int i = 0; i < p->nr_cpus; i++) {
		struct madt_lapic e = { MADT_LAPIC, sizeof(e), (u8)i,
					(u8)p->apic_id[i], MADT_LAPIC_ENABLED };

		memcpy(at, &e, sizeof(e));
		at += sizeof(e);
	}
	memcpy(at,
	       &(struct madt_ioapic){ MADT_IOAPIC, sizeof(struct madt_ioapic),
				      0, 0, p->ioapic_addr, 0 },
	       sizeof(struct madt_ioapic));
	at += sizeof(struct madt_ioapic);
	/* LINT1 of every CPU (uid 0xff) is the NMI, polarity as the bus. */
	memcpy(at,
	       &(struct madt_lapic_nmi){ MADT_LAPIC_NMI,
					 sizeof(struct madt_lapic_nmi), 0xff, 0,
					 1 },
	       sizeof(struct madt_lapic_nmi));
	seal(&m->head, "APIC", 3, len);
	return 0;
}

int acpi__build(const struct acpi_params *p, u64 gpa, u8 *buf, size_t cap,
		size_t *ret_len, struct kt_diag *diag)
{
	struct builder b = { .buf = buf, .gpa = gpa, .cap = cap };
	struct acpi_rsdp *rsdp = alloc(&b, sizeof(*rsdp), NULL);
	u64 dsdt, fadt, madt, xsdt_gpa;
	struct acpi_xsdt *xsdt;

	for (unsigned int i = 0; i < p->nr_cpus; i++)
		if (p->apic_id[i] >= 0xff)
			return diag__fail(diag, -EINVAL,
					  "APIC id %u of CPU %u: ids above 254 "
					  "need x2APIC entries, which this "
					  "version does not write",
					  p->apic_id[i], i);
	if (!rsdp || build_dsdt(&b, &dsdt) || build_fadt(&b, dsdt, &fadt) ||
	    build_madt(&b, p, &madt))
		xsdt = NULL;
	else
		xsdt = alloc(&b, sizeof(*xsdt), &xsdt_gpa);
	if (!xsdt)
		return diag__fail(
			diag, -ENOSPC,
			"ACPI tables exceed the %zu bytes kept for them", cap);
	xsdt->table[0] = fadt;
	xsdt->table[1] = madt;
	seal(&xsdt->head, "XSDT", 1, sizeof(*xsdt));
	memcpy(rsdp->signature, "RSD PTR ", 8);
	memcpy(rsdp->oem_id, OEM_ID, sizeof(rsdp->oem_id));
	rsdp->revision = 2;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt = xsdt_gpa;
	rsdp->checksum = checksum(rsdp, 20);
	rsdp->ext_checksum = checksum(rsdp, sizeof(*rsdp));
	*ret_len = b.len;
	return 0;
}
