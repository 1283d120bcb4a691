/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small AML encoder: enough of ACPI 6.5 chapter 20 for device nodes with
 * resources. Writes into a caller's buffer; running out of room is remembered
 * and reported once by aml__ok(), so callers need not check each step.
 */
#ifndef VMM_ACPI_AML_H
#define VMM_ACPI_AML_H

#include <ktstr/base.h>

struct aml {
	u8 *buf;
	size_t len, cap;
	bool overflow;
};

/** struct aml_block - an open package; from aml__open to aml__close */
struct aml_block {
	size_t start;
};

static inline bool aml__ok(const struct aml *a)
{
	return !a->overflow;
}

void aml__bytes(struct aml *a, const void *p, size_t len);

/** aml__name - DefName header: NameOp + four-character segment @seg */
void aml__name(struct aml *a, const char *seg);

/** aml__integer - ComputationalData integer in its shortest form */
void aml__integer(struct aml *a, u64 v);

/** aml__string - ASCII string */
void aml__string(struct aml *a, const char *s);

/** aml__open_scope / aml__open_device - "Scope (@path)", "Device (@seg)" */
struct aml_block aml__open_scope(struct aml *a, const char *path);
struct aml_block aml__open_device(struct aml *a, const char *seg);
/** aml__open_package - Package of @count elements, which follow */
struct aml_block aml__open_package(struct aml *a, u8 count);
void aml__close(struct aml *a, struct aml_block b);

/** aml__eisaid - compressed id of a seven-character "PNP0501" */
void aml__eisaid(struct aml *a, const char *id);

/** struct aml_resources - buffer with resource descriptors, being filled */
struct aml_resources {
	u8 buf[128];
	size_t len;
};

void aml_res__io(struct aml_resources *r, u16 base, u8 len);
void aml_res__memory32(struct aml_resources *r, u32 base, u32 len);
void aml_res__interrupt(struct aml_resources *r, u32 gsi, bool level);
/** aml__resources - Buffer with @r's descriptors and an end tag */
void aml__resources(struct aml *a, const struct aml_resources *r);

#endif /* VMM_ACPI_AML_H */
