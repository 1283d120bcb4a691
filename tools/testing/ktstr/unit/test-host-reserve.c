// SPDX-License-Identifier: GPL-2.0
/*
 * Reserving CPUs of made-up hosts with real locks, against other processes:
 * who gets what, who is told about whom, what is left when somebody is killed,
 * and lock directories that are not to be used.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fake-host.h"
#include "vmm/host/reserve.h"

static const struct fake_host two_nodes = {
	.online = "0-15",
	.llc = { "0-3", "4-7", "8-11", "12-15" },
	.node = { "0-7", "8-15" },
};

struct place {
	struct fake_place at;
	struct host_reservation r[3];
	struct kt_diag diag;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	fake_place__make(&p->at, &two_nodes);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(p->r); i++)
		host_reservation__release(&p->r[i]);
	fake_place__remove(&p->at);
	free(p);
	return 0;
}

static int reserve(struct place *p, enum host_mode mode, const char *label,
		   unsigned int cap, struct host_reservation *r)
{
	struct topology topo;
	struct host_request req = { .topo = &topo,
				    .mode = mode,
				    .budget.cap = cap };

	assert_int_equal(topo__parse_label(label, &topo, NULL), 0);
	req.budget.vcpus = topo__nr_cpus(&topo);
	p->diag = (struct kt_diag){ 0 };
	return host__reserve(&p->at.sys, &req, r, &p->diag);
}

/* A process that holds a reservation until it is killed. */
static pid_t holder(struct place *p, enum host_mode mode, const char *label,
		    unsigned int cap, const char *cpus)
{
	int fds[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct host_reservation r = { 0 };

		if (reserve(p, mode, label, cap, &r)) {
			fprintf(stderr, "%s\n", p->diag.msg);
			_exit(1);
		}
		assert_list(&r.cpus, cpus);
		(void)!write(fds[1], "x", 1);
		for (;;)
			pause();
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	return pid;
}

static void kill_holder(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void assert_says(const struct place *p, const char *words)
{
	if (!strstr(p->diag.msg, words))
		fail_msg("'%s' lacks '%s'", p->diag.msg, words);
}

static void assert_says_pid(const struct place *p, pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "%d (", pid);
	assert_says(p, text);
}

static void windows_are_apart(void **state)
{
	struct place *p = *state;
	struct host_reservation *r = &p->r[0];
	struct host_reservation *r2 = &p->r[1];
	pid_t pid = holder(p, HOST_MODE_WINDOW, "1n1l3c1t", 0, "0-2");

	assert_int_equal(reserve(p, HOST_MODE_WINDOW, "1n1l6c1t", 0, r), 0);
	assert_list(&r->cpus, "3-8");
	assert_list(&r->llcs, "0-2");
	assert_list(&r->near, "0-11");
	assert_list(&r->mems, "0-1");
	/* 13 would be free, but not in a row */
	assert_int_equal(reserve(p, HOST_MODE_WINDOW, "1n1l8c1t", 0, r2),
			 -EBUSY);
	assert_says(p, "no 8 consecutive CPUs are free");
	assert_says_pid(p, pid);
	assert_int_equal(r2->locks.nr, 0);
	assert_int_equal(reserve(p, HOST_MODE_WINDOW, "1n1l17c1t", 0, r2),
			 -ERANGE);
	assert_says(p, "17 vCPUs: this process is allowed 16 CPUs");
	kill_holder(pid);
	assert_int_equal(reserve(p, HOST_MODE_WINDOW, "1n1l3c1t", 0, r2), 0);
	assert_list(&r2->cpus, "0-2");
}

static void failing_leaves_nothing_locked(void **state)
{
	struct place *p = *state;
	struct host_reservation r __free(host_reservation) = { 0 };
	pid_t pid = holder(p, HOST_MODE_WINDOW, "1n1l1c1t", 0, "0");
	pid_t all;

	assert_int_equal(reserve(p, HOST_MODE_WINDOW, "1n1l16c1t", 0, &r),
			 -EBUSY);
	kill_holder(pid);
	/* What it had locked on the way is free again. */
	all = holder(p, HOST_MODE_WINDOW, "1n1l16c1t", 0, "0-15");
	kill_holder(all);
}

static void performance_is_alone_in_its_llcs(void **state)
{
	struct place *p = *state;
	struct host_reservation *r = &p->r[0];
	struct host_reservation *r2 = &p->r[1];
	struct host_reservation *r3 = &p->r[2];
	pid_t pid = holder(p, HOST_MODE_PERFORMANCE, "1n1l2c1t", 0, "0-1");

	/* others keep out of LLC 0 */
	assert_int_equal(reserve(p, HOST_MODE_WINDOW, "1n1l2c1t", 0, r), 0);
	assert_list(&r->cpus, "4-5");
	assert_int_equal(reserve(p, HOST_MODE_SHARED, "1n1l2c1t", 5, r2), 0);
	assert_list(&r2->llcs, "1-2");
	/* and it out of LLCs where somebody is */
	assert_int_equal(reserve(p, HOST_MODE_PERFORMANCE, "1n1l1c1t", 0, r3),
			 0);
	assert_list(&r3->llcs, "3");
	assert_int_equal(r3->pins.cpu[0], 12);
	host_reservation__release(r3);
	assert_int_equal(reserve(p, HOST_MODE_PERFORMANCE, "1n2l1c1t", 0, r3),
			 -EBUSY);
	assert_says(p, "all 2 places of 2 LLCs are in use");
	assert_says_pid(p, pid);
	assert_int_equal(reserve(p, HOST_MODE_PERFORMANCE, "1n1l5c1t", 0, r3),
			 -ERANGE);
	kill_holder(pid);
	assert_int_equal(reserve(p, HOST_MODE_PERFORMANCE, "1n1l1c1t", 0, r3),
			 0);
	assert_list(&r3->llcs, "0");
}

static void sharers_gather(void **state)
{
	struct place *p = *state;
	struct host_reservation *r = &p->r[0];
	struct host_reservation *r2 = &p->r[1];
	struct host_reservation *r3 = &p->r[2];
	pid_t alone = holder(p, HOST_MODE_PERFORMANCE, "2n2l1c1t", 0, "0,8");
	pid_t one = holder(p, HOST_MODE_SHARED, "1n1l1c1t", 2, "4-5");

	/* Where the first one is, not in the idle LLC 3. */
	assert_int_equal(reserve(p, HOST_MODE_SHARED, "1n1l1c1t", 3, r), 0);
	assert_list(&r->cpus, "4-6");
	assert_int_equal(reserve(p, HOST_MODE_SHARED, "1n1l1c1t", 8, r2), 0);
	assert_list(&r2->llcs, "1,3");
	/* More than is left: somebody has the rest alone. */
	assert_int_equal(reserve(p, HOST_MODE_SHARED, "1n1l1c1t", 9, r3),
			 -EBUSY);
	assert_says(p, "9 CPUs of LLC");
	assert_says_pid(p, alone);
	assert_int_equal(reserve(p, HOST_MODE_SHARED, "1n1l1c1t", 17, r3),
			 -EINVAL);
	assert_says(p, "cap of 17 CPUs");
	kill_holder(one);
	kill_holder(alone);
}

static void whoever_goes_without_avoids_the_lonely(void **state)
{
	struct place *p = *state;
	struct host_reservation r __free(host_reservation) = { 0 };
	pid_t pid = holder(p, HOST_MODE_PERFORMANCE, "1n3l1c1t", 0, "0,4,8");
	pid_t more;

	assert_int_equal(host__avoid(&p->at.sys, &r, &p->diag), 0);
	assert_list(&r.cpus, "12-15");
	assert_list(&r.llcs, "3");
	host_reservation__release(&r);
	more = holder(p, HOST_MODE_PERFORMANCE, "1n1l1c1t", 0, "12");
	assert_int_equal(host__avoid(&p->at.sys, &r, &p->diag), -EBUSY);
	assert_says(p, "every LLC");
	kill_holder(more);
	kill_holder(pid);
}

static void without_locks_nobody_is_in_the_way(void **state)
{
	struct place *p = *state;
	struct host_reservation r __free(host_reservation) = { 0 };
	const struct topology topo = TOPO_EVEN(1, 1, 2, 1);
	const struct host_request req = { .topo = &topo,
					  .mode = HOST_MODE_PERFORMANCE,
					  .no_locks = true };
	pid_t pid = holder(p, HOST_MODE_PERFORMANCE, "1n1l2c1t", 0, "0-1");

	p->at.sys.lock_dir = "/no/such/directory";
	assert_int_equal(host__reserve(&p->at.sys, &req, &r, &p->diag), 0);
	assert_list(&r.cpus, "0-1");
	assert_int_equal(r.locks.nr, 0);
	kill_holder(pid);
}

/* --- lock files ------------------------------------------------------------
 */

static void files_are_everybodys_and_stay(void **state)
{
	struct place *p = *state;
	struct host_reservation r = { 0 };
	mode_t old = umask(077);
	char path[128];
	struct stat a, b;

	assert_int_equal(reserve(p, HOST_MODE_WINDOW, "1n1l1c1t", 0, &r), 0);
	umask(old);
	snprintf(path, sizeof(path), "%s/ktstr-cpu-0.lock", p->at.locks);
	assert_int_equal(stat(path, &a), 0);
	assert_int_equal(a.st_mode & 0777, 0666);
	assert_int_equal(a.st_size, 0);
	for (unsigned int i = 0; i < r.locks.nr; i++)
		assert_true(fcntl(r.locks.fd[i], F_GETFD) & FD_CLOEXEC);
	host_reservation__release(&r);
	assert_int_equal(stat(path, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	snprintf(path, sizeof(path), "%s/ktstr-llc-0.lock", p->at.locks);
	assert_int_equal(stat(path, &b), 0);
}

/* Somebody tidied up while it was held: two holders of one CPU would follow. */
static void a_removed_file_is_noticed(void **state)
{
	struct place *p = *state;
	struct host_locks locks __free(host_locks) = { 0 };
	char path[128];
	int dir, fd;

	snprintf(path, sizeof(path), "%s/ktstr-cpu-3.lock", p->at.locks);
	assert_int_equal(host_lockdir__open(p->at.locks, NULL, &dir, NULL), 0);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(host_locks__take(&locks, dir, p->at.locks,
					  HOST_LOCK_CPU, 3, true, NULL),
			 -EBUSY);
	unlink(path);
	assert_int_equal(host_locks__take(&locks, dir, p->at.locks,
					  HOST_LOCK_CPU, 3, true, NULL),
			 0);
	close(fd);
	/* The new file's lock does not depend on the old one. */
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), -1);
	close(fd);
	close(dir);
}

static void odd_files_are_refused(void **state)
{
	struct place *p = *state;
	struct host_reservation r = { 0 };

	scratch__shell(p->at.locks, "ln -s /etc/passwd ktstr-cpu-0.lock");
	assert_int_equal(reserve(p, HOST_MODE_WINDOW, "1n1l1c1t", 0, &r),
			 -ELOOP);
	assert_says(p, p->at.locks);
	assert_says(p, "ktstr-cpu-0.lock");
	scratch__shell(p->at.locks, "rm *; mkfifo ktstr-cpu-0.lock");
	assert_int_equal(reserve(p, HOST_MODE_WINDOW, "1n1l1c1t", 0, &r),
			 -EINVAL);
	assert_says(p, "no regular file");
	scratch__shell(p->at.locks, "rm *; mkdir ktstr-cpu-0.lock");
	assert_int_equal(reserve(p, HOST_MODE_WINDOW, "1n1l1c1t", 0, &r),
			 -EINVAL);
}

static u32 fake_magic;

static int fake_fstatfs(int fd, struct statfs *buf)
{
	int err = fstatfs(fd, buf);

	buf->f_type = (__typeof__(buf->f_type))(s32)fake_magic;
	return err;
}

static void remote_file_systems_are_refused(void **state)
{
	static const struct {
		u32 magic;
		const char *name;
	} cases[] = {
		{ NFS_SUPER_MAGIC, "NFS" },	 { 0xff534d42, "CIFS" },
		{ 0xfe534d42, "SMB2" },		 { CEPH_SUPER_MAGIC, "Ceph" },
		{ AFS_SUPER_MAGIC, "AFS" },	 { FUSE_SUPER_MAGIC, "FUSE" },
		{ TMPFS_MAGIC, NULL },		 { EXT4_SUPER_MAGIC, NULL },
		{ XFS_SUPER_MAGIC, NULL },	 { BTRFS_SUPER_MAGIC, NULL },
		{ F2FS_SUPER_MAGIC, NULL },	 { 0xca451a4e, NULL },
		{ OVERLAYFS_SUPER_MAGIC, NULL },
	};
	struct place *p = *state;

	p->at.sys.fstatfs_fn = fake_fstatfs;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct host_reservation *r = &p->r[0];

		fake_magic = cases[i].magic;
		assert_int_equal(reserve(p, HOST_MODE_WINDOW, "1n1l1c1t", 0, r),
				 cases[i].name ? -EOPNOTSUPP : 0);
		host_reservation__release(r);
		if (!cases[i].name)
			continue;
		assert_says(p, cases[i].name);
		assert_says(p, p->at.locks);
		assert_says(p, "KTSTR_LOCK_DIR");
	}
}

