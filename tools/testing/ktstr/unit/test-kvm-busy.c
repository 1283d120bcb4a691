// SPDX-License-Identifier: GPL-2.0
/*
 * A host that has nothing left for a machine, for a moment or for good. Its
 * errors are put in place of KVM's answers by the ioctl() of this program,
 * which is linked before libc's. And a KVM with fewer vCPUs than are wanted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <ktstr/fd.h>

#include "scratch.h"
#include "tiny-kernel.h"
#include "vmm/kvm.h"
#include "vmm/vm.h"

GUEST(poweroff, POWEROFF);

/* What happens to calls of one kind: @times they fail, then the kernel's word.
 */
static struct {
	unsigned long request;
	int err;
	unsigned int times, calls;
} fault;

static int most_vcpus; /* that KVM says it gives a machine; 0: as it says */

int ioctl(int fd, unsigned long request, ...)
{
	unsigned long arg;
	va_list ap;

	va_start(ap, request);
	arg = va_arg(ap, unsigned long);
	va_end(ap);
	if (most_vcpus && request == KVM_CHECK_EXTENSION &&
	    arg == KVM_CAP_MAX_VCPUS)
		return most_vcpus;
	if (fault.request == request && fault.calls++ < fault.times) {
		errno = fault.err;
		return -1;
	}
	return (int)syscall(SYS_ioctl, fd, request, arg);
}

static void fail_calls(unsigned long request, int err, unsigned int times)
{
	fault.request = request;
	fault.err = err;
	fault.times = times;
	fault.calls = 0;
}

static int heal(void **state)
{
	(void)state;
	fail_calls(0, 0, 0);
	most_vcpus = 0;
	return 0;
}

static int make(struct kt_diag *diag)
{
	int fd = -1, err;

	*diag = (struct kt_diag){ 0 };
	/* Nobody's descriptor: the kernel's own word about it is ENOTTY. */
	err = kvm__create_vm(STDIN_FILENO, &fd, diag);
	assert_int_equal(fd, -1);
	return err;
}

static void said(const struct kt_diag *diag, const char *words)
{
	if (!strstr(diag->msg, words))
		fail_msg("'%s' lacks '%s'", diag->msg, words);
}

static void signals_are_no_failure(void **state)
{
	struct kt_diag diag;
	u64 start_ns = kt_now_ns();

	(void)state;
	fail_calls(KVM_CREATE_VM, EINTR, 60);
	assert_int_equal(make(&diag), -ENOTTY);
	assert_int_equal(fault.calls, 61);
	assert_true(kt_now_ns() - start_ns < 200 * NSEC_PER_MSEC);
	/* But nobody is interrupted for ever. */
	fail_calls(KVM_CREATE_VM, EINTR, UINT32_MAX);
	assert_int_equal(make(&diag), -EINTR);
	said(&diag, "KVM_CREATE_VM: Interrupted system call");
}

static void a_short_shortage_is_waited_for(void **state)
{
	static const int errors[] = { EAGAIN, ENOMEM, EBUSY,
				      ENOSPC, EMFILE, ENFILE };
	struct kt_diag diag;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		fail_calls(KVM_CREATE_VM, errors[i], 2);
		assert_int_equal(make(&diag), -ENOTTY);
		assert_int_equal(fault.calls, 3);
	}
}

static void a_long_one_is_contention(void **state)
{
	static const struct {
		int err;
		const char *text, *remedy;
	} cases[] = {
		{ EAGAIN, "KVM_CREATE_VM: Resource temporarily unavailable, 8",
		  "--jobs" },
		{ ENOMEM, "KVM_CREATE_VM: Cannot allocate memory, 8 times;",
		  "free memory" },
		{ EBUSY, "KVM_CREATE_VM: Device or resource busy, 8 times;",
		  "another hypervisor" },
		{ ENOSPC, "KVM_CREATE_VM: No space left on device, 8 times;",
		  "a limit" },
		{ EMFILE, "KVM_CREATE_VM: Too many open files, 8 times;",
		  "ulimit -n" },
		{ ENFILE, "KVM_CREATE_VM: Too many open files in system, 8",
		  "fs.file-max" },
	};
	struct kt_diag diag;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fail_calls(KVM_CREATE_VM, cases[i].err, UINT32_MAX);
		assert_int_equal(make(&diag), -EBUSY);
		assert_int_equal(fault.calls, 8);
		said(&diag, cases[i].text);
		said(&diag, cases[i].remedy);
	}
}

