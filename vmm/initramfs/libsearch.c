// SPDX-License-Identifier: GPL-2.0
/*
 * The dynamic linker's search order, replayed on the host. Called by
 * closure.c for each DT_NEEDED of each object; one thread per search.
 */
#include "vmm/initramfs/libsearch.h"
#include "vmm/initramfs/ldcache.h"

#include <ktstr/fd.h>

#include <fcntl.h>

static const char *const default_dirs[] = {
	"/lib/x86_64-linux-gnu",
	"/usr/lib/x86_64-linux-gnu",
	"/lib",
	"/usr/lib",
	"/lib64",
	"/usr/lib64",
	"/usr/local/lib",
	"/usr/local/lib64",
	"/usr/local/lib/x86_64-linux-gnu",
};

/** struct query - one lookup in progress */
struct query {
	struct lib_search *ls;
	const struct lib_object *obj;
	const char *soname;
	char *ret_path;
	struct elf_info *ret_info;
};

int lib_search__init(struct lib_search *ls, struct inputs *inputs)
{
	int err;

	*ls = (struct lib_search){ .inputs = inputs };
	err = fd__read_file(LDCACHE_PATH, LDCACHE_MAX, &ls->ldcache,
			    &ls->ldcache_len);
	if (err == -ENOMEM)
		return err;
	/* By time only, like a directory: it may also appear later. */
	return inputs__add_dir(inputs, LDCACHE_PATH);
}

void lib_search__fini(struct lib_search *ls)
{
	free(ls->ldcache);
	free(ls->interp_dir);
	*ls = (struct lib_search){ 0 };
}

static int try_file(const struct query *q, const char *path)
{
	int fd __free(fd) = open(path, O_RDONLY | O_CLOEXEC);
	struct elf_info info __free(elf_info) = { 0 };

	if (fd < 0 || elf_info__read(fd, &info, NULL) ||
	    info.class != q->obj->info.class ||
	    info.machine != q->obj->info.machine)
		return -ENOENT;
	snprintf(q->ret_path, PATH_MAX, "%s", path);
	*q->ret_info = info;
	info = (struct elf_info){ 0 };
	return 0;
}

static int try_dir(const struct query *q, const char *dir)
{
	char path[PATH_MAX];
	int err, n;

	n = snprintf(path, sizeof(path), "%s/%s", dir, q->soname);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENOENT;
	if (!try_file(q, path))
		return 0;
	err = inputs__add_dir(q->ls->inputs, dir);
	return err ? err : -ENOENT;
}

/* Length of the token at @in when it is $@name or ${@name}, else 0. */
static size_t token_len(const char *in, size_t len, const char *name)
{
	size_t n = strlen(name);

	if (len >= n + 1 && !memcmp(in + 1, name, n))
		return n + 1;
	if (len >= n + 3 && in[1] == '{' && !memcmp(in + 2, name, n) &&
	    in[n + 2] == '}')
		return n + 3;
	return 0;
}

int lib_search__expand(const char *in, size_t len, const char *origin,
		       char *out, size_t size)
{
	const struct {
		const char *name, *value;
	} tokens[] = {
		{ "ORIGIN", origin },
		{ "LIB", "lib/x86_64-linux-gnu" },
		{ "PLATFORM", "x86_64" },
	};
	size_t pos = 0;

	if (!len) {
		in = ".";
		len = 1;
	}
	while (len) {
		const char *put = in;
		size_t take = 1, put_len = 1;

		for (size_t i = 0; in[0] == '$' && i < ARRAY_SIZE(tokens);
		     i++) {
			size_t n = token_len(in, len, tokens[i].name);

			if (!n)
				continue;
			put = tokens[i].value;
			put_len = strlen(put);
			take = n;
			break;
		}
		if (put_len >= size - pos)
			return -ENAMETOOLONG;
		memcpy(out + pos, put, put_len);
		pos += put_len;
		in += take;
		len -= take;
	}
	out[pos] = '\0';
	return 0;
}

static int try_list(const struct query *q, const char *list,
		    const char *separators, const char *origin)
{
	char dir[PATH_MAX];

	for (;;) {
		size_t n = strcspn(list, separators);
		int err = lib_search__expand(list, n, origin, dir, sizeof(dir));

		if (!err)
			err = try_dir(q, dir);
		if (err != -ENOENT && err != -ENAMETOOLONG)
			return err;
		if (!list[n])
			return -ENOENT;
		list += n + 1;
	}
}

/* DT_RPATH is inherited from loader to loaded, DT_RUNPATH is not. */
static int try_rpath(const struct query *q)
{
	if (q->obj->info.runpath)
		return -ENOENT;
	for (const struct lib_object *o = q->obj; o; o = o->loader) {
		int err;

		if (!o->info.rpath || o->info.runpath)
			continue;
		err = try_list(q, o->info.rpath, ":", o->origin);
		if (err != -ENOENT)
			return err;
	}
	return -ENOENT;
}

static int try_ld_library_path(const struct query *q)
{
	const char *list = getenv("LD_LIBRARY_PATH");
	const struct lib_object *program = q->obj;

	if (!list || !list[0])
		return -ENOENT;
	/* Here $ORIGIN is always the program's. */
	while (program->loader)
		program = program->loader;
	return try_list(q, list, ":;", program->origin);
}

static int try_runpath(const struct query *q)
{
	if (!q->obj->info.runpath)
		return -ENOENT;
	return try_list(q, q->obj->info.runpath, ":", q->obj->origin);
}

static int try_interp_dir(const struct query *q)
{
	return q->ls->interp_dir ? try_dir(q, q->ls->interp_dir) : -ENOENT;
}

static int try_ldcache(const struct query *q)
{
	const char *path = NULL;

	if (q->ls->ldcache)
		path = ldcache__lookup(q->ls->ldcache, q->ls->ldcache_len,
				       q->soname);
	return path && strlen(path) < PATH_MAX ? try_file(q, path) : -ENOENT;
}

static int try_default_dirs(const struct query *q)
{
	int err = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(default_dirs) && err == -ENOENT; i++)
		err = try_dir(q, default_dirs[i]);
	return err;
}

int lib_search__find(struct lib_search *ls, const struct lib_object *obj,
		     const char *soname, char *ret_path,
		     struct elf_info *ret_info)
{
	static int (*const steps[])(const struct query *q) = {
		try_rpath,	try_ld_library_path, try_runpath,
		try_interp_dir, try_ldcache,	     try_default_dirs,
	};
	const struct query q = { ls, obj, soname, ret_path, ret_info };
	int err = -ENOENT;

	if (strchr(soname, '/'))
		return strlen(soname) < PATH_MAX ? try_file(&q, soname)
						 : -ENOENT;
	for (size_t i = 0; i < ARRAY_SIZE(steps) && err == -ENOENT; i++)
		err = steps[i](&q);
	return err;
}
