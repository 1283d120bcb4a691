// SPDX-License-Identifier: GPL-2.0
/*
 * `ktstr shell`: busybox in a machine, on this terminal or for one command.
 * Where there is no KVM the same command runs in softkvm, which passes bytes
 * but no terminal: that stays here, and its size goes along as an option.
 */
#include "tools/ktstr/cmd.h"

#include <limits.h>
#include <sys/ioctl.h>

#include <ktstr/fd.h>
#include <ktstr/session.h>
#include <ktstr/workload.h>

#include "tools/ktstr/machine-run.h"
#include "tools/ktstr/vm-console.h"

#define DEFAULT_EXEC_TIMEOUT_S 120u
#define INTERACTIVE_TIMEOUT_S 86400u /* the most a machine may be given */
#define MIN_MEMORY_MIB 128u
#define KLOG_KEEP (64u << 10)

struct shell_options {
	struct machine_run run;
	struct topology_args topology;
	const char *exec;
	const char *tty; /* COLSxROWS, from outside softkvm */
	bool dmesg;
};

/* The kernel's console, for a bad end: else it would be in the way. */
struct shell {
	const struct shell_options *opt;
	size_t klog_len;
	char klog[KLOG_KEEP];
};

static void on_output(void *ctx, int fd, const void *buf, size_t len)
{
	(void)ctx;
	vm_console__write(fd, buf, len);
}

static void on_console(void *ctx, const void *buf, size_t len)
{
	(void)ctx;
	vm_console__write(STDOUT_FILENO, buf, len);
}

static void on_kernel_log(void *ctx, const void *buf, size_t len)
{
	struct shell *sh = ctx;

	if (sh->opt->dmesg) {
		vm_console__write(STDERR_FILENO, buf, len);
		return;
	}
	len = KT_MIN(len, sizeof(sh->klog) - sh->klog_len);
	memcpy(sh->klog + sh->klog_len, buf, len);
	sh->klog_len += len;
}

static void on_machine(void *ctx, struct vm *vm)
{
	(void)ctx;
	vm_console__machine(vm);
}

static void get_terminal(const struct shell_options *opt,
			 struct workload_term *ret_term)
{
	struct winsize ws;

	*ret_term = (struct workload_term){ .term = getenv("TERM"),
					    .colorterm = getenv("COLORTERM") };
	if (opt->tty &&
	    sscanf(opt->tty, "%5ux%5u", &ret_term->cols, &ret_term->rows) == 2)
		return;
	if (!ioctl(STDIN_FILENO, TIOCGWINSZ, &ws)) {
		ret_term->cols = ws.ws_col;
		ret_term->rows = ws.ws_row;
	}
}

static int plan(struct machine_run *run, struct kt_diag *diag)
{
	const struct shell_options *opt =
		container_of(run, struct shell_options, run);
	struct workload_term term;

	get_terminal(opt, &term);
	return workload__shell(run->workload, opt->exec, &term, diag);
}

static int rerun(struct shell_options *opt, int argc, char **argv,
		 struct kt_diag *diag)
{
	char tty[32] = "--tty=0x0";
	struct workload_term term;
	int status;

	get_terminal(opt, &term);
	if (!opt->exec && vm_console__raw_tty())
		snprintf(tty, sizeof(tty), "--tty=%ux%u", term.cols, term.rows);
	status = machine_run__elsewhere(&opt->run, "shell",
					opt->exec ? NULL : tty, argc, argv,
					opt->exec != NULL, diag);
	vm_console__close();
	return status;
}

static int status_of(const struct shell *sh, const struct session_verdict *v,
		     const char *report)
{
	if (vm_console__quit())
		return CMD_OK;
	if (vm_console__signal())
		return 128 + vm_console__signal();
	if (!ktstr_outcome__is_infra(v->outcome) && v->program_status >= 0)
		return v->program_status;
	/* Only now is what the kernel said of interest. */
	fwrite(sh->klog, 1, sh->klog_len, stderr);
	fprintf(stderr, "%sktstr shell: %s: %s\n", report,
		ktstr_outcome__name(v->outcome),
		ktstr_outcome__help(v->outcome));
	return ktstr_outcome__exit_status(v->outcome);
}

