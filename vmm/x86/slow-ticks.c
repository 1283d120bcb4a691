// SPDX-License-Identifier: GPL-2.0
/*
 * Rarer ticks while a machine boots on far fewer CPUs than it has.
 *
 * Until Linux has chosen its clock source (fs_initcall), every CPU that it has
 * brought up ticks, idle or not. Where a tick is dear, as under emulation, a
 * few CPUs that do nothing else take all the time there is, and a boot takes
 * quadratic time. So the VMM has the timer's MSR to itself at first and sets
 * deadlines farther away, the farther the more CPUs there are. Linux does not
 * notice: in that time its clock is the count of its ticks.
 *
 * The first interrupt of a device ends it: Linux has drivers by then, which
 * come later. What is tested comes later still.
 *
 * On hosts that handle the MSR on their own in spite of the filter (Intel's
 * preemption timer), nothing happens, and nothing is needed.
 */
#include "vmm/x86/slow-ticks.h"

#include <sched.h>
#include <sys/ioctl.h>

#include "vmm/kvm.h"

#define MSR_IA32_TSC 0x10u
#define MSR_IA32_TSC_DEADLINE 0x6e0u

union msr_room {
	struct kvm_msrs head;
	u8 room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
};

static int set_filter(const struct vm *vm, u32 msrs)
{
	u8 denied[1] = { 0 }; /* a clear bit: KVM may not do it */
	struct kvm_msr_filter f = {
		.flags = KVM_MSR_FILTER_DEFAULT_ALLOW,
		.ranges[0] = { .flags = msrs ? KVM_MSR_FILTER_WRITE : 0,
			       .nmsrs = msrs,
			       .base = MSR_IA32_TSC_DEADLINE,
			       .bitmap = msrs ? denied : NULL },
	};

	return ioctl(vm->vm_fd, KVM_X86_SET_MSR_FILTER, &f);
}

void slow_ticks__begin(struct vm *vm, unsigned int nr_cpus)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_X86_USER_SPACE_MSR,
				      .args = { KVM_MSR_EXIT_REASON_FILTER } };
	unsigned int factor;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) || !CPU_COUNT(&set))
		return;
	factor = vm__crowding(nr_cpus, (unsigned int)CPU_COUNT(&set));
	if (factor < 2 || !kvm__has(vm->kvm_fd, KVM_CAP_X86_USER_SPACE_MSR) ||
	    !kvm__has(vm->kvm_fd, KVM_CAP_X86_MSR_FILTER) ||
	    ioctl(vm->vm_fd, KVM_ENABLE_CAP, &cap) || set_filter(vm, 1))
		return;
	atomic_store(&vm->slow_ticks, factor);
}

void slow_ticks__end(struct vm *vm)
{
	if (atomic_load_explicit(&vm->slow_ticks, memory_order_relaxed) &&
	    atomic_exchange(&vm->slow_ticks, 0))
		(void)set_filter(vm, 0);
}

static u64 read_tsc(const struct vcpu *vcpu)
{
	union msr_room m = { .room = { 0 } };

	m.head.nmsrs = 1;
	m.head.entries[0].index = MSR_IA32_TSC;
	return ioctl(vcpu->fd, KVM_GET_MSRS, &m) == 1 ? m.head.entries[0].data
						      : 0;
}

void slow_ticks__write(struct vcpu *vcpu, u64 deadline)
{
	u64 factor = atomic_load(&vcpu->vm->slow_ticks);
	union msr_room m = { .room = { 0 } };
	u64 now = factor ? read_tsc(vcpu) : 0;

	/* 0 disarms. A guest may ask for any time; a sum may not wrap. */
	if (now && deadline > now && deadline - now < UINT64_MAX / 1024)
		deadline = now + (deadline - now) * KT_MIN(factor, (u64)512);
	m.head.nmsrs = 1;
	m.head.entries[0].index = MSR_IA32_TSC_DEADLINE;
	m.head.entries[0].data = deadline;
	if (ioctl(vcpu->fd, KVM_SET_MSRS, &m) != 1 && !vm__ending(vcpu->vm))
		vm__fail(vcpu->vm, "vCPU %u: KVM_SET_MSRS of the deadline: %s",
			 vcpu->id, strerror(errno));
}
