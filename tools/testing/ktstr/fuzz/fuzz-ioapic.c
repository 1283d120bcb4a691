// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's accesses, lines and ends of interrupts in any order: no interrupt
 * comes twice from a level-triggered pin without an end, and reads are total.
 */
#include "vmm/x86/ioapic.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static void on_deliver(void *ctx, const struct ioapic_msi *msi)
{
	unsigned int *left = ctx;

	/* One step of input cannot make more than each pin fire. */
	if (!(*left)-- || (msi->address & 0xfff00000) != 0xfee00000)
		__builtin_trap();
}

static void on_route(void *ctx, const struct ioapic_msi pin[X86_IOAPIC_PINS])
{
	(void)ctx;
	(void)pin;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	unsigned int left = 0;
	const struct ioapic_ops ops = { on_deliver, on_route, &left };
	struct ioapic *io = ioapic__new(&ops);

	for (; io && len >= 6; data += 6, len -= 6) {
		u8 buf[8] = { data[2], data[3], data[4], data[5] };

		left = X86_IOAPIC_PINS;
		switch (data[0] % 5) {
		case 0:
		case 1:
			ioapic__access(io, data[1] & 0x7f, buf,
				       data[1] & 0x80 ? 4 : 8, data[0] % 5);
			break;
		case 2: /* select and write at once gets deeper */
			buf[0] = data[1];
			ioapic__access(io, 0, buf, 1, true);
			memcpy(buf, data + 2, 4);
			ioapic__access(io, 0x10, buf, 4, true);
			break;
		case 3:
			ioapic__set_line(io, data[1] & 0x1f, data[2] & 1);
			break;
		default:
			ioapic__eoi(io, data[1]);
		}
	}
	ioapic__free(io);
	return 0;
}
