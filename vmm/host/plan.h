/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which of the host's CPUs a machine gets: budget and plan of machines that
 * share, windows of those that do not, pinning of those that are measured.
 * Pure: what is held is an argument, nothing is locked here.
 */
#ifndef VMM_HOST_PLAN_H
#define VMM_HOST_PLAN_H

#include "vmm/host/view.h"

/* Of the allowed CPUs, for work that does not say how many it wants. */
#define HOST_BUDGET_PERCENT 30u

/**
 * host_cap__parse - a cap on CPUs as the user wrote it
 * @what: where, for the message: "KTSTR_CPU_CAP"
 * @text: NULL or "" is no cap
 * Return: 0 with 0 for no cap, or -EINVAL naming @what, the value and the
 * limits.
 */
int host_cap__parse(const char *what, const char *text, unsigned int *ret_cap,
		    struct kt_diag *diag);

/** struct host_budget - how many CPUs; 0 means not said */
struct host_budget {
	unsigned int cap;    /* the user's, --cpu-cap or KTSTR_CPU_CAP */
	unsigned int budget; /* the test's, cpu_budget */
	unsigned int vcpus;  /* of the machine, 0: no machine */
};

/**
 * host_budget__target - how many of @nr_allowed CPUs to plan with
 *
 * The cap, else the test's budget, else a CPU for each vCPU and no less than
 * 30 %; all but the cap are cut to what is allowed.
 * Return: 0, or -EINVAL when the cap is more than is allowed.
 */
int host_budget__target(const struct host_budget *b, unsigned int nr_allowed,
			unsigned int *ret_target, struct kt_diag *diag);

/** struct host_plan - CPUs, their LLCs and the ids of their nodes */
struct host_plan {
	struct cpuset cpus, llcs, mems;
};

/* Instead of a number of holders: the LLC is the last to be taken. */
#define HOST_HOLDERS_AVOID UINT32_MAX

/**
 * host_plan__make - a plan of exactly @target CPUs, or of all there are
 * @holders: of the lock of each LLC, or HOST_HOLDERS_AVOID; NULL: nobody
 *
 * Held LLCs first, those with more holders before the others, so that work
 * gathers and idle LLCs stay idle; from the first one's node outwards.
 * Return: 0, or -EINVAL when no LLC has an allowed CPU.
 */
int host_plan__make(const struct host_view *view, const unsigned int *holders,
		    unsigned int target, struct host_plan *ret_plan,
		    struct kt_diag *diag);

/**
 * host_plan__window - @count neighbours, from the @at-th allowed CPU on
 * Return: false when there are not that many.
 */
bool host_plan__window(const struct host_view *view, unsigned int at,
		       unsigned int count, struct host_plan *ret_plan);

/** struct host_pins - a CPU of its own for each vCPU; all zero is empty */
struct host_pins {
	unsigned int *cpu;   /* of each vCPU */
	struct cpuset *mems; /* of each guest node, ids of host nodes */
	struct cpuset llcs;  /* all of them are the machine's alone */
	unsigned int service_cpu;
};

/** host_pins__slots - how many places there are for @t, at least 1 */
unsigned int host_pins__slots(const struct host_view *view,
			      const struct topology *t);

/**
 * host_pins__make - pin @t's CPUs for place @slot
 *
 * Each LLC of the machine gets one of the host's; nodes get the LLCs of one
 * node where there are nodes enough.
 * Return: 0; -ERANGE when the host is too small, with what is missing; or
 * -ENOMEM.
 */
int host_pins__make(const struct host_view *view, const struct topology *t,
		    unsigned int slot, struct host_pins *ret_pins,
		    struct kt_diag *diag);
void host_pins__fini(struct host_pins *pins);
DEFINE_FREE(host_pins, struct host_pins, host_pins__fini(&_T))

#endif /* VMM_HOST_PLAN_H */
