// SPDX-License-Identifier: GPL-2.0
/*
 * The small parts of guest init: port batching and discovery, kernel log
 * text, the panic line, mounts, modules, controllers.
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
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <ktstr/fd.h>
#include <ktstr/wire.h>

#include "guest/die.h"
#include "guest/dmesg.h"
#include "guest/guest.h"
#include "guest/mounts.h"
#include "guest/port.h"
#include "skip.h"

struct dirs {
	char root[64];
};

static int setup(void **state)
{
	struct dirs *dirs = calloc(1, sizeof(*dirs));

	if (!dirs)
		return -1;
	strcpy(dirs->root, "/tmp/ktstr-unit-XXXXXX");
	*state = dirs;
	return mkdtemp(dirs->root) ? 0 : -1;
}

static int teardown(void **state)
{
	struct dirs *dirs = *state;
	char *cmd __free(ptr) = NULL;
	int err = 1;

	if (asprintf(&cmd, "rm -rf %s", dirs->root) > 0)
		err = system(cmd);
	free(dirs);
	return err ? -1 : 0;
}

static void put_file(const char *root, const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	*strrchr(path, '/') = '\0';
	assert_int_equal(fd__mkdirs(path), 0);
	path[strlen(path)] = '/';
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fd__write_all(fd, text, strlen(text)), 0);
	close(fd);
}

/* Records and their bytes, as the host would see them. */
struct seen {
	u32 nr;
	u64 bytes;
	u32 last_type;
};

static void note(void *ctx, const struct wire_record *rec)
{
	struct seen *seen = ctx;

	assert_true(rec->crc_ok);
	seen->nr++;
	seen->bytes += rec->len;
	seen->last_type = rec->type;
}

static struct seen read_back(int fd)
{
	char *buf __free(ptr) = malloc(1u << 20);
	struct seen seen = { 0 };
	struct wire_asm wa;
	ssize_t n;

	assert_non_null(buf);
	wire_asm__init(&wa);
	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, buf, 1u << 20)) > 0)
		assert_int_equal(
			wire_asm__feed(&wa, buf, (size_t)n, note, &seen), 0);
	assert_int_equal(wire_asm__residual(&wa), 0);
	wire_asm__fini(&wa);
	return seen;
}

static void test_port_batches(void **state)
{
	struct port *port __free(ptr) = calloc(1, sizeof(*port));
	char *big __free(ptr) = calloc(1, PORT_BUF_SIZE + 1);
	struct seen seen;

	(void)state;
	assert_non_null(port);
	assert_non_null(big);
	port->fd = memfd_create("port", MFD_CLOEXEC);
	assert_int_equal(port__put(port, MSG_SYS_RDY, NULL, 0), 0);
	assert_int_equal(port__put(port, MSG_EXIT, "abcd", 4), 0);
	assert_int_equal(lseek(port->fd, 0, SEEK_END), 0);
	assert_int_equal(port__flush(port), 0);
	assert_int_equal(lseek(port->fd, 0, SEEK_END), 36);

	/* The largest that fits, one more, and what it does to the order. */
	assert_int_equal(
		port__put(port, MSG_STDOUT, big, PORT_BUF_SIZE - WIRE_HDR_SIZE),
		0);
	assert_int_equal(port->used, PORT_BUF_SIZE);
	assert_int_equal(port__put(port, MSG_STDERR, big, PORT_BUF_SIZE + 1),
			 0);
	assert_int_equal(port->used, 0);
	seen = read_back(port->fd);
	assert_int_equal(seen.nr, 4);
	assert_int_equal(seen.last_type, MSG_STDERR);
	assert_int_equal(seen.bytes, 4 + 2 * PORT_BUF_SIZE + 1 - WIRE_HDR_SIZE);
	close(port->fd);
}

