// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's log, line by line: does the kernel complain, about what, and
 * where was it? Fed by streams.c on vCPU threads, one scan per log.
 */
#include "lib/session/splat.h"

#include <ctype.h>
#include <zlib.h>

/* A report longer than this has said where it happened. */
#define BLOCK_LINES 200u

/*
 * Lines that open a report, as they follow the time stamp: the beginning, and
 * a part that must come later. The first row that fits names the kind.
 */
static const struct pattern {
	const char *start, *later;
	enum splat_kind kind;
} patterns[] = {
	{ "WARNING: possible ", NULL, SPLAT_LOCKDEP },
	{ "WARNING: inconsistent lock state", NULL, SPLAT_LOCKDEP },
	{ "WARNING: bad unlock balance", NULL, SPLAT_LOCKDEP },
	{ "WARNING: held lock freed", NULL, SPLAT_LOCKDEP },
	{ "WARNING: lock held when returning", NULL, SPLAT_LOCKDEP },
	{ "WARNING: nested lock was not taken", NULL, SPLAT_LOCKDEP },
	{ "WARNING: ", "lock order detected", SPLAT_LOCKDEP },
	{ "WARNING: ", "lock held ", SPLAT_LOCKDEP },
	{ "WARNING: suspicious RCU usage", NULL, SPLAT_LOCKDEP },
	{ "INFO: trying to register non-static key", NULL, SPLAT_LOCKDEP },
	{ "INFO: possible ", "lock", SPLAT_LOCKDEP },
	{ "WARNING:", NULL, SPLAT_WARNING },
	{ "BUG: KASAN:", NULL, SPLAT_SANITIZER },
	{ "BUG: KCSAN:", NULL, SPLAT_SANITIZER },
	{ "BUG: KMSAN:", NULL, SPLAT_SANITIZER },
	{ "BUG: KFENCE:", NULL, SPLAT_SANITIZER },
	{ "UBSAN:", NULL, SPLAT_SANITIZER },
	{ "BUG: soft lockup", NULL, SPLAT_LOCKUP },
	{ "BUG: workqueue lockup", NULL, SPLAT_LOCKUP },
	{ "BUG: unable to handle", NULL, SPLAT_OOPS },
	{ "BUG: kernel NULL pointer", NULL, SPLAT_OOPS },
	{ "BUG:", NULL, SPLAT_BUG },
	{ "kernel BUG at ", NULL, SPLAT_BUG },
	{ "watchdog: BUG: ", "lockup", SPLAT_LOCKUP },
	{ "watchdog: ", "hard LOCKUP", SPLAT_LOCKUP },
	{ "NMI watchdog: ", "LOCKUP", SPLAT_LOCKUP },
	{ "rcu: INFO: ", "stall", SPLAT_RCU },
	{ "INFO: rcu", "stall", SPLAT_RCU },
	{ "INFO: task ", "blocked for more than", SPLAT_HUNG_TASK },
	{ "Oops:", NULL, SPLAT_OOPS },
	{ "Internal error:", NULL, SPLAT_OOPS },
	{ "Unable to handle kernel ", NULL, SPLAT_OOPS },
	{ "general protection fault", NULL, SPLAT_OOPS },
	{ "invalid opcode:", NULL, SPLAT_OOPS },
	{ "divide error:", NULL, SPLAT_OOPS },
	{ "stack segment:", NULL, SPLAT_OOPS },
	{ "PANIC: double fault", NULL, SPLAT_OOPS },
	{ "traps: PANIC: double fault", NULL, SPLAT_OOPS },
	{ "ktstr-init: kernel tainted:", NULL, SPLAT_TAINT },
	{ "ktstr-init: kernel log overflowed", NULL, SPLAT_LOST },
	{ "ktstr-init: taint flags: unreadable", NULL, SPLAT_LOST },
	{ "ktstr-init: no kernel log", NULL, SPLAT_LOST },
	{ "Out of memory: Killed process", NULL, SPLAT_OOM },
	{ "Kernel panic - not syncing: ", "Out of memory", SPLAT_OOM },
	{ "Kernel panic - not syncing: ", "deadlocked on memory", SPLAT_OOM },
	{ "Kernel panic - not syncing", NULL, SPLAT_PANIC },
};

