// SPDX-License-Identifier: GPL-2.0
/*
 * The small archive of one run, made in memory, and the trailer that ends base
 * and suffix together. Called once per run by the session.
 */
#include "vmm/initramfs.h"
#include "vmm/initramfs/cpio.h"

#include <sys/stat.h>

#define SUFFIX_ALIGN 512u /* cpio's block size */

/* Where its own numbering cannot meet the base's. */
#define SUFFIX_FIRST_INO 1000000u

/** struct out - @p NULL: only count */
struct out {
	u8 *p;
	size_t len;
	u32 ino;
};

static void out__entry(struct out *out, const char *name, u32 mode,
		       const void *data, size_t len)
{
	struct cpio_entry ce = { .name = name, .mode = mode, .size = len };
	size_t head = cpio__header_len(name);

	ce.ino = SUFFIX_FIRST_INO + out->ino++;
	if (out->p)
		cpio__header(out->p + out->len, &ce);
	if (out->p && len)
		memcpy(out->p + out->len + head, data, len);
	out->len += head + CPIO_ALIGN(len);
}

/* The kernel makes no parents; a directory that exists is fine with it. */
static int out__parents(struct out *out, const char *name)
{
	for (const char *p = strchr(name, '/'); p; p = strchr(p + 1, '/')) {
		char *dir __free(ptr) = strndup(name, (size_t)(p - name));

		if (!dir)
			return -ENOMEM;
		out__entry(out, dir, S_IFDIR | 0755, NULL, 0);
	}
	return 0;
}

static int out__all(struct out *out, const struct initramfs_blob *blobs,
		    unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		int err = out__parents(out, blobs[i].guest_path);

		if (err)
			return err;
		out__entry(out, blobs[i].guest_path,
			   S_IFREG | (blobs[i].mode & 07777), blobs[i].data,
			   blobs[i].len);
	}
	out__entry(out, CPIO_TRAILER, 0, NULL, 0);
	return 0;
}

static int check_blobs(const struct initramfs_blob *blobs, unsigned int nr,
		       struct kt_diag *diag)
{
	for (unsigned int i = 0; i < nr; i++) {
		int err = cpio__check_name(blobs[i].guest_path, diag);

		if (err)
			return err;
		if (blobs[i].len > CPIO_MAX_FILE)
			return diag__fail(diag, -EFBIG,
					  "archive path \"%s\": %zu bytes, the "
					  "archive format ends at 4 GiB",
					  blobs[i].guest_path, blobs[i].len);
	}
	return 0;
}

int initramfs__suffix(const struct initramfs_blob *blobs, unsigned int nr,
		      void **ret_buf, size_t *ret_len, struct kt_diag *diag)
{
	struct out count = { 0 }, out = { 0 };
	u8 *buf __free(ptr) = NULL;
	size_t len;
	int err;

	err = check_blobs(blobs, nr, diag);
	if (!err)
		err = out__all(&count, blobs, nr);
	if (err)
		return err;
	len = KT_ALIGN_UP(count.len, SUFFIX_ALIGN);
	out.p = buf = calloc(1, len);
	if (!buf)
		return -ENOMEM;
	err = out__all(&out, blobs, nr);
	if (err)
		return err;
	*ret_buf = no_free_ptr(buf);
	*ret_len = len;
	return 0;
}
