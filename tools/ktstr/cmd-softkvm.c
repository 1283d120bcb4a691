// SPDX-License-Identifier: GPL-2.0
/* `ktstr softkvm start|exec|stop|status`. */
#include "tools/ktstr/cmd.h"

#include "vmm/softkvm.h"

#define MAX_RW 64

struct softkvm_args {
	bool json, quiet;
	const char *rw[MAX_RW];
	unsigned int nr_rw;
	const char *verb;
	char **rest; /* after the verb */
	int nr_rest;
};

static const struct argp_option softkvm_options[] = {
	{ "rw", 'w', "DIR", 0,
	  "exec: writes below DIR reach the host (may be repeated)", 0 },
	{ "json", 'j', NULL, 0, "status: print one JSON object", 0 },
	{ "quiet", 'q', NULL, 0, "no progress text", 0 },
	{ 0 },
};

static error_t softkvm_parse(int key, char *arg, struct argp_state *state)
{
	struct softkvm_args *args = state->input;

	switch (key) {
	case 'w':
		if (args->nr_rw == MAX_RW)
			argp_error(state, "more than %d --rw", MAX_RW);
		else
			args->rw[args->nr_rw++] = arg;
		return 0;
	case 'j':
		args->json = true;
		return 0;
	case 'q':
		args->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		/* Options stop at the program's name, as with env(1). */
		if (!args->verb) {
			args->verb = arg;
			return 0;
		}
		args->rest = &state->argv[state->next - 1];
		args->nr_rest = state->argc - state->next + 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (!args->verb)
			argp_error(state, "say start, exec, stop or status");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp softkvm_argp = {
	.options = softkvm_options,
	.parser = softkvm_parse,
	.args_doc = "start\n"
		    "exec [--rw DIR]... -- PROGRAM [ARG...]\n"
		    "stop\n"
		    "status [--json]",
};

static int report(int err, const struct kt_diag *diag)
{
	if (err)
		fprintf(stderr, "ktstr softkvm: %s\n", diag__text(diag, err));
	return err ? CMD_INFRA : CMD_OK;
}

static int do_start(const struct softkvm_args *args)
{
	struct kt_diag diag = { 0 };
	int err = softkvm__start(args->quiet, &diag);

	return report(err, &diag);
}

static int do_exec(const struct softkvm_args *args)
{
	struct softkvm_exec ex = { .argv = args->rest,
				   .rw_dirs = args->rw,
				   .nr_rw_dirs = args->nr_rw,
				   .quiet = args->quiet };
	struct kt_diag diag = { 0 };
	int status, err;

	err = softkvm__exec(&ex, &status, &diag);
	return err ? report(err, &diag) : status;
}

static int do_stop(const struct softkvm_args *args)
{
	struct kt_diag diag = { 0 };
	int err = softkvm__stop(&diag);

	(void)args;
	return report(err, &diag);
}

static void print_status(const struct softkvm_status *st)
{
	if (!st->running) {
		printf("not running (%s)\n", st->run_dir);
		return;
	}
	printf("running for %.0f s, %u programs\n"
	       "kernel      %s, up after %.1f s\n"
	       "processes   supervisor %d, QEMU %d, virtiofsd %d\n"
	       "idle limit  %llu s\n"
	       "files       %s\n",
	       (double)st->uptime_ms / 1e3, st->clients, st->kernel,
	       (double)st->boot_ms / 1e3, st->supervisor_pid, st->qemu_pid,
	       st->virtiofsd_pid, (unsigned long long)st->idle_limit_s,
	       st->run_dir);
}

/* The fields of one machine, without braces. */
static void print_fields(const struct softkvm_status *st)
{
	printf("\"instance\":%u,\"running\":%s,\"supervisor_pid\":%d,"
	       "\"qemu_pid\":%d,\"virtiofsd_pid\":%d,\"clients\":%u,"
	       "\"uptime_ms\":%llu,\"boot_ms\":%llu,\"idle_limit_s\":%llu",
	       st->instance, st->running ? "true" : "false", st->supervisor_pid,
	       st->qemu_pid, st->virtiofsd_pid, st->clients,
	       (unsigned long long)st->uptime_ms,
	       (unsigned long long)st->boot_ms,
	       (unsigned long long)st->idle_limit_s);
}

/* The machines that run beside @instance. */
static int print_others(unsigned int instance, bool json, struct kt_diag *diag)
{
	const char *sep = "";

	for (unsigned int i = 0; i < SOFTKVM_INSTANCES; i++) {
		struct softkvm_status st;
		int err = softkvm__status(i, &st, diag);

		if (err)
			return err;
		if (i == instance || !st.running)
			continue;
		if (json) {
			printf("%s{", sep);
			print_fields(&st);
			printf("}");
		} else {
			printf("\ninstance    %u\n", i);
			print_status(&st);
		}
		sep = ",";
	}
	return 0;
}

static int do_status(const struct softkvm_args *args)
{
	struct softkvm_status st;
	struct kt_diag diag = { 0 };
	unsigned int instance;
	int err = softkvm__instance(&instance, &diag);

	if (!err)
		err = softkvm__status(instance, &st, &diag);
	if (err)
		return report(err, &diag);
	if (args->json) {
		printf("{\"others\":[");
		err = print_others(instance, true, &diag);
		printf("],");
		print_fields(&st);
		printf("}\n");
	} else {
		print_status(&st);
		err = print_others(instance, false, &diag);
	}
	if (err)
		return report(err, &diag);
	return st.running ? CMD_OK : CMD_FAIL;
}

static const struct {
	const char *name;
	int (*fn)(const struct softkvm_args *args);
	bool takes_program;
} verbs[] = {
	{ "start", do_start, false },
	{ "exec", do_exec, true },
	{ "stop", do_stop, false },
	{ "status", do_status, false },
};

static int softkvm(int argc, char **argv)
{
	struct softkvm_args args = { 0 };
	int err;

	/* In order: what follows the program's name is the program's. */
	err = cmd__parse(&command_softkvm, argc, argv, ARGP_IN_ORDER, &args);
	if (err)
		return err;
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(args.verb, verbs[i].name))
			continue;
		if (verbs[i].takes_program != (args.nr_rest > 0)) {
			fprintf(stderr, "ktstr softkvm %s: %s\n", args.verb,
				verbs[i].takes_program
					? "which program? e.g. exec -- uname"
					: "takes no arguments");
			return CMD_USAGE;
		}
		return verbs[i].fn(&args);
	}
	fprintf(stderr,
		"ktstr softkvm: no '%s'; there is start, exec, stop, status\n",
		args.verb);
	return CMD_USAGE;
}

