/* SPDX-License-Identifier: GPL-2.0 */
/* A workload as the session sees it; what callers see is ktstr/workload.h. */
#ifndef LIB_SESSION_WORKLOAD_H
#define LIB_SESSION_WORKLOAD_H

#include <ktstr/workload.h>

#include "vmm/initramfs.h"

/** struct strings - owned strings, NULL-terminated once there is one */
struct strings {
	char **v;
	size_t nr;
};

/** strings__add - take over @text; NULL is -ENOMEM */
int strings__add(struct strings *s, char *text);
void strings__fini(struct strings *s);

struct workload {
	struct initramfs_file *files; /* strings are owned */
	unsigned int nr_files;
	struct strings argv;
	struct strings path_dirs; /* of includes that hold an executable */
	struct strings more_dirs; /* of interpreters outside the usual ones */
	char *path;		  /* as executed, in @cwd; has a slash */
	char *cwd;
	bool interactive;
	char words[256]; /* for the kernel command line, each behind a blank */
	char name[128];
	struct workload_io io;
};

/** workload__add_file - pack @host as @guest (absolute); copies both */
int workload__add_file(struct workload *w, const char *guest, const char *host,
		       struct kt_diag *diag);

/**
 * workload__find - path of @name: itself with a slash in it, else of PATH
 * Return: 0 with @ret_path to be freed, -ENOENT, -ENOMEM.
 */
int workload__find(const char *name, char **ret_path);

/**
 * workload__blob - the guest's file /workload
 * @ret_blob: data to be freed
 * Return: 0, -ENOMEM, or -E2BIG with a message.
 */
int workload__blob(const struct workload *w, struct initramfs_blob *ret_blob,
		   struct kt_diag *diag);

#endif /* LIB_SESSION_WORKLOAD_H */
