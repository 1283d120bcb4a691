/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files that make declarations into a test's attributes. */
#ifndef LIB_SESSION_ATTR_INTERNAL_H
#define LIB_SESSION_ATTR_INTERNAL_H

#include <ktstr/attr.h>

/**
 * attr_shape__merge - before the fields of @from replace those of @to: check
 * that it keeps to one form, and take away what another form left in @to
 * Return: 0, or -EINVAL naming both fields.
 */
int attr_shape__merge(struct ktstr_attr *to, const struct ktstr_attr *from,
		      struct kt_diag *diag);

/** attr_shape__fill - after all layers: what the form said does not say */
void attr_shape__fill(struct ktstr_attr *attr);

/**
 * attr_shape__check - is the complete @attr's shape a machine?
 * Return: 0, or -EINVAL with field, value and limit.
 */
int attr_shape__check(const struct ktstr_attr *attr, struct kt_diag *diag);

#endif /* LIB_SESSION_ATTR_INTERNAL_H */