const struct command command_softkvm = {
	.name = "softkvm",
	.fn = softkvm,
	.summary = "manage the machine that replaces missing KVM",
	.argp = &softkvm_argp,
	.description =
		"softkvm is a machine with a working /dev/kvm on a host "
		"without "
		"one: QEMU emulates a CPU with AMD SVM and runs the default "
		"kernel. Programs run in there see the host's files; what they "
		"write is private and gone afterwards, except below --rw "
		"directories and the cache.\n\n"
		"`exec` runs a program as if it had been run here: arguments, "
		"environment, working directory, standard input, output and "
		"error, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH and the "
		"exit "
		"status pass. It reads standard input ahead: add </dev/null "
		"where that matters.\n\n"
		"The machine starts on first use (about 8 s), stays for "
		"KTSTR_SOFTKVM_IDLE seconds without a program and is replaced "
		"when kernel or QEMU changed.",
	.exits =
		(const struct cmd_note[]){
			{ "0", "done; status: it is running" },
			{ "1", "status: it is not running" },
			{ "2", "wrong usage" },
			{ "125", "softkvm failed" },
			{ "128+N", "exec: signal N killed the program; else "
				   "the status of exec is the program's own" },
			{ NULL, NULL },
		},
	.env = "KTSTR_SOFTKVM_IDLE KTSTR_CACHE_DIR",
	.examples =
		(const struct cmd_note[]){
			{ "ktstr softkvm exec -- sh -c 'ls -l /dev/kvm; uname "
			  "-r'",
			  "see that it works" },
			{ "ktstr softkvm exec --rw /tmp/out -- ./prog",
			  "what ./prog writes below /tmp/out stays" },
			{ NULL, NULL },
		},
	.words = "start exec stop status",
};
