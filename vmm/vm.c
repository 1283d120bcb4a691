// SPDX-License-Identifier: GPL-2.0
/*
 * Building and taking down a machine. vm__new() and vm__free() run on one
 * thread while no vCPU thread exists; the callbacks for devices run on vCPU
 * threads.
 */
#include "vmm/vm.h"

#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <ktstr/fd.h>

#include "vmm/arch.h"
#include "vmm/kvm.h"

static const char *const exit_reason_names[] = {
	[VM_EXIT_POWEROFF] = "poweroff",
	[VM_EXIT_RESET] = "reset",
	[VM_EXIT_PANIC] = "panic",
	[VM_EXIT_TRIPLE_FAULT] = "triple fault",
	[VM_EXIT_DEADLINE] = "deadline",
	[VM_EXIT_STOPPED] = "stopped",
	[VM_EXIT_ERROR] = "vmm error",
};
_Static_assert(ARRAY_SIZE(exit_reason_names) == VM_EXIT_NR, "names");

static const char *const stream_names[] = {
	[VM_STREAM_COM1] = "com1",   [VM_STREAM_COM2] = "com2",
	[VM_STREAM_HVC0] = "hvc0",   [VM_STREAM_BULK] = "bulk",
	[VM_STREAM_STATS] = "stats",
};
_Static_assert(ARRAY_SIZE(stream_names) == VM_STREAM_NR, "names");

const char *vm_exit_reason__name(enum vm_exit_reason reason)
{
	return (unsigned int)reason < VM_EXIT_NR ? exit_reason_names[reason]
						 : "unknown";
}

const char *vm_stream__name(enum vm_stream stream)
{
	return (unsigned int)stream < VM_STREAM_NR ? stream_names[stream]
						   : "unknown";
}

static int check_cpus(const struct vm_config *cfg, struct kt_diag *diag)
{
	unsigned int cpus = cfg->nr_cpus;

	if (cfg->topology) {
		int err = topo__validate(cfg->topology, diag);

		if (err)
			return err;
		cpus = topo__nr_cpus(cfg->topology);
		if (cfg->nr_cpus && cfg->nr_cpus != cpus)
			return diag__fail(diag, -EINVAL,
					  "%u CPUs: the topology has %u",
					  cfg->nr_cpus, cpus);
	}
	if (cpus < 1 || cpus > VM_MAX_CPUS)
		return diag__fail(diag, -EINVAL,
				  "%u CPUs: a machine has 1 to %u", cpus,
				  VM_MAX_CPUS);
	return 0;
}

static int check_config(const struct vm_config *cfg, struct kt_diag *diag)
{
	int err;

	if (!cfg->kernel || !*cfg->kernel)
		return diag__fail(diag, -EINVAL,
				  "no kernel given; name a vmlinux or bzImage");
	err = check_cpus(cfg, diag);
	if (err)
		return err;
	if (cfg->memory_mib < VM_MIN_MEMORY_MIB)
		return diag__fail(diag, -EINVAL,
				  "memory of %llu MiB: at least %u MiB are "
				  "needed to boot any kernel",
				  (unsigned long long)cfg->memory_mib,
				  VM_MIN_MEMORY_MIB);
	if (cfg->memory_mib > VM_MAX_MEMORY_MIB)
		return diag__fail(diag, -EINVAL,
				  "memory of %llu MiB: the limit is %llu MiB",
				  (unsigned long long)cfg->memory_mib,
				  (unsigned long long)VM_MAX_MEMORY_MIB);
	if (strlen(cfg->cmdline) > VM_CMDLINE_MAX)
		return diag__fail(diag, -E2BIG,
				  "kernel command line of %zu bytes: the limit "
				  "is %u; shorten it",
				  strlen(cfg->cmdline), VM_CMDLINE_MAX);
	if (cfg->topology)
		err = topo__check_memory(cfg->topology, cfg->memory_mib, diag);
	return err;
}

/* The configuration with what it leaves open filled in. */
struct full_config {
	struct vm_config cfg;
	struct topology flat;
};

static int complete_config(const struct vm_config *cfg, struct full_config *ret,
			   struct kt_diag *diag)
{
	int err = check_config(cfg, diag);