static void bad_directories_say_what_to_do(void **state)
{
	struct place *p = *state;
	struct host_reservation r = { 0 };
	int status;
	pid_t pid;

	p->at.sys.lock_dir = "relative/dir";
	assert_int_equal(reserve(p, HOST_MODE_WINDOW, "1n1l1c1t", 0, &r),
			 -EINVAL);
	assert_says(p, "KTSTR_LOCK_DIR='relative/dir' is no absolute path");
	p->at.sys.lock_dir = "/no/such/dir";
	assert_int_equal(reserve(p, HOST_MODE_WINDOW, "1n1l1c1t", 0, &r),
			 -ENOENT);
	assert_says(p, "/no/such/dir");
	assert_says(p, "set KTSTR_LOCK_DIR to a writable local directory");
	/* Without root's powers, read-only. */
	p->at.sys.lock_dir = p->at.locks;
	assert_int_equal(chmod(p->at.root, 0755), 0);
	assert_int_equal(chmod(p->at.locks, 0555), 0);
	pid = fork();
	if (!pid) {
		if (!geteuid() && (setgid(65534) || setuid(65534)))
			_exit(2);
		if (reserve(p, HOST_MODE_WINDOW, "1n1l1c1t", 0, &r) != -EACCES)
			_exit(1);
		_exit(strstr(p->diag.msg, "ktstr-cpu-0.lock") &&
				      strstr(p->diag.msg, "KTSTR_LOCK_DIR")
			      ? 0
			      : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Another user's lock files, in a directory with the sticky bit. */
static void users_lock_each_others_files(void **state)
{
	struct place *p = *state;
	struct host_reservation r = { 0 };
	int status;
	pid_t pid;

	if (geteuid()) {
		print_message("needs root\n");
		return;
	}
	assert_int_equal(chmod(p->at.root, 0755), 0);
	assert_int_equal(chmod(p->at.locks, 01777), 0);
	assert_int_equal(reserve(p, HOST_MODE_WINDOW, "1n1l16c1t", 0, &r), 0);
	pid = fork();
	if (!pid) {
		host_reservation__release(&r);
		if (setgid(65534) || setuid(65534))
			_exit(2);
		_exit(reserve(p, HOST_MODE_WINDOW, "1n1l1c1t", 0, &r) == -EBUSY
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	host_reservation__release(&r);
	pid = fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(2);
		_exit(reserve(p, HOST_MODE_WINDOW, "1n1l1c1t", 0, &r) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void names_and_numbers(void **state)
{
	static const char *const bad[] = {
		"ktstr-llc-.lock",
		"ktstr-llc-01.lock",
		"ktstr-llc-1",
		"ktstr-llc--1.lock",
		"ktstr-cpu-1.lock~",
		"ktstr-x-1.lock",
		"ktstr-cpu-99999999999999999999.lock",
	};
	char name[HOST_LOCK_NAME_SIZE];
	enum host_lock_kind kind;
	unsigned int n;

	(void)state;
	host_lock__name(HOST_LOCK_CPU, UINT_MAX, name);
	assert_string_equal(name, "ktstr-cpu-4294967295.lock");
	assert_true(host_lock__parse_name(name, &kind, &n));
	assert_int_equal(kind, HOST_LOCK_CPU);
	assert_int_equal(n, UINT_MAX);
	assert_true(host_lock__parse_name("ktstr-llc-0.lock", &kind, &n));
	assert_int_equal(kind, HOST_LOCK_LLC);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(host_lock__parse_name(bad[i], &kind, &n));
}

static void the_environment_names_the_directory(void **state)
{
	(void)state;
	unsetenv("KTSTR_LOCK_DIR");
	assert_string_equal(host_lockdir__path(), "/tmp");
	setenv("KTSTR_LOCK_DIR", "", 1);
	assert_string_equal(host_lockdir__path(), "/tmp");
	setenv("KTSTR_LOCK_DIR", "/x", 1);
	assert_string_equal(host_lockdir__path(), "/x");
	unsetenv("KTSTR_LOCK_DIR");
}

static void reports_have_one_line(void **state)
{
	struct place *p = *state;
	struct host_reservation r __free(host_reservation) = { 0 };
	char text[256];

	assert_int_equal(reserve(p, HOST_MODE_PERFORMANCE, "1n2l2c1t", 0, &r),
			 0);
	host_reservation__describe(&r, text, sizeof(text));
	assert_string_equal(text,
			    "performance: CPUs 0-1,4-5, LLCs 0-1, service CPU "
			    "2");
	assert_string_equal(host_mode__name((enum host_mode)99), "unknown");
}

#define AT_A_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(windows_are_apart),
		AT_A_PLACE(failing_leaves_nothing_locked),
		AT_A_PLACE(performance_is_alone_in_its_llcs),
		AT_A_PLACE(sharers_gather),
		AT_A_PLACE(whoever_goes_without_avoids_the_lonely),
		AT_A_PLACE(without_locks_nobody_is_in_the_way),
		AT_A_PLACE(files_are_everybodys_and_stay),
		AT_A_PLACE(a_removed_file_is_noticed),
		AT_A_PLACE(odd_files_are_refused),
		AT_A_PLACE(remote_file_systems_are_refused),
		AT_A_PLACE(bad_directories_say_what_to_do),
		AT_A_PLACE(users_lock_each_others_files),
		AT_A_PLACE(reports_have_one_line),
		cmocka_unit_test(names_and_numbers),
		cmocka_unit_test(the_environment_names_the_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
