/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one line of a test program's TAP says. Pure, any thread; the line is a
 * hostile peer's.
 */
#ifndef LIB_RUNNER_TAPLINE_H
#define LIB_RUNNER_TAPLINE_H

#include <ktstr/outcome.h>

enum tap_kind {
	TAP_OTHER, /* no TAP: indented, empty, anything */
	TAP_VERSION,
	TAP_PLAN,
	TAP_RESULT,
	TAP_DIAG, /* "# ..." */
};

/** struct tap_line - pieces point into the parsed text */
struct tap_line {
	enum tap_kind kind;
	u32 number; /* of the result; of the plan: how many tests */
	bool ok;
	const char *name; /* without " - " and spaces around; may be empty */
	size_t name_len;
	const char *directive; /* behind "# ", trimmed; may be empty */
	size_t directive_len;
};

/**
 * tap_line__parse - take a line apart
 * @text: one line without its end; need not be terminated, NULs are text
 *
 * KTAP's grammar at nesting level 0: results start in column 0 and have a
 * number, a directive begins at the first " #" behind the name.
 */
void tap_line__parse(const char *text, size_t len, struct tap_line *ret_line);

/**
 * tap_line__outcome - what a TAP_RESULT line says about its test
 *
 * Never better than the line: "not ok" is a failure whatever follows, "ok"
 * with ERROR or TIMEOUT is what the directive says.
 */
enum ktstr_outcome tap_line__outcome(const struct tap_line *line);

/** tap_line__time_ms - N of the directive's "time=Nms"; false when absent */
bool tap_line__time_ms(const struct tap_line *line, u64 *ret_ms);

#endif /* LIB_RUNNER_TAPLINE_H */
