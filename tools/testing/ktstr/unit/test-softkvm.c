// SPDX-License-Identifier: GPL-2.0
/*
 * softkvm without a machine: request records, output queue, run directory
 * checks, settings. What needs the machine is in bats/softkvm.bats.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <ktstr/fd.h>

#include "vmm/softkvm.h"
#include "vmm/softkvm/config.h"
#include "vmm/softkvm/image.h"
#include "vmm/softkvm/outq.h"
#include "vmm/softkvm/proto.h"
#include "vmm/softkvm/rundir.h"
#include "vmm/softkvm/spawn.h"

static char *args[] = { (char *)"prog", (char *)"", (char *)"two words", NULL };
static char *vars[] = { (char *)"A=1", NULL };
static char *dirs[] = { (char *)"/tmp", NULL };

static void encode(void **ret_buf, size_t *ret_len)
{
	struct sk_request req = { .cwd = "/work dir",
				  .argv = args,
				  .envp = vars,
				  .rw = dirs,
				  .nr_argv = 3,
				  .nr_envp = 1,
				  .nr_rw = 1,
				  .umask = 022,
				  .uid = 7,
				  .gid = 8 };

	assert_int_equal(sk_request__encode(&req, ret_buf, ret_len, NULL), 0);
}

static void request_survives_the_trip(void **state)
{
	void *buf __free(ptr) = NULL;
	struct sk_request got;
	size_t len;

	(void)state;
	encode(&buf, &len);
	assert_int_equal(sk_request__decode(buf, len, &got), 0);
	assert_string_equal(got.cwd, "/work dir");
	assert_int_equal(got.nr_argv, 3);
	for (int i = 0; i < 3; i++)
		assert_string_equal(got.argv[i], args[i]);
	assert_null(got.argv[3]);
	assert_string_equal(got.envp[0], "A=1");
	assert_null(got.envp[1]);
	assert_string_equal(got.rw[0], "/tmp");
	assert_int_equal(got.umask, 022);
	assert_int_equal(got.uid, 7);
	assert_int_equal(got.gid, 8);
	sk_request__fini(&got);
}

/* Every shorter payload, and every single changed byte, is safe to decode. */
static void damaged_requests_are_refused(void **state)
{
	void *buf __free(ptr) = NULL;
	struct sk_request got;
	size_t len;

	(void)state;
	encode(&buf, &len);
	for (size_t cut = 0; cut < len; cut++) {
		char *part = malloc(cut + 1);

		assert_non_null(part);
		memcpy(part, buf, cut);
		assert_int_equal(sk_request__decode(part, cut, &got), -EBADMSG);
		free(part);
	}
	for (size_t at = 0; at < len; at++) {
		char *copy = malloc(len);

		assert_non_null(copy);
		memcpy(copy, buf, len);
		copy[at] = (char)~copy[at];
		if (!sk_request__decode(copy, len, &got))
			sk_request__fini(&got);
		free(copy);
	}
}

static void counts_must_match_strings(void **state)
{
	/* nr_argv, nr_envp, nr_rw; only { 3, 1, 1 } is what is in there */
	static const u32 bad[][3] = {
		{ 0, 1, 1 },	      { 2, 1, 1 },	  { 4, 1, 1 },
		{ 3, 2, 1 },	      { 3, 1, 0 },	  { 0xffffffff, 1, 1 },
		{ 3, 0xffffffff, 1 }, { 3, 1, 1u << 20 },
	};
	void *buf __free(ptr) = NULL;
	struct sk_request got;
	size_t len;

	(void)state;
	encode(&buf, &len);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		memcpy((char *)buf + 4, bad[i], sizeof(bad[i]));
		assert_int_equal(sk_request__decode(buf, len, &got), -EBADMSG);
	}
}

