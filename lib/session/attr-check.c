// SPDX-License-Identifier: GPL-2.0
/*
 * Rules for what a test may demand. Each message names test, field, value and
 * limit. Pure; called for every test before the first machine starts.
 */
#include "lib/session/attr-internal.h"
#include "lib/session/session-internal.h"

#include <ctype.h>

/* More than this is a typing error, not a test. */
#define CLEANUP_MS_MAX 3600000u

/* The log of a test is called NAME.kernel.log. */
#define NAME_LEN_MAX (NAME_MAX - sizeof(".kernel.log") + 1)

/* What is being checked; carried into every message. */
struct check {
	const char *name;
	bool any_kargs;
	struct kt_diag *diag;
};

static int check_name(const struct check *c)
{
	if (!*c->name)
		return diag__fail(c->diag, -EINVAL, "a test has no name");
	if (strpbrk(c->name, "/\\"))
		return diag__fail(c->diag, -EINVAL,
				  "%s: a test's name has no / and no \\: logs "
				  "are files named after it",
				  c->name);
	if (strlen(c->name) > NAME_LEN_MAX)
		return diag__fail(
			c->diag, -EINVAL,
			"%s: the name has %zu characters, at most %zu "
			"leave room for a log's file name",
			c->name, strlen(c->name), NAME_LEN_MAX);
	return 0;
}

static int check_range(const struct check *c, const char *field,
		       unsigned int value, unsigned int min, unsigned int max)
{
	if (value >= min && value <= max)
		return 0;
	return diag__fail(c->diag, -EINVAL, "%s: .%s = %u is outside %u..%u",
			  c->name, field, value, min, max);
}

static int check_printable(const struct check *c, const char *field,
			   const char *text)
{
	for (const char *p = text; *p; p++)
		if (!isprint((unsigned char)*p))
			return diag__fail(c->diag, -EINVAL,
					  "%s: .%s has byte 0x%02x at offset "
					  "%td; only printable ASCII reaches "
					  "the kernel",
					  c->name, field, (unsigned char)*p,
					  p - text);
	return 0;
}

/* --- kargs --------------------------------------------------------------- */

static const struct {
	const char *word; /* with '=': a prefix */
	const char *remedy;
} reserved[] = {
	{ "console=", "the kernel's log is read from ttyS0" },
	{ "loglevel=", "KTSTR_VERBOSE=1 makes the kernel talk" },
	{ "rdinit=", "init is ktstr's" },
	{ "KTSTR_", "these are ktstr's own" },
	{ "nokaslr", "write .kaslr = false" },
	{ "--", "what follows it goes to init, not to the kernel" },
};

static bool is_reserved(const char *word, size_t len, const char *r)
{
	size_t r_len = strlen(r);
	bool prefix = r[r_len - 1] == '=' || r[r_len - 1] == '_';

	return (prefix ? len >= r_len : len == r_len) &&
	       !memcmp(word, r, r_len);
}

/* The kernel takes quotes around a whole word off before it looks. */
static int check_karg(const struct check *c, const char *word, size_t len)
{
	const char *shown = word;
	size_t shown_len = len;

	if (*word == '"') {
		word++;
		len--;
	}
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (is_reserved(word, len, reserved[i].word))
			return diag__fail(c->diag, -EINVAL,
					  "%s: .kargs may not have '%.*s': %s",
					  c->name, (int)shown_len, shown,
					  reserved[i].remedy);
	return 0;
}

static int check_kargs(const struct check *c, const char *kargs)
{
	int err = check_printable(c, "kargs", kargs);
	const char *p = kargs;

	while (!err && *p) {
		bool quoted = false;
		const char *word;

		while (*p == ' ')
			p++;
		for (word = p; *p && (quoted || *p != ' '); p++)
			quoted ^= *p == '"';
		if (quoted)
			return diag__fail(c->diag, -EINVAL,
					  "%s: .kargs has a quote that nothing "
					  "ends: %s",
					  c->name, word);
		if (p > word && !c->any_kargs)
			err = check_karg(c, word, (size_t)(p - word));
	}
	return err;
}

/* --- sysctls and tags ---------------------------------------------------- */

static const char *sysctl_key_fault(const char *key, size_t len)
{
	if (!len || key[0] == '.' || key[len - 1] == '.')
		return "the key begins or ends with a dot, or is empty";
	if (!memchr(key, '.', len))
		return "the key has no dot: write kernel.sched_rt_runtime_us";
	for (size_t i = 0; i < len; i++) {
		if (!isgraph((unsigned char)key[i]))
			return "the key has a blank or an unprintable byte";
		if (key[i] == '/' || key[i] == '"')
			return "the key has a slash or a quote";
		if (key[i] == '.' && key[i + 1] == '.')
			return "the key has two dots in a row";
	}
	return NULL;
}

static const char *sysctl_value_fault(const char *value)
{
	if (!*value)
		return "the value is empty";
	for (; *value; value++) {
		if (*value == '=' || *value == '"')
			return "the value has a = or a quote";
		if (!isprint((unsigned char)*value))
			return "the value has an unprintable byte";
	}
	return NULL;
}

