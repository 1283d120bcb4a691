// SPDX-License-Identifier: GPL-2.0
/* Finding lock files and their holders for `ktstr locks`; see locks-view.h. */
#include "tools/ktstr/locks-view.h"

#include <glob.h>

#include <ktstr/cache.h>

#include "vmm/softkvm.h"
#include "vmm/softkvm/rundir.h"

struct finder {
	const struct host_system *sys;
	struct host_lock_table table;
	struct host_view host;
	bool has_host;
	struct locks_view view;
};

static int add_row(struct finder *f, const struct lock_row *row,
		   const char *path)
{
	struct lock_row *bigger =
		reallocarray(f->view.row, f->view.nr + 1, sizeof(*f->view.row));

	if (!bigger)
		return -ENOMEM;
	f->view.row = bigger;
	bigger[f->view.nr] = *row;
	bigger[f->view.nr].path = strdup(path);
	return bigger[f->view.nr++].path ? 0 : -ENOMEM;
}

/* --- who ------------------------------------------------------------------ */

struct holders {
	struct finder *f;
	struct lock_row *row;
};

static void add_holder(void *ctx, const struct host_lock_entry *e)
{
	struct holders *h = ctx;
	struct lock_row *row = h->row;
	struct lock_holder *bigger =
		reallocarray(row->holder, row->nr_holders + 1, sizeof(*bigger));

	if (!bigger)
		return;
	row->holder = bigger;
	bigger[row->nr_holders].pid = e->pid;
	host_cmdline(h->f->sys->proc, e->pid,
		     bigger[row->nr_holders++].cmdline);
}

static void find_holders(struct finder *f)
{
	for (unsigned int i = 0; i < f->view.nr; i++) {
		struct holders h = { .f = f, .row = &f->view.row[i] };

		host_lock_table__each(&f->table, h.row->path, add_holder, &h);
	}
}

/* --- CPUs and LLCs -------------------------------------------------------- */

static int node_of(const struct finder *f, enum host_lock_kind kind,
		   unsigned int n)
{
	const struct host_topology *t = &f->host.topo;
	const struct host_cpu *cpu;
	unsigned int node;

	if (!f->has_host)
		return -1; /* lint: minus-one ok, because it is no node */
	if (kind == HOST_LOCK_LLC) {
		if (n >= t->nr_llcs)
			return -1; /* lint: minus-one ok, because as above */
		node = host_topology__node_of_llc(t, n);
	} else {
		cpu = host_view__cpu(&f->host, n);
		if (!cpu)
			return -1; /* lint: minus-one ok, because as above */
		node = cpu->node;
	}
	return (int)t->node[node].id;
}

static int add_host_lock(struct finder *f, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	struct lock_row row = { 0 };
	enum host_lock_kind kind;

	if (!host_lock__parse_name(name, &kind, &row.number))
		return 0;
	row.category = kind == HOST_LOCK_LLC ? LOCKS_LLC : LOCKS_CPU;
	row.node = node_of(f, kind, row.number);
	return add_row(f, &row, path);
}

/* --- the others ----------------------------------------------------------- */

static int add_other(struct finder *f, enum lock_category category,
		     const char *key, const char *path)
{
	struct lock_row row = { .category = category, .node = -1 };
	int err;

	if (access(path, F_OK))
		return 0;
	row.key = strdup(key);
	err = row.key ? add_row(f, &row, path) : -ENOMEM;
	if (err)
		free(row.key);
	return err;
}

static int add_cache_lock(struct finder *f, const char *path)
{
	return add_other(f, LOCKS_CACHE, strrchr(path, '/') + 1, path);
}

/* Files called @dir/@pattern; a directory that is not there has none. */
static int each_file(struct finder *f, const char *dir, const char *pattern,
		     int (*add)(struct finder *f, const char *path))
{
	char *all __free(ptr) = NULL;
	glob_t found = { 0 };
	int err = 0;

	if (asprintf(&all, "%s/%s", dir, pattern) < 0) {
		all = NULL;
		return -ENOMEM;
	}
	if (glob(all, GLOB_NOSORT, NULL, &found))
		found.gl_pathc = 0;
	for (size_t i = 0; !err && i < found.gl_pathc; i++)
		err = add(f, found.gl_pathv[i]);
	globfree(&found);
	return err;
}

static int add_at(struct finder *f, enum lock_category category,
		  const char *key, const char *dir, const char *name)
{
	char *path __free(ptr) = NULL;

	if (asprintf(&path, "%s/%s", dir, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	return add_other(f, category, key, path);
}

/* scripts/setup's, and one for each entry that is being made. */
static int find_cache_locks(struct finder *f)
{
	char root[PATH_MAX];
	int err;

	if (cache__root(root, sizeof(root), NULL))
		return 0;
	err = add_at(f, LOCKS_CACHE, "setup", root, ".setup.lock");
	return err ? err : each_file(f, root, ".locks/*.lock", add_cache_lock);
}

/* The usual output directory, run_tests beside this command. */
static int find_run_dir(struct finder *f)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n <= 0)
		return 0;
	exe[n] = '\0';
	*strrchr(exe, '/') = '\0';
	return add_at(f, LOCKS_RUN_DIR, "run_tests", exe, "run_tests/.lock");
}

static int find_softkvms(struct finder *f)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < SOFTKVM_INSTANCES; i++) {
		char dir[RUNDIR_MAX], key[32];

		if (rundir__path(dir, i, NULL))
			break;
		snprintf(key, sizeof(key), "softkvm %u", i);
		err = add_at(f, LOCKS_RUN_DIR, key, dir, "lock");
	}
	return err;
}

/* --- all ------------------------------------------------------------------ */

static int by_row(const void *a, const void *b)
{
	const struct lock_row *x = a, *y = b;

	if (x->category != y->category)
		return x->category < y->category ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return strcmp(x->path, y->path);
}

static int find(struct finder *f, struct kt_diag *diag)
{
	int err;

	f->has_host = !host_view__read(f->sys, &f->host, NULL);
	err = each_file(f, f->sys->lock_dir, "ktstr-*.lock", add_host_lock);
	if (!err)
		err = find_cache_locks(f);
	if (!err)
		err = find_run_dir(f);
	if (!err)
		err = find_softkvms(f);
	/* Last, so that a lock is not taken between list and table. */
	if (!err)
		err = host_lock_table__read(f->sys->proc, &f->table, diag);
	if (err)
		return diag__fail(diag, err, "%s", strerror(-err));
	find_holders(f);
	if (f->view.nr)
		qsort(f->view.row, f->view.nr, sizeof(*f->view.row), by_row);
	return 0;
}

int locks_view__read(const struct host_system *sys, struct locks_view *ret_view,
		     struct kt_diag *diag)
{
	struct finder f = { .sys = sys };
	int err = find(&f, diag);

	host_lock_table__fini(&f.table);
	host_view__fini(&f.host);
	if (err)
		locks_view__fini(&f.view);
	else
		*ret_view = f.view;
	return err;
}

void locks_view__fini(struct locks_view *view)
{
	for (unsigned int i = 0; i < view->nr; i++) {
		free(view->row[i].key);
		free(view->row[i].path);
		free(view->row[i].holder);
	}
	free(view->row);
	*view = (struct locks_view){ 0 };
}