static void what_waiting_cannot_help_fails_at_once(void **state)
{
	struct kt_diag diag;

	(void)state;
	fail_calls(KVM_CREATE_VM, EINVAL, UINT32_MAX);
	assert_int_equal(make(&diag), -EINVAL);
	assert_int_equal(fault.calls, 1);
	assert_string_equal(diag.msg, "KVM_CREATE_VM: Invalid argument");
}

/* --- whole machines ------------------------------------------------------- */

static int build(unsigned int cpus, struct vm **ret_vm, struct kt_diag *diag)
{
	char kernel[TINY_KERNEL_PATH_SIZE];
	const struct vm_config cfg = {
		.kernel = kernel,
		.cmdline = "",
		.nr_cpus = cpus,
		.memory_mib = 64,
		.timeout_ns = 20 * NSEC_PER_SEC,
		.input_fd = -1,
	};
	int err;

	tiny_kernel__need_kvm();
	tiny_kernel__write(kernel, guest_poweroff,
			   (size_t)(guest_poweroff_end - guest_poweroff));
	*diag = (struct kt_diag){ 0 };
	err = vm__new(&cfg, ret_vm, diag);
	unlink(kernel);
	return err;
}

static const struct {
	unsigned long request;
	const char *name;
} takers[] = {
	{ KVM_CREATE_VM, "KVM_CREATE_VM: " },
	{ KVM_CREATE_IRQCHIP, "KVM_CREATE_IRQCHIP: " },
	{ KVM_SET_USER_MEMORY_REGION,
	  "64 MiB at 0: KVM_SET_USER_MEMORY_REGION: " },
	{ KVM_CREATE_VCPU, "vCPU 0: KVM_CREATE_VCPU: " },
};

static void every_step_of_a_machine_is_tried_again(void **state)
{
	struct kt_diag diag;
	struct vm_exit e;
	struct vm *vm;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(takers); i++) {
		fail_calls(takers[i].request, ENOMEM, 1);
		assert_int_equal(build(2, &vm, &diag), 0);
		assert_true(fault.calls >= 2);
		assert_int_equal(vm__run(vm, &e, &diag), 0);
		assert_int_equal(e.reason, VM_EXIT_POWEROFF);
		vm__free(vm);
	}
}

static void every_step_of_a_machine_may_be_too_much(void **state)
{
	struct kt_diag diag;
	struct vm *vm;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(takers); i++) {
		unsigned int fds = scratch__entries("/proc/self/fd");

		fail_calls(takers[i].request, ENOMEM, UINT32_MAX);
		assert_int_equal(build(2, &vm, &diag), -EBUSY);
		said(&diag, takers[i].name);
		said(&diag, "Cannot allocate memory");
		assert_int_equal(scratch__entries("/proc/self/fd"), fds);
	}
}

/* Nothing made up: the kernel's own EMFILE. */
static void too_few_files_for_so_many_cpus(void **state)
{
	unsigned int fds = scratch__entries("/proc/self/fd");
	struct rlimit was, few;
	struct kt_diag diag;
	struct vm *vm;
	int err;

	(void)state;
	tiny_kernel__need_kvm();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	few = was;
	few.rlim_cur = fds + 30;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	err = build(40, &vm, &diag);
	setrlimit(RLIMIT_NOFILE, &was);
	assert_int_equal(err, -EBUSY);
	said(&diag, ": KVM_CREATE_VCPU: Too many open files, 8 times;");
	said(&diag, "ulimit -n");
	assert_int_equal(scratch__entries("/proc/self/fd"), fds);
}

/* No shortage: it will not become more. */
static void more_cpus_than_kvm_gives(void **state)
{
	struct kt_diag diag;
	struct vm *vm;

	(void)state;
	most_vcpus = 3;
	assert_int_equal(build(3, &vm, &diag), 0);
	vm__free(vm);
	assert_int_equal(build(4, &vm, &diag), -EINVAL);
	assert_string_equal(diag.msg, "4 CPUs: KVM on this host allows 3");
}

#define FAULTY(test) cmocka_unit_test_teardown(test, heal)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULTY(signals_are_no_failure),
		FAULTY(a_short_shortage_is_waited_for),
		FAULTY(a_long_one_is_contention),
		FAULTY(what_waiting_cannot_help_fails_at_once),
		FAULTY(every_step_of_a_machine_is_tried_again),
		FAULTY(every_step_of_a_machine_may_be_too_much),
		FAULTY(too_few_files_for_so_many_cpus),
		FAULTY(more_cpus_than_kvm_gives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
