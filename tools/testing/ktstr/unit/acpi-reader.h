/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ACPI tables read back, for tests: by offsets of the specification (ACPI 6.5,
 * chapter 5), sharing nothing with the writer. Include cmocka.h first: what
 * breaks the specification's rules fails the test.
 */
#ifndef UNIT_ACPI_READER_H
#define UNIT_ACPI_READER_H

#include <ktstr/topo.h>

struct read_cpu {
	u32 uid, apic, node;
	bool wide; /* x2APIC entry in the MADT */
};

struct read_memory {
	u64 base, len;
	u32 node;
};

struct read_cache {
	u32 node;
	u64 size;
	u32 attributes;
};

#define READ_NOT_GIVEN 0xffffu

/** struct acpi_read - all that the tables say about the machine's shape */
struct acpi_read {
	u32 nr_cpus, nr_memory, nr_nodes, nr_caches;
	u32 wide_nmis, small_nmis;
	u64 ioapic;
	char tables[128]; /* signatures and revisions, in their order */
	bool has_srat, has_slit, has_hmat;
	struct read_cpu cpu[TOPO_MAX_CPUS];
	struct read_memory memory[2 * TOPO_MAX_NODES];
	struct read_cache cache[TOPO_MAX_NODES];
	u8 distance[TOPO_MAX_NODES * TOPO_MAX_NODES];
	/* of access by a row's CPUs to a column's memory, in ns and MB/s */
	u64 latency_ps[TOPO_MAX_NODES][TOPO_MAX_NODES];
	u64 bandwidth_mbs[TOPO_MAX_NODES][TOPO_MAX_NODES];
	u32 initiator[TOPO_MAX_NODES]; /* READ_NOT_GIVEN: no such memory */
};

/**
 * acpi_read__tables - everything behind the RSDP at the start of @buf
 * @gpa: guest address of @buf
 */
void acpi_read__tables(struct acpi_read *r, const u8 *buf, size_t len, u64 gpa);

/** acpi_read__find - a table with a right checksum, or NULL */
const u8 *acpi_read__find(const u8 *buf, size_t len, u64 gpa, const char *sig);

#endif /* UNIT_ACPI_READER_H */
