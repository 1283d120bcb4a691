// SPDX-License-Identifier: GPL-2.0
/*
 * Machines with a place on the host: where their threads run, with which
 * priority, what is said where the host refuses, and memory from its pool of
 * huge pages and its nodes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/mempolicy.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <ktstr/fd.h>

#include "tiny-kernel.h"
#include "vmm/accel.h"
#include "vmm/gmem.h"
#include "vmm/kvm.h"
#include "vmm/vm.h"

GUEST(hello, OUTB(0x3f8, 0x48) OUTB(0x3f8, 0x0a) POWEROFF);
/* Nobody comes to wake it: in performance mode it never leaves the guest. */
GUEST(sleeps, OUTB(0x3f8, 0x0a));
/* The hint for the guest's scheduler, as a character: '0' or '1'. */
GUEST(hint,
      "mov $0x40000001, %eax\n cpuid\n mov %dl, %al\n and $1, %al\n"
      "add $0x30, %al\n mov $0x3f8, %dx\n out %al, %dx\n" OUTB(0x3f8, 0x0a)
	      POWEROFF);

/* What a sink, on the vCPU's thread, and warnings saw. */
struct seen {
	struct cpuset cpus;
	int policy;
	char text[64];
	size_t len;
	char warnings[1024];
	u64 halt_exits; /* by KVM's count; UINT64_MAX: it does not say */
};

struct fixture {
	char kernel[TINY_KERNEL_PATH_SIZE];
	struct vm_config cfg;
	struct vm_placement place;
	struct cpuset cpus;  /* one of those that we may use */
	unsigned int pin[2]; /* it, twice */
	struct cpuset mems[2];
	struct seen seen;
};

static struct cpuset my_cpus(void)
{
	struct cpuset cpus = { 0 };

	assert_int_equal(sched_getaffinity(0, sizeof(cpus.word),
					   (cpu_set_t *)(void *)cpus.word),
			 0);
	return cpus;
}

static void on_vcpu(void *ctx, const void *buf, size_t len)
{
	struct seen *seen = ctx;

	seen->cpus = my_cpus();
	seen->policy = sched_getscheduler(0);
	len = KT_MIN(len, sizeof(seen->text) - 1 - seen->len);
	memcpy(seen->text + seen->len, buf, len);
	seen->len += len;
}

static void on_warning(void *ctx, const char *text)
{
	struct seen *seen = ctx;
	size_t len = strlen(seen->warnings);

	snprintf(seen->warnings + len, sizeof(seen->warnings) - len, "%s\n",
		 text);
}

static struct fixture *fixture__new(const u8 *code, const u8 *end)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct cpuset mine = my_cpus();

	assert_non_null(f);
	tiny_kernel__write(f->kernel, code, (size_t)(end - code));
	f->pin[0] = f->pin[1] = cpuset__next(&mine, 0);
	cpuset__add(&f->cpus, f->pin[0]);
	f->place = (struct vm_placement){
		.pin = f->pin,
		.service_cpu = f->pin[0],
		.mems = f->mems,
		.warn = on_warning,
		.ctx = &f->seen,
	};
	f->cfg = (struct vm_config){
		.kernel = f->kernel,
		.cmdline = "",
		.nr_cpus = 1,
		.memory_mib = 64,
		.timeout_ns = 20 * NSEC_PER_SEC,
		.input_fd = -1,
		.sink[VM_STREAM_COM1] = { on_vcpu, &f->seen },
		.placement = &f->place,
	};
	return f;
}

#define FIXTURE_OF(name) fixture__new(guest_##name, guest_##name##_end)

static void fixture__free(struct fixture *f)
{
	unlink(f->kernel);
	free(f);
}

static void on_stat(void *ctx, const char *name, u64 value)
{
	struct seen *seen = ctx;

	if (!strcmp(name, "vcpu.halt_exits"))
		seen->halt_exits = value;
}

static enum vm_exit_reason run(struct fixture *f)
{
	struct kt_diag diag = { 0 };
	struct vm_exit e = { 0 };
	struct vm *vm;
	int err = vm__new(&f->cfg, &vm, &diag);

	if (!err)
		err = vm__run(vm, &e, &diag);
	if (err)
		fail_msg("%s", diag__text(&diag, err));
	f->seen.halt_exits = UINT64_MAX;
	(void)vm__stats(vm, on_stat, &f->seen);
	vm__free(vm);
	return e.reason;
}

static bool may_be_realtime(void)
{
	const struct sched_param fifo = { .sched_priority = 1 }, other = { 0 };

	if (sched_setscheduler(0, SCHED_FIFO, &fifo))
		return false;
	assert_int_equal(sched_setscheduler(0, SCHED_OTHER, &other), 0);
	return true;
}

