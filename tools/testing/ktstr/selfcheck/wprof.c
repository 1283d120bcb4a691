// SPDX-License-Identifier: GPL-2.0
/*
 * Traces of tests, with a tracer that is none (fake-tracer.c). Not part of the
 * suite: run by bats/wprof.bats, which names that tracer in KTSTR_WPROF_PATH
 * and knows what each of these must be reported as.
 */
#include <ktstr/harness.h>
#include <ktstr/wprof-check.h>

#include <sys/reboot.h>

#include "guest/wprof.h"
#include "take-over.h"

FIXTURE(trace)
{};
FIXTURE_SETUP(trace)
{
}
FIXTURE_TEARDOWN(trace)
{
}
KTSTR_FIXTURE_ATTR(trace, .cpus = 1, .wprof = true,
		   .post_vm = assert_wprof_pb_landed);

/* Everything that can be on a kernel command line, byte for byte. */
#define ODD_ARGS                                                               \
	"-d 1000 --fill=8192 --echo -x=\"a --b='c d' \\ $HOME %d\xc3\xa9\x80 " \
	"-- = "                                                                \
	"KTSTR_GUEST=0"

/* What the tracer was started with is at the end of what it wrote. */
static int args_arrived(const struct ktstr_vm_result *result,
			struct kt_diag *diag)
{
	static const char tail[] = "-T\0/tmp/wprof/wprof.pb";
	char *trace __free(ptr) = NULL, *copy __free(ptr) = strdup(ODD_ARGS);
	char path[PATH_MAX], want[512] = "/bin/wprof";
	size_t len, at = sizeof("/bin/wprof");
	int err = assert_wprof_pb_landed(result, diag);

	if (!err)
		err = wprof_pb_path(result, path, sizeof(path), diag);
	if (!err)
		err = fd__read_file(path, MIB(1), &trace, &len);
	if (err)
		return err;
	for (char *p = strtok(copy, " "); p; p = strtok(NULL, " ")) {
		memcpy(want + at, p, strlen(p) + 1);
		at += strlen(p) + 1;
	}
	memcpy(want + at, tail, sizeof(tail));
	at += sizeof(tail);
	err = len > at && !memcmp(trace + len - at, want, at) ? 0 : -EPROTO;
	return ktstr_check("arguments", err, diag);
}

KTSTR_TEST_ATTR(trace, odd_args, .wprof_args = ODD_ARGS,
		.post_vm = args_arrived);
TEST_F(trace, odd_args)
{
	usleep(1000);
}

/* 300 MiB; the tracer prints their checksum, the runner has the host's. */
KTSTR_TEST_ATTR(trace, large, .wprof_args = "-d 200000 --fill=300M --sum");
TEST_F(trace, large)
{
	usleep(1000);
}

/* Cuts frames as PID 1: one small one, and at the second it is over. */
static bool dies(u64 total, u32 cap, struct wprof_frame *frame)
{
	static const char half[] = "half of a record";
	static unsigned int calls;
	char port[PATH_MAX];
	int fd;

	(void)total;
	(void)cap;
	*frame = (struct wprof_frame){ .type = MSG_WPROF_TRACE_CHUNK,
				       .len = MIB(4) };
	if (!calls++)
		return true;
	fd = steal_port(port);
	if (fd >= 0)
		(void)!write(fd, half, sizeof(half));
	reboot(RB_AUTOBOOT);
	return false;
}

KTSTR_TEST_ATTR(trace, dies_while_it_ships,
		.wprof_args = "-d 20000 --fill=40M");
TEST_F(trace, dies_while_it_ships)
{
	ASSERT_EQ(0, take_over(wprof_frame__next, dies));
}

KTSTR_TEST_ATTR(trace, tracer_fails,
		.wprof_args = "-d 1000 --say=out_of_luck --exit=3");
TEST_F(trace, tracer_fails)
{
}

KTSTR_TEST_ATTR(trace, tracer_writes_nothing, .wprof_args = "-d 1000 --fill=0",
		.post_vm = NULL,
		.post_vm_unconditional = assert_wprof_pb_landed);
TEST_F(trace, tracer_writes_nothing)
{
	ASSERT_EQ(0, 1);
}

/* Runs until the test is over: no -d. It has to get as far as to listen. */
KTSTR_TEST_ATTR(trace, until_interrupted, .wprof_args = "--stay --fill=4096");
TEST_F(trace, until_interrupted)
{
	usleep(1000000);
}

KTSTR_TEST_ATTR(trace, tracer_hangs, .wprof_args = "-d 500 --fill=5000 --hang",
		.post_vm = assert_wprof_pb_landed);
TEST_F(trace, tracer_hangs)
{
}

KTSTR_TEST_ATTR(trace, no_btf, .wprof_args = "-d 1000 --hide-btf --exit=1");
TEST_F(trace, no_btf)
{
}

/* Its arguments leave no room for themselves. */
#define SIXTY "0123456789012345678901234567890123456789012345678901234567 "
#define SIX_HUNDRED SIXTY SIXTY SIXTY SIXTY SIXTY SIXTY SIXTY SIXTY SIXTY SIXTY

KTSTR_TEST_ATTR(trace, long_args,
		.wprof_args = SIX_HUNDRED SIX_HUNDRED SIX_HUNDRED SIX_HUNDRED);
TEST_F(trace, long_args)
{
}

KTSTR_TEST_ATTR(trace, control_byte,
		.wprof_args = "-d 1000 a\x1f"
			      "b");
TEST_F(trace, control_byte)
{
}

/* More than is left on the disk that bats/wprof.bats makes for it. */
KTSTR_TEST_ATTR(trace, fills_the_disk, .wprof_args = "-d 20000 --fill=24M");
TEST_F(trace, fills_the_disk)
{
}

/* Whatever is wrong on the host: the smallest test there is. */
KTSTR_TEST_ATTR(trace, plain, .wprof_args = "-d 1000 --fill=5000",
		.memory_mib = 256, .memory_exact = true);
TEST_F(trace, plain)
{
}

/* For bench/wprof. */
KTSTR_TEST_ATTR(trace, of_256_mib, .wprof_args = "-d 200000 --fill=256M",
		.ignore = true);
TEST_F(trace, of_256_mib)
{
}

KTSTR_TEST_ATTR(trace, of_1024_mib, .memory_mib = 2048, .ignore = true,
		.wprof_args = "-d 400000 --fill=1024M --large");
TEST_F(trace, of_1024_mib)
{
}

/* With the tracer that there is when none is named. */
static int is_valid(const struct ktstr_vm_result *result, struct kt_diag *diag)
{
	char path[PATH_MAX];
	int err = assert_wprof_pb_landed(result, diag);

	if (!err)
		err = wprof_pb_path(result, path, sizeof(path), diag);
	return err ? err : assert_wprof_pb_valid(path, diag);
}

KTSTR_TEST_ATTR(trace, by_our_own, .wprof_args = "-d 500 -e sched",
		.post_vm = is_valid);
TEST_F(trace, by_our_own)
{
	for (int i = 0; i < 50; i++)
		usleep(10000);
}

KTSTR_HARNESS_MAIN
