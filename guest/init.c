// SPDX-License-Identifier: GPL-2.0
/*
 * PID 1 of a guest, from the kernel's hand-over to power-off. A table of
 * steps; the first that fails ends the machine with its message. Nothing here
 * may exit: the kernel panics when PID 1 does.
 */
#include "guest/guest.h"

#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <ktstr/fd.h>
#include <ktstr/wire.h>

#include "guest/die.h"
#include "guest/dmesg.h"
#include "guest/mounts.h"
#include "guest/params.h"
#include "guest/port.h"
#include "guest/run.h"
#include "guest/exec.h"
#include "guest/wprof.h"

#define BUSYBOX "/bin/busybox"
#define SYSLOG_ACTION_CONSOLE_LEVEL 8 /* include/linux/syslog.h */
#define MARKER "/.ktstr_init_ok"
#define ARGS_FILE "/args"
#define MODULES_DIR "/lib/modules"
#define GUEST_PATH "/bin:/sbin:/usr/bin:/usr/sbin"

/* For what is left of a test after SIGKILL; a 70 MIPS machine needs some. */
#define DRAIN_NS (5 * NSEC_PER_SEC)

/* Of the kernel's log when it has to go over COM2. */
#define TEXT_LOG_TAIL KIB(3)

struct guest {
	const struct guest_ops *ops;
	struct port *port;
	struct dmesg dmesg;
	u8 *nonce; /* a page that forked children find empty */
	struct guest_params params;
	char *text; /* of /args or /workload; the next three point into it */
	int argc;
	char *argv[PARAMS_ARGC_MAX + 1];
	struct exec_workload workload;
	struct tracer tracer;
	struct run_outcome outcome;
};

static int read_cmdline(char *buf, size_t size)
{
	int fd __free(fd) = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

bool guest__is_init(void)
{
	char cmdline[PARAMS_CMDLINE_MAX];

	if (getpid() != 1 || getenv(GUEST_ENV))
		return false;
	if (access("/proc/cmdline", F_OK)) {
		mkdir("/proc", 0755);
		mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		      NULL);
	}
	if (read_cmdline(cmdline, sizeof(cmdline)) ||
	    !params__has_guest_word(cmdline))
		return false;
	if (access(MARKER, F_OK))
		die__fatal(NULL,
			   "initial ramdisk: " MARKER " is missing, so the "
			   "archive was cut short (more guest memory, or "
			   "rebuild it)");
	return true;
}

static int step_mounts(struct guest *guest, struct kt_diag *diag)
{
	(void)guest;
	return mounts__first(diag);
}

/* After the mounts, before anything of the test's. */
static int step_dmesg(struct guest *guest, struct kt_diag *diag)
{
	(void)diag;
	dmesg__open(&guest->dmesg);
	return 0;
}

/* 0, 1 and 2 must be something, or the next open would become stdout. */
static int step_stdio(struct guest *guest, struct kt_diag *diag)
{
	(void)guest;
	signal(SIGPIPE, SIG_IGN);
	for (int fd = 0; fd <= 2; fd++)
		/* Lowest free number, for good: no O_CLOEXEC. */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
			return diag__fail(diag, -errno, "/dev/null: %s",
					  strerror(errno));
	return 0;
}

/* The driver finds its ports while the rest is being mounted. */
static int step_modules(struct guest *guest, struct kt_diag *diag)
{
	int err = modules__insert(MODULES_DIR, diag);

	(void)guest;
	return err ? err : mounts__rest(diag);
}

static int step_port(struct guest *guest, struct kt_diag *diag)
{
	static const u8 phase = LIFE_INIT_STARTED;
	int err = port__open(guest->port, diag);

	if (err && port__fall_back(guest->port, diag__text(diag, err)))
		return err;
	if (err)
		die__note(4, "%s; falling back to COM2", diag__text(diag, err));
	diag->msg[0] = '\0';
	err = port__put(guest->port, MSG_SYS_RDY, NULL, 0);
	if (!err)
		err = port__put(guest->port, MSG_LIFECYCLE, &phase, 1);
	if (!err)
		err = port__flush(guest->port);
	return err ? diag__fail(diag, err, "first write to " PORT_NAME ": %s",
				strerror(-err))
		   : 0;
}

static int read_text(struct guest *guest, const char *path, size_t max,
		     size_t *ret_len, struct kt_diag *diag)
{
	int err = fd__read_file(path, max, &guest->text, ret_len);

	return err ? diag__fail(diag, err,
				"%s: %s (the run's part of the "
				"ramdisk)",
				path, strerror(-err))
		   : 0;
}

