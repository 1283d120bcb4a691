// SPDX-License-Identifier: GPL-2.0
/*
 * What a machine that runs no test of ours is given to do: the record, its
 * file for the guest, busybox. Called by commands before the session is made;
 * finding and packing programs is workload-files.c.
 */
#include "lib/session/workload.h"

#include <ctype.h>

#include <ktstr/workload-file.h>

#define USUAL_PATH "/bin:/sbin:/usr/bin:/usr/sbin"

int strings__add(struct strings *s, char *text)
{
	char **bigger =
		text ? reallocarray(s->v, s->nr + 2, sizeof(*s->v)) : NULL;

	if (!bigger) {
		free(text);
		return -ENOMEM;
	}
	s->v = bigger;
	s->v[s->nr++] = text;
	s->v[s->nr] = NULL;
	return 0;
}

void strings__fini(struct strings *s)
{
	for (size_t i = 0; i < s->nr; i++)
		free(s->v[i]);
	free(s->v);
	*s = (struct strings){ 0 };
}
DEFINE_FREE(strings, struct strings, strings__fini(&_T))

int workload__new(struct workload **ret_workload)
{
	struct workload *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->io.input_fd = -1;
	*ret_workload = w;
	return 0;
}

void workload__free(struct workload *w)
{
	if (!w)
		return;
	for (unsigned int i = 0; i < w->nr_files; i++) {
		free((char *)(uintptr_t)w->files[i].guest_path);
		free((char *)(uintptr_t)w->files[i].host_path);
	}
	free(w->files);
	strings__fini(&w->argv);
	strings__fini(&w->path_dirs);
	strings__fini(&w->more_dirs);
	free(w->path);
	free(w->cwd);
	free(w);
}

void workload__set_io(struct workload *w, const struct workload_io *io)
{
	w->io = *io;
}

const char *workload__name(const struct workload *w)
{
	return w->name;
}

static void add_word(struct workload *w, const char *key, const char *val)
{
	size_t n = strlen(w->words);

	snprintf(w->words + n, sizeof(w->words) - n, " %s=%s", key, val);
}

/* What guest/params.c accepts; a terminal of another name is just a terminal */
static bool is_term(const char *name)
{
	size_t len = name ? strlen(name) : 0;

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) &&
		    !strchr("._+-", name[i]))
			return false;
	return len > 0 && len < 64;
}

static void add_term(struct workload *w, const struct workload_term *term)
{
	char size[2][16];

	add_word(w, "KTSTR_TERM", is_term(term->term) ? term->term : "linux");
	if (is_term(term->colorterm))
		add_word(w, "KTSTR_COLORTERM", term->colorterm);
	if (!term->cols || !term->rows || term->cols > UINT16_MAX ||
	    term->rows > UINT16_MAX)
		return;
	snprintf(size[0], sizeof(size[0]), "%u", term->cols);
	snprintf(size[1], sizeof(size[1]), "%u", term->rows);
	add_word(w, "KTSTR_COLS", size[0]);
	add_word(w, "KTSTR_ROWS", size[1]);
}

static int add_shell_argv(struct workload *w, const char *cmd)
{
	int err = strings__add(&w->argv, strdup("sh"));

	if (!err && cmd)
		err = strings__add(&w->argv, strdup("-c"));
	if (!err && cmd)
		err = strings__add(&w->argv, strdup(cmd));
	return err;
}

int workload__shell(struct workload *w, const char *cmd,
		    const struct workload_term *term, struct kt_diag *diag)
{
	char *busybox __free(ptr) = NULL;
	int err = workload__find("busybox", &busybox);

	if (err)
		return diag__fail(diag, err,
				  "no busybox in PATH, which is the guest's "
				  "shell; apt-get install busybox-static");
	snprintf(w->name, sizeof(w->name), "shell");
	w->interactive = !cmd;
	w->path = strdup("/bin/busybox");
	w->cwd = strdup("/");
	add_word(w, "KTSTR_MODE", cmd ? "exec" : "shell");
	if (!cmd) {
		add_word(w, "KTSTR_TEST_TIMEOUT_MS", "0");
		add_term(w, term);
	}
	err = w->path && w->cwd ? add_shell_argv(w, cmd) : -ENOMEM;
	return err ? err : workload__add_file(w, "/bin/busybox", busybox, diag);
}

/* --- the file for the guest ---------------------------------------------- */

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *joined_path(const struct workload *w)
{
	char *path = NULL;
	size_t size;
	FILE *f = open_memstream(&path, &size);

	if (!f)
		return NULL;
	fputs("PATH=", f);
	if (w->path_dirs.nr)
		qsort(w->path_dirs.v, w->path_dirs.nr, sizeof(char *), compare);
	for (size_t i = 0; i < w->path_dirs.nr; i++)
		fprintf(f, "%s:", w->path_dirs.v[i]);
	fputs(USUAL_PATH, f);
	for (size_t i = 0; i < w->more_dirs.nr; i++)
		fprintf(f, ":%s", w->more_dirs.v[i]);
	return fclose(f) ? NULL : path;
}

/* A clean one: nothing of the caller's changes what the program does. */
static int environment(const struct workload *w, struct strings *env)
{
	int err = strings__add(env, joined_path(w));

	if (!err)
		err = strings__add(env, strdup("HOME=/"));
	if (!err)
		err = strings__add(env, strdup(GUEST_WORKLOAD_ENV "=1"));
	if (!err && w->interactive)
		err = strings__add(env, strdup("PS1=(^Ax=quit) \\w # "));
	return err;
}

static void put_string(FILE *f, const char *text)
{
	fwrite(text, 1, strlen(text) + 1, f);
}

static int write_blob(FILE *f, const struct workload *w)
{
	struct strings env __free(strings) = { 0 };
	int err = environment(w, &env);

	if (err)
		return err;
	put_string(f, w->cwd);
	put_string(f, w->path);
	fprintf(f, "%zu%c", w->argv.nr, '\0');
	for (size_t i = 0; i < w->argv.nr; i++)
		put_string(f, w->argv.v[i]);
	for (size_t i = 0; i < env.nr; i++)
		put_string(f, env.v[i]);
	return 0;
}

int workload__blob(const struct workload *w, struct initramfs_blob *ret_blob,
		   struct kt_diag *diag)
{
	char *data __free(ptr) = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&data, &len);
	int err = f ? write_blob(f, w) : -ENOMEM;

	if (f && fclose(f) && !err)
		err = -ENOMEM;
	if (err)
		return err;
	if (len > GUEST_WORKLOAD_MAX)
		return diag__fail(
			diag, -E2BIG,
			"arguments and environment are %zu bytes, the "
			"guest takes %u",
			len, GUEST_WORKLOAD_MAX);
	*ret_blob = (struct initramfs_blob){ .guest_path = GUEST_WORKLOAD_NAME,
					     .data = no_free_ptr(data),
					     .len = len,
					     .mode = 0600 };
	return 0;
}
