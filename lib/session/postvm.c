// SPDX-License-Identifier: GPL-2.0
/*
 * Calling a test author's code on the host. It runs in a forked process, so
 * that its crash or its endless loop becomes one test's failure with a name,
 * before the harness would have to kill us. Main thread, when the machine and
 * its threads are gone.
 */
#include "lib/session/run.h"
#include "lib/session/settle.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <ktstr/fd.h>

int ktstr_post_vm_skip(struct kt_diag *diag, const char *reason)
{
	return diag__fail(diag, KTSTR_POST_VM_SKIP, "%s", reason);
}

u64 postvm__timeout_ms(const struct ktstr_attr *attr, double dilation)
{
	unsigned int hooks = !!attr->post_vm + !!attr->post_vm_unconditional;

	return (u64)(hooks * KTSTR_POST_VM_TIMEOUT_S * 1000.0 * dilation);
}

/* Shared with the process that runs the callback. */
struct call {
	bool returned;
	struct hook_result result;
};

static void call_in_child(ktstr_post_vm_fn fn,
			  const struct ktstr_vm_result *res, struct call *call,
			  pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent) {
		call->result.err = fn(res, &call->result.why);
		call->returned = true;
	}
	fflush(NULL);
	_exit(0); /* lint: exit ok, because it is the child */
}

/* Return: false when the process had to be killed. */
static bool wait_for(pid_t pid, u64 timeout_ms, int *ret_status)
{
	int fd __free(fd) = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	u64 end_ns = kt_now_ns() + timeout_ms * NSEC_PER_MSEC;
	bool in_time = fd < 0;

	while (!in_time && kt_now_ns() < end_ns) {
		u64 left_ms = (end_ns - kt_now_ns()) / NSEC_PER_MSEC + 1;

		in_time = poll(&pfd, 1, (int)KT_MIN(left_ms, 60000ull)) > 0;
	}
	if (!in_time)
		kill(pid, SIGKILL);
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
	return in_time;
}

static void collect(const struct call *call, bool in_time, u64 timeout_ms,
		    int status, struct hook_result *r)
{
	if (call->returned) {
		*r = call->result;
		r->why.msg[sizeof(r->why.msg) - 1] = '\0';
		/* Other positive values are nobody's skip. */
		if (r->err > 0 && r->err != KTSTR_POST_VM_SKIP)
			r->err = diag__fail(&r->why, -EINVAL,
					    "the callback returned %d", r->err);
	} else if (!in_time) {
		r->err = diag__fail(&r->why, -ETIMEDOUT,
				    "the callback did not return within "
				    "%llu ms",
				    (unsigned long long)timeout_ms);
	} else if (WIFSIGNALED(status)) {
		r->err = diag__fail(&r->why, -EFAULT,
				    "the callback was killed by signal %d (%s)",
				    WTERMSIG(status),
				    strsignal(WTERMSIG(status)));
	} else {
		r->err = diag__fail(&r->why, -ECHILD,
				    "the callback exited with status %d "
				    "instead of returning",
				    WEXITSTATUS(status));
	}
}

void postvm__call(ktstr_post_vm_fn fn, const struct ktstr_vm_result *res,
		  u64 timeout_ms, struct hook_result *r)
{
	struct call *call = mmap(NULL, sizeof(*call), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid, parent = getpid();
	bool in_time;
	int status;

	*r = (struct hook_result){ 0 };
	if (call == MAP_FAILED) {
		r->err = -errno;
		return;
	}
	/* What is buffered must not be written twice. */
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		call_in_child(fn, res, call, parent);
	if (pid < 0) {
		r->err = -errno;
	} else {
		in_time = wait_for(pid, timeout_ms, &status);
		collect(call, in_time, timeout_ms, status, r);
	}
	munmap(call, sizeof(*call));
}

void postvm__ask(struct run *run, const struct ktstr_vm_result *res,
		 struct host_findings *found)
{
	const struct ktstr_attr *attr = run->attr;
	u64 each_ms = (u64)(KTSTR_POST_VM_TIMEOUT_S * 1000.0 * run->dilation);
	u64 budget_ms = (u64)(attr->cleanup_budget_ms * run->dilation);
	u64 teardown_ms = res->teardown_ns / NSEC_PER_MSEC;
	char text[2 * sizeof(found->post.why.msg) + 64];

	*found = (struct host_findings){ 0 };
	if (attr->post_vm && res->outcome == KTSTR_PASS)
		postvm__call(attr->post_vm, res, each_ms, &found->post);
	if (attr->post_vm_unconditional)
		postvm__call(attr->post_vm_unconditional, res, each_ms,
			     &found->always);
	settle__text(found, text, sizeof(text));
	if (text[0])
		fprintf(run->report, "# %s\n", text);
	found->over_budget = budget_ms && teardown_ms >= budget_ms;
	if (found->over_budget)
		fprintf(run->report,
			"# cleanup: the machine's tear-down took %llu ms, "
			"the budget is %llu ms (%u ms x %.1f)\n",
			(unsigned long long)teardown_ms,
			(unsigned long long)budget_ms, attr->cleanup_budget_ms,
			run->dilation);
}
