// SPDX-License-Identifier: GPL-2.0
/*
 * The base of an initial ramdisk: found in the cache or built. Called once per
 * run by the session; any number of processes may build the same base at once.
 *
 * A cache entry is
 *
 *	archive, a multiple of the page size long
 *	list of inputs (inputs.h)
 *	u64 length of the archive
 *	trailer of cache__seal()
 *
 * and is named after the specification it was made for. Whether its inputs
 * changed since then is asked of the file system on each use.
 */
#include "vmm/initramfs.h"
#include "vmm/initramfs/closure.h"
#include "vmm/initramfs/cpio.h"
#include "vmm/initramfs/modules.h"

#include <ktstr/cache.h>
#include <ktstr/fd.h>

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#define XXH_STATIC_LINKING_ONLY /* the state's size */
#include <xxhash.h>

#define BASE_FORMAT "ktstr-initramfs-1"
#define BASE_MARKER ".ktstr_init_ok"
#define BASE_KEEP 16u
#define INPUTS_MAX MIB(1)

#define SELF_EXE "/proc/self/exe"
#define DELETED " (deleted)" /* the kernel's d_path() */

DEFINE_FREE(pack, struct pack, pack__fini(&_T))

/* Where this program was started from, whether it is still there or not. */
static bool self_name(char *buf, size_t size)
{
	ssize_t n = readlink(SELF_EXE, buf, size - 1);
	size_t cut = strlen(DELETED);

	if (n < 0)
		return false;
	buf[n] = '\0';
	if ((size_t)n > cut && !strcmp(buf + (size_t)n - cut, DELETED) &&
	    access(buf, F_OK))
		buf[(size_t)n - cut] = '\0';
	return true;
}

/*
 * A program deleted while it runs is gone from its path, not from here. @init
 * may be the path it had, or what the kernel made of that.
 */
static const char *init_source(const char *init)
{
	char self[PATH_MAX];
	size_t n;

	if (!access(init, F_OK) || !self_name(self, sizeof(self)))
		return init;
	n = strlen(self);
	if (strncmp(init, self, n) || (init[n] && strcmp(init + n, DELETED)))
		return init;
	return SELF_EXE;
}

static void hash_text(XXH3_state_t *state, const char *text)
{
	/* With the NUL, or "ab","c" would be "a","bc". */
	XXH3_64bits_update(state, text ? text : "",
			   text ? strlen(text) + 1 : 1);
}

static int spec_key(const struct initramfs_spec *spec, u64 *ret_key,
		    struct kt_diag *diag)
{
	XXH3_state_t state;
	int err;
	u64 id;

	err = file_identity(init_source(spec->init), &id);
	if (err)
		return diag__fail(diag, err, "cannot pack %s as init: %s",
				  spec->init, strerror(-err));
	XXH3_64bits_reset(&state);
	hash_text(&state, BASE_FORMAT);
	hash_text(&state, spec->init);
	XXH3_64bits_update(&state, &id, sizeof(id));
	hash_text(&state, getenv("LD_LIBRARY_PATH"));
	XXH3_64bits_update(&state, &spec->nr_files, sizeof(spec->nr_files));
	for (unsigned int i = 0; i < spec->nr_files; i++) {
		hash_text(&state, spec->files[i].guest_path);
		hash_text(&state, spec->files[i].host_path);
	}
	hash_text(&state, spec->modules_dir);
	for (unsigned int i = 0; spec->modules_dir && i < spec->nr_modules; i++)
		hash_text(&state, spec->modules[i]);
	*ret_key = XXH3_64bits_digest(&state);
	return 0;
}

/*
 * The kernel and ld.so read what program headers name. Cutting the file there
 * drops symbols and debug data, the larger part of a test program; the ELF
 * header must then no longer point at the section headers, which went too.
 */
static int cut_sections(int fd, const struct elf_info *info,
			struct pack_entry *e)
{
	Elf64_Ehdr eh;
	int err = fd__pread_all(fd, &eh, sizeof(eh), 0);

