// SPDX-License-Identifier: GPL-2.0
/*
 * The table of subcommands, and --help from its rows. For main.c, the
 * generators and the commands themselves; one thread.
 */
#include "tools/ktstr/cmd.h"

#include "tools/ktstr/text.h"

const struct command *const commands[] = {
#define COMMAND(name) &command_##name,
#include "tools/ktstr/commands.def"
#undef COMMAND
	NULL,
};

const struct command *cmd__find(const char *name)
{
	for (const struct command *const *cmd = commands; *cmd; cmd++)
		if (!strcmp((*cmd)->name, name))
			return *cmd;
	return NULL;
}

/* argp prints what is before \v above the options and the rest below. */
static char *help_text(const struct command *cmd)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		return NULL;
	text__paragraphs(to, cmd->description);
	fputc('\v', to);
	if (cmd->exits) {
		fputs("Exit status:\n", to);
		text__exits(to, cmd->exits, text__note);
	}
	if (cmd->examples) {
		fputs("\nExamples:\n", to);
		for (const struct cmd_note *n = cmd->examples; n->what; n++)
			text__note(to, n->what, n->text);
	}
	if (cmd->env)
		fprintf(to, "\nEnvironment, see ktstr(1): %s\n", cmd->env);
	if (fclose(to)) {
		free(text);
		return NULL;
	}
	return text;
}

int cmd__parse(const struct command *cmd, int argc, char **argv,
	       unsigned int flags, void *input)
{
	char *doc __free(ptr) = help_text(cmd);
	struct argp argp = *cmd->argp;

	argp.doc = doc;
	argp_err_exit_status = CMD_USAGE;
	return argp_parse(&argp, argc, argv, flags, NULL, input) ? CMD_USAGE
								 : 0;
}
