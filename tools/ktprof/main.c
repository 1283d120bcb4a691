// SPDX-License-Identifier: GPL-2.0
/* ktprof: command line, order of events, messages. See ktprof.h. */
#include "tools/ktprof/ktprof.h"

#include <argp.h>
#include <signal.h>

#include <bpf/libbpf.h>
#include <ktstr/fd.h>

struct options {
	struct capture_options capture;
	u64 duration_ms;
	const char *trace;
	int ready_fd; /* or -1 */
	bool stats, verbose;
};

static volatile bool stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = true;
}

/* --- command line --------------------------------------------------------- */

static const struct {
	const char *name;
	unsigned int bit;
} event_names[] = {
	{ "sched", EVENTS_SCHED },
	{ "irq", EVENTS_IRQ },
	{ "softirq", EVENTS_SOFTIRQ },
	{ "wq", EVENTS_WQ },
};

static unsigned int event_bit(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(event_names); i++)
		if (strlen(event_names[i].name) == len &&
		    !memcmp(event_names[i].name, name, len))
			return event_names[i].bit;
	return 0;
}

/* "sched,irq" */
static void parse_events(struct argp_state *state, const char *arg,
			 unsigned int *events)
{
	for (const char *p = arg;; p++) {
		size_t len = strcspn(p, ",");
		unsigned int bit = event_bit(p, len);

		if (!bit)
			argp_error(state,
				   "no event '%.*s'; -e takes sched, irq, "
				   "softirq and wq, commas between them",
				   (int)len, p);
		*events |= bit;
		p += len;
		if (!*p)
			return;
	}
}

static u64 parse_number(struct argp_state *state, const char *arg,
			const char *what, u64 min, u64 max)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(arg, &end, 10);
	if (errno || end == arg || *end || *arg == '-' || value < min ||
	    value > max)
		argp_error(state, "%s is a number from %llu to %llu, not '%s'",
			   what, (unsigned long long)min,
			   (unsigned long long)max, arg);
	return value;
}

enum { OPT_RING_SIZE = 256, OPT_RING_CNT, OPT_READY_FD, OPT_STATS };

static const struct argp_option options[] = {
	{ "duration", 'd', "MS", 0,
	  "record for so long; without it until interrupted", 0 },
	{ "events", 'e', "LIST", 0,
	  "what to record: sched (default), irq, softirq, wq; may be repeated",
	  0 },
	{ "trace", 'T', "FILE", 0, "write the trace there", 0 },
	{ "ringbuf-size", OPT_RING_SIZE, "KIB", 0,
	  "largest size of a ring buffer (256000); less is taken where memory "
	  "is short",
	  0 },
	{ "ringbuf-cnt", OPT_RING_CNT, "N", 0,
	  "most ring buffers, CPUs share them (8)", 0 },
	{ "ready-fd", OPT_READY_FD, "FD", 0,
	  "write a byte to this descriptor when recording has begun, and close "
	  "it",
	  0 },
	{ "stats", OPT_STATS, NULL, 0,
	  "say what was recorded and how long "
	  "each step took",
	  0 },
	{ "verbose", 'v', NULL, 0, "show libbpf's messages", 0 },
	{ 0 },
};

static error_t parse_opt(int key, char *arg, struct argp_state *state)
{
	struct options *opt = state->input;

	switch (key) {
	case 'd':
		opt->duration_ms =
			parse_number(state, arg, "-d", 1, 24 * 3600 * 1000);
		return 0;
	case 'e':
		parse_events(state, arg, &opt->capture.events);
		return 0;
	case 'T':
		opt->trace = arg;
		return 0;
	case OPT_RING_SIZE:
		opt->capture.ring_bytes = KIB(parse_number(
			state, arg, "--ringbuf-size", 1, GIB(1) >> 10));
		return 0;
	case OPT_RING_CNT:
		opt->capture.nr_rings = (unsigned int)parse_number(
			state, arg, "--ringbuf-cnt", 1, 4096);
		return 0;
	case OPT_READY_FD:
		opt->ready_fd = (int)parse_number(state, arg, "--ready-fd", 0,
						  1u << 20);
		return 0;
	case OPT_STATS:
		opt->stats = true;
		return 0;
	case 'v':
		opt->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "no argument is expected, but '%s' is there",
			   arg);
		return 0;
	case ARGP_KEY_END:
		if (!opt->trace)
			argp_error(state, "where to? -T FILE");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_opt,
	.doc = "Record who runs where and who wakes whom, as a Perfetto trace."
	       "\v"
	       "The options are a part of wprof's. Exit status: 0 there is a "
	       "trace; 1 an error of ours, as lack of memory; 2 wrong usage; "
	       "3 this kernel cannot be traced; 4 the trace cannot be written.",
};

