// SPDX-License-Identifier: GPL-2.0
/*
 * Turning a plan into archive bytes. File contents go from file to file
 * inside the kernel (sendfile); only headers and generated data pass through
 * this process.
 */
#include "vmm/initramfs/pack.h"
#include "vmm/initramfs/cpio.h"

#include <ktstr/fd.h>

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

/** struct out - the archive so far */
struct out {
	int fd;
	u32 ino;
	u64 len;
};

static int out__bytes(struct out *out, const void *buf, size_t len)
{
	out->len += len;
	return fd__write_all(out->fd, buf, len);
}

static int out__pad(struct out *out)
{
	static const u8 zero[4];

	return out__bytes(out, zero, CPIO_ALIGN(out->len) - out->len);
}

static int out__header(struct out *out, struct cpio_entry *ce)
{
	u8 buf[CPIO_ALIGN(CPIO_HEADER_LEN + CPIO_NAME_MAX + 1)];

	if (strlen(ce->name) > CPIO_NAME_MAX)
		return -ENAMETOOLONG;
	ce->ino = ++out->ino;
	cpio__header(buf, ce);
	return out__bytes(out, buf, cpio__header_len(ce->name));
}

/* For file systems that refuse sendfile(). */
static int copy_plain(int out_fd, int in_fd, u64 off, u64 len)
{
	u8 buf[8192];

	while (len) {
		size_t n = KT_MIN(len, sizeof(buf));
		int err = fd__pread_all(in_fd, buf, n, off);

		if (!err)
			err = fd__write_all(out_fd, buf, n);
		if (err)
			return err;
		off += n;
		len -= n;
	}
	return 0;
}

static int copy_range(int out_fd, int in_fd, u64 off, u64 len)
{
	off_t pos = (off_t)off;

	while (len) {
		ssize_t n = sendfile(out_fd, in_fd, &pos, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EINVAL || errno == ENOSYS))
			return copy_plain(out_fd, in_fd, (u64)pos, len);
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		len -= (u64)n;
	}
	return 0;
}

static int out__file(struct out *out, const struct pack_entry *e,
		     struct kt_diag *diag)
{
	int fd __free(fd) = open(e->host, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return diag__fail(diag, -errno, "cannot pack %s: %s", e->host,
				  strerror(errno));
	err = out__bytes(out, e->head, e->head_len);
	if (!err)
		err = copy_range(out->fd, fd, e->head_len,
				 e->size - e->head_len);
	out->len += e->size - e->head_len;
	if (err == -ENODATA)
		return diag__fail(diag, err,
				  "%s shrank while it was packed; run again",
				  e->host);
	return err;
}

static int out__entry(struct out *out, const struct pack_entry *e,
		      struct kt_diag *diag)
{
	struct cpio_entry ce = {
		.name = e->name,
		.mode = e->mode,
		.size = e->size,
		.rdev_major = e->rdev_major,
		.rdev_minor = e->rdev_minor,
	};
	int err = out__header(out, &ce);

	if (err)
		return err;
	if (e->host)
		err = out__file(out, e, diag);
	else
		err = out__bytes(out, e->data, e->size);
	return err ? err : out__pad(out);
}

/** struct names - directory names, owned */
struct names {
	char **v;
	size_t nr;
};

static void names__fini(struct names *n)
{
	for (size_t i = 0; i < n->nr; i++)
		free(n->v[i]);
	free(n->v);
}
DEFINE_FREE(names, struct names, names__fini(&_T))

static int names__add_ancestors(struct names *n, const char *name)
{
	for (const char *p = strchr(name, '/'); p; p = strchr(p + 1, '/')) {
		int err = array__grow(&n->v, n->nr, sizeof(*n->v));

		if (err)
			return err;
		n->v[n->nr] = strndup(name, (size_t)(p - name));
		if (!n->v[n->nr])
			return -ENOMEM;
		n->nr++;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int out__dirs(struct out *out, const struct pack *pk,
		     struct kt_diag *diag)
{
	struct names dirs __free(names) = { 0 };
	int err = 0;

	for (size_t i = 0; i < pk->nr && !err; i++)
		err = names__add_ancestors(&dirs, pk->entry[i].name);
	if (err)
		return err;
	if (dirs.nr)
		qsort(dirs.v, dirs.nr, sizeof(*dirs.v), by_name);
	/* Sorted, so parents come before children. */
	for (size_t i = 0; i < dirs.nr && !err; i++) {
		struct cpio_entry ce = { .name = dirs.v[i],
					 .mode = S_IFDIR | 0755 };

		if (i && !strcmp(dirs.v[i], dirs.v[i - 1]))
			continue;
		if (pack__find(pk, dirs.v[i]))
			return diag__fail(diag, -EEXIST,
					  "archive path \"%s\" is wanted as a "
					  "file and as a directory; rename one",
					  dirs.v[i]);
		err = out__header(out, &ce);
	}
	return err;
}

static int out__marker(struct out *out, const char *name)
{
	u64 start = out->len + cpio__header_len(name);
	struct cpio_entry ce = { .name = name, .mode = S_IFREG | 0644 };
	u8 fill[PACK_PAGE];
	int err;

	ce.size = KT_ALIGN_UP(start, PACK_PAGE) - start;
	memset(fill, '\n', sizeof(fill));
	err = out__header(out, &ce);
	return err ? err : out__bytes(out, fill, ce.size);
}

int pack__write(const struct pack *pk, int fd, const char *marker, u64 *ret_len,
		struct kt_diag *diag)
{
	struct out out = { .fd = fd };
	int err = out__dirs(&out, pk, diag);

	for (size_t i = 0; i < pk->nr && !err; i++)
		err = out__entry(&out, &pk->entry[i], diag);
	if (!err)
		err = out__marker(&out, marker);
	if (err)
		return diag__fail(diag, err,
				  "cannot write the initial ramdisk: %s",
				  strerror(-err));
	*ret_len = out.len;
	return 0;
}
