/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of a machine, for vmm/vm*.c, vmm/vcpu.c and the architecture code.
 *
 * Locking: everything is set up by vm__new() on one thread and constant while
 * vCPUs run, except what is _Atomic, the streams (their own lock) and
 * run_diag (diag_lock). No lock is held while another one is taken, but a
 * stream's lock is held during its sink callback, and devices raise interrupts
 * with their lock held (arch__set_irq() takes the IOAPIC's).
 */
#ifndef VMM_VM_PRIV_H
#define VMM_VM_PRIV_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>

#include "vmm/dev/dev.h"
#include "vmm/gmem.h"
#include "vmm/kimage.h"
#include "vmm/panic-scan.h"
#include "vmm/vm.h"

#define VM_REASON_NONE (-1)

struct vcpu {
	struct vm *vm;
	unsigned int id;
	u32 apic_id;
	int fd;
	int stats_fd; /* opened before it runs; -errno when there is none */
	struct kvm_run *run;
	pthread_t thread;
	bool started;
	/* Written by the vCPU's own thread, read by anyone. */
	_Atomic u64 pio, mmio, intr, other;
};

struct vm_out {
	pthread_mutex_t lock;
	struct vm_sink sink;
};

#define VM_HIST_PORTS 65536u
#define VM_HIST_PAGES 64u

/** struct vm_hist - user-space exits by place; allocated when asked for */
struct vm_hist {
	_Atomic u32 port[VM_HIST_PORTS];
	pthread_mutex_t lock; /* of the list of pages */
	unsigned int nr_pages;
	struct {
		u64 gpa;
		u64 count;
	} page[VM_HIST_PAGES];
};

struct vm {
	int kvm_fd, vm_fd;
	int event_fd; /* wakes vm__run(): a reason, a panic or a new limit */
	size_t run_size;
	struct gmem gm;
	struct ioapic *ioapic; /* x86: NULL when KVM has it */
	struct dev_set devs;
	_Atomic unsigned int slow_ticks; /* x86: how much rarer, 0: exact */
	struct vcpu *vcpu;
	unsigned int nr_cpus; /* created, from the front */
	u64 timeout_ns;
	_Atomic u64 limit_ns; /* deadline set while running; 0: none */
	int input_fd;
	enum vm_stream input_stream;
	struct vm_out out[VM_STREAM_NR];
	struct panic_scan panic; /* under out[COM1].lock */
	_Atomic bool panicked;
	_Atomic u64 last_output_ns;
	_Atomic int reason; /* first enum vm_exit_reason, or VM_REASON_NONE */
	pthread_mutex_t diag_lock;
	struct kt_diag run_diag; /* cause of VM_EXIT_ERROR */
	struct vm_hist *hist;
	const struct vm_placement *placement; /* may be NULL */
	bool kernel_cache_hit;
	u64 kaslr_offset;
	bool ran;
	bool abandoned; /* a vCPU thread is stuck in a sink: never free */
	u64 setup_ns;
};

/** vm__end - the machine is to stop for @reason; the first one counts */
void vm__end(struct vm *vm, enum vm_exit_reason reason);

/** vm__fail - vm__end(VM_EXIT_ERROR) with a message */
void vm__fail(struct vm *vm, const char *fmt, ...) __printf_like(2, 3);

static inline bool vm__ending(struct vm *vm)
{
	return atomic_load_explicit(&vm->reason, memory_order_acquire) !=
	       VM_REASON_NONE;
}

/* vcpu.c */

/** vcpu__create - descriptor, run page and initial state of vCPU @id */
int vcpu__create(struct vm *vm, unsigned int id, u32 apic_id,
		 struct kt_diag *diag);
void vcpu__destroy(struct vcpu *vcpu);
/** vcpu__start - start the thread; it ends once vm__ending() */
int vcpu__start(struct vcpu *vcpu, struct kt_diag *diag);
/** vcpu__kick - make KVM_RUN and blocking system calls of a sink return */
void vcpu__kick(struct vcpu *vcpu);
/** vcpu__install_kick_handler - process-wide SIGRTMIN no-op, idempotent */
int vcpu__install_kick_handler(struct kt_diag *diag);

/* vm-place.c; all of them do nothing without a placement */

/** place__exits - after KVM_CREATE_VM, before the first vCPU */
void place__exits(struct vm *vm, unsigned int nr_cpus);
/** place__new_memory - guest memory as the placement wants it; 0 or -errno */
int place__new_memory(struct vm *vm, const struct vm_config *cfg,
		      struct kt_diag *diag);
/** place__vcpu_attr - where the thread of @vcpu starts */
void place__vcpu_attr(const struct vcpu *vcpu, pthread_attr_t *attr);
/** place__vcpu_refused - whether to start it without: its CPUs are gone */
bool place__vcpu_refused(const struct vcpu *vcpu, int err);
/** place__vcpu_started - the thread of @vcpu runs */
void place__vcpu_started(const struct vcpu *vcpu);

/** struct place_saved - what the main loop's thread was before */
struct place_saved {
	bool cpus_changed, policy_changed;
	struct cpuset cpus;
	int policy;
	int priority;
};

/** place__enter / place__leave - the calling thread is the main loop */
void place__enter(const struct vm *vm, struct place_saved *ret_saved);
void place__leave(const struct place_saved *saved);
/** place__realtime - whether the guest may assume that vCPUs always run */
bool place__realtime(const struct vm *vm);

#endif /* VMM_VM_PRIV_H */
