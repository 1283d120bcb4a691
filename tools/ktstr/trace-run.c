// SPDX-License-Identifier: GPL-2.0
/* See trace-run.h. For cmd-trace.c; main thread. */
#include "tools/ktstr/trace-run.h"

#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>

#include <ktstr/wprof.h>
#include <ktstr/wprof-pb.h>

#include "tools/ktstr/cmd.h"
#include "tools/ktstr/run-output.h"

#define TRACE_SUFFIX ".wprof.pb"

static int say(int status, const char *what)
{
	fprintf(stderr, "ktstr trace: %s\n", what);
	return status;
}

/* --- where the trace goes ------------------------------------------------- */

/* PROGRAM.pb in this directory, unless told otherwise; absolute. */
static int choose_path(struct trace_run *tr, struct kt_diag *diag)
{
	const char *slash = strrchr(tr->argv[0], '/');
	const char *name = slash ? slash + 1 : tr->argv[0];
	char cwd[PATH_MAX] = "";
	int len;

	if (tr->output && !*tr->output)
		return diag__fail(diag, -EINVAL, "--output names no file");
	if ((!tr->output || *tr->output != '/') && !getcwd(cwd, sizeof(cwd)))
		return diag__fail(diag, -errno, "this directory: %s",
				  strerror(errno));
	len = snprintf(tr->path, sizeof(tr->path), "%s%s%s%s", cwd,
		       *cwd ? "/" : "", tr->output ? tr->output : name,
		       tr->output ? "" : ".pb");
	return (size_t)len < sizeof(tr->path)
		       ? 0
		       : diag__fail(diag, -ENAMETOOLONG, "--output: too long");
}

/* Beside it, so that the last step is a rename. */
static int make_staging(struct trace_run *tr, struct kt_diag *diag)
{
	const char *slash;
	struct stat st;
	int err, len;

	if (tr->staging) {
		snprintf(tr->dir, sizeof(tr->dir), "%s", tr->staging);
		return 0;
	}
	err = choose_path(tr, diag);
	if (err)
		return err;
	if (!stat(tr->path, &st) && S_ISDIR(st.st_mode))
		return diag__fail(diag, -EISDIR, "%s is a directory", tr->path);
	slash = strrchr(tr->path, '/');
	len = snprintf(tr->dir, sizeof(tr->dir), "%.*s/.ktstr-trace.XXXXXX",
		       (int)(slash - tr->path), tr->path);
	if ((size_t)len >= sizeof(tr->dir) || !mkdtemp(tr->dir)) {
		err = -errno;
		tr->dir[0] = '\0';
		return diag__fail(diag, err,
				  "cannot write beside %s: %s; --output names "
				  "another place",
				  tr->path, strerror(-err));
	}
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	(void)remove(path);
	return 0;
}

