// SPDX-License-Identifier: GPL-2.0
/*
 * A machine's place on the host: affinity and priority of its threads, where
 * its memory comes from, what KVM is told not to intercept. Called by
 * vm__new(), vm__run() and vcpu__start() on the caller's thread. What the host
 * refuses is a warning: the machine runs, slower or less evenly.
 */
#include <sched.h>
#include <stdarg.h>
#include <sys/ioctl.h>

#include "vmm/kvm.h"
#include "vmm/vm-priv.h"

/* KVM polls this long before it schedules away from a halted vCPU. */
#define HALT_POLL_NS 200000u

/* The main loop before the vCPUs, whose work it may have to end. */
#define VCPU_PRIORITY 1
#define SERVICE_PRIORITY 2

static bool is_performance(const struct vm *vm)
{
	return vm->placement && vm->placement->performance;
}

bool place__realtime(const struct vm *vm)
{
	return is_performance(vm);
}

static void complain(const struct vm *vm, const char *fmt, ...)
	__printf_like(2, 3);

static void complain(const struct vm *vm, const char *fmt, ...)
{
	const struct vm_placement *p = vm->placement;
	char text[256];
	va_list ap;

	if (!p->warn)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	p->warn(p->ctx, text);
}

/* --- KVM ------------------------------------------------------------------ */

/* CPUs this process may use; the kernel's count where it does not say. */
static unsigned int allowed_cpus(void)
{
	struct cpuset cpus = { 0 };
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	if (!sched_getaffinity(0, sizeof(cpus.word),
			       (cpu_set_t *)(void *)cpus.word))
		return cpuset__count(&cpus);
	return online > 0 ? (unsigned int)online : 1;
}

/*
 * Polling pays when a CPU is idle anyway and starves the others when it is
 * not. Without the capability KVM's own default applies. A vCPU in performance
 * mode does not leave the guest to halt.
 */
static void set_halt_poll(const struct vm *vm, unsigned int nr_cpus)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_HALT_POLL,
		.args = { nr_cpus < allowed_cpus() ? HALT_POLL_NS : 0 },
	};

	if (kvm__has(vm->kvm_fd, KVM_CAP_HALT_POLL))
		(void)ioctl(vm->vm_fd, KVM_ENABLE_CAP, &cap);
}

static void disable_exits(const struct vm *vm, u64 which, const char *name)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X86_DISABLE_EXITS,
		.args = { which },
	};
	int can = ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION,
			(unsigned long)KVM_CAP_X86_DISABLE_EXITS);

	if (can < 0 || !((u64)can & which))
		complain(vm, "KVM on this host cannot leave out exits for %s",
			 name);
	else if (ioctl(vm->vm_fd, KVM_ENABLE_CAP, &cap))
		complain(vm, "KVM does not leave out exits for %s: %s", name,
			 strerror(errno));
}

void place__exits(struct vm *vm, unsigned int nr_cpus)
{
	if (!is_performance(vm)) {
		set_halt_poll(vm, nr_cpus);
		return;
	}
	/* Each for itself: with some hosts' errata HLT must not be had. */
	disable_exits(vm, KVM_X86_DISABLE_EXITS_PAUSE, "PAUSE");
	disable_exits(vm, KVM_X86_DISABLE_EXITS_HLT, "HLT");
}

/* --- memory --------------------------------------------------------------- */

static void bind_memory(const struct vm *vm, const struct topology *t)
{
	const struct cpuset *mems = vm->placement->mems;

	for (unsigned int node = 0; mems && node < t->numa_nodes; node++) {
		char list[64] = "?";
		int err;

		if (!cpuset__count(&mems[node]))
			continue;
		err = gmem__bind(&vm->gm, node, &mems[node]);
		if (!err)
			continue;
		cpulist__print(&mems[node], list, sizeof(list));
		complain(vm, "memory of node %u cannot be bound to node %s: %s",
			 node, list, strerror(-err));
	}
}

int place__new_memory(struct vm *vm, const struct vm_config *cfg,
		      struct kt_diag *diag)
{
	u64 size = MIB(cfg->memory_mib);
	bool huge = false;
	int err;

