/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reserving CPUs for a machine: how (the mode), which (plan.h), and the locks
 * that make others keep off (lockdir.h).
 */
#ifndef VMM_HOST_RESERVE_H
#define VMM_HOST_RESERVE_H

#include "vmm/host/plan.h"

/** enum host_mode - what a machine wants of the host */
enum host_mode {
	HOST_MODE_WINDOW,      /* as many CPUs as it has, for itself */
	HOST_MODE_SHARED,      /* a budget of CPUs, with others */
	HOST_MODE_PERFORMANCE, /* whole LLCs, pinned */
	HOST_MODE_NR,
};

/** host_mode__name - "window", "shared", "performance" */
const char *host_mode__name(enum host_mode mode);

/** struct host_request - of whom for what */
struct host_request {
	const struct topology *topo;
	enum host_mode mode;
	struct host_budget budget; /* of HOST_MODE_SHARED */
	bool no_locks; /* KTSTR_BYPASS_LLC_LOCKS: as if nobody else were here */
};

/** struct host_reservation - released by closing files; all zero: nothing */
struct host_reservation {
	enum host_mode mode;
	struct cpuset cpus;    /* reserved */
	struct cpuset llcs;    /* theirs */
	struct cpuset near;    /* allowed CPUs of these LLCs */
	struct cpuset mems;    /* node ids */
	bool no_nodes;	       /* @mems is a guess: sysfs has no nodes */
	struct host_pins pins; /* performance only */
	struct host_locks locks;
	unsigned int nr_allowed;
};

/**
 * host__reserve - take what @req wants, without waiting
 *
 * Return: 0 and a reservation to be released, or, with a message,
 *   -ERANGE  the host is too small for it
 *   -EBUSY   it is large enough, but others hold what is needed; the message
 *            says who
 *   other -errno: a bad cap, an unusable lock directory, unreadable sysfs
 */
int host__reserve(const struct host_system *sys, const struct host_request *req,
		  struct host_reservation *ret_r, struct kt_diag *diag);

/**
 * host__avoid - what a machine may use that got no CPUs of its own: LLCs that
 * nobody has for himself
 *
 * Holds a shared lock on each. Return: 0; -EBUSY when others have all of them
 * for themselves; or -errno.
 */
int host__avoid(const struct host_system *sys, struct host_reservation *ret_r,
		struct kt_diag *diag);

void host_reservation__release(struct host_reservation *r);
DEFINE_FREE(host_reservation, struct host_reservation,
	    host_reservation__release(&_T))

/** host_reservation__describe - one line for reports */
void host_reservation__describe(const struct host_reservation *r, char *buf,
				size_t size);

#endif /* VMM_HOST_RESERVE_H */
