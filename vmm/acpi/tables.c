// SPDX-License-Identifier: GPL-2.0
/*
 * Fixed ACPI tables. Called once per machine from vm__new().
 */
#include "vmm/acpi/table.h"

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
#define MADT_X2APIC 9u
#define MADT_X2APIC_NMI 10u
#define MADT_LAPIC_ENABLED 1u
/* 5.2.12.12: ids from here on need an x2APIC entry. */
#define MADT_FIRST_X2APIC_ID 255u

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

#define XSDT_MAX 5u

struct acpi_xsdt {
	struct acpi_header head;
	u64 table[XSDT_MAX];
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

struct madt_x2apic {
	u8 type, length;
	u16 reserved;
	u32 x2apic_id, flags, uid;
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

struct madt_x2apic_nmi {
	u8 type, length;
	u16 flags;
	u32 uid;
	u8 lint, reserved[3];
} __attribute__((packed));

void *acpi_builder__alloc(struct acpi_builder *b, size_t len, u64 *ret_gpa)
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

void acpi__seal(struct acpi_header *h, const char *sig, u8 revision, size_t len)
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

static int build_dsdt(struct acpi_builder *b, u64 *ret_gpa)
{
	struct acpi_header *h = acpi_builder__alloc(b, sizeof(*h), ret_gpa);
	size_t len;
	int err;

	if (!h)
		return -ENOSPC;
	err = acpi__dsdt(b->buf + b->len, b->cap - b->len, &len);
	if (err)
		return err;
	b->len += len;
	acpi__seal(h, "DSDT", 2, sizeof(*h) + len); /* 2: 64-bit integers */
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

static int build_fadt(struct acpi_builder *b, u64 dsdt, u64 *ret_gpa)
{
	struct acpi_fadt *f = acpi_builder__alloc(b, sizeof(*f), ret_gpa);

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
	acpi__seal(&f->head, "FACP", 6, sizeof(*f));
	return 0;
}

/* One CPU of the MADT; its length is all that differs from its neighbours'. */
static size_t madt_cpu(u8 *at, u32 apic_id, unsigned int cpu)
{
	const struct madt_lapic small = { MADT_LAPIC, sizeof(small), (u8)cpu,
					  (u8)apic_id, MADT_LAPIC_ENABLED };
	const struct madt_x2apic wide = {
		MADT_X2APIC, sizeof(wide), 0, apic_id, MADT_LAPIC_ENABLED, cpu
	};

	if (apic_id >= MADT_FIRST_X2APIC_ID) {
		memcpy(at, &wide, sizeof(wide));
		return sizeof(wide);
	}
	memcpy(at, &small, sizeof(small));
	return sizeof(small);
}

/* LINT1 of every CPU (all bits of the uid set) is the NMI. */
static void madt_nmis(u8 *at, bool wide)
{
	const struct madt_lapic_nmi lapic = { MADT_LAPIC_NMI, sizeof(lapic),
					      0xff, 0, 1 };
	const struct madt_x2apic_nmi x2apic = {
		.type = MADT_X2APIC_NMI,
		.length = sizeof(x2apic),
		.uid = UINT32_MAX,
		.lint = 1,
	};

	memcpy(at, &lapic, sizeof(lapic));
	if (wide)
		memcpy(at + sizeof(lapic), &x2apic, sizeof(x2apic));
}

/* APIC ids ascend: @small CPUs have 8-bit entries, the rest wide ones. */
static unsigned int count_small(const struct topology *t)
{
	unsigned int cpu = 0;

	while (cpu < topo__nr_cpus(t) &&
	       topo__apic_id(t, cpu) < MADT_FIRST_X2APIC_ID)
		cpu++;
	return cpu;
}

static int build_madt(struct acpi_builder *b, const struct acpi_params *p,
		      u64 *ret_gpa)
{
	unsigned int cpus = topo__nr_cpus(p->topo);
	unsigned int wide = cpus - count_small(p->topo);
	size_t len = sizeof(struct acpi_madt) +
		     (cpus - wide) * sizeof(struct madt_lapic) +
		     wide * sizeof(struct madt_x2apic) +
		     sizeof(struct madt_ioapic) +
		     sizeof(struct madt_lapic_nmi) +
		     (wide ? sizeof(struct madt_x2apic_nmi) : 0);
	const struct madt_ioapic ioapic = { MADT_IOAPIC, sizeof(ioapic), 0,
					    0,		 p->ioapic_addr, 0 };
	struct acpi_madt *m = acpi_builder__alloc(b, len, ret_gpa);
	u8 *at;

	if (!m)
		return -ENOSPC;
	at = (u8 *)(m + 1);
	m->lapic_addr = p->lapic_addr;
	for (unsigned int i = 0; i < cpus; i++)
		at += madt_cpu(at, topo__apic_id(p->topo, i), i);
	memcpy(at, &ioapic, sizeof(ioapic));
	madt_nmis(at + sizeof(ioapic), wide > 0);
	acpi__seal(&m->head, "APIC", 3, len);
	return 0;
}

/* Tables of the XSDT. Those about NUMA only where there is something to say. */
static int build_tables(struct acpi_builder *b, const struct acpi_params *p,
			u64 gpa[XSDT_MAX], unsigned int *ret_nr)
{
	unsigned int nr = 2;
	u64 dsdt;
	int err = build_dsdt(b, &dsdt);

	if (!err)
		err = build_fadt(b, dsdt, &gpa[0]);
	if (!err)
		err = build_madt(b, p, &gpa[1]);
	if (!err && (p->topo->numa_nodes > 1 || p->topo->nodes))
		err = acpi__srat(b, p, &gpa[nr++]);
	if (!err && p->topo->numa_nodes > 1)
		err = acpi__slit(b, p, &gpa[nr++]);
	if (!err && p->topo->numa_nodes > 1)
		err = acpi__hmat(b, p, &gpa[nr++]);
	*ret_nr = nr;
	return err;
}

int acpi__build(const struct acpi_params *p, u64 gpa, u8 *buf, size_t cap,
		size_t *ret_len, struct kt_diag *diag)
{
	struct acpi_builder b = { .buf = buf, .gpa = gpa, .cap = cap };
	struct acpi_rsdp *rsdp = acpi_builder__alloc(&b, sizeof(*rsdp), NULL);
	struct acpi_xsdt *xsdt = NULL;
	u64 table[XSDT_MAX], xsdt_gpa;
	unsigned int nr;
	size_t len;

	if (rsdp && !build_tables(&b, p, table, &nr)) {
		len = sizeof(xsdt->head) + nr * sizeof(table[0]);
		xsdt = acpi_builder__alloc(&b, len, &xsdt_gpa);
	}
	if (!xsdt)
		return diag__fail(
			diag, -ENOSPC,
			"ACPI tables exceed the %zu bytes kept for them", cap);
	memcpy(xsdt->table, table, nr * sizeof(table[0]));
	acpi__seal(&xsdt->head, "XSDT", 1, len);
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
