/* SPDX-License-Identifier: GPL-2.0 */
/* Between the parts of a running plan: loop, job, batch, flat. */
#ifndef LIB_RUNNER_RUNNER_PRIV_H
#define LIB_RUNNER_RUNNER_PRIV_H

#include "lib/runner/child.h"
#include "lib/runner/runner.h"
#include "lib/runner/tapout.h"

/* Longer lines are no TAP; they are shown in pieces. */
#define RUNNER_LINE_MAX 3072u
/* Of one test's lines, kept in memory and shown; its log has all. */
#define RUNNER_TEXT_MAX MIB(1)
/* What stays of them until the result files are written. */
#define RUNNER_TAIL_MAX KIB(64)

/* Constant, because some readers make the reason part of a test's name. */
#define RUNNER_NOT_RUN "SKIP not run after a failure"

struct runner;

struct linebuf {
	char text[RUNNER_LINE_MAX];
	size_t len;
	bool cut; /* what is here continues a line that was too long */
};

/** struct job - one process of a program and the tests it was given */
struct job {
	struct runner *r;
	struct runner_child child;
	unsigned int worker;
	unsigned int program, kernel;
	unsigned int *tests; /* indices; those without a result come first */
	unsigned int nr_tests, nr_left;
	u64 start_ns, deadline_ns, block_ns; /* block: since the last result */
	struct linebuf out, err;
	struct textbuf block; /* lines since the last result */
	int log_fd;
	char *log;	   /* relative path of what @log_fd is */
	char *fingerprint; /* of the crash that the current test had */
	bool not_booted;
	unsigned int strange; /* results nobody planned */
	char *skip_reason;    /* of "1..0 # SKIP reason" */
	/* Why it was killed; KTSTR_OUTCOME_NR when it was not. */
	enum ktstr_outcome killed_as;
};

struct runner {
	const struct runner_config *cfg;
	struct testplan *plan;
	struct outdir *dir;
	struct runner_result *result;
	struct tapout out;
	struct job *jobs;
	unsigned int nr_running;
	unsigned int *queue; /* tests not begun, in order */
	unsigned int nr_queue, queue_at;
	unsigned int *retry; /* tests to be tried again, first in first out */
	unsigned int nr_retry;
	unsigned int current;  /* program whose lines are printed */
	unsigned int *numbers; /* per program: results printed */
	bool *shown;	       /* per test: its result is printed */
	unsigned int *said;    /* per test: attempts printed */
	bool header;	       /* @current's is printed */
	bool fail_fast;	       /* it has struck */
	bool overdue;	       /* the kill did not work; leave it */
	int stop_signal;
	u64 start_ns, stop_ns;
	int signal_fd;
	unsigned int nr_done, nr_bad;
	size_t progress_len;
};

/* --- batch.c: what runs next --------------------------------------------- */

/** batch__init - put all tests into the queue; Return: 0 or -ENOMEM */
int batch__init(struct runner *r);

/**
 * batch__next - tests for one process: one program, one kernel
 * @ret_tests: at least one index, owned by the caller
 * Return: how many; 0 when nothing waits, or without memory (-ENOMEM kept).
 */
unsigned int batch__next(struct runner *r, unsigned int **ret_tests);

/** batch__retry - try this test again, before anything else; in memory
 * reserved by batch__init() */
void batch__retry(struct runner *r, unsigned int test);

/** batch__waiting - something is in the queue */
bool batch__waiting(const struct runner *r);

/* --- job.c: one process -------------------------------------------------- */

/** job__start - run the next batch; a program that cannot start is reported
 * under its tests */
void job__start(struct runner *r, struct job *job, unsigned int *tests,
		unsigned int nr);

/** job__read - take what it printed; Return: false when nothing was there */
bool job__read(struct job *job);

/** job__kill - end it; what it did not report is @outcome */
void job__kill(struct job *job, enum ktstr_outcome outcome);

/** job__finish - it ended: last words, missing results, clean up */
void job__finish(struct job *job);

/** job__abandon - it does not end: report without it */
void job__abandon(struct job *job);

/* --- lines.c: what a process prints -------------------------------------- */

/** typedef line_fn - takes one line; @whole: not a piece of a longer one */
typedef void (*line_fn)(struct job *job, const char *text, size_t len,
			bool whole);

/** linebuf__feed - cut into lines for @fn */
void linebuf__feed(struct linebuf *lb, const char *data, size_t len, line_fn fn,
		   struct job *job);

/** lines__stdout - a line of its TAP */
void lines__stdout(struct job *job, const char *text, size_t len, bool whole);

/** lines__stderr - a line beside it, never a result */
void lines__stderr(struct job *job, const char *text, size_t len, bool whole);

/** lines__note - a line of ours in the current test's text */
void lines__note(struct job *job, const char *fmt, ...) __printf_like(2, 3);

/** lines__end_test - give @test what was printed since the last result */
void lines__end_test(struct job *job, unsigned int test,
		     enum ktstr_outcome outcome, const char *directive,
		     u64 time_ms);

/* --- loop.c: the whole --------------------------------------------------- */

/** runner__attempt_done - @test has one more attempt */
void runner__attempt_done(struct runner *r, unsigned int test);

/** runner__give_up - @test will not be tried (again) and ends so */
void runner__give_up(struct runner *r, unsigned int test,
		     enum ktstr_outcome outcome, const char *directive);

/* --- flat.c: standard output --------------------------------------------- */

void flat__begin(struct runner *r);
/** flat__live - lines of this job are printed as they come */
bool flat__live(const struct job *job);
void flat__line(struct runner *r, const char *text, size_t len);
/** flat__attempt - an attempt that is not the last was made */
void flat__attempt(struct runner *r, unsigned int test);
/** flat__test - a test is done */
void flat__test(struct runner *r, unsigned int test);
/** flat__advance - print what became printable: results, programs */
void flat__advance(struct runner *r);
void flat__end(struct runner *r);

/* --- progress.c: the line on a terminal ---------------------------------- */

void progress__update(struct runner *r);
void progress__clear(struct runner *r);

#endif /* LIB_RUNNER_RUNNER_PRIV_H */
