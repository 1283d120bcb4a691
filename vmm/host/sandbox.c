// SPDX-License-Identifier: GPL-2.0
/*
 * A cgroup for work that is no machine; see sandbox.h. Called by `ktstr share`
 * before its command starts and after it ended; one thread.
 *
 * A cgroup that has processes cannot have children with controllers, except in
 * threaded mode, which cpuset supports
 * (Documentation/admin-guide/cgroup-v2.rst, "Threads"): so the child is a
 * threaded one.
 */
#include "vmm/host/sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include <ktstr/fd.h>

#define FILE_MAX MIB(1)
#define REMOVE_TRIES 5
#define REMOVE_PAUSE_NS (10 * NSEC_PER_MSEC)
#define ORPHAN_AGE_NS (24ull * 60 * 60 * NSEC_PER_SEC)

/* Why cgroups here cannot do it. */
enum refusal { NO_CGROUP_V2, NO_CPUSET, SUBTREE, PERMISSION, ROOT_CGROUP };

static const char *const remedies[] = {
	[NO_CGROUP_V2] = "no cgroup v2 is mounted there; boot the host with "
			 "systemd.unified_cgroup_hierarchy=1",
	[NO_CPUSET] = "it has no cpuset controller; write +cpuset to "
		      "cgroup.subtree_control of the cgroups above",
	[SUBTREE] = "it has other controllers or children; start this in a "
		    "cgroup of its own: systemd-run --scope COMMAND",
	[PERMISSION] = "be root, or have a cgroup of your own: systemd-run "
		       "--user --scope -p Delegate=yes COMMAND",
	[ROOT_CGROUP] =
		"the root of all cgroups is not divided; start this in "
		"a cgroup of its own: systemd-run --scope COMMAND, or make "
		"one and move there",
};

static int refuse(struct kt_diag *diag, enum refusal why, const char *path,
		  int err)
{
	return diag__fail(diag, -EOPNOTSUPP, "cgroup %s%s%s: %s", path,
			  err ? ": " : "", err ? strerror(-err) : "",
			  remedies[why]);
}

/* What the error of a change at @path means. */
static int change_failed(struct kt_diag *diag, const char *path, int err)
{
	if (err == -EACCES || err == -EPERM || err == -EROFS)
		return refuse(diag, PERMISSION, path, err);
	if (err == -EBUSY || err == -EOPNOTSUPP)
		return refuse(diag, SUBTREE, path, err);
	return diag__fail(diag, err, "cgroup %s: %s", path, strerror(-err));
}

static int join(char buf[PATH_MAX], const char *dir, const char *name)
{
	int n = snprintf(buf, PATH_MAX, "%s/%s", dir, name);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int read_in(const char *dir, const char *name, char **ret_text)
{
	char path[PATH_MAX];
	int err = join(path, dir, name);

	return err ? err : fd__read_file(path, FILE_MAX, ret_text, NULL);
}

static int write_in(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	int err = join(path, dir, name);
	int fd __free(fd) = err ? err : open(path, O_WRONLY | O_CLOEXEC);

	if (err)
		return err;
	return fd < 0 ? -errno : fd__write_all(fd, text, strlen(text));
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	while (*(text += strspn(text, " \n"))) {
		size_t n = strcspn(text, " \n");

		if (n == len && !memcmp(text, word, n))
			return true;
		text += n;
	}
	return false;
}

/* --- whose child it is ---------------------------------------------------- */

/* The line of the unified hierarchy, "0::/a/b". Return: "/a/b" or NULL. */
static char *own_path(char *text)
{
	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "0::/", 4))
			continue;
		line += 3;
		line[strcspn(line, "\n")] = '\0';
		return line;
	}
	return NULL;
}

