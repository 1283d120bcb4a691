// SPDX-License-Identifier: GPL-2.0
/*
 * The core of PID 1 on the host: test children that behave, crash, hang,
 * flood, lie and leave things behind.
 */
#include <ktstr/base.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <ktstr/fd.h>
#include <ktstr/wire.h>

#include "guest/port.h"
#include "guest/run.h"
#include "skip.h"

#define MS NSEC_PER_MSEC

/* What arrived at the other end of the port. */
struct host {
	char text[2][256]; /* head of stdout and stderr */
	u64 bytes[2];
	u64 sum[2]; /* of byte values, wraps */
	u64 records;
};

static void on_record(void *ctx, const struct wire_record *rec)
{
	struct host *host = ctx;
	int i = rec->type == MSG_STDERR;

	assert_true(rec->crc_ok);
	assert_true(rec->type == MSG_STDOUT || rec->type == MSG_STDERR);
	host->records++;
	for (u32 k = 0; k < rec->len; k++) {
		if (host->bytes[i] < sizeof(host->text[0]) - 1)
			host->text[i][host->bytes[i]] = (char)rec->payload[k];
		host->bytes[i]++;
		host->sum[i] += rec->payload[k];
	}
}

static void read_host(int fd, struct host *host)
{
	char *buf __free(ptr) = malloc(64u << 10);
	struct wire_asm wa;
	ssize_t n;

	assert_non_null(buf);
	memset(host, 0, sizeof(*host));
	wire_asm__init(&wa);
	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, buf, 64u << 10)) > 0)
		assert_int_equal(
			wire_asm__feed(&wa, buf, (size_t)n, on_record, host),
			0);
	assert_int_equal(wire_asm__residual(&wa), 0);
	wire_asm__fini(&wa);
}

struct fixture {
	struct port port;
	struct guest_ops ops;
	struct run_config cfg;
	struct run_outcome out;
	struct host host;
	struct kt_diag diag;
};

static int setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	if (!fx)
		return -1;
	fx->port.fd = memfd_create("port", MFD_CLOEXEC);
	fx->cfg = (struct run_config){
		.port = &fx->port,
		.ops = &fx->ops,
		.timeout_ns = 20 * NSEC_PER_SEC,
		.drain_ns = 300 * MS,
	};
	*state = fx;
	return fx->port.fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct fixture *fx = *state;

	close(fx->port.fd);
	free(fx);
	return 0;
}

typedef void (*body_fn)(void *ctx, int argc, char **argv,
			struct guest_result *result);

static void run(struct fixture *fx, body_fn body)
{
	fx->ops.run_test = body;
	assert_int_equal(run__test(&fx->cfg, &fx->out, &fx->diag), 0);
	read_host(fx->port.fd, &fx->host);
}

static void say(int fd, const char *text)
{
	if (fd__write_all(fd, text, strlen(text)))
		_exit(99);
}

static void body_pass(void *ctx, int argc, char **argv,
		      struct guest_result *result)
{
	(void)ctx;
	printf("%d %s %s\n", argc, argv[0], argv[1]);
	fprintf(stderr, "to stderr");
	strcpy(result->reason, "all fine");
	result->exit_code = 0;
}

static void test_pass(void **state)
{
	static char a0[] = "init", a1[] = "-r";
	char *argv[] = { a0, a1, NULL };
	struct fixture *fx = *state;

	fx->cfg.argc = 2;
	fx->cfg.argv = argv;
	run(fx, body_pass);
	assert_int_equal(fx->out.exit_code, 0);
	assert_int_equal(fx->out.term_signal, 0);
	assert_false(fx->out.timed_out);
	assert_string_equal(fx->out.reason, "all fine");
	assert_in_range(fx->out.duration_ns, 1, 20 * NSEC_PER_SEC);
	assert_string_equal(fx->host.text[0], "2 init -r\n");
	assert_string_equal(fx->host.text[1], "to stderr");
}

static void body_skip(void *ctx, int argc, char **argv,
		      struct guest_result *result)
{
	(void)ctx, (void)argc, (void)argv;
	strcpy(result->reason, "no\nsched_ext\there\x1b");
	result->exit_code = 4;
}

