// SPDX-License-Identifier: GPL-2.0
/* Output that guest init sends by reference to its pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <ktstr/fd.h>

#include "guest/port.h"
#include "skip.h"

#define DATA_LEN (700u << 10)

/* What the host would see; it cannot look into pages here. */
struct host {
	u32 copied, told; /* bytes of output */
	u32 records[2];	  /* of the two kinds */
	const struct burst *burst;
};

struct fixture {
	struct port port;
	struct host host;
	int pipe[2];
	u8 data[DATA_LEN];
};

static int setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	assert_non_null(fx);
	assert_int_equal(pipe2(fx->pipe, O_CLOEXEC | O_NONBLOCK), 0);
	assert_true(fcntl(fx->pipe[1], F_SETPIPE_SZ, 1 << 20) >= 1 << 20);
	for (u32 i = 0; i < DATA_LEN; i++)
		fx->data[i] = (u8)(i * 31 + i / 4096);
	fx->port.fd = memfd_create("port", MFD_CLOEXEC);
	fx->port.by_pages = true;
	fx->host.burst = &fx->port.burst;
	*state = fx;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fx = *state;

	if (fx->port.burst.buf)
		munmap(fx->port.burst.buf, BURST_SIZE);
	close(fx->pipe[0]);
	close(fx->pipe[1]);
	close(fx->port.fd);
	free(fx);
	return 0;
}

static void on_record(void *ctx, const struct wire_record *rec)
{
	struct host *host = ctx;
	struct msg_pages head;
	u32 nr;

	assert_true(rec->crc_ok);
	if (rec->type == MSG_STDOUT) {
		host->records[0]++;
		host->copied += rec->len;
		return;
	}
	assert_int_equal(rec->type, MSG_PAGES);
	assert_int_equal(msg__parse_pages(rec, &head, &nr), 0);
	assert_int_equal(head.type, MSG_STDOUT);
	host->records[1]++;
	host->told += head.len;
}

static void read_host(struct fixture *fx)
{
	off_t len = lseek(fx->port.fd, 0, SEEK_END);
	u8 *all =
		mmap(NULL, (size_t)len, PROT_READ, MAP_SHARED, fx->port.fd, 0);
	struct wire_asm wa;

	assert_ptr_not_equal(all, MAP_FAILED);
	wire_asm__init(&wa);
	assert_int_equal(
		wire_asm__feed(&wa, all, (size_t)len, on_record, &fx->host), 0);
	assert_int_equal(wire_asm__residual(&wa), 0);
	wire_asm__fini(&wa);
	munmap(all, (size_t)len);
}

/* All that the pipe holds, as one call after the other takes it. */
static void relay(struct fixture *fx, size_t len)
{
	size_t n;
	bool more;

	assert_int_equal(write(fx->pipe[1], fx->data, len), len);
	for (size_t got = 0; got < len; got += n)
		assert_int_equal(port__relay(&fx->port, MSG_STDOUT, fx->pipe[0],
					     &n, &more),
				 0);
	assert_int_equal(
		port__relay(&fx->port, MSG_STDOUT, fx->pipe[0], &n, &more),
		-EAGAIN);
	assert_int_equal(port__flush(&fx->port), 0);
}

static void need_pagemap(void)
{
	if (geteuid())
		SKIP("where pages are is told to root only");
}

static void bursts_are_told(void **state)
{
	struct fixture *fx = *state;
	const struct msg_pages *head = &fx->port.burst.msg.head;

	need_pagemap();
	relay(fx, DATA_LEN);
	read_host(fx);
	/* The first buffer shows that this is one. */
	assert_int_equal(fx->host.copied, PORT_BUF_SIZE - WIRE_HDR_SIZE);
	assert_int_equal(fx->host.told, DATA_LEN - fx->host.copied);
	assert_int_equal(fx->host.records[1], 3);
	/* The last of them is still there. */
	assert_memory_equal(fx->port.burst.buf, fx->data + DATA_LEN - head->len,
			    head->len);
	assert_int_equal(head->crc32,
			 wire__crc32(0, fx->port.burst.buf, head->len));
}

static void little_is_copied(void **state)
{
	struct fixture *fx = *state;

	need_pagemap();
	relay(fx, 2 * PORT_BUF_SIZE);
	assert_non_null(fx->port.burst.buf);
	relay(fx, 32u << 10);
	relay(fx, 7);
	read_host(fx);
	assert_int_equal(fx->host.records[1], 1);
	assert_int_equal(fx->host.copied,
			 PORT_BUF_SIZE - WIRE_HDR_SIZE + (32u << 10) + 7);
}

static void ports_that_cannot_copy_everything(void **state)
{
	struct fixture *fx = *state;

	fx->port.by_pages = false;
	relay(fx, DATA_LEN);
	read_host(fx);
	assert_null(fx->port.burst.buf);
	assert_int_equal(fx->host.copied, DATA_LEN);
}

static u64 page_entry(const u8 *page)
{
	int fd __free(fd) = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	u64 entry = 0;

	assert_true(fd >= 0);
	assert_int_equal(fd__pread_all(fd, &entry, sizeof(entry),
				       (u64)(uintptr_t)page / MSG_PAGE_SIZE *
					       sizeof(entry)),
			 0);
	return entry;
}

/* A test is a child of PID 1: writing beside it must not move a page. */
static void a_child_changes_nothing(void **state)
{
	struct fixture *fx = *state;
	struct burst *b = &fx->port.burst;
	pid_t pid;
	int status;

	need_pagemap();
	burst__setup(b);
	assert_non_null(b->buf);
	pid = fork();
	if (pid == 0)
		_exit(msync(b->buf, BURST_SIZE, MS_ASYNC) && errno == ENOMEM);
	memset(b->buf, 1, BURST_SIZE);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1); /* it had no such memory */
	for (u32 i = 0; i < BURST_PAGES; i++)
		assert_int_equal(page_entry(b->buf + i * MSG_PAGE_SIZE) << 9,
				 b->entry[i] << 9);
}

static int as_nobody(struct fixture *fx)
{
	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 77;
	relay(fx, DATA_LEN);
	read_host(fx);
	return fx->port.burst.tried && !fx->port.burst.buf &&
	       fx->host.copied == DATA_LEN;
}

static void where_nobody_tells_all_is_copied(void **state)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(as_nobody(*state));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		SKIP("no other user can be become here");
	assert_int_equal(WEXITSTATUS(status), 1);
}

static void errors_come_through(void **state)
{
	struct fixture *fx = *state;
	size_t n = 9;
	bool more;

	need_pagemap();
	relay(fx, 2 * PORT_BUF_SIZE);
	assert_int_equal(write(fx->pipe[1], fx->data, 4 * PORT_BUF_SIZE),
			 4 * PORT_BUF_SIZE);
	close(fx->port.fd);
	fx->port.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_int_equal(
		port__relay(&fx->port, MSG_STDOUT, fx->pipe[0], &n, &more),
		-ENOSPC);
	close(fx->pipe[1]);
	fx->pipe[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	while (!port__relay(&fx->port, MSG_STDOUT, fx->pipe[0], &n, &more) && n)
		;
	assert_int_equal(n, 0); /* end of file */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bursts_are_told),
		TEST(little_is_copied),
		TEST(ports_that_cannot_copy_everything),
		TEST(a_child_changes_nothing),
		TEST(where_nobody_tells_all_is_copied),
		TEST(errors_come_through),
	};

	return cmocka_run_group_tests_name("guest-burst", tests, NULL, NULL);
}
