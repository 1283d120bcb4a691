/* SPDX-License-Identifier: GPL-2.0 */
/* Kernel labels: the last part of a test's name when several kernels run. */
#ifndef LIB_RUNNER_LABEL_H
#define LIB_RUNNER_LABEL_H

#include <ktstr/base.h>

#define RUNNER_LABEL_MAX 96

/**
 * runner_label__text - "kernel_" + letters and digits of @text in lower case,
 * other runs become one '_', none at either end
 *
 * Cut at RUNNER_LABEL_MAX - 1 characters. Nothing usable gives
 * "kernel_unknown".
 */
void runner_label__text(const char *text, char ret_label[RUNNER_LABEL_MAX]);

/**
 * runner_label__kernel - label of what was given as --kernel
 *
 * A name or version is used as it is. A path (anything with a '/') becomes
 * path_BASE_HHHHHH: the last part and six hex digits of the whole path's
 * CRC-32, because the last part alone is "bzImage" too often.
 */
void runner_label__kernel(const char *spec, char ret_label[RUNNER_LABEL_MAX]);

#endif /* LIB_RUNNER_LABEL_H */
