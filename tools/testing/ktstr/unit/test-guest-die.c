// SPDX-License-Identifier: GPL-2.0
/*
 * How PID 1 recognises itself and how it ends, as PID 1 of a namespace in a
 * directory of its own: COM2, the kernel log and the command line are plain
 * files there, and the kernel turns reboot(2) into a signal that tells the
 * parent what was asked for (SIGINT power-off, SIGHUP restart).
 */
#include <ktstr/base.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <ktstr/fd.h>
#include <ktstr/wire.h>

#include "guest/die.h"
#include "guest/guest.h"
#include "guest/port.h"
#include "skip.h"

#define DENIED 77 /* no namespaces here */
#define LIMIT_MS 10000

struct world {
	char root[64];
	struct port port; /* fd is a memfd that the parent can read */
};

static void put_file(const struct world *world, const char *name,
		     const char *text)
{
	char path[256], dir[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", world->root, name);
	memcpy(dir, path, sizeof(dir));
	*strrchr(dir, '/') = '\0';
	assert_int_equal(fd__mkdirs(dir), 0);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fd__write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static char *get_file(const struct world *world, const char *name)
{
	char path[256], *text = NULL;

	snprintf(path, sizeof(path), "%s/%s", world->root, name);
	assert_int_equal(fd__read_file(path, 65536, &text, NULL), 0);
	return text;
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	if (!world)
		return -1;
	*state = world;
	strcpy(world->root, "/tmp/ktstr-unit-XXXXXX");
	if (!mkdtemp(world->root))
		return -1;
	world->port.fd = memfd_create("port", MFD_CLOEXEC);
	put_file(world, "dev/ttyS1", "");
	put_file(world, "dev/kmsg", "");
	put_file(world, "proc/cmdline", "quiet KTSTR_GUEST=1\n");
	put_file(world, ".ktstr_init_ok", "");
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	char *cmd __free(ptr) = NULL;
	int err = 1;

	if (asprintf(&cmd, "rm -rf %s", world->root) > 0)
		err = system(cmd);
	close(world->port.fd);
	free(world);
	return err ? -1 : 0;
}

/* Wait for a child that may never end by itself. */
static int wait_limited(pid_t pid)
{
	int status;

	for (int ms = 0; ms < LIMIT_MS; ms += 5) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		usleep(5000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return status;
}

static void enter(const struct world *world, int (*fn)(struct world *),
		  struct world *arg)
{
	pid_t pid;
	int status;

	if (unshare(CLONE_NEWPID) && unshare(CLONE_NEWUSER | CLONE_NEWPID))
		_exit(DENIED);
	pid = fork();
	if (pid == 0) {
		if (getpid() != 1 || chroot(world->root) || chdir("/"))
			_exit(DENIED);
		_exit(fn(arg));
	}
	status = wait_limited(pid);
	if (WIFSIGNALED(status))
		_exit(100 + WTERMSIG(status));
	_exit(WEXITSTATUS(status));
}

/* Run @fn as PID 1; Return: its status, or 100 + the signal that ended it. */
static int as_pid1(struct world *world, int (*fn)(struct world *))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		enter(world, fn, world);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == DENIED)
		SKIP("mount namespaces are not allowed here");
	return WEXITSTATUS(status);
}

static int ask_is_init(struct world *world)
{
	(void)world;
	return guest__is_init() ? 1 : 0;
}

static int ask_is_init_as_child_of_init(struct world *world)
{
	setenv(GUEST_ENV, "1", 1);
	return ask_is_init(world);
}

static void test_is_init(void **state)
{
	struct world *world = *state;

	assert_int_equal(as_pid1(world, ask_is_init), 1);
	/* PID 1 of a container that a test makes is not init. */
	assert_int_equal(as_pid1(world, ask_is_init_as_child_of_init), 0);
	put_file(world, "proc/cmdline", "quiet KTSTR_GUEST=0\n");
	assert_int_equal(as_pid1(world, ask_is_init), 0);
}

static void test_marker_missing(void **state)
{
	struct world *world = *state;
	char path[128], *com2 __free(ptr) = NULL;

	snprintf(path, sizeof(path), "%s/.ktstr_init_ok", world->root);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(as_pid1(world, ask_is_init), 100 + SIGINT);
	com2 = get_file(world, "dev/ttyS1");
	assert_non_null(strstr(com2, "KTSTR_FATAL: initial ramdisk: "
				     "/.ktstr_init_ok is missing"));
	assert_non_null(strstr(com2, "\nKTSTR_EXIT=125\n"));
}

static int die(struct world *world)
{
	die__fatal(&world->port, "bulk port: %s (%s)", "why", "remedy");
}

struct last {
	char text[128];
	s32 code;
};

static void on_last(void *ctx, const struct wire_record *rec)
{
	struct last *last = ctx;

	assert_true(rec->crc_ok);
	if (rec->type == MSG_STDERR)
		memcpy(last->text, rec->payload,
		       KT_MIN(rec->len, (u32)sizeof(last->text) - 1));
	if (rec->type == MSG_EXIT && rec->len == 4)
		memcpy(&last->code, rec->payload, 4);
}

static void test_fatal(void **state)
{
	struct world *world = *state;
	char *com2 __free(ptr) = NULL, *kmsg __free(ptr) = NULL;
	struct last last = { .code = 0 };
	struct wire_asm wa;
	char buf[512];
	ssize_t n;

	assert_int_equal(as_pid1(world, die), 100 + SIGINT);
	com2 = get_file(world, "dev/ttyS1");
	assert_string_equal(com2, "KTSTR_FATAL: bulk port: why (remedy)\n"
				  "KTSTR_EXIT=125\n");
	kmsg = get_file(world, "dev/kmsg");
	assert_string_equal(kmsg, "<0>ktstr-init: fatal: bulk port: why "
				  "(remedy)\n");
	wire_asm__init(&wa);
	n = pread(world->port.fd, buf, sizeof(buf), 0);
	assert_true(n > 0);
	assert_int_equal(wire_asm__feed(&wa, buf, (size_t)n, on_last, &last),
			 0);
	wire_asm__fini(&wa);
	assert_string_equal(last.text,
			    "ktstr-init: fatal: bulk port: why (remedy)\n");
	assert_int_equal(last.code, GUEST_EXIT_INFRA);
}

static int die_of_abort(struct world *world)
{
	(void)world;
	die__install_crash_hook();
	raise(SIGABRT);
	return 0;
}

static int die_of_trap(struct world *world)
{
	(void)world;
	die__install_crash_hook();
	__builtin_trap();
}

static int die_unhooked(struct world *world)
{
	struct sigaction sa;

	(void)world;
	die__install_crash_hook();
	die__remove_crash_hook();
	sigaction(SIGSEGV, NULL, &sa);
	return sa.sa_handler == SIG_DFL ? 3 : 4;
}

static void test_crash_hook(void **state)
{
	struct world *world = *state;
	char *com2 __free(ptr) = NULL, *kmsg __free(ptr) = NULL;
	char *trap __free(ptr) = NULL;

	assert_int_equal(as_pid1(world, die_of_abort), 100 + SIGHUP);
	com2 = get_file(world, "dev/ttyS1");
	assert_ptr_equal(strstr(com2, "PANIC: guest init: SIGABRT sent by pid "
				      "1, code 0x"),
			 com2);
	kmsg = get_file(world, "dev/kmsg");
	assert_ptr_equal(strstr(kmsg, "<0>PANIC: guest init: "), kmsg);

	put_file(world, "dev/ttyS1", "");
	assert_int_equal(as_pid1(world, die_of_trap), 100 + SIGHUP);
	trap = get_file(world, "dev/ttyS1");
	assert_ptr_equal(strstr(trap, "PANIC: guest init: SIGILL at address "),
			 trap);
	assert_int_equal(as_pid1(world, die_unhooked), 3);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_is_init),
		T(test_marker_missing),
		T(test_fatal),
		T(test_crash_hook),
	};

	return cmocka_run_group_tests_name("guest-die", tests, NULL, NULL);
}
