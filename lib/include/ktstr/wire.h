/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wire: length-prefixed, checksummed records in one byte stream.
 *
 * Record: 16-byte little-endian header { type, length, crc32, pad = 0 }, then
 * `length` payload bytes. crc32 is IEEE 802.3 (zlib's crc32()) over the
 * payload. Used by the guest's bulk port (table in msg.def) and, with its own
 * types, by the softkvm control channel.
 *
 * The peer is hostile: the assembler never allocates from an announced
 * length, bounds what it keeps, and delivers a record with a bad checksum
 * marked so that nobody acts on it.
 */
#ifndef KTSTR_WIRE_H
#define KTSTR_WIRE_H

#include <ktstr/base.h>

#define WIRE_HDR_SIZE 16u
#define WIRE_MAX_PAYLOAD (16u << 20)
/* More undeliverable bytes than this and the stream is out of sync. */
#define WIRE_MAX_RESIDUAL (2u * WIRE_MAX_PAYLOAD)

/* Value of a four-character tag: its characters read big-endian. */
#define WIRE_TAG(a, b, c, d) \
	((u32)(a) << 24 | (u32)(b) << 16 | (u32)(c) << 8 | (u32)(d))

/* MSG_PAGES: its head, and at most one run for each page of a payload. */
#define MSG_PAGE_SIZE 4096u
#define MSG_PAGES_RUNS_MAX (WIRE_MAX_PAYLOAD / MSG_PAGE_SIZE)
#define MSG_PAGES_MAX (16u + 8u * MSG_PAGES_RUNS_MAX)

enum msg_type {
#define MSG(a, b, c, d, NAME, dir, min, max, help) \
	MSG_##NAME = WIRE_TAG(a, b, c, d),
#include <ktstr/msg.def>
#undef MSG
};

enum lifecycle_phase {
	LIFE_INVALID = 0,
	LIFE_INIT_STARTED = 1,
	LIFE_PAYLOAD_STARTING = 2,
	LIFE_SCHEDULER_DIED = 3,
	LIFE_SCHEDULER_NOT_ATTACHED = 4,
};

/*
 * MSG_TEST_RESULT payload, little-endian; `reason_len` bytes of UTF-8 follow.
 * exit_code is the kselftest exit status of the test (KSFT_PASS 0 .. KSFT_SKIP
 * 4). term_signal is non-zero when a signal ended it; timed_out when guest
 * init had to kill it. nonce is what the host put into the ramdisk for this
 * run and init took out before the test began, so that a result is init's.
 */
#define MSG_NONCE_SIZE 16u
struct msg_test_result {
	u32 version; /* MSG_TEST_RESULT_VERSION */
	s32 exit_code;
	u32 term_signal;
	u32 timed_out;
	u64 duration_ns; /* guest CLOCK_MONOTONIC around the test body */
	u32 reason_len;
	u32 pad; /* 0 */
	u8 nonce[MSG_NONCE_SIZE];
};
#define MSG_TEST_RESULT_VERSION 2u
_Static_assert(sizeof(struct msg_test_result) == 48, "wire layout");

/* What init ("ktstr-init: ") logs when all before it was boot. */
#define GUEST_TEST_STARTS "the test starts"

/* The file in the ramdisk's root that has the nonce. */
#define MSG_NONCE_FILE "nonce"

struct msg_scenario_end {
	u64 elapsed_ms;
	u64 total_iterations;
};
_Static_assert(sizeof(struct msg_scenario_end) == 16, "wire layout");

/*
 * MSG_PAGES payload, little-endian: the header of a record whose payload stays
 * in guest memory until the write that carries this has returned. Runs of
 * pages follow, in the payload's order: u64 each, the address of the first
 * page, which is a multiple of MSG_PAGE_SIZE, plus the number of pages less
 * one. The payload fills them but for the end of the last page.
 */
struct msg_pages {
	u32 type;
	u32 len;
	u32 crc32;
	u32 pad; /* 0 */
};
_Static_assert(sizeof(struct msg_pages) == 16, "wire layout");

/* MSG_WPROF_STATUS payload, little-endian; @text_len bytes of the tracer's
 * last words follow. Sent once the tracer has ended, before the trace. */
enum msg_wprof_word {
	MSG_WPROF_SHIPS = 1,   /* @size bytes of trace follow */
	MSG_WPROF_NOT_STARTED, /* @detail: errno */
	MSG_WPROF_FAILED,      /* @detail: exit status */
	MSG_WPROF_KILLED,      /* @detail: signal */
	MSG_WPROF_HUNG,	       /* @detail: signal that ended it */
	MSG_WPROF_UNREADABLE, /* @detail: errno; no more of the trace follows */
};
struct msg_wprof_status {
	u32 version; /* MSG_WPROF_STATUS_VERSION */
	u32 word;    /* enum msg_wprof_word */
	s32 detail;
	u32 no_btf; /* the guest's kernel does not describe its types */
	u64 size;
	u64 run_ns; /* from the tracer's start to its end */
	u32 text_len;
	u32 pad; /* 0 */
};
#define MSG_WPROF_STATUS_VERSION 1u
_Static_assert(sizeof(struct msg_wprof_status) == 40, "wire layout");

/** struct wire_record - one record; @payload is valid during the callback */
struct wire_record {
	u32 type;
	u32 len;
	bool crc_ok;
	const u8 *payload;
};

/** struct msg_desc - a row of msg.def */
struct msg_desc {
	u32 type;
	const char *name;
	bool to_host;
	u32 min_len;
	u32 max_len;
	const char *help;
};

/** msg__find - row for @type, or NULL when unknown */
const struct msg_desc *msg__find(u32 type);

/** msg__table - all rows in msg.def order */
const struct msg_desc *msg__table(size_t *ret_nr);

/** wire__header - encode the header of a record */
void wire__header(u8 hdr[WIRE_HDR_SIZE], u32 type, const void *payload,
		  u32 len);

/**
 * wire__send - write one or more records carrying @len bytes of type @type
 *
 * Payloads above WIRE_MAX_PAYLOAD are split into records of the same type,
 * which receivers concatenate in arrival order. Uses writev(2); retries after
 * short writes and waits for a full non-blocking descriptor. A socket whose
 * peer is gone raises SIGPIPE unless the caller ignores it. After an error the
 * receiver may hold half a record.
 * Return: 0 or -errno.
 */
int wire__send(int fd, u32 type, const void *payload, size_t len);

struct wire_stats {
	u64 records; /* delivered, good or bad */
	u64 bad_crc;
	u64 unknown;   /* no row for guest-to-host; counted by wire__usable() */
	u64 malformed; /* length outside the row's range; same */
	u64 nonzero_pad;
	u64 resyncs; /* times buffered bytes were dropped */
	u64 dropped_bytes;
};

struct wire_asm {
	u8 *buf;
	size_t len;
	size_t cap;
	size_t peak; /* of @len, since nothing was held */
	struct wire_stats stats;
};

typedef void (*wire_record_fn)(void *ctx, const struct wire_record *rec);

void wire_asm__init(struct wire_asm *wa);
void wire_asm__fini(struct wire_asm *wa);

/**
 * wire_asm__feed - push received bytes, deliver every complete record
 *
 * Whole records inside @data are delivered without being copied; only a
 * partial tail is kept. Rules: a length above WIRE_MAX_PAYLOAD is judged once
 * the whole announced record arrived, then everything buffered is dropped;
 * a tail above WIRE_MAX_RESIDUAL is dropped; a bad checksum is delivered with
 * crc_ok = false. "Everything buffered" includes the rest of @data: where the
 * next record begins is not known any more.
 * @fn must not feed the same assembler.
 * Return: 0, or -ENOMEM (what was not delivered is then lost and counted).
 */
int wire_asm__feed(struct wire_asm *wa, const void *data, size_t len,
		   wire_record_fn fn, void *ctx);

/** wire_asm__residual - bytes of an unfinished record still held */
size_t wire_asm__residual(const struct wire_asm *wa);

/**
 * wire__usable - may the host act on this record?
 *
 * True iff the checksum is good, msg.def has the type in direction
 * guest-to-host, and the length is in the row's range. Counts why not (a bad
 * checksum was counted by the assembler).
 */
bool wire__usable(struct wire_stats *stats, const struct wire_record *rec);

/**
 * msg__parse_test_result - check and decode a usable MSG_TEST_RESULT record
 * @ret_reason: ret_result->reason_len bytes inside @rec, not NUL-terminated,
 *              any bytes; valid as long as the record's payload
 *
 * Return: 0, -EPROTONOSUPPORT for another version, -EBADMSG when type or
 * lengths disagree.
 */
int msg__parse_test_result(const struct wire_record *rec,
			   struct msg_test_result *ret_result,
			   const char **ret_reason);

/**
 * msg__parse_wprof_status - check and decode a usable MSG_WPROF_STATUS record
 * @ret_text: ret_status->text_len bytes inside @rec, any bytes
 * Return: 0, -EPROTONOSUPPORT, -EBADMSG.
 */
int msg__parse_wprof_status(const struct wire_record *rec,
			    struct msg_wprof_status *ret_status,
			    const char **ret_text);

/** struct msg_run - pages next to each other in guest memory */
struct msg_run {
	u64 gpa;
	u64 len; /* bytes; the payload may end before the last one's end */
};

/**
 * msg__parse_pages - check and decode a usable MSG_PAGES record
 * @ret_nr: runs; msg_pages__run() has them
 *
 * The runs hold what the head announces, and not a page more.
 * Return: 0, -EBADMSG.
 */
int msg__parse_pages(const struct wire_record *rec, struct msg_pages *ret_head,
		     u32 *ret_nr);

/** msg_pages__run - run @i of a record that msg__parse_pages() accepted */
struct msg_run msg_pages__run(const struct wire_record *rec, u32 i);

/** wire__crc32 - CRC-32 of IEEE 802.3, as zlib's crc32(); @crc 0 starts */
u32 wire__crc32(u32 crc, const void *buf, size_t len);

/**
 * struct wire_crc - the same over a payload in many pieces; private
 *
 * Worth its size for payloads of a few 100 KiB and up.
 */
#define WIRE_CRC_WORDS 3006u
struct wire_crc {
	u64 held[WIRE_CRC_WORDS];
	u32 pos;
	u32 nr_tail;
	u8 tail[8];
};

/** wire_crc__init - start with @crc, 0 for a new one */
void wire_crc__init(struct wire_crc *c, u32 crc);
void wire_crc__add(struct wire_crc *c, const void *buf, size_t len);
/** wire_crc__value - of all that was added so far */
u32 wire_crc__value(const struct wire_crc *c);

/* --- records as text ------------------------------------------------------ */

/*
 * On COM2, which has room for what init says when the bulk port does not come
 * up, records travel as lines of this mark and lower-case hexadecimal. What is
 * lost on the way shows as a bad checksum or a record cut short.
 */
#define WIRE_TEXT_MARK "KTSTR_REC "
#define WIRE_TEXT_BYTES 256u
#define WIRE_TEXT_LINE_MAX (sizeof(WIRE_TEXT_MARK) + 1 + 2 * WIRE_TEXT_BYTES)

/**
 * wire_text__line - up to WIRE_TEXT_BYTES bytes of the stream as one line
 * @line: WIRE_TEXT_LINE_MAX bytes
 * Return: length of the line, line breaks included; not NUL-terminated.
 */
size_t wire_text__line(const void *data, size_t len, char *line);

/** struct wire_text - state of the other direction; {0} starts */
struct wire_text {
	u64 bad_lines; /* had the mark and could not be decoded */
	size_t len;
	char line[1024]; /* longer ones without the mark are cut */
};

struct wire_text_ops {
	/** @bytes: the stream goes on with these */
	void (*bytes)(void *ctx, const u8 *data, size_t len);
	/** @text: a line of somebody else's, without line break */
	void (*text)(void *ctx, const char *line, size_t len);
};

/** wire_text__feed - take apart what arrives, in pieces of any size */
void wire_text__feed(struct wire_text *wt, const void *data, size_t len,
		     const struct wire_text_ops *ops, void *ctx);

/** wire_text__finish - the last line had no end */
void wire_text__finish(struct wire_text *wt, const struct wire_text_ops *ops,
		       void *ctx);

#endif /* KTSTR_WIRE_H */
