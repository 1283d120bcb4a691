// SPDX-License-Identifier: GPL-2.0
/*
 * vm__run(): starts the vCPU threads and turns the caller into the machine's
 * main loop, which waits for an end (guest, deadline, vm__stop()) and feeds
 * host input. vm__end() and vm__stop() may come from any thread.
 */
#include <poll.h>
#include <stdarg.h>
#include <time.h>

#include <ktstr/fd.h>

#include "vmm/vm-priv.h"

/* A panicked kernel that does not reset: give its trace time to come out. */
#define PANIC_QUIET_NS (2 * NSEC_PER_SEC)
#define PANIC_TOTAL_NS (10 * NSEC_PER_SEC)
/* Input that the guest does not take yet is offered again this often. */
#define INPUT_RETRY_NS (20 * NSEC_PER_MSEC)
/* Between kicks of a vCPU that has not ended, and until we give up on it. */
#define KICK_NS (10 * NSEC_PER_MSEC)
#define KICK_TOTAL_NS (10 * NSEC_PER_SEC)

struct run_loop {
	struct vm *vm;
	u64 deadline_ns; /* 0: none */
	u64 panic_ns;	 /* when the panic was noticed; 0: none */
	bool input_open;
	size_t pending; /* bytes of buf the guest has not taken */
	u64 retry_ns;
	char buf[4096];
};

/* Async-signal-safe: an atomic and write(2). */
void vm__end(struct vm *vm, enum vm_exit_reason reason)
{
	int none = VM_REASON_NONE;
	int saved = errno;
	const u64 one = 1;

	if (reason == VM_EXIT_RESET || reason == VM_EXIT_TRIPLE_FAULT)
		if (atomic_load(&vm->panicked))
			reason = VM_EXIT_PANIC;
	if (atomic_compare_exchange_strong(&vm->reason, &none, (int)reason))
		while (write(vm->event_fd, &one, sizeof(one)) < 0 &&
		       errno == EINTR)
			;
	errno = saved;
}

void vm__stop(struct vm *vm)
{
	vm__end(vm, VM_EXIT_STOPPED);
}

void vm__limit(struct vm *vm, u64 ns)
{
	u64 limit = kt_now_ns() + ns, was = atomic_load(&vm->limit_ns);
	const u64 one = 1;

	do {
		if (was && was <= limit)
			return;
	} while (!atomic_compare_exchange_weak(&vm->limit_ns, &was, limit));
	(void)!write(vm->event_fd, &one, sizeof(one));
}

