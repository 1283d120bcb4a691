// SPDX-License-Identifier: GPL-2.0
/*
 * Taking a test program's command line apart. The harness knows short options
 * only and ignores stray words; what it gets is rebuilt here from what was
 * understood. Called once by main(); single-threaded because getopt is.
 */
#include "lib/harness/args.h"

#include <getopt.h>

const char args__help[] =
	"Tests run in virtual machines; options of ktstr:\n"
	"\t--kernel K       image, build tree or name of a cached kernel\n"
	"\t-l, --list       print FIXTURE[.VARIANT].TEST of each selected "
	"test\n"
	"\t--list=tags      the same, then a tab and the test's tags\n"
	"\t--list=long      the same, then each attribute, tab key=value\n"
	"\t--check          validate all attributes, boot nothing; status 2 "
	"when one is bad\n"
	"\t--ignored        run tests that are marked .ignore, too\n"
	"\t--ignored=skip   skip them even where -t or -r names them\n"
	"\t-h, --help       this text\n"
	"A filter that names nothing is an error (status 2).\n"
	"Environment: KTSTR_KERNEL, KTSTR_ACCEL=auto|kvm|softkvm,\n"
	"\tKTSTR_SIDECAR_DIR (logs), KTSTR_CACHE_DIR, KTSTR_VERBOSE=1\n";

/* The harness's own, in its letters. */
#define FILTERS "F:f:V:v:t:T:r:"

enum { OPT_KERNEL = 256, OPT_LIST, OPT_CHECK, OPT_IGNORED, OPT_HELP };

static const struct option options[] = {
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "list", optional_argument, NULL, OPT_LIST },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "ignored", optional_argument, NULL, OPT_IGNORED },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static int take_list(struct args *args, const char *form, struct kt_diag *diag)
{
	/*
	 * A runner asks programs of all kinds: one that knows no forms would
	 * take --list=tags for anything, a variable is ignored.
	 */
	if (!form)
		form = getenv("KTSTR_LIST");
	if (!form || !*form)
		args->list = LIST_NAMES;
	else if (!strcmp(form, "tags"))
		args->list = LIST_TAGS;
	else if (!strcmp(form, "long"))
		args->list = LIST_LONG;
	else
		return diag__fail(
			diag, -EINVAL,
			"--list=%s: the forms are tags and long (also "
			"in KTSTR_LIST)",
			form);
	return 0;
}

static int take_ignored(struct args *args, const char *mode,
			struct kt_diag *diag)
{
	if (!mode)
		args->ignored = IGNORED_RUN;
	else if (!strcmp(mode, "skip"))
		args->ignored = IGNORED_SKIP;
	else
		return diag__fail(diag, -EINVAL,
				  "--ignored=%s: the only value is skip", mode);
	return 0;
}

static int refuse(char **argv, int opt, struct kt_diag *diag)
{
	const char *word = argv[optind - 1];

	if (opt == ':')
		return diag__fail(diag, -EINVAL,
				  "%s needs an argument; --help tells", word);
	/* An unknown letter may stand anywhere in its word. */
	if (optopt && optopt < OPT_KERNEL)
		return diag__fail(diag, -EINVAL,
				  "unknown option -%c; --help lists them",
				  optopt);
	return diag__fail(diag, -EINVAL, "unknown option %s; --help lists them",
			  word);
}

/* -t: letter and name as the harness takes them. */
static void add_filter(struct args *args, int letter, char *name)
{
	static const char letters[] = "-F\0-f\0-V\0-v\0-t\0-T\0-r";

	for (size_t i = 0; i < sizeof(letters); i += 3)
		if (letters[i + 1] == letter)
			args->argv[args->argc++] = (char *)(letters + i);
	args->argv[args->argc++] = name;
}

static int take(struct args *args, char **argv, int opt, struct kt_diag *diag)
{
	switch (opt) {
	case 'l':
		return take_list(args, NULL, diag);
	case OPT_LIST:
		return take_list(args, optarg, diag);
	case OPT_IGNORED:
		return take_ignored(args, optarg, diag);
	case OPT_KERNEL:
		args->kernel = optarg;
		return 0;
	case OPT_CHECK:
		args->check = true;
		return 0;
	case 'h':
	case OPT_HELP:
		args->help = true;
		return 0;
	case '?':
	case ':':
		return refuse(argv, opt, diag);
	default:
		add_filter(args, opt, optarg);
		return 0;
	}
}

int args__parse(int argc, char **argv, struct args *ret_args,
		struct kt_diag *diag)
{
	struct args args __free(args) = { .argc = 1 };
	int opt, err = 0;

	/* "-tNAME" is one word here and two there. */
	args.argv = calloc((size_t)argc * 2 + 1, sizeof(*args.argv));
	if (!args.argv)
		return -ENOMEM;
	args.argv[0] = argv[0];
	optind = 0;
	opterr = 0;
	while (!err && (opt = getopt_long(argc, argv, ":hl" FILTERS, options,
					  NULL)) != -1)
		err = take(&args, argv, opt, diag);
	if (!err && optind < argc)
		err = diag__fail(diag, -EINVAL,
				 "'%s' is no option; tests are chosen with -t, "
				 "-f, -v or -r, --help tells",
				 argv[optind]);
	if (err)
		return err;
	*ret_args = args;
	args.argv = NULL;
	return 0;
}

void args__fini(struct args *args)
{
	free(args->argv);
	args->argv = NULL;
}
