// SPDX-License-Identifier: GPL-2.0
/*
 * The file /workload, and becoming the program it names. The parser runs in
 * PID 1, the rest in the test child, which has nothing to lose.
 */
#include "guest/exec.h"

#include <signal.h>

#include <ktstr/exit-status.h>
#include <ktstr/fd.h>

#include "lib/ktap/ksft.h"

/* Next string at *pos; NULL when none is left. */
static char *next_string(char *text, size_t len, size_t *pos)
{
	char *at = text + *pos;

	if (*pos >= len)
		return NULL;
	*pos += strlen(at) + 1;
	return at;
}

static size_t count_strings(const char *text, size_t len)
{
	size_t nr = 0;

	for (size_t i = 0; i < len; i++)
		nr += !text[i];
	return nr;
}

/* A count that the rest of the file can satisfy. */
static bool parse_count(const char *text, size_t max, size_t *ret_nr)
{
	char *end;
	unsigned long nr;

	errno = 0;
	nr = strtoul(text ? text : "", &end, 10);
	if (errno || !text || end == text || *end || nr < 1 || nr > max)
		return false;
	*ret_nr = nr;
	return true;
}

int exec__parse(char *text, size_t len, struct exec_workload *ret_workload,
		struct kt_diag *diag)
{
	size_t pos = 0, nr = count_strings(text, len), argc = 0, i = 0;
	char *cwd, *path, *arg;
	char **v;

	if (!len || text[len - 1])
		return diag__fail(diag, -EINVAL,
				  EXEC_FILE ": does not end with a NUL");
	cwd = next_string(text, len, &pos);
	path = next_string(text, len, &pos);
	if (nr < 4 || cwd[0] != '/' || !strchr(path, '/') ||
	    !parse_count(next_string(text, len, &pos), nr - 3, &argc))
		return diag__fail(diag, -EINVAL,
				  EXEC_FILE ": is not directory, program, "
					    "count, arguments, "
					    "environment");
	/* Arguments, environment, and a NULL behind each. */
	v = calloc(nr - 3 + 2, sizeof(*v));
	if (!v)
		return -ENOMEM;
	while ((arg = next_string(text, len, &pos))) {
		v[i++] = arg;
		if (i == argc)
			v[i++] = NULL;
	}
	*ret_workload = (struct exec_workload){
		.cwd = cwd, .path = path, .argv = v, .envp = v + argc + 1
	};
	return 0;
}

void exec__fini(struct exec_workload *workload)
{
	free(workload->argv);
	*workload = (struct exec_workload){ 0 };
}

static void fail(struct guest_result *result, int status, const char *what,
		 const char *path, int err)
{
	snprintf(result->reason, sizeof(result->reason), "%s %s: %s", what,
		 path, strerror(err));
	dprintf(STDERR_FILENO, "ktstr-init: %s\n", result->reason);
	result->exit_code = status;
}

/* putenv() keeps the strings themselves; nothing here ever frees them. */
static void replace_environment(const struct exec_ctx *ctx)
{
	clearenv();
	for (char **e = ctx->workload->envp; *e; e++)
		putenv(*e);
	if (ctx->params->term[0])
		setenv("TERM", ctx->params->term, 1);
	if (ctx->params->colorterm[0])
		setenv("COLORTERM", ctx->params->colorterm, 1);
}

void exec__program(void *ctx, int argc, char **argv,
		   struct guest_result *result)
{
	const struct exec_workload *w = ((struct exec_ctx *)ctx)->workload;

	(void)argc;
	(void)argv;
	replace_environment(ctx);
	/* What cannot be made cannot be changed to either. */
	(void)!fd__mkdirs(w->cwd);
	if (chdir(w->cwd)) {
		fail(result, EXIT_NOT_EXECUTABLE, "cannot change to", w->cwd,
		     errno);
		return;
	}
	execv(w->path, w->argv);
	fail(result, errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE,
	     "cannot execute", w->path, errno);
}
