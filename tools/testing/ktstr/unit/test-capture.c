// SPDX-License-Identifier: GPL-2.0
/* The host's end of a capture: files, and records of a guest that lies. */
#include "lib/session/capture.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <glob.h>

#include <ktstr/fd.h>

#include "scratch.h"
#include "skip.h"
#include "tiny-kernel.h"

GUEST(poweroff, POWEROFF);

struct fixture {
	char dir[SCRATCH_PATH_MAX];
	struct session s;
	struct ktstr_attr attr;
	struct capture c;
};

static int keep(void *ctx, const void *buf, size_t len)
{
	return fd__write_all(((struct capture *)ctx)->fd, buf, len);
}

/* As capture__prepare() leaves it, but for the tracer. */
static void begin(struct fixture *fx)
{
	fx->c = (struct capture){ .fd = -1, .progress_fd = -1, .on = true };
	fx->c.base.fd = -1;
	fx->c.outcome = WPROF_NOTHING_CAME;
	fx->c.stream.write = keep;
	fx->c.stream.ctx = &fx->c;
	fx->c.crc = malloc(sizeof(*fx->c.crc));
	assert_non_null(fx->c.crc);
	assert_int_equal(capture__begin_file(&fx->c, &fx->s, "f.t", &fx->attr),
			 0);
}

static int setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	if (!fx)
		return -1;
	scratch__make(fx->dir);
	snprintf(fx->s.log_dir, sizeof(fx->s.log_dir), "%s/logs", fx->dir);
	ktstr_attr__resolve(NULL, 0, &fx->attr, NULL);
	begin(fx);
	*state = fx;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fx = *state;

	capture__fini(&fx->c);
	scratch__remove(fx->dir);
	free(fx);
	return 0;
}

static unsigned int nr_files(const struct fixture *fx)
{
	char pattern[PATH_MAX + 2];
	unsigned int nr;
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*", fx->s.log_dir);
	if (glob(pattern, 0, NULL, &found))
		return 0;
	nr = (unsigned int)found.gl_pathc;
	globfree(&found);
	return nr;
}

static void put(struct fixture *fx, u32 type, const void *payload, u32 len,
		bool crc_ok)
{
	const struct wire_record rec = { type, len, crc_ok, payload };

	assert_true(capture__takes(type));
	capture__record(&fx->c, NULL, &rec);
}

static void put_status(struct fixture *fx, u32 word, s32 detail, u64 size)
{
	const struct msg_wprof_status st = {
		.version = 1, .word = word, .detail = detail, .size = size
	};

	put(fx, MSG_WPROF_STATUS, &st, sizeof(st), true);
}

static void ends(struct fixture *fx, enum wprof_outcome want)
{
	capture__finish(&fx->c);
	assert_string_equal(wprof_outcome__name(fx->c.outcome),
			    wprof_outcome__name(want));
	assert_int_equal(nr_files(fx), want == WPROF_LANDED);
}

static void test_lands(void **state)
{
	struct fixture *fx = *state;
	char *text __free(ptr) = NULL;
	size_t len;

	put_status(fx, MSG_WPROF_SHIPS, 0, 5);
	put(fx, MSG_WPROF_TRACE_CHUNK, "abc", 3, true);
	assert_int_equal(access(fx->c.path, F_OK), -1);
	put(fx, MSG_WPROF_TRACE, "de", 2, true);
	ends(fx, WPROF_LANDED);
	assert_int_equal(fd__read_file(fx->c.path, 100, &text, &len), 0);
	assert_string_equal(text, "abcde");
}

static void test_ends_badly(void **state)
{
	struct fixture *fx = *state;

	ends(fx, WPROF_NOTHING_CAME);
	capture__fini(&fx->c);
	begin(fx);
	put_status(fx, MSG_WPROF_SHIPS, 0, 5);
	put(fx, MSG_WPROF_TRACE_CHUNK, "abc", 3, true);
	ends(fx, WPROF_INCOMPLETE);
	assert_non_null(strstr(fx->c.why.msg, "3 of 5 bytes"));
	capture__fini(&fx->c);
	begin(fx);
	/* A whole frame is missing. */
	put_status(fx, MSG_WPROF_SHIPS, 0, 5);
	put(fx, MSG_WPROF_TRACE, "de", 2, true);
	ends(fx, WPROF_INCOMPLETE);
	capture__fini(&fx->c);
	begin(fx);
	put(fx, MSG_WPROF_TRACE_CHUNK, "abc", 3, false);
	put(fx, MSG_WPROF_TRACE, "de", 2, true);
	ends(fx, WPROF_TORN);
	capture__fini(&fx->c);
	begin(fx);
	put(fx, MSG_WPROF_TRACE, NULL, 0, true);
	ends(fx, WPROF_EMPTY);
}

