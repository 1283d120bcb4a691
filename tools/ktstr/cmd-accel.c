// SPDX-License-Identifier: GPL-2.0
/* `ktstr accel`: run the accelerator probe and print what it found. */
#include "tools/ktstr/cmd.h"

#include <argp.h>

#include "vmm/accel.h"

struct accel_args {
	const char *device;
	bool json;
};

static const struct argp_option accel_options[] = {
	{ "json", 'j', NULL, 0, "print one JSON object", 0 },
	{ "device", 'd', "PATH", 0, "probe PATH instead of /dev/kvm", 0 },
	{ 0 },
};

static error_t accel_parse(int key, char *arg, struct argp_state *state)
{
	struct accel_args *args = state->input;

	switch (key) {
	case 'j':
		args->json = true;
		return 0;
	case 'd':
		args->device = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp accel_argp = {
	.options = accel_options,
	.parser = accel_parse,
	.doc = "Measure how fast /dev/kvm executes guest code and say whether "
	       "tests run on it or in softkvm."
	       "\v"
	       "KTSTR_ACCEL=kvm|softkvm|auto overrides the choice (default "
	       "auto: KVM when it is backed by hardware, else softkvm).\n\n"
	       "Exit status: 0 when tests can run, 1 when KTSTR_ACCEL asks "
	       "for what is not there, 2 for a wrong command line.",
};

static const char *choice_name(enum accel_choice choice)
{
	return choice == ACCEL_USE_KVM ? "kvm" : "softkvm";
}

static void print_json(const struct accel_probe *probe, const char *choice,
		       const char *error)
{
	printf("{\"kind\":\"%s\",\"mips\":%.3f,\"probe_ms\":%.3f,"
	       "\"errno\":%d,\"inside_softkvm\":%s,\"choice\":",
	       accel_kind__name(probe->kind), probe->mips,
	       (double)probe->probe_ns / 1e6, -probe->err,
	       probe->inside_softkvm ? "true" : "false");
	if (error)
		printf("null");
	else
		printf("\"%s\"", choice);
	printf(",\"remedy\":\"%s\"}\n", accel__remedy(probe->kind));
}

int cmd_accel(int argc, char **argv)
{
	struct accel_args args = { .device = "/dev/kvm" };
	enum accel_choice choice = ACCEL_USE_KVM;
	struct accel_probe probe;
	struct kt_diag diag = { 0 };
	char line[256];
	int err;

	argp_err_exit_status = CMD_USAGE;
	if (argp_parse(&accel_argp, argc, argv, 0, NULL, &args))
		return CMD_USAGE;
	accel__probe(args.device, &probe);
	err = accel__choose(&probe, getenv("KTSTR_ACCEL"), &choice, &diag);
	if (args.json) {
		print_json(&probe, choice_name(choice),
			   err ? diag__text(&diag, err) : NULL);
	} else {
		accel__describe(&probe, line, sizeof(line));
		printf("%s\n", line);
		if (!err)
			printf("tests run in: %s\n", choice_name(choice));
		if (*accel__remedy(probe.kind))
			printf("hint: %s\n", accel__remedy(probe.kind));
	}
	if (err)
		fprintf(stderr, "ktstr accel: %s\n", diag__text(&diag, err));
	return err ? CMD_FAIL : CMD_OK;
}
