// SPDX-License-Identifier: GPL-2.0
/*
 * Completion for bash from the command table. What depends on the table is
 * printed here; the Makefile appends completion.bash, which uses it. Neither
 * needs the bash-completion package. For generate.c; one thread.
 */
#include "tools/ktstr/generate.h"

/* What completes an option's argument, by the argument's name. */
static const struct {
	const char *arg, *words;
} classes[] = {
	{ "KERNEL", "@kernel" }, { "FILE", "@file" }, { "PATH", "@file" },
	{ "DIR", "@dir" },	 { "TEST", "@test" },
};

static void print_name(void *ctx, const struct argp_option *opt)
{
	FILE *to = ctx;

	if (option__is_heading(opt))
		return;
	if (opt->name)
		fprintf(to, " --%s%s", opt->name, opt->arg ? "=" : "");
	else
		fprintf(to, " -%c", opt->key);
}

static void print_words(FILE *to, const char *arg)
{
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (strcmp(classes[i].arg, arg))
			continue;
		fputs(classes[i].words, to);
		return;
	}
	if (!strchr(arg, '|'))
		return;
	for (; *arg; arg++)
		fputc(*arg == '|' ? ' ' : *arg, to);
}

struct option_ctx {
	FILE *to;
	const char *command;
};

static void print_argument(void *ctx, const struct argp_option *opt)
{
	struct option_ctx *c = ctx;

	if (!opt->arg || (opt->flags & OPTION_ARG_OPTIONAL))
		return;
	fputc('\t', c->to);
	if (option__has_short(opt))
		fprintf(c->to, "%s:-%c%s", c->command, opt->key,
			opt->name ? " | " : "");
	if (opt->name)
		fprintf(c->to, "%s:--%s", c->command, opt->name);
	fputs(") echo '", c->to);
	print_words(c->to, opt->arg);
	fputs("' ;;\n", c->to);
}

void generate_completion(FILE *to)
{
	fputs("# SPDX-License-Identifier: GPL-2.0\n"
	      "# bash completion for ktstr(1) and run_tests.sh(1), made from "
	      "the command table\n"
	      "# by ktstr --generate completion. Source it, or install it.\n\n"
	      "_ktstr_commands='",
	      to);
	for (const struct command *const *cmd = commands; *cmd; cmd++)
		fprintf(to, "%s ", (*cmd)->name);
	fputs("--help'\n\n# options of command $1\n"
	      "_ktstr_options()\n{\n\tcase $1 in\n",
	      to);
	for (const struct command *const *cmd = commands; *cmd; cmd++) {
		fprintf(to, "\t%s) echo '", (*cmd)->name);
		option__each((*cmd)->argp, print_name, to);
		fputs(" --help --usage' ;;\n", to);
	}
	fputs("\trun_tests.sh) echo \"$(_ktstr_options test)", to);
	for (const struct argp_option *opt = run_tests_options; opt->name;
	     opt++)
		print_name(to, opt);
	fputs("\" ;;\n", to);
	fputs("\tesac\n}\n\n# what completes $1 = COMMAND:--option; fails for "
	      "an option without argument\n"
	      "_ktstr_argument()\n{\n\tcase $1 in\n",
	      to);
	for (const struct command *const *cmd = commands; *cmd; cmd++) {
		struct option_ctx ctx = { to, (*cmd)->name };

		option__each((*cmd)->argp, print_argument, &ctx);
	}
	fputs("\t*) return 1 ;;\n\tesac\n}\n\n"
	      "# what completes the positional arguments of command $1\n"
	      "_ktstr_words()\n{\n\tcase $1 in\n",
	      to);
	for (const struct command *const *cmd = commands; *cmd; cmd++)
		if ((*cmd)->words)
			fprintf(to, "\t%s) echo '%s' ;;\n", (*cmd)->name,
				(*cmd)->words);
	fputs("\tesac\n}\n\n", to);
}
