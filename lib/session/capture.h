/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's part in a trace of a test's guest (ktstr/wprof.h): which tracer
 * goes in, with which words, and what comes of what the guest sends. Nothing
 * that goes wrong here stops the test: it becomes the capture's outcome.
 */
#ifndef LIB_SESSION_CAPTURE_H
#define LIB_SESSION_CAPTURE_H

#include <ktstr/wprof.h>

#include "lib/session/session-internal.h"

/**
 * struct capture - of one run; zeroed it is one that nobody asked for
 *
 * Records arrive on vCPU threads under the run's lock, the rest is the main
 * thread's.
 */
struct capture {
	enum wprof_outcome outcome;
	struct kt_diag why;
	bool own_tracer;
	bool on;      /* the guest is to trace */
	bool said;    /* the guest told how the tracer ended */
	u64 hold_ms;  /* what the machine gets on top for it */
	u64 grace_ms; /* the tracer, beyond its duration */
	u64 hash;     /* of the variant */
	char *words;  /* for the kernel command line */
	char tracer[PATH_MAX];
	char dir[PATH_MAX];
	char path[PATH_MAX]; /* of the trace once it is complete, "" unknown */
	char staging[PATH_MAX + 16];
	int fd;			    /* of @staging while @on */
	struct initramfs_base base; /* with the tracer in it, while @on */
	struct wprof_stream stream;
	struct wire_crc *crc;
	u64 expected;	       /* bytes, when @said */
	char last_words[1024]; /* of the tracer, hostile */
	u64 first_ns, last_ns; /* when the trace began and ended to come */
	u64 run_ns;	       /* of the tracer */
	int progress_fd;       /* shows on a terminal, or -1 */
	u64 shown_ns;	       /* when progress was shown last */
};

/**
 * capture__prepare - everything that can be done before the machine is built
 * @c: zeroed
 * @report: progress is shown there if it is a terminal
 *
 * Looks for the tracer, packs it, forms its words, removes what an earlier run
 * of the variant left and begins a file. @c->on says whether all of that went
 * well.
 */
void capture__prepare(struct capture *c, struct session *s, const char *name,
		      const struct ktstr_attr *attr, FILE *report);
void capture__fini(struct capture *c);

/**
 * capture__add_words - append the guest's words to the kernel command line
 *
 * They have to be the last ones. When there is no room for them the capture is
 * off.
 */
void capture__add_words(struct capture *c, char *cmdline, size_t size);

/** capture__takes - is a record of @type a capture's, good or bad? */
bool capture__takes(u32 type);

/** capture__record - a record that capture__takes(); @vm has its pages */
void capture__record(struct capture *c, struct vm *vm,
		     const struct wire_record *rec);

/**
 * capture__held_up - the test is over and the machine waits for its trace
 *
 * Said on a terminal until the trace comes; nothing anywhere else.
 */
void capture__held_up(struct capture *c);

/** capture__hide_progress - the terminal's line is somebody else's again */
void capture__hide_progress(struct capture *c);

/** capture__finish - the machine is gone: give the file its name, or not */
void capture__finish(struct capture *c);

/** capture__print - the "# wprof:" line; nothing when nobody asked */
void capture__print(const struct capture *c, FILE *report);

/** capture__stretched_ms - @seconds, stretched as time limits are */
u64 capture__stretched_ms(const struct session *s,
			  const struct ktstr_attr *attr, unsigned int seconds);

/* capture-file.c */

/** capture__begin_file - names, stale files removed, staging file open */
int capture__begin_file(struct capture *c, const struct session *s,
			const char *name, const struct ktstr_attr *attr);
/** capture__commit / capture__discard - end the staging file */
int capture__commit(struct capture *c);
void capture__discard(struct capture *c);

#endif /* LIB_SESSION_CAPTURE_H */
