// SPDX-License-Identifier: GPL-2.0
/*
 * Before the machine runs: the tracer, its words, its place in the ramdisk.
 * After: the outcome. Main thread; see capture.h.
 */
#include "lib/session/capture.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include <ktstr/fd.h>

#include "lib/session/workload.h"
#include "vmm/softkvm.h"

#define OWN_TRACER "ktprof"

u64 capture__stretched_ms(const struct session *s,
			  const struct ktstr_attr *attr, unsigned int seconds)
{
	return (u64)(seconds * 1000.0 * session__stretch(s, attr));
}

static void turn_off(struct capture *c, enum wprof_outcome outcome)
{
	c->on = false;
	c->outcome = outcome;
}

/* --- the tracer ---------------------------------------------------------- */

/* $KTSTR_WPROF_PATH, else ours: beside the program, or in PATH. */
static int find_tracer(struct capture *c)
{
	const char *named = getenv(WPROF_PATH_ENV);
	char *found __free(ptr) = NULL;
	int err;

	c->own_tracer = !named || !*named;
	if (!c->own_tracer)
		return snprintf(c->tracer, sizeof(c->tracer), "%s", named) <
				       (int)sizeof(c->tracer)
			       ? 0
			       : -ENAMETOOLONG;
	err = session__beside_program(OWN_TRACER, c->tracer, sizeof(c->tracer),
				      &c->why);
	/* Beside programs it need not be executable; in the guest it is. */
	if (!err && !access(c->tracer, R_OK))
		return 0;
	if (workload__find(OWN_TRACER, &found))
		return diag__fail(
			&c->why, -ENOENT,
			"%s names no tracer, and there is no " OWN_TRACER
			" beside the program (%s) or in PATH",
			WPROF_PATH_ENV, c->tracer);
	snprintf(c->tracer, sizeof(c->tracer), "%s", found);
	return 0;
}

static enum wprof_outcome inspect(struct capture *c)
{
	int fd __free(fd) = open(c->tracer, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	Elf64_Ehdr eh = { 0 };
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		diag__fail(&c->why, -errno, "%s=%s: %s", WPROF_PATH_ENV,
			   c->tracer, strerror(errno));
		return WPROF_NO_TRACER;
	}
	if (!S_ISREG(st.st_mode) || read(fd, &eh, sizeof(eh)) < EI_NIDENT ||
	    memcmp(eh.e_ident, ELFMAG, SELFMAG)) {
		diag__fail(&c->why, -ENOEXEC, "%s is not an ELF file",
			   c->tracer);
		return WPROF_NOT_ELF;
	}
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_machine != EM_X86_64) {
		diag__fail(&c->why, -ENOEXEC,
			   "%s: ELF class %u for machine %u, the guest runs "
			   "class %u for machine %u (x86-64)",
			   c->tracer, eh.e_ident[EI_CLASS], eh.e_machine,
			   ELFCLASS64, EM_X86_64);
		return WPROF_WRONG_ARCH;
	}
	return WPROF_OFF;
}

static int pack_tracer(struct capture *c, struct session *s)
{
	const struct initramfs_file tracer = {
		.guest_path = &WPROF_GUEST_TRACER[1],
		.host_path = c->tracer,
	};

	return session__build_base(s, &tracer, &c->base, &c->why);
}

/* --- its words ----------------------------------------------------------- */

static int make_words(struct capture *c, const char *args)
{
	struct wprof_config cfg __free(wprof_config) = { 0 };
	char *word __free(ptr) = NULL;
	int err = wprof_config__init(&cfg, c->tracer, args, &c->why);

	if (!err)
		err = wprof_config__word(&cfg, &word, &c->why);
	if (err)
		return err;
	if (asprintf(&c->words,
		     " KTSTR_WPROF_GRACE_MS=%" PRIu64
		     " KTSTR_WPROF_READY=%d %s",
		     c->grace_ms, c->own_tracer, word) < 0) {
		c->words = NULL;
		return -ENOMEM;
	}
	return 0;
}

void capture__add_words(struct capture *c, char *cmdline, size_t size)
{
	size_t have = strlen(cmdline), more;

	if (!c->on)
		return;
	more = strlen(c->words);
	if (have + more < size && have + more <= VM_CMDLINE_MAX) {
		memcpy(cmdline + have, c->words, more + 1);
		return;
	}
	diag__fail(&c->why, -E2BIG,
		   "the tracer's arguments take %zu characters of the kernel "
		   "command line, which has room for %zu (of %u)",
		   more, VM_CMDLINE_MAX - have, VM_CMDLINE_MAX);
	turn_off(c, WPROF_ARGS_TOO_LONG);
}

/* --- all of it ----------------------------------------------------------- */

/* In the order in which a user would look for mistakes. */
static enum wprof_outcome prepare(struct capture *c, struct session *s,
				  const char *name,
				  const struct ktstr_attr *attr)
{
	enum wprof_outcome outcome;

	/* First, so that no old file is taken for the new one. */
	if (capture__begin_file(c, s, name, attr))
		return WPROF_SIDECAR_UNWRITABLE;
	if (find_tracer(c))
		return WPROF_NO_TRACER;
	if (make_words(c, attr->wprof_args))
		return WPROF_BAD_ARGS;
	outcome = inspect(c);
	if (outcome != WPROF_OFF)
		return outcome;
	return pack_tracer(c, s) ? WPROF_UNPACKABLE : WPROF_OFF;
}

