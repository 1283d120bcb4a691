/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Initial ramdisks: cpio "newc" archives made of a cached base (init with its
 * shared libraries, kernel modules, included files) and a small suffix per
 * run (arguments, trailer). The base is a file in the cache, page-padded, so
 * that the VMM can map it instead of copying it.
 */
#ifndef VMM_INITRAMFS_H
#define VMM_INITRAMFS_H

#include <ktstr/diag.h>

/** struct initramfs_file - host file placed in the archive */
struct initramfs_file {
	const char *guest_path; /* relative, no "..", not ".ktstr_*" */
	const char *host_path;	/* regular file; ELF: libraries come along */
};

struct initramfs_spec {
	const char *init; /* host path of /init, an ELF */
	const struct initramfs_file *files;
	unsigned int nr_files;
	/*
	 * Kernel modules by name in the order they must be available;
	 * dependencies are added in front. Looked up below @modules_dir
	 * (".../lib/modules/RELEASE"). NULL: no modules. A name that is
	 * built into the kernel is silently nothing to pack.
	 */
	const char *modules_dir;
	const char *const *modules;
	unsigned int nr_modules;
};

struct initramfs_base {
	int fd; /* page-multiple length archive without trailer */
	size_t len;
	bool cache_hit;
};

/**
 * initramfs__base - find or build the archive base for @spec
 *
 * Contents in order: directories; "init" (symbol and debug sections cut off);
 * files; shared libraries at their canonical host path (DT_NEEDED closure,
 * search order of ld.so: DT_RPATH without DT_RUNPATH, LD_LIBRARY_PATH,
 * DT_RUNPATH, ld.so.cache, default directories; the same file again becomes a
 * symlink; PT_INTERP at its canonical and its original path); modules,
 * decompressed, as "lib/modules/NN-name.ko" so that sorting gives insertion
 * order; last ".ktstr_init_ok".
 * Cached under cache__dir("initramfs") by the identity of every input file;
 * an unusable cache means an anonymous memfd, not an error. A missing library
 * is an error listing the sonames.
 * Return: 0 or -errno; release with initramfs_base__close().
 */
int initramfs__base(const struct initramfs_spec *spec,
		    struct initramfs_base *ret_base, struct kt_diag *diag);
void initramfs_base__close(struct initramfs_base *base);

/** struct initramfs_blob - small per-run file made from memory */
struct initramfs_blob {
	const char *guest_path;
	const void *data;
	size_t len;
	u32 mode; /* permission bits */
};

/**
 * initramfs__suffix - archive of @blobs, with trailer, padded to 512 bytes
 * @ret_buf: owned by the caller, free()
 */
int initramfs__suffix(const struct initramfs_blob *blobs, unsigned int nr,
		      void **ret_buf, size_t *ret_len, struct kt_diag *diag);

#endif /* VMM_INITRAMFS_H */
