/* SPDX-License-Identifier: GPL-2.0 */
/* What the outer machine boots: the default kernel and us as its init. */
#ifndef VMM_SOFTKVM_IMAGE_H
#define VMM_SOFTKVM_IMAGE_H

#include "vmm/softkvm/config.h"

struct sk_image {
	int kernel_fd; /* vmlinux ELF */
	int initrd_fd; /* memfd */
};

/** sk_image__make - open the kernel, pack the running program as /init */
int sk_image__make(const struct softkvm_config *cfg, struct sk_image *ret,
		   struct kt_diag *diag);
void sk_image__fini(struct sk_image *img);

/** sk_tsc_khz - frequency of this host's time stamp counter, measured */
u32 sk_tsc_khz(void);

#endif /* VMM_SOFTKVM_IMAGE_H */
