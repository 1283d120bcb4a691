// SPDX-License-Identifier: GPL-2.0
/*
 * Opening a kernel: what kind of file it is, and for a bzImage the way from
 * payload to an ELF file, through the cache. Called by vm__new(); any number
 * of processes may expand the same kernel at once.
 *
 * Cache, below "kimage":
 *	index/ID	identity of the bzImage -> hash of its payload, so
 *			that 10 MB need not be read to find that out
 *	vmlinux-HASH	the expanded payload
 * All of them are sealed (ktstr/cache.h).
 */
#include "vmm/kimage.h"
#include "vmm/kimage/bzimage.h"
#include "vmm/kimage/decompress.h"
#include "vmm/kimage/vmlinux.h"

#include <ktstr/cache.h>
#include <ktstr/fd.h>

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <xxhash.h>

#define KEEP_VMLINUX 8u
#define KEEP_INDEX 64u
#define ARM64_MAGIC_OFF 56u /* Documentation/arch/arm64/booting.rst */
#define RISCV_MAGIC_OFF                                       \
	56u /* Documentation/arch/riscv/boot-image-header.rst \
	     */

/** struct source - an opened file that may be a kernel */
struct source {
	const char *path;
	int fd;
	u64 size;
	size_t head_len;
	u8 head[KIMAGE_HEAD_LEN];
};

static int read_head(int fd, u64 size, u8 *head, size_t *ret_len)
{
	size_t len = KT_MIN(size, KIMAGE_HEAD_LEN);
	int err = fd__pread_all(fd, head, len, 0);

	if (!err)
		*ret_len = len;
	return err;
}

static int source__open(struct source *src, const char *path,
			struct kt_diag *diag)
{
	/* Non-blocking: a FIFO must become an error, not a hang. */
	int fd __free(fd) = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int err;

	if (fd < 0 || fstat(fd, &st))
		return diag__fail(diag, -errno, "cannot open it: %s",
				  strerror(errno));
	if (!S_ISREG(st.st_mode))
		return diag__fail(diag, S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL,
				  "not a kernel: %s",
				  S_ISDIR(st.st_mode)
					  ? "a directory; name the image in it"
					  : "not a regular file");
	src->path = path;
	src->size = (u64)st.st_size;
	err = read_head(fd, src->size, src->head, &src->head_len);
	if (err)
		return diag__fail(diag, err, "cannot read it: %s",
				  strerror(-err));
	src->fd = no_free_fd(fd);
	return 0;
}

static bool head_has(const struct source *src, size_t off, const char *text)
{
	size_t n = strlen(text);

	return src->head_len >= off + n && !memcmp(src->head + off, text, n);
}

/* Neither ELF nor bzImage: say what it looks like instead. */
static int not_a_kernel(const struct source *src, struct kt_diag *diag)
{
	static const struct {
		size_t off;
		const char *magic, *say;
	} known[] = {
		{ ARM64_MAGIC_OFF, "ARM\x64",
		  "an aarch64 Image, an x86_64 kernel is needed" },
		{ RISCV_MAGIC_OFF, "RSC\x05",
		  "a riscv Image, an x86_64 kernel is needed" },
		{ 0, "070701", "not a kernel: a cpio archive (an initrd?)" },
		{ 0, "#!", "not a kernel: a script" },
		{ 0, "!<arch>\n", "not a kernel: a package or static library" },
	};
	enum compression type = compression__detect(src->head, src->head_len);
	const u8 *h = src->head;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (head_has(src, known[i].off, known[i].magic))
			return diag__fail(diag, -ENOEXEC, "%s", known[i].say);
	if (type != COMPRESSION_NONE)
		return diag__fail(diag, -ENOEXEC,
				  "not a kernel: a %s file; unpack it, or name "
				  "the bzImage or vmlinux",
				  compression__name(type));
	if (src->head_len < 4)
		return diag__fail(diag, -ENOEXEC,
				  "not a kernel: a file of %zu bytes",
				  src->head_len);
	return diag__fail(diag, -ENOEXEC,
			  "not a kernel: neither bzImage nor vmlinux, begins "
			  "with bytes %02x %02x %02x %02x",
			  h[0], h[1], h[2], h[3]);
}

/* Payload of a bzImage, in memory; the hash is its name in the cache. */
static int read_payload(const struct source *src, const struct bzimage *bz,
			u8 **ret_buf, XXH128_hash_t *ret_hash,
			struct kt_diag *diag)
{
	u8 *buf __free(ptr) = malloc(bz->payload_len);
	int err;

	if (!buf)
		return -ENOMEM;
	err = fd__pread_all(src->fd, buf, bz->payload_len, bz->payload_off);
	if (err)
		return diag__fail(diag, err, "cannot read it: %s",
				  strerror(-err));
	*ret_hash = XXH3_128bits(buf, bz->payload_len);
	*ret_buf = no_free_ptr(buf);
	return 0;
}