static void vcpus_stay_where_they_are_put(void **state)
{
	struct cpuset before = my_cpus(), after;
	struct fixture *f;

	(void)state;
	tiny_kernel__need_kvm();
	f = FIXTURE_OF(hello);
	f->place.pin = NULL;
	f->place.cpus = &f->cpus;
	assert_int_equal(run(f), VM_EXIT_POWEROFF);
	assert_true(cpuset__equal(&f->seen.cpus, &f->cpus));
	assert_int_equal(f->seen.policy, SCHED_OTHER);
	assert_string_equal(f->seen.warnings, "");
	after = my_cpus();
	assert_true(cpuset__equal(&before, &after));
	fixture__free(f);
}

static void performance_is_pinned_and_realtime(void **state)
{
	struct cpuset before = my_cpus(), after;
	bool realtime = may_be_realtime();
	struct fixture *f;

	(void)state;
	tiny_kernel__need_kvm();
	f = FIXTURE_OF(hello);
	f->place.performance = true;
	assert_int_equal(run(f), VM_EXIT_POWEROFF);
	assert_true(cpuset__equal(&f->seen.cpus, &f->cpus));
	assert_int_equal(f->seen.policy, realtime ? SCHED_FIFO : SCHED_OTHER);
	assert_int_equal(!strstr(f->seen.warnings, "real-time priority"),
			 realtime);
	/* The main loop is who it was. */
	after = my_cpus();
	assert_true(cpuset__equal(&before, &after));
	assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
	fixture__free(f);
}

static void the_guest_is_told_that_it_always_runs(void **state)
{
	(void)state;
	tiny_kernel__need_kvm();
	for (int performance = 0; performance < 2; performance++) {
		struct fixture *f = FIXTURE_OF(hint);

		f->place.performance = performance;
		assert_int_equal(run(f), VM_EXIT_POWEROFF);
		assert_string_equal(f->seen.text, performance ? "1\n" : "0\n");
		fixture__free(f);
	}
}

/*
 * What halts is ended by its deadline, with exits for HLT, which KVM counts,
 * and, where it can do so, without. An interpreter counts them anyway.
 */
static void a_halted_guest_ends(void **state)
{
	struct accel_probe probe;

	(void)state;
	tiny_kernel__need_kvm();
	accel__probe(KVM_DEVICE, &probe);
	for (int performance = 0; performance < 2; performance++) {
		struct fixture *f = FIXTURE_OF(sleeps);
		bool exits;

		f->place.performance = performance;
		f->cfg.timeout_ns = 200 * NSEC_PER_MSEC;
		f->cfg.nr_cpus = 2;
		assert_int_equal(run(f), VM_EXIT_DEADLINE);
		exits = !performance ||
			strstr(f->seen.warnings, "exits for HLT");
		if (f->seen.halt_exits != UINT64_MAX &&
		    (exits || probe.kind == ACCEL_HARDWARE))
			assert_int_equal(f->seen.halt_exits > 0, exits);
		fixture__free(f);
	}
}

static void cpus_that_are_gone_are_a_warning(void **state)
{
	struct fixture *f;

	(void)state;
	tiny_kernel__need_kvm();
	f = FIXTURE_OF(hello);
	f->pin[0] = f->place.service_cpu = CPUSET_MAX - 1;
	f->place.performance = true;
	assert_int_equal(run(f), VM_EXIT_POWEROFF);
	assert_non_null(strstr(f->seen.warnings, "vCPU 0 runs anywhere"));
	assert_non_null(strstr(f->seen.warnings,
			       "the main loop cannot run on CPU 8191"));
	fixture__free(f);
}

/* No node has that number, so that the kernel refuses. */
static void memory_that_cannot_be_bound_is_a_warning(void **state)
{
	struct fixture *f;

	(void)state;
	tiny_kernel__need_kvm();
	f = FIXTURE_OF(hello);
	f->place.performance = true;
	cpuset__add(&f->mems[0], 1023);
	assert_int_equal(run(f), VM_EXIT_POWEROFF);
	assert_non_null(
		strstr(f->seen.warnings,
		       "memory of node 0 cannot be bound to node 1023"));
	fixture__free(f);
}

static void short_of_huge_pages_is_a_warning(void **state)
{
	struct fixture *f;

	(void)state;
	tiny_kernel__need_kvm();
	f = FIXTURE_OF(hello);
	f->place.performance = true;
	f->cfg.memory_mib = 65; /* 33 of 2 MiB */
	if (gmem__free_huge_pages() >= 33) {
		print_message("this host has some\n");
		fixture__free(f);
		return;
	}
	assert_int_equal(run(f), VM_EXIT_POWEROFF);
	assert_non_null(strstr(f->seen.warnings,
			       "no huge pages: 33 of 2 MiB are needed"));
	assert_non_null(strstr(f->seen.warnings, "vm.nr_hugepages"));
	fixture__free(f);
}

/* --- guest memory alone ------------------------------------------------------
 */