	if (err)
		return err;
	if (info->file_end < sizeof(eh) || info->file_end >= e->size)
		return 0;
	eh.e_shoff = 0;
	eh.e_shnum = 0;
	eh.e_shstrndx = SHN_UNDEF;
	_Static_assert(sizeof(eh) == PACK_HEAD_LEN, "the header fits");
	memcpy(e->head, &eh, sizeof(eh));
	e->head_len = sizeof(eh);
	e->size = info->file_end;
	return 0;
}

static int not_elf(const char *init, int fd, struct kt_diag *diag)
{
	char start[2];

	if (!fd__pread_all(fd, start, sizeof(start), 0) &&
	    !memcmp(start, "#!", 2))
		return diag__fail(diag, -ENOEXEC,
				  "cannot pack %s as init: it is a script, "
				  "init must be an ELF program",
				  init);
	return diag__fail(diag, -ENOEXEC,
			  "cannot pack %s as init: not an ELF program", init);
}

static int add_init(struct pack *pk, const char *init, struct kt_diag *diag)
{
	const char *source = init_source(init);
	int fd __free(fd) = open(source, O_RDONLY | O_CLOEXEC);
	struct elf_info info __free(elf_info) = { 0 };
	char name[PATH_MAX]; /* for $ORIGIN and messages */
	struct pack_entry *e;
	int err;

	if (strcmp(source, SELF_EXE) || !self_name(name, sizeof(name)))
		snprintf(name, sizeof(name), "%s", init);
	if (fd < 0)
		return diag__fail(diag, -errno, "cannot pack %s as init: %s",
				  name, strerror(errno));
	err = pack__add_file(pk, "init", 0755, source, &e, diag);
	if (err)
		return err;
	err = elf_info__read(fd, &info, diag);
	if (err == -ENOEXEC)
		return not_elf(name, fd, diag);
	if (err)
		return diag__context(diag, err, "cannot pack %s as init", name);
	if (info.class != ELFCLASS64 || info.machine != EM_X86_64)
		return diag__fail(diag, -ENOEXEC,
				  "cannot pack %s as init: ELF machine %u, "
				  "class %u; the guest runs x86_64 (62, 2)",
				  name, info.machine, info.class);
	err = cut_sections(fd, &info, e);
	return err ? err : closure__add(pk, &info, name, diag);
}

/* What is in /bin is there to be run, whatever the file is here. */
static mode_t guest_mode(const char *guest_path, mode_t mode)
{
	return strncmp(guest_path, "bin/", 4) ? mode : mode | 0111;
}

static int add_host_file(struct pack *pk, const struct initramfs_file *file,
			 struct kt_diag *diag)
{
	struct elf_info info __free(elf_info) = { 0 };
	struct stat st;
	int err;

	err = cpio__check_name(file->guest_path, diag);
	if (err)
		return err;
	/* Non-blocking: a FIFO must become an error, not a hang. */
	int fd __free(fd) =
		open(file->host_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st))
		return diag__fail(diag, -errno, "cannot pack %s: %s",
				  file->host_path, strerror(errno));
	err = pack__add_file(pk, file->guest_path,
			     guest_mode(file->guest_path, st.st_mode),
			     file->host_path, NULL, diag);
	if (err)
		return err;
	err = elf_info__read(fd, &info, diag);
	if (err == -ENOEXEC)
		return 0;
	if (err)
		return diag__context(diag, err, "cannot pack %s",
				     file->host_path);
	return closure__add(pk, &info, file->host_path, diag);
}

/* Everything but the writing: after this, no input is missing. */
static int plan(const struct initramfs_spec *spec, struct pack *pk,
		struct kt_diag *diag)
{
	int err;

	/* Before devtmpfs is mounted, the kernel opens init's stdio here. */
	err = pack__add_node(pk, "dev/console", 0600, 5, 1, diag);
	if (!err)
		err = add_init(pk, spec->init, diag);
	for (unsigned int i = 0; i < spec->nr_files && !err; i++)
		err = add_host_file(pk, &spec->files[i], diag);
	if (!err && spec->modules_dir)
		err = modules__add(pk, spec->modules_dir, spec->modules,
				   spec->nr_modules, diag);
	return err;
}

