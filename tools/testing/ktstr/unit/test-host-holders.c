// SPDX-License-Identifier: GPL-2.0
/* /proc/locks, mountinfo and command lines, the kernel's and made-up ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sched.h>

#include "scratch.h"
#include "vmm/host/holders.h"

static void locks_are_parsed(void **state)
{
	static const char text[] =
		"1: FLOCK  ADVISORY  WRITE 1234 fd:1a:131090 0 EOF\n"
		"1: -> FLOCK  ADVISORY  WRITE 99 fd:1a:131090 0 EOF\n"
		"2: POSIX  ADVISORY  READ  5 08:02:7 128 128\n"
		"3: FLOCK  ADVISORY  READ  0 00:2f:18446744073709551615 0 EOF\n"
		"4: FLOCK  ADVISORY  READ  -1 00:00:1 0 EOF\n"
		"garbage\n"
		"5: FLOCK  ADVISORY\n"
		"6: LEASE  ACTIVE    READ  7 08:02:9 0 EOF\n"
		"7: FLOCK  ADVISORY  READ  8 08:02:9 0 EOF";
	struct host_lock_table t __free(host_lock_table) = { 0 };

	(void)state;
	assert_int_equal(host_lock_table__parse(text, &t), 0);
	assert_int_equal(t.nr, 4);
	assert_int_equal(t.entry[0].pid, 1234);
	assert_int_equal(t.entry[0].major, 0xfd);
	assert_int_equal(t.entry[0].minor, 0x1a);
	assert_int_equal(t.entry[0].inode, 131090);
	assert_true(t.entry[0].exclusive);
	assert_int_equal(t.entry[1].pid, 0);
	assert_int_equal(t.entry[1].inode, UINT64_MAX);
	assert_false(t.entry[1].exclusive);
	assert_int_equal(t.entry[2].pid, 0);
	assert_int_equal(t.entry[3].pid, 8);
}

static const char mounts[] =
	"21 1 8:1 / / rw,relatime - ext4 /dev/vda rw\n"
	"22 21 0:20 / /tmp rw shared:3 - tmpfs tmpfs rw\n"
	"23 22 0:33 / /tmp/with\\040blank rw - tmpfs tmpfs rw\n"
	"24 22 0:34 /sub /tmp/a rw - btrfs /dev/vdb rw\n"
	"25 22 0:35 / /tmp/a rw - tmpfs covers rw\n"
	"26 22 0:36 / /tmp/back\\134slash rw - tmpfs tmpfs rw\n"
	"broken line\n"
	"27 22 0:37\n"
	"28 22 0:38 / /tmp/odd\\04 rw - tmpfs tmpfs rw";

static void is_on(const char *path, u32 major, u32 minor)
{
	u32 maj = 99, min = 99;

	assert_true(mountinfo__device(mounts, path, &maj, &min));
	assert_int_equal(maj, major);
	assert_int_equal(min, minor);
}

static void the_longest_mount_point_counts(void **state)
{
	u32 major, minor;

	(void)state;
	is_on("/", 8, 1);
	is_on("/etc/x", 8, 1);
	is_on("/tmpx/y", 8, 1);
	is_on("/tmp", 0, 20);
	is_on("/tmp/ktstr-llc-0.lock", 0, 20);
	is_on("/tmp/with blank/f", 0, 33);
	is_on("/tmp/with blankets", 0, 20);
	is_on("/tmp/a/f", 0, 35);
	is_on("/tmp/back\\slash/f", 0, 36);
	is_on("/tmp/odd\\04/f", 0, 38);
	assert_false(mountinfo__device("", "/", &major, &minor));
	assert_false(mountinfo__device("\n\n", "/", &major, &minor));
}

struct seen {
	unsigned int nr;
	int pid;
	bool exclusive;
};

static void see(void *ctx, const struct host_lock_entry *e)
{
	struct seen *seen = ctx;

	seen->nr++;
	seen->pid = e->pid;
	seen->exclusive |= e->exclusive;
}

static struct seen look(const char *path)
{
	struct host_lock_table t __free(host_lock_table) = { 0 };
	struct seen seen = { 0 };
	unsigned int nr;

	assert_int_equal(host_lock_table__read("/proc", &t, NULL), 0);
	nr = host_lock_table__each(&t, path, see, &seen);
	assert_int_equal(nr, seen.nr);
	return seen;
}

static void real_locks_are_found(void **state)
{
	char root[SCRATCH_PATH_MAX], path[128], link[128];
	struct seen seen;
	int fd, fd2;

	(void)state;
	scratch__make(root);
	snprintf(path, sizeof(path), "%s/file", root);
	snprintf(link, sizeof(link), "%s/link", root);
	assert_int_equal(look(path).nr, 0);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(look(path).nr, 0);
	assert_int_equal(flock(fd, LOCK_SH), 0);
	seen = look(path);
	assert_int_equal(seen.nr, 1);
	assert_int_equal(seen.pid, getpid());
	assert_false(seen.exclusive);
	fd2 = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd2, LOCK_SH), 0);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(look(link).nr, 2);
	close(fd2);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_true(look(path).exclusive);
	close(fd);
	assert_int_equal(look(path).nr, 0);
	scratch__remove(root);
}

/*
 * On an overlay stat() has another device than /proc/locks. Return: 77 where
 * such a mount cannot be had.
 */