static int find_parent(const struct host_sandbox_request *req,
		       char parent[PATH_MAX], struct kt_diag *diag)
{
	char *text __free(ptr) = NULL, *have __free(ptr) = NULL, *own;
	int err = read_in(req->root, "cgroup.controllers", &have);

	if (err)
		return refuse(diag, NO_CGROUP_V2, req->root, 0);
	err = read_in(req->proc, "self/cgroup", &text);
	own = err ? NULL : own_path(text);
	if (!own)
		return refuse(diag, NO_CGROUP_V2, req->root, err);
	if (!own[1])
		return refuse(diag, ROOT_CGROUP, req->root, 0);
	err = join(parent, req->root, own + 1);
	return err ? diag__fail(diag, err, "cgroup %s: %s", own, strerror(-err))
		   : 0;
}

static int enable_cpuset(struct host_sandbox *s, struct kt_diag *diag)
{
	char *has __free(ptr) = NULL, *gives __free(ptr) = NULL;
	int err = read_in(s->parent, "cgroup.controllers", &has);

	if (!err)
		err = read_in(s->parent, "cgroup.subtree_control", &gives);
	if (err)
		return change_failed(diag, s->parent, err);
	if (!has_word(has, "cpuset"))
		return refuse(diag, NO_CPUSET, s->parent, 0);
	if (has_word(gives, "cpuset"))
		return 0;
	err = write_in(s->parent, "cgroup.subtree_control", "+cpuset");
	if (err)
		return change_failed(diag, s->parent, err);
	s->enabled = true;
	return 0;
}

/* --- those that were left behind ------------------------------------------ */

static u64 clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (u64)ts.tv_sec * NSEC_PER_SEC + (u64)ts.tv_nsec;
}

static bool is_orphan(const char *name)
{
	unsigned long long ns;
	int pid, end = 0;

	if (sscanf(name, HOST_SANDBOX_PREFIX "%20llu-%9d%n", &ns, &pid, &end) !=
		    2 ||
	    name[end] || pid <= 0)
		return false;
	return ns < clock_ns() && clock_ns() - ns > ORPHAN_AGE_NS &&
	       kill(pid, 0) && errno == ESRCH;
}

/* Best effort: one with processes in it stays. */
static void sweep(const char *parent)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *d = opendir(parent);

	while (d && (e = readdir(d)))
		if (is_orphan(e->d_name) && !join(path, parent, e->d_name))
			(void)rmdir(path);
	if (d)
		closedir(d);
}

static bool has_children(const char *parent)
{
	bool found = false;
	struct dirent *e;
	DIR *d = opendir(parent);

	while (d && (e = readdir(d)))
		found |= e->d_type == DT_DIR && e->d_name[0] != '.';
	if (d)
		closedir(d);
	return found;
}

/* --- in ------------------------------------------------------------------- */

/* One at a time in a cgroup. Return: a descriptor that is the lock, -errno. */
static int lock_dir(const char *path)
{
	int fd __free(fd) = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX))
		if (errno != EINTR)
			return -errno;
	return no_free_fd(fd);
}

static int make_child(struct host_sandbox *s, struct kt_diag *diag)
{
	char *type __free(ptr) = NULL;
	char name[64];
	int err;

	snprintf(name, sizeof(name), HOST_SANDBOX_PREFIX "%llu-%d",
		 (unsigned long long)clock_ns(), getpid());
	err = join(s->path, s->parent, name);
	if (!err && mkdir(s->path, 0755))
		err = -errno;
	if (err) {
		s->path[0] = '\0';
		return change_failed(diag, s->parent, err);
	}
	if (read_in(s->path, "cgroup.type", &type) ||
	    strcmp(type, "domain invalid\n") != 0)
		return 0;
	err = write_in(s->path, "cgroup.type", "threaded");
	return err ? change_failed(diag, s->path, err) : 0;
}

