// SPDX-License-Identifier: GPL-2.0
/* Error text carried beside -errno; see ktstr/diag.h for the rules. */
#include <ktstr/diag.h>

#include <stdarg.h>

int diag__fail(struct kt_diag *diag, int err, const char *fmt, ...)
{
	va_list ap;

	if (!diag || diag->msg[0])
		return err;
	va_start(ap, fmt);
	vsnprintf(diag->msg, sizeof(diag->msg), fmt, ap);
	va_end(ap);
	return err;
}

int diag__context(struct kt_diag *diag, int err, const char *fmt, ...)
{
	char prefix[sizeof(diag->msg) / 2];
	char inner[sizeof(diag->msg)];
	va_list ap;

	if (!diag)
		return err;
	va_start(ap, fmt);
	vsnprintf(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
	snprintf(inner, sizeof(inner), "%s", diag__text(diag, err));
	/* A cut message is better than none: the tail is the innermost detail.
	 */
	if (snprintf(diag->msg, sizeof(diag->msg), "%s: %s", prefix, inner) < 0)
		diag->msg[0] = '\0';
	return err;
}

const char *diag__text(const struct kt_diag *diag, int err)
{
	return diag && diag->msg[0] ? diag->msg : strerror(-err);
}
