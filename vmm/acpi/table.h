/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of vmm/acpi share: the table header and where tables go. */
#ifndef VMM_ACPI_TABLE_H
#define VMM_ACPI_TABLE_H

#include "vmm/acpi/acpi.h"

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

/** struct acpi_builder - bump allocation in the caller's buffer */
struct acpi_builder {
	u8 *buf;
	u64 gpa;
	size_t len, cap;
};

/**
 * acpi_builder__alloc - zeroed room at the next multiple of 16
 * @ret_gpa: its guest address; may be NULL
 * Return: NULL when the buffer is full.
 */
void *acpi_builder__alloc(struct acpi_builder *b, size_t len, u64 *ret_gpa);

/** acpi__seal - fill the header; last, its checksum covers the whole table */
void acpi__seal(struct acpi_header *h, const char *sig, u8 revision,
		size_t len);

/* Affinity (5.2.16), distances (5.2.17), performance (5.2.28); 0 or -ENOSPC. */
int acpi__srat(struct acpi_builder *b, const struct acpi_params *p,
	       u64 *ret_gpa);
int acpi__slit(struct acpi_builder *b, const struct acpi_params *p,
	       u64 *ret_gpa);
int acpi__hmat(struct acpi_builder *b, const struct acpi_params *p,
	       u64 *ret_gpa);

#endif /* VMM_ACPI_TABLE_H */