static int slot__for_content(struct cache_slot *slot, XXH128_hash_t hash)
{
	char name[64];

	snprintf(name, sizeof(name), "vmlinux-%016llx%016llx",
		 (unsigned long long)hash.high64,
		 (unsigned long long)hash.low64);
	return cache_slot__init(slot, "kimage", name, hash.low64);
}

static int slot__for_index(struct cache_slot *slot, const struct source *src)
{
	char name[32];
	u64 id;
	int err = file_identity(src->path, &id);

	if (err)
		return err;
	snprintf(name, sizeof(name), "%016llx", (unsigned long long)id);
	return cache_slot__init(slot, "kimage/index", name, id);
}

static int index_read(const struct source *src, XXH128_hash_t *ret_hash)
{
	struct cache_slot slot __free(cache_slot) = { 0 };
	int fd __free(fd) = -1;
	XXH128_hash_t hash = { 0 };
	u64 len;
	int err;

	err = slot__for_index(&slot, src);
	if (!err)
		err = cache__open_sealed(slot.path, slot.key, &fd, &len);
	if (!err && len != sizeof(hash))
		err = -ENOENT;
	if (!err)
		err = fd__pread_all(fd, &hash, sizeof(hash), 0);
	if (!err)
		*ret_hash = hash;
	return err;
}

/* Write a fresh entry and make room for it. */
static int slot__publish(const struct cache_slot *slot, const void *buf,
			 size_t len, unsigned int keep, int *ret_fd)
{
	char tmp[PATH_MAX];
	int fd __free(fd) = -1;
	int err;

	err = cache__create(slot->path, tmp, sizeof(tmp), &fd);
	if (err)
		return err;
	err = fd__write_all(fd, buf, len);
	if (!err)
		err = cache__seal(fd, slot->key);
	if (err) {
		unlink(tmp);
		return err;
	}
	err = cache__publish(tmp, slot->path);
	if (err)
		return err;
	cache__trim(slot->dir, keep);
	*ret_fd = no_free_fd(fd);
	return 0;
}

/* Best effort: without it, the next run reads the payload again. */
static void index_write(const struct source *src, XXH128_hash_t hash)
{
	struct cache_slot slot __free(cache_slot) = { 0 };
	int fd __free(fd) = -1;

	if (!slot__for_index(&slot, src))
		(void)slot__publish(&slot, &hash, sizeof(hash), KEEP_INDEX,
				    &fd);
}

static int open_slot(const struct cache_slot *slot, struct kimage *ret_img)
{
	u8 head[KIMAGE_HEAD_LEN];
	int fd __free(fd) = -1;
	struct kimage img;
	size_t head_len;
	u64 len;
	int err;

	err = cache__open_sealed(slot->path, slot->key, &fd, &len);
	if (!err)
		err = read_head(fd, len, head, &head_len);
	if (!err)
		err = vmlinux__parse(head, head_len, len, &img, NULL);
	if (err)
		return err;
	*ret_img = img;
	ret_img->fd = no_free_fd(fd);
	ret_img->cache_hit = true;
	return 0;
}

static int in_memory(const void *buf, size_t len, int *ret_fd,
		     struct kt_diag *diag)
{
	int fd __free(fd) = memfd_create("ktstr-vmlinux", MFD_CLOEXEC);
	int err = fd < 0 ? -errno : fd__write_all(fd, buf, len);

	if (err)
		return diag__fail(diag, err,
				  "cannot hold the expanded kernel: %s",
				  strerror(-err));
	*ret_fd = no_free_fd(fd);
	return 0;
}

/* The kernel's build puts the expanded size behind the compressed data. */
static u32 expanded_size(const u8 *payload, u32 len)
{
	u32 size;

	memcpy(&size, payload + len - sizeof(size), sizeof(size));
	return size;
}

static int expand(const u8 *payload, u32 payload_len, void **ret_buf,
		  size_t *ret_len, struct kt_diag *diag)
{
	enum compression type = compression__detect(payload, payload_len);
	u32 want = expanded_size(payload, payload_len);
	void *buf __free(ptr) = NULL;
	size_t len;
	int err;

	if (vmlinux__match(payload, payload_len))
		return diag__fail(diag, -EOPNOTSUPP,
				  "bzImage with an uncompressed kernel; name "
				  "the vmlinux instead");
	if (type == COMPRESSION_NONE)
		return diag__fail(diag, -EINVAL,
				  "bzImage payload with unknown compression, "
				  "begins with bytes %02x %02x %02x %02x",
				  payload[0], payload[1], payload[2],
				  payload[3]);
	if (want > KIMAGE_MAX_BYTES)
		return diag__fail(diag, -EINVAL,
				  "damaged bzImage: claims to expand to %u "
				  "bytes (limit 1 GiB)",
				  want);
	err = compression__expand(payload, payload_len, want, KIMAGE_MAX_BYTES,
				  &buf, &len, diag);
	if (err)
		return err;
	if (len != want)
		return diag__fail(
			diag, -EINVAL,
			"damaged bzImage: expands to %zu bytes, it promises %u",
			len, want);
	*ret_buf = no_free_ptr(buf);
	*ret_len = len;
	return 0;
}

