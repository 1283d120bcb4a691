// SPDX-License-Identifier: GPL-2.0
/*
 * The tracer's life and its trace's way out of the guest, on the host: shell
 * scripts as tracers, a memfd as the port.
 */
#include <ktstr/base.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <ktstr/fd.h>

#include "guest/pages.h"
#include "guest/port.h"
#include "guest/run.h"
#include "guest/wprof.h"
#include "scratch.h"

#define MS NSEC_PER_MSEC
/* Enough for a shell on a busy host. */
/* $1... have --ready-fd=N. */
#define READY                                 \
	"for a; do case $a in --ready-fd=*) " \
	"echo >/proc/self/fd/${a#*=};; esac; done"
#define GRACE_NS (600 * MS)

/* What arrived at the other end of the port. */
struct host {
	struct msg_wprof_status status;
	char text[TRACER_TEXT_MAX + 1];
	unsigned int statuses, pages;
	struct wprof_stream stream;
	u8 *data;
	size_t len;
};

struct fixture {
	char dir[SCRATCH_PATH_MAX];
	char path[4][SCRATCH_PATH_MAX + 16];
	struct port port;
	struct tracer tracer;
	struct guest_ops ops;
	struct run_config cfg;
	struct run_outcome out;
	struct host host;
	struct kt_diag diag;
};

static void body(void *ctx, int argc, char **argv, struct guest_result *result)
{
	(void)ctx;
	(void)argc;
	(void)argv;
	result->exit_code = 0;
}

static void body_hangs(void *ctx, int argc, char **argv,
		       struct guest_result *result)
{
	body(ctx, argc, argv, result);
	pause();
}

static int setup(void **state)
{
	static const char *const names[] = { "wprof", "trace", "log", "btf" };
	struct fixture *fx = calloc(1, sizeof(*fx));

	if (!fx)
		return -1;
	scratch__make(fx->dir);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		snprintf(fx->path[i], sizeof(fx->path[i]), "%s/%s", fx->dir,
			 names[i]);
	fx->port.fd = memfd_create("port", MFD_CLOEXEC);
	fx->ops.run_test = body;
	fx->cfg = (struct run_config){ .port = &fx->port,
				       .ops = &fx->ops,
				       .timeout_ns = 20 * NSEC_PER_SEC,
				       .drain_ns = 300 * MS,
				       .tracer = &fx->tracer };
	*state = fx;
	return fx->port.fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct fixture *fx = *state;

	close(fx->port.fd);
	scratch__remove(fx->dir);
	wprof_config__fini(&fx->tracer.cfg);
	free(fx->host.data);
	free(fx);
	return 0;
}

/* --- the other end -------------------------------------------------------- */

static int keep(void *ctx, const void *buf, size_t len)
{
	struct host *host = ctx;

	host->data = realloc(host->data, host->len + len);
	assert_non_null(host->data);
	memcpy(host->data + host->len, buf, len);
	host->len += len;
	return 0;
}

static void on_record(void *ctx, const struct wire_record *rec)
{
	const struct wprof_entry e = { rec->type, rec->crc_ok, rec->payload,
				       rec->len };
	struct host *host = ctx;
	struct msg_pages head;
	const char *text;
	u32 nr;

	assert_true(rec->crc_ok);
	if (rec->type == MSG_WPROF_STATUS) {
		host->statuses++;
		assert_int_equal(
			msg__parse_wprof_status(rec, &host->status, &text), 0);
		memcpy(host->text, text, host->status.text_len);
	} else if (rec->type == MSG_PAGES) {
		host->pages++;
		assert_int_equal(msg__parse_pages(rec, &head, &nr), 0);
		assert_true(wprof_stream__takes(head.type));
		host->len += head.len;
	} else {
		wprof_stream__record(&host->stream, &e);
	}
}

static void read_host(struct fixture *fx)
{
	char *buf __free(ptr) = malloc(MIB(1));
	struct wire_asm wa;
	ssize_t n;

	assert_non_null(buf);
	fx->host.stream =
		(struct wprof_stream){ .write = keep, .ctx = &fx->host };
	wire_asm__init(&wa);
	lseek(fx->port.fd, 0, SEEK_SET);
	while ((n = read(fx->port.fd, buf, MIB(1))) > 0)
		assert_int_equal(wire_asm__feed(&wa, buf, (size_t)n, on_record,
						&fx->host),
				 0);
	assert_int_equal(wire_asm__residual(&wa), 0);
	wire_asm__fini(&wa);
}

