// SPDX-License-Identifier: GPL-2.0
/*
 * `ktstr vm`: boot a kernel in our VMM and relay its console. The main thread
 * runs the machine; a detached thread copies stdin into a pipe that the
 * machine reads, watching for the escape key.
 */
#include <argp.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>

#include <ktstr/fd.h>

#include "tools/ktstr/cmd.h"
#include "tools/ktstr/vm-stats.h"
#include "vmm/vm.h"

#define STATUS_TIMEOUT 124 /* as timeout(1) */
#define ESCAPE_PREFIX 0x01 /* Ctrl-A, then x */

/* Quiet and without probes for hardware the machine does not have. */
#define DEFAULT_CMDLINE                                               \
	"console=ttyS0 panic=-1 pci=off tsc=reliable no_timer_check " \
	"random.trust_cpu=on cryptomgr.notests mitigations=off "      \
	"swiotlb=noforce 8250.nr_uarts=2"

struct vm_options {
	const char *kernel, *initrd, *cmdline, *mark;
	unsigned long cpus, memory_mib, timeout_s;
	bool stats;
};

struct console {
	struct vm *vm;
	struct vm_stats_mark mark;
	bool user_quit; /* escape key */
	int pipe_w;
};

/* What signal handlers and atexit() can reach. */
static struct vm *volatile running;
static volatile sig_atomic_t got_signal;
static struct termios saved_tty;
static bool tty_changed;

static void restore_tty(void)
{
	if (tty_changed)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved_tty);
	tty_changed = false;
}

static void raw_tty(void)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved_tty))
		return;
	raw = saved_tty;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST; /* the guest's newlines still return */
	atexit(restore_tty);
	tty_changed = !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

static void on_signal(int sig)
{
	struct vm *vm = running;

	got_signal = sig;
	if (vm)
		vm__stop(vm);
}

static void catch_signals(void)
{
	static const int stop[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction sa = { .sa_handler = on_signal };

	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(stop); i++)
		sigaction(stop[i], &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
}

/*
 * Runs on vCPU threads, whose only signal is the kick at the end of the run.
 * Output of a guest that ends normally still wants out; a reader that does
 * not read must not hold the machine for ever.
 */
static void write_out(struct console *con, const char *p, size_t len)
{
	int tries = 50;

	while (len && tries) {
		ssize_t n = write(STDOUT_FILENO, p, len);

		if (n < 0 && errno == EINTR) {
			tries--;
		} else if (n < 0 && errno == EAGAIN) {
			usleep(1000);
		} else if (n < 0) {
			vm__stop(con->vm);
			return;
		} else {
			p += n;
			len -= (size_t)n;
		}
	}
}

static void console_write(void *ctx, const void *buf, size_t len)
{
	struct console *con = ctx;

	vm_stats_mark__feed(&con->mark, con->vm, buf, len);
	write_out(con, buf, len);
}

/* Return: bytes kept, or -1 when the user asked to leave. */
static ssize_t filter_escape(char *buf, size_t len, bool *prefix)
{
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		char c = buf[i];

		if (!*prefix && c == ESCAPE_PREFIX) {
			*prefix = true;
			continue;
		}
		if (*prefix && c == 'x')
			return -1;
		*prefix = false;
		buf[out++] = c; /* Ctrl-A twice sends one */
	}
	return (ssize_t)out;
}

static void *stdin_thread(void *arg)
{
	struct console *con = arg;
	bool tty = isatty(STDIN_FILENO), prefix = false;
	char buf[1024];

	for (;;) {
		ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (tty)
			n = filter_escape(buf, (size_t)n, &prefix);
		if (n < 0) {
			con->user_quit = true;
			vm__stop(con->vm);
			break;
		}
		if (fd__write_all(con->pipe_w, buf, (size_t)n))
			break;
	}
	close(con->pipe_w);
	return NULL;
}

static int start_stdin(struct console *con)
{
	sigset_t all, old;
	pthread_t t;
	int err;

	/* Signals are the main thread's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&t, NULL, stdin_thread, con);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!err)
		pthread_detach(t);
	return -err;
}

static int status_of(const struct vm_exit *e, const struct console *con,
		     const struct kt_diag *diag)
{
	switch (e->reason) {
	case VM_EXIT_POWEROFF:
	case VM_EXIT_RESET:
		return CMD_OK;
	case VM_EXIT_PANIC:
	case VM_EXIT_TRIPLE_FAULT:
		fprintf(stderr, "ktstr vm: guest ended with %s\n",
			vm_exit_reason__name(e->reason));
		return CMD_FAIL;
	case VM_EXIT_DEADLINE:
		fprintf(stderr, "ktstr vm: timeout\n");
		return STATUS_TIMEOUT;
	case VM_EXIT_STOPPED:
		if (con->user_quit)
			return CMD_OK;
		return got_signal ? 128 + got_signal : CMD_FAIL;
	case VM_EXIT_ERROR:
	case VM_EXIT_NR:
	default:
		fprintf(stderr, "ktstr vm: %s\n", diag__text(diag, -EIO));
		return CMD_INFRA;
	}
}

static int run_machine(const struct vm_config *cfg, struct console *con,
		       const struct vm_options *opt)
{
	struct vm *vm __free(vm) = NULL;
	struct kt_diag diag = { 0 };
	struct vm_exit e;
	int status;

	if (vm__new(cfg, &vm, &diag)) {
		fprintf(stderr, "ktstr vm: %s\n", diag__text(&diag, -EIO));
		return CMD_INFRA;
	}
	con->vm = vm;
	running = vm;
	/* A signal that came before there was a machine to stop. */
	if (got_signal)
		vm__stop(vm);
	raw_tty();
	if (start_stdin(con) || vm__run(vm, &e, &diag)) {
		restore_tty();
		fprintf(stderr, "ktstr vm: %s\n", diag__text(&diag, -EIO));
		/* The input thread may still hold it: leave it to exit(). */
		no_free_ptr(vm);
		return CMD_INFRA;
	}
	restore_tty();
	running = NULL;
	if (opt->stats)
		vm_stats__print(stderr, vm, &e, &con->mark);
	status = status_of(&e, con, &diag);
	no_free_ptr(vm); /* as above: exit() is next and takes everything */
	return status;
}