static const char *const kind_names[] = {
	[SPLAT_NONE] = "none",
	[SPLAT_WARNING] = "warning",
	[SPLAT_BUG] = "bug",
	[SPLAT_OOPS] = "oops",
	[SPLAT_SANITIZER] = "sanitizer",
	[SPLAT_LOCKDEP] = "lockdep",
	[SPLAT_RCU] = "rcu_stall",
	[SPLAT_HUNG_TASK] = "hung_task",
	[SPLAT_LOCKUP] = "lockup",
	[SPLAT_TAINT] = "taint",
	[SPLAT_LOST] = "log_lost",
	[SPLAT_OOM] = "oom",
	[SPLAT_PANIC] = "panic",
};
_Static_assert(ARRAY_SIZE(kind_names) == SPLAT_KIND_NR, "a name for each");

/*
 * Functions that print reports or lead there; they are on top of every trace
 * and say nothing about this one. A '*' at the end stands for any rest.
 */
static const char *const machinery[] = {
	"dump_stack*",
	"show_stack*",
	"panic",
	"vpanic",
	"nmi_panic",
	"__warn*",
	"warn_slowpath*",
	"report_bug",
	"handle_bug",
	"exc_*",
	"asm_exc_*",
	"asm_sysvec_*",
	"sysvec_*",
	"__sysvec_*",
	"die*",
	"__die*",
	"oops_*",
	"do_trap",
	"do_error_trap",
	"page_fault_oops",
	"watchdog_*",
	"print_report",
	"kasan_*",
	"__kasan_*",
	"__asan_*",
	"__ubsan_*",
	"ubsan_*",
	"lockdep_*",
	"print_*",
	"check_hung_*",
	"out_of_memory",
	"oom_kill_process",
	"dump_header",
	"make_task_dead",
	"rewind_stack_and_make_dead",
};

const char *splat_kind__name(enum splat_kind kind)
{
	return (size_t)kind < ARRAY_SIZE(kind_names) ? kind_names[kind]
						     : "none";
}

void splat_scan__init(struct splat_scan *scan, const struct splat_allow *allow)
{
	*scan = (struct splat_scan){ .allow = allow };
}

/* --- lines ---------------------------------------------------------------- */

static bool starts(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/* Length of "[   12.345678]", "[T12]" and the like with a space after it. */
static size_t stamp_len(const char *p)
{
	size_t n;

	if (*p != '[')
		return 0;
	n = 1 + strspn(p + 1, " 0123456789.TCabcdef");
	return n > 1 && p[n] == ']' ? n + 1 + (p[n + 1] == ' ') : 0;
}

static size_t level_len(const char *p)
{
	size_t n;

	if (*p != '<')
		return 0;
	n = 1 + strspn(p + 1, "0123456789");
	return n > 1 && p[n] == '>' ? n + 1 : 0;
}

static const char *skip_prefixes(const char *p)
{
	size_t n;

	while ((n = stamp_len(p)) || (n = level_len(p)))
		p += n;
	return p;
}

/*
 * Next place in @line where a message of the kernel may begin. Whoever writes
 * to the console without a newline puts his text in front of the kernel's, so
 * a time stamp inside the line begins a message too.
 */
static const char *next_message(const char *line)
{
	const char *p = line;

	while ((p = strchr(p, '['))) {
		const char *text = skip_prefixes(p);

		if (text != p && strchr(p, '.') && strchr(p, '.') < text)
			return text;
		p++;
	}
	return NULL;
}

static const struct pattern *match(const char *msg)
{
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		const struct pattern *pat = &patterns[i];

		if (!starts(msg, pat->start))
			continue;
		if (!pat->later || strstr(msg + strlen(pat->start), pat->later))
			return pat;
	}
	return NULL;
}

