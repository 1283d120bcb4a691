// SPDX-License-Identifier: GPL-2.0
/*
 * A tracer's arguments between a test's attribute, the kernel command line and
 * the guest's execv(). Pure; called by the session on the host and by guest
 * init, which reads what the former wrote.
 */
#include <ktstr/wprof.h>

#include <ctype.h>

unsigned int wprof__memory_mib(unsigned int raw_mib, bool wprof)
{
	return wprof ? KT_MAX(raw_mib, WPROF_MIN_MEMORY_MIB) : raw_mib;
}

/* --- arguments ----------------------------------------------------------- */

/* Room for all pointers and a copy of the text behind them. */
static char *alloc_args(struct wprof_config *cfg, const char *text, size_t len)
{
	const size_t head = (WPROF_ARGS_MAX + 1) * sizeof(char *);
	char *mem = calloc(1, head + len + 1);

	if (!mem)
		return NULL;
	*cfg = (struct wprof_config){ .args = (char **)(void *)mem };
	return memcpy(mem + head, text, len);
}

static int add_arg(struct wprof_config *cfg, char *arg, struct kt_diag *diag)
{
	if (cfg->nr_args == WPROF_ARGS_MAX)
		return diag__fail(diag, -E2BIG,
				  "more than %u arguments for the tracer",
				  WPROF_ARGS_MAX);
	cfg->args[cfg->nr_args++] = arg;
	return 0;
}

/* What ends an argument on its way: white space, and the separator. */
static bool is_barrier(char c)
{
	unsigned char u = (unsigned char)c;

	return u <= ' ' || u == 0x7f;
}

static int check_arg(const char *arg, struct kt_diag *diag)
{
	for (const char *p = arg; *p; p++)
		if (is_barrier(*p))
			return diag__fail(diag, -EINVAL,
					  "tracer argument \"%.*s...\" has "
					  "byte 0x%02x at offset %td, which "
					  "ends it on a kernel command line",
					  (int)KT_MIN(p - arg, (ptrdiff_t)64),
					  arg, (unsigned char)*p, p - arg);
	return 0;
}

static int split(struct wprof_config *cfg, char *text, struct kt_diag *diag)
{
	char *at = text;
	int err = 0;

	while (!err) {
		while (isspace((unsigned char)*at))
			at++;
		if (!*at)
			break;
		err = add_arg(cfg, at, diag);
		while (*at && !isspace((unsigned char)*at))
			at++;
		if (*at)
			*at++ = '\0';
	}
	for (unsigned int i = 0; !err && i < cfg->nr_args; i++)
		err = check_arg(cfg->args[i], diag);
	return err;
}

static bool is_blank(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return !*text;
}

int wprof_config__init(struct wprof_config *cfg, const char *host_path,
		       const char *text, struct kt_diag *diag)
{
	struct wprof_config made __free(wprof_config) = { 0 };
	char *copy;
	int err;

	if (!text || is_blank(text))
		text = WPROF_DEFAULT_ARGS;
	copy = alloc_args(&made, text, strlen(text));
	if (!copy)
		return -ENOMEM;
	err = split(&made, copy, diag);
	if (err)
		return err;
	made.host_path = host_path;
	*cfg = made;
	made.args = NULL;
	return 0;
}

void wprof_config__fini(struct wprof_config *cfg)
{
	free(cfg->args);
	*cfg = (struct wprof_config){ 0 };
}

/* --- the word on the command line ---------------------------------------- */

int wprof_config__word(const struct wprof_config *cfg, char **ret_word,
		       struct kt_diag *diag)
{
	size_t size = sizeof(WPROF_ARGS_KEY), at = sizeof(WPROF_ARGS_KEY) - 1;
	char *word;
	int err = 0;

	for (unsigned int i = 0; !err && i < cfg->nr_args; i++) {
		err = check_arg(cfg->args[i], diag);
		size += strlen(cfg->args[i]) + 1;
	}
	word = err ? NULL : malloc(size);
	if (!word)
		return err ? err : -ENOMEM;
	memcpy(word, WPROF_ARGS_KEY, sizeof(WPROF_ARGS_KEY));
	for (unsigned int i = 0; i < cfg->nr_args; i++) {
		size_t len = strlen(cfg->args[i]);

		if (i)
			word[at++] = WPROF_ARGS_SEP;
		memcpy(word + at, cfg->args[i], len);
		at += len;
	}
	word[at] = '\0';
	*ret_word = word;
	return 0;
}

/* The value of the last such word; its length, or NULL. */
static const char *find_value(const char *cmdline, size_t *ret_len)
{
	static const char white[] = " \t\n\v\f\r";
	const size_t key = sizeof(WPROF_ARGS_KEY) - 1;
	const char *found = NULL, *p = cmdline;

	while (*(p += strspn(p, white))) {
		size_t len = strcspn(p, white);

		if (len >= key && !memcmp(p, WPROF_ARGS_KEY, key)) {
			found = p + key;
			*ret_len = len - key;
		}
		p += len;
	}
	return found;
}

int wprof_config__parse(struct wprof_config *cfg, const char *cmdline,
			struct kt_diag *diag)
{
	struct wprof_config made __free(wprof_config) = { 0 };
	size_t len = 0;
	const char *value = find_value(cmdline, &len);
	char *at;
	int err = 0;

	if (!value)
		return -ENOENT;
	at = alloc_args(&made, value, len);
	if (!at)
		return -ENOMEM;
	while (len && at && !err) {
		char *sep = strchr(at, WPROF_ARGS_SEP);

		if (sep)
			*sep++ = '\0';
		err = add_arg(&made, at, diag);
		at = sep;
	}
	if (err)
		return err;
	*cfg = made;
	made.args = NULL;
	return 0;
}

/* --- what the arguments say ---------------------------------------------- */

static u64 number(const char *text)
{
	char *end;
	unsigned long long n;

	if (!isdigit((unsigned char)*text))
		return 0;
	errno = 0;
	n = strtoull(text, &end, 10);
	return errno || *end ? 0 : n;
}

/* "-d N", "-dN", "--duration N", "--duration=N": the last one counts. */
u64 wprof_args__duration_ms(char *const *args, unsigned int nr)
{
	static const char name[] = "--duration";
	const size_t len = sizeof(name) - 1;
	u64 ms = 0;

	for (unsigned int i = 0; i < nr; i++) {
		const char *arg = args[i];

		if (!strcmp(arg, "--"))
			break;
		if (!strcmp(arg, "-d") || !strcmp(arg, name))
			ms = i + 1 < nr ? number(args[++i]) : 0;
		else if (!strncmp(arg, "-d", 2))
			ms = number(arg + 2);
		else if (!strncmp(arg, name, len) && arg[len] == '=')
			ms = number(arg + len + 1);
	}
	return ms;
}
