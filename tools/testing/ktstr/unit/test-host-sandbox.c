// SPDX-License-Identifier: GPL-2.0
/*
 * Cgroups for work that is no machine, on a hierarchy of ordinary files: what
 * the kernel's does of itself, mkdir(), rmdir() and write() of this program do,
 * which are linked before libc's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <ktstr/fd.h>

#include "fake-host.h"
#include "scratch.h"
#include "vmm/host/sandbox.h"

/* --- a kernel ------------------------------------------------------------- */

static struct {
	const char *refused;	 /* file to which nothing can be written, */
	int err;		 /* and why */
	const char *cpus, *mems; /* what children get at most, or NULL */
	const char *type;	 /* of children */
	int mkdir_err;
	int busy; /* times that rmdir() fails */
	int removed;
} kernel;

static void put(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	int fd;

	assert_true((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) <
		    sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(syscall(SYS_write, fd, text, strlen(text)),
			 strlen(text));
	close(fd);
}

/* What is effective is what was written, or what there is. */
static void put_effective(const char *dir, const char *name, const char *most)
{
	char effective[64], path[PATH_MAX];

	put(dir, name, "");
	snprintf(effective, sizeof(effective), "%s.effective", name);
	snprintf(path, sizeof(path), "%s/%s", dir, effective);
	if (most)
		put(dir, effective, most);
	else
		assert_int_equal(symlink(name, path), 0);
}

int mkdir(const char *path, mode_t mode)
{
	long ret;

	if (kernel.mkdir_err && strstr(path, HOST_SANDBOX_PREFIX)) {
		errno = kernel.mkdir_err;
		return -1;
	}
	ret = syscall(SYS_mkdir, path, mode);
	if (ret || !strstr(path, HOST_SANDBOX_PREFIX))
		return (int)ret;
	put_effective(path, "cpuset.cpus", kernel.cpus);
	put_effective(path, "cpuset.mems", kernel.mems);
	put(path, "cgroup.type", kernel.type);
	put(path, "cgroup.procs", "");
	return 0;
}

int rmdir(const char *path)
{
	static const char *const files[] = {
		"cpuset.cpus",		 "cpuset.mems", "cpuset.cpus.effective",
		"cpuset.mems.effective", "cgroup.type", "cgroup.procs",
		"cgroup.threads"
	};
	char file[PATH_MAX];

	if (kernel.busy > 0) {
		kernel.busy--;
		errno = EBUSY;
		return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(file, sizeof(file), "%s/%s", path, files[i]);
		unlink(file);
	}
	kernel.removed++;
	return (int)syscall(SYS_rmdir, path);
}

ssize_t write(int fd, const void *buf, size_t len)
{
	char link[64], path[PATH_MAX];
	ssize_t n = -1;

	if (kernel.refused) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, path, sizeof(path) - 1);
	}
	path[KT_MAX(n, 0)] = '\0';
	if (n > 0 && !strcmp(strrchr(path, '/') + 1, kernel.refused)) {
		errno = kernel.err;
		return -1;
	}
	return syscall(SYS_write, fd, buf, len);
}

/* --- a place -------------------------------------------------------------- */

struct place {
	char root[SCRATCH_PATH_MAX];
	char cgroup[SCRATCH_PATH_MAX + 16], proc[SCRATCH_PATH_MAX + 16];
	char own[SCRATCH_PATH_MAX + 32];
	struct cpuset cpus, mems;
	struct host_sandbox_request req;
	struct host_sandbox s;
	struct kt_diag diag;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	memset(&kernel, 0, sizeof(kernel));
	kernel.type = "domain invalid\n";
	scratch__make(p->root);
	scratch__shell(p->root, "mkdir -p cgroup/a/own proc/self");
	snprintf(p->cgroup, sizeof(p->cgroup), "%s/cgroup", p->root);
	snprintf(p->proc, sizeof(p->proc), "%s/proc", p->root);
	snprintf(p->own, sizeof(p->own), "%s/a/own", p->cgroup);
	put(p->cgroup, "cgroup.controllers", "cpuset cpu\n");
	put(p->own, "cgroup.controllers", "cpu cpuset memory\n");
	put(p->own, "cgroup.subtree_control", "");
	put(p->own, "cgroup.procs", "");
	put(p->proc, "self/cgroup", "4:memory:/m\n0::/a/own\n");
	p->cpus = fake_host__set("2-3");
	p->mems = fake_host__set("0");
	p->req = (struct host_sandbox_request){ .root = p->cgroup,
						.proc = p->proc,
						.cpus = &p->cpus,
						.mems = &p->mems };
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	memset(&kernel, 0, sizeof(kernel));
	scratch__remove(p->root);
	free(p);
	return 0;
}

