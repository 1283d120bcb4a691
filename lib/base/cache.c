// SPDX-License-Identifier: GPL-2.0
/*
 * The per-user cache directory: where it is, how entries appear in it without
 * ever being seen half-written, and how it stays small. Called by everything
 * that keeps derived files; any number of processes may work in it at once,
 * which rename() alone makes safe.
 */
#include <ktstr/cache.h>
#include <ktstr/fd.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <time.h>
#include <xxhash.h>

#define STALE_TMP_SEC 3600
#define TOUCH_SEC 60 /* how exact recency has to be */

/** struct cache_trailer - the last bytes of a sealed entry, little-endian */
struct cache_trailer {
	char magic[8];
	u64 len; /* content bytes before the trailer */
	u64 key;
	u64 check; /* XXH3 of the fields above */
};

static const char cache_magic[8] = { 'K', 'T', 'S', 'E', 'A', 'L', '0', '1' };

DEFINE_FREE(dir, DIR *, if (_T) closedir(_T))

static const char *env_dir(const char *name)
{
	const char *val = getenv(name);

	return val && val[0] ? val : NULL;
}

int cache__root(char *buf, size_t size, struct kt_diag *diag)
{
	static const struct {
		const char *env;
		const char *below;
	} places[] = {
		{ "KTSTR_CACHE_DIR", "" },
		{ "XDG_CACHE_HOME", "/ktstr" },
		{ "HOME", "/.cache/ktstr" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const char *dir = env_dir(places[i].env);
		int n;

		if (!dir)
			continue;
		n = snprintf(buf, size, "%s%s", dir, places[i].below);
		if (n < 0 || (size_t)n >= size)
			return diag__fail(
				diag, -ENAMETOOLONG,
				"cache directory from %s is longer than %zu "
				"bytes; set KTSTR_CACHE_DIR to a shorter path",
				places[i].env, size - 1);
		return 0;
	}
	return diag__fail(diag, -ENOENT,
			  "no cache directory: set KTSTR_CACHE_DIR or HOME");
}

int cache__dir(const char *sub, char *buf, size_t size, struct kt_diag *diag)
{
	struct stat st;
	size_t len;
	int err, n;

	err = cache__root(buf, size, diag);
	if (err)
		return err;
	len = strlen(buf);
	n = snprintf(buf + len, size - len, "/%s", sub);
	if (n < 0 || (size_t)n >= size - len)
		return diag__fail(
			diag, -ENAMETOOLONG,
			"cache directory path with \"/%s\" is longer than %zu "
			"bytes; set KTSTR_CACHE_DIR to a shorter path",
			sub, size - 1);
	if (stat(buf, &st) == 0)
		err = S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	else
		err = fd__mkdirs(buf);
	if (!err)
		return 0;
	return diag__fail(diag, err,
			  "cannot use cache directory %s: %s; set "
			  "KTSTR_CACHE_DIR to a writable directory",
			  buf, strerror(-err));
}

int cache_slot__init(struct cache_slot *slot, const char *sub, const char *name,
		     u64 key)
{
	struct cache_slot fresh __free(cache_slot) = { .key = key };
	char dir[PATH_MAX];
	int err = cache__dir(sub, dir, sizeof(dir), NULL);

	*slot = (struct cache_slot){ 0 };
	if (err)
		return err;
	fresh.dir = strdup(dir);
	if (asprintf(&fresh.path, "%s/%s", dir, name) < 0)
		fresh.path = NULL;
	if (!fresh.dir || !fresh.path)
		return -ENOMEM;
	*slot = fresh;
	fresh = (struct cache_slot){ 0 };
	return 0;
}

void cache_slot__fini(struct cache_slot *slot)
{
	free(slot->dir);
	free(slot->path);
	*slot = (struct cache_slot){ 0 };
}

int cache__create(const char *path, char *tmp_path, size_t size, int *ret_fd)
{
	int n = snprintf(tmp_path, size, "%s.tmp.XXXXXX", path);
	int fd;

	if (n < 0 || (size_t)n >= size)
		return -ENAMETOOLONG;
	fd = mkostemp(tmp_path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static u64 trailer_check(const struct cache_trailer *t)
{
	return XXH3_64bits(t, offsetof(struct cache_trailer, check));
}

int cache__seal(int fd, u64 key)
{
	off_t end = lseek(fd, 0, SEEK_END);
	struct cache_trailer t = { .key = key };

	if (end < 0)
		return -errno;
	memcpy(t.magic, cache_magic, sizeof(t.magic));
	t.len = (u64)end;
	t.check = trailer_check(&t);
	return fd__write_all(fd, &t, sizeof(t));
}

int cache__open_sealed(const char *path, u64 key, int *ret_fd, u64 *ret_len)
{
	int fd __free(fd) = open(path, O_RDONLY | O_CLOEXEC);
	struct cache_trailer t;
	struct stat st;
	u64 len;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || (u64)st.st_size < sizeof(t))
		return -ENOENT;
	len = (u64)st.st_size - sizeof(t);
	if (fd__pread_all(fd, &t, sizeof(t), len))
		return -ENOENT;
	if (memcmp(t.magic, cache_magic, sizeof(t.magic)) || t.len != len ||
	    t.key != key || t.check != trailer_check(&t))
		return -ENOENT;
	/*
	 * Recency for cache__trim(); a read-only cache just loses it. Not on
	 * every use: a changed time can make a FUSE client drop the file's
	 * pages, and softkvm reads the cache through one.
	 */
	if (st.st_mtim.tv_sec + TOUCH_SEC < time(NULL))
		(void)futimens(fd, NULL);
	*ret_fd = no_free_fd(fd);
	*ret_len = len;
	return 0;
}

int cache__publish(const char *tmp_path, const char *path)
{
	int err;

	if (rename(tmp_path, path) == 0)
		return 0;
	err = -errno;
	unlink(tmp_path);
	return err;
}

struct trim_file {
	struct timespec mtime;
	char name[NAME_MAX + 1];
};

static int newest_first(const void *pa, const void *pb)
{
	const struct trim_file *a = pa, *b = pb;

	if (a->mtime.tv_sec != b->mtime.tv_sec)
		return a->mtime.tv_sec < b->mtime.tv_sec ? 1 : -1;
	if (a->mtime.tv_nsec != b->mtime.tv_nsec)
		return a->mtime.tv_nsec < b->mtime.tv_nsec ? 1 : -1;
	return strcmp(a->name, b->name);
}

/* true when @st is a live entry; removes what a killed writer left behind. */
static bool trim_is_entry(int dir_fd, const char *name, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return false;
	if (!strstr(name, ".tmp."))
		return true;
	if (st->st_mtim.tv_sec + STALE_TMP_SEC < time(NULL))
		(void)unlinkat(dir_fd, name, 0);
	return false;
}

void cache__trim(const char *dir, unsigned int keep)
{
	struct trim_file *files __free(ptr) = NULL;
	DIR *d __free(dir) = opendir(dir);
	size_t nr = 0, cap = 0;
	struct dirent *de;

	if (!d)
		return;
	while ((de = readdir(d))) {
		struct stat st;

		if (fstatat(dirfd(d), de->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    !trim_is_entry(dirfd(d), de->d_name, &st))
			continue;
		if (nr == cap) {
			size_t want = cap ? cap * 2 : 32;
			void *bigger = realloc(files, want * sizeof(*files));

			if (!bigger)
				return;
			files = bigger;
			cap = want;
		}
		files[nr].mtime = st.st_mtim;
		snprintf(files[nr].name, sizeof(files[nr].name), "%s",
			 de->d_name);
		nr++;
	}
	if (nr <= keep)
		return;
	qsort(files, nr, sizeof(*files), newest_first);
	for (size_t i = keep; i < nr; i++)
		(void)unlinkat(dirfd(d), files[i].name, 0);
}

int file_identity(const char *path, u64 *ret_hash)
{
	struct stat st;
	u64 id[6];

	if (stat(path, &st))
		return -errno;
	id[0] = (u64)st.st_ino;
	id[1] = (u64)st.st_size;
	id[2] = (u64)st.st_mtim.tv_sec;
	id[3] = (u64)st.st_mtim.tv_nsec;
	id[4] = (u64)st.st_ctim.tv_sec;
	id[5] = (u64)st.st_ctim.tv_nsec;
	*ret_hash = XXH3_64bits_withSeed(id, sizeof(id),
					 XXH3_64bits(path, strlen(path)));
	return 0;
}
