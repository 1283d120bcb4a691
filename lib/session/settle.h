/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From what the guest proved to what is reported: host callbacks, tear-down
 * budget and the expectations that a test declared. settle__* is pure,
 * postvm__* (postvm.c) is not. Main thread.
 */
#ifndef LIB_SESSION_SETTLE_H
#define LIB_SESSION_SETTLE_H

#include "lib/session/session-internal.h"

/** struct hook_result - what a post_vm callback said */
struct hook_result {
	int err; /* 0, KTSTR_POST_VM_SKIP, or -errno */
	struct kt_diag why;
};

/**
 * struct host_findings - everything the host adds to the guest's outcome
 *
 * All zero: nothing to add.
 */
struct host_findings {
	struct hook_result post;   /* only called after a passing guest */
	struct hook_result always; /* post_vm_unconditional */
	bool over_budget;	   /* tear-down took too long */
};

/**
 * settle__outcome - the outcome that is reported
 * @said: of verdict__judge()
 *
 * In this order: post_vm decides about a pass (a failure, or a skip); the
 * test's expectations turn fail into xfail, pass into xpass, a failing
 * post_vm into xfail, an allowed inconclusive into a skip; what is left below
 * FAIL fails when post_vm_unconditional failed or the tear-down was over its
 * budget, which no expectation turns round. Infrastructure outcomes stay.
 */
enum ktstr_outcome settle__outcome(const struct ktstr_attr *attr,
				   enum ktstr_outcome said,
				   const struct host_findings *found);

/**
 * settle__text - what failed on the host, one printable line without '#'
 *
 * "post_vm: A", "post_vm_unconditional: B", or both joined by "; "; "" when
 * neither failed.
 */
void settle__text(const struct host_findings *found, char *buf, size_t size);

/**
 * settle__reason - the words after the name on the result line
 * @said: the test's own reason, hostile
 *
 * A constant for all but the test's own skip reason and the time; fills
 * @v->reason and @v->ksft_code for @v->outcome.
 */
void settle__reason(struct session_verdict *v, const char *said,
		    enum ktstr_outcome guest, const struct host_findings *found,
		    u64 duration_ns);

/**
 * postvm__call - call @fn in a process of its own, for at most @timeout_ms
 *
 * A callback that crashes, exits or does not return is a failure that says
 * which.
 */
void postvm__call(ktstr_post_vm_fn fn, const struct ktstr_vm_result *res,
		  u64 timeout_ms, struct hook_result *ret_result);

/** postvm__timeout_ms - how long all of @attr's callbacks may take */
u64 postvm__timeout_ms(const struct ktstr_attr *attr, double dilation);

struct run;

/**
 * postvm__ask - call the hooks that @res->outcome calls for, weigh the
 * tear-down, and tell in the report what failed
 */
void postvm__ask(struct run *run, const struct ktstr_vm_result *res,
		 struct host_findings *ret_found);

#endif /* LIB_SESSION_SETTLE_H */