static void test_tracer_trouble(void **state)
{
	static const struct {
		u32 word;
		enum wprof_outcome outcome;
	} cases[] = {
		{ MSG_WPROF_NOT_STARTED, WPROF_NOT_STARTED },
		{ MSG_WPROF_FAILED, WPROF_TRACER_FAILED },
		{ MSG_WPROF_KILLED, WPROF_TRACER_FAILED },
		{ MSG_WPROF_HUNG, WPROF_TRACER_HUNG },
		{ MSG_WPROF_UNREADABLE, WPROF_UNREADABLE },
		{ 77, WPROF_NOTHING_CAME },
	};
	struct fixture *fx = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put_status(fx, cases[i].word, 9, 0);
		ends(fx, cases[i].outcome);
		capture__fini(&fx->c);
		begin(fx);
	}
	/* Half of it came before the file could not be read any more. */
	put_status(fx, MSG_WPROF_SHIPS, 0, 9);
	put(fx, MSG_WPROF_TRACE_CHUNK, "abc", 3, true);
	put_status(fx, MSG_WPROF_UNREADABLE, EIO, 0);
	ends(fx, WPROF_UNREADABLE);
}

static void test_disk_full(void **state)
{
	struct fixture *fx = *state;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	if (full < 0)
		SKIP("/dev/full cannot be opened here");
	assert_int_equal(dup3(full, fx->c.fd, O_CLOEXEC), fx->c.fd);
	close(full);
	put_status(fx, MSG_WPROF_SHIPS, 0, 5);
	put(fx, MSG_WPROF_TRACE, "abcde", 5, true);
	ends(fx, WPROF_DISK_FULL);
	assert_non_null(strstr(fx->c.why.msg, "No space left"));
}

/* Sibling variants have files of their own; the same variant's old one goes. */
static void test_siblings(void **state)
{
	struct fixture *fx = *state;
	static char first[PATH_MAX]; /* the sanitizers' frames are large */

	put(fx, MSG_WPROF_TRACE, "a", 1, true);
	capture__finish(&fx->c);
	snprintf(first, sizeof(first), "%s", fx->c.path);
	capture__fini(&fx->c);
	ktstr_attr__set_topology(&fx->attr, &TOPO_EVEN(1, 2, 2, 1));
	begin(fx);
	assert_string_not_equal(first, fx->c.path);
	put(fx, MSG_WPROF_TRACE, "b", 1, true);
	capture__finish(&fx->c);
	assert_int_equal(nr_files(fx), 2);
	capture__fini(&fx->c);
	fx->attr.kargs = "nosmt";
	begin(fx);
	assert_int_equal(nr_files(fx), 3); /* two, and a staging file */
	capture__fini(&fx->c);
	fx->attr.kargs = NULL;
	begin(fx);
	assert_int_equal(access(first, F_OK), 0);
	assert_int_equal(access(fx->c.path, F_OK), -1);
	capture__fini(&fx->c);
	assert_int_equal(nr_files(fx), 1);
	ktstr_attr__set_topology(&fx->attr, &TOPO_EVEN(1, 1, 2, 1));
	begin(fx);
}

static void test_directory_is_a_file(void **state)
{
	struct fixture *fx = *state;

	capture__fini(&fx->c);
	snprintf(fx->s.log_dir, sizeof(fx->s.log_dir), "/dev/null/logs");
	fx->c = (struct capture){ .fd = -1 };
	fx->c.base.fd = -1;
	assert_int_not_equal(
		capture__begin_file(&fx->c, &fx->s, "f.t", &fx->attr), 0);
	assert_non_null(strstr(fx->c.why.msg, "KTSTR_SIDECAR_DIR"));
}

