// SPDX-License-Identifier: GPL-2.0
/* ktstr(1) from the command table. For generate.c; one thread. */
#include "tools/ktstr/generate.h"

#include "tools/ktstr/text.h"

static const struct cmd_note environment[] = {
#define ENV(name, text) { name, text },
#include "tools/ktstr/env.def"
#undef ENV
	{ NULL, NULL },
};

/*
 * One line of text as roff: a hyphen is a minus so that it can be copied, a
 * leading dot or quote is no request, `word` is bold.
 */
static void roff(FILE *to, const char *text, size_t len)
{
	bool bold = false;

	if (len && (*text == '.' || *text == '\''))
		fputs("\\&", to);
	for (size_t i = 0; i < len; i++) {
		switch (text[i]) {
		case '\\':
			fputs("\\e", to);
			break;
		case '-':
			fputs("\\-", to);
			break;
		case '\'':
			fputs("\\(aq", to);
			break;
		case '~':
			fputs("\\(ti", to);
			break;
		case '^':
			fputs("\\(ha", to);
			break;
		case '`':
			bold = !bold;
			fputs(bold ? "\\fB" : "\\fR", to);
			break;
		default:
			fputc(text[i], to);
		}
	}
}

/* Text as lines of roff; a line that starts with blanks stays alone. */
static void roff_paragraphs(FILE *to, const char *text)
{
	bool first = true;

	while (*text) {
		size_t len = text__paragraph_len(text);
		bool verbatim = !strncmp(text, "  ", 2);

		if (!first)
			fputs(".PP\n", to);
		if (verbatim)
			fputs(".nf\n", to);
		for (size_t at = 0; at < len;) {
			size_t line = strcspn(text + at, "\n");

			roff(to, text + at, KT_MIN(line, len - at));
			fputc('\n', to);
			at += line + 1;
		}
		if (verbatim)
			fputs(".fi\n", to);
		text += len;
		text += strspn(text, "\n");
		first = false;
	}
}

static void roff_text(FILE *to, const char *text)
{
	roff(to, text, strlen(text));
	fputc('\n', to);
}

static void print_note(FILE *to, const char *what, const char *text)
{
	fputs(".TP\n.B ", to);
	roff_text(to, what);
	roff_text(to, text);
}

/* "\-k, \-\-kernel=KERNEL" in bold, the argument in italics */
static void print_option(void *ctx, const struct argp_option *opt)
{
	FILE *to = ctx;

	if (option__is_heading(opt)) {
		fputs(".PP\n", to);
		roff_text(to, opt->doc);
		return;
	}
	fputs(".TP\n", to);
	if (option__has_short(opt))
		fprintf(to, "\\fB\\-%c\\fR%s", opt->key, opt->name ? ", " : "");
	if (opt->name) {
		fputs("\\fB\\-\\-", to);
		roff(to, opt->name, strlen(opt->name));
		fputs("\\fR", to);
	}
	if (opt->arg) {
		bool optional = opt->flags & OPTION_ARG_OPTIONAL;

		fputs(optional ? "[" : "", to);
		fputs(opt->name ? "=\\fI" : " \\fI", to);
		roff(to, opt->arg, strlen(opt->arg));
		fputs(optional ? "\\fR]" : "\\fR", to);
	}
	fputc('\n', to);
	roff_text(to, opt->doc ? opt->doc : "the same");
}

/* "NAME [OPTION...] ARGS" for each line of args_doc, as argp's usage has it. */
static void print_usage(FILE *to, const char *name, const struct argp *argp)
{
	const char *args = argp->args_doc ? argp->args_doc : "";
	bool more;

	do {
		size_t len = strcspn(args, "\n");

		fprintf(to, ".B %s\n[OPTION...] ", name);
		roff(to, args, len);
		fputc('\n', to);
		more = args[len] == '\n';
		if (more)
			fputs(".br\n", to);
		args += len + more;
	} while (more);
}

static void print_notes(FILE *to, const struct cmd_note *notes)
{
	for (const struct cmd_note *n = notes; n && n->what; n++)
		print_note(to, n->what, n->text);
}

static void print_exits(FILE *to, const struct cmd_note *exits)
{
	fputs(".PD 0\n", to);
	text__exits(to, exits, print_note);
	fputs(".PD\n", to);
}

static void print_command(FILE *to, const struct command *cmd)
{
	char name[64];

	snprintf(name, sizeof(name), "ktstr %s", cmd->name);
	fprintf(to, ".SS %s\n", cmd->name);
	print_usage(to, name, cmd->argp);
	fputs(".PP\n", to);
	roff_paragraphs(to, cmd->description);
	option__each(cmd->argp, print_option, to);
	if (cmd->exits) {
		fputs(".PP\nExit status:\n", to);
		print_exits(to, cmd->exits);
	}
	if (cmd->examples)
		fputs(".PP\nExamples:\n", to);
	print_notes(to, cmd->examples);
}

static void print_head(FILE *to, const char *page, const char *name,
		       const char *summary)
{
	fprintf(to,
		".\\\" SPDX-License-Identifier: GPL-2.0\n"
		".\\\" made from the command table, see tools/ktstr/cmd.h\n"
		".TH %s 1 \"\" \"ktstr\" \"User Commands\"\n"
		".SH NAME\n%s \\- %s\n.SH SYNOPSIS\n",
		page, name, summary);
}

void generate_man(FILE *to)
{
	print_head(to, "KTSTR", "ktstr",
		   "boot kernels in small virtual machines and test them");
	fputs(".B ktstr\n.I COMMAND\n.RI [ OPTION ...]\n"
	      ".SH DESCRIPTION\n"
	      "The command beside the test suite. Every command explains "
	      "itself with\n.BR \\-\\-help .\n"
	      ".SH COMMANDS\n",
	      to);
	for (const struct command *const *cmd = commands; *cmd; cmd++)
		print_command(to, *cmd);
	fputs(".SH ENVIRONMENT\n", to);
	print_notes(to, environment);
	fputs(".SH SEE ALSO\n.BR run_tests.sh (1),\n"
	      "Documentation/ in the source tree.\n",
	      to);
}

void generate_man_run_tests(FILE *to)
{
	print_head(to, "RUN_TESTS.SH", "run_tests.sh",
		   "build the suite and run it in virtual machines");
	print_usage(to, "run_tests.sh", command_test.argp);
	fputs(".SH DESCRIPTION\n", to);
	roff_paragraphs(to, run_tests_description);
	fputs(".PP\n", to);
	roff_paragraphs(to, command_test.description);
	fputs(".SH OPTIONS\n", to);
	for (const struct argp_option *opt = run_tests_options; opt->name;
	     opt++)
		print_option(to, opt);
	option__each(command_test.argp, print_option, to);
	fputs(".SH EXIT STATUS\n", to);
	print_exits(to, command_test.exits);
	fputs(".SH ENVIRONMENT\n", to);
	print_notes(to, environment);
	fputs(".SH EXAMPLES\n", to);
	print_notes(to, run_tests_examples);
	fputs(".SH SEE ALSO\n.BR ktstr (1),\n"
	      "Documentation/ in the source tree.\n",
	      to);
}