/*
 * The test must not have what proves a result to be init's: not the file, and
 * not the memory that it gets by fork.
 */
static int step_nonce(struct guest *guest, struct kt_diag *diag)
{
	int fd __free(fd) = open("/" MSG_NONCE_FILE, O_RDONLY | O_CLOEXEC);
	u8 *page = mmap(NULL, MSG_NONCE_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err;

	if (page == MAP_FAILED ||
	    madvise(page, MSG_NONCE_SIZE, MADV_WIPEONFORK))
		return diag__fail(diag, -errno, "memory: %s", strerror(errno));
	err = fd < 0 ? -errno : fd__read_all(fd, page, MSG_NONCE_SIZE);
	if (!err && unlink("/" MSG_NONCE_FILE))
		err = -errno;
	if (err)
		return diag__fail(diag, err,
				  "/" MSG_NONCE_FILE ": %s (the run's part of "
				  "the ramdisk)",
				  strerror(-err));
	guest->nonce = page;
	return 0;
}

static int step_params(struct guest *guest, struct kt_diag *diag)
{
	char cmdline[PARAMS_CMDLINE_MAX];
	size_t len;
	int err = read_cmdline(cmdline, sizeof(cmdline));

	if (err)
		return diag__fail(diag, err, "/proc/cmdline: %s",
				  strerror(-err));
	err = params__parse_cmdline(cmdline, &guest->params, diag);
	if (!err)
		err = tracer__init(&guest->tracer, cmdline,
				   guest->params.wprof_grace_ns,
				   guest->params.wprof_ready, diag);
	if (err)
		return err;
	if (guest->params.mode == GUEST_RUN) {
		err = read_text(guest, ARGS_FILE, PARAMS_ARGS_MAX, &len, diag);
		return err ? err
			   : params__parse_args(guest->text, len, guest->argv,
						&guest->argc, diag);
	}
	err = read_text(guest, EXEC_FILE, GUEST_WORKLOAD_MAX, &len, diag);
	return err ? err
		   : exec__parse(guest->text, len, &guest->workload, diag);
}

static void raise_loopback(void)
{
	int fd __free(fd) = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &ifr))
		die__note(5, "loopback is down: %s", strerror(errno));
}

/*
 * A guest with busybox gets its commands under their own names. Here and not
 * where the program is started: that is also run by tests, on a host.
 */
