// SPDX-License-Identifier: GPL-2.0
/*
 * Is there a trace, as far as can be told without decoding it? Called from
 * post_vm callbacks on the host. No state; any thread.
 */
#include <ktstr/wprof.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <ktstr/fd.h>

static const char *const names[] = {
#define WPROF_OUTCOME(id, name, help) name,
#include <ktstr/wprof-outcome.def>
#undef WPROF_OUTCOME
};

static const char *const helps[] = {
#define WPROF_OUTCOME(id, name, help) help,
#include <ktstr/wprof-outcome.def>
#undef WPROF_OUTCOME
};

const char *wprof_outcome__name(enum wprof_outcome outcome)
{
	return (unsigned int)outcome < WPROF_OUTCOME_NR ? names[outcome]
							: "unknown";
}

const char *wprof_outcome__help(enum wprof_outcome outcome)
{
	return (unsigned int)outcome < WPROF_OUTCOME_NR ? helps[outcome]
							: "unknown";
}

static int missing(const char *path, int err, struct kt_diag *diag)
{
	return diag__fail(
		diag, err,
		"wprof .pb missing at %s: %s. It would have come by: .wprof = "
		"true of the test; %s or ktprof, packed at %s; %s on the "
		"kernel command line; guest/wprof.c, which runs the tracer and "
		"sends WPROF_TRACE_CHUNK and WPROF_TRACE records; "
		"lib/wprof, which joins them; lib/session/capture.c, which "
		"gives "
		"the file its name. The report's \"wprof:\" line says where it "
		"stopped",
		path, strerror(-err), WPROF_PATH_ENV, WPROF_GUEST_TRACER,
		WPROF_ARGS_KEY);
}

int wprof__check_shape(const char *path, struct kt_diag *diag)
{
	int fd __free(fd) = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	u8 first;
	int err;

	if (fd < 0 || fstat(fd, &st))
		return missing(path, -errno, diag);
	if (!S_ISREG(st.st_mode))
		return missing(path, -ENOENT, diag);
	if (st.st_size < (off_t)WPROF_PB_MIN_BYTES)
		return diag__fail(diag, -ENODATA,
				  "wprof .pb at %s has only %lld bytes, at "
				  "least %u are expected: every capture begins "
				  "with that much of interned strings, so the "
				  "tracer gave up before or the file was cut "
				  "short",
				  path, (long long)st.st_size,
				  WPROF_PB_MIN_BYTES);
	err = fd__read_all(fd, &first, 1);
	if (err)
		return diag__fail(diag, err, "wprof .pb at %s: %s", path,
				  strerror(-err));
	if (first != PERFETTO_TRACE_PACKETS_TAG)
		return diag__fail(diag, -EBADMSG,
				  "wprof .pb at %s begins with byte 0x%02x, "
				  "not 0x%02x (field 1, length-delimited: "
				  "Perfetto's Trace.packet): it is damaged, or "
				  "in another format",
				  path, first, PERFETTO_TRACE_PACKETS_TAG);
	return 0;
}
