// SPDX-License-Identifier: GPL-2.0
/*
 * Finding the kernel to boot. Called once per run by the session and by
 * `ktstr vm`; reads the environment, the working directory and the cache,
 * keeps nothing. Whether the image is any good is kimage's question.
 */
#include <ktstr/kernel.h>
#include <ktstr/cache.h>
#include <ktstr/fd.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#define BZIMAGE "arch/x86/boot/bzImage"
#define TEST_PREFIX "test-"
#define SETUP_HINT "run scripts/setup to fetch the default kernel"

/* Documentation/arch/x86/boot.rst: kernel_version, relative to 0x200 */
#define OFF_MAGIC 0x202u
#define OFF_KERNEL_VERSION 0x20eu
#define HEADER_LEN 0x210u
#define RELEASE_MAX 64u /* struct utsname, less its NUL */

DEFINE_FREE(dir, DIR *, if (_T) closedir(_T))

__attribute__((format(printf, 3, 4))) static int put(char *buf, size_t size,
						     const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n >= 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

/* NULL when out of memory; paths live on the heap, there are many of them. */
__attribute__((format(printf, 1, 2))) static char *text(const char *fmt, ...)
{
	char *buf;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&buf, fmt, ap);
	va_end(ap);
	return n < 0 ? NULL : buf;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool has(const char *dir, const char *name)
{
	char *path __free(ptr) = text("%s/%s", dir, name);

	return path && access(path, F_OK) == 0;
}

static bool release_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("._+~-", c));
}

/* One path component without surprises; also fit for `uname -r`. */
static bool plain_name(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > NAME_MAX || name[0] == '.')
		return false;
	for (; *name; name++)
		if (!release_char(*name))
			return false;
	return true;
}

/* Cut at the first byte that no release has; false when nothing is left. */
static bool cut_release(char *text)
{
	char *p = text;

	while (release_char(*p))
		p++;
	*p = '\0';
	return plain_name(text);
}

static bool read_release(const char *dir, const char *name, char *buf,
			 size_t size)
{
	char *path __free(ptr) = text("%s/%s", dir, name);
	char *line __free(ptr) = NULL;

	if (!path || fd__read_file(path, 4096, &line, NULL) ||
	    !cut_release(line))
		return false;
	return !put(buf, size, "%s", line);
}

