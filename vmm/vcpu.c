// SPDX-License-Identifier: GPL-2.0
/*
 * One vCPU: a KVM descriptor and a thread that runs it and serves its exits.
 * Exits that concern a device go to devs__access(); those that end the
 * machine go to vm__end(), which is also what makes this loop end.
 */
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "vmm/arch.h"
#include "vmm/kvm.h"
#include "vmm/vm-priv.h"

/* Own thread only; others read. A plain add without the bus lock. */
static void count(_Atomic u64 *counter)
{
	atomic_store_explicit(
		counter,
		atomic_load_explicit(counter, memory_order_relaxed) + 1,
		memory_order_relaxed);
}

static void hist_mmio(struct vm_hist *hist, u64 gpa)
{
	unsigned int i;

	gpa = KT_ALIGN_DOWN(gpa, (u64)GMEM_PAGE);
	pthread_mutex_lock(&hist->lock);
	for (i = 0; i < hist->nr_pages && hist->page[i].gpa != gpa; i++)
		;
	if (i == hist->nr_pages && i < VM_HIST_PAGES)
		hist->page[hist->nr_pages++].gpa = gpa;
	if (i < hist->nr_pages)
		hist->page[i].count++;
	pthread_mutex_unlock(&hist->lock);
}

/* String instructions arrive as one exit with a repeat count. */
static void handle_io(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	u64 off = run->io.data_offset;
	u64 len = (u64)run->io.size * run->io.count;
	struct vm *vm = vcpu->vm;

	count(&vcpu->pio);
	if (vm->hist)
		atomic_fetch_add_explicit(&vm->hist->port[run->io.port], 1,
					  memory_order_relaxed);
	if (off > vm->run_size || len > vm->run_size - off) {
		vm__fail(vm, "vCPU %u: KVM_EXIT_IO outside the run area",
			 vcpu->id);
		return;
	}
	for (u32 i = 0; i < run->io.count; i++)
		devs__access(&vm->devs, DEV_PIO, run->io.port,
			     (u8 *)run + off + (u64)i * run->io.size,
			     run->io.size,
			     run->io.direction == KVM_EXIT_IO_OUT);
}

static void handle_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	count(&vcpu->mmio);
	if (vcpu->vm->hist)
		hist_mmio(vcpu->vm->hist, run->mmio.phys_addr);
	if (arch__access(vcpu->vm, run->mmio.phys_addr, run->mmio.data,
			 run->mmio.len, run->mmio.is_write))
		return;
	devs__access(&vcpu->vm->devs, DEV_MMIO, run->mmio.phys_addr,
		     run->mmio.data, run->mmio.len, run->mmio.is_write);
}

static void handle_eoi(struct vcpu *vcpu)
{
	count(&vcpu->other);
	arch__eoi(vcpu->vm, vcpu->run->eoi.vector);
}

static void handle_wrmsr(struct vcpu *vcpu)
{
	count(&vcpu->other);
	arch__wrmsr(vcpu, vcpu->run->msr.index, vcpu->run->msr.data);
	vcpu->run->msr.error = 0;
}

static void handle_intr(struct vcpu *vcpu)
{
	count(&vcpu->intr);
}

/* With the in-kernel APIC a halted vCPU sleeps in KVM; just run again. */
static void handle_nothing(struct vcpu *vcpu)
{
	count(&vcpu->other);
}

static void handle_shutdown(struct vcpu *vcpu)
{
	count(&vcpu->other);
	vm__end(vcpu->vm, VM_EXIT_TRIPLE_FAULT);
}

static void handle_system_event(struct vcpu *vcpu)
{
	count(&vcpu->other);
	switch (vcpu->run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		vm__end(vcpu->vm, VM_EXIT_POWEROFF);
		break;
	case KVM_SYSTEM_EVENT_RESET:
		vm__end(vcpu->vm, VM_EXIT_RESET);
		break;
	case KVM_SYSTEM_EVENT_CRASH:
		vm__end(vcpu->vm, VM_EXIT_PANIC);
		break;
	default:
		vm__fail(vcpu->vm, "vCPU %u: unknown KVM system event %u",
			 vcpu->id, vcpu->run->system_event.type);
	}
}

static void handle_internal_error(struct vcpu *vcpu)
{
	struct kvm_regs regs = { 0 };

	count(&vcpu->other);
	(void)ioctl(vcpu->fd, KVM_GET_REGS, &regs);
	vm__fail(vcpu->vm,
		 "vCPU %u: KVM internal error %u (1: instruction emulation, 3: "
		 "event delivery) at rip %#llx",
		 vcpu->id, vcpu->run->internal.suberror,
		 (unsigned long long)regs.rip);
}

static void handle_fail_entry(struct vcpu *vcpu)
{
	count(&vcpu->other);
	vm__fail(vcpu->vm,
		 "vCPU %u: the CPU refused to enter the guest, hardware reason "
		 "%#llx",
		 vcpu->id,
		 (unsigned long long)
			 vcpu->run->fail_entry.hardware_entry_failure_reason);
}