static int overlay_child(const char *root)
{
	char opts[512], path[128];
	int fd;

	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return 77;
	/* A file system of its own: an upper layer cannot be an overlay. */
	if (mount("t", root, "tmpfs", 0, NULL))
		return 77;
	scratch__shell(root, "mkdir l u w m");
	snprintf(opts, sizeof(opts), "lowerdir=%s/l,upperdir=%s/u,workdir=%s/w",
		 root, root, root);
	snprintf(path, sizeof(path), "%s/m", root);
	if (mount("o", path, "overlay", 0, opts))
		return 77;
	snprintf(path, sizeof(path), "%s/m/file", root);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || flock(fd, LOCK_EX))
		return 1;
	return look(path).nr == 1 ? 0 : 2;
}

static void overlays_are_seen_through(void **state)
{
	char root[SCRATCH_PATH_MAX];
	int status;
	pid_t pid;

	(void)state;
	scratch__make(root);
	pid = fork();
	if (!pid)
		_exit(overlay_child(root));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	scratch__remove(root);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("no overlay mounts here\n");
		return;
	}
	assert_int_equal(status, 0);
}

static void unreadable_proc_is_told(void **state)
{
	struct host_lock_table t = { 0 };
	struct kt_diag diag = { 0 };

	(void)state;
	assert_int_equal(host_lock_table__read("/no/proc", &t, &diag), -ENOENT);
	assert_non_null(strstr(diag.msg, "/no/proc/locks"));
	assert_null(t.entry);
}

static void command_lines_are_safe_to_print(void **state)
{
	char root[SCRATCH_PATH_MAX], buf[HOST_CMDLINE_SIZE];

	(void)state;
	scratch__make(root);
	scratch__shell(root,
		       "mkdir 1 2 3 4; printf 'a\\0b c\\0' >1/cmdline;"
		       "printf 'x\\033[2Jy\\nz\\0' >2/cmdline; : >3/cmdline;"
		       "printf '%%0100d' 0 >4/cmdline");
	host_cmdline(root, 1, buf);
	assert_string_equal(buf, "a b c");
	host_cmdline(root, 2, buf);
	assert_string_equal(buf, "x?[2Jy?z");
	host_cmdline(root, 3, buf);
	assert_string_equal(buf, "<cmdline unavailable>");
	host_cmdline(root, 77, buf);
	assert_string_equal(buf, "<cmdline unavailable>");
	host_cmdline(root, 0, buf);
	assert_string_equal(buf, "<cmdline unavailable>");
	host_cmdline(root, 4, buf);
	assert_int_equal(strlen(buf), 100);
	scratch__shell(root, "printf '%%0101d' 0 >4/cmdline");
	host_cmdline(root, 4, buf);
	assert_int_equal(strlen(buf), 103);
	assert_string_equal(buf + 99, "0...");
	scratch__remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locks_are_parsed),
		cmocka_unit_test(the_longest_mount_point_counts),
		cmocka_unit_test(real_locks_are_found),
		cmocka_unit_test(overlays_are_seen_through),
		cmocka_unit_test(unreadable_proc_is_told),
		cmocka_unit_test(command_lines_are_safe_to_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
