/* SPDX-License-Identifier: GPL-2.0 */
/* Opening KVM and finding out what it can do. */
#ifndef VMM_KVM_H
#define VMM_KVM_H

#include <ktstr/diag.h>

#define KVM_DEVICE "/dev/kvm"

/**
 * kvm__open - open @path and check API version and required capabilities
 * @ret_fd: owned by the caller
 *
 * Return: 0, or -ENOENT, -EACCES, -ENODEV, -EOPNOTSUPP with what is missing
 * and what to do about it in @diag.
 */
int kvm__open(const char *path, int *ret_fd, struct kt_diag *diag);

/** kvm__has - whether an optional capability (KVM_CAP_*) is there */
bool kvm__has(int fd, unsigned int cap);

/** kvm__max_vcpus - most vCPUs that KVM gives one machine */
unsigned int kvm__max_vcpus(int kvm_fd);

/**
 * struct kvm_call - an ioctl by which KVM takes memory, files or processors
 * @arg: number, or address of what @request reads
 * @name: for the message: "KVM_CREATE_VM"
 */
struct kvm_call {
	int fd;
	unsigned long request, arg;
	const char *name;
};

/**
 * kvm__call - make the call, and again where it may work the next time
 *
 * Signals are no failure. Where the host has nothing left to give, there are
 * 8 tries in a quarter of a second; sleeps meanwhile.
 * Return: what the ioctl returned; -EBUSY with the error and a remedy when the
 * host had nothing left each time; or -errno with a message.
 */
int kvm__call(const struct kvm_call *call, struct kt_diag *diag);

/** kvm__create_vm - machine descriptor; Return: 0, or as kvm__call() */
int kvm__create_vm(int kvm_fd, int *ret_fd, struct kt_diag *diag);

/** typedef kvm_stat_fn - receives one statistic */
typedef void (*kvm_stat_fn)(void *ctx, const char *name, u64 value);

/**
 * kvm__open_stats - statistics descriptor of a VM or vCPU descriptor
 * (KVM_GET_STATS_FD, Documentation/virt/kvm/api.rst 4.133)
 *
 * Waits for a vCPU that is running: open it before the vCPU runs.
 * Return: the descriptor, the caller's to close, -EOPNOTSUPP on kernels
 * before 5.14, or -errno.
 */
int kvm__open_stats(int fd);

/**
 * kvm__read_stats - scalar statistics behind a kvm__open_stats() descriptor
 *
 * Does not wait for running vCPUs. Histograms are skipped. Return: 0 or
 * -errno.
 */
int kvm__read_stats(int stats_fd, kvm_stat_fn fn, void *ctx);

#endif /* VMM_KVM_H */
