// SPDX-License-Identifier: GPL-2.0
/*
 * The list of an archive's inputs; see inputs.h. Filled while a base is built
 * (one thread), checked when a cached one is looked up.
 */
#include "vmm/initramfs/inputs.h"

#include <ktstr/cache.h>

#include <sys/stat.h>
#include <xxhash.h>

#define ID_DIGITS 16u

/* Overlay file systems invent a directory's inode number: time only. */
static u64 dir_identity(const char *path)
{
	struct stat st;
	u64 id[2];

	if (stat(path, &st))
		return 0;
	id[0] = (u64)st.st_mtim.tv_sec;
	id[1] = (u64)st.st_mtim.tv_nsec;
	return XXH3_64bits(id, sizeof(id));
}

static int inputs__add(struct inputs *in, char kind, u64 id, const char *path)
{
	char *record __free(ptr) = NULL;
	char *bigger;
	size_t room;
	int n;

	n = asprintf(&record, "%c%016llx%s", kind, (unsigned long long)id,
		     path);
	if (n < 0) {
		record = NULL;
		return -ENOMEM;
	}
	room = (size_t)n + 1;
	/* The same directories are searched for every library. */
	if (in->len && memmem(in->buf, in->len, record, room))
		return 0;
	bigger = realloc(in->buf, in->len + room);
	if (!bigger)
		return -ENOMEM;
	in->buf = bigger;
	memcpy(bigger + in->len, record, room);
	in->len += room;
	return 0;
}

int inputs__add_file(struct inputs *in, const char *path)
{
	u64 id;
	int err = file_identity(path, &id);

	return err ? err : inputs__add(in, 'f', id, path);
}

int inputs__add_dir(struct inputs *in, const char *path)
{
	return inputs__add(in, 'd', dir_identity(path), path);
}

static bool record_current(char kind, u64 id, const char *path)
{
	u64 now;

	if (kind == 'd')
		return dir_identity(path) == id;
	return kind == 'f' && !file_identity(path, &now) && now == id;
}

bool inputs__current(const char *buf, size_t len)
{
	while (len) {
		size_t n = strnlen(buf, len);
		char digits[ID_DIGITS + 1];
		char *end;
		u64 id;

		if (n == len || n < 1 + ID_DIGITS)
			return false;
		memcpy(digits, buf + 1, ID_DIGITS);
		digits[ID_DIGITS] = '\0';
		id = strtoull(digits, &end, 16);
		if (*end || !record_current(buf[0], id, buf + 1 + ID_DIGITS))
			return false;
		buf += n + 1;
		len -= n + 1;
	}
	return true;
}

void inputs__fini(struct inputs *in)
{
	free(in->buf);
	*in = (struct inputs){ 0 };
}