static int check_sysctl(const struct check *c, const char *sysctl)
{
	const char *eq = strchr(sysctl, '=');
	const char *fault = "it is not key=value";
	char safe[128];

	if (eq)
		fault = sysctl_key_fault(sysctl, (size_t)(eq - sysctl));
	if (eq && !fault)
		fault = sysctl_value_fault(eq + 1);
	if (!fault)
		return 0;
	verdict__sanitize(safe, sizeof(safe), sysctl);
	return diag__fail(c->diag, -EINVAL, "%s: .sysctls: '%s': %s", c->name,
			  safe, fault);
}

static int check_tag(const struct check *c, const char *tag)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char safe[64];

	if (*tag && strspn(tag, good) == strlen(tag) && *tag != '-')
		return 0;
	verdict__sanitize(safe, sizeof(safe), tag);
	return diag__fail(c->diag, -EINVAL,
			  "%s: .tags: '%s' is no tag: letters, digits, '_', "
			  "'.' and, not in front, '-'",
			  c->name, safe);
}

static int check_list(const struct check *c, const char *const *list,
		      int (*one)(const struct check *c, const char *word))
{
	int err = 0;

	for (unsigned int i = 0; !err && i < KTSTR_LIST_MAX && list[i]; i++)
		err = one(c, list[i]);
	return err;
}

/* --- all of them --------------------------------------------------------- */

static int check_numbers(const struct check *c, const struct ktstr_attr *attr)
{
	const struct {
		const char *field;
		unsigned int value, min, max;
	} ranges[] = {
		{ "memory_mib", attr->memory_mib, 1, VM_MAX_MEMORY_MIB },
		{ "duration_s", attr->duration_s, 1, KTSTR_TIMEOUT_S_MAX },
		{ "timeout_s", attr->timeout_s, 1, KTSTR_TIMEOUT_S_MAX },
		{ "cleanup_budget_ms", attr->cleanup_budget_ms, 0,
		  CLEANUP_MS_MAX },
	};
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(ranges); i++)
		err = check_range(c, ranges[i].field, ranges[i].value,
				  ranges[i].min, ranges[i].max);
	if (!err && attr->timeout_s < attr->duration_s)
		err = diag__fail(c->diag, -EINVAL,
				 "%s: .timeout_s = %u is less than "
				 ".duration_s = %u: the body could not finish",
				 c->name, attr->timeout_s, attr->duration_s);
	return err;
}

static int check_shape(const struct check *c, const struct ktstr_attr *attr)
{
	int err = attr_shape__check(attr, c->diag);

	return err ? diag__context(c->diag, err, "%s", c->name) : 0;
}

static int check_host_use(const struct check *c, const struct ktstr_attr *attr)
{
	if (attr->performance_mode && attr->no_perf_mode)
		return diag__fail(c->diag, -EINVAL,
				  "%s: .performance_mode and .no_perf_mode "
				  "exclude each other",
				  c->name);
	if (attr->cpu_budget && !attr->no_perf_mode)
		return diag__fail(c->diag, -EINVAL,
				  "%s: .cpu_budget = %u needs .no_perf_mode: "
				  "other machines have CPUs of their own",
				  c->name, attr->cpu_budget);
	return attr->cpu_budget ? check_range(c, "cpu_budget", attr->cpu_budget,
					      1, CPUSET_MAX)
				: 0;
}

/* The longest it can get: talkative, time limits stretched to the utmost. */
static int check_cmdline(const struct check *c, const struct ktstr_attr *attr)
{
	char buf[VM_CMDLINE_MAX + 1];
	int err = cmdline__build(buf, sizeof(buf), attr,
				 attr->timeout_s * 1000 *
					 (unsigned int)DILATION_MAX,
				 true, c->diag);

	return err ? diag__context(c->diag, err, "%s", c->name) : 0;
}

int attr__check(const char *name, const struct ktstr_attr *attr, bool any_kargs,
		struct kt_diag *diag)
{
	struct check c = { .name = name, .any_kargs = any_kargs, .diag = diag };
	int err = check_name(&c);

	if (!err)
		err = check_shape(&c, attr);
	if (!err)
		err = check_numbers(&c, attr);
	if (!err)
		err = check_host_use(&c, attr);
	if (!err && attr->kargs)
		err = check_kargs(&c, attr->kargs);
	if (!err)
		err = check_list(&c, attr->sysctls, check_sysctl);
	if (!err)
		err = check_list(&c, attr->tags, check_tag);
	if (!err && attr->wprof_args && *attr->wprof_args &&
	    attr->wprof != true)
		err = diag__fail(diag, -EINVAL,
				 "%s: .wprof_args without .wprof = true: "
				 "nothing would be traced",
				 name);
	return err ? err : check_cmdline(&c, attr);
}

int ktstr_attr__check(const char *name, const struct ktstr_attr *attr,
		      struct kt_diag *diag)
{
	return attr__check(name, attr, false, diag);
}
