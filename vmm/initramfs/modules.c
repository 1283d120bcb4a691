// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel modules and their dependencies, through libkmod. Called by base.c
 * when an archive has to be built.
 *
 * libkmod is opened at run time, not linked: a test program is also the
 * guest's init, and whatever it is linked with travels into every guest.
 * libkmod would bring libcrypto along, 5 MB that no guest ever calls.
 */
#include "vmm/initramfs/modules.h"
#include "vmm/kimage/decompress.h"

#include <ktstr/fd.h>

#include <dlfcn.h>
#include <libkmod.h>
#include <limits.h>
#include <stdarg.h>
#include <syslog.h>

#define MODULE_MAX_BYTES MIB(64)

/** struct kmod_api - libkmod's entry points used here; K(name) rows below */
struct kmod_api {
	void *lib;
#define KMOD_SYMBOLS(K)                 \
	K(kmod_new)                     \
	K(kmod_set_log_fn)              \
	K(kmod_unref)                   \
	K(kmod_module_new_from_lookup)  \
	K(kmod_module_get_dependencies) \
	K(kmod_module_get_module)       \
	K(kmod_module_get_name)         \
	K(kmod_module_get_path)         \
	K(kmod_module_unref)            \
	K(kmod_module_unref_list)       \
	K(kmod_list_next)
#define K(sym) __typeof__(&sym) sym;
	KMOD_SYMBOLS(K)
#undef K
};

static void kmod_api__fini(struct kmod_api *api)
{
	if (api->lib)
		dlclose(api->lib);
}

static int kmod_api__init(struct kmod_api *api, struct kt_diag *diag)
{
	static const struct {
		const char *name;
		size_t off;
	} syms[] = {
#define K(sym) { #sym, offsetof(struct kmod_api, sym) },
		KMOD_SYMBOLS(K)
#undef K
	};

	api->lib = dlopen("libkmod.so.2", RTLD_NOW | RTLD_LOCAL);
	if (!api->lib)
		return diag__fail(diag, -ELIBACC,
				  "packing kernel modules needs libkmod.so.2; "
				  "install it: apt-get install libkmod2");
	for (size_t i = 0; i < ARRAY_SIZE(syms); i++) {
		void *fn = dlsym(api->lib, syms[i].name);

		if (!fn)
			return diag__fail(diag, -ELIBACC,
					  "libkmod.so.2 has no %s; install a "
					  "newer one: apt-get install libkmod2",
					  syms[i].name);
		memcpy((char *)api + syms[i].off, &fn, sizeof(fn));
	}
	return 0;
}

/** struct module_set - one call of modules__add() */
struct module_set {
	struct kmod_api api;
	struct kmod_ctx *ctx;
	struct pack *pk;
	const char *dir;
	unsigned int nr;
	char complaint[256]; /* libkmod's last error text */
	struct kt_diag *diag;
};

static void module_set__fini(struct module_set *ms)
{
	if (ms->ctx)
		ms->api.kmod_unref(ms->ctx);
	kmod_api__fini(&ms->api);
}
DEFINE_FREE(module_set, struct module_set, module_set__fini(&_T))

static int read_module(const char *path, void **ret_buf, size_t *ret_len,
		       struct kt_diag *diag)
{
	char *raw __free(ptr) = NULL;
	size_t len;
	int err;

	err = fd__read_file(path, MODULE_MAX_BYTES, &raw, &len);
	if (err)
		return diag__fail(diag, err, "cannot read module %s: %s", path,
				  strerror(-err));
	if (compression__detect(raw, len) == COMPRESSION_NONE) {
		*ret_buf = no_free_ptr(raw);
		*ret_len = len;
		return 0;
	}
	err = compression__expand(raw, len, 0, MODULE_MAX_BYTES, ret_buf,
				  ret_len, diag);
	return err ? diag__context(diag, err, "module %s", path) : 0;
}

static bool packed_already(const struct pack *pk, const char *name)
{
	for (size_t i = 0; i < pk->nr; i++) {
		const char *have = pk->entry[i].name;
		size_t n = strlen("lib/modules/NN-");

		if (strncmp(have, "lib/modules/", 12) || strlen(have) <= n)
			continue;
		if (!strncmp(have + n, name, strlen(name)) &&
		    !strcmp(have + n + strlen(name), ".ko"))
			return true;
	}
	return false;
}

static int pack_one(struct module_set *ms, struct kmod_module *mod)
{
	const char *path = ms->api.kmod_module_get_path(mod);
	const char *name = ms->api.kmod_module_get_name(mod);
	char entry[PATH_MAX];
	void *data;
	size_t len;
	int err;

	/* No file: built in. */
	if (!path || packed_already(ms->pk, name))
		return 0;
	if (ms->nr == MODULES_MAX)
		return diag__fail(ms->diag, -E2BIG,
				  "more than %u kernel modules for one guest",
				  MODULES_MAX);
	err = inputs__add_file(&ms->pk->inputs, path);
	if (err)
		return diag__fail(ms->diag, err, "cannot read module %s: %s",
				  path, strerror(-err));
	err = read_module(path, &data, &len, ms->diag);
	if (err)
		return err;
	snprintf(entry, sizeof(entry), "lib/modules/%02u-%s.ko", ms->nr++,
		 name);
	return pack__add_data(ms->pk, entry, 0644, data, len, ms->diag);
}

