// SPDX-License-Identifier: GPL-2.0
/*
 * The file of a trace: what it is called, that nothing older is in its place,
 * and that it appears there complete or not at all. Main thread but for the
 * writes.
 */
#include "lib/session/capture.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>

#include <ktstr/fd.h>
#include <ktstr/workload.h>

#define STAGING_MARK ".tmp."

/* --- the variant --------------------------------------------------------- */

/* Words of the kargs in place; @list has room for @max and a NULL. */
static void split_words(char *text, const char **list, unsigned int max)
{
	unsigned int nr = 0;
	char *save = NULL;

	for (char *word = strtok_r(text, " ", &save); word && nr < max;
	     word = strtok_r(NULL, " ", &save))
		list[nr++] = word;
	list[nr] = NULL;
}

static int hash_variant(const struct session *s, const struct ktstr_attr *attr,
			u64 *ret_hash)
{
	char *kargs __free(ptr) = strdup(attr->kargs ? attr->kargs : "");
	char *sysctl[KTSTR_LIST_MAX + 1] = { NULL };
	const char *karg[257];
	const struct topology topology = ktstr_attr__topology(attr);
	char label[TOPO_LABEL_SIZE];
	const struct wprof_variant variant = {
		.topology = label,
		.scheduler = "eevdf",
		.payload = s->workload ? workload__name(s->workload) : NULL,
		.work_type = "test",
		.sysctls = (const char *const *)sysctl,
		.kargs = karg,
	};

	int err = 0;

	if (!kargs)
		return -ENOMEM;
	topo__label(&topology, label);
	split_words(kargs, karg, ARRAY_SIZE(karg) - 1);
	for (unsigned int i = 0; i < KTSTR_LIST_MAX && attr->sysctls[i]; i++) {
		if (asprintf(&sysctl[i], "sysctl.%s", attr->sysctls[i]) < 0) {
			sysctl[i] = NULL;
			err = -ENOMEM;
			break;
		}
	}
	if (!err)
		err = wprof_variant__hash(&variant, ret_hash);
	for (unsigned int i = 0; sysctl[i]; i++)
		free(sysctl[i]);
	return err;
}

/* --- what is there already ----------------------------------------------- */

static int remove_file(const char *path, struct kt_diag *diag)
{
	if (!unlink(path) || errno == ENOENT)
		return 0;
	return diag__fail(diag, -errno,
			  "cannot remove %s, which an earlier run left: %s",
			  path, strerror(errno));
}

/* A staging file whose process is gone; best effort. */
static void remove_left_over(const char *dir, const char *name,
			     const char *prefix)
{
	size_t len = strlen(prefix);
	char path[PATH_MAX + NAME_MAX + 2];
	char *end;
	long pid;

	if (strncmp(name, prefix, len))
		return;
	pid = strtol(name + len, &end, 10);
	if (pid <= 0 || *end || !kill((pid_t)pid, 0) || errno != ESRCH)
		return;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	(void)unlink(path);
}

static void sweep(const struct capture *c)
{
	char prefix[NAME_MAX + sizeof(STAGING_MARK)];
	const char *slash = strrchr(c->path, '/');
	const struct dirent *de;
	DIR *dir = opendir(c->dir);

	if (!dir)
		return;
	snprintf(prefix, sizeof(prefix), "%s" STAGING_MARK, slash + 1);
	while ((de = readdir(dir)))
		remove_left_over(c->dir, de->d_name, prefix);
	closedir(dir);
}

static int clean_place(struct capture *c, const char *name)
{
	char repro[PATH_MAX];
	int err = wprof__path(c->dir, name, c->hash, WPROF_FILE_REPRO, repro,
			      sizeof(repro), &c->why);

	if (!err)
		err = remove_file(repro, &c->why);
	if (!err)
		err = remove_file(c->path, &c->why);
	if (!err)
		sweep(c);
	return err;
}

/* --- staging ------------------------------------------------------------- */

static int open_staging(struct capture *c)
{
	snprintf(c->staging, sizeof(c->staging), "%s" STAGING_MARK "%d",
		 c->path, (int)getpid());
	c->fd = open(c->staging,
		     O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		     0644);
	if (c->fd >= 0)
		return 0;
	return diag__fail(&c->why, -errno,
			  "%s: %s (set KTSTR_SIDECAR_DIR to a writable "
			  "directory)",
			  c->staging, strerror(errno));
}

int capture__begin_file(struct capture *c, const struct session *s,
			const char *name, const struct ktstr_attr *attr)
{
	int err;

	snprintf(c->dir, sizeof(c->dir), "%s", s->log_dir);
	err = hash_variant(s, attr, &c->hash);
	if (!err)
		err = wprof__path(c->dir, name, c->hash, WPROF_FILE_PRIMARY,
				  c->path, sizeof(c->path), &c->why);
	if (err)
		return err;
	err = fd__mkdirs(c->dir);
	if (err)
		return diag__fail(&c->why, err,
				  "%s: %s (set KTSTR_SIDECAR_DIR to a "
				  "writable directory)",
				  c->dir, strerror(-err));
	err = clean_place(c, name);
	return err ? err : open_staging(c);
}

/* Errors of delayed writing show when the descriptor is closed. */
int capture__commit(struct capture *c)
{
	if (close(no_free_fd(c->fd)) || rename(c->staging, c->path)) {
		int err = -errno;

		(void)unlink(c->staging);
		return err;
	}
	return 0;
}

void capture__discard(struct capture *c)
{
	if (c->fd < 0)
		return;
	close(no_free_fd(c->fd));
	(void)unlink(c->staging);
}