/* --- the work ------------------------------------------------------------- */

static int say(int status, const struct kt_diag *diag, int err)
{
	fprintf(stderr, "ktprof: %s\n", diag__text(diag, err));
	return status;
}

static bool verbose;

static int __printf_like(2, 0)
	print_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (!verbose)
		return 0;
	(void)level;
	fprintf(stderr,
		"%llu ms: ", (unsigned long long)(kt_now_ns() / NSEC_PER_MSEC));
	return vfprintf(stderr, fmt, ap);
}

static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	/* Too large a file is an error to report, not a death. */
	signal(SIGXFSZ, SIG_IGN);
	/* Nor is one who waited for us to be ready, and left. */
	signal(SIGPIPE, SIG_IGN);
}

/* When each step was done, for --stats. */
struct steps {
	u64 begun, loaded, recorded, written;
};

static void print_stats(const struct capture *c, const struct trace_out *out,
			const struct steps *s)
{
	size_t records = 0;
	u64 bytes = 0;

	for (unsigned int i = 0; i < capture__nr_rings(c); i++) {
		records += capture__ring(c, i)->nr;
		bytes += capture__ring(c, i)->bytes;
	}
	fprintf(stderr,
		"ktprof: %zu events, %llu bytes of trace, %u rings of %llu "
		"bytes; loading %llu ms, recording %llu ms, writing %llu ms\n",
		records, (unsigned long long)trace_out__bytes(out),
		capture__nr_rings(c),
		(unsigned long long)(bytes / capture__nr_rings(c)),
		(unsigned long long)((s->loaded - s->begun) / NSEC_PER_MSEC),
		(unsigned long long)((s->recorded - s->loaded) / NSEC_PER_MSEC),
		(unsigned long long)((s->written - s->recorded) /
				     NSEC_PER_MSEC));
}

static int trace(const struct options *opt, struct trace_out *out)
{
	struct steps steps = { .begun = kt_now_ns() };
	struct capture *c __free(capture) = NULL;
	struct machine m __free(machine) = { 0 };
	struct kt_diag diag = { 0 };
	u64 lost = 0;
	int err = machine__read(&m);

	if (err)
		return say(KTPROF_FAILED, &diag, err);
	err = capture__open(&opt->capture, &c, &diag);
	if (err)
		return say(err == -ENOMEM ? KTPROF_FAILED : KTPROF_KERNEL,
			   &diag, err);
	steps.loaded = kt_now_ns();
	err = capture__run(c, opt->duration_ms, opt->ready_fd, &stop, &diag);
	if (err)
		return say(KTPROF_FAILED, &diag, err);
	steps.recorded = kt_now_ns();
	err = emit__trace(c, &m, out, &lost, &diag);
	if (err)
		return say(err == -ENOMEM ? KTPROF_FAILED : KTPROF_NO_FILE,
			   &diag, err);
	steps.written = kt_now_ns();
	if (lost)
		fprintf(stderr,
			"ktprof: %llu events were lost, the trace says so; a "
			"larger --ringbuf-size or more memory may help\n",
			(unsigned long long)lost);
	if (opt->stats)
		print_stats(c, out, &steps);
	return KTPROF_OK;
}

int main(int argc, char **argv)
{
	struct options opt = {
		.capture = { .ring_bytes = KIB(256000), .nr_rings = 8 },
		.ready_fd = -1,
	};
	struct trace_out *out __free(trace_out) = NULL;
	struct kt_diag diag = { 0 };
	int err;

	argp_err_exit_status = KTPROF_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &opt))
		return KTPROF_USAGE;
	if (!opt.capture.events)
		opt.capture.events = EVENTS_SCHED;
	verbose = opt.verbose;
	libbpf_set_print(print_libbpf);
	catch_signals();
	/* First: what fails here fails before anybody has waited. */
	err = trace_out__open(opt.trace, &out, &diag);
	if (err)
		return say(KTPROF_NO_FILE, &diag, err);
	return trace(&opt, out);
}