static void announce(const struct shell_options *opt,
		     const struct ktstr_attr *attr)
{
	fprintf(stderr,
		"ktstr shell: kernel %s, %u CPUs, %u MiB%s; Ctrl-A x quits\n",
		session__kernel_name(opt->run.session[0]), attr->cpus,
		attr->memory_mib,
		opt->run.nr_includes ? "; files in /include-files" : "");
}

static int run_shell(struct shell_options *opt, struct shell *sh)
{
	struct workload_io io = { .output = on_output,
				  .console = on_console,
				  .kernel_log = on_kernel_log,
				  .started = on_machine,
				  .input_fd = -1,
				  .ctx = sh };
	struct ktstr_attr attr = machine_run__attr(&opt->run, 0);
	struct session_verdict v = { 0 };
	char *report __free(ptr) = NULL;
	size_t size;
	FILE *f = open_memstream(&report, &size);
	int err = 0;

	if (!f)
		return CMD_INFRA;
	if (!opt->exec) {
		announce(opt, &attr);
		err = vm_console__open(opt->tty != NULL, &io.input_fd);
	}
	if (!err) {
		workload__set_io(opt->run.workload, &io);
		session__run_test(opt->run.session[0], "shell", &attr, f, &v);
	}
	vm_console__close();
	if (fclose(f) || err) {
		fprintf(stderr, "ktstr shell: standard input: %s\n",
			strerror(err ? -err : ENOMEM));
		return CMD_INFRA;
	}
	if (!opt->exec)
		fprintf(stderr, "Connection to VM closed.\n");
	return status_of(sh, &v, report);
}

static int execute(struct shell_options *opt, int argc, char **argv)
{
	static struct shell sh; /* too large for the stack */
	struct kt_diag diag = { 0 };
	bool elsewhere = false;
	int status;

	sh.opt = opt;
	status = machine_run__prepare(&opt->run, plan, &elsewhere, &diag);
	if (!status && elsewhere)
		status = rerun(opt, argc, argv, &diag);
	else if (!status)
		status = run_shell(opt, &sh);
	machine_run__fini(&opt->run);
	if (status >= 0)
		return status;
	fprintf(stderr, "ktstr shell: %s\n", diag__text(&diag, status));
	return ktstr_outcome__exit_status(KTSTR_SETUP_ERROR);
}

enum {
	OPT_EXEC = 256,
	OPT_EXEC_TIMEOUT,
	OPT_DMESG,
	OPT_TTY,
};

static const struct argp_option options[] = {
	{ "kernel", 'k', "KERNEL", 0, "image, build tree or cached kernel", 0 },
	{ "cpus", 'c', "N", 0, "number of CPUs (2)", 0 },
	TOPOLOGY_OPTIONS,
	{ "memory", 'm', "MIB", 0,
	  "memory in MiB, at least 128 (512, more where the files need it)",
	  0 },
	{ "include", 'i', "FILE", 0,
	  "pack this file, directory or program of PATH below /include-files; "
	  "may be repeated",
	  0 },
	{ "exec", OPT_EXEC, "CMD", 0,
	  "run CMD with sh -c instead of an interactive shell", 0 },
	{ "exec-timeout", OPT_EXEC_TIMEOUT, "SECONDS", 0,
	  "time limit for CMD (120)", 0 },
	{ "dmesg", OPT_DMESG, NULL, 0,
	  "the kernel's log on standard error as it comes", 0 },
	MACHINE_HOST_OPTIONS,
	{ "tty", OPT_TTY, "SIZE", OPTION_HIDDEN,
	  "stdin is a terminal outside softkvm", 0 },
	{ 0 },
};

