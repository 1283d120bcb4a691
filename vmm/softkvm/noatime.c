// SPDX-License-Identifier: GPL-2.0
/*
 * System calls of an unprivileged virtiofsd that need another outcome. The
 * filter is installed by the child that becomes virtiofsd; the supervisor,
 * single-threaded, is the tracer.
 */
#include "vmm/softkvm/noatime.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#define LOAD(field)                        \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
		 (u32)offsetof(struct seccomp_data, field))

/*
 * setgroups: virtiofsd insists on dropping the supplementary groups, which a
 * namespace of the user's own cannot. They are the user's: say it is done.
 */
int noatime__filter(void)
{
	struct sock_filter code[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 6),
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setgroups, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
		LOAD(args[2]), /* flags, their low half */
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_NOATIME, 2, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO), /* 0: success */
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(code), .filter = code };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) ? -errno
								       : 0;
}

int noatime__trace(pid_t pid, struct kt_diag *diag)
{
	if (!ptrace(PTRACE_SEIZE, pid, NULL,
		    PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE |
			    PTRACE_O_EXITKILL))
		return 0;
	return diag__fail(diag, -errno,
			  "cannot trace virtiofsd, which softkvm needs for a "
			  "user other than root: %s; allow ptrace of children "
			  "here or run as root",
			  strerror(errno));
}

void noatime__resume(pid_t tid, int status)
{
	unsigned int event = (unsigned int)status >> 16;
	struct user_regs_struct regs;
	long sig = 0;

	if (event == PTRACE_EVENT_SECCOMP &&
	    !ptrace(PTRACE_GETREGS, tid, NULL, &regs)) {
		regs.rdx &= ~(unsigned long long)O_NOATIME;
		ptrace(PTRACE_SETREGS, tid, NULL, &regs);
	} else if (!event) {
		sig = WSTOPSIG(status);
	}
	ptrace(PTRACE_CONT, tid, NULL, sig);
}