static int write_staging(void *ctx, const void *buf, size_t len)
{
	const struct capture *c = ctx;

	return fd__write_all(c->fd, buf, len);
}

/* Where progress can be seen. A report that is no file is shown at the end. */
static int terminal_of(FILE *report)
{
	int fd = fileno(report);

	if (fd < 0)
		fd = STDERR_FILENO;
	return softkvm__is_tty(fd) ? fd : -1;
}

void capture__prepare(struct capture *c, struct session *s, const char *name,
		      const struct ktstr_attr *attr, FILE *report)
{
	enum wprof_outcome outcome;

	*c = (struct capture){ .fd = -1, .progress_fd = -1 };
	c->base.fd = -1;
	if (attr->wprof != true)
		return;
	if (attr__memory_mib(attr) < WPROF_MIN_MEMORY_MIB)
		fprintf(report,
			"# wprof: the machine keeps its %u MiB as asked for; "
			"with less than %u the tracer may run out of memory\n",
			attr__memory_mib(attr), WPROF_MIN_MEMORY_MIB);
	c->stream.write = write_staging;
	c->stream.ctx = c;
	c->hold_ms = capture__stretched_ms(s, attr, WPROF_HOLD_S);
	c->grace_ms = capture__stretched_ms(s, attr, WPROF_GRACE_S);
	c->crc = malloc(sizeof(*c->crc));
	outcome = c->crc ? prepare(c, s, name, attr) : WPROF_SIDECAR_UNWRITABLE;
	if (outcome != WPROF_OFF) {
		turn_off(c, outcome);
		return;
	}
	c->progress_fd = terminal_of(report);
	c->on = true;
	c->outcome = WPROF_NOTHING_CAME;
}

void capture__fini(struct capture *c)
{
	capture__discard(c);
	if (c->base.fd >= 0)
		initramfs_base__close(&c->base);
	free(c->words);
	free(c->crc);
}

/* --- the end ------------------------------------------------------------- */

static enum wprof_outcome write_outcome(struct capture *c, int err)
{
	diag__fail(&c->why, err, "%s: %s after %" PRIu64 " bytes", c->staging,
		   strerror(-err), c->stream.bytes);
	return err == -ENOSPC || err == -EDQUOT ? WPROF_DISK_FULL
						: WPROF_WRITE_FAILED;
}

static enum wprof_outcome cut_short(struct capture *c)
{
	const u64 bytes = c->stream.bytes;

	if (!c->said && !bytes)
		return WPROF_NOTHING_CAME;
	if (c->said)
		diag__fail(&c->why, -ENODATA,
			   "%" PRIu64 " of %" PRIu64
			   " bytes came, then the guest was gone",
			   bytes, c->expected);
	else
		diag__fail(&c->why, -ENODATA,
			   "%" PRIu64 " bytes came, then the guest was gone",
			   bytes);
	return WPROF_INCOMPLETE;
}

static enum wprof_outcome complete(struct capture *c)
{
	int err;

	if (c->said && c->stream.bytes != c->expected) {
		diag__fail(&c->why, -ENODATA,
			   "%" PRIu64 " bytes came of %" PRIu64
			   " that the guest announced",
			   c->stream.bytes, c->expected);
		return WPROF_INCOMPLETE;
	}
	err = capture__commit(c);
	return err ? write_outcome(c, err) : WPROF_LANDED;
}

static enum wprof_outcome conclude(struct capture *c)
{
	int err = wprof_stream__result(&c->stream);

	switch (err) {
	case 0:
		return complete(c);
	case -ENODATA:
		return cut_short(c);
	case -ENOENT:
		return WPROF_EMPTY;
	case -EBADMSG:
		diag__fail(&c->why, err,
			   "a frame behind byte %" PRIu64 " had a bad checksum",
			   c->stream.bytes);
		return WPROF_TORN;
	default:
		return write_outcome(c, err);
	}
}

void capture__finish(struct capture *c)
{
	capture__hide_progress(c);
	if (!c->on)
		return;
	/* What the guest said of its tracer explains what came of it. */
	if (c->outcome == WPROF_NOTHING_CAME)
		c->outcome = conclude(c);
	capture__discard(c);
}

void capture__print(const struct capture *c, FILE *report)
{
	char why[sizeof(c->why.msg)];

	if (c->outcome == WPROF_OFF)
		return;
	verdict__sanitize(why, sizeof(why),
			  c->outcome == WPROF_LANDED ? c->last_words
						     : c->why.msg);
	if (c->outcome == WPROF_LANDED) {
		fprintf(report,
			"# wprof: landed: %s (%" PRIu64 " bytes in %" PRIu64
			" us, the tracer ran %" PRIu64 " ms)\n",
			c->path, c->stream.bytes,
			(c->last_ns - c->first_ns) / NSEC_PER_USEC,
			c->run_ns / NSEC_PER_MSEC);
		if (why[0])
			fprintf(report, "# wprof: the tracer said: %s\n", why);
		return;
	}
	fprintf(report, "# wprof: %s: %s%s%s; no .pb was written\n",
		wprof_outcome__name(c->outcome),
		wprof_outcome__help(c->outcome), why[0] ? ": " : "", why);
}