/* Give it @set, and look how much of it the cgroups above let through. */
static int set_list(struct host_sandbox *s, const char *file,
		    const struct cpuset *set, bool exact, struct kt_diag *diag)
{
	char *want __free(ptr) = calloc(1, CPULIST_SIZE);
	char *text __free(ptr) = NULL;
	struct cpuset has;
	char name[64];
	int err = want ? cpulist__print(set, want, CPULIST_SIZE) : -ENOMEM;

	if (!err)
		err = write_in(s->path, file, want);
	if (err)
		return change_failed(diag, s->path, err);
	snprintf(name, sizeof(name), "%s.effective", file);
	err = read_in(s->path, name, &text);
	if (err)
		return change_failed(diag, s->path, err);
	text[strcspn(text, "\n")] = '\0';
	err = cpulist__parse(text, &has, diag);
	if (err || cpuset__equal(&has, set))
		return err;
	snprintf(s->narrowed, sizeof(s->narrowed), "of %s %.80s only %.80s",
		 file, want, *text ? text : "none");
	return exact ? diag__fail(diag, -ERANGE,
				  "cgroup %s: %s can be had there; lower the "
				  "cap",
				  s->path, s->narrowed)
		     : 0;
}

static int move_self(const struct host_sandbox *s, struct kt_diag *diag)
{
	char pid[16];
	int err;

	snprintf(pid, sizeof(pid), "%d", getpid());
	err = write_in(s->path, "cgroup.procs", pid);
	return err ? change_failed(diag, s->path, err) : 0;
}

int host_sandbox__enter(const struct host_sandbox_request *req,
			struct host_sandbox *ret_sandbox, struct kt_diag *diag)
{
	/* On the heap: paths are larger than a sensible frame. */
	struct host_sandbox *s __free(ptr) = calloc(1, sizeof(*s));
	int lock __free(fd) = -1;
	int err;

	if (!s)
		return diag__fail(diag, -ENOMEM, "out of memory");
	err = find_parent(req, s->parent, diag);
	if (err)
		return err;
	lock = lock_dir(s->parent);
	if (lock < 0)
		return change_failed(diag, s->parent, lock);
	err = enable_cpuset(s, diag);
	if (!err) {
		sweep(s->parent);
		err = make_child(s, diag);
	}
	if (!err)
		err = set_list(s, "cpuset.cpus", req->cpus, req->exact, diag);
	if (!err)
		err = set_list(s, "cpuset.mems", req->mems, req->exact, diag);
	if (!err)
		err = move_self(s, diag);
	/* Others may have what they need by now. */
	close(no_free_fd(lock));
	if (err)
		host_sandbox__leave(s, NULL);
	else
		*ret_sandbox = *s;
	return err;
}

/* --- out ------------------------------------------------------------------ */

/*
 * Every process there, ourselves among them, by any thread of it: a threaded
 * cgroup lists nothing else.
 */
static void drain(const struct host_sandbox *s)
{
	char *text __free(ptr) = NULL, *next = NULL;

	if (read_in(s->path, "cgroup.procs", &text) &&
	    read_in(s->path, "cgroup.threads", &text))
		return;
	for (char *id = strtok_r(text, "\n", &next); id;
	     id = strtok_r(NULL, "\n", &next))
		(void)write_in(s->parent, "cgroup.procs", id);
}

static int remove_child(const struct host_sandbox *s)
{
	const struct timespec pause = { .tv_nsec = REMOVE_PAUSE_NS };
	int err = -EBUSY;

	for (int i = 0; err == -EBUSY && i < REMOVE_TRIES; i++) {
		if (i)
			nanosleep(&pause, NULL);
		drain(s);
		err = rmdir(s->path) && errno != ENOENT ? -errno : 0;
	}
	return err;
}

int host_sandbox__leave(struct host_sandbox *s, struct kt_diag *diag)
{
	int lock __free(fd) __maybe_unused =
		s->parent[0] ? lock_dir(s->parent) : -1;
	int err = s->path[0] ? remove_child(s) : 0;

	if (err)
		diag__fail(diag, err,
			   "cgroup %s is left behind: %s; rmdir it when its "
			   "processes are gone",
			   s->path, strerror(-err));
	/* As it was, unless somebody else uses it by now. */
	if (s->enabled && !has_children(s->parent))
		(void)write_in(s->parent, "cgroup.subtree_control", "-cpuset");
	*s = (struct host_sandbox){ 0 };
	return err;
}
