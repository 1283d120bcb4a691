// SPDX-License-Identifier: GPL-2.0
/*
 * Files made from the command table at build time, by the command itself:
 * build/ktstr --generate man > build/ktstr.1. For the Makefile; one thread.
 */
#include "tools/ktstr/generate.h"

#include <ctype.h>

static const struct {
	const char *kind;
	void (*fn)(FILE *to);
} kinds[] = {
	{ "man", generate_man },
	{ "man-run_tests", generate_man_run_tests },
	{ "completion", generate_completion },
};

const struct argp_option run_tests_options[] = {
	{ "no-build", 0, NULL, 0, "take the programs as they are", 0 },
	{ 0 },
};

const char run_tests_description[] =
	"Builds the test programs, runs them through `ktstr test`, and leaves "
	"logs and results in build/run_tests, or where --output says.";

const struct cmd_note run_tests_examples[] = {
	{ "./run_tests.sh --list", "name the tests" },
	{ "./run_tests.sh boot_basic:boot.one_cpu", "run one" },
	{ "./run_tests.sh --jobs 2 --retry-failed 1 --output results",
	  "two at a time, failures once more, results in a directory of "
	  "yours" },
	{ "./run_tests.sh --bisect --kernel ../linux",
	  "what `git bisect run` wants to know about a kernel" },
	{ NULL, NULL },
};

int generate(FILE *to, const char *kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].kind, kind))
			continue;
		kinds[i].fn(to);
		return CMD_OK;
	}
	fprintf(stderr,
		"ktstr: nothing called '%s' to generate; there is:", kind);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		fprintf(stderr, " %s", kinds[i].kind);
	fputc('\n', stderr);
	return CMD_USAGE;
}

void option__each(const struct argp *argp, option_fn fn, void *ctx)
{
	const struct argp_option *opt = argp->options;
	const struct argp_child *child = argp->children;

	for (; opt && (opt->name || opt->key || opt->doc); opt++)
		if (!(opt->flags & (OPTION_HIDDEN | OPTION_DOC)))
			fn(ctx, opt);
	for (; child && child->argp; child++)
		option__each(child->argp, fn, ctx);
}

bool option__is_heading(const struct argp_option *opt)
{
	return !opt->name && !opt->key;
}

bool option__has_short(const struct argp_option *opt)
{
	return opt->key > 0 && opt->key <= 0x7f && isgraph(opt->key);
}
