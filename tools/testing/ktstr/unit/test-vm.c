// SPDX-License-Identifier: GPL-2.0
/*
 * Whole machines with guests of a few instructions on whatever /dev/kvm there
 * is: every way to end, stopping, limits, several machines at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <ktstr/fd.h>

#include "scratch.h"
#include "skip.h"
#include "tiny-kernel.h"
#include "vmm/kvm.h"
#include "vmm/vm.h"

#define SAY(len)                                     \
	"lea 9f(%rip), %rsi\n mov $" #len ", %ecx\n" \
	"mov $0x3f8, %dx\n cld\n rep outsb\n"

GUEST(poweroff, OUTB(0x3f8, 0x48) OUTB(0x3f8, 0x0a) POWEROFF);
GUEST(reset, OUTB(0x602, 1));
GUEST(triple, "ud2");
GUEST(spin, OUTB(0x3f8, 0x0a) "2: pause\n jmp 2b\n");
GUEST(halt, OUTB(0x3f8, 0x0a));
GUEST(string, SAY(12) POWEROFF "jmp 1f\n 9: .ascii \"hello world\\n\"\n");
GUEST(panic,
      SAY(34) OUTB(0x602, 1) "jmp 1f\n 9: .ascii "
			     "\"[ 1.0] Kernel panic - not syncing\\n\"\n");
GUEST(panic_hang, SAY(34) "jmp 1f\n 9: .ascii "
			  "\"[ 1.0] Kernel panic - not syncing\\n\"\n");
GUEST(panic_triple, SAY(34) "ud2\n jmp 1f\n 9: .ascii "
			    "\"[ 1.0] Kernel panic - not syncing\\n\"\n");
GUEST(chatter, "2:" OUTB(0x3f8, 0x41) OUTB(0x3f8, 0x0a) "jmp 2b\n");
/* Reads of nothing are all ones; so are accesses in the MMIO gap. */
GUEST(nowhere, "mov $0x1234, %dx\n in %dx, %al\n inc %al\n jnz 1f\n"
	       "mov $0xd8000000, %ebx\n mov (%rbx), %eax\n inc %eax\n jnz 1f\n"
	       "movl $1, (%rbx)\n" POWEROFF);
/* A page table entry for 4 GiB, then a byte there and back. */
GUEST(high, "movq $0x5003, 0xa020\n movabs $0x100000083, %rax\n"
	    "mov %rax, 0x5000\n movabs $0x100000000, %rbx\n"
	    "movb $0x58, 0x123(%rbx)\n wbinvd\n mov 0x123(%rbx), %al\n"
	    "mov $0x3f8, %dx\n out %al, %dx\n" OUTB(0x3f8, 0x0a) POWEROFF);
/* INIT and SIPI to APIC id 1; real-mode code at 0x8000 powers off. */
GUEST(wake_ap, "movabs $0xf4ee34b00600ba90, %rax\n mov %rax, 0x8000\n"
	       "mov $0xfee00000, %ebx\n movl $0x1000000, 0x310(%rbx)\n"
	       "movl $0x4500, 0x300(%rbx)\n movl $0x1000000, 0x310(%rbx)\n"
	       "movl $0x4608, 0x300(%rbx)\n");
/* The same to APIC id 433, in x2APIC mode. */
GUEST(wake_wide, "movabs $0xf4ee34b00600ba90, %rax\n mov %rax, 0x8000\n"
		 "mov $0x1b, %ecx\n rdmsr\n or $0xc00, %eax\n wrmsr\n"
		 "mov $0x830, %ecx\n mov $433, %edx\n mov $0x4500, %eax\n"
		 "wrmsr\n mov $0x4608, %eax\n wrmsr\n");
/*
 * INIT and SIPI to all others. Each adds itself to a counter in real mode; the
 * 63rd powers off.
 */
GUEST(wake_all, "lea 8f(%rip), %rsi\n mov $0x8000, %edi\n mov $64, %ecx\n"
		"cld\n rep movsb\n mov $0xfee00000, %ebx\n"
		"movl $0xc4500, 0x300(%rbx)\n movl $0xc4608, 0x300(%rbx)\n"
		"jmp 1f\n .code16\n 8: mov $1, %ax\n"
		"lock xaddw %ax, 0x7e00\n cmp $62, %ax\n jne 7f\n" POWEROFF
		"7: hlt\n jmp 7b\n .code64\n");
