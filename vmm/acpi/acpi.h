/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ACPI tables of a hardware-reduced machine: RSDP, XSDT, FADT, MADT, DSDT, and
 * where there are NUMA nodes, SRAT, SLIT and HMAT.
 * Pure encoders into a caller's buffer; vm__new() copies the result to guest
 * memory. Layouts: ACPI 6.5 chapter 5.
 */
#ifndef VMM_ACPI_ACPI_H
#define VMM_ACPI_ACPI_H

#include <ktstr/topo.h>

#include "vmm/gmem.h"

#define ACPI_FADT_LEN 276u

/**
 * struct acpi_params - what the tables describe besides devs.def
 * @topo: valid; one evenly spread node has no NUMA tables
 * @gm: the slots with their nodes, nothing is read from memory
 */
struct acpi_params {
	const struct topology *topo;
	const struct gmem *gm;
	u32 lapic_addr;
	u32 ioapic_addr;
};

/**
 * acpi__build - all tables, to be placed at guest address @gpa
 * @buf: @cap bytes; the RSDP comes first, so @gpa is its address
 * @ret_len: bytes used
 *
 * Return: 0, or -ENOSPC when @cap is too small (in @diag).
 */
int acpi__build(const struct acpi_params *p, u64 gpa, u8 *buf, size_t cap,
		size_t *ret_len, struct kt_diag *diag);

/** acpi__dsdt - AML of the DSDT without its header; @ret_len bytes of @cap */
int acpi__dsdt(u8 *buf, size_t cap, size_t *ret_len);

#endif /* VMM_ACPI_ACPI_H */