static void oversized_request_is_refused(void **state)
{
	char *big = malloc(SK_MAX_REQUEST + 1);
	char *list[] = { big, NULL };
	struct sk_request req = { .cwd = "/", .argv = list, .nr_argv = 1 };
	struct kt_diag diag = { 0 };
	void *buf = NULL;
	size_t len;

	(void)state;
	assert_non_null(big);
	memset(big, 'x', SK_MAX_REQUEST);
	big[SK_MAX_REQUEST] = '\0';
	assert_int_equal(sk_request__encode(&req, &buf, &len, &diag), -E2BIG);
	assert_non_null(strstr(diag.msg, "at most"));
	assert_null(buf);
	free(big);
}

static void fail_record_carries_text(void **state)
{
	struct kt_diag diag = { 0 };
	struct sk_fail fail;
	size_t len = sk_fail__set(&fail, 3, -EIO, "gone");
	struct wire_record rec = { .type = SK_FAIL,
				   .len = (u32)len,
				   .crc_ok = true,
				   .payload = (const u8 *)&fail };

	(void)state;
	assert_int_equal(sk_record__session(&rec), 3);
	assert_int_equal(sk_record__fail_text(&rec, &diag), -EIO);
	assert_string_equal(diag.msg, "gone");
	rec.crc_ok = false;
	assert_int_equal(sk_record__session(&rec), 0);
	assert_int_equal(sk_record__fail_text(&rec, NULL), -EPROTO);
	rec.crc_ok = true;
	rec.len = 5;
	assert_int_equal(sk_record__fail_text(&rec, NULL), -EPROTO);
	/* A peer's success code must not turn a failure into one. */
	sk_fail__set(&fail, 0, 0, "x");
	rec.len = (u32)len;
	assert_int_equal(sk_record__fail_text(&rec, NULL), -EPROTO);
}

static void send_to_closed_socket_is_an_error(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	close(pair[1]);
	assert_int_equal(sk_send_word(pair[0], SK_PING, 0, 0), -EPIPE);
	close(pair[0]);
}

static void queue_keeps_order_and_limit(void **state)
{
	struct outq q;
	char got[64] = { 0 };
	size_t written;
	int pair[2];

	(void)state;
	outq__init(&q, 40);
	assert_int_equal(outq__add(&q, "abc", 3), 0);
	/* header and payload do not fit any more: nothing of it is added */
	assert_int_equal(outq__add_record(&q, SK_PING, got, 30), -ENOBUFS);
	assert_int_equal(q.len, 3);
	assert_int_equal(outq__add_record(&q, SK_PING, "0123456789", 10), 0);
	assert_int_equal(outq__add(&q, got, 12), -ENOBUFS);
	assert_int_equal(pipe2(pair, O_NONBLOCK), 0);
	assert_int_equal(outq__flush(&q, pair[1], &written), 0);
	assert_int_equal(written, 29);
	assert_true(outq__empty(&q));
	assert_int_equal(read(pair[0], got, sizeof(got)), 29);
	assert_memory_equal(got, "abc", 3);
	assert_memory_equal(got + 19, "0123456789", 10);
	close(pair[0]);
	close(pair[1]);
	outq__fini(&q);
}

/* Through a pipe that is always full, in odd portions, nothing is lost. */
static void queue_survives_a_slow_reader(void **state)
{
	size_t sent = 0, seen = 0;
	struct outq q;
	int pair[2];

	(void)state;
	outq__init(&q, 8192);
	assert_int_equal(pipe2(pair, O_NONBLOCK), 0);
	while (seen < MIB(1)) {
		u8 buf[1500];
		ssize_t n;

		for (size_t i = 0; i < sizeof(buf); i++)
			buf[i] = (u8)((sent + i) % 251);
		if (!outq__add(&q, buf, sizeof(buf)))
			sent += sizeof(buf);
		assert_int_equal(outq__flush(&q, pair[1], NULL), 0);
		n = read(pair[0], buf, 777);
		for (ssize_t i = 0; i < n; i++, seen++)
			assert_int_equal(buf[i], seen % 251);
	}
	close(pair[0]);
	close(pair[1]);
	outq__fini(&q);
}

