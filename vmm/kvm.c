// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/kvm: open, capabilities, binary statistics. Called from vm__new() and,
 * for the statistics, from any thread while the machine exists.
 */
#include "vmm/kvm.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <time.h>

/* The stable API; older kernels had others before 2.6.22. */
#define KVM_API_WANTED 12

static const struct {
	unsigned int cap;
	const char *name;
} required_caps[] = {
	{ KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP" },
	{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
	{ KVM_CAP_SET_TSS_ADDR, "KVM_CAP_SET_TSS_ADDR" },
	{ KVM_CAP_SET_IDENTITY_MAP_ADDR, "KVM_CAP_SET_IDENTITY_MAP_ADDR" },
	{ KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID" },
	{ KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE" },
	{ KVM_CAP_IRQ_ROUTING, "KVM_CAP_IRQ_ROUTING" },
	{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT" },
};

static int open_failed(const char *path, int err, struct kt_diag *diag)
{
	switch (err) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return diag__fail(diag, -err,
				  "%s: %s; load the kvm-intel or kvm-amd "
				  "module, enable virtualization in the "
				  "firmware, or use KTSTR_ACCEL=softkvm",
				  path, strerror(err));
	case EACCES:
	case EPERM:
		return diag__fail(diag, -err,
				  "%s: %s; add this user to the kvm group "
				  "(usermod -aG kvm USER) and log in again, or "
				  "use KTSTR_ACCEL=softkvm",
				  path, strerror(err));
	default:
		return diag__fail(diag, -err, "%s: %s", path, strerror(err));
	}
}

int kvm__open(const char *path, int *ret_fd, struct kt_diag *diag)
{
	int fd __free(fd) = open(path, O_RDWR | O_CLOEXEC);
	int api;

	if (fd < 0)
		return open_failed(path, errno, diag);
	api = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (api < 0)
		return diag__fail(diag, -ENODEV, "%s is not a KVM device: %s",
				  path, strerror(errno));
	if (api != KVM_API_WANTED)
		return diag__fail(
			diag, -EOPNOTSUPP,
			"%s speaks KVM API version %d, %d is needed; use a "
			"Linux kernel from this century's second decade",
			path, api, KVM_API_WANTED);
	for (size_t i = 0; i < ARRAY_SIZE(required_caps); i++)
		if (!kvm__has(fd, required_caps[i].cap))
			return diag__fail(diag, -EOPNOTSUPP,
					  "%s lacks %s, which the machine "
					  "cannot do without; use a newer host "
					  "kernel or KTSTR_ACCEL=softkvm",
					  path, required_caps[i].name);
	*ret_fd = no_free_fd(fd);
	return 0;
}

bool kvm__has(int fd, unsigned int cap)
{
	return ioctl(fd, KVM_CHECK_EXTENSION, (unsigned long)cap) > 0;
}

unsigned int kvm__max_vcpus(int kvm_fd)
{
	int n = ioctl(kvm_fd, KVM_CHECK_EXTENSION,
		      (unsigned long)KVM_CAP_MAX_VCPUS);

	/* api.rst 4.4: 4 where neither capability is reported. */
	if (n <= 0)
		n = ioctl(kvm_fd, KVM_CHECK_EXTENSION,
			  (unsigned long)KVM_CAP_NR_VCPUS);
	return n > 0 ? (unsigned int)n : 4;
}

/* --- calls by which KVM takes something of the host ----------------------- */

/* A signal is over once it was handled: again at once, but not for ever. */
#define INTERRUPTED_TRIES 64u

/* Other machines come and go: 7 pauses, each twice the one before, 254 ms. */
#define BUSY_TRIES 8u
#define FIRST_PAUSE_NS (2 * NSEC_PER_MSEC)

static const struct {
	int err;
	const char *remedy;
} shortages[] = {
	{ EAGAIN, "try again, or run fewer machines at once (--jobs)" },
	{ ENOMEM, "free memory of the host or of this cgroup, or run fewer "
		  "machines at once (--jobs)" },
	{ EBUSY, "another hypervisor has the processors' virtualization: stop "
		 "it, or use KTSTR_ACCEL=softkvm" },
	{ ENOSPC, "a limit of the host or of this cgroup is reached: run fewer "
		  "machines at once (--jobs)" },
	{ EMFILE, "a machine takes two files for each CPU: raise ulimit -n" },
	{ ENFILE, "the host has no more files: raise sysctl fs.file-max" },
};

static const char *remedy_of(int err)
{
	for (size_t i = 0; i < ARRAY_SIZE(shortages); i++)
		if (shortages[i].err == err)
			return shortages[i].remedy;
	return NULL;
}

static int call_once(const struct kvm_call *call)
{
	int ret = -EINTR;

	for (unsigned int i = 0; ret == -EINTR && i < INTERRUPTED_TRIES; i++) {
		ret = ioctl(call->fd, call->request, call->arg);
		ret = ret < 0 ? -errno : ret;
	}
	return ret;
}

int kvm__call(const struct kvm_call *call, struct kt_diag *diag)
{
	struct timespec pause = { .tv_nsec = FIRST_PAUSE_NS };
	int ret = call_once(call);

	for (unsigned int i = 1; i < BUSY_TRIES && remedy_of(-ret); i++) {
		nanosleep(&pause, NULL);
		pause.tv_nsec *= 2;
		ret = call_once(call);
	}
	if (ret >= 0)
		return ret;
	if (!remedy_of(-ret))
		return diag__fail(diag, ret, "%s: %s", call->name,
				  strerror(-ret));
	return diag__fail(diag, -EBUSY, "%s: %s, %u times; %s", call->name,
			  strerror(-ret), BUSY_TRIES, remedy_of(-ret));
}

int kvm__create_vm(int kvm_fd, int *ret_fd, struct kt_diag *diag)
{
	const struct kvm_call call = { .fd = kvm_fd,
				       .request = KVM_CREATE_VM,
				       .name = "KVM_CREATE_VM" };
	int fd = kvm__call(&call, diag);

	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

/* One descriptor of the stats file; its name follows in name_size bytes. */
static int read_one(int fd, const struct kvm_stats_header *h, u32 i,
		    kvm_stat_fn fn, void *ctx)
{
	size_t desc_size = sizeof(struct kvm_stats_desc) + h->name_size;
	off_t at = (off_t)(h->desc_offset + (u64)i * desc_size);
	struct kvm_stats_desc *d __free(ptr) = calloc(1, desc_size + 1);
	u64 value;
	u32 type;

	if (!d)
		return -ENOMEM;
	if (pread(fd, d, desc_size, at) != (ssize_t)desc_size)
		return -EIO;
	type = d->flags & KVM_STATS_TYPE_MASK;
	if (d->size != 1 || type > KVM_STATS_TYPE_PEAK)
		return 0;
	if (pread(fd, &value, sizeof(value),
		  (off_t)((u64)h->data_offset + d->offset)) != sizeof(value))
		return -EIO;
	fn(ctx, d->name, value);
	return 0;
}

int kvm__open_stats(int fd)
{
	int stats = ioctl(fd, KVM_GET_STATS_FD, NULL);

	if (stats < 0)
		return errno == ENOTTY || errno == EINVAL ? -EOPNOTSUPP
							  : -errno;
	return stats;
}

int kvm__read_stats(int stats_fd, kvm_stat_fn fn, void *ctx)
{
	struct kvm_stats_header h;

	if (stats_fd < 0)
		return stats_fd;
	if (pread(stats_fd, &h, sizeof(h), 0) != sizeof(h))
		return -EIO;
	for (u32 i = 0; i < h.num_desc; i++) {
		int err = read_one(stats_fd, &h, i, fn, ctx);

		if (err)
			return err;
	}
	return 0;
}