/* --- frames --------------------------------------------------------------- */

static bool is_machinery(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(machinery); i++) {
		const char *m = machinery[i];
		size_t n = strlen(m);

		if (m[n - 1] == '*' ? !strncmp(name, m, n - 1)
				    : !strcmp(name, m))
			return true;
	}
	return false;
}

/* "name.suffix+0x12/0x34": the name's length, 0 if it is something else. */
static size_t frame_name_len(const char *p)
{
	size_t n = 0, off;

	if (isdigit((unsigned char)*p))
		return 0;
	while (isalnum((unsigned char)p[n]) || p[n] == '_')
		n++;
	off = n;
	while (isalnum((unsigned char)p[off]) || p[off] == '_' || p[off] == '.')
		off++;
	if (!n || strncmp(p + off, "+0x", 3))
		return 0;
	off += 3 + strspn(p + off + 3, "0123456789abcdef");
	return p[off] == '/' ? n : 0;
}

static void add_frame(struct splat *splat, const char *p)
{
	size_t n = frame_name_len(p);
	char *to;

	if (!n || splat->nr_frames == SPLAT_FRAMES)
		return;
	n = KT_MIN(n, (size_t)SPLAT_FRAME_MAX - 1);
	to = splat->frame[splat->nr_frames];
	memcpy(to, p, n);
	to[n] = '\0';
	if (is_machinery(to))
		to[0] = '\0';
	else
		splat->nr_frames++;
}

/* "RIP: 0010:func+0x1/0x2": the selector's low bits are 0 in the kernel. */
static const char *kernel_ip(const char *msg)
{
	if (starts(msg, "RIP: 0010:"))
		return msg + 10;
	if (starts(msg, "pc : "))
		return msg + 5;
	return NULL;
}

static void trace_line(struct splat_scan *scan, const char *msg)
{
	msg += strspn(msg, " ");
	if (*msg == '<')
		return; /* <TASK>, </IRQ> and so on */
	if (*msg == '?')
		return; /* a leftover on the stack, perhaps */
	if (!frame_name_len(msg)) {
		scan->in_trace = false;
		return;
	}
	add_frame(&scan->cur, msg);
}

static void block_line(struct splat_scan *scan, const char *msg)
{
	const char *ip = kernel_ip(msg);

	/* The stack's registers at a system call come later; they are user's.
	 */
	if (ip && !scan->had_ip && !scan->cur.nr_frames)
		add_frame(&scan->cur, ip);
	scan->had_ip |= ip != NULL;
	if (starts(msg, "Call Trace:") || starts(msg, "Call trace:"))
		scan->in_trace = true;
	else if (scan->in_trace)
		trace_line(scan, msg);
}

/* --- reports -------------------------------------------------------------- */

/* Words of the headline without what differs between runs. */
static u32 hash_words(u32 hash, const char *text)
{
	for (const char *p = text; *p; p++) {
		bool word_start = p == text || !isalnum((unsigned char)p[-1]);

		if (isdigit((unsigned char)*p) && word_start) {
			p += strspn(p, "0123456789abcdefxABCDEF.");
			p--;
			continue;
		}
		hash = (u32)crc32(hash, (const u8 *)p, 1);
	}
	return hash;
}

static u32 hash_splat(const struct splat *splat)
{
	const char *kind = splat_kind__name(splat->kind);
	u32 hash = (u32)crc32(0, (const u8 *)kind, (uInt)strlen(kind) + 1);

	for (unsigned int i = 0; i < splat->nr_frames; i++)
		hash = (u32)crc32(hash, (const u8 *)splat->frame[i],
				  (uInt)strlen(splat->frame[i]) + 1);
	return splat->nr_frames ? hash : hash_words(hash, splat->headline);
}

