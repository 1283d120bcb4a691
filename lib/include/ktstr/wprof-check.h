/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks of a test's trace, for post_vm callbacks: on the host, because a guest
 * does not see the host's files. Each is a TAP line of its own under its test,
 * "# ok 1 wprof_pb_landed" or "# not ok 1 wprof_pb_landed", whatever the
 * callback makes of it. For test programs; callbacks run one at a time.
 *
 *	KTSTR_TEST_ATTR(wakeup, traced, .wprof = true,
 *			.post_vm = assert_wprof_pb_landed);
 */
#ifndef KTSTR_WPROF_CHECK_H
#define KTSTR_WPROF_CHECK_H

#include <ktstr/result.h>
#include <ktstr/wprof-pb.h>
#include <ktstr/wprof.h>

/**
 * ktstr_check__tell - report a check
 * @to: where the report goes
 * @number: of the check within its callback, from 1
 * @name: letters, digits, '_'
 * @err: 0, or what the check returned, with @diag
 * Return: @err.
 */
int ktstr_check__tell(FILE *to, unsigned int number, const char *name, int err,
		      const struct kt_diag *diag);

/**
 * wprof_pb_path - where the trace of a run is if there is one
 *
 * Made of what the run says of itself, so that it follows a test's new name.
 * Return: 0, -EINVAL when @result has no test or directory, -ENAMETOOLONG, with
 * a message.
 */
int wprof_pb_path(const struct ktstr_vm_result *result, char *buf, size_t size,
		  struct kt_diag *diag);

/** repro_wprof_pb_path - the same for the run that repeated a crash */
int repro_wprof_pb_path(const struct ktstr_vm_result *result, char *buf,
			size_t size, struct kt_diag *diag);

/**
 * wprof__check_landed - wprof_pb_path() and wprof__check_shape(), with what the
 * run knows of why there is no file
 */
int wprof__check_landed(const struct ktstr_vm_result *result,
			struct kt_diag *diag);

/* Checks told so far; a callback has a process of its own. */
static unsigned int ktstr__nr_checks __attribute__((unused));

/** ktstr_check - report a check of the running callback; Return: @err */
static inline int ktstr_check(const char *name, int err,
			      const struct kt_diag *diag)
{
	return ktstr_check__tell(stdout, ++ktstr__nr_checks, name, err, diag);
}

/** assert_wprof_pb_shape - wprof__check_shape() with its TAP line */
static inline int assert_wprof_pb_shape(const char *path, struct kt_diag *diag)
{
	return ktstr_check("wprof_pb_shape", wprof__check_shape(path, diag),
			   diag);
}

/** assert_wprof_pb_valid - wprof_pb__check_valid() with its TAP line */
static inline int assert_wprof_pb_valid(const char *path, struct kt_diag *diag)
{
	return ktstr_check("wprof_pb_valid", wprof_pb__check_valid(path, diag),
			   diag);
}

/**
 * assert_wprof_pb_landed - is the run's trace there, and does it look like one?
 *
 * Itself a post_vm callback.
 */
static inline int assert_wprof_pb_landed(const struct ktstr_vm_result *result,
					 struct kt_diag *diag)
{
	return ktstr_check("wprof_pb_landed", wprof__check_landed(result, diag),
			   diag);
}

#endif /* KTSTR_WPROF_CHECK_H */
