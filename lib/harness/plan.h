/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All tests of a program with their complete attributes, and which of them the
 * command line selects. Built once by main(); the forked tests read it.
 */
#ifndef LIB_HARNESS_PLAN_H
#define LIB_HARNESS_PLAN_H

#include <ktstr/harness-glue.h>

#include "lib/harness/args.h"

struct plan_test {
	char *name; /* fixture[.variant].test */
	const char *fixture, *variant, *test;
	const struct topo_preset *preset; /* the variant is one; else NULL */
	struct ktstr_attr attr;		  /* the defaults when @fault is set */
	char *fault;	     /* what is wrong with its attributes, or NULL */
	const char *refusal; /* by its constraints: never listed, never run */
	bool selected;
};

struct plan {
	struct plan_test *tests; /* in running order */
	unsigned int nr, cap;
	unsigned int nr_selected;
	/* What the arguments allow and is not selected; of that, on presets. */
	unsigned int nr_left_out, nr_not_asked;
	/* For the harness where its filters do not do; else NULL. */
	int argc;
	char **argv;
	int err; /* first failure while it was built */
};

/** plan_attr__applies - is @d said of that test? */
bool plan_attr__applies(const struct ktstr_attr_decl *d, const char *fixture,
			const char *variant, const char *test);

/**
 * plan_attr__set - resolve and check the attributes of one test
 * @test: its name is set; attr, preset, fault and refusal will be
 * Return: 0, or -ENOMEM.
 */
int plan_attr__set(struct plan_test *test, const struct ktstr_attr_decl *decls,
		   const struct ktstr_test_ref *ref);

/**
 * plan__build - collect the program's tests and apply @args
 *
 * Bad attributes are no failure here: they are in the test's @fault.
 * Return: 0, -ENOMEM, or -EINVAL naming a declaration without a target, a
 * filter that matches nothing, or the filters that leave nothing.
 */
int plan__build(const struct ktstr_harness_ops *ops, const struct args *args,
		struct plan *ret_plan, struct kt_diag *diag);

/**
 * plan__build_one - only the test called @name, for the guest that runs it
 * Return: 0, -ENOMEM, or -EINVAL when there is no such test.
 */
int plan__build_one(const struct ktstr_harness_ops *ops, const char *name,
		    struct plan *ret_plan, struct kt_diag *diag);
void plan__fini(struct plan *plan);
DEFINE_FREE(plan, struct plan, plan__fini(&_T))

/** plan__find - the test called @name, or NULL */
const struct plan_test *plan__find(const struct plan *plan, const char *name);

/** plan__needs_machine - does a selected test get as far as booting one? */
bool plan__needs_machine(const struct plan *plan);

/** plan__needs_capacity - is a selected test on a preset? */
bool plan__needs_capacity(const struct plan *plan);

/** plan__list - print the selected tests */
void plan__list(const struct plan *plan, enum list_form form, FILE *to);

/**
 * plan__faults - print "PREFIX FAULT" for each selected test with bad
 * attributes Return: how many.
 */
unsigned int plan__faults(const struct plan *plan, const char *prefix,
			  FILE *to);

#endif /* LIB_HARNESS_PLAN_H */
