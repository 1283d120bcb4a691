/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finding a kernel's complaints in its log: warnings, oopses, stalls, panics.
 * Pure: a stream of bytes in, at most one report out, bounded memory, any
 * thread. The bytes are a hostile guest's.
 */
#ifndef LIB_SESSION_SPLAT_H
#define LIB_SESSION_SPLAT_H

#include <ktstr/diag.h>

#define SPLAT_LINE_MAX 512u
#define SPLAT_FRAMES 5u
#define SPLAT_FRAME_MAX 64u

/** enum splat_kind - in the order of splat.c's table of names */
enum splat_kind {
	SPLAT_NONE,
	SPLAT_WARNING,
	SPLAT_BUG,
	SPLAT_OOPS,
	SPLAT_SANITIZER, /* KASAN, UBSAN, KCSAN, KFENCE */
	SPLAT_LOCKDEP,
	SPLAT_RCU,
	SPLAT_HUNG_TASK,
	SPLAT_LOCKUP,
	SPLAT_TAINT, /* init saw the kernel's taint flags change */
	SPLAT_LOST,  /* init could not read all of the log: who knows */
	SPLAT_OOM,
	SPLAT_PANIC,
	SPLAT_KIND_NR,
};

/** splat_kind__name - "warning", "oops", ...; never NULL */
const char *splat_kind__name(enum splat_kind kind);

/**
 * struct splat - one complaint
 *
 * @frame: function names, innermost first: where the kernel was, then its
 *         callers, without offsets, modules, compilers' suffixes, unreliable
 *         frames and the functions that print the report. [A-Za-z0-9_] only.
 * @hash:  of kind and frames (of the headline's words when there is no
 *         frame), so that it is the same for the same crash in every run
 */
struct splat {
	enum splat_kind kind;
	char headline[SPLAT_LINE_MAX];
	char frame[SPLAT_FRAMES][SPLAT_FRAME_MAX];
	unsigned int nr_frames;
	u32 hash;
};

struct splat_allow;

/**
 * struct splat_scan - state of one log's scan; zero-initialise by
 * splat_scan__init()
 *
 * Private but for @first (kind SPLAT_NONE: nothing was found), @found and
 * @allowed, which are complete after splat_scan__finish().
 */
struct splat_scan {
	const struct splat_allow *allow;
	struct splat first;   /* the first that is not allowed */
	unsigned int found;   /* all of them */
	unsigned int allowed; /* those that the list lets through */
	bool oom_panic;	      /* a panic because nobody was left to kill */

	struct splat cur; /* kind SPLAT_NONE: none is open */
	unsigned int cur_lines;
	bool in_trace;
	bool had_ip;
	char line[SPLAT_LINE_MAX];
	size_t len; /* the rest of a longer line is not looked at */
};

/** splat_scan__init - start; @allow is borrowed, NULL lets nothing through */
void splat_scan__init(struct splat_scan *scan, const struct splat_allow *allow);

/**
 * splat_scan__feed - look at the next bytes of the log
 *
 * Lines may be split over any number of calls and may carry "<level>" and
 * "[time]" prefixes, repeatedly.
 */
void splat_scan__feed(struct splat_scan *scan, const void *buf, size_t len);

/** splat_scan__finish - the log ends here */
void splat_scan__finish(struct splat_scan *scan);

/**
 * splat__fingerprint - "1f2e3d4c f1 < f2 < f3", "1f2e3d4c (no frames)"
 * Return: @buf, always NUL-terminated.
 */
const char *splat__fingerprint(const struct splat *splat, char *buf,
			       size_t size);

/* Room for the longest fingerprint. */
#define SPLAT_FINGERPRINT_MAX (16u + SPLAT_FRAMES * (SPLAT_FRAME_MAX + 3u))

/* --- what is let through -------------------------------------------------- */

/**
 * splat_allow__load - read a list of what may be in a log
 * @path: text file; each line a POSIX extended regular expression, matched
 *        anywhere in a splat's headline or fingerprint; '#' starts a comment
 *        line; blank lines are skipped
 *
 * Return: 0 and the caller-owned list, -ENOENT when there is no such file, or
 * -errno naming file, line and what is wrong with it.
 */
int splat_allow__load(const char *path, struct splat_allow **ret_allow,
		      struct kt_diag *diag);
/** splat_allow__parse - the same from memory; @name is for messages */
int splat_allow__parse(const char *text, const char *name,
		       struct splat_allow **ret_allow, struct kt_diag *diag);
void splat_allow__free(struct splat_allow *allow);
DEFINE_FREE(splat_allow, struct splat_allow *, splat_allow__free(_T))

/** splat_allow__path - the file it came from */
const char *splat_allow__path(const struct splat_allow *allow);

/** splat_allow__match - may @splat be in a log? */
bool splat_allow__match(const struct splat_allow *allow,
			const struct splat *splat);

#endif /* LIB_SESSION_SPLAT_H */
