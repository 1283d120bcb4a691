/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KTAP as this project speaks it: so far, how a guest's bytes get into the
 * host's test report without being able to forge it.
 */
#ifndef KTSTR_KTAP_H
#define KTSTR_KTAP_H

#include <ktstr/base.h>

/*
 * In front of every guest line. Consumers strip "# " once per level of
 * runner; the bar then still keeps "ok 1" from column 0.
 */
#define KTAP_RELAY_PREFIX "# | "
#define KTAP_RELAY_PREFIX_MAX 4u
/* One level of runner, for programs whose TAP is to be read. */
#define KTAP_RELAY_NESTED "# "
#define KTAP_RELAY_LINE_MAX 4096u
#define KTAP_RELAY_BUDGET_DEFAULT (1u << 20)

/**
 * ktap__escape - @len untrusted bytes as harmless text
 * @out: room for 4 * @len bytes; not terminated
 *
 * What is escaped and how is described at ktap_relay__feed().
 * Return: bytes written to @out.
 */
size_t ktap__escape(char *out, const u8 *text, size_t len);

enum ktap_stream { KTAP_STREAM_STDOUT, KTAP_STREAM_STDERR, KTAP_STREAM_NR };

/**
 * ktap_write_fn - takes report text; always whole lines, one per call
 * Return: 0, or -errno, which ends the call into the relay that caused it.
 */
typedef int (*ktap_write_fn)(void *ctx, const char *text, size_t len);

/**
 * struct ktap_relay - state of one test's relay; about 25 KiB, so keep it
 * off the stack
 *
 * Private but for @relayed and @suppressed (guest bytes) and, between init and
 * the first byte, @prefix. One thread.
 */
struct ktap_relay {
	ktap_write_fn write;
	void *ctx;
	const char *prefix; /* at most KTAP_RELAY_PREFIX_MAX bytes */
	u64 budget;
	u64 relayed;
	u64 suppressed;
	struct {
		size_t len;
		u8 text[KTAP_RELAY_LINE_MAX];
	} line[KTAP_STREAM_NR];
	/* A line where each byte became "\xNN", prefix and newline. */
	char out[KTAP_RELAY_PREFIX_MAX + 4 * KTAP_RELAY_LINE_MAX + 1];
};

/**
 * ktap_relay__init - start relaying
 * @budget: guest bytes that are shown; the rest is only counted
 */
void ktap_relay__init(struct ktap_relay *relay, u64 budget, ktap_write_fn write,
		      void *ctx);

/**
 * ktap_relay__feed - relay bytes of one of the guest's streams
 *
 * Each complete line becomes one comment line: prefix + text. Printable ASCII,
 * tabs and well-formed UTF-8 pass; control characters, invalid UTF-8 and
 * characters that some consumer takes for a line end or that reorder text
 * become \xNN per byte (a backslash of the guest is left alone, so this is for
 * reading, not for decoding). Lines above KTAP_RELAY_LINE_MAX bytes are split
 * between characters.
 * Return: 0, or the error of the write callback.
 */
int ktap_relay__feed(struct ktap_relay *relay, enum ktap_stream stream,
		     const void *data, size_t len);

/**
 * ktap_relay__finish - flush unterminated lines; say what was not shown
 * @full_text: file that has everything, for that message; may be NULL
 *
 * Return: 0, or the error of the write callback.
 */
int ktap_relay__finish(struct ktap_relay *relay, const char *full_text);

/**
 * struct ktap_tally - follows a TAP stream that somebody else writes
 *
 * Enough to finish the stream when its writer dies: what was begun, how many
 * results there are at the outer level, whether the last line is complete.
 */
struct ktap_tally {
	bool begun; /* a version line was seen */
	bool midline;
	unsigned int results;
	/* The line's first bytes: all it takes to tell what it is. */
	char head[8];
	size_t head_len;
};

/** ktap_tally__feed - look at the next bytes of the stream; {0} starts */
void ktap_tally__feed(struct ktap_tally *tally, const void *data, size_t len);

#endif /* KTSTR_KTAP_H */
