// SPDX-License-Identifier: GPL-2.0
/* Lookups in the dynamic linker's cache; see ldcache.h. Pure. */
#include "vmm/initramfs/ldcache.h"

#define OLD_MAGIC "ld.so-1.7.0"
#define OLD_HEADER_LEN 16u /* magic with NUL, u32 count */
#define OLD_ENTRY_LEN 12u
#define NEW_MAGIC "glibc-ld.so.cache1.1"
#define NEW_ALIGN 8u

#define FLAG_X8664_LIB6 0x0303 /* FLAG_X8664_LIB64 | FLAG_ELF_LIBC6 */

struct ldcache_header {
	char magic[20];
	u32 nr_libs;
	u32 len_strings;
	u8 flags;
	u8 pad[3];
	u32 extension_offset;
	u32 unused[3];
};
_Static_assert(sizeof(struct ldcache_header) == 48, "as on disk");

struct ldcache_entry {
	s32 flags;
	u32 key;   /* soname, offset from the header */
	u32 value; /* path */
	u32 osversion;
	u64 hwcap;
};
_Static_assert(sizeof(struct ldcache_entry) == 24, "as on disk");

static const char *string_at(const u8 *base, size_t len, u32 off)
{
	if (off >= len || !memchr(base + off, '\0', len - off))
		return NULL;
	return (const char *)base + off;
}

/* Skip the old table when there is one. */
static bool find_header(const u8 **base, size_t *len)
{
	u64 skip;
	u32 nr;

	if (*len >= OLD_HEADER_LEN && !memcmp(*base, OLD_MAGIC, 12)) {
		memcpy(&nr, *base + 12, sizeof(nr));
		skip = KT_ALIGN_UP(OLD_HEADER_LEN + (u64)nr * OLD_ENTRY_LEN,
				   NEW_ALIGN);
		if (skip >= *len)
			return false;
		*base += skip;
		*len -= skip;
	}
	return *len >= sizeof(struct ldcache_header) &&
	       !memcmp(*base, NEW_MAGIC, strlen(NEW_MAGIC));
}

const char *ldcache__lookup(const void *buf, size_t len, const char *soname)
{
	const char *variant = NULL;
	struct ldcache_header head;
	const u8 *base = buf;

	if (!find_header(&base, &len))
		return NULL;
	memcpy(&head, base, sizeof(head));
	if (head.nr_libs > (len - sizeof(head)) / sizeof(struct ldcache_entry))
		return NULL;
	for (u32 i = 0; i < head.nr_libs; i++) {
		struct ldcache_entry e;
		const char *key, *path;

		memcpy(&e, base + sizeof(head) + i * sizeof(e), sizeof(e));
		if (e.flags != FLAG_X8664_LIB6)
			continue;
		key = string_at(base, len, e.key);
		path = string_at(base, len, e.value);
		if (!key || !path || strcmp(key, soname))
			continue;
		if (!e.hwcap)
			return path;
		if (!variant)
			variant = path;
	}
	return variant;
}