static void test_skip_with_its_reason(void **state)
{
	struct fixture *fx = *state;

	run(fx, body_skip);
	assert_int_equal(fx->out.exit_code, 4);
	assert_string_equal(fx->out.reason, "no sched_ext here ");
}

static void body_crash(void *ctx, int argc, char **argv,
		       struct guest_result *result)
{
	(void)ctx, (void)argc, (void)argv;
	say(1, "before");
	result->exit_code = 0;
	kill(getpid(), SIGSEGV);
	pause();
}

static void test_crash(void **state)
{
	struct fixture *fx = *state;

	run(fx, body_crash);
	assert_int_equal(fx->out.exit_code, 1);
	assert_int_equal(fx->out.term_signal, SIGSEGV);
	assert_string_equal(fx->out.reason, "killed by signal 11 (SIGSEGV)");
	assert_string_equal(fx->host.text[0], "before");
}

static void body_hang(void *ctx, int argc, char **argv,
		      struct guest_result *result)
{
	(void)ctx, (void)argc, (void)argv;
	signal(SIGTERM, SIG_IGN);
	result->exit_code = 0;
	say(2, "hanging");
	for (;;)
		pause();
}

static void test_hang_past_the_deadline(void **state)
{
	struct fixture *fx = *state;

	fx->cfg.timeout_ns = 120 * MS;
	run(fx, body_hang);
	assert_true(fx->out.timed_out);
	assert_int_equal(fx->out.exit_code, 1);
	assert_int_equal(fx->out.term_signal, SIGKILL);
	assert_string_equal(fx->out.reason, "killed after its 120 ms");
	assert_in_range(fx->out.duration_ns, 120 * MS, 10 * NSEC_PER_SEC);
	assert_string_equal(fx->host.text[1], "hanging");
}

static void body_silent_exit(void *ctx, int argc, char **argv,
			     struct guest_result *result)
{
	(void)ctx, (void)argc, (void)argv, (void)result;
	_exit(0);
}

static void test_exit_zero_is_no_pass(void **state)
{
	struct fixture *fx = *state;

	run(fx, body_silent_exit);
	assert_int_equal(fx->out.exit_code, 1);
	assert_string_equal(fx->out.reason,
			    "ended with status 0 before it reported a result");
}

static void body_contradict(void *ctx, int argc, char **argv,
			    struct guest_result *result)
{
	(void)ctx, (void)argc, (void)argv;
	result->exit_code = 0;
	_exit(3);
}

static void body_out_of_range(void *ctx, int argc, char **argv,
			      struct guest_result *result)
{
	(void)ctx, (void)argc, (void)argv;
	result->exit_code = 256; /* as an exit status this would be 0 */
}

static void test_contradicting_status(void **state)
{
	struct fixture *fx = *state;

	run(fx, body_contradict);
	assert_int_equal(fx->out.exit_code, 1);
	assert_string_equal(fx->out.reason,
			    "reported status 0 but ended with 3");
	run(fx, body_out_of_range);
	assert_int_equal(fx->out.exit_code, 1);
	assert_string_equal(fx->out.reason,
			    "reported status 256 but ended with 0");
}

static void body_scribble(void *ctx, int argc, char **argv,
			  struct guest_result *result)
{
	(void)ctx, (void)argc, (void)argv;
	memset(result, 0xff, sizeof(*result));
	result->exit_code = 0;
}

static void test_reason_without_end(void **state)
{
	struct fixture *fx = *state;

	run(fx, body_scribble);
	assert_int_equal(fx->out.exit_code, 0);
	assert_int_equal(strlen(fx->out.reason), GUEST_REASON_MAX - 1);
}

#define FLOOD_BYTES (10u << 20)

static void body_flood(void *ctx, int argc, char **argv,
		       struct guest_result *result)
{
	char buf[3000];

	(void)ctx, (void)argc, (void)argv;
	for (u32 left = FLOOD_BYTES, at = 0; left;) {
		u32 n = KT_MIN(left, (u32)sizeof(buf));

		for (u32 i = 0; i < n; i++)
			buf[i] = (char)(at++ % 251);
		if (fd__write_all(1, buf, n))
			_exit(99);
		left -= n;
	}
	result->exit_code = 0;
}

