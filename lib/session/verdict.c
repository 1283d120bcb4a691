// SPDX-License-Identifier: GPL-2.0
/*
 * From evidence to outcome. Pure functions: no machine, no clock, no file, so
 * that every way a run can end is a unit test.
 */
#include "lib/session/session-internal.h"

#include "lib/ktap/ksft.h"

static enum ktstr_outcome test_said(const struct msg_test_result *result)
{
	static const enum ktstr_outcome by_code[] = {
		[KSFT_PASS] = KTSTR_PASS,   [KSFT_FAIL] = KTSTR_FAIL,
		[KSFT_XFAIL] = KTSTR_XFAIL, [KSFT_XPASS] = KTSTR_XPASS,
		[KSFT_SKIP] = KTSTR_SKIP,
	};

	if (result->timed_out)
		return KTSTR_TIMEOUT;
	if (result->term_signal)
		return KTSTR_FAIL;
	if (result->exit_code == KTSTR_EXIT_INCONCLUSIVE)
		return KTSTR_INCONCLUSIVE;
	if (result->exit_code == KTSTR_EXIT_TOPOLOGY_MISMATCH)
		return KTSTR_TOPOLOGY_MISMATCH;
	if (result->exit_code < 0 ||
	    (size_t)result->exit_code >= ARRAY_SIZE(by_code))
		return KTSTR_FAIL;
	return by_code[result->exit_code];
}

/* Order matters: the earliest line that applies explains the later ones. */
enum ktstr_outcome verdict__judge(const struct evidence *ev)
{
	if (ev->exit == VM_EXIT_ERROR)
		return KTSTR_VMM_ERROR;
	if (ev->exit == VM_EXIT_PANIC && ev->oom_panic)
		return KTSTR_OOM;
	if (ev->exit == VM_EXIT_PANIC || ev->exit == VM_EXIT_TRIPLE_FAULT)
		return KTSTR_GUEST_PANIC;
	if (ev->fatal)
		return KTSTR_GUEST_FATAL;
	/* What follows a crash in the kernel is its consequence. */
	if (ev->splat == SPLAT_OOM)
		return KTSTR_OOM;
	if (ev->splat != SPLAT_NONE)
		return KTSTR_KERNEL_SPLAT;
	if (ev->exit == VM_EXIT_DEADLINE)
		return KTSTR_TIMEOUT;
	if (!ev->have_result || !ev->have_exit || ev->damaged)
		return KTSTR_TORN_RESULT;
	if (ev->is_workload && !ev->have_program)
		return KTSTR_TORN_RESULT;
	if (ev->exit_code != ev->result.exit_code)
		return KTSTR_TORN_RESULT;
	/* A machine that was reset or stopped never finished its goodbye. */
	if (ev->exit != VM_EXIT_POWEROFF)
		return KTSTR_TORN_RESULT;
	/* Complete, but with a fraction of the kernel's log: nobody knows. */
	if (ev->over_com2)
		return KTSTR_NO_BULK_PORT;
	return test_said(&ev->result);
}

enum ktstr_outcome verdict__test_said(const struct evidence *ev)
{
	return test_said(&ev->result);
}

void verdict__sanitize(char *dst, size_t size, const char *src)
{
	size_t n = 0;

	if (!size)
		return;
	for (; *src && n + 1 < size; src++) {
		unsigned char c = (unsigned char)*src;

		if (c == '\n' || c == '\t' || c == '\r')
			c = ' ';
		dst[n++] = (c < 0x20 || c > 0x7e || c == '#') ? '?' : (char)c;
	}
	while (n && dst[n - 1] == ' ')
		n--;
	dst[n] = '\0';
}