/* The ramdisk's first bytes and the command line, by way of the zero page. */
GUEST(params, "mov 0x218(%rsi), %ebx\n mov (%rbx), %al\n mov $0x3f8, %dx\n"
	      "out %al, %dx\n mov 0x228(%rsi), %ebx\n mov (%rbx), %al\n"
	      "out %al, %dx\n" OUTB(0x3f8, 0x0a) POWEROFF);
/* Echo one byte received on COM1, whose driver enables interrupts first. */
#define LISTEN OUTB(0x3f9, 1)
GUEST(echo, LISTEN "2: mov $0x3fd, %dx\n in %dx, %al\n test $1, %al\n"
		   "jz 2b\n mov $0x3f8, %dx\n in %dx, %al\n"
		   "out %al, %dx\n" OUTB(0x3f8, 0x0a) POWEROFF);

struct output {
	pthread_mutex_t lock;
	char text[256];
	size_t len;
};

static void keep_output(void *ctx, const void *buf, size_t len)
{
	struct output *o = ctx;

	pthread_mutex_lock(&o->lock);
	len = KT_MIN(len, sizeof(o->text) - 1 - o->len);
	memcpy(o->text + o->len, buf, len);
	o->len += len;
	pthread_mutex_unlock(&o->lock);
}

struct fixture {
	char kernel[TINY_KERNEL_PATH_SIZE];
	struct vm_config cfg;
	struct output out;
	u64 limit_ns; /* vm__limit(), when set */
};

static struct fixture *fixture__new(const u8 *code, const u8 *end)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	pthread_mutex_init(&f->out.lock, NULL);
	tiny_kernel__write(f->kernel, code, (size_t)(end - code));
	f->cfg = (struct vm_config){
		.kernel = f->kernel,
		.cmdline = "Cmdline",
		.nr_cpus = 1,
		.memory_mib = 64,
		.timeout_ns = 20 * NSEC_PER_SEC,
		.input_fd = -1,
		.sink[VM_STREAM_COM1] = { keep_output, &f->out },
	};
	return f;
}

static void fixture__free(struct fixture *f)
{
	unlink(f->kernel);
	free(f);
}

static enum vm_exit_reason run(struct fixture *f)
{
	struct kt_diag diag = { 0 };
	struct vm_exit e;
	struct vm *vm;
	int err = vm__new(&f->cfg, &vm, &diag);

	if (err)
		fail_msg("vm__new: %s", diag__text(&diag, err));
	if (f->limit_ns)
		vm__limit(vm, f->limit_ns);
	err = vm__run(vm, &e, &diag);
	if (err)
		fail_msg("vm__run: %s", diag__text(&diag, err));
	vm__free(vm);
	return e.reason;
}

#define FIXTURE_OF(name) fixture__new(guest_##name, guest_##name##_end)

#define EXPECT_END(name, reason)                      \
	do {                                          \
		struct fixture *f = FIXTURE_OF(name); \
		assert_int_equal(run(f), reason);     \
		fixture__free(f);                     \
	} while (0)

#define NEED_KVM() tiny_kernel__need_kvm()

static void guests_end_in_every_way(void **state)
{
	(void)state;
	NEED_KVM();
	EXPECT_END(poweroff, VM_EXIT_POWEROFF);
	EXPECT_END(reset, VM_EXIT_RESET);
	EXPECT_END(triple, VM_EXIT_TRIPLE_FAULT);
	EXPECT_END(panic, VM_EXIT_PANIC);
	EXPECT_END(panic_triple, VM_EXIT_PANIC);
	EXPECT_END(nowhere, VM_EXIT_POWEROFF);
}

static void panic_that_hangs_is_noticed(void **state)
{
	u64 start = kt_now_ns();

	(void)state;
	NEED_KVM();
	EXPECT_END(panic_hang, VM_EXIT_PANIC);
	assert_in_range(kt_now_ns() - start, 2 * NSEC_PER_SEC,
			10 * NSEC_PER_SEC);
}

static void deadline_ends_spinning_and_halting(void **state)
{
	(void)state;
	NEED_KVM();
	for (int halting = 0; halting < 2; halting++) {
		struct fixture *f =
			halting ? FIXTURE_OF(halt) : FIXTURE_OF(spin);
		u64 start = kt_now_ns();

		f->cfg.timeout_ns = 300 * NSEC_PER_MSEC;
		assert_int_equal(run(f), VM_EXIT_DEADLINE);
		assert_in_range(kt_now_ns() - start, 300 * NSEC_PER_MSEC,
				5 * NSEC_PER_SEC);
		fixture__free(f);
	}
}