static void test_ten_megabytes(void **state)
{
	struct fixture *fx = *state;
	u64 sum = 0;

	for (u32 i = 0; i < FLOOD_BYTES; i++)
		sum += i % 251;
	run(fx, body_flood);
	assert_int_equal(fx->out.exit_code, 0);
	assert_int_equal(fx->host.bytes[0], FLOOD_BYTES);
	assert_int_equal(fx->host.sum[0], sum);
	/* Large records, not one per write. */
	assert_in_range(fx->host.records, 1, FLOOD_BYTES / 8192);
}

static void body_close_stdout(void *ctx, int argc, char **argv,
			      struct guest_result *result)
{
	(void)ctx, (void)argc, (void)argv;
	say(1, "bye");
	close(1);
	usleep(20000);
	say(2, "still here");
	result->exit_code = 0;
}

static void test_stdout_closed_early(void **state)
{
	struct fixture *fx = *state;

	run(fx, body_close_stdout);
	assert_int_equal(fx->out.exit_code, 0);
	assert_string_equal(fx->host.text[0], "bye");
	assert_string_equal(fx->host.text[1], "still here");
}

/* In another session, so that killing the group does not reach it. */
static void body_daemon(void *ctx, int argc, char **argv,
			struct guest_result *result)
{
	int ready[2];
	char c;

	(void)ctx, (void)argc, (void)argv;
	if (pipe(ready))
		_exit(99);
	if (fork() == 0) {
		setsid();
		say(ready[1], "x");
		sleep(3);
		_exit(0);
	}
	if (read(ready[0], &c, 1) != 1)
		_exit(99);
	say(1, "left one behind");
	result->exit_code = 0;
}

static void test_daemon_holds_the_pipe(void **state)
{
	struct fixture *fx = *state;
	u64 begin = kt_now_ns();

	run(fx, body_daemon);
	assert_in_range(kt_now_ns() - begin, 300 * MS, 2500 * MS);
	assert_int_equal(fx->out.exit_code, 0);
	assert_string_equal(fx->host.text[0], "left one behind");
	/* Giving up is said; the port is flushed by whoever reports next. */
	assert_int_equal(port__flush(&fx->port), 0);
	read_host(fx->port.fd, &fx->host);
	assert_non_null(strstr(fx->host.text[1], "outlived SIGKILL"));
}

static void body_check_surroundings(void *ctx, int argc, char **argv,
				    struct guest_result *result)
{
	struct sigaction sa;
	sigset_t mask;
	char c;

	(void)ctx, (void)argc, (void)argv;
	result->exit_code = 0;
	if (getsid(0) != getpid())
		result->exit_code = 2;
	if (read(0, &c, 1) != 0)
		result->exit_code = 3;
	for (int fd = 3; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			result->exit_code = 10 + fd;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	if (sigismember(&mask, SIGCHLD))
		result->exit_code = 4;
	sigaction(SIGPIPE, NULL, &sa);
	if (sa.sa_handler != SIG_DFL)
		result->exit_code = 5;
}

static void test_surroundings_of_the_child(void **state)
{
	struct fixture *fx = *state;
	sigset_t mask;

	signal(SIGPIPE, SIG_IGN);
	run(fx, body_check_surroundings);
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(fx->out.exit_code, 0);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	assert_false(sigismember(&mask, SIGCHLD));
}

struct live {
	int fd;
	volatile int *seen;
};

static void *watch_live(void *arg)
{
	struct live *live = arg;
	char buf[256];
	ssize_t n = read(live->fd, buf, sizeof(buf));

	*live->seen = n > (ssize_t)WIRE_HDR_SIZE &&
		      !memcmp(buf + WIRE_HDR_SIZE, "now", 3);
	while (read(live->fd, buf, sizeof(buf)) > 0)
		;
	return NULL;
}

/* Passes only when what it says arrives while it still runs. */
static void body_live(void *ctx, int argc, char **argv,
		      struct guest_result *result)
{
	volatile int *seen = ctx;