static error_t parse_opt(int key, char *arg, struct argp_state *state)
{
	struct shell_options *opt = state->input;
	struct ktstr_attr *attr = &opt->run.attr;

	if (!topology_args__parse(&opt->topology, key, arg, state))
		return 0;
	switch (key) {
	case 'k':
		opt->run.kernel[0] = arg;
		return 0;
	case 'i':
		machine_run__add_include(&opt->run, arg, state);
		return 0;
	case 'c':
		machine_run__set_cpus(&opt->run, arg, state);
		return 0;
	case 'm':
		attr->memory_mib = cmd__number(state, arg, "--memory");
		if (attr->memory_mib < MIN_MEMORY_MIB)
			argp_error(state, "--memory %s is below %u MiB", arg,
				   MIN_MEMORY_MIB);
		return 0;
	case OPT_EXEC:
		opt->exec = arg;
		return 0;
	case OPT_EXEC_TIMEOUT:
		attr->timeout_s = cmd__number(state, arg, "--exec-timeout");
		return 0;
	case OPT_DMESG:
		opt->dmesg = true;
		attr->kargs = "loglevel=7";
		return 0;
	case OPT_TTY:
		opt->tty = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state,
			   "unexpected argument '%s'; a command is "
			   "--exec CMD",
			   arg);
		return EINVAL;
	default:
		return machine_host__parse(key, arg, state);
	}
}

static int shell(int argc, char **argv)
{
	static struct shell_options opt = { .run.nr_kernels = 1 };
	int status;

	opt.run.attr = machine_run__defaults(DEFAULT_EXEC_TIMEOUT_S);
	status = cmd__parse(&command_shell, argc, argv, 0, &opt);
	if (status)
		return status;
	if (!opt.exec && !opt.tty && !isatty(STDIN_FILENO)) {
		fprintf(stderr, "ktstr shell: standard input is no terminal; "
				"use --exec CMD to run a command\n");
		return CMD_USAGE;
	}
	machine_run__set_topology(&opt.run, &opt.topology);
	if (!opt.exec)
		opt.run.attr.timeout_s = INTERACTIVE_TIMEOUT_S;
	return execute(&opt, argc, argv);
}

static const struct argp shell_argp = { .options = options,
					.parser = parse_opt };

const struct command command_shell = {
	.name = "shell",
	.fn = shell,
	.summary = "a shell in a machine",
	.argp = &shell_argp,
	.description =
		"Boot a machine with busybox as its user land and open a shell "
		"in it on this terminal. Ctrl-A x ends the machine from "
		"outside, `exit` from inside.\n"
		"\n"
		"With `--exec` it runs one command, without a terminal, and "
		"returns its exit status.",
	.exits =
		(const struct cmd_note[]){
			{ "N", "that of the shell or of CMD; 128 + N: it was "
			       "killed by signal N, or we were" },
			{ "0", "the user left with Ctrl-A x" },
			{ "2", "wrong usage" },
			{ "110", "the guest's kernel panicked" },
			{ "114", "the guest went away without a result" },
			{ "115", "our machine, KVM or softkvm failed" },
			{ "116", "no kernel, no accelerator, no busybox, or a "
				 "file that cannot be packed" },
			{ "124", "CMD was past its time limit" },
			{ NULL, NULL },
		},
	.env = "KTSTR_KERNEL KTSTR_ACCEL KTSTR_CACHE_DIR KTSTR_SIDECAR_DIR "
	       "KTSTR_SOFTKVM_IDLE KTSTR_CPU_CAP "
	       "KTSTR_NO_PERF_MODE KTSTR_LOCK_DIR KTSTR_BYPASS_LLC_LOCKS "
	       "KTSTR_CONTENTION_BYPASS",
	.examples =
		(const struct cmd_note[]){
			{ "ktstr shell --cpus 4 -i ./mytool",
			  "look around; mytool is in PATH" },
			{ "ktstr shell --exec 'cat /proc/version'",
			  "one command" },
			{ NULL, NULL },
		},
};