/* --- running one ---------------------------------------------------------- */

static void write_script(const struct fixture *fx, const char *script)
{
	FILE *f = fopen(fx->path[0], "we");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", script);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(fx->path[0], 0755), 0);
}

static void prepare(struct fixture *fx, const char *args, bool ready)
{
	char cmdline[256];

	snprintf(cmdline, sizeof(cmdline), "quiet KTSTR_WPROF_ARGS=%s", args);
	assert_int_equal(
		tracer__init(&fx->tracer, cmdline, GRACE_NS, ready, &fx->diag),
		0);
	fx->tracer.program = fx->path[0];
	fx->tracer.trace = fx->path[1];
	fx->tracer.log = fx->path[2];
	fx->tracer.btf = fx->path[3];
	/* A guest with BTF, unless a test takes it away. */
	close(open(fx->path[3], O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

/* @script: the tracer; $1... are its arguments, the last of them its file. */
static void run(struct fixture *fx, const char *args, const char *script)
{
	write_script(fx, script);
	prepare(fx, args, fx->tracer.tells_ready);
	tracer__start(&fx->tracer);
	assert_int_equal(run__test(&fx->cfg, &fx->out, &fx->diag), 0);
	assert_int_equal(tracer__ship(&fx->tracer, &fx->port), 0);
	read_host(fx);
}

static void says(const struct fixture *fx, enum msg_wprof_word word, int detail)
{
	assert_int_equal(fx->host.statuses, 1);
	assert_int_equal(fx->host.status.word, word);
	assert_int_equal(fx->host.status.detail, detail);
	assert_int_equal(fx->host.stream.state, WPROF_STREAM_OPEN);
	assert_int_equal(fx->host.pages, 0);
}

static void test_nobody_asked(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(
		tracer__init(&fx->tracer, "quiet", 1, false, &fx->diag), 0);
	tracer__start(&fx->tracer);
	assert_int_equal(run__test(&fx->cfg, &fx->out, &fx->diag), 0);
	assert_int_equal(tracer__ship(&fx->tracer, &fx->port), 0);
	read_host(fx);
	assert_int_equal(fx->host.statuses, 0);
	assert_int_equal(fx->out.exit_code, 0);
}

static void test_it_writes_and_ends(void **state)
{
	struct fixture *fx = *state;

	run(fx,
	    "-d\x1f"
	    "5000\x1f"
	    "a\x1f",
	    "for last; do :; done\n"
	    "printf '%s|' \"$@\" >\"$last\"; echo words >&2");
	assert_int_equal(fx->host.status.word, MSG_WPROF_SHIPS);
	assert_int_equal(fx->host.status.size, fx->host.len);
	assert_string_equal(fx->host.text, "words\n");
	assert_int_equal(fx->out.exit_code, 0);
	if (fx->host.pages)
		return;
	assert_int_equal(wprof_stream__result(&fx->host.stream), 0);
	fx->host.data[fx->host.len - 1] = '\0';
	assert_memory_equal(fx->host.data, "-d|5000|a||-T|/", 15);
}

static void test_it_writes_nothing(void **state)
{
	struct fixture *fx = *state;

	run(fx,
	    "-d\x1f"
	    "5000",
	    "exit 0");
	assert_int_equal(fx->host.status.word, MSG_WPROF_SHIPS);
	assert_int_equal(fx->host.status.size, 0);
	assert_int_equal(wprof_stream__result(&fx->host.stream), -ENOENT);
}

static void test_it_cannot_be_started(void **state)
{
	struct fixture *fx = *state;

	prepare(fx, "", false);
	fx->tracer.program = "/no/such/tracer";
	tracer__start(&fx->tracer);
	assert_int_equal(run__test(&fx->cfg, &fx->out, &fx->diag), 0);
	assert_int_equal(tracer__ship(&fx->tracer, &fx->port), 0);
	read_host(fx);
	says(fx, MSG_WPROF_NOT_STARTED, ENOENT);
	assert_int_equal(fx->out.exit_code, 0);
}

static void test_it_fails(void **state)
{
	struct fixture *fx = *state;

	run(fx,
	    "-d\x1f"
	    "5000",
	    "echo half >\"$4\"; echo 'no luck' >&2; exit 7");
	says(fx, MSG_WPROF_FAILED, 7);
	assert_int_equal(fx->host.status.no_btf, 0);
	assert_string_equal(fx->host.text, "no luck\n");
}

static void test_it_fails_without_btf(void **state)
{
	struct fixture *fx = *state;

	write_script(fx, "exit 1");
	prepare(fx,
		"-d\x1f"
		"5000",
		false);
	assert_int_equal(unlink(fx->path[3]), 0);
	tracer__start(&fx->tracer);
	assert_int_equal(run__test(&fx->cfg, &fx->out, &fx->diag), 0);
	assert_int_equal(tracer__ship(&fx->tracer, &fx->port), 0);
	read_host(fx);
	says(fx, MSG_WPROF_FAILED, 1);
	assert_int_equal(fx->host.status.no_btf, 1);
}

static void test_it_is_killed(void **state)
{
	struct fixture *fx = *state;

	run(fx,
	    "-d\x1f"
	    "5000",
	    "kill -SEGV $$");
	says(fx, MSG_WPROF_KILLED, SIGSEGV);
}

/* Past its duration: asked to stop, and then no longer asked. */
static void test_it_hangs(void **state)
{
	struct fixture *fx = *state;

	run(fx,
	    "-d\x1f"
	    "1",
	    "trap 'exit 0' INT; while :; do sleep 0.01; done");
	says(fx, MSG_WPROF_HUNG, 0);
}

static void test_it_hangs_and_does_not_listen(void **state)
{
	struct fixture *fx = *state;

	run(fx,
	    "-d\x1f"
	    "1",
	    "trap '' INT; while :; do sleep 0.01; done");
	says(fx, MSG_WPROF_HUNG, SIGKILL);
	assert_int_equal(fx->out.exit_code, 0);
}

/* Without a duration it is the end of the test that ends it. */
static void test_it_is_interrupted(void **state)
{
	struct fixture *fx = *state;

	fx->tracer.tells_ready = true;
	run(fx, "-e\x1fsched",
	    "trap 'echo done >\"$5\"; exit 0' INT\n" READY
	    "\nwhile :; do sleep 0.01; "
	    "done");
	assert_int_equal(fx->host.status.word, MSG_WPROF_SHIPS);
	assert_int_equal(fx->host.status.size, 5);
}

/* A test that never ends is traced all the same. */
static void test_the_test_hangs(void **state)
{
	struct fixture *fx = *state;

	fx->ops.run_test = body_hangs;
	fx->cfg.timeout_ns = 300 * MS;
	fx->tracer.tells_ready = true;
	run(fx, "",
	    "trap 'echo done >\"$3\"; exit 0' INT\n" READY
	    "\nwhile :; do sleep 0.01; "
	    "done");
	assert_true(fx->out.timed_out);
	assert_int_equal(fx->host.status.word, MSG_WPROF_SHIPS);
	assert_int_equal(fx->host.status.size, 5);
}

/* Who does not say that it is ready is not waited for without end. */
static void test_it_is_never_ready(void **state)
{
	struct fixture *fx = *state;
	u64 start_ns = kt_now_ns();

	fx->tracer.tells_ready = true;
	run(fx,
	    "-d\x1f"
	    "200",
	    "sleep 0.9; echo x >\"$5\"");
	assert_int_equal(fx->host.status.word, MSG_WPROF_SHIPS);
	assert_true(kt_now_ns() - start_ns >= GRACE_NS);
	assert_true(fx->tracer.ready_ns - fx->tracer.start_ns >= GRACE_NS);
}

/* COM2 has no room. */
static void test_no_bulk_port(void **state)
{
	struct fixture *fx = *state;

	write_script(fx, "echo x >\"$4\"");
	prepare(fx,
		"-d\x1f"
		"5000",
		false);
	tracer__start(&fx->tracer);
	assert_int_equal(run__test(&fx->cfg, &fx->out, &fx->diag), 0);
	fx->port.text = true;
	assert_int_equal(tracer__ship(&fx->tracer, &fx->port), 0);
	assert_in_range(lseek(fx->port.fd, 0, SEEK_CUR), 64, 1024);
}

/* A link or a device in the file's place is not followed. */
static void test_file_of_another_kind(void **state)
{
	struct fixture *fx = *state;

	run(fx,
	    "-d\x1f"
	    "5000",
	    "ln -s /dev/zero \"$4\"");
	says(fx, MSG_WPROF_UNREADABLE, ELOOP);
}

/* --- shipping ------------------------------------------------------------- */

static void test_ship_large(void **state)
{
	const size_t len = 2 * MIB(16) + 4097;
	int fd = memfd_create("trace", MFD_CLOEXEC), file_err = -1;
	struct fixture *fx = *state;
	u8 *data = malloc(len);

	assert_non_null(data);
	for (size_t i = 0; i < len; i++)
		data[i] = (u8)(i * 2654435761u >> 13);
	assert_int_equal(fd__write_all(fd, data, len), 0);
	assert_int_equal(ship__file(fd, len, &fx->port, &file_err), 0);
	assert_int_equal(file_err, 0);
	read_host(fx);
	assert_int_equal(fx->host.len, len);
	if (fx->host.pages) {
		assert_int_equal(fx->host.pages, 3);
	} else {
		assert_int_equal(wprof_stream__result(&fx->host.stream), 0);
		assert_memory_equal(fx->host.data, data, len);
	}
	free(data);
	close(fd);
}

/* The file is shorter than it was: no byte of what is not there is sent. */
static void test_ship_shrunk(void **state)
{
	int fd = memfd_create("trace", MFD_CLOEXEC), file_err = 0;
	struct fixture *fx = *state;

	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_int_equal(ship__file(fd, MIB(1), &fx->port, &file_err), 0);
	assert_int_not_equal(file_err, 0);
	read_host(fx);
	assert_int_equal(fx->host.len, 0);
	close(fd);
}

#define PAGE_AT(pfn) (1ULL << 63 | (pfn))

static void test_runs(void **state)
{
	const u64 entry[] = { PAGE_AT(5), PAGE_AT(6), PAGE_AT(9),
			      PAGE_AT(8), PAGE_AT(7), PAGE_AT(8) };
	u64 *all = calloc(MSG_PAGES_RUNS_MAX, sizeof(*all));
	u64 *run = calloc(MSG_PAGES_RUNS_MAX, sizeof(*run));

	(void)state;
	assert_non_null(all);
	assert_non_null(run);
	assert_int_equal(pages__runs(entry, 6, run), 4);
	assert_int_equal(run[0], 5 * 4096 + 1);
	assert_int_equal(run[1], 9 * 4096);
	assert_int_equal(run[2], 8 * 4096);
	assert_int_equal(run[3], 7 * 4096 + 1);
	/* The most that one number can say. */
	for (u64 i = 0; i < MSG_PAGES_RUNS_MAX; i++)
		all[i] = PAGE_AT(100 + i);
	assert_int_equal(pages__runs(all, MSG_PAGES_RUNS_MAX, run), 1);
	assert_int_equal(run[0], 100 * 4096 + 4095);
	/* A page that is not there, or whose place is not told. */
	all[3] = 103;
	assert_int_equal(pages__runs(all, 4, run), 0);
	all[3] = PAGE_AT(0);
	assert_int_equal(pages__runs(all, 4, run), 0);
	free(all);
	free(run);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nobody_asked),
		TEST(test_it_writes_and_ends),
		TEST(test_it_writes_nothing),
		TEST(test_it_cannot_be_started),
		TEST(test_it_fails),
		TEST(test_it_fails_without_btf),
		TEST(test_it_is_killed),
		TEST(test_it_hangs),
		TEST(test_it_hangs_and_does_not_listen),
		TEST(test_it_is_interrupted),
		TEST(test_the_test_hangs),
		TEST(test_it_is_never_ready),
		TEST(test_no_bulk_port),
		TEST(test_file_of_another_kind),
		TEST(test_ship_large),
		TEST(test_ship_shrunk),
		cmocka_unit_test(test_runs),
	};

	return cmocka_run_group_tests_name("guest-wprof", tests, NULL, NULL);
}
