// SPDX-License-Identifier: GPL-2.0
/*
 * The libraries a program needs, breadth first as ld.so loads them, each with
 * its place in the archive. Called by base.c for the init program and for
 * every other ELF file packed; one thread per struct pack.
 */
#include "vmm/initramfs/closure.h"
#include "vmm/initramfs/libsearch.h"

#include <fcntl.h>
#include <libgen.h>

#define MAX_OBJECTS 1024u

/** struct closure - objects in load order; [0] is the program */
struct closure {
	struct pack *pk;
	struct lib_search search;
	struct lib_object **obj;
	size_t nr;
	char missing[400]; /* sonames, comma-separated */
};

static void lib_object__free(struct lib_object *o)
{
	if (!o)
		return;
	elf_info__fini(&o->info);
	free(o->soname);
	free(o->origin);
	free(o->guest);
	free(o);
}
DEFINE_FREE(lib_object, struct lib_object *, lib_object__free(_T))

static void closure__fini(struct closure *c)
{
	for (size_t i = 0; i < c->nr; i++)
		lib_object__free(c->obj[i]);
	free(c->obj);
	lib_search__fini(&c->search);
}
DEFINE_FREE(closure, struct closure, closure__fini(&_T))

/* dirname() of a copy, made canonical where the directory exists. */
static char *canonical_dir(const char *path)
{
	char *copy __free(ptr) = strdup(path);
	char *real;

	if (!copy)
		return NULL;
	real = realpath(dirname(copy), NULL);
	return real ? real : strdup("/");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Takes over @info. @soname NULL: the program. */
static int closure__push(struct closure *c, const char *soname,
			 const char *path, struct elf_info *info,
			 const struct lib_object *loader)
{
	struct lib_object *o __free(lib_object) = calloc(1, sizeof(*o));

	if (!o) {
		elf_info__fini(info);
		return -ENOMEM;
	}
	o->info = *info;
	*info = (struct elf_info){ 0 };
	o->loader = loader;
	o->origin = canonical_dir(path);
	o->soname = soname ? strdup(soname) : NULL;
	if (!o->origin || (soname && !o->soname))
		return -ENOMEM;
	if (soname &&
	    asprintf(&o->guest, "%s/%s", o->origin[1] ? o->origin + 1 : "",
		     base_name(path)) < 0) {
		o->guest = NULL;
		return -ENOMEM;
	}
	if (c->nr == MAX_OBJECTS)
		return -E2BIG;
	if (array__grow(&c->obj, c->nr, sizeof(*c->obj)))
		return -ENOMEM;
	c->obj[c->nr++] = no_free_ptr(o);
	return 0;
}

static const struct lib_object *closure__loaded(const struct closure *c,
						const char *soname)
{
	for (size_t i = 0; i < c->nr; i++)
		if (c->obj[i]->soname && !strcmp(c->obj[i]->soname, soname))
			return c->obj[i];
	return NULL;
}

static const struct pack_entry *find_host(const struct pack *pk,
					  const char *host)
{
	for (size_t i = 0; i < pk->nr; i++)
		if (pk->entry[i].host && !strcmp(pk->entry[i].host, host))
			return &pk->entry[i];
	return NULL;
}

/* One copy of each file; its other names become links to the first. */
static int pack_library(struct pack *pk, const char *name, const char *path,
			struct kt_diag *diag)
{
	char *real __free(ptr) = realpath(path, NULL);
	const struct pack_entry *twin;
	char *target __free(ptr) = NULL;
	int err;

	if (!real)
		return diag__fail(diag, -errno, "cannot pack %s: %s", path,
				  strerror(errno));
	/* The name searched for may later lead to another file. */
	err = strcmp(real, path) ? inputs__add_file(&pk->inputs, path) : 0;
	if (err)
		return err;
	twin = find_host(pk, real);
	if (!twin)
		return pack__add_file(pk, name, 0755, real, NULL, diag);
	if (!strcmp(twin->name, name))
		return 0;
	if (asprintf(&target, "/%s", twin->name) < 0) {
		target = NULL;
		return -ENOMEM;
	}
	return pack__add_link(pk, name, target, diag);
}

static bool usual_interp(const char *real)
{
	static const char *const usual[] = {
		"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux.so.2",
		"/lib/ld-linux-aarch64.so.1",  "/lib/ld-linux-armhf.so.3",
		"/lib/ld-musl-x86_64.so.1",    "/lib/ld-musl-aarch64.so.1",
		"/libexec/ld-elf.so.1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		char *other __free(ptr) = realpath(usual[i], NULL);

		if (other && !strcmp(other, real))
			return true;
	}
	return false;
}

/* Pushed like a library: it may need some, and libc names it as needed. */
static int closure__add_interp(struct closure *c, const char *interp,
			       const char *path, struct kt_diag *diag)
{
	char *real __free(ptr) = realpath(interp, NULL);
	struct elf_info info;
	int err;

	int fd __free(fd) = real ? open(real, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0 || elf_info__read(fd, &info, NULL))
		return diag__fail(diag, -ENOENT,
				  "%s needs the dynamic linker %s, which is "
				  "not an ELF file here; install it",
				  path, interp);
	err = closure__push(c, base_name(interp), real, &info, c->obj[0]);
	if (!err && !usual_interp(real)) {
		c->search.interp_dir = canonical_dir(real);
		err = c->search.interp_dir ? 0 : -ENOMEM;
	}
	if (!err)
		err = pack_library(c->pk, real + 1, real, diag);
	if (!err && interp[0] == '/' && strcmp(interp, real))
		err = pack_library(c->pk, interp + 1, interp, diag);
	return err;
}

static void note_missing(struct closure *c, const char *soname)
{
	size_t n = strlen(c->missing), len = strlen(soname);

	/* Several libraries may need the same one. */
	for (const char *p = c->missing; (p = strstr(p, soname)); p += len)
		if (!p[len] || p[len] == ',')
			return;
	snprintf(c->missing + n, sizeof(c->missing) - n, "%s%s", n ? ", " : "",
		 soname);
}

static int closure__need(struct closure *c, const struct lib_object *by,
			 const char *soname, struct kt_diag *diag)
{
	struct elf_info info = { 0 };
	char path[PATH_MAX];
	int err;

	if (closure__loaded(c, soname))
		return 0;
	err = lib_search__find(&c->search, by, soname, path, &info);
	if (err == -ENOENT)
		note_missing(c, soname);
	if (err)
		return err == -ENOENT ? 0 : err;
	err = closure__push(c, soname, path, &info, by);
	if (err)
		return err;
	return pack_library(c->pk, c->obj[c->nr - 1]->guest, path, diag);
}

/*
 * The guest's dynamic linker knows its default directories only. The C
 * library lies in one of them, so everything else is linked beside it.
 */
static int closure__link_beside_libc(struct closure *c, struct kt_diag *diag)
{
	const struct lib_object *libc = closure__loaded(c, "libc.so.6");
	const char *dir = libc ? libc->origin + 1 : "lib";
	int err = 0;

	for (size_t i = 1; i < c->nr && !err; i++) {
		const struct lib_object *o = c->obj[i];
		char name[PATH_MAX], target[PATH_MAX];

		if (!strcmp(o->origin + 1, dir) || strchr(o->soname, '/') ||
		    !strncmp(o->soname, "ld-", 3))
			continue;
		if (snprintf(name, sizeof(name), "%s/%s", dir, o->soname) >=
			    (int)sizeof(name) ||
		    snprintf(target, sizeof(target), "/%s", o->guest) >=
			    (int)sizeof(target))
			return -ENAMETOOLONG;
		if (!pack__find(c->pk, name))
			err = pack__add_link(c->pk, name, target, diag);
	}
	return err;
}

/*
 * The C library loads this one by itself, when a thread is cancelled or ends,
 * and aborts without it. Where there is none, programs here do without too.
 */
static int closure__add_unwinder(struct closure *c, struct kt_diag *diag)
{
	static const char soname[] = "libgcc_s.so.1";
	const struct lib_object *libc = closure__loaded(c, "libc.so.6");
	struct elf_info info = { 0 };
	char path[PATH_MAX];
	int err;

	if (!libc || closure__loaded(c, soname))
		return 0;
	err = lib_search__find(&c->search, libc, soname, path, &info);
	if (err)
		return err == -ENOENT ? 0 : err;
	err = closure__push(c, soname, path, &info, libc);
	return err ? err
		   : pack_library(c->pk, c->obj[c->nr - 1]->guest, path, diag);
}

static int closure__walk(struct closure *c, const char *path,
			 struct kt_diag *diag)
{
	const char *interp = c->obj[0]->info.interp;
	int err = 0;

	if (interp)
		err = closure__add_interp(c, interp, path, diag);
	/* The list grows while it is walked: breadth first. */
	for (size_t i = 0; i < c->nr && !err; i++) {
		const struct lib_object *o = c->obj[i];

		for (size_t k = 0; k < o->info.nr_needed && !err; k++)
			err = closure__need(c, o, o->info.needed[k], diag);
		if (!err && i + 1 == c->nr)
			err = closure__add_unwinder(c, diag);
	}
	return err;
}

int closure__add(struct pack *pk, struct elf_info *info, const char *path,
		 struct kt_diag *diag)
{
	struct closure c __free(closure) = { .pk = pk };
	int err;

	if (!info->interp && !info->nr_needed)
		return 0;
	err = lib_search__init(&c.search, &pk->inputs);
	if (!err)
		err = closure__push(&c, NULL, path, info, NULL);
	if (!err)
		err = closure__walk(&c, path, diag);
	if (err)
		return diag__fail(diag, err, "libraries of %s: %s", path,
				  strerror(-err));
	if (c.missing[0])
		return diag__fail(diag, -ENOENT,
				  "%s needs shared libraries that are not "
				  "here: %s; install them or name their "
				  "directory in LD_LIBRARY_PATH",
				  path, c.missing);
	return closure__link_beside_libc(&c, diag);
}
