/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine is an object. Everything above the VMM (session, `ktstr vm`)
 * uses this header only.
 *
 * Threads: vm__run() turns the calling thread into the machine's main loop
 * (deadline, stop requests, host input) and starts one thread per vCPU.
 * Output callbacks run on a vCPU thread, one at a time per stream; they must
 * not block for long and must not call back into the machine except
 * vm__stop(). Two machines may run in one process.
 */
#ifndef VMM_VM_H
#define VMM_VM_H

#include <ktstr/cpulist.h>
#include <ktstr/topo.h>

#define VM_MAX_CPUS TOPO_MAX_CPUS
#define VM_MIN_MEMORY_MIB 32u
#define VM_MAX_MEMORY_MIB 524288u /* 2^39 bytes: below any CPU's limit */
#define VM_CMDLINE_MAX 2047u /* COMMAND_LINE_SIZE 2048 on x86, NUL included */

struct vm;

/** enum vm_stream - the byte streams between host and guest */
enum vm_stream {
	VM_STREAM_COM1,	 /* kernel log */
	VM_STREAM_COM2,	 /* fallback results, init's last words */
	VM_STREAM_HVC0,	 /* virtio-console port 0, a terminal */
	VM_STREAM_BULK,	 /* virtio-console port 1 "ktstr.bulk", wire records */
	VM_STREAM_STATS, /* virtio-console port 2 "ktstr.stats" */
	VM_STREAM_NR,
};

/** struct vm_sink - receiver of guest output; @write may be NULL: discarded */
struct vm_sink {
	void (*write)(void *ctx, const void *buf, size_t len);
	void *ctx;
};

/**
 * struct vm_initrd_part - one piece of the initial ramdisk
 *
 * Parts are placed one after the other. A part with @fd >= 0 is mapped
 * copy-on-write from page-aligned file offset 0 (@len bytes; every part but
 * the last must then be a multiple of the page size); otherwise @data is
 * copied.
 */
struct vm_initrd_part {
	int fd;
	const void *data;
	size_t len;
};

/*
 * vCPUs that can take turns on a CPU of the host before it shows, in ticks that
 * leave no time for anything else or in stalls that are only turns.
 */
#define VM_CPUS_A_TURN 4u

/**
 * vm__crowding - how many times as many vCPUs as do not show
 * @have: CPUs of the host, at least 1
 * Return: rounded down; up to 1 the machine is not crowded.
 */
static inline unsigned int vm__crowding(unsigned int nr_cpus, unsigned int have)
{
	return nr_cpus / (have * VM_CPUS_A_TURN);
}

/**
 * struct vm_placement - where on the host a machine runs, and how eagerly
 * @cpus: vCPU threads stay on these; NULL: no restriction
 * @performance: guest memory in huge pages, vCPUs with real-time priority and
 *	without exits for PAUSE and HLT; for it alone are
 * @pin: the host's CPU of each vCPU
 * @service_cpu: of the main loop, where no vCPU is
 * @mems: of each node of the topology, ids of the host's nodes that its memory
 *	shall come from; an empty set: wherever
 * @warn: told what the host refuses, one line each, on the thread that calls
 *	vm__new() or vm__run(); the machine works without it
 *
 * Borrowed for the machine's life, with all that it points to.
 */
struct vm_placement {
	const struct cpuset *cpus;
	bool performance;
	const unsigned int *pin;
	unsigned int service_cpu;
	const struct cpuset *mems;
	void (*warn)(void *ctx, const char *text);
	void *ctx;
};

struct vm_config {
	const char *kernel; /* vmlinux ELF or bzImage, path */
	const struct vm_initrd_part *initrd;
	unsigned int nr_initrd;
	const char *cmdline;
	unsigned int nr_cpus; /* 1..VM_MAX_CPUS; 0: as @topology says */
	/* NULL: @nr_cpus cores around one LLC. Needed during vm__new() only. */
	const struct topology *topology;
	u64 memory_mib; /* at least VM_MIN_MEMORY_MIB */
	u64 timeout_ns; /* wall clock from vm__run(); 0 = none */
	struct vm_sink sink[VM_STREAM_NR];
	/*
	 * Host bytes for COM1 / HVC0 are read from here when >= 0 (borrowed,
	 * left open). Used by `ktstr vm`.
	 */
	int input_fd;
	enum vm_stream input_stream;
	/* Count exits by port and page as well, for vm__stats(). */
	bool collect_stats;
	const struct vm_placement *placement; /* NULL: anywhere */
};

