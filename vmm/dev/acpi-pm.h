/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The power-management registers of a hardware-reduced ACPI machine: what the
 * FADT points at and what the DSDT's \_S5 names. Offsets count from the base
 * of row ACPI_PM in devs.def; every register is one byte wide in I/O space.
 * Bits: ACPI 6.5, 4.8.3.7 (sleep control and status), 4.8.3.6 (reset).
 */
#ifndef VMM_DEV_ACPI_PM_H
#define VMM_DEV_ACPI_PM_H

#define ACPI_PM_SLEEP_CONTROL 0u /* FADT SLEEP_CONTROL_REG */
#define ACPI_PM_SLEEP_STATUS 1u	 /* FADT SLEEP_STATUS_REG */
#define ACPI_PM_RESET 2u	 /* FADT RESET_REG */

#define ACPI_PM_SLP_TYP_SHIFT 2
#define ACPI_PM_SLP_TYP_MASK 0x1cu
#define ACPI_PM_SLP_EN 0x20u
#define ACPI_PM_WAK_STS 0x80u

#define ACPI_PM_SLP_TYP_S5 5u  /* first element of \_S5 */
#define ACPI_PM_RESET_VALUE 1u /* FADT RESET_VALUE */

#endif /* VMM_DEV_ACPI_PM_H */
