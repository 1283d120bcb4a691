// SPDX-License-Identifier: GPL-2.0
/* From options to ready sessions; see machine-run.h. Main thread. */
#include "tools/ktstr/machine-run.h"

#include <ktstr/cache.h>
#include <ktstr/fd.h>

#include "tools/ktstr/cmd.h"
#include "lib/session/host-share.h"
#include "vmm/softkvm.h"

void machine_run__add_include(struct machine_run *run, const char *spec,
			      struct argp_state *state)
{
	if (run->nr_includes == MACHINE_INCLUDES_MAX)
		argp_error(state, "more than %u --include",
			   MACHINE_INCLUDES_MAX);
	else
		run->include[run->nr_includes++] = spec;
}

void machine_run__add_kernel(struct machine_run *run, const char *spec,
			     struct argp_state *state)
{
	if (run->nr_kernels == MACHINE_KERNELS_MAX)
		argp_error(state, "more than %u --kernel", MACHINE_KERNELS_MAX);
	else
		run->kernel[run->nr_kernels++] = spec;
}

void machine_run__set_cpus(struct machine_run *run, const char *arg,
			   struct argp_state *state)
{
	const struct topology t =
		TOPO_EVEN(1, 1, cmd__number(state, arg, "--cpus"), 1);

	ktstr_attr__set_topology(&run->attr, &t);
}

error_t machine_host__parse(int key, char *arg, struct argp_state *state)
{
	struct kt_diag diag = { 0 };
	unsigned int cap;

	switch (key) {
	case MACHINE_KEY_CAP:
		if (!*arg || host_cap__parse("--cpu-cap", arg, &cap, &diag))
			argp_error(state, "%s",
				   *arg ? diag.msg : "--cpu-cap: no number");
		setenv(HOST_CPU_CAP_ENV, arg, 1);
		return 0;
	case MACHINE_KEY_NO_PERF:
		setenv(HOST_NO_PERF_ENV, "1", 1);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void machine_run__set_topology(struct machine_run *run,
			       const struct topology_args *args)
{
	const struct topology *t = &args->topology;

	if (!args->given)
		return;
	ktstr_attr__set_topology(&run->attr, t);
	if (t->nodes) {
		run->nodes = (struct ktstr_nodes){ t->nodes, t->nr_nodes };
		run->attr.nodes = &run->nodes;
		run->attr.memory_mib = (unsigned int)topo__nodes_memory_mib(t);
	}
	if (t->distances) {
		run->distances = (struct ktstr_distances){ t->distances,
							   t->nr_distances };
		run->attr.distances = &run->distances;
	}
}

static int find_log_root(char *buf, size_t size, struct kt_diag *diag)
{
	const char *dir = getenv("KTSTR_SIDECAR_DIR");
	int len;

	if (!dir || !*dir)
		return cache__dir("logs", buf, size, diag);
	len = snprintf(buf, size, "%s", dir);
	return (size_t)len < size ? 0 : -ENAMETOOLONG;
}

static int make_session(struct machine_run *run, unsigned int i,
			struct kt_diag *diag)
{
	struct session_config cfg = {
		.kernel = run->kernel[i],
		.init = "/proc/self/exe",
		.prog = "run",
		.accel = &run->accel,
		.workload = run->workload,
		.log_root = run->log_root,
	};
	const char *trouble;
	int err = session__new(&cfg, &run->session[i]);

	if (err)
		return err;
	trouble = session__trouble(run->session[i]);
	return trouble ? diag__fail(diag, -ENODEV, "%s", trouble) : 0;
}

int machine_run__prepare(struct machine_run *run,
			 int (*plan)(struct machine_run *run,
				     struct kt_diag *diag),
			 bool *ret_elsewhere, struct kt_diag *diag)
{
	int err = workload__new(&run->workload);

	if (!err)
		err = plan(run, diag);
	for (unsigned int i = 0; i < run->nr_includes && !err; i++)
		err = workload__include(run->workload, run->include[i], diag);
	if (!err)
		err = find_log_root(run->log_root, sizeof(run->log_root), diag);
	if (!err)
		err = softkvm__wanted(true, &run->accel, ret_elsewhere, diag);
	for (unsigned int i = 0; i < run->nr_kernels && !err; i++)
		err = make_session(run, i, diag);
	return err;
}

void machine_run__fini(struct machine_run *run)
{
	for (unsigned int i = 0; i < run->nr_kernels; i++)
		session__free(run->session[i]);
	workload__free(run->workload);
}

struct ktstr_attr machine_run__defaults(unsigned int timeout_s)
{
	struct ktstr_attr attr;

	/* Without declarations nothing can contradict. */
	ktstr_attr__resolve(NULL, 0, &attr, NULL);
	attr.memory_mib = 0;
	attr.duration_s = 1; /* the program's own business */
	attr.timeout_s = timeout_s;
	return attr;
}

struct ktstr_attr machine_run__attr(const struct machine_run *run,
				    unsigned int i)
{
	struct ktstr_attr attr = run->attr;

	if (!attr.memory_mib)
		attr.memory_mib = KT_MAX(KTSTR_DEFAULT_MEMORY_MIB,
					 session__memory_mib(run->session[i]));
	return attr;
}

int machine_run__elsewhere(const struct machine_run *run, const char *name,
			   const char *extra, int argc, char **argv, bool quiet,
			   struct kt_diag *diag)
{
	char **copy __free(ptr) = calloc((size_t)argc + 3, sizeof(*copy));
	const char *rw[] = { run->log_root };
	struct softkvm_exec req = {
		.argv = copy, .rw_dirs = rw, .nr_rw_dirs = 1, .quiet = quiet
	};
	int n = 2, status, err;

	if (!copy)
		return -ENOMEM;
	copy[0] = argv[0]; /* becomes this executable's path */
	copy[1] = (char *)(uintptr_t)name;
	if (extra)
		copy[n++] = (char *)(uintptr_t)extra;
	memcpy(copy + n, argv + 1, (size_t)(argc - 1) * sizeof(*copy));
	/* Written through from inside, so it has to exist out here. */
	if (fd__mkdirs(run->log_root))
		req.nr_rw_dirs = 0;
	err = softkvm__rerun(&req, &status, diag);
	return err ? err : status;
}
