// SPDX-License-Identifier: GPL-2.0
/*
 * Planning an archive: who is in it, under which name, with conflicts found
 * before anything is written. pack-write.c turns the plan into bytes. One
 * thread per struct pack; called by base.c, closure.c and modules.c.
 */
#include "vmm/initramfs/pack.h"
#include "vmm/initramfs/cpio.h"

#include <sys/stat.h>

const struct pack_entry *pack__find(const struct pack *pk, const char *name)
{
	for (size_t i = 0; i < pk->nr; i++)
		if (!strcmp(pk->entry[i].name, name))
			return &pk->entry[i];
	return NULL;
}

static const char *source_text(const struct pack_entry *e)
{
	if (S_ISLNK(e->mode))
		return e->data;
	return e->host ? e->host : "generated data";
}

/* Takes over host and data in any case. */
static int pack__add(struct pack *pk, const char *name, struct pack_entry *e,
		     struct kt_diag *diag)
{
	int err = array__grow(&pk->entry, pk->nr, sizeof(*pk->entry));

	if (!err && pk->nr == PACK_MAX_ENTRIES)
		err = diag__fail(diag, -E2BIG,
				 "more than %u files for the initial ramdisk",
				 PACK_MAX_ENTRIES);
	e->name = err ? NULL : strdup(name);
	if (!err && !e->name)
		err = -ENOMEM;
	if (err) {
		free(e->host);
		free(e->data);
		return err;
	}
	pk->entry[pk->nr++] = *e;
	return 0;
}

static int name_taken(const struct pack_entry *old, const char *source,
		      struct kt_diag *diag)
{
	return diag__fail(
		diag, -EEXIST,
		"archive path \"%s\" is wanted for both %s and %s; rename one",
		old->name, source_text(old), source);
}

/* A regular file whose size the format can hold. */
static int stat_source(const char *host, struct stat *ret_st,
		       struct kt_diag *diag)
{
	if (stat(host, ret_st))
		return diag__fail(diag, -errno, "cannot pack %s: %s", host,
				  strerror(errno));
	if (!S_ISREG(ret_st->st_mode))
		return diag__fail(diag, -EINVAL,
				  "cannot pack %s: not a regular file", host);
	if ((u64)ret_st->st_size > CPIO_MAX_FILE)
		return diag__fail(diag, -EFBIG,
				  "cannot pack %s: %lld bytes, the archive "
				  "format ends at 4 GiB",
				  host, (long long)ret_st->st_size);
	return 0;
}

int pack__add_file(struct pack *pk, const char *name, u32 perm,
		   const char *host, struct pack_entry **ret_entry,
		   struct kt_diag *diag)
{
	const struct pack_entry *old = pack__find(pk, name);
	struct pack_entry e = { .mode = S_IFREG | (perm & 07777) };
	struct stat st;
	int err;

	if (old && old->host && !strcmp(old->host, host)) {
		if (ret_entry)
			*ret_entry = &pk->entry[old - pk->entry];
		return 0;
	}
	if (old)
		return name_taken(old, host, diag);
	err = stat_source(host, &st, diag);
	if (err)
		return err;
	err = inputs__add_file(&pk->inputs, host);
	if (err)
		return diag__fail(diag, err, "cannot pack %s: %s", host,
				  strerror(-err));
	e.size = (u64)st.st_size;
	e.host = strdup(host);
	if (!e.host)
		return -ENOMEM;
	err = pack__add(pk, name, &e, diag);
	if (!err && ret_entry)
		*ret_entry = &pk->entry[pk->nr - 1];
	return err;
}

int pack__add_data(struct pack *pk, const char *name, u32 perm, void *data,
		   size_t len, struct kt_diag *diag)
{
	struct pack_entry e = { .mode = S_IFREG | (perm & 07777),
				.data = data,
				.size = len };
	const struct pack_entry *old = pack__find(pk, name);

	if (!old)
		return pack__add(pk, name, &e, diag);
	free(data);
	return name_taken(old, "generated data", diag);
}

int pack__add_link(struct pack *pk, const char *name, const char *target,
		   struct kt_diag *diag)
{
	const struct pack_entry *old = pack__find(pk, name);
	struct pack_entry e = { .mode = S_IFLNK | 0777 };

	if (old && S_ISLNK(old->mode) && !strcmp(old->data, target))
		return 0;
	if (old)
		return name_taken(old, target, diag);
	e.size = strlen(target);
	e.data = strdup(target);
	if (!e.data)
		return -ENOMEM;
	return pack__add(pk, name, &e, diag);
}

int pack__add_node(struct pack *pk, const char *name, u32 perm, u32 major,
		   u32 minor, struct kt_diag *diag)
{
	struct pack_entry e = { .mode = S_IFCHR | (perm & 07777),
				.rdev_major = major,
				.rdev_minor = minor };
	const struct pack_entry *old = pack__find(pk, name);

	return old ? name_taken(old, "a device node", diag)
		   : pack__add(pk, name, &e, diag);
}

void pack__fini(struct pack *pk)
{
	for (size_t i = 0; i < pk->nr; i++) {
		free(pk->entry[i].name);
		free(pk->entry[i].host);
		free(pk->entry[i].data);
	}
	free(pk->entry);
	inputs__fini(&pk->inputs);
	*pk = (struct pack){ 0 };
}
