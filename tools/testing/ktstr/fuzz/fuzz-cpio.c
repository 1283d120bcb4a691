// SPDX-License-Identifier: GPL-2.0
/*
 * Names and contents of a per-run archive: the input up to its first NUL is a
 * name, the rest its data. What is accepted is read back entry by entry as
 * the kernel's unpacker would, and no name in it may leave the root.
 */
#include "vmm/initramfs.h"
#include "vmm/initramfs/cpio.h"
#include "vmm/initramfs/inputs.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static void require(bool cond)
{
	if (!cond)
		__builtin_trap();
}

static u32 field(const u8 *header, unsigned int i)
{
	char hex[9] = "";

	memcpy(hex, header + 6 + i * 8, 8);
	return (u32)strtoul(hex, NULL, 16);
}

static void check_name(const char *name)
{
	require(name[0] && name[0] != '/' && strncmp(name, ".ktstr_", 7));
	require(strcmp(name, "..") && strncmp(name, "../", 3));
	require(!strstr(name, "/../") && !strstr(name, "//"));
	require(strlen(name) < 3 || strcmp(name + strlen(name) - 3, "/.."));
}

/* Returns how many regular files came before the trailer. */
static unsigned int read_back(const u8 *buf, size_t len, const char *want,
			      const u8 *data, size_t data_len)
{
	unsigned int files = 0;
	size_t pos = 0;

	for (;;) {
		const char *name = (const char *)buf + pos + CPIO_HEADER_LEN;
		u32 size, name_size;

		require(pos % 4 == 0 && pos + CPIO_HEADER_LEN < len);
		require(!memcmp(buf + pos, "070701", 6));
		size = field(buf + pos, 6);
		name_size = field(buf + pos, 11);
		require(pos + CPIO_HEADER_LEN + name_size <= len);
		require(strlen(name) + 1 == name_size);
		if (!strcmp(name, CPIO_TRAILER))
			return files;
		check_name(name);
		pos += CPIO_ALIGN(CPIO_HEADER_LEN + name_size);
		require(size <= len - pos);
		if (!strcmp(name, want)) {
			require(size == data_len);
			require(!size || !memcmp(buf + pos, data, size));
			files++;
		}
		pos += CPIO_ALIGN(size);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	const u8 *nul = len ? memchr(data, '\0', len) : NULL;
	struct initramfs_blob blob = { .mode = 0644 };
	struct kt_diag diag = { "" };
	void *buf = NULL;
	size_t got;

	/* A list of inputs from a damaged cache: paths are only stat()ed. */
	if (len && data[0] == 'd')
		(void)inputs__current((const char *)data, len);
	if (!nul)
		return 0;
	blob.guest_path = (const char *)data;
	blob.data = nul + 1;
	blob.len = (size_t)(data + len - (nul + 1));
	if (initramfs__suffix(&blob, 1, &buf, &got, &diag)) {
		require(diag.msg[0] && !buf);
		return 0;
	}
	require(got % 512 == 0);
	require(read_back(buf, got, blob.guest_path, blob.data, blob.len) == 1);
	free(buf);
	return 0;
}