static void make_dir(char *path)
{
	strcpy(path, "/tmp/ktstr-sk-XXXXXX");
	assert_non_null(mkdtemp(path));
}

static void run_dir_must_be_ours_alone(void **state)
{
	char path[64], link[80];
	struct kt_diag diag = { 0 };

	(void)state;
	make_dir(path);
	assert_int_equal(rundir__check(path, &diag), 0);
	assert_int_equal(chmod(path, 0750), 0);
	assert_int_equal(rundir__check(path, &diag), -EPERM);
	assert_non_null(strstr(diag.msg, path));
	assert_int_equal(chmod(path, 0700), 0);
	snprintf(link, sizeof(link), "%s.l", path);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(rundir__check(link, NULL), -EPERM);
	assert_int_equal(rundir__lock(link, false, &(int){ 0 }, NULL), -EPERM);
	unlink(link);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_int_equal(rundir__check(path, NULL), -EPERM);
	}
	rmdir(path);
	assert_int_equal(rundir__check(path, NULL), -ENOENT);
}

static void run_dir_lock_excludes(void **state)
{
	char path[64];
	int a, b;

	(void)state;
	make_dir(path);
	assert_int_equal(rundir__lock(path, false, &a, NULL), 0);
	assert_int_equal(rundir__lock(path, false, &b, NULL), -EWOULDBLOCK);
	/* removing under the lock: the next one makes it anew */
	rundir__remove_if_empty(path);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(rundir__lock(path, false, &b, NULL), 0);
	close(a);
	rundir__remove_if_empty(path);
	close(b);
	assert_int_equal(access(path, F_OK), -1);
}

static void dead_instances_are_removed(void **state)
{
	char path[64], name[96];
	int lock, listening, fd;

	(void)state;
	make_dir(path);
	assert_int_equal(rundir__lock(path, false, &lock, NULL), 0);
	snprintf(name, sizeof(name), "%s/i-1", path);
	assert_int_equal(mkdir(name, 0700), 0);
	snprintf(name, sizeof(name), "%s/i-2", path);
	assert_int_equal(mkdir(name, 0700), 0);
	assert_int_equal(rundir__listen(name, &listening, NULL), 0);
	assert_int_equal(rundir__publish(path, "i-1"), 0);
	assert_int_equal(rundir__publish(path, "i-2"), 0);
	assert_int_equal(rundir__connect(path, RUNDIR_CURRENT, &fd), 0);
	close(fd);
	rundir__remove_dead(path);
	rundir__remove_if_empty(path);
	assert_int_equal(rundir__connect(path, "i-2", &fd), 0);
	close(fd);
	assert_int_equal(rundir__connect(path, "i-1", &fd), -ENOENT);
	close(listening);
	rundir__remove_dead(path);
	rundir__remove_if_empty(path);
	close(lock);
	assert_int_equal(access(path, F_OK), -1);
}

static void long_runtime_dir_is_refused(void **state)
{
	const char *was = getenv("XDG_RUNTIME_DIR");
	char *saved __free(ptr) = was ? strdup(was) : NULL;
	char path[64], deep[160], buf[RUNDIR_MAX];
	struct kt_diag diag = { 0 };

	(void)state;
	make_dir(path);
	snprintf(deep, sizeof(deep), "%s/%090d", path, 0);
	assert_int_equal(mkdir(deep, 0700), 0);
	setenv("XDG_RUNTIME_DIR", deep, 1);
	assert_int_equal(rundir__path(buf, 0, &diag), -ENAMETOOLONG);
	assert_non_null(strstr(diag.msg, "XDG_RUNTIME_DIR"));
	setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
	assert_int_equal(rundir__path(buf, 0, NULL), 0);
	assert_memory_equal(buf, "/tmp/ktstr-softkvm-", 19);
	unsetenv("XDG_RUNTIME_DIR");
	if (saved)
		setenv("XDG_RUNTIME_DIR", saved, 1);
	rmdir(deep);
	rmdir(path);
}