	if (is_performance(vm)) {
		u64 need = gmem__huge_pages(size),
		    has = gmem__free_huge_pages();

		huge = has >= need && !gmem__init_huge(&vm->gm, size);
		if (!huge)
			complain(
				vm,
				"no huge pages: %llu of 2 MiB are needed, %llu "
				"are "
				"free (vm.nr_hugepages)",
				(unsigned long long)need,
				(unsigned long long)has);
	}
	err = huge ? 0 : gmem__init(&vm->gm, size, diag);
	if (err)
		return err;
	gmem__split(&vm->gm, cfg->topology);
	if (is_performance(vm))
		bind_memory(vm, cfg->topology);
	return 0;
}

/* --- threads -------------------------------------------------------------- */

static cpu_set_t *as_cpu_set(const struct cpuset *set)
{
	/* Words of 64 bits, the lowest first, on all our targets. */
	return (cpu_set_t *)(void *)(uintptr_t)set->word;
}

static struct cpuset only(unsigned int cpu)
{
	struct cpuset set = { 0 };

	cpuset__add(&set, cpu);
	return set;
}

void place__vcpu_attr(const struct vcpu *vcpu, pthread_attr_t *attr)
{
	const struct vm_placement *p = vcpu->vm->placement;
	struct cpuset cpus;

	if (!p || (!p->cpus && !p->pin))
		return;
	cpus = p->pin ? only(p->pin[vcpu->id]) : *p->cpus;
	(void)pthread_attr_setaffinity_np(attr, sizeof(cpus.word),
					  as_cpu_set(&cpus));
}

bool place__vcpu_refused(const struct vcpu *vcpu, int err)
{
	const struct vm_placement *p = vcpu->vm->placement;

	if (err != EINVAL || !p || (!p->cpus && !p->pin))
		return false;
	complain(vcpu->vm, "vCPU %u runs anywhere: its CPUs are not to be had",
		 vcpu->id);
	return true;
}

void place__vcpu_started(const struct vcpu *vcpu)
{
	const struct sched_param param = { .sched_priority = VCPU_PRIORITY };
	const struct vm *vm = vcpu->vm;
	int err;

	if (!is_performance(vm))
		return;
	err = pthread_setschedparam(vcpu->thread, SCHED_FIFO, &param);
	/* It is the same for all of them; one that has ended needs none. */
	if (err && err != ESRCH && vcpu->id == 0)
		complain(
			vm,
			"vCPUs without real-time priority: %s (CAP_SYS_NICE or "
			"ulimit -r)",
			strerror(err));
}

void place__enter(const struct vm *vm, struct place_saved *ret_saved)
{
	const struct sched_param param = { .sched_priority = SERVICE_PRIORITY };
	struct place_saved s = { 0 };
	struct sched_param was;
	struct cpuset cpus;

	*ret_saved = s;
	if (!is_performance(vm))
		return;
	cpus = only(vm->placement->service_cpu);
	if (!sched_getaffinity(0, sizeof(s.cpus.word), as_cpu_set(&s.cpus)))
		s.cpus_changed = !sched_setaffinity(0, sizeof(cpus.word),
						    as_cpu_set(&cpus));
	if (!s.cpus_changed)
		complain(vm, "the main loop cannot run on CPU %u: %s",
			 vm->placement->service_cpu, strerror(errno));
	if (!pthread_getschedparam(pthread_self(), &s.policy, &was)) {
		s.priority = was.sched_priority;
		/* Told already, for the vCPUs. */
		s.policy_changed = !pthread_setschedparam(pthread_self(),
							  SCHED_FIFO, &param);
	}
	*ret_saved = s;
}

void place__leave(const struct place_saved *saved)
{
	const struct sched_param param = { .sched_priority = saved->priority };

	if (saved->policy_changed)
		(void)pthread_setschedparam(pthread_self(), saved->policy,
					    &param);
	if (saved->cpus_changed)
		(void)sched_setaffinity(0, sizeof(saved->cpus.word),
					as_cpu_set(&saved->cpus));
}