static int open_initrd(const char *path, struct vm_initrd_part *part)
{
	struct stat st;

	part->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (part->fd < 0 || fstat(part->fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	part->len = (size_t)st.st_size;
	return 0;
}

static int boot(const struct vm_options *opt)
{
	static struct console con; /* outlives main(): the input thread */
	struct vm_initrd_part initrd = { .fd = -1 };
	const char *cmdline = opt->cmdline ? opt->cmdline : DEFAULT_CMDLINE;
	enum vm_stream stream = strstr(cmdline, "console=hvc0")
					? VM_STREAM_HVC0
					: VM_STREAM_COM1;
	struct vm_config cfg = {
		.kernel = opt->kernel,
		.cmdline = cmdline,
		.nr_cpus = (unsigned int)opt->cpus,
		.memory_mib = opt->memory_mib,
		.timeout_ns = opt->timeout_s * NSEC_PER_SEC,
		.input_stream = stream,
		.collect_stats = opt->stats,
	};
	int pipe_fd[2], err;

	con.mark.text = opt->mark;
	cfg.sink[VM_STREAM_COM1] = (struct vm_sink){ console_write, &con };
	cfg.sink[VM_STREAM_HVC0] = (struct vm_sink){ console_write, &con };
	if (opt->initrd) {
		err = open_initrd(opt->initrd, &initrd);
		if (err) {
			fprintf(stderr, "ktstr vm: initrd %s: %s\n",
				opt->initrd, strerror(-err));
			return CMD_INFRA;
		}
		cfg.initrd = &initrd;
		cfg.nr_initrd = 1;
	}
	if (pipe2(pipe_fd, O_CLOEXEC)) {
		perror("ktstr vm: pipe");
		return CMD_INFRA;
	}
	con.pipe_w = pipe_fd[1];
	cfg.input_fd = pipe_fd[0];
	catch_signals();
	return run_machine(&cfg, &con, opt);
}

enum { OPT_MARK = 256 };

static const struct argp_option options[] = {
	{ "kernel", 'k', "FILE", 0, "vmlinux or bzImage to boot (required)",
	  0 },
	{ "initrd", 'i', "FILE", 0, "initial ramdisk", 0 },
	{ "cmdline", 'p', "TEXT", 0,
	  "kernel command line, instead of the default one", 0 },
	{ "cpus", 'c', "N", 0, "number of CPUs (1)", 0 },
	{ "memory", 'm', "MIB", 0, "memory in MiB (512)", 0 },
	{ "timeout", 't', "SECONDS", 0, "stop after this long; 0: never (0)",
	  0 },
	{ "stats", 's', NULL, 0, "print exit statistics at the end", 0 },
	{ "stats-mark", OPT_MARK, "TEXT", 0,
	  "with --stats: also print what had happened when the console first "
	  "showed TEXT",
	  0 },
	{ 0 },
};

static unsigned long parse_number(struct argp_state *state, const char *arg,
				  const char *what)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(arg, &end, 10);
	if (errno || end == arg || *end || *arg == '-' || v > UINT32_MAX)
		argp_error(state, "%s '%s' is not a number from 0 to %u", what,
			   arg, UINT32_MAX);
	return v;
}

static error_t parse_opt(int key, char *arg, struct argp_state *state)
{
	struct vm_options *opt = state->input;

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
		opt->cpus = parse_number(state, arg, "--cpus");
		return 0;
	case 'm':
		opt->memory_mib = parse_number(state, arg, "--memory");
		return 0;
	case 't':
		opt->timeout_s = parse_number(state, arg, "--timeout");
		return 0;
	case 's':
		opt->stats = true;
		return 0;
	case OPT_MARK:
		opt->mark = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return EINVAL;
	case ARGP_KEY_END:
		if (!opt->kernel)
			argp_error(state, "--kernel is required");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cmd_vm(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_opt,
		.doc = "Boot a kernel in our VMM and relay its console."
		       "\vCtrl-A x leaves a machine on a terminal. Exit "
		       "status: "
		       "0 the guest powered off or rebooted, 1 it panicked or "
		       "triple-faulted, 2 wrong usage, 124 timeout, 125 the "
		       "machine could not be built or run, 128+N stopped by "
		       "signal N. Without --cmdline the kernel gets:\n\n "
		       " " DEFAULT_CMDLINE,
	};
	struct vm_options opt = { .cpus = 1, .memory_mib = 512 };

	if (argp_parse(&argp, argc, argv, 0, NULL, &opt))
		return CMD_USAGE;
	return boot(&opt);
}
