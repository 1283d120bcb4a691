// SPDX-License-Identifier: GPL-2.0
/*
 * cpio "newc" headers and the rules for names in our archives. Pure functions
 * on the caller's memory; used by pack.c and suffix.c.
 */
#include "vmm/initramfs/cpio.h"

#include <sys/stat.h>

size_t cpio__header_len(const char *name)
{
	return CPIO_ALIGN(CPIO_HEADER_LEN + strlen(name) + 1);
}

void cpio__header(void *buf, const struct cpio_entry *entry)
{
	size_t len = cpio__header_len(entry->name);
	size_t name_size = strlen(entry->name) + 1;
	char text[CPIO_HEADER_LEN + 1];
	char *p = buf;

	/* More than one link would make the kernel look for a twin. */
	snprintf(text, sizeof(text),
		 "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		 entry->ino, entry->mode, 0u, 0u,
		 S_ISDIR(entry->mode) ? 2u : 1u, 0u, (u32)entry->size, 0u, 0u,
		 entry->rdev_major, entry->rdev_minor, (u32)name_size, 0u);
	memcpy(p, text, CPIO_HEADER_LEN);
	memcpy(p + CPIO_HEADER_LEN, entry->name, name_size);
	memset(p + CPIO_HEADER_LEN + name_size, 0,
	       len - CPIO_HEADER_LEN - name_size);
}

/* NULL when fine, else what is wrong with it. */
static const char *name_fault(const char *name)
{
	const size_t trailer = strlen(CPIO_TRAILER);
	const char *p = name;

	if (!name[0])
		return "is empty";
	if (strlen(name) > CPIO_NAME_MAX)
		return "is longer than 4095 bytes";
	if (name[0] == '/')
		return "is absolute; leave the leading '/' out";
	/* Alone, or as the directory that would be made for the rest. */
	if (!strncmp(name, CPIO_TRAILER, trailer) &&
	    (!name[trailer] || name[trailer] == '/'))
		return "begins with the archive trailer's name";
	if (!strncmp(name, ".ktstr_", 7))
		return "begins with \".ktstr_\", which is reserved";
	for (;;) {
		size_t n = strcspn(p, "/");

		if (n == 0)
			return "has an empty component";
		if ((n == 1 && p[0] == '.') ||
		    (n == 2 && p[0] == '.' && p[1] == '.'))
			return "has a \".\" or \"..\" component";
		if (!p[n])
			return NULL;
		p += n + 1;
	}
}

int cpio__check_name(const char *name, struct kt_diag *diag)
{
	const char *fault = name_fault(name);

	if (!fault)
		return 0;
	return diag__fail(diag, -EINVAL, "archive path \"%.200s\" %s", name,
			  fault);
}
