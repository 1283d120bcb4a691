/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What `ktstr run` and `ktstr shell` share: from options to sessions that are
 * ready to run a workload, here or in softkvm.
 */
#ifndef TOOLS_KTSTR_MACHINE_RUN_H
#define TOOLS_KTSTR_MACHINE_RUN_H

#include <argp.h>
#include <limits.h>

#include <ktstr/session.h>
#include <ktstr/workload.h>

#include "tools/ktstr/topology-args.h"
#include "vmm/accel.h"

#define MACHINE_KERNELS_MAX 32u
#define MACHINE_INCLUDES_MAX 256u

/** struct machine_run - zeroed; options first, the rest is ours */
struct machine_run {
	const char *kernel[MACHINE_KERNELS_MAX]; /* NULL: the usual one */
	unsigned int nr_kernels;
	const char *include[MACHINE_INCLUDES_MAX];
	unsigned int nr_includes;
	struct ktstr_nodes nodes; /* what @attr may point to */
	struct ktstr_distances distances;
	struct ktstr_attr attr; /* memory_mib 0: what the files need */

	struct workload *workload;
	struct accel_probe accel;
	char log_root[PATH_MAX];
	struct session *session[MACHINE_KERNELS_MAX]; /* one per kernel */
};

/** machine_run__add_include - or argp_error() when there are too many */
void machine_run__add_include(struct machine_run *run, const char *spec,
			      struct argp_state *state);

/** machine_run__add_kernel - or argp_error() when there are too many */
void machine_run__add_kernel(struct machine_run *run, const char *spec,
			     struct argp_state *state);

/** machine_run__set_topology - the machine of @args, if it was given one */
void machine_run__set_topology(struct machine_run *run,
			       const struct topology_args *args);

/** machine_run__set_cpus - --cpus @arg: that many cores around one LLC */
void machine_run__set_cpus(struct machine_run *run, const char *arg,
			   struct argp_state *state);

/* Words about the host that hold for all of this run, in softkvm too. */
enum machine_host_key { MACHINE_KEY_CAP = 512, MACHINE_KEY_NO_PERF };

/* clang-format off */
#define MACHINE_HOST_OPTIONS \
	{ "cpu-cap", MACHINE_KEY_CAP, "N", 0, \
	  "share N of the host's CPUs (KTSTR_CPU_CAP)", 0 }, \
	{ "no-perf-mode", MACHINE_KEY_NO_PERF, NULL, 0, \
	  "share CPUs instead of having some alone (KTSTR_NO_PERF_MODE)", 0 }

/* Statuses with which a program's machine ends instead of the program. */
#define MACHINE_PROGRAM_EXITS \
	{ "110", "the guest's kernel panicked" }, \
	{ "111", "the guest's init could not work" }, \
	{ "112", "the guest's kernel warned, oopsed or stalled" }, \
	{ "113", "the guest ran out of memory" }, \
	{ "114", "the guest went away without a result" }, \
	{ "115", "our machine, KVM or softkvm failed" }, \
	{ "116", "no kernel, no accelerator, or a program that cannot be " \
		 "packed" }, \
	{ "118", "the guest's kernel sees another machine than was asked " \
		 "for" }, \
	{ "124", "the program was past its time limit" }
/* clang-format on */

/**
 * machine_host__parse - an option of MACHINE_HOST_OPTIONS
 * Return: 0 or ARGP_ERR_UNKNOWN.
 */
error_t machine_host__parse(int key, char *arg, struct argp_state *state);

/**
 * machine_run__prepare - workload, accelerator, sessions
 * @plan: fills run->workload; includes are added after it
 *
 * All that can go wrong without a machine goes wrong here, and the ramdisk is
 * in the cache when it is softkvm that needs it.
 * Return: 0 or -errno with a message.
 */
int machine_run__prepare(struct machine_run *run,
			 int (*plan)(struct machine_run *run,
				     struct kt_diag *diag),
			 bool *ret_elsewhere, struct kt_diag *diag);
void machine_run__fini(struct machine_run *run);

/**
 * machine_run__defaults - attributes before the command line said anything;
 * memory_mib 0 stands for what the files need
 */
struct ktstr_attr machine_run__defaults(unsigned int timeout_s);

/** machine_run__attr - attributes for the machine of kernel @i */
struct ktstr_attr machine_run__attr(const struct machine_run *run,
				    unsigned int i);

/**
 * machine_run__elsewhere - the same command line in softkvm
 * @name: of the command
 * @extra: an option to put in front, or NULL
 * Return: exit status, or -errno with a message.
 */
int machine_run__elsewhere(const struct machine_run *run, const char *name,
			   const char *extra, int argc, char **argv, bool quiet,
			   struct kt_diag *diag);

#endif /* TOOLS_KTSTR_MACHINE_RUN_H */
