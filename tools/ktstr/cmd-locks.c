// SPDX-License-Identifier: GPL-2.0
/* `ktstr locks`: who has which of the host's CPUs, caches and directories. */
#include "tools/ktstr/cmd.h"

#include <signal.h>
#include <time.h>

#include "tools/ktstr/locks-hold.h"
#include "tools/ktstr/locks-view.h"

struct locks_args {
	struct host_system sys;
	unsigned int watch_s; /* 0: once */
	bool json;
	/* --hold */
	bool hold;
	struct topology topo;
	struct host_request req;
};

enum {
	KEY_WATCH = 'w',
	KEY_SYSFS = 256,
	KEY_HOLD,
	KEY_TOPOLOGY,
	KEY_CAP,
};

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "print one JSON object, on one line", 0 },
	{ "watch", KEY_WATCH, "SECONDS", 0,
	  "look again every SECONDS, until interrupted", 0 },
	{ "sysfs", KEY_SYSFS, "DIR", 0, "read the host from DIR, not /sys", 0 },
	{ "hold", KEY_HOLD, "window|shared|performance", OPTION_HIDDEN,
	  "reserve until standard input ends", 0 },
	{ "topology", KEY_TOPOLOGY, "TOPOLOGY", OPTION_HIDDEN, "of what", 0 },
	{ "cpu-cap", KEY_CAP, "N", OPTION_HIDDEN, "with --hold=shared", 0 },
	{ 0 },
};

static void read_all_of(struct locks_args *args, const char *sysfs,
			struct argp_state *state)
{
	static struct cpuset everything;

	if (!*sysfs)
		argp_error(state, "--sysfs names no directory");
	args->sys.sysfs = sysfs;
	/* Our own affinity means nothing there. */
	cpuset__add_range(&everything, 0, CPUSET_MAX);
	args->sys.allowed = &everything;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct locks_args *args = state->input;
	struct kt_diag diag = { 0 };

	switch (key) {
	case 'j':
		args->json = true;
		return 0;
	case KEY_WATCH:
		args->watch_s = cmd__number(state, arg, "--watch");
		if (!args->watch_s)
			argp_error(state, "--watch 0 would never pause");
		return 0;
	case KEY_SYSFS:
		read_all_of(args, arg, state);
		return 0;
	case KEY_HOLD:
		args->hold = true;
		if (locks_hold__mode(arg, &args->req.mode))
			argp_error(state, "--hold: no mode '%s'", arg);
		return 0;
	case KEY_TOPOLOGY:
		if (topo__parse(arg, &args->topo, &diag))
			argp_error(state, "--topology: %s", diag.msg);
		return 0;
	case KEY_CAP:
		if (host_cap__parse("--cpu-cap", arg, &args->req.budget.cap,
				    &diag))
			argp_error(state, "%s", diag.msg);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp locks_argp = { .options = options, .parser = parse };

static int show(const struct locks_args *args)
{
	struct locks_view view __free(locks_view) = { 0 };
	struct kt_diag diag = { 0 };
	int err = locks_view__read(&args->sys, &view, &diag);

	if (!err && args->json)
		err = locks_view__json(&view, stdout);
	if (err) {
		fprintf(stderr, "ktstr locks: %s\n", diag__text(&diag, err));
		return CMD_INFRA;
	}
	/* What was there before is not to be mistaken for what is. */
	if (!args->json && args->watch_s && isatty(STDOUT_FILENO))
		printf("\033[H\033[J");
	if (!args->json)
		locks_view__print(&view, stdout);
	return fflush(stdout) ? CMD_INFRA : CMD_OK;
}

static volatile sig_atomic_t interrupted;

static void interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

static int watch(const struct locks_args *args)
{
	const struct timespec pause = { .tv_sec = (time_t)args->watch_s };
	const struct sigaction sa = { .sa_handler = interrupt };
	int status = CMD_OK;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	while (!status && !interrupted) {
		status = show(args);
		if (!status && !interrupted)
			nanosleep(&pause, NULL);
	}
	return status;
}

static int locks(int argc, char **argv)
{
	struct locks_args args = {
		.sys = { .sysfs = "/sys",
			 .proc = "/proc",
			 .lock_dir = host_lockdir__path() },
		.topo = TOPO_EVEN(1, 1, 1, 1),
	};
	int err = cmd__parse(&command_locks, argc, argv, 0, &args);

	if (err)
		return err;
	args.req.topo = &args.topo;
	args.req.budget.vcpus = topo__nr_cpus(&args.topo);
	if (args.hold)
		return locks_hold(&args.sys, &args.req);
	return args.watch_s ? watch(&args) : show(&args);
}

const struct command command_locks = {
	.name = "locks",
	.fn = locks,
	.summary = "show who holds the host's CPUs, caches and directories",
	.argp = &locks_argp,
	.description =
		"Machines reserve CPUs of the host by locks on files that all "
		"users' runs see: one for each last-level cache, held shared "
		"or, by a machine in performance mode, alone; and one for each "
		"CPU. List these files, those of the cache and those of run "
		"directories, and who holds each. Nothing is locked to find "
		"out.\n\n"
		"A lock ends with its process; its file stays and means "
		"nothing.",
	.exits =
		(const struct cmd_note[]){
			{ "0", "shown" },
			{ "2", "wrong usage" },
			{ "125", "/proc/locks cannot be read" },
			{ NULL, NULL },
		},
	.env = "KTSTR_LOCK_DIR KTSTR_CACHE_DIR",
	.examples =
		(const struct cmd_note[]){
			{ "ktstr locks --watch 2", "look every two seconds" },
			{ "ktstr locks --json",
			  "for programs: llcs, cpus, cache, run_dirs, and the "
			  "holders' pid and cmdline" },
			{ NULL, NULL },
		},
};
