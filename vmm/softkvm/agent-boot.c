// SPDX-License-Identifier: GPL-2.0
/*
 * First steps of PID 1 in the outer machine: mounts, modules, the port. Each
 * runs once, in order, before there is any session.
 */
#include "vmm/softkvm/agent.h"

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <ktstr/fd.h>

#include "vmm/softkvm/machine.h"

#define MODULES_DIR "/lib/modules"
#define MODULE_MAX MIB(64)
#define HOST_NAME "softkvm"
#define PORT_WAIT_MS 10000

DEFINE_FREE(dir, DIR *, if (_T) closedir(_T))

struct mount_row {
	const char *source, *target, *type;
	unsigned long flags;
	const char *data;
};

static int mount_rows(const struct mount_row *rows, size_t nr,
		      struct kt_diag *diag)
{
	for (size_t i = 0; i < nr; i++) {
		const struct mount_row *m = &rows[i];

		if (mkdir(m->target, 0755) && errno != EEXIST)
			return diag__fail(diag, -errno, "mkdir %s: %s",
					  m->target, strerror(errno));
		if (mount(m->source, m->target, m->type, m->flags, m->data))
			return diag__fail(diag, -errno, "mount %s on %s: %s",
					  m->type, m->target, strerror(errno));
	}
	return 0;
}

int boot__mounts(struct kt_diag *diag)
{
	static const struct mount_row rows[] = {
		{ "dev", "/dev", "devtmpfs", 0, NULL },
		{ "proc", "/proc", "proc", 0, NULL },
		{ "sys", "/sys", "sysfs", 0, NULL },
		{ "cgroup", "/sys/fs/cgroup", "cgroup2", 0, NULL },
	};

	mkdir(AGENT_ROOT_DIR, 0755);
	mkdir(AGENT_UPPER_DIR, 0755);
	return mount_rows(rows, ARRAY_SIZE(rows), diag);
}

/*
 * Checking a signature takes emulation a third of a second in all, and these
 * modules came from us: cut it off. The kernel then calls itself tainted.
 */
static size_t without_signature(const char *image, size_t len)
{
	static const char magic[] = "~Module signature appended~\n";
	size_t tail = sizeof(magic) - 1 + 12; /* struct module_signature */
	u32 sig_len;

	if (len < tail ||
	    memcmp(image + len - (sizeof(magic) - 1), magic, sizeof(magic) - 1))
		return len;
	memcpy(&sig_len, image + len - (sizeof(magic) - 1) - 4, 4);
	sig_len = __builtin_bswap32(sig_len);
	return sig_len > len - tail ? len : len - tail - sig_len;
}

static int insert_module(const char *name, struct kt_diag *diag)
{
	char path[512];
	char *image __free(ptr) = NULL;
	size_t len;
	int err;

	snprintf(path, sizeof(path), "%s/%s", MODULES_DIR, name);
	err = fd__read_file(path, MODULE_MAX, &image, &len);
	if (!err &&
	    syscall(SYS_init_module, image, without_signature(image, len),
		    "") &&
	    errno != EEXIST)
		err = -errno;
	return err ? diag__fail(diag, err, "module %s: %s", name,
				strerror(-err))
		   : 0;
}

static int is_module(const struct dirent *de)
{
	size_t len = strlen(de->d_name);

	return len > 3 && !strcmp(de->d_name + len - 3, ".ko");
}

int boot__modules(struct kt_diag *diag)
{
	struct dirent **names;
	int nr = scandir(MODULES_DIR, &names, is_module, alphasort);
	int err = 0;

	if (nr < 0)
		return diag__fail(diag, -errno, "%s: %s", MODULES_DIR,
				  strerror(errno));
	for (int i = 0; i < nr; i++) {
		if (!err)
			err = insert_module(names[i]->d_name, diag);
		free(names[i]);
	}
	free(names);
	return err;
}

static int loopback_up(void)
{
	int fd __free(fd) = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr) ? -errno : 0;
}

/*
 * Let memfds have huge pages on request, as guest memory does: a nested page
 * fault costs 100 us in here, and a kernel's boot has 25 000 of 4 KiB each.
 * Best effort: without it everything works, slower.
 */
static void allow_huge_memfds(void)
{
	int fd __free(fd) =
		open("/sys/kernel/mm/transparent_hugepage/shmem_enabled",
		     O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)!write(fd, "advise", 6);
}

int boot__devices(struct kt_diag *diag)
{
	static const struct mount_row rows[] = {
		{ SK_FS_TAG, AGENT_HOST_DIR, "virtiofs", 0, NULL },
	};
	static const char *const links[][2] = {
		{ "/proc/self/fd", "/dev/fd" },
		{ "/proc/self/fd/0", "/dev/stdin" },
		{ "/proc/self/fd/1", "/dev/stdout" },
		{ "/proc/self/fd/2", "/dev/stderr" },
	};
	int err = mount_rows(rows, ARRAY_SIZE(rows), diag);

	if (err)
		return err;
	allow_huge_memfds();
	mkdir("/dev/pts", 0755);
	mkdir("/dev/shm", 01777);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlink(links[i][0], links[i][1]) && errno != EEXIST)
			return -errno;
	/* devpts in a session has its own; the node here is the first one's */
	unlink("/dev/ptmx");
	if (symlink("pts/ptmx", "/dev/ptmx"))
		return -errno;
	if (chmod("/dev/kvm", 0666))
		return diag__fail(diag, -errno,
				  "/dev/kvm: %s (kvm-amd found no SVM)",
				  strerror(errno));
	/* As on the host: a low soft limit, a hard one that programs raise. */
	if (setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 1024, 1 << 20 }) ||
	    setrlimit(RLIMIT_MEMLOCK,
		      &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY }) ||
	    sethostname(HOST_NAME, strlen(HOST_NAME)))
		return -errno;
	return loopback_up();
}

/* Look for the port by its name; its number depends on the device order. */
static int find_port(char *path, size_t size)
{
	DIR *dir __free(dir) = opendir("/sys/class/virtio-ports");
	struct dirent *de;

	while (dir && (de = readdir(dir))) {
		char *name __free(ptr) = NULL;
		char file[512];

		snprintf(file, sizeof(file), "/sys/class/virtio-ports/%s/name",
			 de->d_name);
		if (*de->d_name == '.' ||
		    fd__read_file(file, 4096, &name, NULL))
			continue;
		if (strcmp(name, SK_PORT_NAME "\n"))
			continue;
		snprintf(path, size, "/dev/%s", de->d_name);
		return 0;
	}
	return -ENOENT;
}

int boot__open_port(int *ret_fd, struct kt_diag *diag)
{
	char path[300];
	int err = -ENOENT, fd;

	for (int ms = 0; err && ms < PORT_WAIT_MS; ms += 10) {
		err = find_port(path, sizeof(path));
		if (err)
			poll(NULL, 0, 10);
	}
	if (err)
		return diag__fail(diag, err, "no virtio port %s", SK_PORT_NAME);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return diag__fail(diag, -errno, "%s: %s", path,
				  strerror(errno));
	*ret_fd = fd;
	return 0;
}
