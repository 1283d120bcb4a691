/* SPDX-License-Identifier: GPL-2.0 */
/* A kselftest collection's `settings` file. Pure, any thread. */
#ifndef LIB_RUNNER_SETTINGS_H
#define LIB_RUNNER_SETTINGS_H

#include <ktstr/diag.h>

/* What the kernel's runner.sh allows a program without `settings`. */
#define SETTINGS_TIMEOUT_DEFAULT_S 45u
#define SETTINGS_TIMEOUT_MAX_S (7u * 24 * 3600)

/**
 * settings__seconds - a number of seconds as users write it
 * @ret_s: 0 (no limit) to SETTINGS_TIMEOUT_MAX_S
 * Return: 0 or -EINVAL.
 */
int settings__seconds(const char *text, size_t len, u64 *ret_s);

/**
 * settings__timeout - the last `timeout=SECONDS' line of a settings file
 * @text: whole file, NUL-terminated
 * Return: 0, -ENOENT when there is no such line, -EINVAL with a message.
 */
int settings__timeout(const char *text, u64 *ret_s, struct kt_diag *diag);

#endif /* LIB_RUNNER_SETTINGS_H */