static int enter(struct place *p)
{
	p->diag = (struct kt_diag){ 0 };
	return host_sandbox__enter(&p->req, &p->s, &p->diag);
}

static void said(const struct place *p, const char *words)
{
	if (!strstr(p->diag.msg, words))
		fail_msg("'%s' lacks '%s'", p->diag.msg, words);
}

static void file_is(const char *dir, const char *name, const char *want)
{
	char path[PATH_MAX], *text __free(ptr) = NULL;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(fd__read_file(path, 4096, &text, NULL), 0);
	assert_string_equal(text, want);
}

static unsigned int children(const struct place *p)
{
	unsigned int n = 0;
	struct dirent *e;
	DIR *d = opendir(p->own);

	assert_non_null(d);
	while ((e = readdir(d)))
		n += e->d_type == DT_DIR && e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* Refused, and nothing is left. */
static void refused(struct place *p, int err, const char *words,
		    const char *remedy)
{
	assert_int_equal(enter(p), err);
	said(p, words);
	said(p, remedy);
	assert_int_equal(p->s.path[0], '\0');
	assert_int_equal(children(p), 0);
}

/* --- tests ---------------------------------------------------------------- */

static void in_and_out(void **state)
{
	struct place *p = *state;
	char pid[16], prefix[PATH_MAX], path[PATH_MAX];

	snprintf(pid, sizeof(pid), "%d", getpid());
	assert_int_equal(enter(p), 0);
	snprintf(prefix, sizeof(prefix), "%s/ktstr-build-", p->own);
	assert_memory_equal(p->s.path, prefix, strlen(prefix));
	assert_string_equal(strrchr(p->s.path, '-') + 1, pid);
	assert_string_equal(p->s.parent, p->own);
	assert_string_equal(p->s.narrowed, "");
	file_is(p->own, "cgroup.subtree_control", "+cpuset");
	/* The test's files keep what was behind a shorter text. */
	file_is(p->s.path, "cgroup.type", "threadednvalid\n");
	file_is(p->s.path, "cpuset.cpus", "2-3");
	file_is(p->s.path, "cpuset.mems", "0");
	file_is(p->s.path, "cgroup.procs", pid);
	strcpy(path, p->s.path);
	assert_int_equal(host_sandbox__leave(&p->s, &p->diag), 0);
	assert_int_equal(access(path, F_OK), -1);
	file_is(p->own, "cgroup.procs", pid);
	file_is(p->own, "cgroup.subtree_control", "-cpuset");
	/* Nothing entered, nothing to leave. */
	assert_int_equal(host_sandbox__leave(&p->s, &p->diag), 0);
	assert_int_equal(kernel.removed, 1);
}

static void a_cgroup_that_is_made_for_children(void **state)
{
	struct place *p = *state;

	put(p->own, "cgroup.subtree_control", "memory cpuset\n");
	kernel.type = "domain\n";
	assert_int_equal(enter(p), 0);
	assert_false(p->s.enabled);
	file_is(p->s.path, "cgroup.type", "domain\n");
	assert_int_equal(host_sandbox__leave(&p->s, NULL), 0);
	file_is(p->own, "cgroup.subtree_control", "memory cpuset\n");
}

static void others_in_there_keep_what_they_use(void **state)
{
	struct place *p = *state;

	assert_int_equal(enter(p), 0);
	scratch__shell(p->own, "mkdir somebody");
	assert_int_equal(host_sandbox__leave(&p->s, NULL), 0);
	file_is(p->own, "cgroup.subtree_control", "+cpuset");
}

static void threads_are_taken_out(void **state)
{
	struct place *p = *state;

	assert_int_equal(enter(p), 0);
	/* As in a threaded one, where processes cannot be listed. */
	scratch__shell(p->s.path,
		       "rm cgroup.procs; printf '7\\n8\\n' >cgroup.threads");
	assert_int_equal(host_sandbox__leave(&p->s, NULL), 0);
	file_is(p->own, "cgroup.procs", "8");
}

static void one_that_stays_busy_is_left_and_named(void **state)
{
	struct place *p = *state;
	char path[PATH_MAX];
	u64 start_ns;

	assert_int_equal(enter(p), 0);
	kernel.busy = 4;
	assert_int_equal(host_sandbox__leave(&p->s, NULL), 0);
	assert_int_equal(kernel.removed, 1);
	assert_int_equal(enter(p), 0);
	strcpy(path, p->s.path);
	kernel.busy = 100;
	start_ns = kt_now_ns();
	assert_int_equal(host_sandbox__leave(&p->s, &p->diag), -EBUSY);
	assert_true(kt_now_ns() - start_ns >= 40 * NSEC_PER_MSEC);
	assert_int_equal(kernel.busy, 95);
	said(p, path);
	said(p, "is left behind: Device or resource busy; rmdir it");
	kernel.busy = 0;
	assert_int_equal(rmdir(path), 0);
}

static void where_it_cannot_be(void **state)
{
	struct place *p = *state;

	put(p->own, "cgroup.controllers", "cpu memory\n");
	refused(p, -EOPNOTSUPP, "own: it has no cpuset", "+cpuset");
	put(p->own, "cgroup.controllers", "cpuset-not\n");
	refused(p, -EOPNOTSUPP, "it has no cpuset", "+cpuset");
	put(p->proc, "self/cgroup", "0::/\n");
	refused(p, -EOPNOTSUPP, "cgroup: the root of all", "systemd-run");
	put(p->proc, "self/cgroup", "4:cpuset:/a/own\n");
	refused(p, -EOPNOTSUPP, "no cgroup v2", "unified_cgroup_hierarchy=1");
	put(p->proc, "self/cgroup", "0::/not/there\n");
	refused(p, -ENOENT, "cgroup/not/there: No such file", "");
	scratch__shell(p->cgroup, "rm cgroup.controllers");
	refused(p, -EOPNOTSUPP, "no cgroup v2", "unified_cgroup_hierarchy=1");
	p->req.root = "/no/cgroups";
	refused(p, -EOPNOTSUPP, "/no/cgroups: no cgroup v2", "");
}

static void what_is_refused_names_the_remedy(void **state)
{
	static const struct {
		const char *file;
		int err, is;
		const char *words, *remedy;
	} cases[] = {
		{ "cgroup.subtree_control", EBUSY, -EOPNOTSUPP,
		  "own: Device or resource busy: it has other controllers",
		  "systemd-run --scope" },
		{ "cgroup.subtree_control", EACCES, -EOPNOTSUPP,
		  "own: Permission denied", "Delegate=yes" },
		{ "cgroup.subtree_control", EPERM, -EOPNOTSUPP,
		  "own: Operation not permitted", "Delegate=yes" },
		{ "cgroup.subtree_control", EROFS, -EOPNOTSUPP,
		  "own: Read-only file system", "Delegate=yes" },
		{ "cgroup.type", EOPNOTSUPP, -EOPNOTSUPP,
		  "Operation not supported: it has other", "--scope" },
		{ "cpuset.cpus", EINVAL, -EINVAL, ": Invalid argument", "" },
		{ "cpuset.mems", EACCES, -EOPNOTSUPP, "Permission", "be root" },
		{ "cgroup.procs", EACCES, -EOPNOTSUPP, "denied", "be root" },
		{ "cgroup.procs", EOPNOTSUPP, -EOPNOTSUPP, "not supported: it",
		  "systemd-run" },
	};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		kernel.refused = cases[i].file;
		kernel.err = cases[i].err;
		refused(p, cases[i].is, cases[i].words, cases[i].remedy);
		/* What was turned on is off again. */
		if (strcmp(cases[i].file, "cgroup.subtree_control") != 0)
			file_is(p->own, "cgroup.subtree_control", "-cpuset");
		put(p->own, "cgroup.subtree_control", "");
	}
	kernel.refused = NULL;
	kernel.mkdir_err = EROFS;
	refused(p, -EOPNOTSUPP, "own: Read-only file system", "be root");
}

