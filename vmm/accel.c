// SPDX-License-Identifier: GPL-2.0
/*
 * The accelerator probe: how fast does /dev/kvm execute guest code? Called
 * once at the start of every run, before anything is booted. The guest runs
 * in a helper thread, so that the caller comes back in bounded time whatever
 * KVM does; see struct probe_job for who owns what then.
 */
#include "vmm/accel.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include <ktstr/fd.h>

#include "vmm/kvm.h"
#include "vmm/softkvm.h"

#define GUEST_CODE_GPA 0x1000u
#define GUEST_PAGE_SIZE 0x1000u

/* 2^22 iterations: about 3 ms on hardware; everything else meets a deadline. */
#define LOOP_ITERATIONS (1u << 22)
#define LOOP_INSNS 2u /* dec, jnz */

/*
 * Making a VM costs up to tens of milliseconds in softkvm and is no measure
 * of speed; it has its own, generous limit. The same limit bounds how long a
 * kicked KVM_RUN may take to return.
 */
#define SETUP_LIMIT_MS 2000u

/* Ignored by default, so a stray one is harmless. */
#define KICK_SIGNAL SIGURG

static const u8 guest_code[] = {
	0x66, 0x49, /* 1: dec %ecx */
	0x75, 0xfc, /* jnz 1b */
	0xf4,	    /* hlt */
};

enum probe_state { PROBE_SETUP, PROBE_RUNNING, PROBE_DONE };

/*
 * Shared by the caller and the helper thread. When KVM does not let the
 * thread go, the caller leaves without it: the second to drop its reference
 * frees the job.
 */
struct probe_job {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum probe_state state;
	unsigned int refs;
	int kvm_fd;
	struct accel_probe result;
};

static void probe_job__put(struct probe_job *job)
{
	bool last;

	pthread_mutex_lock(&job->lock);
	last = --job->refs == 0;
	pthread_mutex_unlock(&job->lock);
	if (!last)
		return;
	close(job->kvm_fd);
	pthread_cond_destroy(&job->changed);
	pthread_mutex_destroy(&job->lock);
	free(job);
}

static void probe_job__set_state(struct probe_job *job, enum probe_state state)
{
	pthread_mutex_lock(&job->lock);
	job->state = state;
	pthread_cond_broadcast(&job->changed);
	pthread_mutex_unlock(&job->lock);
}

/* Wait until @job is past @state; false when @limit_ms passed first. */
static bool probe_job__wait(struct probe_job *job, enum probe_state state,
			    unsigned int limit_ms)
{
	u64 until = kt_now_ns() + limit_ms * NSEC_PER_MSEC;
	struct timespec ts = { .tv_sec = (time_t)(until / NSEC_PER_SEC),
			       .tv_nsec = (long)(until % NSEC_PER_SEC) };
	bool past;
	int err = 0;

	pthread_mutex_lock(&job->lock);
	while (job->state <= state && err != ETIMEDOUT)
		err = pthread_cond_timedwait(&job->changed, &job->lock, &ts);
	past = job->state > state;
	pthread_mutex_unlock(&job->lock);
	return past;
}

/* The test guest: everything that must be released after a run. */
struct probe_vm {
	int vm_fd, vcpu_fd;
	void *page;
	struct kvm_run *run;
	size_t run_size;
};

static void probe_vm__fini(struct probe_vm *vm)
{
	if (vm->run != MAP_FAILED)
		munmap(vm->run, vm->run_size);
	if (vm->vcpu_fd >= 0)
		close(vm->vcpu_fd);
	if (vm->vm_fd >= 0)
		close(vm->vm_fd);
	if (vm->page != MAP_FAILED)
		munmap(vm->page, GUEST_PAGE_SIZE);
}

static int probe_vm__make(struct probe_vm *vm, int kvm_fd)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = GUEST_CODE_GPA,
		.memory_size = GUEST_PAGE_SIZE,
	};
	int size, err;

	vm->page = mmap(NULL, GUEST_PAGE_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm->page == MAP_FAILED)
		return -errno;
	memcpy(vm->page, guest_code, sizeof(guest_code));
	err = kvm__create_vm(kvm_fd, &vm->vm_fd, NULL);
	if (err)
		return err;
	region.userspace_addr = (u64)(uintptr_t)vm->page;
	if (ioctl(vm->vm_fd, KVM_SET_USER_MEMORY_REGION, &region))
		return -errno;
	vm->vcpu_fd = ioctl(vm->vm_fd, KVM_CREATE_VCPU, 0);
	if (vm->vcpu_fd < 0)
		return -errno;
	size = ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < (int)sizeof(struct kvm_run))
		return size < 0 ? -errno : -EIO;
	vm->run_size = (size_t)size;
	vm->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       vm->vcpu_fd, 0);
	return vm->run == MAP_FAILED ? -errno : 0;
}