static void remove_staging(const struct trace_run *tr)
{
	if (tr->dir[0] && !tr->staging)
		nftw(tr->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The one trace that is in a session's directory. */
static int find_trace(const struct trace_run *tr, char *buf, size_t size)
{
	const struct dirent *de;
	int len, err = -ENOENT;
	char run_dir[PATH_MAX];
	DIR *dir;

	len = snprintf(run_dir, sizeof(run_dir), "%s/run", tr->dir);
	dir = (size_t)len < sizeof(run_dir) ? opendir(run_dir) : NULL;
	while (err && dir && (de = readdir(dir))) {
		size_t n = strlen(de->d_name), tail = strlen(TRACE_SUFFIX);

		if (n <= tail || strcmp(de->d_name + n - tail, TRACE_SUFFIX))
			continue;
		len = snprintf(buf, size, "%s/%s", run_dir, de->d_name);
		err = (size_t)len < size ? 0 : -ENAMETOOLONG;
	}
	if (dir)
		closedir(dir);
	return err;
}

/* Give it its name, if it is there and whole. */
static int collect(const struct trace_run *tr)
{
	struct wprof_pb *pb __free(wprof_pb) = NULL;
	struct kt_diag diag = { 0 };
	char from[2 * PATH_MAX];
	int err;

	if (tr->staging) /* those outside do */
		return 0;
	if (find_trace(tr, from, sizeof(from)))
		return say(CMD_INFRA, "there is no trace");
	err = wprof_pb_query(from, &pb, &diag);
	if (err)
		return say(CMD_INFRA, diag__text(&diag, err));
	if (rename(from, tr->path)) {
		diag__fail(&diag, -errno, "%s: %s", tr->path, strerror(errno));
		return say(CMD_INFRA, diag.msg);
	}
	fprintf(stderr,
		"ktstr trace: %s: %zu slices of %zu threads, %llu events lost; "
		"ktstr trace --info, or https://ui.perfetto.dev\n",
		tr->path, pb->nr_slices, pb->nr_threads,
		(unsigned long long)pb->lost_events);
	return 0;
}

/* --- the machine ---------------------------------------------------------- */

static int plan(struct machine_run *run, struct kt_diag *diag)
{
	const struct trace_run *tr = container_of(run, struct trace_run, run);

	return workload__program(run->workload, tr->argc, tr->argv, diag);
}

static void make_attr(struct trace_run *tr)
{
	struct ktstr_attr *attr = &tr->run.attr;
	const char *theirs = getenv(WPROF_PATH_ENV);
	int len = snprintf(tr->args, sizeof(tr->args), "-e %s",
			   tr->events ? tr->events : "sched");

	if (tr->duration_ms)
		snprintf(tr->args + len, sizeof(tr->args) - (size_t)len,
			 " -d %u", tr->duration_ms);
	attr->wprof = true;
	attr->wprof_args = tr->args;
	/* Ours makes do with what there is. */
	attr->memory_exact = tr->keep_memory || !theirs || !*theirs;
}

/* The report's line about the trace, when it is not good news. */
static void tell_trouble(const char *report)
{
	static const char mark[] = "# wprof: ";
	const char *at = report;

	while ((at = strstr(at, mark))) {
		size_t len = strcspn(at, "\n");

		at += strlen(mark);
		if (strncmp(at, "landed", 6) && strncmp(at, "the machine", 11))
			fprintf(stderr, "ktstr trace: %.*s\n",
				(int)(len - strlen(mark)), at);
	}
}

static int run_here(struct trace_run *tr)
{
	static struct run_output out; /* too large for the stack */
	struct workload_io io = { .output = run_output__take,
				  .ctx = &out,
				  .input_fd = -1 };
	struct ktstr_attr attr = machine_run__attr(&tr->run, 0);
	const char *name = workload__name(tr->run.workload);
	struct session_verdict v = { 0 };
	char *report __free(ptr) = NULL;
	size_t size;
	FILE *f = open_memstream(&report, &size);

	if (!f)
		return CMD_INFRA;
	workload__set_io(tr->run.workload, &io);
	run_output__begin(&out, true);
	session__run_test(tr->run.session[0], name, &attr, f, &v);
	if (fclose(f))
		return CMD_INFRA;
	tell_trouble(report);
	return run_output__end(&out, report, 1, name, &v);
}

static int run_machine(struct trace_run *tr, int argc, char **argv)
{
	struct kt_diag diag = { 0 };
	char extra[PATH_MAX + 16];
	bool elsewhere = false;
	int status, err;

	err = machine_run__prepare(&tr->run, plan, &elsewhere, &diag);
	if (err)
		return say(ktstr_outcome__exit_status(KTSTR_SETUP_ERROR),
			   diag__text(&diag, err));
	if (!elsewhere)
		return run_here(tr);
	snprintf(extra, sizeof(extra), "--staging=%s", tr->dir);
	status = machine_run__elsewhere(&tr->run, "trace", extra, argc, argv,
					true, &diag);
	if (status < 0)
		return say(ktstr_outcome__exit_status(KTSTR_VMM_ERROR),
			   diag__text(&diag, status));
	return status;
}

int trace_run__execute(struct trace_run *tr, int argc, char **argv)
{
	struct kt_diag diag = { 0 };
	int err = make_staging(tr, &diag), status;

	if (err)
		return say(CMD_INFRA, diag__text(&diag, err));
	/* What a session leaves goes there. */
	setenv("KTSTR_SIDECAR_DIR", tr->dir, 1);
	make_attr(tr);
	status = run_machine(tr, argc, argv);
	machine_run__fini(&tr->run);
	/* Where no machine ran, that has been said. */
	err = status == 0 || status < 110 || status >= 124 ? collect(tr) : 0;
	remove_staging(tr);
	return status ? status : err;
}