/* What the terminal, a pipe, has been shown since. */
static const char *shown(int fd)
{
	static char text[512];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void test_progress(void **state)
{
	struct fixture *fx = *state;
	char filler[4096] = { 0 };
	int p[2];

	/* Nobody looks. */
	capture__held_up(&fx->c);
	assert_int_equal(fx->c.shown_ns, 0);
	assert_int_equal(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	fx->c.progress_fd = p[1];
	capture__held_up(&fx->c);
	assert_string_equal(shown(p[0]),
			    "\r# wprof: the test is over, waiting for its "
			    "trace\033[K");
	put_status(fx, MSG_WPROF_SHIPS, 0, MIB(3));
	put(fx, MSG_WPROF_TRACE_CHUNK, filler, sizeof(filler), true);
	assert_string_equal(shown(p[0]), ""); /* not that often */
	fx->c.shown_ns = 1;
	put(fx, MSG_WPROF_TRACE_CHUNK, filler, sizeof(filler), true);
	assert_string_equal(shown(p[0]),
			    "\r# wprof: 0 of 3 MiB of trace\033[K");
	capture__hide_progress(&fx->c);
	assert_string_equal(shown(p[0]), "\r\033[K");
	/* A terminal that takes no more stops nobody. */
	while (write(p[1], filler, sizeof(filler)) > 0)
		;
	assert_int_equal(fcntl(p[1], F_SETFL, 0), 0);
	capture__held_up(&fx->c);
	ends(fx, WPROF_INCOMPLETE);
	close(p[0]);
	close(p[1]);
}

/* --- frames by reference ---------------------------------------------------
 */

#define PAGE MSG_PAGE_SIZE

static struct vm *machine(char *kernel)
{
	const struct vm_config cfg = { .kernel = kernel,
				       .cmdline = "",
				       .nr_cpus = 1,
				       .memory_mib = 64,
				       .timeout_ns = NSEC_PER_SEC,
				       .input_fd = -1 };
	struct kt_diag diag = { 0 };
	struct vm *vm = NULL;

	tiny_kernel__need_kvm();
	tiny_kernel__write(kernel, guest_poweroff,
			   (size_t)(guest_poweroff_end - guest_poweroff));
	if (vm__new(&cfg, &vm, &diag))
		fail_msg("%s", diag.msg);
	unlink(kernel);
	return vm;
}

struct pages {
	struct msg_pages head;
	u64 run[2];
};

static void put_pages(struct fixture *fx, struct vm *vm,
		      const struct pages *pages, u32 nr, bool crc_ok)
{
	const struct wire_record rec = {
		.type = MSG_PAGES,
		.len = (u32)(sizeof(pages->head) + nr * sizeof(u64)),
		.crc_ok = crc_ok,
		.payload = (const u8 *)pages,
	};

	capture__record(&fx->c, vm, &rec);
}

/* Three pages in two places, the last one not full: a trace in two frames. */
static void test_pages(void **state)
{
	const struct {
		u32 type, len, flip;
		u64 run;
		bool crc_ok;
		enum wprof_outcome want;
	} cases[] = {
		{ MSG_WPROF_TRACE, 100, 0, MIB(2), true, WPROF_LANDED },
		{ MSG_WPROF_TRACE, 100, 0, MIB(2), false, WPROF_TORN },
		{ MSG_WPROF_TRACE, 100, 1, MIB(2), true, WPROF_TORN },
		/* Not what the runs hold; nowhere; a type that is none. */
		{ MSG_WPROF_TRACE, PAGE + 1, 0, MIB(2), true, WPROF_TORN },
		{ MSG_WPROF_TRACE, 100, 0, MIB(64), true, WPROF_TORN },
		{ MSG_WPROF_TRACE, 100, 0, ~0ULL - 4095, true, WPROF_TORN },
		{ MSG_DMESG, 100, 0, MIB(2), true, WPROF_TORN },
		{ MSG_WPROF_TRACE_CHUNK, 100, 0, MIB(2), true,
		  WPROF_INCOMPLETE },
	};
	char kernel[TINY_KERNEL_PATH_SIZE];
	struct vm *vm = machine(kernel);
	struct fixture *fx = *state;
	u8 *text __free(ptr) = malloc(3 * PAGE);
	char *got __free(ptr) = NULL;
	size_t len;

	assert_non_null(text);
	for (u32 i = 0; i < 3 * PAGE; i++)
		text[i] = (u8)(i * 2654435761u >> 13);
	memcpy((void *)(uintptr_t)vm__guest_ptr(vm, MIB(4), 2 * PAGE), text,
	       2 * PAGE);
	memcpy((void *)(uintptr_t)vm__guest_ptr(vm, MIB(2), PAGE),
	       text + 2 * PAGE, PAGE);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct pages first = { { MSG_WPROF_TRACE_CHUNK, 2 * PAGE,
					       wire__crc32(0, text, 2 * PAGE),
					       0 },
					     { MIB(4) + 1 } };
		struct pages last = { { cases[i].type, cases[i].len,
					wire__crc32(0, text + 2 * PAGE, 100) ^
						cases[i].flip,
					0 },
				      { cases[i].run } };

		capture__fini(&fx->c);
		begin(fx);
		put_pages(fx, vm, &first, 1, true);
		assert_int_equal(fx->c.stream.bytes, 2 * PAGE);
		put_pages(fx, vm, &last, 1, cases[i].crc_ok);
		ends(fx, cases[i].want);
		if (i)
			continue;
		assert_int_equal(fd__read_file(fx->c.path, MIB(1), &got, &len),
				 0);
		assert_int_equal(len, 2 * PAGE + 100);
		assert_memory_equal(got, text, len);
	}
	vm__free(vm);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lands),	   TEST(test_ends_badly),
		TEST(test_tracer_trouble), TEST(test_disk_full),
		TEST(test_siblings),	   TEST(test_directory_is_a_file),
		TEST(test_progress),	   TEST(test_pages),
	};

	return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