static int slot__for_spec(struct cache_slot *slot, u64 key)
{
	char name[32];

	snprintf(name, sizeof(name), "base-%016llx", (unsigned long long)key);
	return cache_slot__init(slot, "initramfs", name, key);
}

static int open_cached(const struct cache_slot *slot,
		       struct initramfs_base *ret_base)
{
	char *inputs __free(ptr) = NULL;
	u64 content, archive, len;
	int fd __free(fd) = -1;
	int err;

	err = cache__open_sealed(slot->path, slot->key, &fd, &content);
	if (err)
		return err;
	if (content < sizeof(archive) ||
	    fd__pread_all(fd, &archive, sizeof(archive),
			  content - sizeof(archive)))
		return -ENOENT;
	content -= sizeof(archive);
	if (!archive || archive > content || archive % PACK_PAGE ||
	    content - archive > INPUTS_MAX)
		return -ENOENT;
	len = content - archive;
	inputs = malloc(len + 1);
	if (!inputs)
		return -ENOMEM;
	if (fd__pread_all(fd, inputs, len, archive) ||
	    !inputs__current(inputs, len))
		return -ENOENT;
	ret_base->fd = no_free_fd(fd);
	ret_base->len = archive;
	ret_base->cache_hit = true;
	return 0;
}

static int write_entry(const struct pack *pk, int fd, u64 key, u64 *ret_len)
{
	int err = pack__write(pk, fd, BASE_MARKER, ret_len, NULL);

	if (!err)
		err = fd__write_all(fd, pk->inputs.buf, pk->inputs.len);
	if (!err)
		err = fd__write_all(fd, ret_len, sizeof(*ret_len));
	return err ? err : cache__seal(fd, key);
}

static int build_in_cache(const struct pack *pk, const struct cache_slot *slot,
			  struct initramfs_base *ret_base)
{
	char tmp[PATH_MAX];
	int fd __free(fd) = -1;
	u64 len;
	int err;

	err = cache__create(slot->path, tmp, sizeof(tmp), &fd);
	if (err)
		return err;
	err = write_entry(pk, fd, slot->key, &len);
	if (err) {
		unlink(tmp);
		return err;
	}
	err = cache__publish(tmp, slot->path);
	if (err)
		return err;
	cache__trim(slot->dir, BASE_KEEP);
	ret_base->fd = no_free_fd(fd);
	ret_base->len = len;
	ret_base->cache_hit = false;
	return 0;
}

static int build_in_memory(const struct pack *pk,
			   struct initramfs_base *ret_base,
			   struct kt_diag *diag)
{
	int fd __free(fd) = memfd_create("ktstr-initramfs", MFD_CLOEXEC);
	u64 len;
	int err;

	if (fd < 0)
		return diag__fail(diag, -errno,
				  "cannot create memory for a ramdisk: %s",
				  strerror(errno));
	err = pack__write(pk, fd, BASE_MARKER, &len, diag);
	if (err)
		return err;
	ret_base->fd = no_free_fd(fd);
	ret_base->len = len;
	ret_base->cache_hit = false;
	return 0;
}

int initramfs__base(const struct initramfs_spec *spec,
		    struct initramfs_base *ret_base, struct kt_diag *diag)
{
	struct cache_slot slot __free(cache_slot) = { 0 };
	struct pack pk __free(pack) = { 0 };
	bool cached;
	u64 key = 0;
	int err;

	err = spec_key(spec, &key, diag);
	if (err)
		return err;
	cached = !slot__for_spec(&slot, key);
	if (cached && !open_cached(&slot, ret_base))
		return 0;
	err = plan(spec, &pk, diag);
	if (err)
		return err;
	/* Read-only or full: the run goes on, the next one pays again. */
	if (cached && !build_in_cache(&pk, &slot, ret_base))
		return 0;
	return build_in_memory(&pk, ret_base, diag);
}

void initramfs_base__close(struct initramfs_base *base)
{
	if (base->fd >= 0)
		close(base->fd);
	*base = (struct initramfs_base){ .fd = -1 };
}