	if (err)
		return err;
	ret->cfg = *cfg;
	ret->flat = TOPO_EVEN(1, 1, cfg->nr_cpus, 1);
	if (!cfg->topology)
		ret->cfg.topology = &ret->flat;
	ret->cfg.nr_cpus = topo__nr_cpus(ret->cfg.topology);
	return 0;
}

static int check_vcpu_limit(const struct vm *vm, unsigned int nr,
			    struct kt_diag *diag)
{
	unsigned int max = kvm__max_vcpus(vm->kvm_fd);

	if (nr > max)
		return diag__fail(diag, -EINVAL,
				  "%u CPUs: KVM on this host allows %u", nr,
				  max);
	return 0;
}

static int map_slots(struct vm *vm, struct kt_diag *diag)
{
	for (unsigned int i = 0; i < vm->gm.nr_slots; i++) {
		const struct gmem_slot *s = &vm->gm.slot[i];
		struct kvm_userspace_memory_region r = {
			.slot = i,
			.guest_phys_addr = s->gpa,
			.memory_size = s->len,
			.userspace_addr = (u64)(uintptr_t)s->hva,
		};
		const struct kvm_call call = {
			.fd = vm->vm_fd,
			.request = KVM_SET_USER_MEMORY_REGION,
			.arg = (uintptr_t)&r,
			.name = "KVM_SET_USER_MEMORY_REGION",
		};
		int err = kvm__call(&call, diag);

		if (err)
			return diag__context(diag, err, "%llu MiB at %#llx",
					     (unsigned long long)(s->len >> 20),
					     (unsigned long long)s->gpa);
	}
	return 0;
}

static void host_irq(void *ctx, u32 gsi, bool level)
{
	struct vm *vm = ctx;
	int err = arch__set_irq(vm, gsi, level);

	if (err && !vm__ending(vm))
		vm__fail(vm, "KVM_IRQ_LINE for gsi %u: %s", gsi,
			 strerror(-err));
}

static void notice_panic(struct vm *vm, const void *buf, size_t len)
{
	const u64 one = 1;

	atomic_store(&vm->last_output_ns, kt_now_ns());
	if (atomic_load(&vm->panicked) ||
	    !panic_scan__feed(&vm->panic, buf, len))
		return;
	atomic_store(&vm->panicked, true);
	/* The main loop starts its clock. */
	(void)!write(vm->event_fd, &one, sizeof(one));
}

static void host_output(void *ctx, enum vm_stream stream, const void *buf,
			size_t len)
{
	struct vm *vm = ctx;
	struct vm_out *out = &vm->out[stream];

	pthread_mutex_lock(&out->lock);
	if (stream == VM_STREAM_COM1)
		notice_panic(vm, buf, len);
	if (out->sink.write)
		out->sink.write(out->sink.ctx, buf, len);
	pthread_mutex_unlock(&out->lock);
}

static void host_shutdown(void *ctx, enum vm_exit_reason reason)
{
	vm__end(ctx, reason);
}

static int realize_devices(struct vm *vm, struct kt_diag *diag)
{
	const struct dev_host host = {
		.gmem = &vm->gm,
		.irq = host_irq,
		.output = host_output,
		.shutdown = host_shutdown,
		.ctx = vm,
	};

	return devs__realize(&vm->devs, &host, diag);
}

static struct vm *alloc_vm(const struct vm_config *cfg)
{
	struct vm *vm = calloc(1, sizeof(*vm));

	if (!vm)
		return NULL;
	vm->vcpu = calloc(cfg->nr_cpus, sizeof(*vm->vcpu));
	if (!vm->vcpu) {
		free(vm);
		return NULL;
	}
	vm->kvm_fd = vm->vm_fd = vm->event_fd = vm->gm.fd = -1;
	vm->timeout_ns = cfg->timeout_ns;
	vm->input_fd = cfg->input_fd;
	vm->input_stream = cfg->input_stream;
	vm->placement = cfg->placement;
	atomic_init(&vm->reason, VM_REASON_NONE);
	pthread_mutex_init(&vm->diag_lock, NULL);
	for (unsigned int i = 0; i < VM_STREAM_NR; i++) {
		dev_lock__init(&vm->out[i].lock);
		vm->out[i].sink = cfg->sink[i];
	}
	return vm;
}