void vm__fail(struct vm *vm, const char *fmt, ...)
{
	char msg[sizeof(vm->run_diag.msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&vm->diag_lock);
	diag__fail(&vm->run_diag, -EIO, "%s", msg);
	pthread_mutex_unlock(&vm->diag_lock);
	vm__end(vm, VM_EXIT_ERROR);
}

static void earliest(u64 *ns, u64 candidate)
{
	if (candidate && (!*ns || candidate < *ns))
		*ns = candidate;
}

/* When a panicked machine is over if nothing else happens. */
static u64 panic_limit(const struct run_loop *l)
{
	u64 quiet = atomic_load(&l->vm->last_output_ns) + PANIC_QUIET_NS;

	if (!l->panic_ns)
		return 0;
	return KT_MIN(KT_MAX(quiet, l->panic_ns + PANIC_QUIET_NS),
		      l->panic_ns + PANIC_TOTAL_NS);
}

static void check_timers(struct run_loop *l, u64 now)
{
	u64 limit;

	if (!l->panic_ns && atomic_load(&l->vm->panicked))
		l->panic_ns = now;
	limit = panic_limit(l);
	if (limit && now >= limit)
		vm__end(l->vm, VM_EXIT_PANIC);
	if (l->deadline_ns && now >= l->deadline_ns)
		vm__end(l->vm, l->panic_ns ? VM_EXIT_PANIC : VM_EXIT_DEADLINE);
}

static void offer_input(struct run_loop *l, u64 now)
{
	int err = devs__input(&l->vm->devs, l->vm->input_stream, l->buf,
			      l->pending);

	l->retry_ns = 0;
	if (err == -EAGAIN || err == -ENOSPC) {
		l->retry_ns = now + INPUT_RETRY_NS;
		return;
	}
	l->pending = 0;
	/* -ENODEV: no device for that stream, reading more is pointless. */
	if (err)
		l->input_open = false;
}

static void read_input(struct run_loop *l, u64 now)
{
	ssize_t n = read(l->vm->input_fd, l->buf, sizeof(l->buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		l->input_open = false;
		return;
	}
	l->pending = (size_t)n;
	offer_input(l, now);
}

static void wait_once(struct run_loop *l)
{
	struct pollfd p[2] = {
		{ .fd = l->vm->event_fd, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
	};
	u64 now = kt_now_ns(), until = 0, wait, drained;
	struct timespec ts;

	earliest(&l->deadline_ns, atomic_load(&l->vm->limit_ns));
	if (l->input_open && !l->pending)
		p[1].fd = l->vm->input_fd;
	earliest(&until, l->deadline_ns);
	earliest(&until, panic_limit(l));
	earliest(&until, l->retry_ns);
	wait = until > now ? until - now : 0;
	ts.tv_sec = (time_t)(wait / NSEC_PER_SEC);
	ts.tv_nsec = (long)(wait % NSEC_PER_SEC);
	if (ppoll(p, ARRAY_SIZE(p), until ? &ts : NULL, NULL) < 0 &&
	    errno != EINTR) {
		vm__fail(l->vm, "poll: %s", strerror(errno));
		return;
	}
	now = kt_now_ns();
	if (p[0].revents & POLLIN)
		(void)!read(l->vm->event_fd, &drained, sizeof(drained));
	if (p[1].revents)
		read_input(l, now);
	if (l->pending && l->retry_ns && now >= l->retry_ns)
		offer_input(l, now);
	check_timers(l, now);
}

/* Return: whether the thread has ended within one kick interval. */
static bool join_for(struct vcpu *vcpu, u64 ns)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec += (long)ns;
	if (ts.tv_nsec >= (long)NSEC_PER_SEC) {
		ts.tv_nsec -= (long)NSEC_PER_SEC;
		ts.tv_sec++;
	}
	return !pthread_timedjoin_np(vcpu->thread, NULL, &ts);
}

static int stop_vcpus(struct vm *vm, struct kt_diag *diag)
{
	u64 limit = kt_now_ns() + KICK_TOTAL_NS;

	for (unsigned int i = 0; i < vm->nr_cpus; i++)
		if (vm->vcpu[i].started)
			vcpu__kick(&vm->vcpu[i]);
	for (unsigned int i = 0; i < vm->nr_cpus; i++) {
		struct vcpu *vcpu = &vm->vcpu[i];

		while (vcpu->started && !join_for(vcpu, KICK_NS)) {
			if (kt_now_ns() >= limit) {
				/* Its memory must outlive it. */
				vm->abandoned = true;
				pthread_detach(vcpu->thread);
				break;
			}
			vcpu__kick(vcpu);
		}
		vcpu->started = false;
	}
	if (vm->abandoned)
		return diag__fail(
			diag, -ETIMEDOUT,
			"a vCPU did not stop within %llu s of kicks: an output "
			"sink blocks and ignores EINTR",
			(unsigned long long)(KICK_TOTAL_NS / NSEC_PER_SEC));
	return 0;
}

static void fill_exit(struct vm *vm, u64 started_ns, struct vm_exit *ret_exit)
{
	struct vm_exit e = {
		.reason = (enum vm_exit_reason)atomic_load(&vm->reason),
		.counters = {
			.setup_ns = vm->setup_ns,
			.run_ns = kt_now_ns() - started_ns,
			.kernel_cache_hit = vm->kernel_cache_hit,
			.kaslr_offset = vm->kaslr_offset,
			.guest_memory_bytes = vm->gm.size,
		},
	};
	struct vm_counters *c = &e.counters;

	for (unsigned int i = 0; i < vm->nr_cpus; i++) {
		c->pio_exits += vm->vcpu[i].pio;
		c->mmio_exits += vm->vcpu[i].mmio;
		c->intr_exits += vm->vcpu[i].intr;
		c->other_exits += vm->vcpu[i].other;
	}
	c->exits =
		c->pio_exits + c->mmio_exits + c->intr_exits + c->other_exits;
	*ret_exit = e;
}

int vm__run(struct vm *vm, struct vm_exit *ret_exit, struct kt_diag *diag)
{
	u64 start = kt_now_ns();
	struct run_loop l = {
		.vm = vm,
		.deadline_ns = vm->timeout_ns ? start + vm->timeout_ns : 0,
		.input_open = vm->input_fd >= 0,
	};
	struct place_saved saved;
	int err, stop_err;

	if (vm->ran)
		return diag__fail(diag, -EBUSY, "a machine runs only once");
	vm->ran = true;
	err = vcpu__install_kick_handler(diag);
	/* First, or a vCPU with a higher priority may take our CPU. */
	place__enter(vm, &saved);
	/* The boot processor last: application processors wait for it. */
	for (unsigned int i = vm->nr_cpus; !err && i-- > 0;)
		err = vcpu__start(&vm->vcpu[i], diag);
	if (err)
		vm__stop(vm);
	while (!vm__ending(vm))
		wait_once(&l);
	stop_err = stop_vcpus(vm, diag);
	place__leave(&saved);
	if (err || stop_err)
		return err ? err : stop_err;
	devs__flush(&vm->devs);
	fill_exit(vm, start, ret_exit);
	if (ret_exit->reason == VM_EXIT_ERROR)
		diag__fail(diag, -EIO, "%s", vm->run_diag.msg);
	return 0;
}
