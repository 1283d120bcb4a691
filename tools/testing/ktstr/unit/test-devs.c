// SPDX-License-Identifier: GPL-2.0
/* The device table, its walks, and the ACPI power registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "vmm/dev/acpi-pm.h"
#include "vmm/dev/dev.h"

#define NO_SHUTDOWN VM_EXIT_NR

static void on_irq(void *ctx, u32 gsi, bool level)
{
	(void)ctx;
	fail_msg("interrupt %u level %d", gsi, level);
}

static void on_output(void *ctx, enum vm_stream stream, const void *buf,
		      size_t len)
{
	(void)ctx;
	(void)buf;
	fail_msg("output of %zu bytes on %d", len, (int)stream);
}

static void on_shutdown(void *ctx, enum vm_exit_reason reason)
{
	*(enum vm_exit_reason *)ctx = reason;
}

struct fixture {
	enum vm_exit_reason shutdown;
	struct dev_set set;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct dev_host host = {
		.irq = on_irq,
		.output = on_output,
		.shutdown = on_shutdown,
	};

	assert_non_null(f);
	f->shutdown = NO_SHUTDOWN;
	host.ctx = &f->shutdown;
	assert_int_equal(devs__realize(&f->set, &host, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	devs__unrealize(&f->set);
	devs__unrealize(&f->set); /* twice is fine */
	free(f);
	return 0;
}

static u8 pm_in(struct fixture *f, u64 off)
{
	u64 addr = dev_descs[DEV_ACPI_PM].base + off;
	u8 val = 0x5a;

	assert_true(devs__access(&f->set, DEV_PIO, addr, &val, 1, false));
	return val;
}

static void pm_out(struct fixture *f, u64 off, u8 val)
{
	u64 addr = dev_descs[DEV_ACPI_PM].base + off;

	assert_true(devs__access(&f->set, DEV_PIO, addr, &val, 1, true));
}

static void table_is_sound(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < DEV_NR; i++) {
		const struct dev_desc *a = &dev_descs[i];

		assert_int_equal(a->id, i);
		assert_non_null(a->ops->realize);
		assert_non_null(a->ops->unrealize);
		assert_non_null(a->ops->read);
		assert_non_null(a->ops->write);
		assert_true(a->size > 0);
		assert_true(a->gsi < 24); /* inputs of one IOAPIC */
		assert_true(strlen(a->help) > 0);
		if (a->bus == DEV_MMIO) {
			assert_true(a->base >= GMEM_GAP_START);
			assert_true(a->base + a->size <= GMEM_GAP_END);
		} else {
			assert_true(a->base + a->size <= 0x10000);
		}
		for (unsigned int j = 0; j < i; j++) {
			const struct dev_desc *b = &dev_descs[j];

			assert_true(!a->gsi || a->gsi != b->gsi);
			assert_true(a->bus != b->bus ||
				    a->base + a->size <= b->base ||
				    b->base + b->size <= a->base);
		}
	}
}

static void unclaimed_address_reads_ones(void **state)
{
	struct fixture *f = *state;
	u64 val = 0;

	assert_false(devs__access(&f->set, DEV_PIO, 0x80, &val, 4, false));
	assert_int_equal(val, 0xffffffffu);
	assert_false(devs__access(&f->set, DEV_MMIO, ~0ULL, &val, 8, false));
	assert_true(val == ~0ULL);
	assert_false(devs__access(&f->set, DEV_MMIO, ~0ULL, &val, 8, true));
}

static void s5_powers_off(void **state)
{
	struct fixture *f = *state;
	u8 s5 = ACPI_PM_SLP_TYP_S5 << ACPI_PM_SLP_TYP_SHIFT;

	pm_out(f, ACPI_PM_SLEEP_STATUS, ACPI_PM_WAK_STS);
	pm_out(f, ACPI_PM_SLEEP_CONTROL, s5); /* type alone does nothing */
	assert_int_equal(f->shutdown, NO_SHUTDOWN);
	pm_out(f, ACPI_PM_SLEEP_CONTROL, s5 | ACPI_PM_SLP_EN);
	assert_int_equal(f->shutdown, VM_EXIT_POWEROFF);
	assert_int_equal(pm_in(f, ACPI_PM_SLEEP_CONTROL), s5);
	assert_int_equal(pm_in(f, ACPI_PM_SLEEP_STATUS), 0);
}