static void output_arrives_whole(void **state)
{
	struct fixture *f = FIXTURE_OF(string);

	(void)state;
	NEED_KVM();
	assert_int_equal(run(f), VM_EXIT_POWEROFF);
	assert_string_equal(f->out.text, "hello world\n");
	fixture__free(f);
	f = FIXTURE_OF(poweroff);
	assert_int_equal(run(f), VM_EXIT_POWEROFF);
	assert_string_equal(f->out.text, "H\n");
	fixture__free(f);
}

static void boot_parameters_reach_the_guest(void **state)
{
	const struct vm_initrd_part part = { .fd = -1,
					     .data = "Initrd",
					     .len = 6 };
	struct fixture *f = FIXTURE_OF(params);

	(void)state;
	NEED_KVM();
	f->cfg.initrd = &part;
	f->cfg.nr_initrd = 1;
	assert_int_equal(run(f), VM_EXIT_POWEROFF);
	assert_string_equal(f->out.text, "IC\n");
	fixture__free(f);
}

/* A limit set while the guest runs counts when it is the earlier one. */
static void limit_brings_the_deadline_forward(void **state)
{
	struct fixture *f = FIXTURE_OF(spin);
	u64 start = kt_now_ns();

	(void)state;
	NEED_KVM();
	f->cfg.timeout_ns = 60 * NSEC_PER_SEC;
	f->limit_ns = 200 * NSEC_PER_MSEC;
	assert_int_equal(run(f), VM_EXIT_DEADLINE);
	assert_in_range(kt_now_ns() - start, 200 * NSEC_PER_MSEC,
			20 * NSEC_PER_SEC);
	fixture__free(f);
	f = FIXTURE_OF(spin);
	start = kt_now_ns();
	f->cfg.timeout_ns = 200 * NSEC_PER_MSEC;
	f->limit_ns = 60 * NSEC_PER_SEC;
	assert_int_equal(run(f), VM_EXIT_DEADLINE);
	assert_in_range(kt_now_ns() - start, 200 * NSEC_PER_MSEC,
			20 * NSEC_PER_SEC);
	fixture__free(f);
}

static void memory_above_4_gib_works(void **state)
{
	struct fixture *f = FIXTURE_OF(high);

	(void)state;
	NEED_KVM();
	f->cfg.memory_mib = 5 * 1024;
	assert_int_equal(run(f), VM_EXIT_POWEROFF);
	assert_string_equal(f->out.text, "X\n");
	fixture__free(f);
}

static void application_processor_wakes(void **state)
{
	struct fixture *f = FIXTURE_OF(wake_ap);

	(void)state;
	NEED_KVM();
	f->cfg.nr_cpus = 2;
	assert_int_equal(run(f), VM_EXIT_POWEROFF);
	fixture__free(f);
	/* The same guest without the CPU has nobody to end it. */
	f = FIXTURE_OF(wake_ap);
	f->cfg.timeout_ns = 200 * NSEC_PER_MSEC;
	assert_int_equal(run(f), VM_EXIT_DEADLINE);
	fixture__free(f);
}

static void sixty_three_application_processors_wake(void **state)
{
	struct fixture *f = FIXTURE_OF(wake_all);

	(void)state;
	NEED_KVM();
	f->cfg.nr_cpus = 64;
	assert_int_equal(run(f), VM_EXIT_POWEROFF);
	fixture__free(f);
	/* One fewer, and the count is never reached. */
	f = FIXTURE_OF(wake_all);
	f->cfg.nr_cpus = 63;
	f->cfg.timeout_ns = 500 * NSEC_PER_MSEC;
	assert_int_equal(run(f), VM_EXIT_DEADLINE);
	fixture__free(f);
}

static void sixty_four_cpus_park_and_end(void **state)
{
	struct fixture *f = FIXTURE_OF(poweroff);

	(void)state;
	NEED_KVM();
	f->cfg.nr_cpus = 64;
	assert_int_equal(run(f), VM_EXIT_POWEROFF);
	fixture__free(f);
}

