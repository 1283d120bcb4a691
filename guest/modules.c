// SPDX-License-Identifier: GPL-2.0
/* Kernel modules packed with the guest. PID 1 only, once, before the port. */
#include "guest/mounts.h"

#include <dirent.h>
#include <sys/syscall.h>

#include <ktstr/fd.h>

#include "guest/die.h"

/* Well above the largest that a distribution ships without debug data. */
#define MODULE_MAX ((size_t)MIB(64))

static int is_module(const struct dirent *de)
{
	size_t len = strlen(de->d_name);

	return len > 3 && !strcmp(de->d_name + len - 3, ".ko");
}

static u32 get_be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

/*
 * Layout from include/linux/module_signature.h: module, signer, key id,
 * signature, 12 bytes of lengths (signer at 3, key id at 4, signature at 8,
 * big-endian), magic.
 */
size_t modules__unsigned_len(const void *image, size_t len)
{
	static const char magic[] = "~Module signature appended~\n";
	const size_t magic_len = sizeof(magic) - 1, info_len = 12;
	const u8 *end = (const u8 *)image + len, *info;
	u64 tail;

	if (len < magic_len + info_len ||
	    memcmp(end - magic_len, magic, magic_len))
		return len;
	info = end - magic_len - info_len;
	tail = magic_len + info_len + info[3] + info[4] +
	       (u64)get_be32(info + 8);
	return tail < len ? len - (size_t)tail : len;
}

static int init_module(const void *image, size_t len)
{
	return syscall(SYS_init_module, image, len, "") ? -errno : 0;
}

/*
 * The packer took the module from the kernel's own package, so its signature
 * proves nothing here, and checking the first one costs the kernel 30 million
 * instructions. It is kept for a kernel that insists (module.sig_enforce).
 */
static int load(const char *path)
{
	char *image __free(ptr) = NULL;
	size_t len, bare;
	int err = fd__read_file(path, MODULE_MAX, &image, &len);

	if (err)
		return err;
	bare = modules__unsigned_len(image, len);
	err = init_module(image, bare);
	if (bare != len && (err == -EKEYREJECTED || err == -EPERM))
		err = init_module(image, len);
	return err == -EEXIST ? 0 : err;
}

static int insert(const char *dir, const char *name, struct kt_diag *diag)
{
	char path[512];
	int err;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	err = load(path);
	if (err == -ENODEV) {
		die__note(5, "module %s: no such hardware", path);
		return 0;
	}
	if (!err)
		return 0;
	return diag__fail(diag, err,
			  "module %s: %s (the kernel log says more; were "
			  "modules and kernel built together?)",
			  path, strerror(-err));
}

int modules__insert(const char *dir, struct kt_diag *diag)
{
	struct dirent **names;
	int nr = scandir(dir, &names, is_module, alphasort);
	int err = 0;

	if (nr < 0)
		return errno == ENOENT ? 0
				       : diag__fail(diag, -errno, "%s: %s", dir,
						    strerror(errno));
	for (int i = 0; i < nr; i++) {
		if (!err)
			err = insert(dir, names[i]->d_name, diag);
		free(names[i]);
	}
	free(names);
	return err;
}