	(void)argc, (void)argv;
	say(1, "now");
	for (int i = 0; i < 5000 && !*seen; i++)
		usleep(1000);
	result->exit_code = *seen ? 0 : 1;
}

static void test_output_is_live(void **state)
{
	struct fixture *fx = *state;
	struct live live;
	pthread_t thread;
	sigset_t chld;
	int p[2];

	live.seen = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(live.seen, MAP_FAILED);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	live.fd = p[0];
	/* Or this thread might be given the signal that PID 1 waits for. */
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	assert_int_equal(pthread_create(&thread, NULL, watch_live, &live), 0);
	sigprocmask(SIG_UNBLOCK, &chld, NULL);
	dup2(p[1], fx->port.fd);
	close(p[1]);
	fx->ops.ctx = (void *)(uintptr_t)live.seen;
	fx->ops.run_test = body_live;
	assert_int_equal(run__test(&fx->cfg, &fx->out, &fx->diag), 0);
	close(fx->port.fd);
	pthread_join(thread, NULL);
	close(p[0]);
	fx->port.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_string_equal(fx->out.reason, "");
	assert_int_equal(fx->out.exit_code, 0);
	munmap((void *)(uintptr_t)live.seen, sizeof(int));
}

static void body_chatter(void *ctx, int argc, char **argv,
			 struct guest_result *result)
{
	(void)ctx, (void)argc, (void)argv;
	for (int i = 0; i < 200; i++) {
		say(1, "line\n");
		usleep(1000);
	}
	result->exit_code = 0;
}

static void test_chatter_is_collected(void **state)
{
	struct fixture *fx = *state;

	run(fx, body_chatter);
	assert_int_equal(fx->host.bytes[0], 200 * 5);
	/* 200 ms or more of lines in pieces of 50 ms, and some slack. */
	assert_in_range(fx->host.records, 2,
			4 + fx->out.duration_ns / (50 * MS));
}

static void test_port_gone(void **state)
{
	struct fixture *fx = *state;
	int p[2];

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	close(p[0]);
	dup2(p[1], fx->port.fd);
	close(p[1]);
	fx->ops.run_test = body_hang;
	assert_int_equal(run__test(&fx->cfg, &fx->out, &fx->diag), -EPIPE);
	assert_non_null(strstr(fx->diag.msg, "relaying"));
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

/* Leaves a family of orphans, some of which ignore what can be ignored. */
static void body_orphans(void *ctx, int argc, char **argv,
			 struct guest_result *result)
{
	(void)ctx, (void)argc, (void)argv;
	for (int i = 0; i < 5; i++) {
		if (fork())
			continue;
		setsid();
		signal(SIGHUP, SIG_IGN);
		if (fork() == 0)
			say(2, "x");
		for (;;)
			pause();
	}
	usleep(50000);
	result->exit_code = 0;
}

/* As PID 1 of a namespace, where all of it can be killed and reaped. */
static int as_pid1(struct fixture *fx)
{
	if (getpid() != 1)
		return 98;
	fx->ops.run_test = body_orphans;
	fx->cfg.owns_all = true;
	fx->cfg.drain_ns = 10 * NSEC_PER_SEC;
	if (run__test(&fx->cfg, &fx->out, &fx->diag))
		return 97;
	if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
		return 96;
	return fx->out.exit_code;
}

static void test_orphans_are_killed_and_reaped(void **state)
{
	struct fixture *fx = *state;
	u64 begin = kt_now_ns();
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWPID) &&
		    unshare(CLONE_NEWUSER | CLONE_NEWPID))
			_exit(77);
		pid = fork();
		if (pid == 0)
			_exit(as_pid1(fx));
		waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 95);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		SKIP("PID namespaces are not allowed here");
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_in_range(kt_now_ns() - begin, 0, 5 * NSEC_PER_SEC);
	read_host(fx->port.fd, &fx->host);
	assert_string_equal(fx->host.text[1], "xxxxx");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_pass),
		T(test_skip_with_its_reason),
		T(test_crash),
		T(test_hang_past_the_deadline),
		T(test_exit_zero_is_no_pass),
		T(test_contradicting_status),
		T(test_reason_without_end),
		T(test_ten_megabytes),
		T(test_stdout_closed_early),
		T(test_daemon_holds_the_pipe),
		T(test_surroundings_of_the_child),
		T(test_output_is_live),
		T(test_chatter_is_collected),
		T(test_port_gone),
		T(test_orphans_are_killed_and_reaped),
	};

	return cmocka_run_group_tests_name("guest-run", tests, NULL, NULL);
}
