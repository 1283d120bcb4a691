// SPDX-License-Identifier: GPL-2.0
/* cpio headers byte for byte, name rules, and the per-run suffix. */
#include "vmm/initramfs.h"
#include "vmm/initramfs/cpio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <sys/stat.h>

static void header_golden(void **state)
{
	static const char want[] = "070701"
				   "00000007" /* inode */
				   "000081A4" /* regular, 0644 */
				   "00000000" /* user */
				   "00000000" /* group */
				   "00000001" /* links */
				   "00000000" /* time */
				   "00000005" /* size */
				   "00000000" /* device */
				   "00000000"
				   "00000000" /* its own device number */
				   "00000000"
				   "00000002" /* name with NUL */
				   "00000000" /* no checksum */
				   "a";
	const struct cpio_entry e = {
		.name = "a", .mode = S_IFREG | 0644, .ino = 7, .size = 5
	};
	u8 buf[128];

	(void)state;
	memset(buf, 0xff, sizeof(buf));
	assert_int_equal(cpio__header_len("a"), 112);
	cpio__header(buf, &e);
	assert_memory_equal(buf, want, sizeof(want));
	assert_int_equal(buf[111], 0);
	assert_int_equal(buf[112], 0xff);
}

static void header_device_and_dir(void **state)
{
	const struct cpio_entry console = { .name = "dev/console",
					    .mode = S_IFCHR | 0600,
					    .rdev_major = 5,
					    .rdev_minor = 1 };
	const struct cpio_entry dir = { .name = "dev", .mode = S_IFDIR | 0755 };
	u8 buf[128];

	(void)state;
	cpio__header(buf, &console);
	assert_memory_equal(buf + 6 + 9 * 8, "0000000500000001", 16);
	cpio__header(buf, &dir);
	assert_memory_equal(buf + 6 + 4 * 8, "00000002", 8);
}

static void names(void **state)
{
	static const struct {
		const char *name, *say;
	} bad[] = {
		{ "", "is empty" },
		{ "/etc/passwd", "is absolute" },
		{ "a//b", "empty component" },
		{ "a/", "empty component" },
		{ "..", "\"..\" component" },
		{ "a/../b", "\"..\" component" },
		{ "./a", "\".\" or" },
		{ ".ktstr_init_ok", "reserved" },
		{ "TRAILER!!!", "trailer" },
		{ "TRAILER!!!/x", "trailer" },
	};
	static const char *const good[] = { "a",       "TRAILER!!!x", "a/b.c",
					    "..a/b..", "x/.ktstr_",   "lib/...",
					    "a b" };
	char *longest __free(ptr) = calloc(1, CPIO_NAME_MAX + 2);
	struct kt_diag diag;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		diag.msg[0] = '\0';
		assert_int_equal(cpio__check_name(bad[i].name, &diag), -EINVAL);
		assert_non_null(strstr(diag.msg, bad[i].say));
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(cpio__check_name(good[i], NULL), 0);
	memset(longest, 'x', CPIO_NAME_MAX);
	assert_int_equal(cpio__check_name(longest, NULL), 0);
	longest[CPIO_NAME_MAX] = 'x';
	diag.msg[0] = '\0';
	assert_int_equal(cpio__check_name(longest, &diag), -EINVAL);
	assert_non_null(strstr(diag.msg, "4095"));
}

/* Run a shell command with @buf on its standard input. */
static char *pipe_through(const char *cmd, const void *buf, size_t len)
{
	char in[] = "/tmp/ktstr-unit-XXXXXX", line[4096];
	static char out[4096];
	int fd __free(fd) = mkstemp(in);
	FILE *f;
	size_t n;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, buf, len), (ssize_t)len);
	snprintf(line, sizeof(line), "%s < %s", cmd, in);
	f = popen(line, "r");
	assert_non_null(f);
	n = fread(out, 1, sizeof(out) - 1, f);
	out[n] = '\0';
	assert_int_equal(pclose(f), 0);
	unlink(in);
	return out;
}

static void suffix_reads_back(void **state)
{
	static const struct initramfs_blob blobs[] = {
		{ "args", "one\ntwo\n", 8, 0644 },
		{ "staging/deep/run", "#!/bin/sh\n", 10, 0755 },
		{ "empty", NULL, 0, 0600 },
	};
	void *buf;
	size_t len;
	char *out;

	(void)state;
	assert_int_equal(initramfs__suffix(blobs, 3, &buf, &len, NULL), 0);
	assert_int_equal(len % 512, 0);
	out = pipe_through("cpio -it --quiet", buf, len);
	assert_string_equal(
		out, "args\nstaging\nstaging/deep\nstaging/deep/run\nempty\n");
	out = pipe_through("cpio -i --quiet --to-stdout args", buf, len);
	assert_string_equal(out, "one\ntwo\n");
	free(buf);
}

static void suffix_empty_is_only_trailer(void **state)
{
	void *buf;
	size_t len;

	(void)state;
	assert_int_equal(initramfs__suffix(NULL, 0, &buf, &len, NULL), 0);
	assert_int_equal(len, 512);
	assert_string_equal((char *)buf + CPIO_HEADER_LEN, CPIO_TRAILER);
	free(buf);
}

static void suffix_refuses_names(void **state)
{
	static const struct initramfs_blob blob = { "../x", "", 0, 0644 };
	struct kt_diag diag = { "" };
	void *buf = &diag;
	size_t len;

	(void)state;
	assert_int_equal(initramfs__suffix(&blob, 1, &buf, &len, &diag),
			 -EINVAL);
	assert_ptr_equal(buf, &diag);
	assert_non_null(strstr(diag.msg, "../x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_golden),
		cmocka_unit_test(header_device_and_dir),
		cmocka_unit_test(names),
		cmocka_unit_test(suffix_reads_back),
		cmocka_unit_test(suffix_empty_is_only_trailer),
		cmocka_unit_test(suffix_refuses_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
