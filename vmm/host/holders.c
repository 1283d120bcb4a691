// SPDX-License-Identifier: GPL-2.0
/*
 * Holders of lock files, from /proc/locks and /proc/self/mountinfo. Called by
 * the planner and `ktstr locks`. What it reads may contain any user's bytes
 * (mount points, command lines).
 */
#include "vmm/host/holders.h"

#include <limits.h>
#include <sys/stat.h>

#include <ktstr/fd.h>

#define PROC_FILE_MAX MIB(16)
#define MOUNT_LINE_MAX KIB(12)	/* more than two usual paths */
#define CMDLINE_READ_MAX MIB(4) /* an argument vector is 2 MiB by default */

static int read_proc(const char *proc, const char *name, char **ret_text,
		     struct kt_diag *diag)
{
	char path[PATH_MAX];
	int err, n = snprintf(path, sizeof(path), "%s/%s", proc, name);

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	err = fd__read_file(path, PROC_FILE_MAX, ret_text, NULL);
	return err ? diag__fail(diag, err,
				"%s: %s; without it nobody knows who holds a "
				"lock",
				path, strerror(-err))
		   : 0;
}

/*
 * The line at @text by itself: sscanf() looks for the end of its string, and
 * these files are long on busy hosts. Return: the next line.
 */
static const char *take_line(const char *text, char *line, size_t size)
{
	size_t len = strcspn(text, "\n"), n = KT_MIN(len, size - 1);

	memcpy(line, text, n);
	line[n] = '\0';
	return text + len + (text[len] == '\n');
}

/* "1: FLOCK  ADVISORY  WRITE 1234 08:02:131090 0 EOF" */
static bool parse_lock(const char *line, struct host_lock_entry *ret)
{
	char type[16], how[16];
	unsigned long long inode;
	unsigned int major, minor;
	int pid;

	if (sscanf(line, "%*20[0-9]: %15s %*15s %15s %d %x:%x:%llu", type, how,
		   &pid, &major, &minor, &inode) != 6 ||
	    strcmp(type, "FLOCK") != 0)
		return false;
	*ret = (struct host_lock_entry){ .major = major,
					 .minor = minor,
					 .inode = inode,
					 .pid = pid > 0 ? pid : 0,
					 .exclusive = !strcmp(how, "WRITE") };
	return true;
}

int host_lock_table__parse(const char *text, struct host_lock_table *table)
{
	unsigned int cap = 0;
	char line[256];

	while (*text) {
		struct host_lock_entry e, *bigger;

		text = take_line(text, line, sizeof(line));
		if (!parse_lock(line, &e))
			continue;
		if (table->nr == cap) {
			cap = cap ? 2 * cap : 64;
			bigger = reallocarray(table->entry, cap, sizeof(e));
			if (!bigger)
				return -ENOMEM;
			table->entry = bigger;
		}
		table->entry[table->nr++] = e;
	}
	return 0;
}

int host_lock_table__read(const char *proc, struct host_lock_table *ret_table,
			  struct kt_diag *diag)
{
	struct host_lock_table table __free(host_lock_table) = { 0 };
	char *locks __free(ptr) = NULL;
	int err = read_proc(proc, "locks", &locks, diag);

	if (!err)
		err = read_proc(proc, "self/mountinfo", &table.mountinfo, diag);
	if (!err)
		err = host_lock_table__parse(locks, &table);
	if (err)
		return diag__fail(diag, err, "%s/locks: %s", proc,
				  strerror(-err));
	*ret_table = table;
	table = (struct host_lock_table){ 0 };
	return 0;
}

void host_lock_table__fini(struct host_lock_table *table)
{
	free(table->entry);
	free(table->mountinfo);
	*table = (struct host_lock_table){ 0 };
}

static bool is_octal(const char *p)
{
	for (int i = 0; i < 3; i++)
		if (p[i] < '0' || p[i] > '7')
			return false;
	return true;
}

/* In place. Blanks, newlines and backslashes are "\\040" and so on. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *p = text; *p; p++) {
		if (*p == '\\' && is_octal(p + 1)) {
			*to++ = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 +
				       (p[3] - '0'));
			p += 3;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
}

static bool is_above(const char *mount, size_t len, const char *path)
{
	if (len == 1 && *mount == '/')
		return true;
	return !strncmp(mount, path, len) && (!path[len] || path[len] == '/');
}

/*
 * "36 35 98:0 /root /mount/point options ...". Return: the mount point, in
 * @line, or NULL.
 */
static char *parse_mount(char *line, u32 *ret_major, u32 *ret_minor)
{
	char *point;
	int at = 0;

	if (sscanf(line, "%*20[0-9] %*20[0-9] %u:%u %*s %n", ret_major,
		   ret_minor, &at) != 2 ||
	    !at)
		return NULL;
	point = line + at;
	point[strcspn(point, " ")] = '\0';
	unescape(point);
	return point;
}

bool mountinfo__device(const char *text, const char *path, u32 *ret_major,
		       u32 *ret_minor)
{
	char line[MOUNT_LINE_MAX];
	size_t best = 0;

	while (*text) {
		const char *point;
		u32 major, minor;
		size_t len;

		text = take_line(text, line, sizeof(line));
		point = parse_mount(line, &major, &minor);
		len = point ? strlen(point) : 0;
		/* Of mounts on one point the last one covers the others. */
		if (!len || len < best || !is_above(point, len, path))
			continue;
		best = len;
		*ret_major = major;
		*ret_minor = minor;
	}
	return best > 0;
}

unsigned int host_lock_table__each(
	const struct host_lock_table *table, const char *path,
	void (*fn)(void *ctx, const struct host_lock_entry *entry), void *ctx)
{
	char *real __free(ptr) = realpath(path, NULL);
	u32 major = 0, minor = 0;
	unsigned int nr = 0;
	struct stat st;

	if (!real || stat(real, &st) ||
	    !mountinfo__device(table->mountinfo, real, &major, &minor))
		return 0;
	for (unsigned int i = 0; i < table->nr; i++) {
		const struct host_lock_entry *e = &table->entry[i];

		if (e->inode != st.st_ino || e->major != major ||
		    e->minor != minor)
			continue;
		nr++;
		if (fn)
			fn(ctx, e);
	}
	return nr;
}

void host_cmdline(const char *proc, int pid, char buf[HOST_CMDLINE_SIZE])
{
	char *text __free(ptr) = NULL;
	char path[PATH_MAX];
	size_t len = 0, n = 0;

	snprintf(path, sizeof(path), "%s/%d/cmdline", proc, pid);
	if (pid <= 0 || fd__read_file(path, CMDLINE_READ_MAX, &text, &len) ||
	    !len) {
		snprintf(buf, HOST_CMDLINE_SIZE, "<cmdline unavailable>");
		return;
	}
	while (len && !text[len - 1])
		len--;
	for (; n < len && n < HOST_CMDLINE_MAX; n++) {
		unsigned char c = (unsigned char)text[n];

		/* A terminal obeys some bytes. */
		buf[n] = !c ? ' ' : (c < 0x20 || c > 0x7e) ? '?' : (char)c;
	}
	snprintf(buf + n, HOST_CMDLINE_SIZE - n, "%s", n < len ? "..." : "");
}
