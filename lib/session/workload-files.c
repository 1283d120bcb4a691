// SPDX-License-Identifier: GPL-2.0
/*
 * Which files a workload takes into its guest: the program with its chain of
 * interpreters, and what was asked to be included. Libraries are found later,
 * when the ramdisk is built.
 */
#include "lib/session/workload.h"

#include <ktstr/fd.h>

#include <ctype.h>
#include <elf.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <sys/stat.h>

#define INCLUDE_DIR "/include-files"
#define INTERPRETERS_MAX 4 /* BINPRM_MAX_RECURSION, less one */
#define HEAD_LEN 256u	   /* BINPRM_BUF_SIZE */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int workload__add_file(struct workload *w, const char *guest, const char *host,
		       struct kt_diag *diag)
{
	char *g __free(ptr) = strdup(guest + 1);
	char *h __free(ptr) = strdup(host);
	struct initramfs_file *bigger;

	(void)diag;
	bigger = reallocarray(w->files, w->nr_files + 1, sizeof(*bigger));
	if (bigger)
		w->files = bigger;
	if (!g || !h || !bigger)
		return -ENOMEM;
	w->files[w->nr_files++] =
		(struct initramfs_file){ no_free_ptr(g), no_free_ptr(h) };
	return 0;
}

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

int workload__find(const char *name, char **ret_path)
{
	const char *dir = getenv("PATH");

	if (strchr(name, '/')) {
		*ret_path = strdup(name);
		return *ret_path ? 0 : -ENOMEM;
	}
	for (dir = dir ? dir : "/usr/bin:/bin"; *dir;) {
		size_t len = strcspn(dir, ":");
		char *path __free(ptr) = NULL;

		if (asprintf(&path, "%.*s%s%s", (int)len, dir, len ? "/" : "",
			     name) < 0) {
			path = NULL;
			return -ENOMEM;
		}
		if (is_program(path)) {
			*ret_path = no_free_ptr(path);
			return 0;
		}
		dir += len + (dir[len] == ':');
	}
	return -ENOENT;
}

/* The guest has file systems of its own there. */
static int check_visible(const char *guest, struct kt_diag *diag)
{
	static const char *const hidden[] = { "/proc/", "/sys/", "/dev/" };

	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		if (!strncmp(guest, hidden[i], strlen(hidden[i])))
			return diag__fail(
				diag, -EINVAL,
				"%s: the guest mounts its own %.*s over it; "
				"copy it elsewhere",
				guest, (int)strlen(hidden[i]) - 1, hidden[i]);
	return 0;
}

/* Drop the last component of the absolute path @path. */
static size_t up(char *path, size_t len)
{
	while (len && path[len - 1] != '/')
		len--;
	return len ? len - 1 : 0;
}

/*
 * Absolute and without "." and "..", by text alone: that is how the guest will
 * see the caller's words, because it has directories only, no links.
 */
static char *plain_path(const char *cwd, const char *path)
{
	char *out = malloc(strlen(cwd) + strlen(path) + 2);
	size_t len = 0;

	if (!out)
		return NULL;
	if (path[0] != '/' && strcmp(cwd, "/")) {
		len = strlen(cwd);
		memcpy(out, cwd, len);
	}
	while (*(path += strspn(path, "/"))) {
		size_t part = strcspn(path, "/");

		if (part == 2 && !memcmp(path, "..", 2)) {
			len = up(out, len);
		} else if (part != 1 || path[0] != '.') {
			out[len++] = '/';
			memcpy(out + len, path, part);
			len += part;
		}
		path += part;
	}
	out[len] = '\0';
	return out;
}

/* --- program and interpreters ---------------------------------------------*/

struct head {
	size_t len;
	union {
		char text[HEAD_LEN + 1];
		Elf64_Ehdr elf; /* e_machine is where ELF32 has it */
	};
};

static int read_head(const char *path, struct head *head, struct kt_diag *diag)
{
	int fd __free(fd) = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		return diag__fail(diag, -errno, "%s: %s", path,
				  strerror(errno));
	if (!S_ISREG(st.st_mode))
		return diag__fail(diag, -EACCES, "%s: %s, not a program", path,
				  S_ISDIR(st.st_mode) ? "a directory"
						      : "no regular file");
	if (!(st.st_mode & 0111))
		return diag__fail(diag, -EACCES,
				  "%s: not executable (chmod +x)", path);
	n = read(fd, head->text, HEAD_LEN);
	if (n < 0)
		return diag__fail(diag, -errno, "%s: %s", path,
				  strerror(errno));
	head->len = (size_t)n;
	head->text[n] = '\0';
	return 0;
}

