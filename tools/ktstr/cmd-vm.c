// SPDX-License-Identifier: GPL-2.0
/*
 * `ktstr vm`: boot a kernel in our VMM and relay its console. Decides what to
 * boot and where: here, or in softkvm, where the same command line is run
 * again.
 */
#include "tools/ktstr/cmd.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <ktstr/kernel.h>

#include "lib/session/session-internal.h"
#include "tools/ktstr/machine-run.h"
#include "tools/ktstr/topology-args.h"
#include "tools/ktstr/vm-console.h"
#include "vmm/accel.h"
#include "vmm/softkvm.h"

/*
 * Quiet and without probes for hardware the machine does not have. Hardware-
 * reduced ACPI makes Linux reset through EFI unless told otherwise
 * (drivers/firmware/efi/reboot.c); without EFI that reset never comes.
 */
#define DEFAULT_CMDLINE                                            \
	"console=ttyS0 panic=-1 reboot=acpi pci=off tsc=reliable " \
	"no_timer_check random.trust_cpu=on cryptomgr.notests "    \
	"mitigations=off swiotlb=noforce 8250.nr_uarts=2"

#define CPUS_UNSET ULONG_MAX
#define MEMORY_UNSET ULONG_MAX

struct vm_options {
	const char *kernel, *initrd, *cmdline;
	unsigned long cpus, memory_mib, timeout_s;
	struct topology_args topology;
	struct vm_console_opts console;
};

static int infra_error(const struct kt_diag *diag, int err)
{
	fprintf(stderr, "ktstr vm: %s\n", diag__text(diag, err));
	return CMD_INFRA;
}

static int open_initrd(const char *path, struct vm_initrd_part *part,
		       struct kt_diag *diag)
{
	struct stat st;

	part->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (part->fd < 0 || fstat(part->fd, &st))
		return diag__fail(diag, -errno, "initrd %s: %s", path,
				  strerror(errno));
	if (!S_ISREG(st.st_mode))
		return diag__fail(diag, -EINVAL,
				  "initrd %s: not a regular file", path);
	part->len = (size_t)st.st_size;
	return 0;
}

/*
 * Run this very command in there; its /dev/kvm works. Bytes go through, a
 * terminal does not: it is made raw here, and the inner command is told.
 */
static int rerun_in_softkvm(int argc, char **argv)
{
	char **copy __free(ptr) = calloc((size_t)argc + 3, sizeof(*copy));
	char name[] = "vm", tty[] = "--tty";
	struct softkvm_exec req = { .argv = copy };
	struct kt_diag diag = { 0 };
	int status, err;

	if (!copy)
		return infra_error(&diag, -ENOMEM);
	copy[0] = name; /* becomes this executable's path */
	copy[1] = name;
	memcpy(copy + 2, argv + 1, (size_t)(argc - 1) * sizeof(*copy));
	if (vm_console__raw_tty())
		copy[argc + 1] = tty;
	err = softkvm__rerun(&req, &status, &diag);
	return err ? infra_error(&diag, err) : status;
}

/* CPUs for it, as a test's machine would get them; what of it is said. */
static int reserve(const struct vm_config *cfg, bool emulated,
		   struct host_share *share, struct kt_diag *diag)
{
	struct topology flat = TOPO_EVEN(1, 1, cfg->nr_cpus, 1);
	const struct topology *t = cfg->topology ? cfg->topology : &flat;
	struct ktstr_attr attr = machine_run__defaults(1);
	struct host_rules rules;
	const char *skip;
	int err = host_rules__read(emulated, &rules, diag);

	ktstr_attr__set_topology(&attr, t);
	if (!err)
		err = memory__check((unsigned int)cfg->memory_mib, stderr,
				    diag);
	if (!err)
		err = host_share__get(&rules, &attr, t, stderr, share, &skip,
				      diag);
	if (!err && skip)
		err = diag__context(diag, -EBUSY, "%s", skip);
	return err;
}

static int boot(const struct vm_options *opt, int argc, char **argv)
{
	static struct host_share share; /* for as long as we live */
	const char *cmdline = opt->cmdline ? opt->cmdline : DEFAULT_CMDLINE;
	struct vm_initrd_part initrd = { .fd = -1 };
	struct kernel_ref kernel;
	struct vm_config cfg = {
		.kernel = kernel.image,
		.initrd = &initrd,
		.nr_initrd = opt->initrd ? 1 : 0,
		.cmdline = cmdline,
		.nr_cpus = (unsigned int)opt->cpus,
		.topology =
			opt->topology.given ? &opt->topology.topology : NULL,
		.memory_mib = opt->memory_mib,
		.timeout_ns = opt->timeout_s * NSEC_PER_SEC,
		.input_fd = -1,
		.input_stream = strstr(cmdline, "console=hvc0")
					? VM_STREAM_HVC0
					: VM_STREAM_COM1,
		.collect_stats = opt->console.stats,
	};
	struct accel_probe probe;
	bool elsewhere = false;
	struct kt_diag diag = { 0 };
	int err = kernel__resolve(opt->kernel, &kernel, &diag);

	if (!err && opt->initrd)
		err = open_initrd(opt->initrd, &initrd, &diag);
	/* Refuse before minutes of machinery are started. */
	if (!err)
		err = softkvm__wanted(false, &probe, &elsewhere, &diag);
	if (!err && elsewhere)
		err = vm__check(&cfg, &diag);
	if (err)
		return infra_error(&diag, err);
	if (elsewhere)
		return rerun_in_softkvm(argc, argv);
	err = reserve(&cfg, probe.inside_softkvm, &share, &diag);
	if (err)
		return infra_error(&diag, err);
	cfg.placement = share.use;
	return vm_console__run(&cfg, &opt->console);
}