/* A bzImage carries its `uname -r`; a vmlinux gives none. */
static bool image_release(const char *image, char *buf, size_t size)
{
	int fd __free(fd) = open(image, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	u8 head[HEADER_LEN];
	u16 off;
	ssize_t n;

	if (fd < 0 || fd__pread_all(fd, head, sizeof(head), 0) ||
	    memcmp(head + OFF_MAGIC, "HdrS", 4))
		return false;
	memcpy(&off, head + OFF_KERNEL_VERSION, sizeof(off));
	if (!off)
		return false;
	n = pread(fd, buf, size - 1, 0x200 + (off_t)off);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	return cut_release(buf);
}

static int set_image(struct kernel_ref *ref, const char *image,
		     struct kt_diag *diag)
{
	char *real __free(ptr) = realpath(image, NULL);

	if (!real)
		return diag__fail(diag, -errno, "kernel %s: %s", image,
				  strerror(errno));
	if (put(ref->image, sizeof(ref->image), "%s", real))
		return diag__fail(diag, -ENAMETOOLONG,
				  "kernel %s: path is longer than %zu bytes",
				  image, sizeof(ref->image) - 1);
	return 0;
}

static bool set_modules(struct kernel_ref *ref, const char *base,
			const char *release)
{
	if (!put(ref->modules_dir, sizeof(ref->modules_dir),
		 "%s/lib/modules/%s", base, release) &&
	    is_dir(ref->modules_dir))
		return true;
	ref->modules_dir[0] = '\0';
	return false;
}

/* The first of the usual places that has modules for @release. */
static void find_modules(struct kernel_ref *ref, const char *release)
{
	char *dir __free(ptr) = strdup(ref->image);
	char *slash;

	for (int up = 0; dir && up < 2 && (slash = strrchr(dir, '/')); up++) {
		*slash = '\0';
		if (set_modules(ref, dir, release))
			return;
	}
	set_modules(ref, "", release);
}

static void set_name(struct kernel_ref *ref, const char *name)
{
	/* For reports only: cut rather than refused. */
	snprintf(ref->name, sizeof(ref->name), "%.*s",
		 (int)sizeof(ref->name) - 1, name);
}

static int use_image(struct kernel_ref *ref, const char *image,
		     struct kt_diag *diag)
{
	char release[RELEASE_MAX + 1];
	const char *base = strrchr(image, '/');
	int err = set_image(ref, image, diag);

	if (err)
		return err;
	set_name(ref, base ? base + 1 : image);
	if (image_release(ref->image, release, sizeof(release)))
		find_modules(ref, release);
	return 0;
}

static int use_tree(struct kernel_ref *ref, const char *dir,
		    struct kt_diag *diag)
{
	char *image __free(ptr) = text("%s/" BZIMAGE, dir);
	char release[RELEASE_MAX + 1];
	int err = image ? use_image(ref, image, diag) : -ENOMEM;

	if (!err && read_release(dir, "include/config/kernel.release", release,
				 sizeof(release)))
		set_name(ref, release);
	return err;
}

static int use_entry(struct kernel_ref *ref, const char *dir,
		     struct kt_diag *diag)
{
	char *image __free(ptr) = NULL;
	char *real __free(ptr) = realpath(dir, NULL);
	char release[RELEASE_MAX + 1];
	int err;

	if (!real)
		return diag__fail(diag, -errno, "cached kernel %s: %s", dir,
				  strerror(errno));
	image = text("%s/vmlinuz", real);
	err = image ? set_image(ref, image, diag) : -ENOMEM;
	if (err)
		return err;
	set_name(ref, strrchr(real, '/') + 1);
	if (!read_release(real, "release", release, sizeof(release)))
		return diag__fail(
			diag, -EINVAL,
			"cached kernel %s: no usable file \"release\"; remove "
			"the directory and " SETUP_HINT,
			real);
	set_modules(ref, real, release);
	return 0;
}

static bool is_entry(const char *dir)
{
	return has(dir, "complete") && has(dir, "vmlinuz");
}

static int resolve_path(struct kernel_ref *ref, const char *path,
			struct kt_diag *diag)
{
	struct stat st;

	if (stat(path, &st))
		return diag__fail(
			diag, -errno,
			"kernel %.500s: %s; name an image, a build tree "
			"or a cached kernel",
			path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return use_image(ref, path, diag);
	if (is_entry(path))
		return use_entry(ref, path, diag);
	if (has(path, BZIMAGE))
		return use_tree(ref, path, diag);
	if (has(path, "Kbuild") && has(path, "Makefile"))
		return diag__fail(diag, -ENOENT,
				  "kernel tree %s has no " BZIMAGE
				  "; build it: make -C %s bzImage",
				  path, path);
	return diag__fail(diag, -ENOENT,
			  "kernel %s: a directory that is neither a kernel "
			  "build tree (no " BZIMAGE
			  ") nor a complete cache entry (vmlinuz, complete)",
			  path);
}

static int resolve_word(struct kernel_ref *ref, const char *word,
			struct kt_diag *diag)
{
	char *dir __free(ptr) = NULL;
	char root[PATH_MAX];
	int err;

	if (!plain_name(word))
		return diag__fail(diag, -EINVAL,
				  "kernel \"%.100s\" is no name of a cached "
				  "kernel (letters, digits and ._+~- only); "
				  "write ./NAME for a file in this directory",
				  word);
	err = cache__root(root, sizeof(root), diag);
	if (err)
		return err;
	dir = text("%s/kernels/%s", root, word);
	if (!dir)
		return -ENOMEM;
	if (is_entry(dir))
		return use_entry(ref, dir, diag);
	return diag__fail(
		diag, -ENOENT,
		"no complete kernel \"%s\" in %s/kernels%s; write ./%s for a "
		"file in this directory, or " SETUP_HINT,
		word, root,
		access(word, F_OK) ? "" : " (a file here has that name)", word);
}

/* Upwards from the working directory: Makefile, Kbuild and a bzImage. */
static int find_tree(struct kernel_ref *ref, struct kt_diag *diag)
{
	char *dir __free(ptr) = getcwd(NULL, 0);
	char *slash;

	while (dir) {
		if (has(dir, "Makefile") && has(dir, "Kbuild") &&
		    has(dir, BZIMAGE))
			return use_tree(ref, dir, diag);
		slash = strrchr(dir, '/');
		if (!slash || slash == dir)
			return -ENOENT;
		*slash = '\0';
	}
	return -ENOENT;
}

static bool newer(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec
				      : a->tv_nsec > b->tv_nsec;
}

/* Is @name a complete test kernel; since when? */
static bool test_kernel(const char *dir, const char *name,
			struct timespec *ret_time)
{
	char *mark __free(ptr) = text("%s/complete", dir);
	struct stat st;

	if (strncmp(name, TEST_PREFIX, strlen(TEST_PREFIX)) ||
	    !plain_name(name) || !mark || stat(mark, &st) || !is_entry(dir))
		return false;
	*ret_time = st.st_mtim;
	return true;
}

static int find_test_kernel(struct kernel_ref *ref, const char *kernels,
			    struct kt_diag *diag)
{
	DIR *d __free(dir) = opendir(kernels);
	char *best __free(ptr) = NULL;
	struct timespec best_time = { 0 }, at;
	struct dirent *de;

	while (d && (de = readdir(d))) {
		char *dir __free(ptr) = text("%s/%s", kernels, de->d_name);

		if (!dir)
			return -ENOMEM;
		if (!test_kernel(dir, de->d_name, &at) ||
		    (best && !newer(&at, &best_time)))
			continue;
		best_time = at;
		free(best);
		best = no_free_ptr(dir);
	}
	return best ? use_entry(ref, best, diag) : -ENOENT;
}

static int find_default(struct kernel_ref *ref, const char *kernels,
			struct kt_diag *diag)
{
	char *dir __free(ptr) = text("%s/default", kernels);

	if (!dir)
		return -ENOMEM;
	return is_entry(dir) ? use_entry(ref, dir, diag) : -ENOENT;
}

static int nothing_found(const char *kernels, struct kt_diag *diag)
{
	char *cwd __free(ptr) = getcwd(NULL, 0);

	return diag__fail(
		diag, -ENOENT,
		"no kernel to boot: KTSTR_KERNEL is not set, no built kernel "
		"tree at or above %s, nothing complete in %s; " SETUP_HINT
		", or set KTSTR_KERNEL",
		cwd ? cwd : "the working directory", kernels);
}

static int discover(struct kernel_ref *ref, struct kt_diag *diag)
{
	char *kernels __free(ptr) = NULL;
	char root[PATH_MAX];
	int err = find_tree(ref, diag);

	if (err != -ENOENT)
		return err;
	err = cache__root(root, sizeof(root), diag);
	if (err)
		return err;
	kernels = text("%s/kernels", root);
	if (!kernels)
		return -ENOMEM;
	err = find_test_kernel(ref, kernels, diag);
	if (err == -ENOENT)
		err = find_default(ref, kernels, diag);
	return err == -ENOENT ? nothing_found(kernels, diag) : err;
}

int kernel__resolve(const char *spec, struct kernel_ref *ret_ref,
		    struct kt_diag *diag)
{
	struct kernel_ref *ref __free(ptr) = calloc(1, sizeof(*ref));
	int err;

	if (!ref)
		return -ENOMEM;
	if (!spec || !spec[0])
		spec = getenv("KTSTR_KERNEL");
	if (!spec || !spec[0])
		err = discover(ref, diag);
	else if (strchr(spec, '/'))
		err = resolve_path(ref, spec, diag);
	else
		err = resolve_word(ref, spec, diag);
	if (!err)
		*ret_ref = *ref;
	return err;
}