/* The largest preset: 252 CPUs, and the last one's APIC id is 433. */
static void wide_apic_id_wakes(void **state)
{
	struct fixture *f = FIXTURE_OF(wake_wide);
	int kvm = -1;

	(void)state;
	NEED_KVM();
	assert_int_equal(kvm__open(KVM_DEVICE, &kvm, NULL), 0);
	if (kvm__max_vcpus(kvm) < 252) {
		close(kvm);
		fixture__free(f);
		SKIP("KVM gives fewer than 252 vCPUs");
	}
	close(kvm);
	f->cfg.nr_cpus = 0;
	f->cfg.topology = &topo_preset__find("max-cpu")->topology;
	f->cfg.memory_mib = 256;
	assert_int_equal(run(f), VM_EXIT_POWEROFF);
	fixture__free(f);
}

static void input_reaches_the_guest(void **state)
{
	struct fixture *f = FIXTURE_OF(echo);
	int p[2];

	(void)state;
	NEED_KVM();
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(write(p[1], "Z", 1), 1);
	close(p[1]); /* end of file is not the end of the machine */
	f->cfg.input_fd = p[0];
	f->cfg.input_stream = VM_STREAM_COM1;
	assert_int_equal(run(f), VM_EXIT_POWEROFF);
	assert_string_equal(f->out.text, "Z\n");
	close(p[0]);
	fixture__free(f);
}

static void *stop_soon(void *vm)
{
	usleep(100000);
	vm__stop(vm);
	return NULL;
}

static void stop_from_another_thread(void **state)
{
	struct fixture *f = FIXTURE_OF(halt);
	struct vm_exit e;
	struct vm *vm;
	pthread_t t;

	(void)state;
	NEED_KVM();
	f->cfg.nr_cpus = 4;
	assert_int_equal(vm__new(&f->cfg, &vm, NULL), 0);
	assert_int_equal(pthread_create(&t, NULL, stop_soon, vm), 0);
	assert_int_equal(vm__run(vm, &e, NULL), 0);
	pthread_join(t, NULL);
	assert_int_equal(e.reason, VM_EXIT_STOPPED);
	assert_int_equal(vm__run(vm, &e, NULL), -EBUSY); /* only once */
	vm__free(vm);
	fixture__free(f);
}

static void stop_before_run(void **state)
{
	struct fixture *f = FIXTURE_OF(spin);
	struct vm_exit e;
	struct vm *vm;

	(void)state;
	NEED_KVM();
	assert_int_equal(vm__new(&f->cfg, &vm, NULL), 0);
	vm__stop(vm);
	assert_int_equal(vm__run(vm, &e, NULL), 0);
	assert_int_equal(e.reason, VM_EXIT_STOPPED);
	vm__free(vm);
	fixture__free(f);
}

static void stopping_sink(void *ctx, const void *buf, size_t len)
{
	struct vm **vm = ctx;

	(void)buf;
	(void)len;
	vm__stop(*vm);
}

static void stop_from_a_sink(void **state)
{
	struct fixture *f = FIXTURE_OF(chatter);
	struct vm_exit e;
	struct vm *vm;

	(void)state;
	NEED_KVM();
	f->cfg.sink[VM_STREAM_COM1] = (struct vm_sink){ stopping_sink, &vm };
	assert_int_equal(vm__new(&f->cfg, &vm, NULL), 0);
	assert_int_equal(vm__run(vm, &e, NULL), 0);
	assert_int_equal(e.reason, VM_EXIT_STOPPED);
	vm__free(vm);
	fixture__free(f);
}

static void pipe_sink(void *ctx, const void *buf, size_t len)
{
	/* Gives up when interrupted, as a sink should. */
	(void)!write(*(int *)ctx, buf, len);
}

static void sink_that_blocks_does_not_hang_the_end(void **state)
{
	struct fixture *f = FIXTURE_OF(chatter);
	u64 start = kt_now_ns();
	int p[2];

	(void)state;
	NEED_KVM();
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_true(fcntl(p[1], F_SETPIPE_SZ, 4096) >= 4096);
	assert_int_equal(fcntl(p[1], F_SETFL, O_NONBLOCK), 0);
	while (write(p[1], "full", 4) > 0)
		;
	assert_int_equal(fcntl(p[1], F_SETFL, 0), 0);
	f->cfg.sink[VM_STREAM_COM1] = (struct vm_sink){ pipe_sink, &p[1] };
	f->cfg.timeout_ns = 200 * NSEC_PER_MSEC;
	assert_int_equal(run(f), VM_EXIT_DEADLINE);
	assert_true(kt_now_ns() - start < 5 * NSEC_PER_SEC);
	close(p[0]);
	close(p[1]);
	fixture__free(f);
}

static void *run_one(void *arg)
{
	return (void *)(intptr_t)run(arg);
}

