// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel, initramfs and clock rate for the outer machine. Called by the
 * supervisor once per instance.
 */
#include "vmm/softkvm/image.h"

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <time.h>
#include <x86intrin.h>

#include <ktstr/fd.h>

#include "vmm/initramfs.h"
#include "vmm/kimage.h"

DEFINE_FREE(initramfs, struct initramfs_base, initramfs_base__close(&_T))

static int copy_base(int to, const struct initramfs_base *base)
{
	off_t off = 0;

	while ((size_t)off < base->len) {
		ssize_t n =
			sendfile(to, base->fd, &off, base->len - (size_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENODATA;
	}
	return 0;
}

static int make_initrd(const struct softkvm_config *cfg, int *ret_fd,
		       struct kt_diag *diag)
{
	/* Dependencies come along; irqbypass and kvm are kvm-amd's. */
	static const char *const modules[] = { "kvm-amd", "overlay" };
	struct initramfs_spec spec = {
		.init = "/proc/self/exe",
		.modules_dir = cfg->kernel.modules_dir,
		.modules = modules,
		.nr_modules = ARRAY_SIZE(modules),
	};
	struct initramfs_base base __free(initramfs) = { .fd = -1 };
	int fd __free(fd) = -1;
	void *suffix __free(ptr) = NULL;
	size_t suffix_len;
	int err;

	err = initramfs__base(&spec, &base, diag);
	if (!err)
		err = initramfs__suffix(NULL, 0, &suffix, &suffix_len, diag);
	if (err)
		return err;
	fd = memfd_create("softkvm-initrd", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = copy_base(fd, &base);
	if (!err)
		err = fd__write_all(fd, suffix, suffix_len);
	if (!err)
		*ret_fd = no_free_fd(fd);
	return err;
}

int sk_image__make(const struct softkvm_config *cfg, struct sk_image *ret,
		   struct kt_diag *diag)
{
	int initrd_fd __free(fd) = -1;
	struct kimage *kimg __free(ptr) = calloc(1, sizeof(*kimg));
	int err;

	if (!kimg)
		return -ENOMEM;
	err = make_initrd(cfg, &initrd_fd, diag);
	if (err)
		return diag__context(diag, err, "softkvm's initramfs");
	err = kimage__open(cfg->kernel.image, kimg, diag);
	if (err)
		return err;
	ret->kernel_fd = no_free_fd(kimg->fd);
	ret->initrd_fd = no_free_fd(initrd_fd);
	kimage__close(kimg);
	return 0;
}

void sk_image__fini(struct sk_image *img)
{
	if (img->kernel_fd >= 0)
		close(img->kernel_fd);
	if (img->initrd_fd >= 0)
		close(img->initrd_fd);
	img->kernel_fd = img->initrd_fd = -1;
}

/* A (counter, clock) pair; of several the one least disturbed in between. */
static void sample_clocks(u64 *ret_tsc, u64 *ret_ns)
{
	u64 best = ~(u64)0;

	for (int i = 0; i < 32; i++) {
		struct timespec ts;
		u64 before = __rdtsc(), after;

		clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
		after = __rdtsc();
		if (after - before >= best)
			continue;
		best = after - before;
		*ret_tsc = before + best / 2;
		*ret_ns = (u64)ts.tv_sec * NSEC_PER_SEC + (u64)ts.tv_nsec;
	}
}

/*
 * TCG's guests read the host's counter, and calibrate it against an emulated
 * PIT: on a busy host they were seen to be wrong by a factor of ten, and with
 * them every clock of the machines inside. So the host measures.
 */
u32 sk_tsc_khz(void)
{
	struct timespec pause = { .tv_nsec = 50 * (long)NSEC_PER_MSEC };
	u64 tsc0 = 0, ns0 = 0, tsc1 = 0, ns1 = 0;

	sample_clocks(&tsc0, &ns0);
	nanosleep(&pause, NULL);
	sample_clocks(&tsc1, &ns1);
	if (ns1 <= ns0 || tsc1 <= tsc0)
		return 0;
	return (u32)((tsc1 - tsc0) * 1000000 / (ns1 - ns0));
}
