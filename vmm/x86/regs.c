// SPDX-License-Identifier: GPL-2.0
/* Initial vCPU state. Called from vm__new(), once per vCPU. */
#include "vmm/x86/regs.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include "vmm/x86/layout.h"

#define CR0_PE 0x1ULL
#define CR0_ET 0x10ULL
#define CR0_PG 0x80000000ULL
#define CR4_PAE 0x20ULL
#define EFER_LME 0x100ULL
#define EFER_LMA 0x400ULL
#define RFLAGS_FIXED 0x2ULL

/* Intel SDM vol. 4, table 2-2. */
#define MSR_IA32_TSC 0x10u
#define MSR_IA32_SYSENTER_CS 0x174u
#define MSR_IA32_SYSENTER_ESP 0x175u
#define MSR_IA32_SYSENTER_EIP 0x176u
#define MSR_IA32_MISC_ENABLE 0x1a0u
#define MISC_ENABLE_FAST_STRING 0x1u
#define MSR_MTRR_DEF_TYPE 0x2ffu
#define MTRR_ENABLE_WB 0x806u
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_CSTAR 0xc0000083u
#define MSR_SYSCALL_MASK 0xc0000084u
#define MSR_KERNEL_GS_BASE 0xc0000102u

/* IA32_APIC_BASE, table 2-2 too. */
#define APIC_BASE_X2APIC (1ULL << 10)
#define APIC_BASE_ENABLE (1ULL << 11)

/* Local APIC page, SDM vol. 3A 11.4.1. */
#define APIC_LVT0 0x350u
#define APIC_LVT1 0x360u
#define APIC_MODE_MASK 0x700u
#define APIC_MODE_NMI 0x400u
#define APIC_MODE_EXTINT 0x700u

static int fail(struct kt_diag *diag, const char *what)
{
	return diag__fail(diag, -errno, "%s: %s", what, strerror(errno));
}

static struct kvm_segment flat_segment(u16 selector, u8 type, bool code)
{
	return (struct kvm_segment){
		.base = 0,
		.limit = 0xffffffffu,
		.selector = selector,
		.type = type,
		.present = 1,
		.s = 1,
		.l = code,
		.db = !code,
		.g = 1,
	};
}

int regs__init_boot(int vcpu_fd, u64 entry, struct kt_diag *diag)
{
	struct kvm_regs regs = {
		.rip = entry,
		.rsi = X86_ZERO_PAGE_ADDR,
		.rsp = X86_BOOT_STACK_TOP,
		.rbp = X86_BOOT_STACK_TOP,
		.rflags = RFLAGS_FIXED,
	};
	struct kvm_sregs s;

	if (ioctl(vcpu_fd, KVM_GET_SREGS, &s))
		return fail(diag, "KVM_GET_SREGS");
	s.cs = flat_segment(0x10, 0xb, true);
	s.ds = s.es = s.fs = s.gs = s.ss = flat_segment(0x18, 0x3, false);
	s.gdt.base = X86_GDT_ADDR;
	s.gdt.limit = 4 * 8 - 1;
	s.idt.base = X86_IDT_ADDR;
	s.idt.limit = 7; /* one null entry: any fault becomes a shutdown */
	s.cr0 = CR0_PE | CR0_ET | CR0_PG;
	s.cr3 = X86_PML4_ADDR;
	s.cr4 = CR4_PAE;
	s.efer = EFER_LME | EFER_LMA;
	if (ioctl(vcpu_fd, KVM_SET_SREGS, &s))
		return fail(diag, "KVM_SET_SREGS");
	if (ioctl(vcpu_fd, KVM_SET_REGS, &regs))
		return fail(diag, "KVM_SET_REGS");
	return 0;
}

static int set_msrs(int vcpu_fd, struct kt_diag *diag)
{
	static const struct kvm_msr_entry init[] = {
		{ .index = MSR_IA32_SYSENTER_CS },
		{ .index = MSR_IA32_SYSENTER_ESP },
		{ .index = MSR_IA32_SYSENTER_EIP },
		{ .index = MSR_STAR },
		{ .index = MSR_CSTAR },
		{ .index = MSR_KERNEL_GS_BASE },
		{ .index = MSR_SYSCALL_MASK },
		{ .index = MSR_LSTAR },
		{ .index = MSR_IA32_TSC },
		{ .index = MSR_IA32_MISC_ENABLE,
		  .data = MISC_ENABLE_FAST_STRING },
		{ .index = MSR_MTRR_DEF_TYPE, .data = MTRR_ENABLE_WB },
	};
	union {
		struct kvm_msrs head;
		u8 room[sizeof(struct kvm_msrs) + sizeof(init)];
	} msrs = { .room = { 0 } };
	int n;

	msrs.head.nmsrs = ARRAY_SIZE(init);
	memcpy(msrs.head.entries, init, sizeof(init));
	n = ioctl(vcpu_fd, KVM_SET_MSRS, &msrs);
	if (n < 0)
		return fail(diag, "KVM_SET_MSRS");
	if (n < (int)ARRAY_SIZE(init))
		return diag__fail(diag, -EINVAL, "KVM refuses to set MSR %#x",
				  init[n].index);
	return 0;
}

/* LINT0 takes the (absent) PIC, LINT1 the NMI: what a BIOS would leave. */
static int set_lapic(int vcpu_fd, struct kt_diag *diag)
{
	struct kvm_lapic_state lapic;
	u32 lvt;

	if (ioctl(vcpu_fd, KVM_GET_LAPIC, &lapic))
		return fail(diag, "KVM_GET_LAPIC");
	memcpy(&lvt, lapic.regs + APIC_LVT0, sizeof(lvt));
	lvt = (lvt & ~APIC_MODE_MASK) | APIC_MODE_EXTINT;
	memcpy(lapic.regs + APIC_LVT0, &lvt, sizeof(lvt));
	memcpy(&lvt, lapic.regs + APIC_LVT1, sizeof(lvt));
	lvt = (lvt & ~APIC_MODE_MASK) | APIC_MODE_NMI;
	memcpy(lapic.regs + APIC_LVT1, &lvt, sizeof(lvt));
	if (ioctl(vcpu_fd, KVM_SET_LAPIC, &lapic))
		return fail(diag, "KVM_SET_LAPIC");
	return 0;
}

/* As firmware leaves CPUs whose ids xAPIC mode cannot address. */
static int set_x2apic(int vcpu_fd, struct kt_diag *diag)
{
	struct kvm_sregs s;

	if (ioctl(vcpu_fd, KVM_GET_SREGS, &s))
		return fail(diag, "KVM_GET_SREGS");
	s.apic_base |= APIC_BASE_ENABLE | APIC_BASE_X2APIC;
	if (ioctl(vcpu_fd, KVM_SET_SREGS, &s))
		return fail(diag, "KVM_SET_SREGS (x2APIC mode)");
	return 0;
}

int regs__init_common(int vcpu_fd, bool x2apic, struct kt_diag *diag)
{
	/* x87 and SSE as after FNINIT: all exceptions masked. */
	struct kvm_fpu fpu = { .fcw = 0x37f, .mxcsr = 0x1f80 };
	int err = set_msrs(vcpu_fd, diag);

	if (err)
		return err;
	if (ioctl(vcpu_fd, KVM_SET_FPU, &fpu))
		return fail(diag, "KVM_SET_FPU");
	if (x2apic)
		err = set_x2apic(vcpu_fd, diag);
	return err ? err : set_lapic(vcpu_fd, diag);
}