static int expand_to(const struct cache_slot *slot, const u8 *payload,
		     u32 payload_len, struct kimage *ret_img,
		     struct kt_diag *diag)
{
	void *buf __free(ptr) = NULL;
	int fd __free(fd) = -1;
	struct kimage img;
	size_t len = 0;
	int err;

	err = expand(payload, payload_len, &buf, &len, diag);
	if (err)
		return err;
	if (!vmlinux__match(buf, len))
		return diag__fail(
			diag, -EINVAL,
			"damaged bzImage: its payload is not a vmlinux");
	err = vmlinux__parse(buf, KT_MIN(len, (size_t)KIMAGE_HEAD_LEN), len,
			     &img, diag);
	if (err)
		return err;
	/* Read-only or full: the run goes on, the next one pays again. */
	if (!slot->path || slot__publish(slot, buf, len, KEEP_VMLINUX, &fd))
		err = in_memory(buf, len, &fd, diag);
	if (err)
		return err;
	*ret_img = img;
	ret_img->fd = no_free_fd(fd);
	return 0;
}

/* The way without an index: read the payload, maybe find it expanded. */
static int open_payload(const struct source *src, const struct bzimage *bz,
			struct kimage *ret_img, struct kt_diag *diag)
{
	struct cache_slot slot __free(cache_slot) = { 0 };
	u8 *payload __free(ptr) = NULL;
	XXH128_hash_t hash = { 0 };
	int err;

	err = read_payload(src, bz, &payload, &hash, diag);
	if (err)
		return err;
	if (slot__for_content(&slot, hash) || open_slot(&slot, ret_img))
		err = expand_to(&slot, payload, bz->payload_len, ret_img, diag);
	if (!err)
		index_write(src, hash);
	return err;
}

static int open_indexed(const struct source *src, struct kimage *ret_img)
{
	struct cache_slot slot __free(cache_slot) = { 0 };
	XXH128_hash_t hash = { 0 };
	int err;

	err = index_read(src, &hash);
	if (!err)
		err = slot__for_content(&slot, hash);
	return err ? err : open_slot(&slot, ret_img);
}

static int open_bzimage(const struct source *src, struct kimage *ret_img,
			struct kt_diag *diag)
{
	struct bzimage bz;
	int err;

	err = bzimage__parse(src->head, src->head_len, src->size, &bz, diag);
	if (!err && open_indexed(src, ret_img))
		err = open_payload(src, &bz, ret_img, diag);
	if (err)
		return err;
	ret_img->init_end = KT_MAX(ret_img->end, ret_img->start + bz.init_size);
	ret_img->align = KT_MAX(ret_img->align, (u64)bz.align);
	return 0;
}

static int open_vmlinux(struct source *src, struct kimage *ret_img,
			struct kt_diag *diag)
{
	int err = vmlinux__parse(src->head, src->head_len, src->size, ret_img,
				 diag);

	if (err)
		return err;
	ret_img->fd = no_free_fd(src->fd);
	ret_img->cache_hit = true;
	return 0;
}

int kimage__open(const char *path, struct kimage *ret_img, struct kt_diag *diag)
{
	struct source src = { .fd = -1 };
	int err = source__open(&src, path, diag);

	if (!err) {
		if (vmlinux__match(src.head, src.head_len))
			err = open_vmlinux(&src, ret_img, diag);
		else if (bzimage__match(src.head, src.head_len))
			err = open_bzimage(&src, ret_img, diag);
		else
			err = not_a_kernel(&src, diag);
	}
	if (src.fd >= 0)
		close(src.fd);
	return err ? diag__context(diag, err, "kernel %s", path) : 0;
}

int kimage__memory(const char *path, u64 *ret_bytes, struct kt_diag *diag)
{
	struct source src = { .fd = -1 };
	struct bzimage bz = { 0 };
	struct kimage img = { 0 };
	int err = source__open(&src, path, diag);

	if (err)
		return diag__context(diag, err, "kernel %s", path);
	if (vmlinux__match(src.head, src.head_len))
		err = vmlinux__parse(src.head, src.head_len, src.size, &img,
				     diag);
	else if (bzimage__match(src.head, src.head_len))
		err = bzimage__parse(src.head, src.head_len, src.size, &bz,
				     diag);
	else
		err = not_a_kernel(&src, diag);
	close(src.fd);
	if (err)
		return diag__context(diag, err, "kernel %s", path);
	*ret_bytes = KT_MAX(img.end - img.start, (u64)bz.init_size);
	return 0;
}

void kimage__close(struct kimage *img)
{
	if (img->fd >= 0)
		close(img->fd);
	*img = (struct kimage){ .fd = -1 };
}