/*
 * Real mode at GUEST_CODE_GPA. The kick signal is blocked in the thread and
 * open only inside KVM_RUN: it interrupts KVM_RUN, before or after entry,
 * and is never delivered, so no handler has to be installed.
 */
static int probe_vm__prepare(struct probe_vm *vm)
{
	/* struct kvm_signal_mask with its set, which is 8 bytes long */
	union {
		struct kvm_signal_mask head;
		u8 bytes[sizeof(struct kvm_signal_mask) + sizeof(u64)];
	} mask;
	const u64 set = ~(1ULL << (KICK_SIGNAL - 1));
	struct kvm_regs regs = { .rip = GUEST_CODE_GPA,
				 .rflags = 2, /* the bit that is always one */
				 .rcx = LOOP_ITERATIONS };
	struct kvm_sregs sregs;

	if (ioctl(vm->vcpu_fd, KVM_GET_SREGS, &sregs))
		return -errno;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(vm->vcpu_fd, KVM_SET_SREGS, &sregs) ||
	    ioctl(vm->vcpu_fd, KVM_SET_REGS, &regs))
		return -errno;
	mask.head.len = sizeof(set);
	memcpy(mask.bytes + sizeof(mask.head), &set, sizeof(set));
	return ioctl(vm->vcpu_fd, KVM_SET_SIGNAL_MASK, &mask) ? -errno : 0;
}

static int probe_vm__measure(struct probe_vm *vm, double *ret_mips)
{
	u64 begin_ns = kt_now_ns(), ns;
	struct kvm_regs regs;
	int err = ioctl(vm->vcpu_fd, KVM_RUN, 0) ? -errno : 0;

	ns = kt_now_ns() - begin_ns;
	if (err && err != -EINTR)
		return err;
	if (!err && vm->run->exit_reason != KVM_EXIT_HLT)
		return -EIO;
	if (ioctl(vm->vcpu_fd, KVM_GET_REGS, &regs))
		return -errno;
	if (regs.rcx > LOOP_ITERATIONS)
		return -EIO;
	*ret_mips = (double)(LOOP_ITERATIONS - regs.rcx) * LOOP_INSNS * 1000.0 /
		    (double)(ns ? ns : 1);
	return 0;
}

static void *probe_thread(void *arg)
{
	struct probe_vm vm = {
		.vm_fd = -1,
		.vcpu_fd = -1,
		.page = MAP_FAILED,
		.run = MAP_FAILED,
	};
	struct probe_job *job = arg;
	double mips = 0;
	int err;

	err = probe_vm__make(&vm, job->kvm_fd);
	if (!err)
		err = probe_vm__prepare(&vm);
	if (!err) {
		probe_job__set_state(job, PROBE_RUNNING);
		err = probe_vm__measure(&vm, &mips);
	}
	probe_vm__fini(&vm);
	job->result.err = err;
	job->result.mips = mips;
	/* KVM that cannot run two instructions is no KVM. */
	job->result.kind = err			    ? ACCEL_ABSENT
			   : mips < ACCEL_SLOW_MIPS ? ACCEL_SLOW
						    : ACCEL_HARDWARE;
	probe_job__set_state(job, PROBE_DONE);
	probe_job__put(job);
	return NULL;
}

/* Start the thread with every signal blocked: the caller's are not ours. */
static int probe_job__start(struct probe_job *job, pthread_t *ret_thread)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(ret_thread, NULL, probe_thread, job);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -err;
}

static struct probe_job *probe_job__new(int kvm_fd)
{
	struct probe_job *job = calloc(1, sizeof(*job));
	pthread_condattr_t attr;

	if (!job)
		return NULL;
	job->kvm_fd = kvm_fd;
	job->refs = 2;
	job->state = PROBE_SETUP;
	pthread_mutex_init(&job->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&job->changed, &attr);
	pthread_condattr_destroy(&attr);
	return job;
}

/* Takes over @kvm_fd. */
static void probe_speed(int kvm_fd, struct accel_probe *ret)
{
	struct probe_job *job = probe_job__new(kvm_fd);
	pthread_t thread;
	bool done;
	int err;

	ret->kind = ACCEL_ABSENT;
	if (!job) {
		close(kvm_fd);
		ret->err = -ENOMEM;
		return;
	}
	err = probe_job__start(job, &thread);
	if (err) {
		job->refs = 1;
		probe_job__put(job);
		ret->err = err;
		return;
	}
	if (probe_job__wait(job, PROBE_SETUP, SETUP_LIMIT_MS))
		probe_job__wait(job, PROBE_RUNNING, ACCEL_PROBE_DEADLINE_MS);
	pthread_kill(thread, KICK_SIGNAL);
	done = probe_job__wait(job, PROBE_RUNNING, SETUP_LIMIT_MS);
	if (done) {
		*ret = job->result;
		pthread_join(thread, NULL);
	} else {
		/* Present, and slower than anything worth waiting for. */
		ret->kind = ACCEL_SLOW;
		ret->err = -ETIMEDOUT;
		pthread_detach(thread);
	}
	probe_job__put(job);
}