/** enum vm_exit_reason - why the machine no longer runs */
enum vm_exit_reason {
	VM_EXIT_POWEROFF,     /* ACPI S5 */
	VM_EXIT_RESET,	      /* ACPI reset register, no panic seen */
	VM_EXIT_PANIC,	      /* "Kernel panic - not syncing" on COM1 */
	VM_EXIT_TRIPLE_FAULT, /* KVM_EXIT_SHUTDOWN */
	VM_EXIT_DEADLINE,     /* timeout_ns passed */
	VM_EXIT_STOPPED,      /* vm__stop() */
	VM_EXIT_ERROR,	      /* the VMM or KVM failed; see the diag text */
	VM_EXIT_NR,
};

struct vm_counters {
	u64 setup_ns; /* vm__new(): until vCPUs could run */
	u64 run_ns;   /* vm__run() */
	u64 exits;    /* returns of KVM_RUN to user space, all vCPUs */
	u64 pio_exits, mmio_exits, intr_exits, other_exits;
	u64 kernel_cache_hit; /* 1 when no kernel decompression was needed */
	u64 kaslr_offset;     /* added to the kernel's linked virtual address */
	u64 guest_memory_bytes;
};

struct vm_exit {
	enum vm_exit_reason reason;
	struct vm_counters counters;
};

/** vm_exit_reason__name - "poweroff", "panic", ...; never NULL */
const char *vm_exit_reason__name(enum vm_exit_reason reason);

/** vm_stream__name - "com1", "hvc0", ...; never NULL */
const char *vm_stream__name(enum vm_stream stream);

/**
 * vm__check - check a configuration without touching KVM
 *
 * Everything vm__new() would refuse for reasons that lie in @cfg: limits, the
 * kernel image, whether kernel and ramdisk fit. For callers that may run the
 * machine elsewhere (softkvm) and want the refusal first; a compressed kernel
 * is in the cache afterwards. Return: 0 or -errno with @diag as vm__new().
 */
int vm__check(const struct vm_config *cfg, struct kt_diag *diag);

/**
 * vm__new - check the configuration and build the machine
 *
 * Opens /dev/kvm, maps guest memory, loads the kernel and the ramdisk, writes
 * zero page, ACPI tables and boot state, creates devices and vCPUs. Nothing
 * runs yet. Every limit violated names field, value and limit in @diag.
 * Return: 0 and the caller-owned @ret_vm, or -errno with nothing left behind;
 * -EBUSY when KVM would give it a machine, but the host has nothing left for
 * one now (memory, files, processors).
 */
int vm__new(const struct vm_config *cfg, struct vm **ret_vm,
	    struct kt_diag *diag);

/**
 * vm__run - run until the guest stops or is stopped; once per machine
 * Return: 0 with @ret_exit filled (reason VM_EXIT_ERROR leaves the cause in
 * @diag), or -errno when the threads could not be started.
 */
int vm__run(struct vm *vm, struct vm_exit *ret_exit, struct kt_diag *diag);

/**
 * vm__stop - ask a running machine to stop; any thread, sinks included, and
 * async-signal-safe. Before vm__run() it makes the run end at once.
 */
void vm__stop(struct vm *vm);

/**
 * vm__limit - end the machine with VM_EXIT_DEADLINE in @ns from now, unless
 * its deadline is earlier; any thread, sinks included. Limits only ever get
 * tighter, so that what a guest says cannot keep its machine alive.
 */
void vm__limit(struct vm *vm, u64 ns);

/**
 * vm__send - queue bytes for the guest on a virtio-console stream
 * Return: 0, -EAGAIN when the guest has not opened the port, -ENOSPC when
 * 64 KiB are already waiting.
 */
int vm__send(struct vm *vm, enum vm_stream stream, const void *buf, size_t len);

/**
 * vm__guest_ptr - guest memory [@gpa, @gpa + @len) as a pointer
 *
 * The guest may write there at any time: look at each byte once. Valid until
 * vm__free(). Any thread, sinks included.
 * Return: NULL when any byte of it is not guest memory.
 */
const void *vm__guest_ptr(const struct vm *vm, u64 gpa, u64 len);

/**
 * vm__stats - every statistic KVM and the machine have, by name
 * @fn: called once per value: "vm.NAME", "vcpu.NAME" (KVM's binary
 *      statistics, summed over vCPUs) and, with collect_stats,
 *      "pio.0xPORT" and "mmio.0xPAGE" (exits to user space)
 *
 * Any thread, also from a sink while the machine runs.
 * Return: 0, -EOPNOTSUPP when the host's KVM is older than 5.14 (the last two
 * kinds are still reported), or -errno.
 */
int vm__stats(struct vm *vm, void (*fn)(void *ctx, const char *name, u64 value),
	      void *ctx);

/** vm__free - release everything; NULL is fine; not while vm__run() runs */
void vm__free(struct vm *vm);
DEFINE_FREE(vm, struct vm *, vm__free(_T))

#endif /* VMM_VM_H */