static void two_machines_in_one_process(void **state)
{
	struct fixture *a = FIXTURE_OF(string), *b = FIXTURE_OF(poweroff);
	struct fixture *c = FIXTURE_OF(halt);
	struct fixture *all[] = { a, b, c };
	const enum vm_exit_reason want[] = { VM_EXIT_POWEROFF, VM_EXIT_POWEROFF,
					     VM_EXIT_DEADLINE };
	pthread_t t[3];
	void *ret;

	(void)state;
	NEED_KVM();
	c->cfg.timeout_ns = 500 * NSEC_PER_MSEC;
	c->cfg.nr_cpus = 3;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&t[i], NULL, run_one, all[i]),
				 0);
	for (int i = 0; i < 3; i++) {
		pthread_join(t[i], &ret);
		assert_int_equal((intptr_t)ret, want[i]);
	}
	assert_string_equal(a->out.text, "hello world\n");
	assert_string_equal(b->out.text, "H\n");
	for (int i = 0; i < 3; i++)
		fixture__free(all[i]);
}

struct stat_check {
	u64 com1, kvm_exits;
};

static void check_stat(void *ctx, const char *name, u64 value)
{
	struct stat_check *c = ctx;

	if (!strcmp(name, "pio.0x3f8"))
		c->com1 = value;
	if (!strcmp(name, "vcpu.exits"))
		c->kvm_exits = value;
}

static void exits_are_counted_by_port(void **state)
{
	struct fixture *f = FIXTURE_OF(poweroff);
	struct stat_check c = { 0 };
	struct vm_exit e;
	struct vm *vm;
	int err;

	(void)state;
	NEED_KVM();
	f->cfg.collect_stats = true;
	assert_int_equal(vm__new(&f->cfg, &vm, NULL), 0);
	assert_int_equal(vm__run(vm, &e, NULL), 0);
	err = vm__stats(vm, check_stat, &c);
	assert_true(err == 0 || err == -EOPNOTSUPP);
	assert_int_equal(c.com1, 2);
	assert_true(err || c.kvm_exits >= 3);
	assert_int_equal(e.counters.pio_exits, 3);
	assert_int_equal(e.counters.mmio_exits, 0);
	assert_int_equal(e.counters.guest_memory_bytes, MIB(64));
	vm__free(vm);
	fixture__free(f);
}

static void expect_refused(struct fixture *f, const char *words)
{
	struct vm *vm = (struct vm *)(uintptr_t)1;
	unsigned int fds = scratch__entries("/proc/self/fd");
	struct kt_diag diag = { 0 };

	/* Refused with and without KVM, in the same words. */
	assert_true(vm__check(&f->cfg, &diag) < 0);
	if (!strstr(diag.msg, words))
		fail_msg("'%s' lacks '%s'", diag.msg, words);
	diag.msg[0] = '\0';
	assert_true(vm__new(&f->cfg, &vm, &diag) < 0);
	if (!strstr(diag.msg, words))
		fail_msg("'%s' lacks '%s'", diag.msg, words);
	assert_ptr_equal(vm, (struct vm *)(uintptr_t)1); /* untouched */
	assert_int_equal(scratch__entries("/proc/self/fd"), fds);
}

static void bad_configurations_name_the_limit(void **state)
{
	struct fixture *f = FIXTURE_OF(poweroff);
	const struct vm_config good = f->cfg;
	char cmdline[VM_CMDLINE_MAX + 2];
	const struct vm_initrd_part huge = { .fd = -1,
					     .data = "",
					     .len = GIB(1) };

	(void)state;
	assert_int_equal(vm__check(&f->cfg, NULL), 0);
	f->cfg.nr_cpus = 0;
	expect_refused(f, "1 to 512");
	f->cfg.nr_cpus = 100000;
	expect_refused(f, "1 to 512");
	f->cfg = good;
	f->cfg.topology = &TOPO_EVEN(2, 3, 1, 1);
	expect_refused(f, "llcs is 3, it must be a multiple of numa_nodes 2");
	f->cfg.topology = &TOPO_EVEN(2, 2, 1, 1);
	expect_refused(f, "1 CPUs: the topology has 2");
	f->cfg.nr_cpus = 0;
	assert_int_equal(vm__check(&f->cfg, NULL), 0);
	f->cfg.topology = &TOPO_EVEN(1, 513, 1, 1);
	expect_refused(f, "llcs is 513, it is 1 to 512");
	f->cfg.topology = &TOPO_EVEN(5, 5, 1, 1);
	expect_refused(f, "memory of 64 MiB for 5 NUMA nodes: each needs 16");
	f->cfg = good;
	f->cfg.memory_mib = 1;
	expect_refused(f, "at least 32 MiB");
	f->cfg.memory_mib = ~0ULL;
	expect_refused(f, "limit is 524288 MiB");
	f->cfg = good;
	memset(cmdline, 'x', sizeof(cmdline));
	cmdline[sizeof(cmdline) - 1] = '\0';
	f->cfg.cmdline = cmdline;
	expect_refused(f, "2048 bytes: the limit is 2047");
	f->cfg = good;
	f->cfg.kernel = NULL;
	expect_refused(f, "no kernel");
	f->cfg.kernel = "/nonexistent/vmlinux";
	expect_refused(f, "/nonexistent/vmlinux");
	f->cfg = good;
	f->cfg.initrd = &huge;
	f->cfg.nr_initrd = 1;
	expect_refused(f, "initrd of 1024 MiB is larger");
	fixture__free(f);
}