/*
 * libkmod would print to stderr. Its text is also the only trace of a
 * dependency whose file is gone: the list of dependencies then comes back
 * empty, as if there were none.
 */
static void module_set__log(void *data, int priority, const char *file,
			    int line, const char *fn, const char *format,
			    va_list args)
{
	struct module_set *ms = data;
	char *end;

	(void)file;
	(void)line;
	(void)fn;
	if (priority > LOG_ERR)
		return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	vsnprintf(ms->complaint, sizeof(ms->complaint), format, args);
#pragma GCC diagnostic pop
	end = strchr(ms->complaint, '\n');
	if (end)
		*end = '\0';
}

/* libkmod gives dependencies in the order they are to be inserted. */
static int pack_with_dependencies(struct module_set *ms,
				  struct kmod_module *mod)
{
	const struct kmod_api *api = &ms->api;
	struct kmod_list *deps, *pos;
	int err = 0;

	ms->complaint[0] = '\0';
	deps = api->kmod_module_get_dependencies(mod);
	if (!deps && ms->complaint[0])
		return diag__fail(ms->diag, -ENOENT,
				  "kernel module %s of %s has an unusable "
				  "dependency (libkmod: %s); install the "
				  "modules again or rerun depmod",
				  api->kmod_module_get_name(mod), ms->dir,
				  ms->complaint);
	for (pos = deps; pos && !err; pos = api->kmod_list_next(deps, pos)) {
		struct kmod_module *dep = api->kmod_module_get_module(pos);

		err = pack_one(ms, dep);
		api->kmod_module_unref(dep);
	}
	api->kmod_module_unref_list(deps);
	return err ? err : pack_one(ms, mod);
}

static int pack_name(struct module_set *ms, const char *name)
{
	const struct kmod_api *api = &ms->api;
	struct kmod_list *found = NULL, *pos;
	int err;

	err = api->kmod_module_new_from_lookup(ms->ctx, name, &found);
	if (err < 0)
		return diag__fail(ms->diag, err,
				  "cannot look up kernel module %s in %s: %s",
				  name, ms->dir, strerror(-err));
	if (!found)
		return diag__fail(ms->diag, -ENOENT,
				  "kernel module %s is neither in %s nor built "
				  "in; choose a kernel that has it",
				  name, ms->dir);
	for (pos = found; pos && !err; pos = api->kmod_list_next(found, pos)) {
		struct kmod_module *mod = api->kmod_module_get_module(pos);

		err = pack_with_dependencies(ms, mod);
		api->kmod_module_unref(mod);
	}
	api->kmod_module_unref_list(found);
	return err;
}

/* Without the binary indexes libkmod finds nothing and says nothing. */
static int check_indexes(struct pack *pk, const char *dir, struct kt_diag *diag)
{
	static const char *const index[] = { "modules.dep.bin",
					     "modules.alias.bin",
					     "modules.builtin.bin" };

	for (size_t i = 0; i < ARRAY_SIZE(index); i++) {
		char path[PATH_MAX];
		int err;

		if (snprintf(path, sizeof(path), "%s/%s", dir, index[i]) >=
		    (int)sizeof(path))
			return diag__fail(diag, -ENAMETOOLONG,
					  "modules directory path is longer "
					  "than %zu bytes",
					  sizeof(path) - 1);
		err = inputs__add_file(&pk->inputs, path);
		if (err)
			return diag__fail(
				diag, err,
				"cannot use kernel modules: %s: %s; create it "
				"with: depmod -b BASE RELEASE, for "
				"BASE/lib/modules/RELEASE",
				path, strerror(-err));
	}
	return 0;
}

int modules__add(struct pack *pk, const char *dir, const char *const *names,
		 unsigned int nr, struct kt_diag *diag)
{
	struct module_set ms __free(
		module_set) = { .pk = pk, .dir = dir, .diag = diag };
	/* No configuration: the host's blacklist is not the guest's. */
	const char *const no_config = NULL;
	int err;

	if (!nr)
		return 0;
	err = check_indexes(pk, dir, diag);
	if (!err)
		err = kmod_api__init(&ms.api, diag);
	if (err)
		return err;
	ms.ctx = ms.api.kmod_new(dir, &no_config);
	if (!ms.ctx)
		return diag__fail(diag, -ENOMEM,
				  "libkmod cannot open modules directory %s",
				  dir);
	ms.api.kmod_set_log_fn(ms.ctx, module_set__log, &ms);
	for (unsigned int i = 0; i < nr && !err; i++)
		err = pack_name(&ms, names[i]);
	return err;
}
