/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Traces of wprof (https://github.com/anakryiko/wprof), or of a tracer with
 * its command line, taken in a guest and written on the host as Perfetto
 * protobuf: configuration, transport, file names, first check. Pure but where
 * a function names a path; any thread.
 */
#ifndef KTSTR_WPROF_H
#define KTSTR_WPROF_H

#include <ktstr/wire.h>
#include <ktstr/diag.h>

/*
 * wprof begins every file with its interned strings, about 216 entries of 20
 * bytes: less is a tracer that gave up before, or a file cut short.
 */
#define WPROF_PB_MIN_BYTES 4096u

/* message Trace { repeated TracePacket packet = 1; }: field 1, wire type 2. */
#define PERFETTO_TRACE_PACKETS_TAG 0x0au

/*
 * Guest memory in MiB that the default arguments need: 8 ring buffers of
 * 256000 KiB, which wprof rounds up to 256 MiB. Moves with WPROF_DEFAULT_ARGS.
 */
#define WPROF_MIN_MEMORY_MIB 2048u
#define WPROF_DEFAULT_ARGS \
	"-d 500 -e sched --ringbuf-size=256000 --ringbuf-cnt=8"

/* The path of the tracer on the host; where it is and writes to in the guest.
 */
#define WPROF_PATH_ENV "KTSTR_WPROF_PATH"
#define WPROF_GUEST_TRACER "/bin/wprof"
#define WPROF_GUEST_DIR "/tmp/wprof"
#define WPROF_GUEST_TRACE WPROF_GUEST_DIR "/wprof.pb"

/*
 * Before the number of a descriptor: ktprof writes a byte there once it
 * records, and the test waits for that. wprof has no such option.
 */
#define WPROF_READY_ARG "--ready-fd="

/* The word on the kernel command line, its value's separator, most arguments.
 */
#define WPROF_ARGS_KEY "KTSTR_WPROF_ARGS="
#define WPROF_ARGS_SEP '\x1f'
#define WPROF_ARGS_MAX 128u

/*
 * Seconds, before they are stretched for a slow machine: how much longer than
 * asked for a tracer may take until it is interrupted, and again until it is
 * killed; and what the machine gets on top of its other time for all of it.
 */
#define WPROF_GRACE_S 5u
#define WPROF_HOLD_S 30u

/**
 * wprof__memory_mib - memory of a machine
 * @raw_mib: what it would get without
 * Return: @raw_mib, at least WPROF_MIN_MEMORY_MIB when @wprof.
 *
 * The only place that knows the floor. A size that a user has put on a command
 * line does not come here: it is kept, with a warning when it is less.
 */
unsigned int wprof__memory_mib(unsigned int raw_mib, bool wprof);

/* --- configuration ------------------------------------------------------- */

/**
 * struct wprof_config - the tracer and its arguments
 * @host_path: program on the host; borrowed
 * @args: behind the program's name, NULL-terminated, @nr_args of them; one
 *        allocation with their text
 */
struct wprof_config {
	const char *host_path;
	char **args;
	unsigned int nr_args;
};

/**
 * wprof_config__init - take arguments apart at white space
 * @text: NULL or blank: the default arguments
 *
 * Return: 0, -EINVAL for a control character, -E2BIG for more than
 * WPROF_ARGS_MAX arguments, both with a message, or -ENOMEM. Release with
 * wprof_config__fini().
 */
int wprof_config__init(struct wprof_config *cfg, const char *host_path,
		       const char *text, struct kt_diag *diag);
void wprof_config__fini(struct wprof_config *cfg);
DEFINE_FREE(wprof_config, struct wprof_config, wprof_config__fini(&_T))

/**
 * wprof_config__word - "KTSTR_WPROF_ARGS=" and the arguments joined by 0x1f
 * @ret_word: owned by the caller, free()
 *
 * The kernel and readers of /proc/cmdline end a word at white space, so an
 * argument has none, and no separator. Quotes mean nothing in this word, but
 * the kernel believes them: it has to be the last one.
 * Return: 0, -EINVAL naming argument and byte, -ENOMEM.
 */
int wprof_config__word(const struct wprof_config *cfg, char **ret_word,
		       struct kt_diag *diag);

/**
 * wprof_config__parse - find the word in a kernel command line and undo it
 * @cmdline: of the running kernel; white space ends words, whatever the quotes
 *
 * Of several such words the last one counts.
 * Return: 0 (host_path is NULL), -ENOENT when there is none, -E2BIG, -ENOMEM.
 */
int wprof_config__parse(struct wprof_config *cfg, const char *cmdline,
			struct kt_diag *diag);

/**
 * wprof_args__duration_ms - what -d or --duration asks for, in any spelling
 * Return: milliseconds, 0 when there is no such argument or it is no number:
 * the tracer runs until it is interrupted.
 */
u64 wprof_args__duration_ms(char *const *args, unsigned int nr);

/* --- transport ----------------------------------------------------------- */

/**
 * struct wprof_frame - a part of the trace and the record it travels in
 * @type: MSG_WPROF_TRACE_CHUNK, or MSG_WPROF_TRACE for the last one; 0 starts
 */
struct wprof_frame {
	u32 type;
	u32 len;
	u64 off;
};

/**
 * wprof_frame__next - advance to the next frame of a trace of @total bytes
 * @cap: most bytes of a frame, WIRE_MAX_PAYLOAD but in tests
 * @frame: zeroed before the first call
 *
 * Frames are full but the last. Exactly @cap bytes are one frame; an empty
 * trace is one empty MSG_WPROF_TRACE.
 * Return: false when there is no further one.
 */
bool wprof_frame__next(u64 total, u32 cap, struct wprof_frame *frame);

/** struct wprof_entry - a received record, for wprof__reassemble() */
struct wprof_entry {
	u32 type;
	bool crc_ok;
	const void *payload;
	size_t len;
};

/**
 * wprof__reassemble - the trace that records of all kinds carry
 *
 * The rules, in order of arrival: payloads of chunks are joined, that of the
 * first MSG_WPROF_TRACE is the last one, nothing after it counts; records of
 * other types are passed over, good or bad.
 * Return: 0 with @ret_trace to be freed; -EBADMSG when a chunk or the last
 * frame has a bad checksum, -ENODATA when there is no last frame, -ENOENT when
 * the trace is empty: then there is no trace. -ENOMEM.
 */
int wprof__reassemble(const struct wprof_entry *entries, size_t nr,
		      u8 **ret_trace, size_t *ret_len);

/**
 * struct wprof_stream - the same while records arrive, in constant memory
 *
 * Zeroed but for @write and @ctx. What is written before the end is
 * provisional: only wprof_stream__result() says whether it is a trace.
 */
struct wprof_stream {
	/* Return: 0 or -errno, which ends the stream. */
	int (*write)(void *ctx, const void *buf, size_t len);
	void *ctx;
	enum { WPROF_STREAM_OPEN, WPROF_STREAM_ENDED } state;
	int err;   /* of the end: 0, -EBADMSG, or what @write returned */
	u64 bytes; /* written */
};

/** wprof_stream__takes - is @type a part of a trace? */
bool wprof_stream__takes(u32 type);

/** wprof_stream__record - a whole record; others' are passed over */
void wprof_stream__record(struct wprof_stream *st, const struct wprof_entry *e);

/**
 * wprof_stream__piece / wprof_stream__end - a record in pieces: first its
 * payload, then what it was
 *
 * The payload is written before its checksum is known; a bad one then ends the
 * stream like any other. Only for records that wprof_stream__takes().
 */
void wprof_stream__piece(struct wprof_stream *st, const void *buf, size_t len);
void wprof_stream__end(struct wprof_stream *st, u32 type, bool crc_ok);

/** wprof_stream__result - 0, or the errors of wprof__reassemble() or @write */
int wprof_stream__result(const struct wprof_stream *st);

/* --- outcomes ------------------------------------------------------------ */

/** enum wprof_outcome - rows of ktstr/wprof-outcome.def */
enum wprof_outcome {
#define WPROF_OUTCOME(id, name, help) WPROF_##id,
#include <ktstr/wprof-outcome.def>
#undef WPROF_OUTCOME
	WPROF_OUTCOME_NR,
};

/** wprof_outcome__name - "landed", "torn", ...; never NULL */
const char *wprof_outcome__name(enum wprof_outcome outcome);
/** wprof_outcome__help - what it means; never NULL */
const char *wprof_outcome__help(enum wprof_outcome outcome);

/* --- names --------------------------------------------------------------- */

/**
 * struct wprof_variant - what makes a test's run a variant of its own
 *
 * Lists are NULL-terminated, in any order, or NULL; @payload may be NULL.
 * Sysctls are "sysctl.KEY=VALUE".
 */
struct wprof_variant {
	const char *topology;  /* "1n2l4c1t" */
	const char *scheduler; /* "eevdf": the kernel's own */
	const char *payload;
	const char *work_type;
	const char *const *flags, *const *sysctls, *const *kargs;
};

/**
 * wprof_variant__hash - SipHash-1-3, keys 0 and 0, over the fields
 *
 * Text is followed by a 0 byte: topology, scheduler, 0xfc, payload if there is
 * one, 0, work type, 0xfe, flags in their order, 0xfd, sysctls sorted, 0xff,
 * kargs sorted. Return: 0 or -ENOMEM.
 */
int wprof_variant__hash(const struct wprof_variant *variant, u64 *ret_hash);

/** siphash13 - SipHash-1-3 with both keys 0 */
u64 siphash13(const void *data, size_t len);

enum wprof_file {
	WPROF_FILE_PRIMARY, /* .wprof.pb */
	WPROF_FILE_REPRO,   /* .repro.wprof.pb, of a crash run again */
};

/**
 * wprof__path - DIR/TEST-HASH.wprof.pb, the hash as 16 hexadecimal digits
 * Return: 0, -EINVAL when there is no name or directory, -ENAMETOOLONG, with
 * a message.
 */
int wprof__path(const char *dir, const char *test, u64 variant_hash,
		enum wprof_file file, char *buf, size_t size,
		struct kt_diag *diag);

/* --- check --------------------------------------------------------------- */

/**
 * wprof__check_shape - is there a trace at @path?
 *
 * A regular file of at least WPROF_PB_MIN_BYTES bytes, the first of them
 * PERFETTO_TRACE_PACKETS_TAG. Host only: a guest does not see the host's files.
 * Return: 0, -ENOENT (or why else it cannot be opened) naming every hop that
 * the trace had to take, -ENODATA too short, -EBADMSG another format.
 */
int wprof__check_shape(const char *path, struct kt_diag *diag);

#endif /* KTSTR_WPROF_H */
