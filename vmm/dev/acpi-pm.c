// SPDX-License-Identifier: GPL-2.0
/*
 * ACPI sleep control, sleep status and reset registers: how the guest powers
 * off and reboots. Reached through devs__access() on vCPU threads.
 */
#include "vmm/dev/acpi-pm.h"

#include <pthread.h>

#include "vmm/dev/dev.h"

struct acpi_pm {
	pthread_mutex_t lock;
	u8 sleep_type; /* SLP_TYP as last written, in place */
	u8 sleep_status;
};

static int acpi_pm__realize(struct dev *dev, struct kt_diag *diag)
{
	struct acpi_pm *pm = calloc(1, sizeof(*pm));

	if (!pm)
		return diag__fail(diag, -ENOMEM, "no memory for registers");
	dev_lock__init(&pm->lock);
	dev->priv = pm;
	return 0;
}

static void acpi_pm__unrealize(struct dev *dev)
{
	struct acpi_pm *pm = dev->priv;

	if (!pm)
		return;
	pthread_mutex_destroy(&pm->lock);
	free(pm);
	dev->priv = NULL;
}

static void acpi_pm__read(struct dev *dev, u64 off, void *data,
			  unsigned int len)
{
	struct acpi_pm *pm = dev->priv;
	u8 val = 0xff;

	memset(data, 0xff, len);
	if (len != 1)
		return;
	pthread_mutex_lock(&pm->lock);
	if (off == ACPI_PM_SLEEP_CONTROL)
		val = pm->sleep_type; /* SLP_EN is write-only, reads 0 */
	else if (off == ACPI_PM_SLEEP_STATUS)
		val = pm->sleep_status;
	else if (off == ACPI_PM_RESET)
		val = 0;
	pthread_mutex_unlock(&pm->lock);
	memcpy(data, &val, 1);
}

/* Returns whether the write asks for power-off. */
static bool write_sleep_control(struct acpi_pm *pm, u8 val)
{
	pm->sleep_type = val & ACPI_PM_SLP_TYP_MASK;
	if (!(val & ACPI_PM_SLP_EN))
		return false;
	if (pm->sleep_type >> ACPI_PM_SLP_TYP_SHIFT == ACPI_PM_SLP_TYP_S5)
		return true;
	/*
	 * A state the DSDT does not name. The guest now polls for its wake-up,
	 * so a sleep that never began is over at once.
	 */
	pm->sleep_status |= ACPI_PM_WAK_STS;
	return false;
}

static void acpi_pm__write(struct dev *dev, u64 off, const void *data,
			   unsigned int len)
{
	struct acpi_pm *pm = dev->priv;
	bool off_requested = false;
	u8 val;

	if (len != 1)
		return;
	memcpy(&val, data, 1);
	pthread_mutex_lock(&pm->lock);
	if (off == ACPI_PM_SLEEP_CONTROL)
		off_requested = write_sleep_control(pm, val);
	else if (off == ACPI_PM_SLEEP_STATUS)
		pm->sleep_status &= (u8)~val;
	pthread_mutex_unlock(&pm->lock);
	if (off_requested)
		dev->host->shutdown(dev->host->ctx, VM_EXIT_POWEROFF);
	else if (off == ACPI_PM_RESET && val == ACPI_PM_RESET_VALUE)
		dev->host->shutdown(dev->host->ctx, VM_EXIT_RESET);
}

extern const struct dev_ops acpi_pm_dev_ops;
const struct dev_ops acpi_pm_dev_ops = {
	.realize = acpi_pm__realize,
	.unrealize = acpi_pm__unrealize,
	.read = acpi_pm__read,
	.write = acpi_pm__write,
};
