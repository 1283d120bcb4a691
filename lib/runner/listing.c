// SPDX-License-Identifier: GPL-2.0
/*
 * Asking programs for their tests; see listing.h. Blocks its caller, which
 * is the command line before a run starts.
 */
#include "lib/runner/listing.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sys/stat.h>

#include <ktstr/fd.h>

#include "lib/runner/child.h"

/* As many as keep a few processors busy with starting processes. */
#define ASK_AT_ONCE 8u
#define ASK_LIMIT_NS (10 * NSEC_PER_SEC)
#define ANSWER_MAX MIB(4)

DEFINE_FREE(dir, DIR *, if (_T) closedir(_T))

/* --- which files --------------------------------------------------------- */

static bool wanted(const struct listing_config *cfg, const char *name)
{
	char *path __free(ptr) = NULL;
	struct stat st;

	if (name[0] == '.' || asprintf(&path, "%s/%s", cfg->dir, name) < 0) {
		path = NULL;
		return false;
	}
	if (stat(path, &st) || !S_ISREG(st.st_mode) || access(path, X_OK))
		return false;
	for (unsigned int i = 0; i < cfg->nr_exclude; i++)
		if (!strcmp(cfg->exclude[i], name))
			return false;
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct plan_program *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static int find_programs(const struct listing_config *cfg,
			 struct testplan *plan, struct kt_diag *diag)
{
	DIR *dir __free(dir) = opendir(cfg->dir);
	struct dirent *de;

	if (!dir)
		return diag__fail(diag, -errno,
				  "cannot read %s, the directory of test "
				  "programs: %s",
				  cfg->dir, strerror(errno));
	while ((de = readdir(dir))) {
		char *path __free(ptr) = NULL;
		unsigned int index;
		int err;

		if (!wanted(cfg, de->d_name))
			continue;
		if (asprintf(&path, "%s/%s", cfg->dir, de->d_name) < 0) {
			path = NULL;
			return -ENOMEM;
		}
		err = testplan__add_program(plan, de->d_name, path, &index);
		if (err)
			return err;
	}
	if (!plan->nr_programs)
		return diag__fail(diag, -ENOENT, "no test programs in %s",
				  cfg->dir);
	qsort(plan->programs, plan->nr_programs, sizeof(*plan->programs),
	      compare);
	return 0;
}

/* --- what they say ------------------------------------------------------- */

struct question {
	struct runner_child child;
	struct textbuf out, err;
	u64 until_ns;
	bool over, late;
	int status;
};

static int ask(const char *path, struct question *q, struct kt_diag *diag)
{
	static const char *const env[] = { RUNNER_LIST_ENV "=tags" };
	const char *argv[] = { path, "--list", NULL };
	struct runner_child_config cfg = {
		.path = path,
		.argv = argv,
		.env = env,
		.nr_env = ARRAY_SIZE(env),
	};

	q->until_ns = kt_now_ns() + ASK_LIMIT_NS;
	return runner_child__start(&cfg, &q->child, diag);
}

static void drain(int *fd, struct textbuf *to)
{
	char buf[4096];
	ssize_t n = -1;

	while (*fd >= 0 && (n = read(*fd, buf, sizeof(buf))) > 0)
		textbuf__add(to, buf, (size_t)n, ANSWER_MAX);
	/* An end of file would be seen by every poll. */
	if (n == 0)
		close(no_free_fd(*fd));
}

/* Give one that is running its share; @revents of its end. */
static void attend(struct question *q, short ended)
{
	drain(&q->child.out_fd, &q->out);
	drain(&q->child.err_fd, &q->err);
	if (!ended && kt_now_ns() >= q->until_ns) {
		runner_child__kill(&q->child);
		q->late = true;
		ended = 1;
	}
	if (!ended)
		return;
	/* What it wrote last is in the pipes, complete. */
	drain(&q->child.out_fd, &q->out);
	drain(&q->child.err_fd, &q->err);
	q->status = runner_child__reap(&q->child);
	q->over = true;
}

/* One poll over the running ones of [@from, @to). */
static void attend_all(struct question *qs, unsigned int from, unsigned int to)
{
	struct pollfd pfd[3 * ASK_AT_ONCE];
	struct question *who[ASK_AT_ONCE];
	unsigned int nr = 0;

	for (unsigned int i = from; i < to && nr < ASK_AT_ONCE; i++) {
		struct question *q = &qs[i];

		if (q->over || !q->child.pid)
			continue;
		who[nr] = q;
		pfd[3 * nr] = (struct pollfd){ q->child.pidfd, POLLIN, 0 };
		pfd[3 * nr + 1] = (struct pollfd){ q->child.out_fd, POLLIN, 0 };
		pfd[3 * nr + 2] = (struct pollfd){ q->child.err_fd, POLLIN, 0 };
		nr++;
	}
	if (poll(pfd, 3 * nr, 100) < 0)
		return;
	for (unsigned int i = 0; i < nr; i++)
		attend(who[i], pfd[3 * i].revents);
}

static int ask_all(const struct testplan *plan, struct question *qs,
		   struct kt_diag *diag)
{
	unsigned int begun = 0, over = 0;

	while (over < plan->nr_programs) {
		unsigned int left = over;

		while (begun < plan->nr_programs &&
		       begun - over < ASK_AT_ONCE) {
			int err = ask(plan->programs[begun].path, &qs[begun],
				      diag);

			if (err)
				return err;
			begun++;
		}
		attend_all(qs, over, begun);
		while (left < begun && qs[left].over)
			left++;
		over = left;
	}
	return 0;
}

static int judge(struct testplan *plan, unsigned int i,
		 const struct question *q, struct kt_diag *diag)
{
	const char *path = plan->programs[i].path;
	const char *said = textbuf__text(&q->err);

	if (q->late)
		return diag__fail(
			diag, -ETIMEDOUT, "%s --list did not end within %llu s",
			path,
			(unsigned long long)(ASK_LIMIT_NS / NSEC_PER_SEC));
	if (q->status)
		return diag__fail(diag, -EINVAL,
				  "%s --list failed with status %d%s%.*s", path,
				  q->status, *said ? ": " : "",
				  (int)strcspn(said, "\n"), said);
	if (q->out.dropped)
		return diag__fail(diag, -EFBIG,
				  "%s --list prints more than %llu bytes", path,
				  (unsigned long long)ANSWER_MAX);
	return testplan__add_listing(plan, i, textbuf__text(&q->out), diag);
}

static void end_question(struct question *q)
{
	if (q->child.pid) {
		runner_child__kill(&q->child);
		runner_child__reap(&q->child);
	}
	textbuf__fini(&q->out);
	textbuf__fini(&q->err);
}

int listing__read(const struct listing_config *cfg, struct testplan *plan,
		  struct kt_diag *diag)
{
	struct question *qs __free(ptr) = NULL;
	int err = find_programs(cfg, plan, diag);

	if (err)
		return err;
	qs = calloc(plan->nr_programs, sizeof(*qs));
	if (!qs)
		return -ENOMEM;
	err = ask_all(plan, qs, diag);
	for (unsigned int i = 0; !err && i < plan->nr_programs; i++)
		err = judge(plan, i, &qs[i], diag);
	for (unsigned int i = 0; i < plan->nr_programs; i++)
		end_question(&qs[i]);
	return err;
}