static void test_port_relay(void **state)
{
	struct port *port __free(ptr) = calloc(1, sizeof(*port));
	struct seen seen;
	size_t len = 9;
	bool more;
	int p[2];

	(void)state;
	assert_non_null(port);
	port->fd = memfd_create("port", MFD_CLOEXEC);
	assert_int_equal(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(port__relay(port, MSG_STDOUT, p[0], &len, &more),
			 -EAGAIN);
	assert_int_equal(write(p[1], "hello", 5), 5);
	assert_int_equal(port__relay(port, MSG_STDOUT, p[0], &len, &more), 0);
	assert_int_equal(len, 5);
	assert_false(more);

	/* Nearly full: what is queued goes first, nothing is cut off. */
	port->used = PORT_BUF_SIZE - 100;
	memset(port->buf, 0, port->used);
	wire__header(port->buf, MSG_STDOUT, port->buf + WIRE_HDR_SIZE,
		     (u32)port->used - WIRE_HDR_SIZE);
	assert_int_equal(write(p[1], "again", 5), 5);
	assert_int_equal(port__relay(port, MSG_STDERR, p[0], &len, &more), 0);
	assert_int_equal(port->used, WIRE_HDR_SIZE + 5);
	close(p[1]);
	assert_int_equal(port__relay(port, MSG_STDERR, p[0], &len, &more), 0);
	assert_int_equal(len, 0);
	assert_int_equal(port__flush(port), 0);
	seen = read_back(port->fd);
	assert_int_equal(seen.nr, 2);
	close(p[0]);
	close(port->fd);
}

static void test_port_found_by_name(void **state)
{
	struct dirs *dirs = *state;
	char dev[32] = "";

	put_file(dirs->root, "vport0p0/name", "hvc\n");
	put_file(dirs->root, "vport0p1/name", "ktstr.bulkier\n");
	put_file(dirs->root, "vport0p2/none", "ktstr.bulk\n");
	assert_int_equal(port__find(dirs->root, 0, dev, sizeof(dev)), -ENODEV);
	put_file(dirs->root, "vport7p3/name", "ktstr.bulk\n");
	assert_int_equal(port__find(dirs->root, 0, dev, sizeof(dev)), 0);
	assert_string_equal(dev, "vport7p3");
	/* A name that would not fit is passed over, not cut. */
	assert_int_equal(port__find(dirs->root, 0, dev, 8), -ENODEV);
}

static void *late_port(void *arg)
{
	usleep(60000);
	put_file(arg, "vport1p1/name", "ktstr.bulk\n");
	return NULL;
}

static void test_port_appears_late(void **state)
{
	struct dirs *dirs = *state;
	u64 begin = kt_now_ns();
	pthread_t thread;
	char dev[32];

	assert_int_equal(pthread_create(&thread, NULL, late_port, dirs->root),
			 0);
	assert_int_equal(
		port__find(dirs->root, 10 * NSEC_PER_SEC, dev, sizeof(dev)), 0);
	assert_in_range(kt_now_ns() - begin, 60 * NSEC_PER_MSEC,
			5 * NSEC_PER_SEC);
	pthread_join(thread, NULL);
}

static void test_port_never_appears(void **state)
{
	u64 begin = kt_now_ns();
	char dev[32];

	(void)state;
	assert_int_equal(port__find("/nonexistent", 50 * NSEC_PER_MSEC, dev,
				    sizeof(dev)),
			 -ENODEV);
	assert_in_range(kt_now_ns() - begin, 50 * NSEC_PER_MSEC,
			5 * NSEC_PER_SEC);
}

static void test_dmesg_line(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "6,339,5140900,-;NET: up\n SUBSYSTEM=net\n",
		  "[    5.140900] NET: up\n" },
		{ "4,1,0,-,caller=T12;a;b", "[    0.000000] a;b\n" },
		{ "6,1,123456789012345,c;x\n", "[123456789.012345] x\n" },
		{ "", "\n" },
		{ "no record\nat all", "no record\n" },
		{ ";x\n", "[    0.000000] x\n" },
		{ "6,1,99999999999999999999999,-;x", NULL },
	};
	char line[64], small[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = dmesg__line(rows[i].in, strlen(rows[i].in), line,
					 sizeof(line));

		assert_int_equal(line[len - 1], '\n');
		if (!rows[i].want)
			continue;
		assert_int_equal(len, strlen(rows[i].want));
		assert_memory_equal(line, rows[i].want, len);
	}
	assert_int_equal(dmesg__line("6,1,0,-;longer than what is left", 32,
				     small, sizeof(small)),
			 sizeof(small));
	assert_int_equal(small[sizeof(small) - 1], '\n');
}

static void test_panic_line(void **state)
{
	char buf[256], small[20];

	(void)state;
	die__panic_line(buf, sizeof(buf), SIGSEGV, false, 0x1234, 0);
	assert_non_null(strstr(buf, "PANIC: guest init: SIGSEGV at address 0x0,"
				    " code 0x1234, image starts at 0x"));
	assert_int_equal(buf[strlen(buf) - 1], '\n');
	die__panic_line(buf, sizeof(buf), SIGABRT, true, 0, 4711);
	assert_non_null(strstr(buf, "SIGABRT sent by pid 4711, code 0x0"));
	memset(small, 'x', sizeof(small));
	assert_int_equal(
		die__panic_line(small, sizeof(small), SIGBUS, false, 0, ~0ull),
		sizeof(small) - 1);
	assert_string_equal(small, "PANIC: guest init: ");
}

static void test_not_init_here(void **state)
{
	(void)state;
	assert_false(guest__is_init());
}

static void test_modules_that_are_none(void **state)
{
	struct dirs *dirs = *state;
	struct kt_diag diag = { 0 };

	assert_int_equal(modules__insert("/nonexistent", &diag), 0);
	put_file(dirs->root, "README", "no module");
	put_file(dirs->root, ".ko", "no module either");
	assert_int_equal(modules__insert(dirs->root, &diag), 0);
	assert_string_equal(diag.msg, "");
	put_file(dirs->root, "01-broken.ko", "not an ELF file");
	assert_int_not_equal(modules__insert(dirs->root, &diag), 0);
	assert_non_null(strstr(diag.msg, "01-broken.ko: "));
	diag.msg[0] = '\0';
	put_file(dirs->root, "file", "");
	strcat(dirs->root, "/file");
	assert_int_equal(modules__insert(dirs->root, &diag), -ENOTDIR);
	*strrchr(dirs->root, '/') = '\0';
}