static void (*const handlers[])(struct vcpu *vcpu) = {
	[KVM_EXIT_IO] = handle_io,
	[KVM_EXIT_MMIO] = handle_mmio,
	[KVM_EXIT_INTR] = handle_intr,
	[KVM_EXIT_IOAPIC_EOI] = handle_eoi,
	[KVM_EXIT_HLT] = handle_nothing,
	[KVM_EXIT_IRQ_WINDOW_OPEN] = handle_nothing,
	[KVM_EXIT_SHUTDOWN] = handle_shutdown,
	[KVM_EXIT_SYSTEM_EVENT] = handle_system_event,
	[KVM_EXIT_INTERNAL_ERROR] = handle_internal_error,
	[KVM_EXIT_FAIL_ENTRY] = handle_fail_entry,
	[KVM_EXIT_X86_WRMSR] = handle_wrmsr,
};

static void handle_exit(struct vcpu *vcpu)
{
	u32 reason = vcpu->run->exit_reason;

	if (reason < ARRAY_SIZE(handlers) && handlers[reason]) {
		handlers[reason](vcpu);
		return;
	}
	count(&vcpu->other);
	vm__fail(vcpu->vm, "vCPU %u: unexpected KVM exit reason %u", vcpu->id,
		 reason);
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;

	while (!vm__ending(vcpu->vm)) {
		if (!ioctl(vcpu->fd, KVM_RUN, 0UL)) {
			handle_exit(vcpu);
			continue;
		}
		if (errno == EINTR || errno == EAGAIN)
			handle_intr(vcpu);
		else if (errno == EFAULT)
			vm__fail(vcpu->vm,
				 "vCPU %u: the host could not provide guest "
				 "memory (out of memory, or a mapped file was "
				 "cut)",
				 vcpu->id);
		else
			vm__fail(vcpu->vm, "vCPU %u: KVM_RUN: %s", vcpu->id,
				 strerror(errno));
	}
	return NULL;
}

int vcpu__create(struct vm *vm, unsigned int id, u32 apic_id,
		 struct kt_diag *diag)
{
	const struct kvm_call call = { .fd = vm->vm_fd,
				       .request = KVM_CREATE_VCPU,
				       .arg = apic_id,
				       .name = "KVM_CREATE_VCPU" };
	int fd __free(fd) = kvm__call(&call, diag);
	struct vcpu *vcpu = &vm->vcpu[id];
	void *run;

	if (fd < 0)
		return fd;
	run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   0);
	if (run == MAP_FAILED)
		return diag__fail(diag, -errno, "mapping kvm_run: %s",
				  strerror(errno));
	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->apic_id = apic_id;
	vcpu->run = run;
	vcpu->stats_fd = kvm__open_stats(fd);
	vcpu->fd = no_free_fd(fd);
	vm->nr_cpus = id + 1;
	return 0;
}

void vcpu__destroy(struct vcpu *vcpu)
{
	munmap(vcpu->run, vcpu->vm->run_size);
	if (vcpu->stats_fd >= 0)
		close(vcpu->stats_fd);
	close(vcpu->fd);
}

/*
 * New threads inherit the creator's mask: block all but the kick and the
 * signals that report the thread's own faults, so that SIGINT and friends go
 * to a thread that knows what to do with them.
 */
static void vcpu_signals(sigset_t *set)
{
	sigfillset(set);
	sigdelset(set, SIGRTMIN);
	sigdelset(set, SIGSEGV);
	sigdelset(set, SIGBUS);
	sigdelset(set, SIGFPE);
	sigdelset(set, SIGILL);
	sigdelset(set, SIGABRT);
}

int vcpu__start(struct vcpu *vcpu, struct kt_diag *diag)
{
	pthread_attr_t attr;
	char name[16];
	sigset_t set, old;
	int err;

	pthread_attr_init(&attr);
	place__vcpu_attr(vcpu, &attr);
	vcpu_signals(&set);
	pthread_sigmask(SIG_SETMASK, &set, &old);
	err = pthread_create(&vcpu->thread, &attr, vcpu_thread, vcpu);
	if (err && place__vcpu_refused(vcpu, err))
		err = pthread_create(&vcpu->thread, NULL, vcpu_thread, vcpu);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (err)
		return diag__fail(diag, -err, "thread of vCPU %u: %s", vcpu->id,
				  strerror(err));
	vcpu->started = true;
	place__vcpu_started(vcpu);
	snprintf(name, sizeof(name), "ktstr-vcpu%u", vcpu->id % 1000);
	pthread_setname_np(vcpu->thread, name);
	return 0;
}

void vcpu__kick(struct vcpu *vcpu)
{
	/*
	 * immediate_exit covers a thread about to enter KVM_RUN, the signal
	 * one that is inside. It stays set: a machine runs only once.
	 */
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(vcpu->thread, SIGRTMIN);
}

static void kick_handler(int sig)
{
	(void)sig;
}

int vcpu__install_kick_handler(struct kt_diag *diag)
{
	/* No SA_RESTART: the interrupted call has to return. */
	struct sigaction sa = { .sa_handler = kick_handler };

	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGRTMIN, &sa, NULL))
		return diag__fail(diag, -errno, "sigaction(SIGRTMIN): %s",
				  strerror(errno));
	return 0;
}