void accel__probe(const char *kvm_path, struct accel_probe *ret)
{
	const char *inside = getenv(SOFTKVM_ENV);
	struct accel_probe probe = { .kind = ACCEL_ABSENT };
	u64 begin_ns = kt_now_ns();
	int fd = open(kvm_path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		probe.err = -errno;
		if (errno == EACCES || errno == EPERM)
			probe.kind = ACCEL_NO_PERMISSION;
	} else if (ioctl(fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION) {
		probe.err = -ENOTTY;
		close(fd);
	} else {
		probe_speed(fd, &probe);
	}
	probe.inside_softkvm = inside && !strcmp(inside, "1");
	probe.probe_ns = kt_now_ns() - begin_ns;
	*ret = probe;
}

static const struct {
	const char *name;
	const char *remedy;
} kinds[ACCEL_KIND_NR] = {
	[ACCEL_HARDWARE] = { "hardware", "" },
	[ACCEL_SLOW] = { "slow",
			 "KVM here has no hardware behind it: use "
			 "KTSTR_ACCEL=auto to run in softkvm, or a host with "
			 "(nested) virtualization enabled" },
	[ACCEL_ABSENT] = { "absent",
			   "enable virtualization and load kvm_intel or "
			   "kvm_amd, or use KTSTR_ACCEL=auto to run in "
			   "softkvm" },
	[ACCEL_NO_PERMISSION] = { "no permission",
				  "join the group of /dev/kvm (usermod -aG kvm "
				  "USER, then log in again), or use "
				  "KTSTR_ACCEL=auto to run in softkvm" },
};

const char *accel_kind__name(enum accel_kind kind)
{
	return (unsigned int)kind < ACCEL_KIND_NR ? kinds[kind].name
						  : "unknown";
}

const char *accel__remedy(enum accel_kind kind)
{
	return (unsigned int)kind < ACCEL_KIND_NR ? kinds[kind].remedy : "";
}

static int choose_kvm(const struct accel_probe *probe,
		      enum accel_choice *ret_choice, struct kt_diag *diag)
{
	/* A loaded host makes softkvm's KVM look slow; nothing beats it here.
	 */
	if (probe->kind == ACCEL_HARDWARE ||
	    (probe->inside_softkvm && probe->kind == ACCEL_SLOW)) {
		*ret_choice = ACCEL_USE_KVM;
		return 0;
	}
	return diag__fail(
		diag, -ENODEV,
		"/dev/kvm is %s (%.1f MIPS, at least %u needed%s%s); "
		"%s",
		accel_kind__name(probe->kind), probe->mips, ACCEL_SLOW_MIPS,
		probe->err ? "; " : "", probe->err ? strerror(-probe->err) : "",
		probe->inside_softkvm ? "softkvm did not get KVM working: "
					"`ktstr softkvm stop` and try again"
				      : accel__remedy(probe->kind));
}

int accel__choose(const struct accel_probe *probe, const char *env,
		  enum accel_choice *ret_choice, struct kt_diag *diag)
{
	const char *word = env && *env ? env : "auto";
	bool want_auto = !strcmp(word, "auto");
	bool want_softkvm = !strcmp(word, "softkvm");

	if (!want_auto && !want_softkvm && strcmp(word, "kvm"))
		return diag__fail(diag, -EINVAL,
				  "KTSTR_ACCEL is '%s'; it can be kvm, softkvm "
				  "or auto",
				  word);
	if (!probe->inside_softkvm &&
	    (want_softkvm || (want_auto && probe->kind != ACCEL_HARDWARE))) {
		*ret_choice = ACCEL_USE_SOFTKVM;
		return 0;
	}
	return choose_kvm(probe, ret_choice, diag);
}

void accel__describe(const struct accel_probe *probe, char *buf, size_t size)
{
	const char *where =
		probe->inside_softkvm ? "KVM of softkvm" : "/dev/kvm";

	/* A loop that did not get one round done was measured as well. */
	if (probe->err)
		snprintf(buf, size, "%s: %s (%s)", where,
			 accel_kind__name(probe->kind), strerror(-probe->err));
	else
		snprintf(buf, size, "%s: %s (%.1f MIPS)", where,
			 accel_kind__name(probe->kind), probe->mips);
}
