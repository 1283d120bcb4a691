// SPDX-License-Identifier: GPL-2.0
/*
 * The x86_64 half of building a machine. Called from vm__new() on one thread.
 */
#include <sys/ioctl.h>
#include <sys/random.h>

#include "vmm/acpi/acpi.h"
#include "vmm/arch.h"
#include "vmm/kvm.h"
#include "vmm/x86/boot.h"
#include "vmm/x86/cpuid.h"
#include "vmm/x86/kaslr.h"
#include "vmm/x86/layout.h"
#include "vmm/x86/regs.h"

static int ioctl_failed(const char *name, struct kt_diag *diag)
{
	return diag__fail(diag, -errno, "%s: %s", name, strerror(errno));
}

/*
 * Route every line to the IOAPIC only. By default KVM also feeds its PIC,
 * which a hardware-reduced guest never initialises: it would deliver vectors
 * 3 and 4 as exceptions.
 */
static int route_irqs(int vm_fd, struct kt_diag *diag)
{
	union {
		struct kvm_irq_routing head;
		u8 room[sizeof(struct kvm_irq_routing) +
			X86_IOAPIC_PINS * sizeof(struct kvm_irq_routing_entry)];
	} r = { .room = { 0 } };

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

/* The in-kernel interrupt controllers deliver to 8-bit ids, 255 is all. */
static int check_apic_ids(const struct topology *t, struct kt_diag *diag)
{
	u32 last = topo__apic_id(t, topo__nr_cpus(t) - 1);

	if (last > X86_MAX_APIC_ID)
		return diag__fail(
			diag, -EINVAL,
			"topology: the last CPU's APIC id is %u, the "
			"limit is %u; use fewer LLCs, or powers of two "
			"of cores and threads",
			last, X86_MAX_APIC_ID);
	return 0;
}

int arch__check(const struct vm_config *cfg, const struct kimage *img,
		struct kt_diag *diag)
{
	struct boot_initrd place;
	struct gmem layout;
	u64 len = 0;
	int err;

	gmem__layout(&layout, MIB(cfg->memory_mib));
	err = check_apic_ids(cfg->topology, diag);
	if (!err)
		err = boot__check_kernel(&layout, img, diag);
	if (!err)
		err = boot__initrd_len(cfg->initrd, cfg->nr_initrd, &len, diag);
	if (!err)
		err = boot__place_initrd(&layout, img->init_end, len, &place,
					 diag);
	return err;
}

int arch__init_vm(struct vm *vm, struct kt_diag *diag)
{
	u64 identity = X86_KVM_IDENTITY_ADDR;

	if (ioctl(vm->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity))
		return ioctl_failed("KVM_SET_IDENTITY_MAP_ADDR", diag);
	if (ioctl(vm->vm_fd, KVM_SET_TSS_ADDR, (unsigned long)X86_KVM_TSS_ADDR))
		return ioctl_failed("KVM_SET_TSS_ADDR", diag);
	/* No KVM_CREATE_PIT2: its ticks would be exits. */
	if (ioctl(vm->vm_fd, KVM_CREATE_IRQCHIP, 0UL))
		return ioctl_failed("KVM_CREATE_IRQCHIP", diag);
	return route_irqs(vm->vm_fd, diag);
}

static int load_acpi(struct vm *vm, const struct vm_config *cfg,
		     struct kt_diag *diag)
{
	u8 *area = gmem__ptr(&vm->gm, X86_ACPI_ADDR, X86_ACPI_SIZE);
	const struct acpi_params p = {
		.topo = cfg->topology,
		.gm = &vm->gm,
		.lapic_addr = X86_LAPIC_ADDR,
		.ioapic_addr = X86_IOAPIC_ADDR,
	};
	size_t len;

	if (!area)
		return diag__fail(diag, -EFAULT, "no memory for ACPI tables");
	return acpi__build(&p, X86_ACPI_ADDR, area, X86_ACPI_SIZE, &len, diag);
}

/* A new place for each machine, as a bzImage's own start-up code does. */
static int randomise(struct vm *vm, const char *cmdline,
		     const struct kimage *img, struct kt_diag *diag)
{
	u64 random;

	if (!boot__wants_kaslr(cmdline))
		return 0;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return diag__fail(diag, -errno, "getrandom: %s",
				  strerror(errno));
	vm->kaslr_offset = kaslr__offset(img, random);
	return kaslr__relocate(&vm->gm, img, vm->kaslr_offset, diag);
}

int arch__load(struct vm *vm, const struct vm_config *cfg,
	       const struct kimage *img, struct kt_diag *diag)
{
	struct boot_initrd initrd;
	int err;

	err = check_apic_ids(cfg->topology, diag);
	if (!err)
		err = boot__load_kernel(&vm->gm, img, diag);
	if (!err)
		err = randomise(vm, cfg->cmdline, img, diag);
	if (!err)
		err = boot__load_initrd(&vm->gm, img->init_end, cfg->initrd,
					cfg->nr_initrd, &initrd, diag);
	if (!err)
		err = load_acpi(vm, cfg, diag);
	if (!err)
		err = boot__write_params(&vm->gm, img, cfg->cmdline, &initrd,
					 X86_ACPI_ADDR, diag);
	if (!err && boot__write_tables(&vm->gm))
		err = diag__fail(diag, -EFAULT, "no memory for page tables");
	return err;
}

static int get_supported_cpuid(int kvm_fd, struct x86_cpuid *ret,
			       struct kt_diag *diag)
{
	ret->head.nent = X86_CPUID_MAX;
	if (ioctl(kvm_fd, KVM_GET_SUPPORTED_CPUID, &ret->head))
		return ioctl_failed("KVM_GET_SUPPORTED_CPUID", diag);
	return 0;
}

static int set_cpuid(struct vcpu *vcpu, const struct x86_cpuid *supported,
		     const struct topology *topo,
		     const struct x86_cpuid_opts *opts, struct kt_diag *diag)
{
	struct x86_cpuid c = *supported;
	int err = x86_cpuid__patch(&c, topo, vcpu->id, opts);

	if (err)
		return diag__fail(diag, err, "more than %u CPUID leaves",
				  X86_CPUID_MAX);
	if (ioctl(vcpu->fd, KVM_SET_CPUID2, &c.head))
		return ioctl_failed("KVM_SET_CPUID2", diag);
	return 0;
}

int arch__create_vcpus(struct vm *vm, const struct vm_config *cfg,
		       const struct kimage *img, struct kt_diag *diag)
{
	const struct topology *topo = cfg->topology;
	struct x86_cpuid_opts opts = {
		.tsc_deadline =
			kvm__has(vm->kvm_fd, KVM_CAP_TSC_DEADLINE_TIMER),
	};
	struct x86_cpuid *supported __free(ptr) = calloc(1, sizeof(*supported));
	int err;

	if (!supported)
		return diag__fail(diag, -ENOMEM, "out of memory");
	err = get_supported_cpuid(vm->kvm_fd, supported, diag);
	for (unsigned int i = 0; !err && i < cfg->nr_cpus; i++) {
		err = vcpu__create(vm, i, topo__apic_id(topo, i), diag);
		if (!err)
			err = set_cpuid(&vm->vcpu[i], supported, topo, &opts,
					diag);
		if (!err)
			err = regs__init_common(vm->vcpu[i].fd, diag);
		if (err)
			return diag__context(diag, err, "vCPU %u", i);
	}
	if (!err)
		err = regs__init_boot(vm->vcpu[0].fd, img->entry, diag);
	return err;
}