#define SIG_MAGIC "~Module signature appended~\n"

/* 10 bytes of module, @tail bytes of signature, lengths, magic. */
static size_t put_signed(u8 *to, u8 signer, u8 key, u32 sig, size_t tail)
{
	u8 *info = to + 10 + tail;

	memset(to, 'm', 10 + tail);
	memset(info, 0, 12);
	info[3] = signer;
	info[4] = key;
	for (int i = 0; i < 4; i++)
		info[8 + i] = (u8)(sig >> (24 - 8 * i));
	memcpy(info + 12, SIG_MAGIC, strlen(SIG_MAGIC));
	return 10 + tail + 12 + strlen(SIG_MAGIC);
}

static void test_module_signature(void **state)
{
	u8 buf[600];
	size_t len;

	(void)state;
	len = put_signed(buf, 0, 0, 300, 300);
	assert_int_equal(modules__unsigned_len(buf, len), 10);
	len = put_signed(buf, 5, 7, 300, 312);
	assert_int_equal(modules__unsigned_len(buf, len), 10);
	/* None, cut off, longer than the file, nothing left: as it is. */
	assert_int_equal(modules__unsigned_len(buf, len - 1), len - 1);
	assert_int_equal(modules__unsigned_len(buf, 0), 0);
	assert_int_equal(modules__unsigned_len(SIG_MAGIC, 28), 28);
	len = put_signed(buf, 0, 0, 0xffffffff, 300);
	assert_int_equal(modules__unsigned_len(buf, len), len);
	len = put_signed(buf, 0, 0, 310, 300);
	assert_int_equal(modules__unsigned_len(buf, len), len);
}

static void check_controllers(const char *root, const char *have,
			      const char *want)
{
	char path[256], *got __free(ptr) = NULL;

	put_file(root, "cgroup.controllers", have);
	put_file(root, "cgroup.subtree_control", "");
	cgroups__enable(root);
	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", root);
	assert_int_equal(fd__read_file(path, 4096, &got, NULL), 0);
	assert_string_equal(got, want);
}

static void test_controllers(void **state)
{
	struct dirs *dirs = *state;

	cgroups__enable("/nonexistent");
	check_controllers(dirs->root, "cpuset cpu io memory hugetlb pids\n",
			  "+cpuset +cpu +io +memory +pids ");
	check_controllers(dirs->root, "cpuset memory", "+cpuset +memory ");
	check_controllers(dirs->root, "xcpu cpuset2 misc\n", "");
	check_controllers(dirs->root, "\n", "");
}

/* Exit statuses of a child in its own mount namespace. */
enum { MOUNTS_OK = 0, MOUNTS_BAD = 1, MOUNTS_DENIED = 77 };

static int try_mounts(const char *root)
{
	char a[128], b[128], c[160];
	struct mount_row rows[] = {
		{ "tmpfs", a, "mode=0700", 0, true, 01777 },
		{ "nosuchfs", b, NULL, 0, false, 0 },
		{ "tmpfs", b, NULL, 0, true, 0 },
		/* the first one again, which has something in it by now */
		{ "nosuchfs", c, NULL, 0, true, 01777 },
	};
	struct mount_row bad = { "nosuchfs", b, NULL, 0, true, 0 };
	struct kt_diag diag = { 0 };
	struct stat st;

	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return MOUNTS_DENIED;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return MOUNTS_DENIED;
	snprintf(a, sizeof(a), "%s/made/on/the/way", root);
	snprintf(b, sizeof(b), "%s/b", root);
	snprintf(c, sizeof(c), "%s/made/on", root);
	if (mounts__apply(rows, ARRAY_SIZE(rows), &diag) || diag.msg[0])
		return MOUNTS_BAD;
	if (stat(a, &st) || (st.st_mode & 07777) != 0700)
		return MOUNTS_BAD;
	if (mounts__apply(&bad, 1, &diag) != -ENODEV ||
	    !strstr(diag.msg, "nosuchfs on "))
		return MOUNTS_BAD;
	return MOUNTS_OK;
}

static void test_mount_table(void **state)
{
	struct dirs *dirs = *state;
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(try_mounts(dirs->root));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == MOUNTS_DENIED)
		SKIP("mount namespaces are not allowed here");
	assert_int_equal(WEXITSTATUS(status), MOUNTS_OK);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_port_batches),
		cmocka_unit_test(test_port_relay),
		T(test_port_found_by_name),
		T(test_port_appears_late),
		cmocka_unit_test(test_port_never_appears),
		cmocka_unit_test(test_dmesg_line),
		cmocka_unit_test(test_panic_line),
		cmocka_unit_test(test_not_init_here),
		T(test_modules_that_are_none),
		cmocka_unit_test(test_module_signature),
		T(test_controllers),
		T(test_mount_table),
	};

	return cmocka_run_group_tests_name("guest-parts", tests, NULL, NULL);
}
