// SPDX-License-Identifier: GPL-2.0
/*
 * A userspace IOAPIC. Lines come from devices, accesses and ends of interrupts
 * from vCPU threads; interrupts leave as messages. One lock over all of it,
 * taken last: the callbacks only talk to KVM.
 */
#include "vmm/x86/ioapic.h"

#include <pthread.h>

#include "vmm/dev/dev.h"

#define REG_SELECT 0x00u
#define REG_WINDOW 0x10u

#define INDEX_ID 0u
#define INDEX_VERSION 1u
#define INDEX_ARBITRATION 2u
#define INDEX_ENTRY 0x10u
/* As KVM's: no end-of-interrupt register; in bits 16 to 23 the last pin. */
#define VERSION (0x11u | (X86_IOAPIC_PINS - 1) << 16)
#define ID_MASK 0x0f000000u

#define ENTRY_VECTOR 0xffu
#define ENTRY_DELIVERY 0x700u
#define ENTRY_LOGICAL (1u << 11)
#define ENTRY_PENDING (1u << 12) /* read-only; we deliver at once */
#define ENTRY_REMOTE_IRR (1u << 14)
#define ENTRY_LEVEL (1u << 15)
#define ENTRY_MASKED (1u << 16)
#define ENTRY_EXT_DEST_SHIFT 49
#define ENTRY_DEST_SHIFT 56

/* SDM vol. 3A, 11.11: message address and data. */
#define MSI_ADDRESS 0xfee00000u
#define MSI_LOGICAL (1u << 2)
#define MSI_ASSERT (1u << 14)
#define MSI_LEVEL (1u << 15)

struct ioapic {
	pthread_mutex_t lock; /* of everything below */
	struct ioapic_ops ops;
	u32 select, id;
	u32 high; /* lines, a bit per pin */
	u64 entry[X86_IOAPIC_PINS];
};

struct ioapic *ioapic__new(const struct ioapic_ops *ops)
{
	struct ioapic *io = calloc(1, sizeof(*io));

	if (!io)
		return NULL;
	io->ops = *ops;
	dev_lock__init(&io->lock);
	for (u32 i = 0; i < X86_IOAPIC_PINS; i++)
		io->entry[i] = ENTRY_MASKED;
	return io;
}

void ioapic__free(struct ioapic *io)
{
	if (!io)
		return;
	pthread_mutex_destroy(&io->lock);
	free(io);
}

static struct ioapic_msi message(u64 entry)
{
	u32 dest = (u32)(entry >> ENTRY_DEST_SHIFT) |
		   (u32)(entry >> ENTRY_EXT_DEST_SHIFT & 0x7f) << 8;
	u32 low = MSI_ADDRESS | (dest & 0xff) << 12;

	if (entry & ENTRY_LOGICAL)
		low |= MSI_LOGICAL;
	return (struct ioapic_msi){
		.address = (u64)(dest & ~0xffu) << 32 | low,
		.data = (u32)(entry & (ENTRY_VECTOR | ENTRY_DELIVERY)) |
			MSI_ASSERT | (entry & ENTRY_LEVEL ? MSI_LEVEL : 0),
	};
}

static void deliver(struct ioapic *io, u32 pin)
{
	struct ioapic_msi msi = message(io->entry[pin]);

	io->ops.deliver(io->ops.ctx, &msi);
}

/* A level-triggered line is an interrupt until the last one has ended. */
static void service_level(struct ioapic *io, u32 pin)
{
	u64 *entry = &io->entry[pin];

	if (!(*entry & ENTRY_LEVEL) || !(io->high >> pin & 1) ||
	    *entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR))
		return;
	*entry |= ENTRY_REMOTE_IRR;
	deliver(io, pin);
}

void ioapic__set_line(struct ioapic *io, u32 pin, bool level)
{
	bool rises;

	if (pin >= X86_IOAPIC_PINS)
		return;
	pthread_mutex_lock(&io->lock);
	rises = level && !(io->high >> pin & 1);
	if (level)
		io->high |= 1u << pin;
	else
		io->high &= ~(1u << pin);
	if (io->entry[pin] & ENTRY_LEVEL)
		service_level(io, pin);
	else if (rises && !(io->entry[pin] & ENTRY_MASKED))
		deliver(io, pin);
	pthread_mutex_unlock(&io->lock);
}

static void update_routes(struct ioapic *io)
{
	struct ioapic_msi pin[X86_IOAPIC_PINS];

	for (u32 i = 0; i < X86_IOAPIC_PINS; i++)
		pin[i] = message(io->entry[i]);
	io->ops.route(io->ops.ctx, pin);
}

static void write_entry(struct ioapic *io, u32 pin, bool upper, u32 value)
{
	const u64 fixed = ENTRY_PENDING | ENTRY_REMOTE_IRR;
	u64 old = io->entry[pin];
	u64 new = upper ? (u64)value << 32 | (u32)old
			: (old & ~(u64)UINT32_MAX) | value;

	new = (new & ~fixed) | (old & fixed);
	/* How guests of this version end an interrupt by hand. */
	if (!(new &ENTRY_LEVEL))
		new &= ~(u64)ENTRY_REMOTE_IRR;
	io->entry[pin] = new;
	if ((old ^ new) & ~(u64)(ENTRY_MASKED | fixed))
		update_routes(io);
	service_level(io, pin);
}

static u32 read_register(const struct ioapic *io)
{
	u32 entry = io->select - INDEX_ENTRY;

	switch (io->select) {
	case INDEX_ID:
	case INDEX_ARBITRATION:
		return io->id;
	case INDEX_VERSION:
		return VERSION;
	default:
		if (io->select < INDEX_ENTRY || entry / 2 >= X86_IOAPIC_PINS)
			return 0;
		return (u32)(io->entry[entry / 2] >> (entry & 1 ? 32 : 0));
	}
}

static void write_register(struct ioapic *io, u32 value)
{
	u32 entry = io->select - INDEX_ENTRY;

	if (io->select == INDEX_ID)
		io->id = value & ID_MASK;
	else if (io->select >= INDEX_ENTRY && entry / 2 < X86_IOAPIC_PINS)
		write_entry(io, entry / 2, entry & 1, value);
}

void ioapic__access(struct ioapic *io, u64 off, void *data, u32 len, bool write)
{
	u32 value = 0;

	/* Registers have 32 bits; wider or narrower is up to the guest. */
	if (write)
		memcpy(&value, data, KT_MIN(len, (u32)sizeof(value)));
	pthread_mutex_lock(&io->lock);
	if (off == REG_SELECT && write)
		io->select = value & 0xff;
	else if (off == REG_SELECT)
		value = io->select;
	else if (off == REG_WINDOW && write)
		write_register(io, value);
	else if (off == REG_WINDOW)
		value = read_register(io);
	pthread_mutex_unlock(&io->lock);
	if (write)
		return;
	memset(data, 0, len);
	memcpy(data, &value, KT_MIN(len, (u32)sizeof(value)));
}

void ioapic__eoi(struct ioapic *io, u8 vector)
{
	pthread_mutex_lock(&io->lock);
	for (u32 pin = 0; pin < X86_IOAPIC_PINS; pin++) {
		if ((io->entry[pin] & ENTRY_VECTOR) != vector ||
		    !(io->entry[pin] & ENTRY_REMOTE_IRR))
			continue;
		io->entry[pin] &= ~(u64)ENTRY_REMOTE_IRR;
		service_level(io, pin);
	}
	pthread_mutex_unlock(&io->lock);
}
