// SPDX-License-Identifier: GPL-2.0
/*
 * `ktstr share`: a command that is no machine, on the CPUs that machines which
 * share would get. The build of a kernel, above all.
 */
#include "tools/ktstr/cmd.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include <ktstr/exit-status.h>

#include "lib/session/host-share.h"
#include "vmm/host/sandbox.h"

#define JOBS_ENV "KTSTR_BUILD_JOBS"

enum { KEY_CAP = 256 };

struct share_args {
	const char *cap;
	char **argv; /* the command's */
};

/* What the command gets. */
struct share {
	struct host_rules rules;
	struct host_reservation r; /* its CPUs: empty for all that there are */
	struct host_sandbox sandbox;
	unsigned int jobs;
};

static const struct argp_option options[] = {
	{ "cpu-cap", KEY_CAP, "N", 0,
	  "share N of the host's CPUs (KTSTR_CPU_CAP; 30 % of those allowed)",
	  0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct share_args *args = state->input;
	struct kt_diag diag = { 0 };
	unsigned int cap;

	switch (key) {
	case KEY_CAP:
		if (!*arg || host_cap__parse("--cpu-cap", arg, &cap, &diag))
			argp_error(state, "%s",
				   *arg ? diag.msg : "--cpu-cap: no number");
		args->cap = arg;
		return 0;
	case ARGP_KEY_ARG:
		args->argv = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (!args->argv)
			argp_error(state, "which command? e.g. share -- make");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp share_argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[--] COMMAND [ARG...]",
};

static void say(const char *text)
{
	fprintf(stderr, "ktstr share: %s\n", text);
}

/* --- which CPUs ----------------------------------------------------------- */

static int reserve_or_go_on(struct share *s, struct host_request *req,
			    struct kt_diag *diag)
{
	struct kt_diag why = { 0 };
	int err = host__reserve(&s->rules.sys, req, &s->r, &why);

	if (!err)
		return 0;
	if (err == -EBUSY && s->rules.not_skip_busy) {
		say(why.msg);
		say(HOST_CONTENTION_ENV " is set: runs among others");
		req->no_locks = true;
		return host__reserve(&s->rules.sys, req, &s->r, diag);
	}
	if (err == -EBUSY)
		return diag__fail(diag, err,
				  "%s; wait for it, or set " HOST_CONTENTION_ENV
				  "=1",
				  why.msg);
	/* No lock directory, no sysfs: a courtesy that nobody asked for. */
	if (s->rules.cap || s->rules.dir_said)
		return diag__fail(diag, err, "%s", diag__text(&why, err));
	fprintf(stderr, "ktstr share: no CPUs reserved: %s\n",
		diag__text(&why, err));
	return 0;
}

static int take_cpus(struct share *s, struct kt_diag *diag)
{
	struct host_request req = { .mode = HOST_MODE_SHARED,
				    .budget = { .cap = s->rules.cap } };
	char text[512];
	int err = s->rules.no_locks ? 0 : reserve_or_go_on(s, &req, diag);

	if (err)
		return err;
	s->jobs = cpuset__count(&s->r.cpus);
	if (s->jobs) {
		host_reservation__describe(&s->r, text, sizeof(text));
		say(text);
	} else {
		s->jobs = KT_MAX(s->rules.nr_allowed, 1u);
	}
	return 0;
}

/*
 * Where cgroups cannot do it the command is asked to stay on its CPUs, which a
 * promise to others must not depend on.
 */
static int confine(struct share *s, struct kt_diag *diag)
{
	const struct host_sandbox_request req = {
		.root = HOST_CGROUP_ROOT,
		.proc = s->rules.sys.proc,
		.cpus = &s->r.cpus,
		.mems = &s->r.mems,
		.exact = s->rules.cap > 0,
	};
	int err;

	if (!cpuset__count(&s->r.cpus))
		return 0;
	err = host_sandbox__enter(&req, &s->sandbox, diag);
	if (!err && s->sandbox.narrowed[0])
		say(s->sandbox.narrowed);
	if (!err)
		return 0;
	if (s->rules.cap)
		return diag__fail(diag, err, "%s", diag__text(diag, err));
	fprintf(stderr, "ktstr share: on its CPUs by affinity only: %s\n",
		diag__text(diag, err));
	if (sched_setaffinity(0, sizeof(s->r.cpus.word),
			      (cpu_set_t *)(void *)s->r.cpus.word))
		fprintf(stderr, "ktstr share: not even that: %s\n",
			strerror(errno));
	return 0;
}

/* --- the command ---------------------------------------------------------- */

static void become(char **argv, const sigset_t *signals)
{
	int err;

	sigprocmask(SIG_SETMASK, signals, NULL);
	execvp(argv[0], argv);
	err = errno;
	fprintf(stderr, "ktstr share: %s: %s\n", argv[0], strerror(err));
	_exit(err == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

/*
 * Until the command has ended, whoever wants us to: the cgroup is to be removed
 * after it. It hears of signals that only we got.
 */
static int wait_for(pid_t pid, const sigset_t *signals)
{
	siginfo_t info;
	int status;

	for (;;) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return exit_status(status);
		if (sigwaitinfo(signals, &info) < 0)
			continue;
		/* What the terminal sends, it sends to both. */
		if (info.si_signo != SIGCHLD && info.si_code != SI_KERNEL)
			kill(pid, info.si_signo);
	}
}

static int run(const struct share *s, char **argv)
{
	sigset_t signals, old;
	char jobs[16];
	int status;
	pid_t pid;

	snprintf(jobs, sizeof(jobs), "%u", s->jobs);
	setenv(JOBS_ENV, jobs, 1);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGQUIT);
	sigprocmask(SIG_BLOCK, &signals, &old);
	pid = fork();
	if (!pid)
		become(argv, &old);
	status = pid > 0 ? wait_for(pid, &signals) : CMD_INFRA;
	if (pid < 0)
		fprintf(stderr, "ktstr share: fork: %s\n", strerror(errno));
	return status;
}

static int share_cpus(struct share *s, char **argv, struct kt_diag *diag)
{
	struct kt_diag left = { 0 };
	int status, err = take_cpus(s, diag);

	if (!err)
		err = confine(s, diag);
	if (err)
		return err;
	status = run(s, argv);
	if (host_sandbox__leave(&s->sandbox, &left))
		say(left.msg);
	return status;
}

static int share(int argc, char **argv)
{
	static struct share s; /* too large for the stack */
	struct share_args args = { 0 };
	struct kt_diag diag = { 0 };
	/* In order: what follows the command's name is the command's. */
	int ret = cmd__parse(&command_share, argc, argv, ARGP_IN_ORDER, &args);

	if (ret)
		return ret;
	if (args.cap)
		setenv(HOST_CPU_CAP_ENV, args.cap, 1);
	ret = host_rules__read(false, &s.rules, &diag);
	if (!ret)
		ret = share_cpus(&s, args.argv, &diag);
	host_reservation__release(&s.r);
	if (ret >= 0)
		return ret;
	say(diag__text(&diag, ret));
	return CMD_INFRA;
}

const struct command command_share = {
	.name = "share",
	.fn = share,
	.summary = "run a command on a share of the host's CPUs",
	.argp = &share_argp,
	.description =
		"Run a command that is no machine, such as the build of a "
		"kernel, beside machines: on 30 % of the CPUs that this "
		"process is allowed, at least one, or on as many as the cap "
		"says. They are chosen where others share already, kept from "
		"machines in performance mode by locks, and the command finds "
		"their number in `KTSTR_BUILD_JOBS`.\n"
		"\n"
		"It cannot leave them: it runs in a cgroup of its own, which "
		"is removed when it ends. Where cgroups cannot do that, a line "
		"says why, and the command gets its CPUs by affinity; with a "
		"cap, which is a promise to others, it is an error.",
	.exits =
		(const struct cmd_note[]){
			{ "N", "the command's own status; 128 + N: it was "
			       "killed by signal N" },
			{ "2", "wrong usage" },
			{ "125", "nothing was run: others have the CPUs, or a "
				 "cap that cannot be kept" },
			{ "126", "the command cannot be executed" },
			{ "127", "there is no such command" },
			{ 0 },
		},
	.env = "KTSTR_CPU_CAP KTSTR_LOCK_DIR KTSTR_BYPASS_LLC_LOCKS "
	       "KTSTR_CONTENTION_BYPASS",
	.examples =
		(const struct cmd_note[]){
			{ "ktstr share -- sh -c 'make -j$KTSTR_BUILD_JOBS'",
			  "a build that leaves machines their CPUs" },
			{ "ktstr share --cpu-cap 4 -- make -j4",
			  "on four CPUs and not on more" },
			{ 0 },
		},
	.words = CMD_WORDS_PROGRAM,
};
