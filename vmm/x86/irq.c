// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupt controllers of a machine: all of KVM's where ids have 8 bits, else
 * KVM's local APICs and an IOAPIC of our own. Set up by vm__new(), then called
 * on vCPU threads and by devices.
 */
#include <sys/ioctl.h>

#include "vmm/arch.h"
#include "vmm/kvm.h"
#include "vmm/x86/irq.h"
#include "vmm/x86/ioapic.h"
#include "vmm/x86/slow-ticks.h"

union routing {
	struct kvm_irq_routing head;
	u8 room[sizeof(struct kvm_irq_routing) +
		X86_IOAPIC_PINS * sizeof(struct kvm_irq_routing_entry)];
};

static int ioctl_failed(const char *name, struct kt_diag *diag)
{
	return diag__fail(diag, -errno, "%s: %s", name, strerror(errno));
}

/*
 * Route every line to the IOAPIC only. By default KVM also feeds its PIC,
 * which a hardware-reduced guest never initialises: it would deliver vectors
 * 3 and 4 as exceptions.
 */
static int route_to_kvm_ioapic(int vm_fd, struct kt_diag *diag)
{
	union routing r = { .room = { 0 } };

	r.head.nr = X86_IOAPIC_PINS;
	for (u32 i = 0; i < X86_IOAPIC_PINS; i++)
		r.head.entries[i] = (struct kvm_irq_routing_entry){
			.gsi = i,
			.type = KVM_IRQ_ROUTING_IRQCHIP,
			.u.irqchip = { KVM_IRQCHIP_IOAPIC, i },
		};
	if (ioctl(vm_fd, KVM_SET_GSI_ROUTING, &r))
		return ioctl_failed("KVM_SET_GSI_ROUTING", diag);
	return 0;
}

static int create_in_kernel(struct vm *vm, struct kt_diag *diag)
{
	/* No KVM_CREATE_PIT2: its ticks would be exits. */
	const struct kvm_call call = { .fd = vm->vm_fd,
				       .request = KVM_CREATE_IRQCHIP,
				       .name = "KVM_CREATE_IRQCHIP" };
	int err = kvm__call(&call, diag);

	return err ? err : route_to_kvm_ioapic(vm->vm_fd, diag);
}

static void deliver(void *ctx, const struct ioapic_msi *msi)
{
	struct vm *vm = ctx;
	struct kvm_msi m = {
		.address_lo = (u32)msi->address,
		.address_hi = (u32)(msi->address >> 32),
		.data = msi->data,
	};

	/* 0: the guest's CPU blocks it, which is the guest's affair. */
	if (ioctl(vm->vm_fd, KVM_SIGNAL_MSI, &m) < 0 && !vm__ending(vm))
		vm__fail(vm, "KVM_SIGNAL_MSI (address %#llx, data %#x): %s",
			 (unsigned long long)msi->address, msi->data,
			 strerror(errno));
}

static void route(void *ctx, const struct ioapic_msi pin[X86_IOAPIC_PINS])
{
	struct vm *vm = ctx;
	union routing r = { .room = { 0 } };

	for (u32 i = 0; i < X86_IOAPIC_PINS; i++) {
		if ((pin[i].data & 0xff) < 16) /* no vector yet */
			continue;
		r.head.entries[r.head.nr++] = (struct kvm_irq_routing_entry){
			.gsi = i,
			.type = KVM_IRQ_ROUTING_MSI,
			.u.msi = {
				.address_lo = (u32)pin[i].address,
				.address_hi = (u32)(pin[i].address >> 32),
				.data = pin[i].data,
			},
		};
	}
	if (ioctl(vm->vm_fd, KVM_SET_GSI_ROUTING, &r) && !vm__ending(vm))
		vm__fail(vm, "KVM_SET_GSI_ROUTING: %s", strerror(errno));
}

static int create_split(struct vm *vm, struct kt_diag *diag)
{
	const struct ioapic_ops ops = { deliver, route, vm };
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP,
					.args = { X86_IOAPIC_PINS } };
	struct kvm_enable_cap wide = {
		.cap = KVM_CAP_X2APIC_API,
		.args = { KVM_X2APIC_API_USE_32BIT_IDS |
			  KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK },
	};

	if (ioctl(vm->vm_fd, KVM_ENABLE_CAP, &wide))
		return ioctl_failed("KVM_CAP_X2APIC_API, needed for APIC ids "
				    "above 254",
				    diag);
	if (ioctl(vm->vm_fd, KVM_ENABLE_CAP, &split))
		return ioctl_failed("KVM_CAP_SPLIT_IRQCHIP, needed for APIC "
				    "ids above 254",
				    diag);
	vm->ioapic = ioapic__new(&ops);
	return vm->ioapic ? 0 : diag__fail(diag, -ENOMEM, "out of memory");
}

bool irq__is_split(const struct topology *t)
{
	return topo__apic_id(t, topo__nr_cpus(t) - 1) > X86_MAX_XAPIC_ID;
}

int irq__init(struct vm *vm, const struct topology *t, struct kt_diag *diag)
{
	return irq__is_split(t) ? create_split(vm, diag)
				: create_in_kernel(vm, diag);
}

void arch__fini_vm(struct vm *vm)
{
	ioapic__free(vm->ioapic);
	vm->ioapic = NULL;
}

int arch__set_irq(struct vm *vm, u32 gsi, bool level)
{
	struct kvm_irq_level irq = { .irq = gsi, .level = level };

	slow_ticks__end(vm);
	if (vm->ioapic) {
		ioapic__set_line(vm->ioapic, gsi, level);
		return 0;
	}
	return ioctl(vm->vm_fd, KVM_IRQ_LINE, &irq) ? -errno : 0;
}

bool arch__access(struct vm *vm, u64 gpa, void *data, u32 len, bool write)
{
	if (!vm->ioapic || gpa < X86_IOAPIC_ADDR ||
	    gpa - X86_IOAPIC_ADDR >= IOAPIC_SIZE)
		return false;
	ioapic__access(vm->ioapic, gpa - X86_IOAPIC_ADDR, data, len, write);
	return true;
}

void arch__wrmsr(struct vcpu *vcpu, u32 index, u64 value)
{
	(void)index; /* only one is filtered */
	slow_ticks__write(vcpu, value);
}

void arch__eoi(struct vm *vm, u8 vector)
{
	if (vm->ioapic)
		ioapic__eoi(vm->ioapic, vector);
}