static int open_machine(struct vm *vm, const struct vm_config *cfg,
			struct kt_diag *diag)
{
	int size, err;

	vm->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vm->event_fd < 0)
		return diag__fail(diag, -errno, "eventfd: %s", strerror(errno));
	if (cfg->collect_stats) {
		vm->hist = calloc(1, sizeof(*vm->hist));
		if (!vm->hist)
			return diag__fail(diag, -ENOMEM, "out of memory");
		pthread_mutex_init(&vm->hist->lock, NULL);
	}
	err = kvm__open(KVM_DEVICE, &vm->kvm_fd, diag);
	if (!err)
		err = check_vcpu_limit(vm, cfg->nr_cpus, diag);
	if (!err)
		err = kvm__create_vm(vm->kvm_fd, &vm->vm_fd, diag);
	if (err)
		return err;
	size = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0UL);
	if (size < (int)sizeof(struct kvm_run))
		return diag__fail(diag, -EIO, "KVM_GET_VCPU_MMAP_SIZE: %d",
				  size);
	vm->run_size = (size_t)size;
	place__exits(vm, cfg->nr_cpus);
	return arch__init_vm(vm, cfg, diag);
}

static int fill_machine(struct vm *vm, const struct vm_config *cfg,
			const struct kimage *img, struct kt_diag *diag)
{
	int err = place__new_memory(vm, cfg, diag);

	vm->kernel_cache_hit = img->cache_hit;
	if (!err)
		err = arch__load(vm, cfg, img, diag);
	if (!err)
		err = open_machine(vm, cfg, diag);
	if (!err)
		err = map_slots(vm, diag);
	if (!err)
		err = arch__create_vcpus(vm, cfg, img, diag);
	if (!err)
		err = realize_devices(vm, diag);
	return err;
}

int vm__check(const struct vm_config *cfg, struct kt_diag *diag)
{
	struct full_config full;
	struct kimage img;
	int err = complete_config(cfg, &full, diag);

	if (!err)
		err = kimage__open(cfg->kernel, &img, diag);
	if (err)
		return err;
	err = arch__check(&full.cfg, &img, diag);
	kimage__close(&img);
	return err;
}

int vm__new(const struct vm_config *cfg, struct vm **ret_vm,
	    struct kt_diag *diag)
{
	u64 start = kt_now_ns();
	struct vm *vm __free(vm) = NULL;
	struct full_config full;
	struct kimage img;
	int err = complete_config(cfg, &full, diag);

	if (err)
		return err;
	vm = alloc_vm(&full.cfg);
	if (!vm)
		return diag__fail(diag, -ENOMEM, "out of memory");
	err = kimage__open(cfg->kernel, &img, diag);
	if (err)
		return err;
	err = fill_machine(vm, &full.cfg, &img, diag);
	kimage__close(&img);
	if (err)
		return err;
	vm->setup_ns = kt_now_ns() - start;
	*ret_vm = no_free_ptr(vm);
	return 0;
}

int vm__send(struct vm *vm, enum vm_stream stream, const void *buf, size_t len)
{
	return devs__input(&vm->devs, stream, buf, len);
}

const void *vm__guest_ptr(const struct vm *vm, u64 gpa, u64 len)
{
	return gmem__ptr(&vm->gm, gpa, len);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void vm__free(struct vm *vm)
{
	/* A thread that never came back still uses all of this. */
	if (!vm || vm->abandoned)
		return;
	devs__unrealize(&vm->devs);
	for (unsigned int i = 0; i < vm->nr_cpus; i++)
		vcpu__destroy(&vm->vcpu[i]);
	arch__fini_vm(vm);
	close_fd(vm->vm_fd);
	close_fd(vm->kvm_fd);
	close_fd(vm->event_fd);
	gmem__fini(&vm->gm);
	if (vm->hist)
		pthread_mutex_destroy(&vm->hist->lock);
	free(vm->hist);
	for (unsigned int i = 0; i < VM_STREAM_NR; i++)
		pthread_mutex_destroy(&vm->out[i].lock);
	pthread_mutex_destroy(&vm->diag_lock);
	free(vm->vcpu);
	free(vm);
}