static int policy_of(const void *p, struct cpuset *ret_nodes)
{
	int policy = -1;

	*ret_nodes = (struct cpuset){ 0 };
	assert_int_equal(syscall(SYS_get_mempolicy, &policy, ret_nodes->word,
				 (unsigned long)CPUSET_MAX + 1, p, MPOL_F_ADDR),
			 0);
	return policy;
}

static bool have_nodes(void)
{
	return !syscall(SYS_get_mempolicy, NULL, NULL, 0UL, NULL, 0UL);
}

static void memory_is_bound_node_by_node(void **state)
{
	const struct topology two = TOPO_EVEN(2, 2, 1, 1);
	struct cpuset node0 = { { 1 } }, nodes;
	struct gmem gm;

	(void)state;
	if (!have_nodes()) {
		print_message("this kernel knows no NUMA nodes\n");
		return;
	}
	assert_int_equal(gmem__init(&gm, MIB(33), NULL), 0);
	gmem__split(&gm, &two);
	assert_int_equal(gmem__bind(&gm, 1, &node0), 0);
	assert_int_equal(policy_of(gmem__ptr(&gm, MIB(15), 1), &nodes),
			 MPOL_DEFAULT);
	assert_int_equal(policy_of(gmem__ptr(&gm, MIB(16), 1), &nodes),
			 MPOL_BIND);
	assert_true(cpuset__equal(&nodes, &node0));
	assert_int_equal(policy_of(gmem__ptr(&gm, MIB(33) - 1, 1), &nodes),
			 MPOL_BIND);
	/* Binding touches nothing. */
	assert_int_equal(gmem__bind(&gm, 0, &node0), 0);
	gmem__fini(&gm);
}

static void huge_pages_are_taken_when_there(void **state)
{
	const struct topology two = TOPO_EVEN(2, 2, 1, 1);
	u64 before = gmem__free_huge_pages();
	struct cpuset node0 = { { 1 } };
	struct gmem gm;
	char *smaps = NULL;

	(void)state;
	assert_int_equal(gmem__huge_pages(0), 0);
	assert_int_equal(gmem__huge_pages(1), 1);
	assert_int_equal(gmem__huge_pages(MIB(2)), 1);
	assert_int_equal(gmem__huge_pages(MIB(33)), 17);
	assert_int_equal(gmem__init_huge(&gm, 0), -EINVAL);
	assert_int_equal(gmem__init_huge(&gm, 4095), -EINVAL);
	if (before < 17) {
		assert_int_equal(gmem__init_huge(&gm, MIB(33)), -ENOMEM);
		print_message("too few huge pages (vm.nr_hugepages=17)\n");
		return;
	}
	assert_int_equal(gmem__init_huge(&gm, MIB(33)), 0);
	gmem__split(&gm, &two);
	/* The border of the nodes, 16 MiB, and the odd end. */
	if (have_nodes())
		for (unsigned int node = 0; node < 2; node++)
			assert_int_equal(gmem__bind(&gm, node, &node0), 0);
	assert_int_equal(gmem__write(&gm, MIB(33) - 4, "end", 4), 0);
	assert_int_equal(gmem__write(&gm, 0, "begin", 6), 0);
	assert_int_equal(gmem__free_huge_pages(), before - 2);
	assert_null(gmem__ptr(&gm, MIB(33), 1));
	assert_int_equal(
		fd__read_file("/proc/self/smaps", MIB(4), &smaps, NULL), 0);
	assert_non_null(strstr(smaps, "Shared_Hugetlb"));
	free(smaps);
	gmem__fini(&gm);
	assert_int_equal(gmem__free_huge_pages(), before);
}

static void a_machine_runs_in_huge_pages(void **state)
{
	struct fixture *f;
	u64 before = gmem__free_huge_pages();

	(void)state;
	tiny_kernel__need_kvm();
	if (before < 33) {
		print_message("too few huge pages (vm.nr_hugepages=33)\n");
		return;
	}
	f = FIXTURE_OF(hello);
	f->place.performance = true;
	f->cfg.memory_mib = 65;
	assert_int_equal(run(f), VM_EXIT_POWEROFF);
	assert_null(strstr(f->seen.warnings, "huge pages"));
	assert_int_equal(gmem__free_huge_pages(), before);
	fixture__free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vcpus_stay_where_they_are_put),
		cmocka_unit_test(performance_is_pinned_and_realtime),
		cmocka_unit_test(the_guest_is_told_that_it_always_runs),
		cmocka_unit_test(a_halted_guest_ends),
		cmocka_unit_test(cpus_that_are_gone_are_a_warning),
		cmocka_unit_test(memory_that_cannot_be_bound_is_a_warning),
		cmocka_unit_test(short_of_huge_pages_is_a_warning),
		cmocka_unit_test(memory_is_bound_node_by_node),
		cmocka_unit_test(huge_pages_are_taken_when_there),
		cmocka_unit_test(a_machine_runs_in_huge_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
