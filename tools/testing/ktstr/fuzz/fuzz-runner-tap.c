// SPDX-License-Identifier: GPL-2.0
/*
 * What a test program may say: the first byte chooses what the rest is: lines
 * of TAP, a listing, settings, remembered durations.
 */
#include "lib/runner/durations.h"
#include "lib/runner/settings.h"
#include "lib/runner/tapline.h"
#include "lib/runner/testplan.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static void check_inside(const char *text, size_t len, const char *p, size_t n)
{
	if (p < text || p > text + len || n > (size_t)(text + len - p))
		__builtin_trap();
}

static void fuzz_lines(const char *text, size_t len)
{
	while (len) {
		const char *nl = memchr(text, '\n', len);
		size_t n = nl ? (size_t)(nl - text) : len;
		struct tap_line line;
		u64 ms;

		tap_line__parse(text, n, &line);
		check_inside(text, n, line.name, line.name_len);
		check_inside(text, n, line.directive, line.directive_len);
		if (line.kind == TAP_RESULT) {
			enum ktstr_outcome o = tap_line__outcome(&line);

			/* "not ok" is never good */
			if (!line.ok && testplan_test__is_good(o))
				__builtin_trap();
			tap_line__time_ms(&line, &ms);
		}
		text += n + !!nl;
		len -= n + !!nl;
	}
}

static void fuzz_plan(char *text, bool durations)
{
	struct plan_selection selection = { 0 };
	struct testplan plan = { 0 };
	struct kt_diag diag = { 0 };
	unsigned int index;

	if (testplan__add_program(&plan, "p", "/p", &index))
		return;
	if (!testplan__add_listing(&plan, index,
				   durations ? "a.b\nc.d\n" : text, &diag)) {
		testplan__select(&plan, &selection, &diag);
		if (durations)
			durations__apply(&plan, text);
		testplan__shard(&plan, 1, 2);
	}
	testplan__fini(&plan);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	char *text __free(ptr) = len ? malloc(len) : NULL;
	struct kt_diag diag = { 0 };
	u64 s;

	if (!text)
		return 0;
	memcpy(text, data + 1, len - 1);
	text[len - 1] = '\0';
	switch (data[0] & 3) {
	case 0:
		fuzz_lines(text, len - 1);
		break;
	case 1:
		fuzz_plan(text, false);
		break;
	case 2:
		settings__timeout(text, &s, &diag);
		break;
	default:
		fuzz_plan(text, true);
		break;
	}
	return 0;
}
