/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Machines for tests of ACPI tables: given or random, built and read back.
 * Include cmocka.h first; failures fail the test.
 */
#ifndef UNIT_ACPI_MACHINE_H
#define UNIT_ACPI_MACHINE_H

#include "acpi-reader.h"
#include "vmm/acpi/acpi.h"

#define ACPI_MACHINE_GPA 0xe0000u

struct acpi_machine {
	u8 buf[0x20000]; /* the tables, as at ACPI_MACHINE_GPA */
	size_t len;
	struct gmem gm;
	struct acpi_read read;
};

/* cmocka's setup and teardown with a struct acpi_machine as state */
int acpi_machine__setup(void **state);
int acpi_machine__teardown(void **state);

/** acpi_machine__build - tables of @t with @mib of memory, and what they say */
void acpi_machine__build(struct acpi_machine *f, const struct topology *t,
			 u64 mib);

/** struct random_machine - nodes and distances of its own, all valid */
struct random_machine {
	struct topology t;
	struct topo_node node[8];
	u8 distance[64];
	u64 mib;
};

/** random_machine__make - the next one, or false where it would be invalid */
bool random_machine__make(unsigned int *seed, struct random_machine *m);

/** struct odd_machine - one that no preset is like */
struct odd_machine {
	const char *name;
	struct topology t;
	u64 mib;
};

#define NR_ODD_MACHINES 8
extern const struct odd_machine odd_machines[NR_ODD_MACHINES];

#endif /* UNIT_ACPI_MACHINE_H */
