// SPDX-License-Identifier: GPL-2.0
/*
 * Timers of a machine with far more CPUs than the host gives it are late until
 * a device has interrupted, and exact from then on; those of a small one are
 * exact at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <linux/kvm.h>

#include "skip.h"
#include "tiny-kernel.h"
#include "vmm/kvm.h"
#include "vmm/vm.h"

/* About a tenth of a second. */
#define TICKS "0x10000000"

/*
 * x2APIC, timer in deadline mode, interrupts off; sets a deadline, polls until
 * it is over, and says how many times as long it took: A is less than once, B
 * once.
 */
#define MEASURE                                                                \
	"mov $0x1b, %ecx\n rdmsr\n or $0xc00, %eax\n wrmsr\n xor %edx, %edx\n" \
	"mov $0x80f, %ecx\n mov $0x1ff, %eax\n wrmsr\n"                        \
	"mov $0x832, %ecx\n mov $0x40020, %eax\n wrmsr\n"                      \
	"rdtsc\n shl $32, %rdx\n or %rdx, %rax\n mov %rax, %r8\n"              \
	"add $" TICKS ", %rax\n mov %rax, %rdx\n shr $32, %rdx\n"              \
	"mov $0x6e0, %ecx\n wrmsr\n 2: pause\n rdmsr\n or %edx, %eax\n"        \
	"jnz 2b\n rdtsc\n shl $32, %rdx\n or %rdx, %rax\n sub %r8, %rax\n"     \
	"shr $28, %rax\n cmp $24, %eax\n jb 3f\n mov $24, %eax\n"              \
	"3: add $0x41, %eax\n mov $0x3f8, %dx\n out %al, %dx\n" OUTB(          \
		0x3f8, 0x0a) POWEROFF

GUEST(measure, MEASURE);
/* COM1 has room for a byte, and is asked to say so by an interrupt. */
GUEST(interrupt_first, OUTB(0x3fc, 8) OUTB(0x3f9, 2) OUTB(0x3f9, 0) MEASURE);

static void keep(void *ctx, const void *buf, size_t len)
{
	if (len)
		*(char *)ctx = *(const char *)buf;
}

/* How many times as late as asked for. */
static unsigned int lateness(const u8 *code, const u8 *end, unsigned int cpus)
{
	char kernel[TINY_KERNEL_PATH_SIZE], letter = 0;
	struct vm_config cfg = {
		.kernel = kernel,
		.cmdline = "",
		.nr_cpus = cpus,
		.memory_mib = 64,
		.timeout_ns = 30 * NSEC_PER_SEC,
		.input_fd = -1,
		.sink[VM_STREAM_COM1] = { keep, &letter },
	};
	struct kt_diag diag = { 0 };
	struct vm_exit e;
	struct vm *vm;

	tiny_kernel__write(kernel, code, (size_t)(end - code));
	if (vm__new(&cfg, &vm, &diag) || vm__run(vm, &e, &diag))
		fail_msg("%s", diag.msg);
	vm__free(vm);
	unlink(kernel);
	assert_int_equal(e.reason, VM_EXIT_POWEROFF);
	assert_in_range(letter, 'A', 'Y');
	return (unsigned int)letter - 'A';
}

#define LATENESS(name, cpus) lateness(guest_##name, guest_##name##_end, cpus)

#define TOO_MANY_CPUS 64u /* 16 times as many as may tick freely on one */

/* A host with one CPU, and KVM that lets us have the timer's register. */
static void be_a_small_host(void)
{
	unsigned int most;
	int kvm = -1, has;
	cpu_set_t set;

	tiny_kernel__need_kvm();
	assert_int_equal(kvm__open(KVM_DEVICE, &kvm, NULL), 0);
	most = kvm__max_vcpus(kvm);
	has = kvm__has(kvm, KVM_CAP_X86_USER_SPACE_MSR) &&
	      kvm__has(kvm, KVM_CAP_X86_MSR_FILTER);
	close(kvm);
	if (!has || most < TOO_MANY_CPUS)
		SKIP("no MSR filters, or %u vCPUs at most", most);
	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

static void a_small_machine_has_exact_timers(void **state)
{
	(void)state;
	tiny_kernel__need_kvm();
	assert_in_range(LATENESS(measure, 1), 1, 7);
}

/* 16 times, less what passes until the VMM looks at the clock. */
static void a_large_one_has_late_timers_at_first(void **state)
{
	(void)state;
	be_a_small_host();
	assert_in_range(LATENESS(measure, TOO_MANY_CPUS), 9, 24);
}

static void and_exact_ones_after_an_interrupt(void **state)
{
	(void)state;
	be_a_small_host();
	assert_in_range(LATENESS(interrupt_first, TOO_MANY_CPUS), 1, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_machine_has_exact_timers),
		cmocka_unit_test(a_large_one_has_late_timers_at_first),
		cmocka_unit_test(and_exact_ones_after_an_interrupt),
	};

	return cmocka_run_group_tests_name("vm-slow-ticks", tests, NULL, NULL);
}