static void close_block(struct splat_scan *scan)
{
	struct splat *cur = &scan->cur;

	/* What tainted the kernel has had its own report, if it got one. */
	if (cur->kind == SPLAT_TAINT && scan->found)
		cur->kind = SPLAT_NONE;
	if (cur->kind == SPLAT_NONE)
		return;
	cur->hash = hash_splat(cur);
	scan->found++;
	if (splat_allow__match(scan->allow, cur)) {
		scan->allowed++;
	} else if (scan->first.kind == SPLAT_NONE) {
		scan->first = *cur;
	}
	cur->kind = SPLAT_NONE;
}

/*
 * One report may have several lines that could open one: "kernel BUG at" is
 * followed by "Oops: invalid opcode", a null pointer by "Oops: 0000". They
 * belong together until the trace was seen. A panic ends what came before.
 */
static bool continues(const struct splat_scan *scan, enum splat_kind kind)
{
	if (scan->cur.kind == SPLAT_NONE || scan->cur.nr_frames)
		return false;
	return kind == SPLAT_OOPS && scan->cur_lines < 12 &&
	       (scan->cur.kind == SPLAT_OOPS || scan->cur.kind == SPLAT_BUG ||
		scan->cur.kind == SPLAT_SANITIZER);
}

static void open_block(struct splat_scan *scan, enum splat_kind kind,
		       const char *msg)
{
	close_block(scan);
	memset(&scan->cur, 0, sizeof(scan->cur));
	scan->cur.kind = kind;
	snprintf(scan->cur.headline, sizeof(scan->cur.headline), "%s", msg);
	scan->cur_lines = 0;
	scan->in_trace = scan->had_ip = false;
	scan->oom_panic |= kind == SPLAT_OOM && starts(msg, "Kernel panic");
	/* These are one line, and the trace that led there came before it. */
	if (kind == SPLAT_TAINT || kind == SPLAT_LOST ||
	    starts(msg, "Out of memory:"))
		close_block(scan);
}

static void one_line(struct splat_scan *scan, const char *line)
{
	const char *msg = skip_prefixes(line), *later = msg;
	const struct pattern *pat = match(msg);

	while (!pat && (later = next_message(later))) {
		pat = match(later);
		msg = pat ? later : msg;
	}
	if (pat && !continues(scan, pat->kind)) {
		open_block(scan, pat->kind, msg);
		return;
	}
	if (scan->cur.kind == SPLAT_NONE)
		return;
	block_line(scan, msg);
	if (starts(msg, "---[ end") || ++scan->cur_lines == BLOCK_LINES)
		close_block(scan);
}

static void end_line(struct splat_scan *scan)
{
	size_t len = scan->len;

	/* A NUL byte must not hide what comes after it. */
	for (size_t i = 0; i < len; i++)
		if (!scan->line[i])
			scan->line[i] = '?';
	scan->line[len] = '\0';
	if (len)
		one_line(scan, scan->line);
	scan->len = 0;
}

void splat_scan__feed(struct splat_scan *scan, const void *buf, size_t len)
{
	const char *p = buf;

	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\n' || p[i] == '\r')
			end_line(scan);
		else if (scan->len < sizeof(scan->line) - 1)
			scan->line[scan->len++] = p[i];
	}
}

void splat_scan__finish(struct splat_scan *scan)
{
	end_line(scan);
	close_block(scan);
}

const char *splat__fingerprint(const struct splat *splat, char *buf,
			       size_t size)
{
	size_t at = (size_t)snprintf(buf, size, "%08x", splat->hash);

	for (unsigned int i = 0; i < splat->nr_frames && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%s",
				       i ? " < " : " ", splat->frame[i]);
	if (!splat->nr_frames && at < size)
		snprintf(buf + at, size - at, " (no frames)");
	return buf;
}