static int check_elf(const char *path, const struct head *head,
		     struct kt_diag *diag)
{
	u16 machine = head->elf.e_machine;

	if (head->len < sizeof(Elf32_Ehdr))
		return diag__fail(diag, -ENOEXEC, "%s: a damaged ELF file",
				  path);
	if (head->elf.e_ident[EI_DATA] != ELFDATA2LSB ||
	    (machine != EM_X86_64 && machine != EM_386))
		return diag__fail(diag, -ENOEXEC,
				  "%s: made for ELF machine %u, the guest is "
				  "x86_64 (62)",
				  path, machine);
	return 0;
}

/* Next word of a #! line, cut off in place; NULL when there is none. */
static char *next_word(char **pos)
{
	char *word = *pos + strspn(*pos, " \t");
	size_t len = strcspn(word, " \t");

	if (!len)
		return NULL;
	*pos = word + len;
	if (**pos)
		*(*pos)++ = '\0';
	return word;
}

static int add_program(struct workload *w, const char *guest, const char *host,
		       int depth, struct kt_diag *diag);

/* What "env [-S] [NAME=VALUE...] PROGRAM" would start. */
static int add_env_target(struct workload *w, char *rest, int depth,
			  struct kt_diag *diag)
{
	char *name, *path __free(ptr) = NULL, *dir __free(ptr) = NULL;
	char *guest __free(ptr) = NULL;
	int err;

	do
		name = next_word(&rest);
	while (name && (name[0] == '-' || strchr(name, '=')));
	if (!name)
		return 0;
	if (workload__find(name, &path))
		return diag__fail(diag, -ENOENT,
				  "interpreter %s is not in PATH; install it",
				  name);
	guest = plain_path(w->cwd, path);
	if (!guest)
		return -ENOMEM;
	dir = strndup(guest, (size_t)(base_name(guest) - guest - 1));
	err = strings__add(&w->more_dirs, no_free_ptr(dir));
	return err ? err : add_program(w, guest, path, depth, diag);
}

static int add_interpreter(struct workload *w, const char *script, char *line,
			   int depth, struct kt_diag *diag)
{
	char *interp, *guest __free(ptr) = NULL;
	int err;

	line[strcspn(line, "\r\n")] = '\0';
	interp = next_word(&line);
	if (!interp || interp[0] != '/')
		return diag__fail(diag, -ENOEXEC,
				  "%s: its first line names no interpreter by "
				  "an absolute path",
				  script);
	if (access(interp, F_OK))
		return diag__fail(diag, -ENOENT,
				  "%s: its interpreter %s is not here; install "
				  "it",
				  script, interp);
	if (depth == INTERPRETERS_MAX)
		return diag__fail(diag, -ELOOP,
				  "%s: more than %d interpreters in a chain",
				  script, INTERPRETERS_MAX);
	guest = plain_path("/", interp);
	err = guest ? add_program(w, guest, interp, depth + 1, diag) : -ENOMEM;
	if (!err && !strcmp(base_name(interp), "env"))
		err = add_env_target(w, line, depth + 1, diag);
	return err;
}

static int add_program(struct workload *w, const char *guest, const char *host,
		       int depth, struct kt_diag *diag)
{
	struct head head;
	int err = check_visible(guest, diag);

	if (!err)
		err = read_head(host, &head, diag);
	if (!err)
		err = workload__add_file(w, guest, host, diag);
	if (err)
		return err;
	if (head.len > SELFMAG && !memcmp(head.text, ELFMAG, SELFMAG))
		return check_elf(host, &head, diag);
	if (!strncmp(head.text, "#!", 2))
		return add_interpreter(w, host, head.text + 2, depth, diag);
	return diag__fail(diag, -ENOEXEC,
			  "%s: neither an ELF program nor a script with a #! "
			  "line",
			  host);
}

