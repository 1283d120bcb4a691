// SPDX-License-Identifier: GPL-2.0
/*
 * The x86_64 half of building a machine. Called from vm__new() on one thread.
 */
#include <sys/ioctl.h>
#include <sys/random.h>

#include "vmm/acpi/acpi.h"
#include "vmm/arch.h"
#include "vmm/host/checks.h"
#include "vmm/kvm.h"
#include "vmm/x86/boot.h"
#include "vmm/x86/cpuid.h"
#include "vmm/x86/irq.h"
#include "vmm/x86/kaslr.h"
#include "vmm/x86/layout.h"
#include "vmm/x86/regs.h"
#include "vmm/x86/slow-ticks.h"

static int ioctl_failed(const char *name, struct kt_diag *diag)
{
	return diag__fail(diag, -errno, "%s: %s", name, strerror(errno));
}

int arch__check(const struct vm_config *cfg, const struct kimage *img,
		struct kt_diag *diag)
{
	struct boot_initrd place;
	struct gmem layout;
	u64 len = 0;
	int err;

	gmem__layout(&layout, MIB(cfg->memory_mib));
	err = boot__check_kernel(&layout, img, diag);
	if (!err)
		err = boot__initrd_len(cfg->initrd, cfg->nr_initrd, &len, diag);
	if (!err)
		err = boot__place_initrd(&layout, img->init_end, len, &place,
					 diag);
	return err;
}

int arch__init_vm(struct vm *vm, const struct vm_config *cfg,
		  struct kt_diag *diag)
{
	u64 identity = X86_KVM_IDENTITY_ADDR;

	if (ioctl(vm->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity))
		return ioctl_failed("KVM_SET_IDENTITY_MAP_ADDR", diag);
	if (ioctl(vm->vm_fd, KVM_SET_TSS_ADDR, (unsigned long)X86_KVM_TSS_ADDR))
		return ioctl_failed("KVM_SET_TSS_ADDR", diag);
	slow_ticks__begin(vm, cfg->nr_cpus);
	return irq__init(vm, cfg->topology, diag);
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

/* Whatever its CPU announces: a TSC found unstable is no clock source. */
static bool host_trusts_tsc(void)
{
	char *clock __free(ptr) = host_clock();

	return clock && !strcmp(clock, "tsc");
}

int arch__create_vcpus(struct vm *vm, const struct vm_config *cfg,
		       const struct kimage *img, struct kt_diag *diag)
{
	const struct topology *topo = cfg->topology;
	struct x86_cpuid_opts opts = {
		.tsc_deadline =
			kvm__has(vm->kvm_fd, KVM_CAP_TSC_DEADLINE_TIMER),
		.msi_ext_dest = irq__is_split(topo),
		.realtime = place__realtime(vm),
		.stable_tsc = host_trusts_tsc(),
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
			err = regs__init_common(vm->vcpu[i].fd,
						opts.msi_ext_dest, diag);
		if (err)
			return diag__context(diag, err, "vCPU %u", i);
	}
	if (!err)
		err = regs__init_boot(vm->vcpu[0].fd, img->entry, diag);
	return err;
}
