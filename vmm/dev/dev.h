/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a device is to the machine: a row of devs.def (place, interrupt, DSDT
 * identity, help), a const ops table in the device's own file, and one
 * instance per machine. The machine walks the table forward to realize and
 * backward to unrealize.
 *
 * Register handlers run on vCPU threads, several at once: every device has
 * its own lock. They never fail towards the guest: bad accesses read as all
 * ones and are ignored on write.
 */
#ifndef VMM_DEV_DEV_H
#define VMM_DEV_DEV_H

#include <pthread.h>

#include "vmm/gmem.h"
#include "vmm/vm.h"

enum dev_bus { DEV_PIO, DEV_MMIO };

enum dev_id {
#define DEV(NAME, ops, bus, base, size, gsi, arg, hid, help) DEV_##NAME,
#include "vmm/dev/devs.def"
#undef DEV
	DEV_NR,
};

struct dev;

struct dev_ops {
	/* Allocate state; on error leave nothing. */
	int (*realize)(struct dev *dev, struct kt_diag *diag);
	/* Safe after a failed or missing realize. */
	void (*unrealize)(struct dev *dev);
	/* @off is below the row's size; @len is 1, 2, 4 or 8. */
	void (*read)(struct dev *dev, u64 off, void *data, unsigned int len);
	void (*write)(struct dev *dev, u64 off, const void *data,
		      unsigned int len);
	/* Hand over output still held back; NULL: the device never does. */
	void (*flush)(struct dev *dev);
	/*
	 * Host bytes for the guest, all or nothing; results of devs__input().
	 * NULL: the device has no input.
	 */
	int (*input)(struct dev *dev, enum vm_stream stream, const void *buf,
		     size_t len);
};

struct dev_desc {
	enum dev_id id;
	const char *name;
	const struct dev_ops *ops;
	enum dev_bus bus;
	u64 base, size;
	u32 gsi;	 /* 0: none */
	u64 arg;	 /* meaning is the device's: UART's stream, ... */
	const char *hid; /* ACPI _HID in the DSDT, "" = not listed */
	const char *help;
};

/** struct dev_host - services of the machine; callbacks may be called from
 *  any thread and never block */
struct dev_host {
	const struct gmem *gmem;
	/*
	 * Set the level of an interrupt line, called on changes only. The
	 * line is up while the device has a reason to interrupt, so that it
	 * works for edge (UART) and for level (virtio) triggered inputs.
	 */
	void (*irq)(void *ctx, u32 gsi, bool level);
	/* Bytes the guest wrote to a stream. */
	void (*output)(void *ctx, enum vm_stream stream, const void *buf,
		       size_t len);
	/* Guest asked for power-off (VM_EXIT_POWEROFF) or reset. */
	void (*shutdown)(void *ctx, enum vm_exit_reason reason);
	void *ctx;
};

struct dev {
	const struct dev_desc *desc;
	const struct dev_host *host;
	void *priv;
};

extern const struct dev_desc dev_descs[DEV_NR];

struct dev_set {
	struct dev dev[DEV_NR];
	unsigned int nr; /* realized, from the front */
	struct dev_host host;
};

/**
 * dev_lock__init - a lock whose holder inherits the priority of who waits
 *
 * With real-time vCPUs the main loop outranks them, and would otherwise wait
 * for one that a third keeps from running.
 */
void dev_lock__init(pthread_mutex_t *lock);

/**
 * devs__realize - all devices of the table; unwinds on the first error
 *
 * Devices keep pointers into @set: it must not move until unrealized. @host
 * is copied.
 */
int devs__realize(struct dev_set *set, const struct dev_host *host,
		  struct kt_diag *diag);

/**
 * devs__realize_table - devs__realize() for a table other than devs.def's
 * @nr: rows of @table, at most DEV_NR
 */
int devs__realize_table(struct dev_set *set, const struct dev_desc *table,
			unsigned int nr, const struct dev_host *host,
			struct kt_diag *diag);

/** devs__unrealize - in reverse order; twice is fine */
void devs__unrealize(struct dev_set *set);

/**
 * devs__flush - hand every byte that devices hold back to host->output
 *
 * For the end of a run, once no vCPU executes: an unfinished last line of a
 * guest that was stopped is delivered here. Unrealizing flushes as well.
 */
void devs__flush(struct dev_set *set);

/**
 * devs__access - route one exit to its device
 * @write: direction; an access crossing a device's end or hitting nothing
 *         reads all ones
 * Return: whether a device was hit (for counting).
 */
bool devs__access(struct dev_set *set, enum dev_bus bus, u64 addr, void *data,
		  unsigned int len, bool write);

/**
 * devs__input - bytes from the host for a stream
 * Return: 0, -EAGAIN guest not listening, -ENOSPC backlog full, -ENODEV no
 * device takes that stream.
 */
int devs__input(struct dev_set *set, enum vm_stream stream, const void *buf,
		size_t len);

#endif /* VMM_DEV_DEV_H */