/* A KTAP description and a file name: nothing that means something there. */
static void set_name(struct workload *w, const char *path)
{
	snprintf(w->name, sizeof(w->name), "%s", base_name(path));
	for (char *p = w->name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
			*p = '_';
}

int workload__program(struct workload *w, int argc, char *const *argv,
		      struct kt_diag *diag)
{
	char *host __free(ptr) = NULL, *guest __free(ptr) = NULL;
	int err = workload__find(argv[0], &host);

	if (err)
		return diag__fail(diag, err, "%s: no such program in PATH",
				  argv[0]);
	w->cwd = getcwd(NULL, 0);
	if (!w->cwd)
		return diag__fail(diag, -errno, "working directory: %s",
				  strerror(errno));
	/* A script learns the words it was called by, so they are kept. */
	guest = plain_path(w->cwd, host);
	w->path = strdup(strchr(argv[0], '/') ? argv[0] : guest ? guest : "");
	if (!guest || !w->path)
		return -ENOMEM;
	set_name(w, host);
	snprintf(w->words, sizeof(w->words), " KTSTR_MODE=exec");
	for (int i = 0; i < argc && !err; i++)
		err = strings__add(&w->argv, strdup(argv[i]));
	return err ? err : add_program(w, guest, host, 0, diag);
}

/* --- includes -------------------------------------------------------------*/

static int note_executable(struct workload *w, const char *guest)
{
	char *dir = strndup(guest, (size_t)(base_name(guest) - guest - 1));

	for (size_t i = 0; dir && i < w->path_dirs.nr; i++)
		if (!strcmp(w->path_dirs.v[i], dir)) {
			free(dir);
			return 0;
		}
	return strings__add(&w->path_dirs, dir);
}

static int include_file(struct workload *w, const char *host, const char *name,
			const struct stat *st, struct kt_diag *diag)
{
	char *guest __free(ptr) = NULL;
	int err;

	if (!S_ISREG(st->st_mode))
		return diag__fail(diag, -EINVAL,
				  "cannot include %s: not a regular file",
				  host);
	if (asprintf(&guest, INCLUDE_DIR "/%s", name) < 0) {
		guest = NULL;
		return -ENOMEM;
	}
	err = workload__add_file(w, guest, host, diag);
	if (!err && (st->st_mode & 0111))
		err = note_executable(w, guest);
	return err;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int include_entry(struct workload *w, const FTSENT *e, size_t skip,
			 struct kt_diag *diag)
{
	switch (e->fts_info) {
	case FTS_D:
	case FTS_DP:
		return 0;
	case FTS_DC:
		return diag__fail(diag, -ELOOP,
				  "cannot include %s: it leads back to %s",
				  e->fts_path, e->fts_cycle->fts_path);
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
	case FTS_SLNONE:
		return diag__fail(diag, e->fts_errno ? -e->fts_errno : -ENOENT,
				  "cannot include %s: %s", e->fts_path,
				  e->fts_errno ? strerror(e->fts_errno)
					       : "a link to nothing");
	default:
		return include_file(w, e->fts_path, e->fts_path + skip,
				    e->fts_statp, diag);
	}
}

static int include_dir(struct workload *w, const char *dir,
		       struct kt_diag *diag)
{
	/* Canonical, so that "." and "x/" have a last component. */
	char *real __free(ptr) = realpath(dir, NULL);
	char *roots[] = { real, NULL };
	size_t skip = real ? (size_t)(base_name(real) - real) : 0;
	const FTSENT *e;
	int err = 0;
	FTS *fts;

	fts = real ? fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name) : NULL;
	if (!fts)
		return diag__fail(diag, -errno, "cannot include %s: %s", dir,
				  strerror(errno));
	while (!err && (e = fts_read(fts)))
		err = include_entry(w, e, skip, diag);
	fts_close(fts);
	return err;
}

int workload__include(struct workload *w, const char *spec,
		      struct kt_diag *diag)
{
	char *path __free(ptr) = NULL;
	struct stat st;
	int err;

	err = !access(spec, F_OK) ? ((path = strdup(spec)) ? 0 : -ENOMEM)
				  : workload__find(spec, &path);
	if (err)
		return diag__fail(diag, err,
				  "cannot include %s: neither here nor in PATH",
				  spec);
	if (stat(path, &st))
		return diag__fail(diag, -errno, "cannot include %s: %s", path,
				  strerror(errno));
	return S_ISDIR(st.st_mode)
		       ? include_dir(w, path, diag)
		       : include_file(w, path, base_name(path), &st, diag);
}