static void less_than_asked(void **state)
{
	struct place *p = *state;

	kernel.cpus = "3\n";
	assert_int_equal(enter(p), 0);
	assert_string_equal(p->s.narrowed, "of cpuset.cpus 2-3 only 3");
	assert_int_equal(host_sandbox__leave(&p->s, NULL), 0);
	kernel.cpus = NULL;
	kernel.mems = "\n";
	assert_int_equal(enter(p), 0);
	assert_string_equal(p->s.narrowed, "of cpuset.mems 0 only none");
	assert_int_equal(host_sandbox__leave(&p->s, NULL), 0);
	/* A cap is a promise. */
	p->req.exact = true;
	refused(p, -ERANGE, "of cpuset.mems 0 only none can be had",
		"lower the cap");
	kernel.mems = NULL;
	kernel.cpus = "0-9,banana\n";
	refused(p, -EINVAL, "banana", "");
}

static void orphans_are_swept(void **state)
{
	struct place *p = *state;
	const u64 hour_ns = 3600 * NSEC_PER_SEC;
	struct timespec ts;
	u64 now_ns;
	pid_t dead = fork();

	assert_true(dead >= 0);
	if (!dead)
		_exit(0);
	assert_int_equal(waitpid(dead, NULL, 0), dead);
	clock_gettime(CLOCK_REALTIME, &ts);
	now_ns = (u64)ts.tv_sec * NSEC_PER_SEC;
	scratch__shell(p->own,
		       "mkdir ktstr-build-%llu-%d ktstr-build-%llu-%d "
		       "ktstr-build-%llu-%d ktstr-build-1-2-3 "
		       "ktstr-build-%llu-%dx ktstr-build- other-1-%d",
		       (unsigned long long)(now_ns - 25 * hour_ns), dead,
		       (unsigned long long)(now_ns - 23 * hour_ns), dead,
		       (unsigned long long)(now_ns - 25 * hour_ns), getpid(),
		       (unsigned long long)(now_ns - 25 * hour_ns), dead, dead);
	assert_int_equal(children(p), 7);
	assert_int_equal(enter(p), 0);
	assert_int_equal(kernel.removed, 1);
	assert_int_equal(children(p), 7);
	assert_int_equal(host_sandbox__leave(&p->s, NULL), 0);
	assert_int_equal(children(p), 6);
	scratch__shell(p->own, "! ls -d ktstr-build-%llu-%d",
		       (unsigned long long)(now_ns - 25 * hour_ns), dead);
}

#define AT_A_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(in_and_out),
		AT_A_PLACE(a_cgroup_that_is_made_for_children),
		AT_A_PLACE(others_in_there_keep_what_they_use),
		AT_A_PLACE(threads_are_taken_out),
		AT_A_PLACE(one_that_stays_busy_is_left_and_named),
		AT_A_PLACE(where_it_cannot_be),
		AT_A_PLACE(what_is_refused_names_the_remedy),
		AT_A_PLACE(less_than_asked),
		AT_A_PLACE(orphans_are_swept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