enum { OPT_MARK = 256, OPT_TTY };

static const struct argp_option options[] = {
	{ "kernel", 'k', "KERNEL", 0,
	  "vmlinux, bzImage, build tree or cached kernel (the default kernel)",
	  0 },
	{ "initrd", 'i', "FILE", 0, "initial ramdisk", 0 },
	{ "cmdline", 'p', "TEXT", 0,
	  "kernel command line, instead of the default one", 0 },
	{ "cpus", 'c', "N", 0, "number of CPUs (1)", 0 },
	TOPOLOGY_OPTIONS,
	{ "memory", 'm', "MIB", 0,
	  "memory in MiB (512, or what --node adds up to)", 0 },
	{ "timeout", 't', "SECONDS", 0, "stop after this long; 0: never (0)",
	  0 },
	MACHINE_HOST_OPTIONS,
	{ "stats", 's', NULL, 0, "print exit statistics at the end", 0 },
	{ "stats-mark", OPT_MARK, "TEXT", 0,
	  "with --stats: also print what had happened when the console first "
	  "showed TEXT",
	  0 },
	{ "tty", OPT_TTY, NULL, OPTION_HIDDEN,
	  "stdin is a terminal outside softkvm", 0 },
	{ 0 },
};

static error_t parse_opt(int key, char *arg, struct argp_state *state)
{
	struct vm_options *opt = state->input;

	if (!topology_args__parse(&opt->topology, key, arg, state))
		return 0;
	switch (key) {
	case 'k':
		opt->kernel = arg;
		return 0;
	case 'i':
		opt->initrd = arg;
		return 0;
	case 'p':
		opt->cmdline = arg;
		return 0;
	case 'c':
		opt->cpus = cmd__number(state, arg, "--cpus");
		return 0;
	case 'm':
		opt->memory_mib = cmd__number(state, arg, "--memory");
		return 0;
	case 't':
		opt->timeout_s = cmd__number(state, arg, "--timeout");
		return 0;
	case 's':
		opt->console.stats = true;
		return 0;
	case OPT_MARK:
		opt->console.mark = arg;
		return 0;
	case OPT_TTY:
		opt->console.escape = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return EINVAL;
	default:
		return machine_host__parse(key, arg, state);
	}
}

static const struct argp vm_argp = { .options = options, .parser = parse_opt };

static int vm(int argc, char **argv)
{
	static struct vm_options opt = { .cpus = CPUS_UNSET,
					 .memory_mib = MEMORY_UNSET };
	const struct topology *t = &opt.topology.topology;
	int err = cmd__parse(&command_vm, argc, argv, 0, &opt);

	if (opt.cpus == CPUS_UNSET)
		opt.cpus = opt.topology.given ? topo__nr_cpus(t) : 1;
	if (opt.memory_mib == MEMORY_UNSET)
		opt.memory_mib = t->nodes ? topo__nodes_memory_mib(t) : 512;
	return err ? err : boot(&opt, argc, argv);
}

const struct command command_vm = {
	.name = "vm",
	.fn = vm,
	.summary = "boot a kernel in our VMM and relay its console",
	.argp = &vm_argp,
	.description =
		"Boot a kernel in our VMM and relay its console. Ctrl-A x "
		"leaves a machine on a terminal. Without --cmdline the kernel "
		"gets:\n\n" DEFAULT_CMDLINE,
	.exits =
		(const struct cmd_note[]){
			{ "0", "the guest powered off or rebooted" },
			{ "1", "it panicked or triple-faulted" },
			{ "2", "wrong usage" },
			{ "124", "timeout" },
			{ "125", "the machine could not be built or run" },
			{ "128+N", "stopped by signal N" },
			{ NULL, NULL },
		},
	.env = "KTSTR_KERNEL KTSTR_ACCEL KTSTR_CACHE_DIR KTSTR_CPU_CAP "
	       "KTSTR_NO_PERF_MODE KTSTR_LOCK_DIR KTSTR_BYPASS_LLC_LOCKS "
	       "KTSTR_CONTENTION_BYPASS",
	.examples =
		(const struct cmd_note[]){
			{ "ktstr vm --kernel bzImage --initrd initrd.img "
			  "--cpus 4 --stats",
			  "boot a kernel of yours, print times and counts of "
			  "exits when it has stopped" },
			{ "ktstr vm --topology 2n4l2c1t --memory 1024",
			  "two NUMA nodes with two LLCs of two cores each" },
			{ NULL, NULL },
		},
};