static void other_sleep_states_wake_at_once(void **state)
{
	struct fixture *f = *state;

	for (u8 type = 0; type < 8; type++) {
		if (type == ACPI_PM_SLP_TYP_S5)
			continue;
		assert_int_equal(pm_in(f, ACPI_PM_SLEEP_STATUS), 0);
		pm_out(f, ACPI_PM_SLEEP_CONTROL,
		       (u8)(type << ACPI_PM_SLP_TYP_SHIFT) | ACPI_PM_SLP_EN);
		assert_int_equal(f->shutdown, NO_SHUTDOWN);
		assert_int_equal(pm_in(f, ACPI_PM_SLEEP_STATUS),
				 ACPI_PM_WAK_STS);
		pm_out(f, ACPI_PM_SLEEP_STATUS, ACPI_PM_WAK_STS);
	}
}

static void reset_wants_its_value(void **state)
{
	struct fixture *f = *state;

	for (int val = 0; val < 256; val++) {
		if (val != ACPI_PM_RESET_VALUE)
			pm_out(f, ACPI_PM_RESET, (u8)val);
		assert_int_equal(f->shutdown, NO_SHUTDOWN);
	}
	assert_int_equal(pm_in(f, ACPI_PM_RESET), 0);
	pm_out(f, ACPI_PM_RESET, ACPI_PM_RESET_VALUE);
	assert_int_equal(f->shutdown, VM_EXIT_RESET);
}

static void wide_and_reserved_accesses(void **state)
{
	struct fixture *f = *state;
	u64 addr = dev_descs[DEV_ACPI_PM].base;
	u32 val = 0x01010134; /* S5 and reset, if bytes were split */

	assert_true(devs__access(&f->set, DEV_PIO, addr, &val, 4, true));
	assert_int_equal(f->shutdown, NO_SHUTDOWN);
	assert_true(devs__access(&f->set, DEV_PIO, addr, &val, 4, false));
	assert_int_equal(val, 0xffffffff);
	pm_out(f, 7, 1);
	assert_int_equal(pm_in(f, 7), 0xff);
	assert_int_equal(f->shutdown, NO_SHUTDOWN);
}

/* Devices that write down what happens to them; the one with arg 1 fails. */
static int fake_realize(struct dev *dev, struct kt_diag *diag)
{
	char *log = dev->host->ctx;

	if (dev->desc->arg)
		return diag__fail(diag, -EBUSY, "slot taken");
	strcat(log, "+");
	strcat(log, dev->desc->name);
	return 0;
}

static void fake_unrealize(struct dev *dev)
{
	char *log = dev->host->ctx;

	strcat(log, "-");
	strcat(log, dev->desc->name);
}

static void failure_unwinds_backward(void **state)
{
	static const struct dev_ops ops = {
		.realize = fake_realize,
		.unrealize = fake_unrealize,
	};
	static const struct dev_desc table[] = {
		{ .name = "A", .ops = &ops },
		{ .name = "B", .ops = &ops },
		{ .name = "C", .ops = &ops, .arg = 1 },
	};
	char log[32] = "";
	struct dev_host host = { .ctx = log };
	struct kt_diag diag = { 0 };
	struct dev_set set;

	(void)state;
	assert_int_equal(devs__realize_table(&set, table, 3, &host, &diag),
			 -EBUSY);
	assert_string_equal(log, "+A+B-B-A");
	assert_string_equal(diag.msg, "device C: slot taken");
	assert_int_equal(set.nr, 0);
	/* Neither input nor flush: devices may lack both. */
	assert_int_equal(devs__realize_table(&set, table, 2, &host, NULL), 0);
	assert_int_equal(devs__input(&set, VM_STREAM_BULK, "x", 1), -ENODEV);
	devs__flush(&set);
	devs__unrealize(&set);
	assert_string_equal(log, "+A+B-B-A+A+B-B-A");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_sound),
		cmocka_unit_test(failure_unwinds_backward),
		T(unclaimed_address_reads_ones),
		T(s5_powers_off),
		T(other_sleep_states_wake_at_once),
		T(reset_wants_its_value),
		T(wide_and_reserved_accesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
