// SPDX-License-Identifier: GPL-2.0
/* Output by reference to guest pages, as a hostile guest would write it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/session/fetch.h"
#include "tools/testing/ktstr/unit/tiny-kernel.h"
#include "vmm/vm.h"

GUEST(poweroff, POWEROFF);

#define PAGE MSG_PAGE_SIZE
#define MEMORY MIB(64)

struct fixture {
	char kernel[TINY_KERNEL_PATH_SIZE];
	struct vm *vm;
	struct fetch fetch;
	struct {
		struct msg_pages head;
		u64 run[600];
	} msg;
	struct wire_record rec, got;
};

static int setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	assert_non_null(fx);
	*state = fx;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fx = *state;

	fetch__fini(&fx->fetch);
	vm__free(fx->vm);
	if (fx->kernel[0])
		unlink(fx->kernel);
	free(fx);
	return 0;
}

static void start(struct fixture *fx)
{
	const struct vm_config cfg = {
		.kernel = fx->kernel,
		.cmdline = "",
		.nr_cpus = 1,
		.memory_mib = MEMORY >> 20,
		.timeout_ns = NSEC_PER_SEC,
		.input_fd = -1,
	};
	struct kt_diag diag = { 0 };

	tiny_kernel__need_kvm();
	tiny_kernel__write(fx->kernel, guest_poweroff,
			   (size_t)(guest_poweroff_end - guest_poweroff));
	if (vm__new(&cfg, &fx->vm, &diag))
		fail_msg("%s", diag.msg);
}

/* As the guest writes it. */
static void write_page(struct fixture *fx, u64 gpa, u8 byte)
{
	const void *p = vm__guest_ptr(fx->vm, gpa, PAGE);

	assert_non_null(p);
	memset((void *)(uintptr_t)p, byte, PAGE);
}

static void message(struct fixture *fx, u32 type, u32 len, u32 nr)
{
	fx->msg.head.type = type;
	fx->msg.head.len = len;
	fx->rec = (struct wire_record){
		.type = MSG_PAGES,
		.len = (u32)(sizeof(fx->msg.head) + nr * sizeof(u64)),
		.crc_ok = true,
		.payload = (const u8 *)&fx->msg,
	};
}

static int fetch(struct fixture *fx)
{
	return fetch__record(&fx->fetch, fx->vm, &fx->rec, &fx->got);
}

static void only_output_is_taken(void **state)
{
	struct fixture *fx = *state;

	message(fx, MSG_STDOUT, 1, 1);
	assert_true(fetch__is_output(&fx->rec));
	message(fx, MSG_STDERR, PAGE, 1);
	assert_true(fetch__is_output(&fx->rec));
	fx->rec.crc_ok = false;
	assert_false(fetch__is_output(&fx->rec));
	message(fx, MSG_WPROF_TRACE, 1, 1);
	assert_false(fetch__is_output(&fx->rec));
	message(fx, MSG_PAGES, 1, 1);
	assert_false(fetch__is_output(&fx->rec));
	message(fx, MSG_TEST_RESULT, 1, 1);
	assert_false(fetch__is_output(&fx->rec));
	message(fx, MSG_STDOUT, 1, 1);
	fx->rec.type = MSG_STDOUT;
	assert_false(fetch__is_output(&fx->rec));
	fx->rec.type = MSG_PAGES;
	fx->rec.len = 3;
	assert_false(fetch__is_output(&fx->rec));
}

static void pages_come_in_their_order(void **state)
{
	u8 want[2 * PAGE + 5];
	struct fixture *fx = *state;

	start(fx);
	write_page(fx, MIB(40), 'a');
	write_page(fx, MIB(40) + PAGE, 'b');
	write_page(fx, MIB(33), 'c');
	memset(want, 'c', PAGE);
	memset(want + PAGE, 'a', PAGE);
	memset(want + 2 * PAGE, 'b', 5);
	fx->msg.run[0] = MIB(33);
	fx->msg.run[1] = MIB(40) + 1;
	fx->msg.head.crc32 = wire__crc32(0, want, sizeof(want));
	message(fx, MSG_STDERR, sizeof(want), 2);
	assert_true(fetch__is_output(&fx->rec));
	assert_int_equal(fetch(fx), 0);
	assert_int_equal(fx->got.type, MSG_STDERR);
	assert_int_equal(fx->got.len, sizeof(want));
	assert_true(fx->got.crc_ok);
	assert_memory_equal(fx->got.payload, want, sizeof(want));

	/* What the guest writes later is not what came. */
	write_page(fx, MIB(33), 'x');
	assert_memory_equal(fx->got.payload, want, sizeof(want));
	assert_int_equal(fetch(fx), 0);
	assert_false(fx->got.crc_ok);
}

static void no_page_is_read_that_is_not_the_guests(void **state)
{
	static const u64 bad[] = { MEMORY, MEMORY - PAGE + 1, 1ULL << 52,
				   ~0xfffULL };
	struct fixture *fx = *state;

	start(fx);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		fx->msg.run[0] = bad[i];
		message(fx, MSG_STDOUT, PAGE * (u32)(bad[i] % PAGE + 1), 1);
		assert_int_equal(fetch(fx), -EFAULT);
	}
	fx->msg.run[0] = MEMORY - PAGE;
	message(fx, MSG_STDOUT, PAGE, 1);
	assert_int_equal(fetch(fx), 0);
}

static void lengths_that_lie(void **state)
{
	struct fixture *fx = *state;

	start(fx);
	fx->msg.run[0] = MIB(1);
	message(fx, MSG_STDOUT, PAGE + 1, 1);	 /* more than the page */
	assert_true(fetch__is_output(&fx->rec)); /* so it is missed */
	assert_int_equal(fetch(fx), -EBADMSG);
	message(fx, MSG_STDOUT, 0, 1); /* a page too many */
	assert_int_equal(fetch(fx), -EBADMSG);
	message(fx, MSG_STDOUT, 0xffffffff, 1);
	assert_int_equal(fetch(fx), -EBADMSG);
	fx->msg.run[0] = MIB(1) + (FETCH_MAX / PAGE - 1);
	message(fx, MSG_STDOUT, FETCH_MAX, 1);
	assert_int_equal(fetch(fx), 0);
	fx->msg.run[0]++;
	message(fx, MSG_STDOUT, FETCH_MAX + 1, 1);
	assert_int_equal(fetch(fx), -EBADMSG);
	message(fx, MSG_STDOUT, 0, 0);
	assert_int_equal(fetch(fx), 0);
	assert_int_equal(fx->got.len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_output_is_taken),
		TEST(pages_come_in_their_order),
		TEST(no_page_is_read_that_is_not_the_guests),
		TEST(lengths_that_lie),
	};

	return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}
