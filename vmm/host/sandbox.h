/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPUs and memory nodes that work which is no machine, a kernel's build, cannot
 * leave: a child of this process' cgroup, for as long as the work lasts.
 */
#ifndef VMM_HOST_SANDBOX_H
#define VMM_HOST_SANDBOX_H

#include <limits.h>

#include <ktstr/cpulist.h>
#include <ktstr/diag.h>

#define HOST_CGROUP_ROOT "/sys/fs/cgroup"

/* Of a child cgroup: the time in nanoseconds since 1970 and a process follow.
 */
#define HOST_SANDBOX_PREFIX "ktstr-build-"

/**
 * struct host_sandbox_request - where and what
 * @root: HOST_CGROUP_ROOT
 * @proc: "/proc"
 * @cpus, @mems: not empty
 * @exact: the kernel giving less of them is a failure
 */
struct host_sandbox_request {
	const char *root, *proc;
	const struct cpuset *cpus, *mems;
	bool exact;
};

/**
 * struct host_sandbox - a cgroup that this process is in; all zero: none
 * @narrowed: "" or what the kernel gives less of, for a warning
 */
struct host_sandbox {
	char parent[PATH_MAX];
	char path[PATH_MAX];
	bool enabled; /* cpuset for children of @parent, which was off */
	char narrowed[256];
};

/**
 * host_sandbox__enter - make a cgroup and move this process into it
 *
 * Its children are born there. Removes what dead processes left a day ago.
 * Waits for others that are at it in the same cgroup.
 * Return: 0 and a sandbox to be left; -EOPNOTSUPP where cgroups here cannot do
 * it, with the reason and a remedy; -ERANGE with @exact; or -errno. After a
 * failure nothing is left.
 */
int host_sandbox__enter(const struct host_sandbox_request *req,
			struct host_sandbox *ret_sandbox, struct kt_diag *diag);

/**
 * host_sandbox__leave - move all that is in there out again, and remove it
 *
 * Processes go back to where this one came from, whose other limits they never
 * left. Tries for 50 ms. Return: 0, or -errno with what is left behind.
 */
int host_sandbox__leave(struct host_sandbox *sandbox, struct kt_diag *diag);

#endif /* VMM_HOST_SANDBOX_H */