/* As in wake_ap, but APIC id 1 is a CPU of the other node's LLC. */
static void nodes_and_their_cpus_run(void **state)
{
	struct fixture *f = FIXTURE_OF(wake_ap);

	(void)state;
	NEED_KVM();
	f->cfg.nr_cpus = 0;
	f->cfg.topology = &TOPO_EVEN(2, 2, 1, 1);
	assert_int_equal(run(f), VM_EXIT_POWEROFF);
	fixture__free(f);
}

static void kvm_device_problems_name_the_remedy(void **state)
{
	struct kt_diag diag = { 0 };
	int fd = -1;

	(void)state;
	assert_int_equal(kvm__open("/nonexistent/kvm", &fd, &diag), -ENOENT);
	assert_non_null(strstr(diag.msg, "softkvm"));
	diag.msg[0] = '\0';
	assert_int_equal(kvm__open("/dev/null", &fd, &diag), -ENODEV);
	assert_non_null(strstr(diag.msg, "not a KVM device"));
	assert_int_equal(fd, -1);
}

static void kvm_without_permission(void **state)
{
	char path[] = "/tmp/ktstr-kvm-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC), status;
	pid_t pid;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0), 0);
	close(fd);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct kt_diag diag = { 0 };

		if (getuid() == 0 && setuid(65534))
			_exit(2);
		_exit(kvm__open(path, &fd, &diag) == -EACCES &&
				      strstr(diag.msg, "kvm group")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(path);
	assert_int_equal(status, 0);
}

static void names_never_fail(void **state)
{
	(void)state;
	assert_string_equal(vm_exit_reason__name(VM_EXIT_PANIC), "panic");
	assert_string_equal(vm_exit_reason__name((enum vm_exit_reason)99),
			    "unknown");
	assert_string_equal(vm_stream__name(VM_STREAM_BULK), "bulk");
	assert_string_equal(vm_stream__name((enum vm_stream)99), "unknown");
	vm__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guests_end_in_every_way),
		cmocka_unit_test(panic_that_hangs_is_noticed),
		cmocka_unit_test(deadline_ends_spinning_and_halting),
		cmocka_unit_test(output_arrives_whole),
		cmocka_unit_test(boot_parameters_reach_the_guest),
		cmocka_unit_test(limit_brings_the_deadline_forward),
		cmocka_unit_test(memory_above_4_gib_works),
		cmocka_unit_test(application_processor_wakes),
		cmocka_unit_test(sixty_three_application_processors_wake),
		cmocka_unit_test(sixty_four_cpus_park_and_end),
		cmocka_unit_test(wide_apic_id_wakes),
		cmocka_unit_test(input_reaches_the_guest),
		cmocka_unit_test(stop_from_another_thread),
		cmocka_unit_test(stop_before_run),
		cmocka_unit_test(stop_from_a_sink),
		cmocka_unit_test(sink_that_blocks_does_not_hang_the_end),
		cmocka_unit_test(two_machines_in_one_process),
		cmocka_unit_test(exits_are_counted_by_port),
		cmocka_unit_test(bad_configurations_name_the_limit),
		cmocka_unit_test(nodes_and_their_cpus_run),
		cmocka_unit_test(kvm_device_problems_name_the_remedy),
		cmocka_unit_test(kvm_without_permission),
		cmocka_unit_test(names_never_fail),
	};

	return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}