static void exec_inside_is_refused(void **state)
{
	char *const argv[] = { (char *)"true", NULL };
	struct softkvm_exec ex = { .argv = argv, .quiet = true };
	struct kt_diag diag = { 0 };
	int status = 99;

	(void)state;
	setenv(SOFTKVM_ENV, "1", 1);
	assert_int_equal(softkvm__exec(&ex, &status, &diag), -EINVAL);
	assert_non_null(strstr(diag.msg, "inside"));
	assert_int_equal(status, 99);
	unsetenv(SOFTKVM_ENV);
}

static void ordinary_process_has_no_role(void **state)
{
	char *argv[] = { (char *)"ktstr", (char *)"supervisor", NULL };
	int status = 99;

	(void)state;
	/* The token alone does not make an agent of a process that is not 1 */
	setenv("KTSTR_SOFTKVM_AGENT", "1", 1);
	assert_false(softkvm__main(2, argv, &status));
	unsetenv("KTSTR_SOFTKVM_AGENT");
	assert_int_equal(status, 99);
}

static void child_dies_with_its_parent(void **state)
{
	int pair[2];
	char c;
	pid_t parent;

	(void)state;
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	parent = fork();
	assert_true(parent >= 0);
	if (parent == 0) {
		const char *argv[] = { "/bin/sleep", "1000", NULL };
		struct sk_spawn spawn = {
			.argv = (char *const *)(uintptr_t)argv,
			.keep_fds = &pair[1],
			.nr_keep_fds = 1
		};
		pid_t pid;

		if (sk_spawn__child(&spawn, &pid, NULL))
			_exit(1);
		raise(SIGKILL);
	}
	close(pair[1]);
	/* End of file: nobody holds the other end, so the sleeper is gone. */
	assert_int_equal(read(pair[0], &c, 1), 0);
	close(pair[0]);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
}

static void failed_exec_is_reported(void **state)
{
	const char *argv[] = { "/nonexistent/qemu", NULL };
	struct sk_spawn spawn = { .argv = (char *const *)(uintptr_t)argv };
	struct kt_diag diag = { 0 };
	pid_t pid = 77;

	(void)state;
	assert_int_equal(sk_spawn__child(&spawn, &pid, &diag), -ENOENT);
	assert_non_null(strstr(diag.msg, "/nonexistent/qemu"));
	assert_int_equal(pid, 77);
}

static void tsc_rate_is_stable(void **state)
{
	u32 a = sk_tsc_khz(), b = sk_tsc_khz();

	(void)state;
	assert_true(a > 100000 && a < 10000000);
	assert_true((a > b ? a - b : b - a) < a / 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_survives_the_trip),
		cmocka_unit_test(damaged_requests_are_refused),
		cmocka_unit_test(counts_must_match_strings),
		cmocka_unit_test(oversized_request_is_refused),
		cmocka_unit_test(fail_record_carries_text),
		cmocka_unit_test(send_to_closed_socket_is_an_error),
		cmocka_unit_test(queue_keeps_order_and_limit),
		cmocka_unit_test(queue_survives_a_slow_reader),
		cmocka_unit_test(run_dir_must_be_ours_alone),
		cmocka_unit_test(run_dir_lock_excludes),
		cmocka_unit_test(dead_instances_are_removed),
		cmocka_unit_test(long_runtime_dir_is_refused),
		cmocka_unit_test(exec_inside_is_refused),
		cmocka_unit_test(ordinary_process_has_no_role),
		cmocka_unit_test(child_dies_with_its_parent),
		cmocka_unit_test(failed_exec_is_reported),
		cmocka_unit_test(tsc_rate_is_stable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
