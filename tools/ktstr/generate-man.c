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

/* One line for each line of args_doc, as argp's usage has it. */
static void print_usage(FILE *to, const struct command *cmd)
{
	const char *args = cmd->argp->args_doc ? cmd->argp->args_doc : "";
	bool more;

	do {
		size_t len = strcspn(args, "\n");

		fprintf(to, ".B ktstr %s\n[OPTION...] ", cmd->name);
		roff(to, args, len);
		fputc('\n', to);
		more = args[len] == '\n';
		if (more)
			fputs(".br\n", to);
		args += len + more;
	} while (more);
}

static void print_command(FILE *to, const struct command *cmd)
{
	fprintf(to, ".SS %s\n", cmd->name);
	print_usage(to, cmd);
	fputs(".PP\n", to);
	roff_paragraphs(to, cmd->description);
	option__each(cmd->argp, print_option, to);
	if (cmd->exits) {
		fputs(".PP\nExit status:\n.PD 0\n", to);
		text__exits(to, cmd->exits, print_note);
		fputs(".PD\n", to);
	}
	if (cmd->examples) {
		fputs(".PP\nExamples:\n", to);
		for (const struct cmd_note *n = cmd->examples; n->what; n++)
			print_note(to, n->what, n->text);
	}
}

void generate_man(FILE *to)
{
	fputs(".\\\" SPDX-License-Identifier: GPL-2.0\n"
	      ".\\\" made from the command table by ktstr \\-\\-generate man\n"
	      ".TH KTSTR 1 \"\" \"ktstr\" \"User Commands\"\n"
	      ".SH NAME\n"
	      "ktstr \\- boot kernels in small virtual machines, test them, "
	      "replace missing KVM\n"
	      ".SH SYNOPSIS\n"
	      ".B ktstr\n.I COMMAND\n.RI [ OPTION ...]\n"
	      ".SH DESCRIPTION\n"
	      "The command beside the test suite. Every command explains "
	      "itself with\n.BR \\-\\-help .\n"
	      ".SH COMMANDS\n",
	      to);
	for (const struct command *const *cmd = commands; *cmd; cmd++)
		print_command(to, *cmd);
	fputs(".SH ENVIRONMENT\n", to);
	for (const struct cmd_note *n = environment; n->what; n++)
		print_note(to, n->what, n->text);
	fputs(".SH SEE ALSO\nDocumentation/ in the source tree.\n", to);
}