static void install_applets(void)
{
	pid_t pid;

	if (access(BUSYBOX, X_OK))
		return;
	pid = fork();
	if (pid == 0) {
		execl(BUSYBOX, BUSYBOX, "--install", "-s", "/bin", NULL);
		_exit(1);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int step_environment(struct guest *guest, struct kt_diag *diag)
{
	cgroups__enable("/sys/fs/cgroup");
	raise_loopback();
	if (guest->params.mode != GUEST_RUN)
		install_applets();
	if (setenv("PATH", GUEST_PATH, 1) || setenv(GUEST_ENV, "1", 1))
		return diag__fail(diag, -errno, "environment: %s",
				  strerror(errno));
	return 0;
}

/* Somebody's program, on the machine that it was started for. */
static void run_workload(void *ctx, int argc, char **argv,
			 struct guest_result *result)
{
	const struct guest *guest = ctx;
	struct exec_ctx exec = { &guest->workload, &guest->params };

	if (guest->ops->check_machine)
		guest->ops->check_machine(result);
	if (result->refused)
		return;
	if (guest->params.mode == GUEST_SHELL)
		exec__shell(&exec, argc, argv, result);
	else
		exec__program(&exec, argc, argv, result);
}

static int step_test(struct guest *guest, struct kt_diag *diag)
{
	static const u8 phase = LIFE_PAYLOAD_STARTING;
	const struct guest_ops workload = { .ctx = guest,
					    .run_test = run_workload };
	bool foreign = guest->params.mode != GUEST_RUN;
	struct run_config cfg = {
		.port = guest->port,
		.ops = foreign ? &workload : guest->ops,
		.argc = guest->argc,
		.argv = guest->argv,
		.timeout_ns = guest->params.test_timeout_ns,
		.drain_ns = DRAIN_NS,
		.owns_all = true,
		.foreign = foreign,
		.tracer = &guest->tracer,
	};
	int err;

	if (!cfg.ops->run_test)
		return diag__fail(diag, -EINVAL,
				  "init is no test program (KTSTR_MODE=exec "
				  "or shell was to be on the command line)");
	die__note(6, GUEST_TEST_STARTS);
	err = port__put(guest->port, MSG_LIFECYCLE, &phase, 1);

	if (!err)
		err = port__put(guest->port, MSG_SCENARIO_START, NULL, 0);
	if (!err)
		err = port__flush(guest->port);
	if (err)
		return diag__fail(diag, err, "write to " PORT_NAME ": %s",
				  strerror(-err));
	if (guest->tracer.wanted)
		mounts__trace_dir(WPROF_GUEST_DIR);
	tracer__start(&guest->tracer);
	return run__test(&cfg, &guest->outcome, diag);
}

static int put_dmesg(struct guest *guest)
{
	struct port *port = guest->port;

	if (port->left_out)
		die__note(4, "%llu bytes of output did not fit COM2",
			  (unsigned long long)port->left_out);
	return dmesg__ship(&guest->dmesg, port, port->text ? TEXT_LOG_TAIL : 0);
}

static int put_result(struct guest *guest)
{
	const struct run_outcome *outcome = &guest->outcome;
	struct {
		struct msg_test_result head;
		char reason[GUEST_REASON_MAX];
	} msg = {
		.head = {
			.version = MSG_TEST_RESULT_VERSION,
			.exit_code = outcome->exit_code,
			.term_signal = outcome->term_signal,
			.timed_out = outcome->timed_out,
			.duration_ns = outcome->duration_ns,
			.reason_len = (u32)strlen(outcome->reason),
		},
	};

	memcpy(msg.reason, outcome->reason, msg.head.reason_len);
	memcpy(msg.head.nonce, guest->nonce, MSG_NONCE_SIZE);
	return port__put(guest->port, MSG_TEST_RESULT, &msg,
			 sizeof(msg.head) + msg.head.reason_len);
}

/*
 * The verdict goes first: whatever the tracer or its file do to the machine,
 * the host knows what the test said.
 */
static int step_trace(struct guest *guest, struct kt_diag *diag)
{
	int err = put_result(guest);

	if (!err && guest->tracer.wanted)
		err = port__flush(guest->port);
	if (!err)
		err = tracer__ship(&guest->tracer, guest->port);
	return err ? diag__fail(diag, err, "writing the trace: %s",
				strerror(-err))
		   : 0;
}

static int step_report(struct guest *guest, struct kt_diag *diag)
{
	const struct run_outcome *outcome = &guest->outcome;
	struct port *port = guest->port;
	struct msg_scenario_end end = {
		.elapsed_ms = outcome->duration_ns / NSEC_PER_MSEC,
	};
	int err = put_dmesg(guest);

	/* From here on a warning has only the serial console to get out by. */
	klogctl(SYSLOG_ACTION_CONSOLE_LEVEL, NULL, 5);
	if (!err && guest->params.mode != GUEST_RUN)
		err = port__put(port, MSG_EXEC_EXIT, &outcome->program_status,
				sizeof(outcome->program_status));
	if (!err)
		err = port__put(port, MSG_SCENARIO_END, &end, sizeof(end));
	if (!err)
		err = port__put(port, MSG_EXIT, &outcome->exit_code,
				sizeof(outcome->exit_code));
	if (!err)
		err = port__flush(port);
	return err ? diag__fail(diag, err, "writing the result: %s",
				strerror(-err))
		   : 0;
}

static const struct {
	const char *name;
	int (*run)(struct guest *guest, struct kt_diag *diag);
} steps[] = {
	{ "stdio", step_stdio },       { "mounts", step_mounts },
	{ "modules", step_modules },   { "kernel log", step_dmesg },
	{ "bulk port", step_port },    { "nonce", step_nonce },
	{ "parameters", step_params }, { "environment", step_environment },
	{ "test", step_test },	       { "trace", step_trace },
	{ "report", step_report },
};

int guest__init(const struct guest_ops *ops)
{
	struct guest guest = { .ops = ops };
	struct kt_diag diag = { 0 };

	die__install_crash_hook();
	guest.port = calloc(1, sizeof(*guest.port));
	if (!guest.port)
		die__fatal(NULL, "memory: none for 64 KiB of buffer (give the "
				 "machine more)");
	guest.port->fd = -1;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int err = steps[i].run(&guest, &diag);

		if (err)
			die__fatal(guest.port, "%s: %s", steps[i].name,
				   diag__text(&diag, err));
	}
	die__power_off();
}
