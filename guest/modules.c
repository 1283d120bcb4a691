// SPDX-License-Identifier: GPL-2.0
/* Kernel modules packed with the guest. PID 1 only, once, before the port. */
#include "guest/mounts.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include "guest/die.h"

static int is_module(const struct dirent *de)
{
	size_t len = strlen(de->d_name);

	return len > 3 && !strcmp(de->d_name + len - 3, ".ko");
}

static int insert(const char *dir, const char *name, struct kt_diag *diag)
{
	char path[512];
	int fd __free(fd) = -1;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return diag__fail(diag, -errno, "module %s: %s", path,
				  strerror(errno));
	if (!syscall(SYS_finit_module, fd, "", 0) || errno == EEXIST)
		return 0;
	if (errno == ENODEV) {
		die__note(5, "module %s: no such hardware", path);
		return 0;
	}
	return diag__fail(diag, -errno,
			  "module %s: %s (the kernel log says more; were "
			  "modules and kernel built together?)",
			  path, strerror(errno));
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
